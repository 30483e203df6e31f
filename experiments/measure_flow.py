"""The study of flow: a short training of the flow network, and how well it finds known motions.

The network is trained on textures that are moved at random. It is then asked for shifts of a
texture that it has not seen, and for the flow of the turning phantom: as it is, and after a second
training on phantoms that turn at other rates.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
from scipy import ndimage

from experiments.outputs import Outputs
from experiments.preset import Preset
from experiments.progress import Progress
from experiments.runner import save_arrays
from keras_vsr.data.phantom import rotating_phantom
from keras_vsr.data.texture import texture
from keras_vsr.environment import context
from keras_vsr.models.flow import flow_network, flows_of_levels
from keras_vsr.records import FLOW_COLUMNS
from keras_vsr.training.flow import FlowRecipe, endpoint_error, train_flow
from keras_vsr.weights.initial import initialise

STUDY = "flow"

TEXTURES, PHANTOMS = "textures", "textures, then turning phantoms with their flow"
KEYS = {TEXTURES: "textures", PHANTOMS: "textures_phantoms"}  # in the names of rows

# Textures.
LEVELS = 3
RECIPE = FlowRecipe()
SEEN, UNSEEN = 1, 2  # beside the run's seed, so that no frame is both
TRAINING_TEXTURES, TRAINING_SIZE = 8, 128  # frames, pixels
TEST_SIZE = 120
SHOWN = slice(20, 84)  # rows and columns of the test texture that are shown
BORDER = 8  # pixels at each side, which see what is not in both frames, are not compared
SHIFTS = ((1.3, -0.7), (-2.3, 1.5), (0.4, 0.2), (0.0, 0.0))  # pixels to the right, and down

# Turning phantoms. Most of them is flat: there only the whole picture tells the motion, so that the
# pyramid has a level more, and patches are whole frames.
PHANTOM_LEVELS = 4
PHANTOM_RECIPE = FlowRecipe(steps=200, batch_size=4, patch=64, learning_rate=2e-3)
FRAMES, SIZE = 4, 64  # of a clip; pixels
RATES = (-3.0, -2.0, -1.0, 1.0, 1.5, 2.5, 3.0)  # degrees a frame, for training
TEST_RATE = 2.0

# Of training, for each pixel that a step sees: what the progress expects before it has timed any.
SECONDS_PER_PIXEL = 3e-6


def measure_flow(preset: Preset, seed: int, outputs: Outputs) -> None:
    """Trains twice, compares with the true flow, and writes the rows and the flow to be drawn.

    Args:
        preset: `flow_steps` cuts the trainings.
        seed: Of textures, weights and patches.
        outputs: Where rows and flow go.

    Raises:
        InputError: the folder cannot be written.
    """
    recipes = [cut_short(recipe, preset.flow_steps) for recipe in (RECIPE, PHANTOM_RECIPE)]
    pixels = [recipe.steps * recipe.batch_size * recipe.patch**2 for recipe in recipes]
    progress = Progress(pixels, SECONDS_PER_PIXEL)

    network = flow_network(levels=LEVELS)
    initialise(network, seed)
    clips = [
        texture((seed, SEEN, number), TRAINING_SIZE)[np.newaxis]
        for number in range(1, TRAINING_TEXTURES + 1)
    ]
    progress.start(f"{STUDY}: {TEXTURES}")
    seconds = train(network, clips, None, recipes[0], seed, progress)
    cells = {"trained_on": TEXTURES, "steps": recipes[0].steps, "seconds": seconds}
    rows = [row | cells for row in translation_rows(network, seed)]
    errors = [row["endpoint_error_px"] for row in rows]
    progress.finish(f"shifts found to {min(errors):.3f}..{max(errors):.3f} px", timed=True)

    deeper = flow_network(levels=PHANTOM_LEVELS)
    deeper.set_weights(network.get_weights())
    before, _ = phantom_row(deeper)
    rows.append(before | cells)
    clips, flows = zip(*(rotating_phantom(FRAMES, SIZE, SIZE, rate) for rate in RATES), strict=True)
    progress.start(f"{STUDY}: {PHANTOMS}")
    seconds += train(deeper, clips, flows, recipes[1], seed, progress)
    after, field = phantom_row(deeper)
    steps = recipes[0].steps + recipes[1].steps
    rows.append(after | {"trained_on": PHANTOMS, "steps": steps, "seconds": seconds})
    progress.finish(
        f"turning phantom {before['endpoint_error_px']:.3f} -> {after['endpoint_error_px']:.3f} px",
        timed=True,
    )

    shared = context(preset=preset.name, seed=seed, precision="float32", backend=outputs.backend)
    save_arrays(outputs.measured / f"flow_field_{outputs.backend}.npz", field)
    outputs.merge(STUDY, FLOW_COLUMNS, [_named(row, outputs.backend) | shared for row in rows])


def cut_short(recipe: FlowRecipe, most_steps: int | None) -> FlowRecipe:
    """The recipe with no more steps than these; None leaves it as it is."""
    return recipe if most_steps is None else replace(recipe, steps=min(recipe.steps, most_steps))


def train(
    network: keras.Model,
    clips: Sequence[np.ndarray],
    flows: Sequence[np.ndarray] | None,
    recipe: FlowRecipe,
    seed: int,
    progress: Progress,
) -> float:
    """Trains with a word on the progress; see `train_flow`.

    Returns:
        Seconds that it took.
    """

    def on_step(step: int, loss: float) -> None:
        progress.update(f"step {step}/{recipe.steps}  loss {loss:.3g}", step / recipe.steps)

    begun = time.monotonic()
    train_flow(network, clips, recipe, seed=seed, flows=flows, on_step=on_step)
    return time.monotonic() - begun


def translation_rows(network: keras.Model, seed: int) -> list[dict[str, object]]:
    """How well each of `SHIFTS` is found on a texture of no training."""
    frame = texture((seed, UNSEEN, 1), TEST_SIZE)
    inside = (slice(None), slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    rows = []
    for dx, dy in SHIFTS:
        moved = ndimage.shift(frame, (dy, dx), order=3, mode="nearest")
        found = found_flow(
            network, frame[np.newaxis, SHOWN, SHOWN], moved[np.newaxis, SHOWN, SHOWN]
        )
        found = found[inside]
        truth = np.broadcast_to(np.float64((dx, dy)), found.shape)
        rows.append(_row("translation", f"{dx:g} {dy:g} px", network, truth, found))
    return rows


def phantom_row(network: keras.Model) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """How well the turning phantom's flow is found.

    Returns:
        The row, and what is drawn of its first two frames: `first` and `second` (H, W) in [0, 1],
        `true_flow` and `found_flow` (H, W, 2) in pixels, all float32, and the `motion` in words.
    """
    frames, truth = rotating_phantom(FRAMES, SIZE, SIZE, TEST_RATE)
    found = found_flow(network, frames[:-1], frames[1:])
    motion = f"{TEST_RATE:g} degrees a frame"
    field = {
        "first": frames[0],
        "second": frames[1],
        "true_flow": truth[0],
        "found_flow": found[0],
        "motion": np.array(motion),
    }
    return _row("turning_phantom", motion, network, truth, found), field


def found_flow(network: keras.Model, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The flow between frames (n, H, W): (n, H, W, 2), float32, in pixels."""
    made = network.predict_on_batch([first[..., np.newaxis], second[..., np.newaxis]])
    return keras.ops.convert_to_numpy(made)


def _row(
    case: str, motion: str, network: keras.Model, truth: np.ndarray, found: np.ndarray
) -> dict[str, object]:
    """The cells that come from comparing flows (n, H, W, 2)."""
    return {
        "case": case,
        "motion": motion,
        "frames": len(truth),
        "height": truth.shape[1],
        "width": truth.shape[2],
        "endpoint_error_px": endpoint_error(truth, found),
        "still_endpoint_error_px": endpoint_error(truth, np.zeros_like(truth)),
        "levels": len(flows_of_levels(network)),
        "parameters": network.count_params(),
    }


def _named(row: dict[str, object], backend: str) -> dict[str, object]:
    key = (STUDY, row["case"], row["motion"], KEYS[row["trained_on"]], backend)
    return {"row": "/".join(key), "study": STUDY, **row}
