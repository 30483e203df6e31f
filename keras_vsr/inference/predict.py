"""Whole clips through a network, a few frames or windows at a time."""

import keras
import numpy as np

from keras_vsr.data.clips import packed_windows
from keras_vsr.models.garbage import clear_arguments
from keras_vsr.window import WINDOW

# Output frames in a batch. Torch leaves its fast 3D convolutions for batches of one, and more than
# four windows at a time only take memory.
BATCH = 4


def predict_batches(
    model: keras.Model, inputs: np.ndarray, *, intensity: float = 1.0, batch_size: int = BATCH
) -> np.ndarray:
    """A network's outputs for many inputs.

    Args:
        model: Takes (batch, ...) in 0..intensity.
        inputs: (n, ...), data in [0, 1].
        intensity: The network's range.
        batch_size: Inputs at a time; the last batch is filled up with copies, so that compiled
            backends see one shape.

    Returns:
        (n, ...) float32, data in [0, 1].
    """
    outputs = []
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        missing = batch_size - len(batch)
        if missing:
            batch = np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)])
        given = np.asarray(batch, np.float32) * np.float32(intensity)
        made = keras.ops.convert_to_numpy(model.predict_on_batch(given))
        outputs.append(np.asarray(made[: batch_size - missing], np.float32) / np.float32(intensity))
        clear_arguments()
    return np.concatenate(outputs)


def predict_clip(
    model: keras.Model,
    takes: str,
    clip: np.ndarray,
    *,
    intensity: float = 1.0,
    batch_size: int = BATCH,
) -> np.ndarray:
    """A clip through a network.

    Args:
        model: A network whose input is channels last with one channel.
        takes: "frame", "window" or "clip", as in `models.NETWORKS`.
        clip: (T, a, b), data in [0, 1], LR or enlarged as the network takes it.
        intensity: The network's range.
        batch_size: Output frames at a time.

    Returns:
        (T, H, W) for `takes="frame"`; (T - 4, H - 4, W - 4) otherwise: frames 2 to T - 3 without 2
        pixels on each side.

    Raises:
        InputError: a network of windows is given fewer than five frames.
    """
    if takes == "frame":
        made = predict_batches(model, clip[..., None], intensity=intensity, batch_size=batch_size)
        return made[..., 0]
    windows = packed_windows(clip, WINDOW)
    if takes == "window":
        made = predict_batches(
            model, windows[..., None], intensity=intensity, batch_size=batch_size
        )
        return made[..., 0]
    outputs = []
    length = min(batch_size + WINDOW - 1, len(clip))
    for start in range(0, len(windows), batch_size):
        first = min(start, len(clip) - length)  # the last part starts earlier: all have one length
        part = clip[None, first : first + length, ..., None]
        made = predict_batches(model, part, intensity=intensity, batch_size=1)
        outputs.append(made[0, start - first :, ..., 0])
    return np.concatenate(outputs)
