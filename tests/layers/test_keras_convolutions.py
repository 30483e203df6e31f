"""What the networks take for granted of Keras's own layers: the same sums on every backend."""

import keras
import numpy as np
import pytest
from checks import assert_close, correlate, frames_of, randomise, transposed
from keras import ops

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(("size", "stride"), [(4, 2), (2, 2), (3, 2), (9, 3), (4, 4), (5, 1)])
def test_transposed_convolution(size, stride):
    layer = keras.layers.Conv2DTranspose(3, size, strides=stride, padding="same")
    x = frames_of((2, 4, 5, 2))
    layer.build(x.shape)
    randomise(layer)
    made = ops.convert_to_numpy(layer(x))
    assert_close(made, transposed(x, *layer.get_weights(), stride))


@pytest.mark.parametrize("size", [1, 3, 5, 9, (3, 5)])
def test_convolution(size):
    layer = keras.layers.Conv2D(3, size, padding="same")
    x = frames_of((2, 6, 7, 2))
    layer.build(x.shape)
    randomise(layer)
    assert_close(ops.convert_to_numpy(layer(x)), correlate(x, *layer.get_weights()))


def test_transposed_convolution_by_hand():
    # One pixel of value 2 in the second of two columns; a 4x4 kernel that counts its taps from 1.
    # The first row and column of the kernel fall outside: one of two surplus pixels at each side.
    kernel = np.arange(1.0, 17.0).reshape(4, 4, 1, 1)
    x = np.zeros((1, 1, 2, 1))
    x[0, 0, 1, 0] = 2.0
    expected = 2 * np.array([[0, 5, 6, 7], [0, 9, 10, 11]])
    np.testing.assert_array_equal(transposed(x, kernel, 0.0, 2)[0, :, :, 0], expected)
