"""What is measured of whole clips: enlarging them, training in less memory, feeding a network.

Each function gives quantities as (name, value, unit).
"""

import gc
import itertools
import statistics
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import partial

import keras
import numpy as np

from experiments.benchmark_prepare import first_weights
from experiments.benchmarking import library_torch, memory
from experiments.benchmarking.agreement import difference
from experiments.benchmarking.preset import RECIPE_NAMES, Preset
from keras_vsr.data.clips import packed_windows
from keras_vsr.inference.enlarge import enlarge
from keras_vsr.inference.geometry import geometry
from keras_vsr.inference.predict import predict_batches, predict_clip
from keras_vsr.layers import Conv2D, Conv2DTranspose, Conv3D
from keras_vsr.models import NETWORKS, build
from keras_vsr.training.feeding import fed
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import RECIPES
from keras_vsr.training.samples import Epochs, Samples
from keras_vsr.weights.initial import convolutions
from keras_vsr.window import WINDOW

SEED = 0
SETTLED = 50  # frames after which memory must not grow any more
STARTED = 8  # frames that are not timed: the graph is cut and the first batch laid out before them
COMPARED = 3  # windows whose frames are compared
PLAIN = (2, 4)  # windows before and while it is timed with Keras's own layers, which are slow
BATCHES = 50  # in the epoch that is fed
STEPS = 2  # that are timed, of each kind

# Networks that are enlarged with, and those of the preset that must be chosen for them.
ENLARGED = {
    "two_in_one": ("fsrcnn_2019", "srnet3d"),
    "2d_then_3d": ("fsrcnn_2019", "srnet3d"),
    "delta": ("delta",),
}
REMAT = "parallel5"
OWN_LAYERS = {
    Conv2D: keras.layers.Conv2D,
    Conv3D: keras.layers.Conv3D,
    Conv2DTranspose: keras.layers.Conv2DTranspose,
}
FED = ("fsrcnn_2019", "srnet3d")  # the quickest network, and the quickest of windows

Quantity = tuple[str, float, str]


def network(name: str, **arguments) -> keras.Model:
    """A network with the first weights of the benchmark."""
    model = build(name, **arguments)
    first = first_weights(name)
    for path, layer in convolutions(model):
        layer.kernel.assign(first[f"{path}/kernel"])
        layer.bias.assign(first[f"{path}/bias"])
    return model


def enlarging(name: str, chosen: Preset) -> Iterator[Quantity]:
    """Frames a second, four ways, on the shorter clip; and whether the frames are the same.

    Window by window is what the published programs did: one forward pass for each five frames; with
    the layers of this project, and with Keras's own.
    """
    model, takes = network(name), NETWORKS[name].takes
    clip = _clip(chosen.clip)
    ours = _rate(enlarge(model, clip))
    single = _rate(_window_by_window(model, clip))
    few = clip[: sum(PLAIN) + WINDOW - 1]
    plain = _rate(_window_by_window(of_keras_layers(model), few), started=PLAIN[0])
    begun = time.perf_counter()
    made = predict_clip(model, takes, clip)
    batched = len(made) / (time.perf_counter() - begun)
    yield "enlarge_rate", ours, "frames/s"
    yield "window_by_window_rate", single, "frames/s"
    yield "plain_window_by_window_rate", plain, "frames/s"
    yield "predict_clip_rate", batched, "frames/s"
    yield "ratio_to_window_by_window", ours / single, "ratio"
    yield "ratio_to_plain_window_by_window", ours / plain, "ratio"
    yield "ratio_to_predict_clip", ours / batched, "ratio"
    yield "difference", _difference(model, clip), "ratio"


def of_keras_layers(model: keras.Model) -> keras.Model:
    """The same network, with the same weights, of Keras's own layers."""

    def plain(layer):
        if type(layer) not in OWN_LAYERS:
            return type(layer).from_config(layer.get_config())
        config = layer.get_config()
        if config.pop("keeps_frame", False):
            raise ValueError(f"Keras's layer pads all axes or none; {layer.name} pads two")
        return OWN_LAYERS[type(layer)].from_config(config)

    copy = keras.models.clone_model(model, clone_function=plain, recursive=True)
    copy = keras.Model(copy.input, copy.output)
    copy.set_weights(model.get_weights())
    return copy


def _window_by_window(model: keras.Model, clip: np.ndarray) -> Iterator[np.ndarray]:
    for window in packed_windows(clip, WINDOW):
        yield predict_batches(model, window[None, ..., None], batch_size=1)


def memory_growth(name: str, chosen: Preset) -> Iterator[Quantity]:
    """What the process holds after the long clip, above what it held after its first frames."""
    model = network(name)
    frames = chosen.long_clip[0]
    settled = 0
    for number, _ in enumerate(enlarge(model, _frames(chosen.long_clip)), start=1):
        if number == min(SETTLED, frames - 1):
            settled = memory.resident_bytes()
    yield "settled_memory", settled / 1e6, "MB"
    yield "memory_growth", memory.resident_bytes() / settled - 1, "ratio"


def recomputing_memory(chosen: Preset) -> Iterator[Quantity]:
    """What a training step's tensors take on top of what is held before it, with and without
    `remat`."""
    peaks = {}
    for kind, (model, inputs, truth) in _plain_and_remat(chosen).items():
        model.train_on_batch(inputs, truth)
        gc.collect()
        peaks[kind] = library_torch.most_allocated(partial(model.train_on_batch, inputs, truth))
        yield f"{kind}_memory", peaks[kind] / 1e6, "MB"
    yield "memory_ratio", peaks["remat"] / peaks["plain"], "ratio"


def recomputing_time(chosen: Preset) -> Iterator[Quantity]:
    """A training step with and without `remat`."""
    cases = _plain_and_remat(chosen)
    times = {kind: [] for kind in cases}
    for _ in range(STEPS + 1):
        for kind, (model, inputs, truth) in cases.items():  # in turn: a drift is one of both
            times[kind].append(_seconds(model, inputs, truth))
    medians = {kind: statistics.median(each[1:]) for kind, each in times.items()}
    for kind, median in medians.items():
        yield f"{kind}_step", 1000 * median, "ms"
    yield "time_ratio", medians["remat"] / medians["plain"], "ratio"


def _plain_and_remat(chosen: Preset) -> dict[str, tuple[keras.Model, np.ndarray, np.ndarray]]:
    """The network both ways, each with a batch for it."""
    recipe = RECIPES[RECIPE_NAMES[REMAT]]
    shape, border = chosen.shapes[REMAT]["train"], NETWORKS[REMAT].border
    inputs = np.float32(recipe.intensity) * _clip((*shape, 1))
    height, width = (2 * size - 2 * border for size in shape[-2:])
    cases = {}
    for kind, remat in (("plain", False), ("remat", True)):
        model = network(REMAT, remat=remat)
        compile_model(model, recipe)
        cases[kind] = (model, inputs, np.zeros((shape[0], height, width, 1), np.float32))
    return cases


def _seconds(model: keras.Model, inputs: np.ndarray, truth: np.ndarray) -> float:
    """What one training step takes."""
    library_torch.wait()
    begun = time.perf_counter()
    model.train_on_batch(inputs, truth)
    library_torch.wait()
    return time.perf_counter() - begun


def feeding(name: str, chosen: Preset) -> Iterator[Quantity]:
    """Batches cut out of a clip, checked and scaled, against the step that they are for.

    The clip has as many frames as make fifty batches, whole frames of the size that is trained on.
    """
    recipe = RECIPES[RECIPE_NAMES[name]]
    shape = chosen.shapes[name]["train"]
    frames, ratio = BATCHES * shape[0] + WINDOW - 1, 1 if NETWORKS[name].enlarged else 2
    low = _clip((frames, *shape[-2:]))
    high = _clip((frames, *(ratio * size for size in shape[-2:])))
    order = Epochs(Samples([low], [high], NETWORKS[name].takes), shape[0], SEED)
    took = []
    batches = fed(order, 1, recipe.intensity, name)
    while True:
        begun = time.perf_counter()
        batch = next(batches, None)
        took.append(time.perf_counter() - begun)
        if batch is None:
            break
        given = batch
        del batch
    model = network(name)
    compile_model(model, recipe)
    steps = [_seconds(model, *given) for _ in range(STEPS + 1)]
    feed, step = sum(took) / order.steps, statistics.median(steps[1:])
    clips = low.nbytes + high.nbytes
    more = _most_allocated(fed(order, 2, recipe.intensity, name))
    yield "feed", 1000 * feed, "ms"
    yield "step", 1000 * step, "ms"
    yield "share_of_step", feed / step, "ratio"
    yield "memory_of_clip", (clips + more) / clips, "ratio"


def _most_allocated(batches: Iterator) -> int:
    """Bytes that Python and NumPy allocate at most while batches come and go."""
    tracemalloc.start()
    try:
        for _ in iter(lambda: next(batches, None), None):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _rate(frames: Iterable, started: int = STARTED) -> float:
    """Frames a second, after the first ones."""
    frames = iter(frames)
    for _ in itertools.islice(frames, started):
        pass
    begun = time.perf_counter()
    count = sum(1 for _ in frames)
    return count / (time.perf_counter() - begun)


def _difference(model: keras.Model, clip: np.ndarray) -> float:
    """Of frames by `enlarge` from windows alone, which are given the repeated pixels that `enlarge`
    gives around a frame."""
    shape = geometry(model)
    around = -(-shape.border // shape.ratio)
    crop = shape.ratio * around - shape.border
    short = clip[: COMPARED + WINDOW - 1]
    ours = np.stack(list(enlarge(model, short)))[WINDOW // 2 : -(WINDOW // 2)]
    padded = np.pad(short, ((0, 0), (around, around), (around, around)), "edge")
    windows = np.ascontiguousarray(packed_windows(padded, WINDOW))[..., None]
    alone = predict_batches(model, windows, batch_size=1)
    alone = alone.reshape(len(windows), *alone.shape[-3:-1])
    height, width = alone.shape[1:]
    return difference(ours, alone[:, crop : height - crop, crop : width - crop])


def _clip(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(SEED).random(shape, np.float32)


def _frames(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The frames of a clip that is nowhere as a whole."""
    generator = np.random.default_rng(SEED)
    for _ in range(shape[0]):
        yield generator.random(shape[1:], np.float32)
