"""Mistakes of the published programs in how they prepared their data, so that each can be switched
on and its cost be measured. The numbers are those of the list of errata in reports/README.md.
"""

import numpy as np

from keras_vsr.data.degrade import resize_bicubic

# E2: windows were paired with the frame after their middle one (2..115 with 3..116). The programs
# left out one window more than this needs, the last one that has a frame after its middle.
FRAMES_LATE = 1

WAYS = ("nearest", "bicubic")


def enlarge_sheared(low: np.ndarray, way: str, scale: int = 2) -> np.ndarray:
    """E1: enlarges frames as the 2019 program did before its 3D network.

    Width and height were handed over in each other's place. The enlarged frame had W rows of H
    pixels; its pixels, read row after row, were then laid out as H rows of W pixels. So each row is
    pieced together from pieces of several, and the picture is sheared.

    Args:
        low: Floating-point array of shape (..., h, w).
        way: "nearest", which the program called bicubic (E14), or "bicubic".
        scale: Whole number by which frames were meant to grow.

    Returns:
        Array of shape (..., h * scale, w * scale), of the type of `low`.

    Raises:
        ValueError: `way` is neither of the two.
    """
    height, width = (size * scale for size in low.shape[-2:])
    if way == "nearest":
        rows = np.arange(width) * low.shape[-2] // width
        columns = np.arange(height) * low.shape[-1] // height
        exchanged = low[..., rows[:, np.newaxis], columns]
    elif way == "bicubic":
        exchanged = resize_bicubic(low, width, height, antialias=False, border="replicate")
    else:
        raise ValueError(f"way must be one of {', '.join(WAYS)}; got {way!r}")
    return exchanged.reshape(*low.shape[:-2], height, width)
