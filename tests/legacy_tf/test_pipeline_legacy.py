"""The data pipeline and its errata: cases written down by hand, and Pillow."""

import numpy as np
import pytest
from PIL import Image

from keras_vsr.errors import InputError
from legacy_tf.errata import AS_DESCRIBED, AS_RUN, Errata
from legacy_tf.pipeline import centres_and_targets, enlarged, frames, split, windows

LATE = Errata(e2=True)


def numbered(total, height, width):
    """A clip whose values say where they are: frame * 10000 + row * 100 + column."""
    t, y, x = np.ogrid[:total, :height, :width]
    return (t * 10_000 + y * 100 + x).astype(np.float32)


def test_constants():
    assert set(vars(AS_DESCRIBED).values()) == {False}
    assert set(vars(AS_RUN).values()) == {True}
    assert set(vars(AS_RUN)) == {"e1", "e2", "e3", "e14", "e16", "e18"}


def test_bicubic():
    # One bright pixel becomes the kernel of Keys, a = -0.5, at 1.75, 1.25, 0.75 and 0.25 pixels.
    low = np.zeros((1, 8, 9), np.float32)
    low[0, 3, 4] = 1
    half = [-0.0234375, -0.0703125, 0.2265625, 0.8671875]
    kernel = np.array(half + half[::-1])
    truth = np.zeros((1, 16, 18))
    truth[0, 3:11, 5:13] = np.outer(kernel, kernel)
    np.testing.assert_allclose(enlarged(low, AS_DESCRIBED), truth, atol=1e-7)


LOW = np.array([[[0, 1, 2], [3, 4, 5]]], np.float32)


def test_e14_repeats_pixels():
    truth = [[[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2]
    np.testing.assert_array_equal(enlarged(LOW, Errata(e14=True)), truth)


def test_e1_shears():
    # Six rows of four pixels (twice 3 and twice 2), read as four rows of six.
    rows = [0, 0, 1, 2] * 3 + [3, 3, 4, 5] * 3
    truth = np.array(rows, np.float32).reshape(1, 4, 6)
    np.testing.assert_array_equal(enlarged(LOW, Errata(e1=True, e14=True)), truth)


def test_e1_with_bicubic_frames():
    low = np.random.default_rng(0).random((1, 10, 12)).astype(np.float32)
    made = enlarged(low, Errata(e1=True))
    assert made.shape == (1, 20, 24)
    truth = np.array(Image.fromarray(low[0]).resize((20, 24), Image.Resampling.BICUBIC))
    inside = slice(6, -6)  # Pillow treats the borders in another way
    exchanged = made.reshape(24, 20)
    np.testing.assert_allclose(exchanged[inside, inside], truth[inside, inside], atol=1e-5)


def test_frames():
    low, high = numbered(3, 4, 5), numbered(3, 8, 10)
    inputs, targets = frames(low, high)
    assert inputs.shape == (3, 4, 5, 1)
    assert targets.shape == (3, 8, 10, 1)
    assert np.shares_memory(inputs, low)
    assert inputs[2, 1, 3, 0] == 20_103


def test_e2_in_the_published_clip():
    centres, targets = centres_and_targets(120, LATE)
    assert (len(centres), centres[0], centres[-1]) == (114, 2, 115)
    assert (len(targets), targets[0], targets[-1]) == (114, 3, 116)


def test_pairs_as_described():
    centres, targets = centres_and_targets(120, AS_DESCRIBED)
    assert (len(centres), centres[0], centres[-1]) == (116, 2, 117)
    np.testing.assert_array_equal(centres, targets)


@pytest.mark.parametrize(("errata", "count", "late"), [(AS_DESCRIBED, 5, 0), (LATE, 3, 1)])
def test_windows(errata, count, late):
    given, high = numbered(9, 7, 8), numbered(9, 7, 8) + 0.5
    inputs, targets = windows(given, high, errata)
    assert inputs.shape == (count, 5, 7, 8, 1)
    assert targets.shape == (count, 3, 4, 1)
    for first in range(count):
        assert inputs[first, :, 6, 1, 0].tolist() == [(first + k) * 10_000 + 601 for k in range(5)]
        corner = (first + 2 + late) * 10_000 + 0.5
        assert targets[first, 0, 0, 0] == corner + 202  # two pixels cut from the top and the left
        assert targets[first, -1, -1, 0] == corner + 405


@pytest.mark.parametrize(("errata", "least"), [(AS_DESCRIBED, 5), (LATE, 7)])
def test_too_few_frames(errata, least):
    clip = numbered(least - 1, 7, 8)
    with pytest.raises(InputError, match=f"{least - 1} frames, but .* take {least}; use a longer"):
        windows(clip, clip, errata)
    assert len(windows(numbered(least, 7, 8), numbered(least, 7, 8), errata)[0]) == 1


def test_clips_that_do_not_belong_together():
    with pytest.raises(ValueError, match="of as many frames"):
        frames(numbered(3, 4, 5), numbered(4, 8, 10))
    with pytest.raises(ValueError, match="given must have the size of high"):
        windows(numbered(9, 4, 5), numbered(9, 8, 10), AS_DESCRIBED)


@pytest.mark.parametrize(
    ("count", "share", "training"),
    [(120, 0.2, 96), (114, 0.2, 91), (120, 0.1, 108)],
)
def test_split(count, share, training):
    inputs = np.arange(count)
    train, validation = split(inputs, inputs + 1000, share)
    assert train[0].tolist() == [*range(training)]
    assert validation[0].tolist() == [*range(training, count)]
    np.testing.assert_array_equal(validation[1], validation[0] + 1000)


def test_split_of_too_little():
    with pytest.raises(InputError, match=r"1 samples cannot be split .*; use a longer clip"):
        split(np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="as many, not 3 and 4"):
        split(np.zeros(3), np.zeros(4))
