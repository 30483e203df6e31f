"""Windows are indices; pairs hold their frames once."""

import dataclasses

import numpy as np
import pytest

from keras_vsr.data.clips import Pair, window_centres, window_indices
from keras_vsr.errors import InputError


def pair(frames=9, height=4, width=6, scale=2):
    rng = np.random.default_rng(2)
    low = rng.random((frames, height, width), np.float32)
    high = rng.random((frames, height * scale, width * scale), np.float32)
    return Pair(low, high, "generated")


def test_centres_of_the_published_clip():
    # 120 frames give 116 windows, centred on frames 2 to 117.
    centres = window_centres(120)
    assert centres.tolist() == list(range(2, 118))


def test_indices_are_written_out():
    assert window_indices(7).tolist() == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 6]]
    assert window_indices(5).tolist() == [[0, 1, 2, 3, 4]]
    assert window_indices(4, window=3).tolist() == [[0, 1, 2], [1, 2, 3]]
    assert window_centres(3, window=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("function", [window_centres, window_indices])
def test_too_few_frames_and_even_windows(function):
    with pytest.raises(InputError, match="4 frames, a window needs 5"):
        function(4)
    for window in (4, 0, -1):
        with pytest.raises(ValueError, match="odd"):
            function(9, window)


def test_windows_are_gathered_around_their_centres():
    clip = pair()
    centres = np.array([6, 2, 2])
    windows = clip.windows(centres)
    assert windows.shape == (3, 5, 4, 6)
    for window, centre in zip(windows, centres, strict=True):
        for offset in range(-2, 3):
            assert np.array_equal(window[offset + 2], clip.low[centre + offset])
    assert not np.shares_memory(windows, clip.low)


def test_packing_copies_no_frame():
    clip = pair(frames=120)
    packed = clip.packed()
    assert packed.shape == (116, 5, 4, 6)
    assert np.shares_memory(packed, clip.low)
    # Five times the clip to look at, and not one byte beyond the clip itself.
    assert packed.nbytes == 116 * 5 * 4 * 6 * 4
    low, high = np.lib.array_utils.byte_bounds(packed)
    assert high - low == clip.low.nbytes
    assert np.array_equal(packed, clip.low[window_indices(120)])
    assert not packed.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        packed[0] = 0


def test_pair_holds_the_arrays_it_was_given():
    low, high = np.zeros((5, 4, 4), np.float32), np.zeros((5, 12, 12), np.float32)
    clip = Pair(low, high, "generated")
    assert clip.low is low
    assert clip.high is high
    assert low.flags.writeable
    assert (clip.scale, clip.frames) == (3, 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        clip.low = high


def test_windows_beyond_the_clip():
    for wrong in (1, 7, -1):
        with pytest.raises(ValueError, match=f"2 to 6 for windows of 5 in 9 frames, not {wrong}"):
            pair().windows(np.array([4, wrong]))


def test_too_short_clip_raises_only_when_windows_are_asked_for():
    clip = pair(frames=4)
    for ask in (clip.packed, lambda: clip.windows(np.array([2]))):
        with pytest.raises(InputError, match="4 frames, a window needs 5"):
            ask()


@pytest.mark.parametrize(
    "high_size",
    [(9, 12), (8, 13), (8, 18), (4, 6), (7, 11), (2, 3)],  # low is 4x6
)
def test_sizes_that_are_no_multiple(high_size):
    high = np.zeros((5, *high_size), np.float32)
    with pytest.raises(InputError, match=r"film: HR frames of .* not a whole multiple .* 4x6"):
        Pair(np.zeros((5, 4, 6), np.float32), high, "film")


@pytest.mark.parametrize("name", ["low", "high"])
def test_frames_that_are_not_finite(name):
    for wrong in (np.nan, -np.inf):
        arrays = {"low": np.zeros((5, 4, 4), np.float32), "high": np.zeros((5, 8, 8), np.float32)}
        arrays[name][3, 1, 2] = wrong
        with pytest.raises(InputError, match=f"film: frame 3 of {name} holds NaN"):
            Pair(**arrays, source="film")


def test_programming_mistakes():
    low, high = np.zeros((5, 4, 4), np.float32), np.zeros((5, 8, 8), np.float32)
    with pytest.raises(ValueError, match="low must be float32, not float64"):
        Pair(low.astype(np.float64), high, "x")
    with pytest.raises(ValueError, match=r"high must have the shape \(T, H, W\)"):
        Pair(low, high[..., np.newaxis], "x")
    with pytest.raises(ValueError, match="as many frames, not 5 and 4"):
        Pair(low, high[:4], "x")
