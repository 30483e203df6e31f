"""S(x) = (MAX - MIN) sigmoid(x / 100) + MIN."""

import numpy as np
import pytest
from checks import frames_of
from keras import ops

from keras_vsr.layers import RangeLimiter

pytestmark = pytest.mark.backend


def limited(values, data_range):
    return ops.convert_to_numpy(RangeLimiter(data_range)(np.asarray(values, "float32")))


def test_values_by_hand():
    # sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4, sigmoid(-ln 9) = 1/10
    at = [0.0, 100 * np.log(3), -100 * np.log(9), 1e5, -1e5]
    np.testing.assert_allclose(
        limited(at, (0, 255)), [127.5, 191.25, 25.5, 255.0, 0.0], rtol=1e-5, atol=1e-4
    )
    np.testing.assert_allclose(limited(at, (-1, 1)), [0, 0.5, -0.8, 1, -1], rtol=1e-5, atol=1e-6)


def test_slope_at_zero_is_a_four_hundredth_of_the_range():
    low, high = limited([-1.0, 1.0], (0, 255))
    assert (high - low) / 2 == pytest.approx(255 / 400, rel=1e-4)


def test_nothing_leaves_the_range():
    made = limited(1e4 * (frames_of((1, 5, 5, 1)) - 0.5), (16, 235))
    assert made.min() >= 16
    assert made.max() <= 235


def test_is_saved_with_its_range():
    layer = RangeLimiter.from_config(RangeLimiter((16, 235)).get_config())
    assert layer.data_range == (16.0, 235.0)
    assert layer.compute_output_shape((None, 3, 4, 1)) == (None, 3, 4, 1)


@pytest.mark.parametrize("data_range", [(1, 1), (255, 0), (0.0, float("nan"))])
def test_ranges_without_extent(data_range):
    with pytest.raises(ValueError, match="MIN < MAX"):
        RangeLimiter(data_range)
