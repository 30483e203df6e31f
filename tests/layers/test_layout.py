"""The change of layout at the doors of a network moves axes and nothing else."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted

from keras_vsr.layers import default_data_format, to_inner, to_public

pytestmark = pytest.mark.backend


def test_torch_is_channels_first_inside():
    expected = "channels_first" if keras.backend.backend() == "torch" else "channels_last"
    assert default_data_format() == expected


@pytest.mark.parametrize("shape", [(4, 5, 2), (5, 4, 3, 2)])
def test_there_and_back(shape):
    x = frames_of((2, *shape))
    given = keras.Input(shape)
    inner = to_inner(given, "channels_first", "enter")
    model = keras.Model(given, [inner, to_public(inner, "channels_first", "leave")])
    moved, back = (np.asarray(y) for y in model.predict_on_batch(x))
    np.testing.assert_array_equal(moved, np.moveaxis(x, -1, 1))
    np.testing.assert_array_equal(back, x)


def test_channels_last_needs_no_change():
    x = keras.Input((4, 5, 2))
    assert to_inner(x, "channels_last", "enter") is x
    frames = frames_of((1, 4, 5, 2))
    model = keras.Model(x, to_public(x, "channels_last", "leave"))
    np.testing.assert_array_equal(predicted(model, frames), frames)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_way_out_is_float32(data_format):
    x = keras.Input((4, 5, 2), dtype="float16")
    assert to_public(x, data_format, "leave").dtype == "float32"
