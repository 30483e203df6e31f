"""Scores of outputs against truth, with interpolation on the very same pixels beside them."""

import numpy as np

from keras_vsr import metrics
from keras_vsr.data.degrade import enlarge
from keras_vsr.window import BORDER, WINDOW

INTERPOLATIONS = ("nearest", "bilinear", "bicubic")


def middle(clip: np.ndarray) -> np.ndarray:
    """Frames 2 to T - 3 of a clip (T, H, W) without 2 pixels on each side; no copy.

    A network of windows has no output for the other frames and pixels: the middle is what all
    networks have in common.
    """
    reach = WINDOW // 2
    return clip[reach : len(clip) - reach, BORDER:-BORDER, BORDER:-BORDER]


def scores(truth: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
    """All metrics of a clip, means over its frames, float64, data in [0, 1].

    Args:
        truth: (T, H, W).
        estimate: The same shape.
    """
    return {
        "mae": metrics.mae(truth, estimate, data_range=1.0),
        "mse": metrics.mse(truth, estimate, data_range=1.0),
        "ssim_uniform7": metrics.ssim(truth, estimate, data_range=1.0, window="uniform7"),
        "ssim_gaussian11": metrics.ssim(truth, estimate, data_range=1.0, window="gaussian11"),
        "psnr_db": metrics.psnr(truth, estimate, data_range=1.0),
    }


def interpolate(low: np.ndarray, scale: int = 2) -> dict[str, np.ndarray]:
    """The clip (T, h, w) enlarged in each of the ways that stand beside a network."""
    return {name: enlarge(low, name, scale) for name in INTERPOLATIONS}
