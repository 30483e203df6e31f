"""MSE, MAE, PSNR and SSIM of one frame or one clip, in float64.

Every metric is computed frame by frame and then averaged: the PSNR of a clip is the mean of its
frames' PSNR, not the PSNR of its mean squared error.

Frames have the shape `(H, W)` or `(H, W, 1)`, clips `(T, H, W)` or `(T, H, W, 1)`; truth and
estimate have the same shape. `data_range` is the distance between the smallest and the largest
value that the data can take (1 for frames in [0, 1], 255 for 8-bit ones) and is never guessed.

Reference:
    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Trans. Image Processing 13, 2004.
"""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from keras_vsr.errors import InputError

# Wang et al. 2004, section III.C.
K1 = 0.01
K2 = 0.03

# Name: pixels on a side of the window.
WINDOWS = {"uniform7": 7, "gaussian11": 11}
GAUSSIAN_SIGMA = 1.5


def mse(truth: np.ndarray, estimate: np.ndarray, *, data_range: float | None = None) -> float:
    """Mean squared error, in squared units of the data; 0 is best.

    Args:
        truth: Frame or clip.
        estimate: Frame or clip of the same shape.
        data_range: Not used; taken so that all metrics are called alike.

    Raises:
        InputError: a value is not finite.
        ValueError: an argument is not as described.
    """
    if data_range is not None:
        _check_data_range(data_range)
    return float(np.mean([np.mean((x - y) ** 2) for x, y in _frame_pairs(truth, estimate)]))


def mae(truth: np.ndarray, estimate: np.ndarray, *, data_range: float | None = None) -> float:
    """Mean absolute error, in units of the data; 0 is best.

    Args:
        truth: Frame or clip.
        estimate: Frame or clip of the same shape.
        data_range: Not used; taken so that all metrics are called alike.

    Raises:
        InputError: a value is not finite.
        ValueError: an argument is not as described.
    """
    if data_range is not None:
        _check_data_range(data_range)
    return float(np.mean([np.mean(np.abs(x - y)) for x, y in _frame_pairs(truth, estimate)]))


def psnr(truth: np.ndarray, estimate: np.ndarray, *, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(data_range² / MSE).

    Args:
        truth: Frame or clip.
        estimate: Frame or clip of the same shape.
        data_range: Largest possible value minus smallest possible value.

    Returns:
        The mean over frames; infinite where one frame is without error.

    Raises:
        InputError: a value is not finite.
        ValueError: an argument is not as described.
    """
    _check_data_range(data_range)
    values = []
    for x, y in _frame_pairs(truth, estimate):
        error = np.mean((x - y) ** 2)
        values.append(10 * np.log10(data_range**2 / error) if error > 0 else np.inf)
    return float(np.mean(values))


def ssim(
    truth: np.ndarray, estimate: np.ndarray, *, data_range: float, window: str = "uniform7"
) -> float:
    """Structural similarity, -1 to 1; 1 is best.

    It is averaged over the places where the window lies wholly inside the frame.

    Args:
        truth: Frame or clip.
        estimate: Frame or clip of the same shape.
        data_range: Largest possible value minus smallest possible value.
        window: "uniform7" (7x7, equal weights, sample covariance: scikit-image's default, which
            the papers' tables use) or "gaussian11" (11x11, sigma 1.5, population covariance:
            Wang et al. and `tf.image.ssim`). The two differ by more than 0.01 on one pair of
            images, so a value says little without its window.

    Returns:
        The mean over frames.

    Raises:
        InputError: a value is not finite, or the frames are smaller than the window.
        ValueError: an argument is not as described.
    """
    _check_data_range(data_range)
    if window not in WINDOWS:
        raise ValueError(f"window must be one of {', '.join(WINDOWS)}, not {window!r}")
    return float(
        np.mean([_frame_ssim(x, y, data_range, window) for x, y in _frame_pairs(truth, estimate)])
    )


def _frame_ssim(x: np.ndarray, y: np.ndarray, data_range: float, window: str) -> float:
    size = WINDOWS[window]
    if min(x.shape) < size:
        raise InputError(
            f"frames of {x.shape[0]}x{x.shape[1]} are smaller than the {size}x{size} window of "
            f"SSIM {window!r}; score larger frames"
        )
    mean_x, mean_y = _local_mean(x, window), _local_mean(y, window)
    variance_x = _local_mean(x * x, window) - mean_x**2
    variance_y = _local_mean(y * y, window) - mean_y**2
    covariance = _local_mean(x * y, window) - mean_x * mean_y
    if window == "uniform7":
        unbiased = size**2 / (size**2 - 1)  # sample covariance, as scikit-image has it
        variance_x, variance_y, covariance = (
            unbiased * moment for moment in (variance_x, variance_y, covariance)
        )
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return float(np.mean(luminance * structure))


def _local_mean(frame: np.ndarray, window: str) -> np.ndarray:
    """Mean of the window around each pixel, where the window lies inside the frame."""
    radius = WINDOWS[window] // 2
    for axis in (0, 1):
        if window == "uniform7":
            frame = uniform_filter1d(frame, WINDOWS[window], axis=axis)
        else:
            frame = gaussian_filter1d(frame, GAUSSIAN_SIGMA, axis=axis, radius=radius)
    return frame[radius:-radius, radius:-radius]


def _check_data_range(data_range: float) -> None:
    if not np.isfinite(data_range) or data_range <= 0:
        raise ValueError(f"data_range must be a finite number above 0, not {data_range}")


def _frame_pairs(
    truth: np.ndarray, estimate: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the frames one by one, (H, W) in float64: a clip is never held twice."""
    truth, estimate = np.asarray(truth), np.asarray(estimate)
    if truth.shape != estimate.shape:
        raise ValueError(
            f"truth and estimate must have the same shape, not {truth.shape} and {estimate.shape}"
        )
    if truth.ndim in (3, 4) and truth.shape[-1] == 1:
        truth, estimate = truth[..., 0], estimate[..., 0]
    if truth.ndim not in (2, 3) or truth.size == 0:
        raise ValueError(
            "truth and estimate must have the shape (H, W), (H, W, 1), (T, H, W) or "
            f"(T, H, W, 1), not {truth.shape}"
        )
    if truth.ndim == 2:
        truth, estimate = truth[np.newaxis], estimate[np.newaxis]
    for index, (x, y) in enumerate(zip(truth, estimate, strict=True)):
        x, y = x.astype(np.float64), y.astype(np.float64)
        for name, frame in (("truth", x), ("estimate", y)):
            if not np.isfinite(frame).all():
                raise InputError(f"frame {index} of {name} holds NaN or infinite values")
        yield x, y
