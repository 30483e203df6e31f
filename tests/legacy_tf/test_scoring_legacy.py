"""Scores frame by frame, against scikit-image and numbers written down."""

import numpy as np
import pytest
from checks import frames_of
from skimage.metrics import structural_similarity

from legacy_tf.errata import Errata
from legacy_tf.pipeline import windows


def test_each_frame_has_its_row(scoring):
    truth = frames_of((3, 16, 18, 1))
    estimate = truth + np.array([0.1, 0.01, 0.001], np.float32).reshape(3, 1, 1, 1)
    rows = scoring.frame_scores(truth, estimate, data_range=1.0)
    assert [row["frame"] for row in rows] == [0, 1, 2]
    assert [row["psnr_db"] for row in rows] == pytest.approx([20, 40, 60], abs=1e-3)
    assert [row["mae"] for row in rows] == pytest.approx([0.1, 0.01, 0.001], rel=1e-4)
    assert [row["mse"] for row in rows] == pytest.approx([1e-2, 1e-4, 1e-6], rel=1e-3)
    for row, x, y in zip(rows, truth[..., 0], estimate[..., 0], strict=True):
        uniform = structural_similarity(x.astype(float), y.astype(float), data_range=1.0)
        assert row["ssim_uniform7"] == pytest.approx(uniform, rel=1e-6)
        assert uniform < row["ssim_gaussian11"] + 0.05


def test_shapes_that_differ(scoring):
    with pytest.raises(ValueError, match="must have the same shape"):
        scoring.frame_scores(frames_of((3, 16, 18)), frames_of((2, 16, 18)), data_range=1.0)


class MiddleFrame:
    """In the place of a network: hands on the middle frame of a window."""

    def predict(self, inputs):
        return inputs[:, 2, 2:-2, 2:-2]


def test_e2_moves_the_truth(scoring):
    # Frame t is t / 100 brighter than frame 0: the middle frame is the truth, or 0.01 from it.
    high = frames_of((1, 16, 18)) + np.arange(9, dtype=np.float32).reshape(-1, 1, 1) / 100
    exact = scoring.score(MiddleFrame(), *windows(high, high, Errata()))
    late = scoring.score(MiddleFrame(), *windows(high, high, Errata(e2=True)))
    assert [row["mae"] for row in exact] == [0] * 5
    assert [row["psnr_db"] for row in late] == pytest.approx([40] * 3, abs=1e-3)
