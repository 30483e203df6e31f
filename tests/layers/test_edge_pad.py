"""Padding with the outermost pixels is `np.pad(mode="edge")` in height and width."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted
from keras import ops

from keras_vsr.layers import EdgePad

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("size", [(4, 5), (1, 3)])
@pytest.mark.parametrize("border", [0, 1, 4])
def test_equals_numpy(border, size):
    frames = frames_of((2, *size, 3))
    truth = np.pad(frames, ((0, 0), (border, border), (border, border), (0, 0)), mode="edge")
    last, first = EdgePad(border), EdgePad(border, data_format="channels_first")
    np.testing.assert_array_equal(ops.convert_to_numpy(last(frames)), truth)
    turned = np.moveaxis(frames, -1, 1)
    made = ops.convert_to_numpy(first(turned))
    np.testing.assert_array_equal(made, np.moveaxis(truth, -1, 1))
    assert last.compute_output_shape(frames.shape) == truth.shape
    assert first.compute_output_shape(turned.shape) == made.shape


def test_by_hand():
    frames = np.array([[1, 2], [3, 4]], "float32").reshape(1, 2, 2, 1)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    made = ops.convert_to_numpy(EdgePad(1)(frames))
    np.testing.assert_array_equal(made[0, :, :, 0], expected)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_sizes_may_be_unknown_and_the_arguments_are_saved(data_format, tmp_path):
    shape = (None, None, 2) if data_format == "channels_last" else (2, None, None)
    frame = keras.Input(shape)
    model = keras.Model(frame, EdgePad(2, data_format=data_format)(frame))
    assert model.output_shape == (None, *shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    around = [(2, 2) if size is None else (0, 0) for size in (1, *shape)]
    for size in (3, 4):
        frames = frames_of((1, *(size if known is None else known for known in shape)))
        np.testing.assert_array_equal(predicted(loaded, frames), np.pad(frames, around, "edge"))


@pytest.mark.parametrize("border", [-1, 0.5, "2", None])
def test_borders_that_are_no_whole_numbers(border):
    with pytest.raises(ValueError, match="border must be a whole number"):
        EdgePad(border)
