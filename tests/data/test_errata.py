"""Mistakes in the data, against loops that do them pixel by pixel."""

import numpy as np
import pytest
from skimage.transform import resize

from keras_vsr.data.errata import FRAMES_LATE, enlarge_sheared


def in_rows_of(pixels, height, width):
    """The pixels, row after row, laid out as so many rows."""
    rows = [[None] * width for _ in range(height)]
    for number, value in enumerate(value for row in pixels for value in row):
        rows[number // width][number % width] = value
    return np.array(rows)


@pytest.mark.parametrize(("height", "width", "scale"), [(3, 5, 2), (4, 6, 2), (2, 7, 3)])
def test_nearest(height, width, scale):
    low = np.random.default_rng(0).random((height, width), np.float32)
    wrong_height, wrong_width = scale * width, scale * height
    exchanged = [
        [
            low[int(r * height / wrong_height), int(c * width / wrong_width)]
            for c in range(wrong_width)
        ]
        for r in range(wrong_height)
    ]
    truth = in_rows_of(exchanged, scale * height, scale * width)
    made = enlarge_sheared(np.stack([low, low + 1]), "nearest", scale)
    np.testing.assert_array_equal(made[0], truth)
    np.testing.assert_array_equal(made[1], truth + 1)
    assert made.dtype == np.float32


def test_bicubic_has_the_same_shear():
    row, column = np.mgrid[:12, :20]
    low = np.sin(0.3 * row) + 0.05 * column  # so smooth that every cubic kernel gives the same
    exchanged = resize(low, (40, 24), order=3, mode="edge", anti_aliasing=False)
    made = enlarge_sheared(low, "bicubic")
    inside = np.zeros((40, 24), bool)  # borders are the library's own
    inside[8:-8, 4:-4] = True
    inside = in_rows_of(inside, 24, 40)
    np.testing.assert_allclose(
        made[inside], in_rows_of(exchanged, 24, 40)[inside], rtol=0, atol=0.01
    )


def test_a_square_frame_is_not_sheared():
    low = np.random.default_rng(1).random((4, 4))
    np.testing.assert_array_equal(
        enlarge_sheared(low, "nearest"), low.repeat(2, axis=0).repeat(2, axis=1)
    )


def test_other_ways():
    with pytest.raises(ValueError, match="way must be one of nearest, bicubic; got 'linear'"):
        enlarge_sheared(np.zeros((2, 2)), "linear")


def test_one_frame_late():
    assert FRAMES_LATE == 1  # windows around frames 2 to 115 with frames 3 to 116
