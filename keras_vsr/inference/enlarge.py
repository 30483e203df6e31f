"""Clips of any length and frames of any size through a network, frames in and frames out.

Every frame of the clip comes out, in full size:

- Networks of windows make a frame from five. Before the first frame of the clip it is repeated
  twice, and behind the last one that, so that the first two and the last two frames have windows,
  too: the clip stands still at its ends.
- Networks that lose a border (2 pixels on each side with the 3D networks) are given frames whose
  outermost pixels are repeated outwards, as far as the border needs; what is too much is cropped
  from the output. Residual networks therefore start from bicubic enlargement with repeated, not
  mirrored pixels beyond the border; that is seen in the two outermost HR pixels.
- Networks that take enlarged frames are given bicubic ones.

Held are the frames, or features of frames, of a window and a batch, however long the clip is.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import keras
import numpy as np

from keras_vsr.data.degrade import enlarge as interpolate
from keras_vsr.errors import InputError
from keras_vsr.inference.activation_memory import BYTES
from keras_vsr.inference.geometry import geometry
from keras_vsr.inference.predict import BATCH
from keras_vsr.inference.split import split
from keras_vsr.inference.tiled import TiledNetwork
from keras_vsr.models.graph import output_of
from keras_vsr.models.network import Network
from keras_vsr.window import WINDOW

HELD_COPIES = 2  # while frames of the last batch and of the next are joined

SMALLEST_FRAME = 2  # pixels along an axis, which cubic interpolation needs


def enlarge(
    model: keras.Model,
    clip: Iterable[np.ndarray],
    *,
    scale: int | None = None,
    intensity: float = 1.0,
    batch_size: int = BATCH,
    memory: float | None = None,
    split_frames: bool = True,
    on_frames: Callable[[int], None] | None = None,
) -> Iterator[np.ndarray]:
    """Enlarges a clip, frame by frame.

    What the network takes, how much larger its frames are, and the border that they lack are read
    from its graph (`geometry`).

    Args:
        model: Any network of `models.NETWORKS`, or one like them: channels last, one channel.
        clip: LR frames (h, w), floating-point numbers in [0, 1]: an array (T, h, w), or anything
            that yields frames. At most `batch_size + 4` frames are read ahead of those yielded.
        scale: HR pixels for each LR pixel, along one axis. Needed, if it is not 2, by networks that
            take enlarged frames; the others know theirs.
        intensity: The network's range: frames are multiplied by it before, and divided after.
        batch_size: Output frames at a time; fewer where the memory asks for it.
        memory: Bytes for the run, beside Python, the backend and the weights: the frames that are
            held and what the network keeps between its layers, by the estimate of
            `activation_memory`. Frames that need more go through in tiles, with the same result up
            to rounding. None is without limit.
        split_frames: Whether features that depend on one frame alone are computed once (`split`),
            where the network can be split. Compiled backends compile the parts anew in each call.
        on_frames: Called with the number of frames made so far, before each is yielded.

    Yields:
        HR frames (scale * h, scale * w), float32, as many as the clip has.

    Raises:
        InputError: the clip has no frame, a frame holds NaN or infinite values, is too small or of
            another size than the first, or the memory is too small.
        ValueError: an argument is not as described.

    Example:
        >>> network = keras_vsr.models.build("delta", residual=True)
        >>> for frame in enlarge(network, frames, memory=2e9): ...
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more; got {batch_size}")
    if memory is not None and memory <= 0:
        raise ValueError(f"memory must be a positive number of bytes, or None; got {memory}")
    if len(model.outputs) > 1:
        model = Network(model.inputs[0], output_of(model), name=model.name)
    shape = geometry(model)
    if shape.channels != 1:
        raise ValueError(f"model must take frames of one channel; got {shape.channels}")
    if shape.ratio > 1 and scale not in (None, shape.ratio):
        raise ValueError(f"scale must be {shape.ratio}, as the network has it; got {scale}")
    before = 1  # how often frames are enlarged before the network
    if shape.ratio == 1:
        before = 2 if scale is None else scale
    parts = split(model) if split_frames else None
    return _run(clip, shape, before, intensity, batch_size, memory, parts or (model,), on_frames)


def _run(clip, shape, before, intensity, batch_size, memory, parts, on_frames):
    """Frames in, frames out; the arguments are those of `enlarge`.

    Args:
        shape: The whole network's geometry.
        before: How often its frames are enlarged before it.
        parts: The network, or its two parts.
    """
    around = -(-shape.border // shape.ratio)
    crop = shape.ratio * around - shape.border
    frames = (
        np.pad(interpolate(frame, "bicubic", before) if before > 1 else frame, around, "edge")
        for frame in checked(clip)
    )
    ahead = 0
    if shape.takes != "frame":
        frames, ahead = with_repeated_ends(frames, WINDOW // 2), WINDOW - 1
    networks, held, done = None, None, 0
    count = batch_size + ahead
    while batch := list(islice(frames, count)):
        count = batch_size
        given = np.stack(batch)[..., None] * np.float32(intensity)
        del batch
        if networks is None:
            left = _left(memory, given.shape, shape, parts, batch_size + ahead)
            networks = [TiledNetwork(part, batch_size, left) for part in parts]
        *first, last = networks
        for network in first:
            given = network(given)
        held = given if held is None else np.concatenate([held, given])
        for frame in last(held):
            height, width = frame.shape[:2]
            done += 1
            if on_frames is not None:
                on_frames(done)
            yield frame[crop : height - crop, crop : width - crop, 0] / np.float32(intensity)
        held = held[len(held) - ahead :].copy()


def checked(clip: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yields the frames of a clip as float32, and refuses those that cannot be enlarged.

    Raises:
        InputError: as for `enlarge`.
        ValueError: a frame is no array (h, w) of floating-point numbers.
    """
    size = None
    for number, frame in enumerate(clip):
        frame = np.asarray(frame)
        if frame.ndim != 2 or not np.issubdtype(frame.dtype, np.floating):
            raise ValueError(
                "frames must be arrays (h, w) of floating-point numbers in [0, 1]; got "
                f"{frame.dtype} of shape {frame.shape}"
            )
        if size is None:
            size = frame.shape
        if frame.shape != size:
            raise InputError(
                f"frame {number} of the clip is {_text(frame.shape)}, but frame 0 is "
                f"{_text(size)}; the frames of a clip must have one size"
            )
        if min(size) < SMALLEST_FRAME:
            raise InputError(
                f"the frames of the clip are {_text(size)}; they need {SMALLEST_FRAME} pixels or "
                "more each way"
            )
        if not np.isfinite(frame).all():
            raise InputError(
                f"frame {number} of the clip holds NaN or infinite values; mend it or leave it out"
            )
        yield frame.astype(np.float32)
    if size is None:
        raise InputError("the clip has no frame; give one or more")


def with_repeated_ends(frames: Iterable, times: int) -> Iterator:
    """Yields the first item of all `times` times more, and the last one, too."""
    frames = iter(frames)
    last = next(frames)
    for _ in range(times):
        yield last
    yield last
    for last in frames:
        yield last
    for _ in range(times):
        yield last


def _left(memory, given, shape, parts, frames) -> float | None:
    """Bytes that are left for the network beside the frames that are held.

    Args:
        memory: Bytes in all; None is without limit.
        given: Shape of a batch, as the first part takes it.
        shape: The whole network's geometry.
        parts: The network, or its two parts.
        frames: How many frames are held at most.

    Raises:
        InputError: nothing is left.
    """
    if memory is None:
        return None
    _, height, width, _ = given
    numbers = height * width * (1 + shape.ratio**2)  # of a frame, and of what is made of it
    if len(parts) > 1:
        numbers += np.prod(parts[0].compute_output_shape((1, *given[1:])))
    held = HELD_COPIES * BYTES * frames * float(numbers)
    if held >= memory:
        raise InputError(
            f"a memory of {memory / 1e6:,.1f} MB does not hold {frames} frames of {height}x{width} "
            f"and what is made of them ({held / 1e6:,.1f} MB); give more, or a smaller batch"
        )
    return memory - held


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} (height x width)"
