"""Metrics against scikit-image, tf.image, plain loops and analytic values."""

import math

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from keras_vsr.errors import InputError
from keras_vsr.metrics import mae, mse, psnr, ssim

METRICS = [mse, mae, psnr, ssim]
WINDOWS = ["uniform7", "gaussian11"]


def smooth_clip(frames=3, height=40, width=48, seed=3):
    """A moving pattern in [0, 1], and the same with noise."""
    rng = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*(np.arange(n) for n in (frames, height, width)), indexing="ij")
    truth = 0.5 + 0.4 * np.sin(0.3 * x + 0.5 * t) * np.cos(0.2 * y)
    return truth, np.clip(truth + 0.05 * rng.standard_normal(truth.shape), 0, 1)


def test_analytic_values():
    truth = np.zeros((4, 16, 16))
    estimate = np.full((4, 16, 16), 0.1)
    assert mse(truth, estimate) == pytest.approx(0.01)
    assert mae(truth, estimate) == pytest.approx(0.1)
    assert psnr(truth, estimate, data_range=1) == pytest.approx(20)
    assert psnr(truth, estimate, data_range=10) == pytest.approx(40)
    # Flat frames: only the luminance term is left, c1 / (mean² + c1).
    for window in WINDOWS:
        value = ssim(truth, estimate, data_range=1, window=window)
        assert value == pytest.approx(1e-4 / (0.01 + 1e-4))


def test_mean_over_frames_and_not_over_pixels():
    truth = np.zeros((2, 8, 8))
    estimate = np.stack([np.full((8, 8), 0.1), np.full((8, 8), 0.01)])
    assert psnr(truth, estimate, data_range=1) == pytest.approx((20 + 40) / 2)


@pytest.mark.parametrize("window", WINDOWS)
def test_ssim_is_scikit_image(window):
    truth, estimate = smooth_clip()
    options = {
        "uniform7": {},
        "gaussian11": {
            "gaussian_weights": True,
            "sigma": 1.5,
            "use_sample_covariance": False,
        },
    }[window]
    for data_range in (1.0, 255.0):
        x, y = truth * data_range, estimate * data_range
        expected = np.mean(
            [
                structural_similarity(a, b, data_range=data_range, **options)
                for a, b in zip(x, y, strict=True)
            ]
        )
        value = ssim(x, y, data_range=data_range, window=window)
        assert value == pytest.approx(expected, abs=1e-12)


def test_the_two_windows_are_two_metrics():
    truth, estimate = smooth_clip()
    values = [ssim(truth, estimate, data_range=1, window=window) for window in WINDOWS]
    assert abs(values[0] - values[1]) > 1e-3


def test_gaussian_ssim_and_psnr_are_tf_image():
    tf = pytest.importorskip("tensorflow")
    truth, estimate = smooth_clip()
    x, y = (tf.constant(clip[..., np.newaxis], tf.float32) for clip in (truth, estimate))
    expected = np.mean(tf.image.ssim(x, y, max_val=1.0))
    value = ssim(truth, estimate, data_range=1, window="gaussian11")
    assert value == pytest.approx(expected, abs=1e-5)
    expected = np.mean(tf.image.psnr(x, y, max_val=1.0))
    assert psnr(truth, estimate, data_range=1) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("window", WINDOWS)
def test_ssim_is_the_plain_loop(window):
    """The definition, window by window, with each covariance from centred values."""
    truth, estimate = (clip[0, :18, :20] for clip in smooth_clip())
    size = {"uniform7": 7, "gaussian11": 11}[window]
    if window == "uniform7":
        weights, divisor = np.ones((7, 7)) / 49, 48 / 49
    else:
        line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
        weights, divisor = np.outer(line, line) / line.sum() ** 2, 1.0
    values = []
    for i in range(18 - size + 1):
        for j in range(20 - size + 1):
            x, y = (frame[i : i + size, j : j + size] for frame in (truth, estimate))
            mean_x, mean_y = np.sum(weights * x), np.sum(weights * y)
            var_x = np.sum(weights * (x - mean_x) ** 2) / divisor
            var_y = np.sum(weights * (y - mean_y) ** 2) / divisor
            cov = np.sum(weights * (x - mean_x) * (y - mean_y)) / divisor
            values.append(
                (2 * mean_x * mean_y + 0.01**2)
                * (2 * cov + 0.03**2)
                / ((mean_x**2 + mean_y**2 + 0.01**2) * (var_x + var_y + 0.03**2))
            )
    value = ssim(truth, estimate, data_range=1, window=window)
    assert value == pytest.approx(np.mean(values), abs=1e-12)


def test_mse_mae_psnr_are_plain_loops():
    truth, estimate = (clip[:2, :5, :6] for clip in smooth_clip())
    squared, absolute, decibels = [], [], []
    for x, y in zip(truth, estimate, strict=True):
        differences = [float(a) - float(b) for a, b in zip(x.flat, y.flat, strict=True)]
        squared.append(sum(d * d for d in differences) / 30)
        absolute.append(sum(abs(d) for d in differences) / 30)
        decibels.append(10 * math.log10(1 / squared[-1]))
    assert mse(truth, estimate) == pytest.approx(sum(squared) / 2)
    assert mae(truth, estimate) == pytest.approx(sum(absolute) / 2)
    assert psnr(truth, estimate, data_range=1) == pytest.approx(sum(decibels) / 2)


@pytest.mark.parametrize("metric", METRICS)
def test_symmetric_and_the_same_in_every_layout(metric):
    truth, estimate = smooth_clip()
    value = metric(truth, estimate, data_range=1)
    assert isinstance(value, float)
    assert metric(estimate, truth, data_range=1) == pytest.approx(value, abs=1e-12)
    assert metric(truth[..., np.newaxis], estimate[..., np.newaxis], data_range=1) == value
    frame = metric(truth[0], estimate[0], data_range=1)
    assert metric(truth[:1], estimate[:1], data_range=1) == frame
    assert metric(truth[0, ..., None], estimate[0, ..., None], data_range=1) == frame


@pytest.mark.parametrize("metric", METRICS)
def test_float32_is_computed_in_float64(metric):
    truth, estimate = (clip.astype(np.float32) for clip in smooth_clip())
    expected = metric(truth.astype(np.float64), estimate.astype(np.float64), data_range=1)
    assert metric(truth, estimate, data_range=1) == expected


def test_uint8_does_not_wrap_around():
    truth, estimate = np.full((8, 8), 250, np.uint8), np.full((8, 8), 255, np.uint8)
    assert mse(truth, estimate) == 25
    assert mae(truth, estimate) == 5


def test_equal_frames():
    truth, estimate = smooth_clip()
    assert mse(truth, truth) == 0
    assert mae(truth, truth) == 0
    assert psnr(truth, truth, data_range=1) == math.inf
    estimate[1] = truth[1]
    assert psnr(truth, estimate, data_range=1) == math.inf
    for window in WINDOWS:
        assert ssim(truth, truth, data_range=1, window=window) == pytest.approx(1.0, abs=1e-15)


def test_more_noise_is_worse():
    truth, _ = smooth_clip()
    noise = np.random.default_rng(5).standard_normal(truth.shape)
    little, much = truth + 0.02 * noise, truth + 0.1 * noise
    assert psnr(truth, little, data_range=1) > psnr(truth, much, data_range=1)
    for window in WINDOWS:
        values = [ssim(truth, x, data_range=1, window=window) for x in (little, much)]
        assert values[0] > values[1]


@pytest.mark.parametrize("metric", METRICS)
def test_bad_frames(metric):
    truth, estimate = smooth_clip()
    with pytest.raises(ValueError, match=r"same shape, not \(3, 40, 48\) and \(2, 40, 48\)"):
        metric(truth, estimate[:2], data_range=1)
    with pytest.raises(ValueError, match="must have the shape"):
        metric(truth[..., None, None], estimate[..., None, None], data_range=1)
    with pytest.raises(ValueError, match="must have the shape"):
        metric(truth[:0], estimate[:0], data_range=1)
    for wrong in (np.nan, np.inf):
        estimate[2, 5, 5] = wrong
        with pytest.raises(InputError, match="frame 2 of estimate holds NaN or infinite"):
            metric(truth, estimate, data_range=1)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("data_range", [0, -1, math.nan, math.inf])
def test_bad_data_range(metric, data_range):
    truth, estimate = smooth_clip()
    with pytest.raises(ValueError, match="data_range must be"):
        metric(truth, estimate, data_range=data_range)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_data_range_is_required(metric):
    with pytest.raises(TypeError, match="data_range"):
        metric(*smooth_clip())


def test_frames_smaller_than_the_window():
    truth, estimate = (clip[:, :8, :] for clip in smooth_clip())
    assert ssim(truth, estimate, data_range=1) < 1
    with pytest.raises(InputError, match="8x48 are smaller than the 11x11 window"):
        ssim(truth, estimate, data_range=1, window="gaussian11")


def test_unknown_window():
    with pytest.raises(ValueError, match="uniform7, gaussian11, not 'box'"):
        ssim(*smooth_clip(), data_range=1, window="box")
