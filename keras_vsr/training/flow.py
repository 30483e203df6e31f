"""A short training of a flow network, on motion that is known or on frames alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from keras_vsr.errors import InputError
from keras_vsr.layers import Warp
from keras_vsr.models.flow import flows_of_levels
from keras_vsr.models.network import Network
from keras_vsr.training.flow_pairs import known_pairs, moved_pairs, neighbouring_pairs

LOSSES = ("endpoint", "photometric")
SOFTNESS = 1e-3  # of Charbonnier's |x|, in pixels or in parts of the data range


@dataclass(frozen=True)
class FlowRecipe:
    """A training run of a flow network but for its frames.

    Attributes:
        loss: "endpoint": the length of the error of the flow, on consecutive frames where their
            flow is known, else on patches that are moved by a known motion. "photometric":
            Charbonnier's loss of first frame and warped second one on consecutive frames, and
            `smoothness`; nothing but frames is needed.
        learning_rate: Adam's rate at the first step; it falls to zero along a cosine.
        steps: Steps of the optimizer.
        batch_size: Pairs in a step.
        patch: Height and width of the patches, in pixels; a multiple of 2^levels.
        shift: "endpoint": largest displacement along each axis, in pixels.
        turn: "endpoint": largest rotation, in radians.
        zoom: "endpoint": largest part by which a patch grows or shrinks.
        smoothness: "photometric": weight of the mean difference between flows of neighbours.
    """

    loss: str = "endpoint"
    learning_rate: float = 4e-3
    steps: int = 800
    batch_size: int = 8
    patch: int = 32
    shift: float = 3.0
    turn: float = 0.04
    zoom: float = 0.02
    smoothness: float = 0.01


def endpoint_error(truth: np.ndarray, flow: np.ndarray) -> float:
    """Mean distance between two flows (..., 2), in pixels, in float64."""
    apart = np.asarray(truth, np.float64) - np.asarray(flow, np.float64)
    return float(np.mean(np.hypot(apart[..., 0], apart[..., 1])))


def charbonnier(x):
    """|x|, rounded at zero so that it has a derivative."""
    return ops.sqrt(x * x + SOFTNESS**2)


def endpoint_loss(truth, flow):
    """Mean length of the error of a flow (batch, h, w, 2), in pixels."""
    return ops.mean(ops.sqrt(ops.sum((truth - flow) ** 2, axis=-1) + SOFTNESS**2))


def photometric_loss(first, warped):
    """Mean Charbonnier difference of frames."""
    return ops.mean(charbonnier(first - warped))


def smoothness_loss(_, flow):
    """Mean Charbonnier difference of each pixel's flow from those below and to the right."""
    down = charbonnier(flow[:, 1:] - flow[:, :-1])
    right = charbonnier(flow[:, :, 1:] - flow[:, :, :-1])
    return ops.mean(down) + ops.mean(right)


def learner(network: keras.Model, recipe: FlowRecipe) -> keras.Model:
    """A model of the same weights, compiled, whose outputs are what the losses compare.

    Every level has its own loss, as much as any other: what is a pixel at a coarse level is several
    at a fine one, but each level can only mend what it sees.

    Raises:
        ValueError: the loss is none of `LOSSES`.
    """
    if recipe.loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {recipe.loss!r}")
    flows = flows_of_levels(network)
    if recipe.loss == "endpoint":
        outputs, losses, weights = flows, [endpoint_loss] * len(flows), [1.0] * len(flows)
    else:
        seconds = [network.inputs[1]]
        for _ in flows[1:]:
            halve = keras.layers.AveragePooling2D(2, data_format="channels_last", dtype="float32")
            seconds.insert(0, halve(seconds[0]))
        outputs = [Warp()([x, flow]) for x, flow in zip(seconds, flows, strict=True)] + flows
        losses = [photometric_loss] * len(flows) + [smoothness_loss] * len(flows)
        weights = [1.0] * len(flows) + [recipe.smoothness] * len(flows)
    model = Network(network.inputs, outputs, name=f"{network.name}_learner")
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps)
        ),
        loss=losses,
        loss_weights=weights,
        jit_compile=keras.backend.backend() == "jax",  # as for the other networks
    )
    return model


def train_flow(
    network: keras.Model,
    clips: Sequence[np.ndarray],
    recipe: FlowRecipe,
    *,
    seed: int,
    flows: Sequence[np.ndarray] | None = None,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Trains a flow network in place; the same arguments give the same weights on a CPU.

    Args:
        network: Of `models.flow.flow_network`, with its first weights.
        clips: (T, H, W) each, float32, in the network's `data_range`.
        recipe: How.
        seed: Of patches and motions.
        flows: "endpoint": for each clip (T - 1, H, W, 2), its true flow from each frame to the
            next, in pixels; None moves patches of single frames.
        on_step: Called after each step with its number, from 1, and its loss.

    Returns:
        The loss of each step.

    Raises:
        InputError: frames are too few, too small or not finite, or the loss is not finite.
        ValueError: `patch` does not fit the network's levels, the loss is none of `LOSSES`, or
            flows are given to a loss that has no use for them.
    """
    if flows is not None and recipe.loss != "endpoint":
        raise ValueError(f"flows are for the loss 'endpoint'; got them with {recipe.loss!r}")
    levels = len(flows_of_levels(network))
    if recipe.patch % 2**levels:
        raise ValueError(
            f"patch must be a multiple of {2**levels} for a flow network of {levels} "
            f"levels; got {recipe.patch}"
        )
    if not all(np.isfinite(clip).all() for clip in clips):
        raise InputError(
            f"the clips that {network.name} is to learn motion from hold a value that is not a "
            "finite number: look for NaN in them"
        )
    model = learner(network, recipe)
    losses = []
    for step in range(1, recipe.steps + 1):
        generator = np.random.default_rng([seed, step])
        inputs, targets = _batch(clips, flows, recipe, levels, generator)
        loss = float(model.train_on_batch(inputs, targets)[0])
        model.reset_metrics()
        if not np.isfinite(loss):
            raise InputError(
                f"the loss of {network.name} became {loss} in step {step}: lower the learning rate"
            )
        losses.append(loss)
        on_step(step, loss)
    return losses


def _batch(clips, flows, recipe, levels, generator):
    """Inputs of the network and targets of its learner for one step."""
    count, patch = recipe.batch_size, recipe.patch
    if recipe.loss == "endpoint":
        if flows is None:
            motion = {"shift": recipe.shift, "turn": recipe.turn, "zoom": recipe.zoom}
            first, second, flow = moved_pairs(clips, count, patch, generator, **motion)
        else:
            first, second, flow = known_pairs(clips, flows, count, patch, generator)
        targets = [level / 2**power for power, level in _halved(flow, levels)]
        return [first, second], targets
    first, second = neighbouring_pairs(clips, count, patch, generator)
    firsts = [level for _, level in _halved(first, levels)]
    unused = [np.zeros((*level.shape[:3], 2), np.float32) for level in firsts]
    return [first, second], firsts + unused


def _halved(x, levels):
    """Means over squares of 2^power pixels, coarsest first, with their power."""
    batch, height, width, channels = x.shape
    for power in range(levels - 1, -1, -1):
        side = 2**power
        squares = x.reshape(batch, height // side, side, width // side, side, channels)
        yield power, squares.mean(axis=(2, 4))
