"""Scores by another program, and which frames and pixels are compared."""

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from keras_vsr.evaluation.score import INTERPOLATIONS, interpolate, middle, scores
from keras_vsr.records import SCORE_COLUMNS


def pair():
    generator = np.random.default_rng(0)
    truth = generator.random((3, 20, 24))
    return truth, truth + generator.normal(0, [[[0.02]], [[0.05]], [[0.1]]], truth.shape)


def test_scores_are_means_over_frames():
    truth, estimate = pair()

    def mean(metric, **arguments):
        both = zip(truth, estimate, strict=True)
        return np.mean([metric(one, other, **arguments) for one, other in both])

    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = {
        "mae": np.abs(truth - estimate).mean(),
        "mse": mean(mean_squared_error),
        "psnr_db": mean(peak_signal_noise_ratio, data_range=1.0),
        "ssim_uniform7": mean(structural_similarity, data_range=1.0),
        "ssim_gaussian11": mean(structural_similarity, data_range=1.0, **gaussian),
    }
    assert scores(truth, estimate) == pytest.approx(expected, rel=1e-9)
    assert set(expected) <= set(SCORE_COLUMNS)


def test_middle_frames_and_pixels():
    clip = np.arange(7 * 8 * 9).reshape(7, 8, 9)
    cut = middle(clip)
    assert cut.shape == (3, 4, 5)
    assert cut[0, 0, 0] == clip[2, 2, 2]
    assert cut[-1, -1, -1] == clip[4, 5, 6]
    assert np.shares_memory(cut, clip)


def test_interpolations_stand_beside():
    low = np.random.default_rng(1).random((2, 6, 8), np.float32)
    made = interpolate(low)
    assert tuple(made) == INTERPOLATIONS
    assert {clip.shape for clip in made.values()} == {(2, 12, 16)}
    np.testing.assert_array_equal(made["nearest"][:, 1::2, ::2], low)
    # Pillow has the same kernels; it treats the borders in another way.
    for name, filter_ in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
        truth = np.array(Image.fromarray(low[0]).resize((16, 12), filter_))
        np.testing.assert_allclose(made[name][0, 4:-4, 4:-4], truth[4:-4, 4:-4], atol=1e-6)


def test_another_scale():
    low = np.random.default_rng(1).random((1, 4, 5))
    assert {clip.shape for clip in interpolate(low, 3).values()} == {(1, 12, 15)}
