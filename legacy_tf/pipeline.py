"""From clips to what the 2019 programs trained on: enlarged frames, windows, targets, the split.

Clips are float32 (T, H, W); samples have a channel axis behind.
"""

import numpy as np

from keras_vsr.data.clips import packed_windows
from keras_vsr.data.degrade import enlarge
from keras_vsr.data.errata import FRAMES_LATE, enlarge_sheared
from keras_vsr.errors import InputError
from keras_vsr.window import BORDER, WINDOW
from legacy_tf.errata import Errata

# E2 leaves out so many windows at the end of a clip, although their targets exist.
WINDOWS_LEFT_OUT = 2


def enlarged(low: np.ndarray, errata: Errata, scale: int = 2) -> np.ndarray:
    """Interpolated frames, the input of SRCNN and of the 3D network on "raw" data.

    Args:
        low: LR frames (T, h, w).
        errata: E1 (sheared) and E14 (nearest neighbour) apply.
        scale: HR size over LR size.

    Returns:
        (T, scale * h, scale * w), of the type of `low`.
    """
    name = "nearest" if errata.e14 else "bicubic"
    make = enlarge_sheared if errata.e1 else enlarge
    return make(low, name, scale)


def frames(given: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a 2D network: every frame and its truth.

    Args:
        given: LR frames (T, h, w), or enlarged ones.
        high: HR frames (T, H, W).

    Returns:
        Inputs (T, h, w, 1) and targets (T, H, W, 1); no copies.

    Raises:
        ValueError: the clips are not the same moments.
    """
    _check_moments(given, high)
    return given[..., np.newaxis], high[..., np.newaxis]


def centres_and_targets(total: int, errata: Errata) -> tuple[np.ndarray, np.ndarray]:
    """The middle frame of each window of a clip, and the frame that it is paired with.

    Args:
        total: Frames of the clip, T.
        errata: E2 applies.

    Returns:
        Two arrays of integers: twice 2 to T - 3, or with E2 2 to T - 5 and 3 to T - 4.

    Raises:
        InputError: the clip has fewer frames than one sample takes.
    """
    least = WINDOW + (WINDOWS_LEFT_OUT if errata.e2 else 0)
    if total < least:
        raise InputError(
            f"the clip has {total} frames, but windows and their targets take {least}; use a "
            "longer clip"
        )
    reach = WINDOW // 2
    centres = np.arange(reach, total - reach)
    if not errata.e2:
        return centres, centres
    centres = centres[:-WINDOWS_LEFT_OUT]
    return centres, centres + FRAMES_LATE


def windows(given: np.ndarray, high: np.ndarray, errata: Errata) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a 3D network: five frames, and the frame that it should make of them.

    Args:
        given: Frames at HR size (T, H, W): enlarged ones, or a 2D network's outputs.
        high: HR frames (T, H, W).
        errata: E2 applies.

    Returns:
        Inputs (N, 5, H, W, 1), a view, and targets (N, H - 4, W - 4, 1).

    Raises:
        InputError: the clip has fewer frames than one sample takes.
        ValueError: the clips are not the same moments at one size.
    """
    _check_moments(given, high)
    if given.shape != high.shape:
        raise ValueError(f"given must have the size of high, {high.shape}, not {given.shape}")
    centres, targets = centres_and_targets(len(given), errata)
    inside = slice(BORDER, -BORDER)
    inputs = packed_windows(given, WINDOW)[: len(centres), ..., np.newaxis]
    return inputs, high[targets, inside, inside, np.newaxis]


def split(
    inputs: np.ndarray, targets: np.ndarray, share: float = 0.2
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training samples, and the last ones in time for validation, as Keras's `validation_split`.

    Windows on either side of the cut have frames in common: the programs split samples, not frames.

    Args:
        inputs: (N, ...)
        targets: (N, ...)
        share: Part of the samples that validates: 0.2, for SRCNN 0.1.

    Returns:
        (inputs, targets) to train on and (inputs, targets) to validate on; no copies.

    Raises:
        InputError: a side would have no sample.
        ValueError: `inputs` and `targets` differ in number.
    """
    if len(inputs) != len(targets):
        raise ValueError(
            f"inputs and targets must be as many, not {len(inputs)} and {len(targets)}"
        )
    cut = int(len(inputs) * (1 - share))
    if not 0 < cut < len(inputs):
        raise InputError(
            f"{len(inputs)} samples cannot be split with {share:g} of them for validation; use a "
            "longer clip"
        )
    return (inputs[:cut], targets[:cut]), (inputs[cut:], targets[cut:])


def _check_moments(given: np.ndarray, high: np.ndarray) -> None:
    if given.ndim != 3 or high.ndim != 3 or len(given) != len(high):
        raise ValueError(
            f"given and high must be clips (T, H, W) of as many frames, not {given.shape} and "
            f"{high.shape}"
        )
