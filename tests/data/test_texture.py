"""Textures: their range, their repetition, and their spectrum against that of Gaussians."""

import numpy as np
import pytest
from scipy.stats import norm

from keras_vsr.data.texture import texture


def test_a_seed_gives_the_same_frame_every_time_and_another_one_another():
    frame = texture(3, 64)
    assert frame.shape == (64, 64)
    assert frame.dtype == np.float32
    np.testing.assert_array_equal(frame, texture(3, 64))
    np.testing.assert_array_equal(texture((3, 1, 2), 32), texture([3, 1, 2], 32))
    for other in (4, (3, 1), (3, 2)):
        assert np.abs(np.corrcoef(frame.ravel(), texture(other, 64).ravel())[0, 1]) < 0.3


def test_intensities_are_normal_about_the_middle_and_cut_at_both_ends():
    frames = np.stack([texture(seed, 128) for seed in range(8)]).astype(np.float64)
    assert frames.min() == 0
    assert frames.max() == 1
    assert frames.mean() == pytest.approx(0.5, abs=0.02)
    assert frames.std() == pytest.approx(0.2, abs=0.005)
    # 0.5 is 2.5 standard deviations from both ends.
    cut = np.mean((frames == 0) | (frames == 1))
    assert cut == pytest.approx(2 * norm.sf(2.5), rel=0.4)


def variance_beyond(wavelength, frames):
    """The part of the variance of frames that lies in waves shorter than so many pixels."""
    size = frames.shape[-1]
    power = np.abs(np.fft.fft2(frames - frames.mean(axis=(1, 2), keepdims=True))) ** 2
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size))
    return power[:, frequency > 1 / wavelength].sum() / power.sum()


@pytest.mark.parametrize("wavelength", [24, 12, 8, 6, 4, 3])
def test_waves_are_as_strong_as_the_gaussians_leave_them(wavelength):
    frames = np.stack([texture(seed, 128) for seed in range(16)]).astype(np.float64)
    edge = 2 * np.pi / wavelength
    # In two dimensions, the integral of exp(-g^2 w^2) from `edge` on has a closed form.
    expected = np.mean([np.exp(-((grain * edge) ** 2)) for grain in (1, 2, 4)])
    found = variance_beyond(wavelength, frames)
    # What the clipped values leave behind has waves of any length, but hardly any power.
    assert found == pytest.approx(expected, rel=0.05, abs=0.003)


def test_the_documented_limits_of_the_band():
    frames = np.stack([texture(seed, 128) for seed in range(16)]).astype(np.float64)
    assert 0.02 < variance_beyond(4, frames) < 0.035
    assert variance_beyond(3, frames) < 0.007


def test_opposite_borders_fit():
    frame = texture(5, 64)
    inside = np.abs(np.diff(frame, axis=0)).mean()
    across = np.abs(frame[0] - frame[-1]).mean()
    assert across < 2 * inside


def test_a_frame_too_small():
    with pytest.raises(ValueError, match="size must be at least 16 pixels; got 15"):
        texture(0, 15)
