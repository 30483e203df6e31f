"""The bicubic layer is the enlargement that stands beside every network."""

import keras
import numpy as np
import pytest
from checks import enlarged, frames_of, predicted
from keras import ops

from keras_vsr.layers import BicubicEnlarge

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("size", [(6, 8), (7, 3)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_equals_the_degradations_enlargement(scale, size):
    frames = frames_of((2, *size, 1), seed=scale)
    layer = BicubicEnlarge(scale)
    made = ops.convert_to_numpy(layer(frames))
    assert made.dtype == np.float32
    assert made.shape == layer.compute_output_shape(frames.shape)
    np.testing.assert_allclose(made, enlarged(frames, scale), rtol=0, atol=1e-6)


def test_between_two_pixels_by_hand():
    # Keys's kernel with a = -0.5 is -9/128 at 1.25 pixels, 29/128 at 0.75, -3/128 at 1.75: so far
    # are the pixels of value 1 from the last three output pixels on the dark side of the edge.
    edge = np.repeat([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 6).reshape(1, 6, 6, 1).astype("float32")
    rows = ops.convert_to_numpy(BicubicEnlarge(2)(edge))[0, :, 3, 0]
    left = np.array([-3, -9, 29 - 3]) / 128  # up to the middle; the rest is its mirror image
    np.testing.assert_allclose(rows[3:6], left, atol=1e-6)
    np.testing.assert_allclose(rows[6:9], 1 - left[::-1], atol=1e-6)


def test_scale_1_gives_the_frames_and_channels_are_apart():
    frames = frames_of((1, 4, 5, 2))
    np.testing.assert_allclose(ops.convert_to_numpy(BicubicEnlarge(1)(frames)), frames, atol=1e-7)
    both = ops.convert_to_numpy(BicubicEnlarge(2)(frames))
    second = ops.convert_to_numpy(BicubicEnlarge(2)(frames[..., 1:]))
    np.testing.assert_allclose(both[..., 1:], second, atol=1e-7)


def test_sizes_may_be_unknown_and_the_scale_is_saved(tmp_path):
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, BicubicEnlarge(3)(frame))
    assert model.output_shape == (None, None, None, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for size in ((4, 6), (5, 3)):
        frames = frames_of((1, *size, 1))
        np.testing.assert_allclose(predicted(loaded, frames), enlarged(frames, 3), atol=1e-6)


@pytest.mark.parametrize("scale", [0, -1, 1.5, "2", None])
def test_scales_that_are_no_whole_numbers(scale):
    with pytest.raises(ValueError, match="scale must be a whole number"):
        BicubicEnlarge(scale)
