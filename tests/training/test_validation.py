"""Frames held for scoring: which, and their scores by another program."""

import keras
import numpy as np
import pytest
from checks import frames_of
from skimage.metrics import structural_similarity

from keras_vsr.training.samples import Samples
from keras_vsr.training.validation import Held

pytestmark = pytest.mark.backend


def numbered(frames):
    """A clip whose pixels hold the number of their frame."""
    return np.broadcast_to(np.arange(frames, dtype="float32")[:, None, None], (frames, 8, 9))


@pytest.mark.parametrize(
    ("count", "middles"),
    [(None, [2, 3, 4, 5, 6, 7, 8]), (3, [2, 5, 8]), (1, [2]), (50, [2, 3, 4, 5, 6, 7, 8])],
)
def test_frames_are_evenly_spaced(count, middles):
    held = Held(Samples([numbered(11)], [numbered(11)], "window"), count, 1.0)
    assert held.truth[:, 0, 0].tolist() == middles
    assert held.truth.shape[1:] == (4, 5)


def test_clips_count_by_their_frames():
    held = Held(Samples([numbered(25)], [numbered(25)], "clip", clip_frames=9), 10, 1.0)
    assert held.truth[:, 0, 0].tolist() == [2, 3, 4, 5, 6, 17, 18, 19, 20, 21][: len(held.truth)]
    assert len(held.truth) == 10


@pytest.mark.parametrize("intensity", [1.0, 255.0])
def test_scores(intensity):
    given, truth = frames_of((5, 12, 13)), frames_of((5, 12, 13), seed=1)
    frame = keras.Input((None, None, 1))
    half = keras.Model(frame, keras.layers.Rescaling(0.5)(frame))  # of what it is given
    scores = Held(Samples([given], [truth], "frame"), None, intensity).score(half)
    errors = [np.mean((t - 0.5 * g) ** 2) for g, t in zip(given, truth, strict=True)]
    ssim = [
        structural_similarity(t.astype(float), 0.5 * g.astype(float), data_range=1.0)
        for g, t in zip(given, truth, strict=True)
    ]
    assert scores["mse"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert scores["psnr_db"] == pytest.approx(np.mean(-10 * np.log10(errors)), rel=1e-5)
    assert scores["ssim"] == pytest.approx(np.mean(ssim), rel=1e-4)
