"""Random textures: frames on which every pixel's motion can be seen.

A flow network learns motion from frames that are moved by a known motion. Where frames are flat
nothing is learned, and where they change from one pixel to the next, a motion of part of a pixel
cannot be told. Textures have waves of many lengths, and hardly any too short.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

GRAINS = (1, 2, 4)  # standard deviations of the Gaussians that smooth the noise, pixels
CONTRAST = 0.2  # standard deviation of the intensities before they are clipped
SMALLEST = 4 * GRAINS[-1]  # pixels: how far the widest Gaussian reaches


def texture(seed: int | Sequence[int], size: int) -> np.ndarray:
    """A square frame of noise of three grain sizes, each as strong as the others.

    White noise is smoothed by Gaussians of 1, 2 and 4 pixels. Waves shorter than 4 pixels hold 3 %
    of the variance, those shorter than 3 pixels 0.4 %: of the variance of a grain of g pixels, the
    part beyond w radians a pixel is exp(-g^2 w^2). Opposite borders fit each other.

    Args:
        seed: Of the noise, a whole number or several.
        size: Height and width in pixels, at least 16.

    Returns:
        Float32 array of shape (size, size) in [0, 1]: 0.5 on average with a standard deviation of
        0.2, of which one value in eighty is clipped.

    Raises:
        ValueError: the frame is too small.
    """
    if size < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST} pixels; got {size}")
    generator = np.random.default_rng(seed)
    # Smoothing by a Gaussian g wide leaves noise a standard deviation in proportion to 1 / g.
    grains = [
        grain * gaussian_filter(generator.normal(size=(size, size)), grain, mode="wrap")
        for grain in GRAINS
    ]
    total = np.sum(grains, axis=0)
    return np.clip(0.5 + CONTRAST * total / total.std(), 0, 1).astype(np.float32)
