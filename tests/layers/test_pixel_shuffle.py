"""Pixel shuffle is a loop over pixels and channels."""

import keras
import numpy as np
import pytest
from checks import frames_of, pixel_shuffle, predicted
from keras import ops

from keras_vsr.layers import PixelShuffle

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_equals_the_loop(scale):
    x = frames_of((2, 3, 5, scale * scale))
    layer = PixelShuffle(scale)
    made = ops.convert_to_numpy(layer(x))
    np.testing.assert_array_equal(made, pixel_shuffle(x, scale))
    assert layer.compute_output_shape(x.shape) == made.shape


def test_by_hand():
    # Two pixels, one beside the other; channels 0 and 1 are the upper row of what each becomes.
    x = np.arange(8, dtype="float32").reshape(1, 1, 2, 4)
    made = ops.convert_to_numpy(PixelShuffle(2)(x))
    np.testing.assert_array_equal(made[0, :, :, 0], [[0, 1, 4, 5], [2, 3, 6, 7]])


def test_sizes_may_be_unknown_and_the_scale_is_saved(tmp_path):
    frame = keras.Input((None, None, 9))
    model = keras.Model(frame, PixelShuffle(3)(frame))
    assert model.output_shape == (None, None, None, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for size in ((2, 3), (4, 1)):
        x = frames_of((2, *size, 9))
        np.testing.assert_array_equal(predicted(loaded, x), pixel_shuffle(x, 3))


@pytest.mark.parametrize("scale", [0, -1, 1.5, "2", None])
def test_scales_that_are_no_whole_numbers(scale):
    with pytest.raises(ValueError, match="scale must be a whole number"):
        PixelShuffle(scale)
