"""Tiles: every pixel is kept once, with a halo around it or the frame's border."""

import numpy as np
import pytest

from keras_vsr.inference.tiles import SMALLEST, pixels_of, plan, spans


@pytest.mark.parametrize("halo", [0, 3, 20])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("size", [700, 701, 811])
def test_an_axis_is_covered(size, count, halo):
    found = spans(size, count, halo)
    kept = np.concatenate([np.arange(span.first, span.last) for span in found])
    np.testing.assert_array_equal(kept, np.arange(size))
    assert len({span.stop - span.start for span in found}) == 1
    assert len(found) <= count
    for span in found:
        assert span.start == 0 or span.first - span.start >= halo
        assert span.stop == size or span.stop - span.last >= halo
        assert 0 <= span.start <= span.first < span.last <= span.stop <= size


def test_a_frame_that_fits_is_whole():
    rows, columns = plan(50, 60, 5, 3000)
    assert [tuple(span) for span in (*rows, *columns)] == [(0, 50, 0, 50), (0, 60, 0, 60)]


@pytest.mark.parametrize("pixels", [2999, 2000, 1500])
def test_tiles_are_as_large_as_allowed(pixels):
    tiles = plan(50, 60, 5, pixels)
    assert pixels_of(tiles) <= pixels
    rows, columns = tiles
    assert len(rows) * len(columns) <= 4


def test_the_smallest_tiles_where_none_fit():
    tiles = plan(500, 600, 5, 10)
    assert (SMALLEST + 10) ** 2 <= pixels_of(tiles) < 1.2 * (SMALLEST + 10) ** 2
    assert pixels_of(plan(20, 20, 50, 10)) == 400  # a frame smaller than a halo is not cut
