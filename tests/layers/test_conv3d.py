"""The 3D convolution equals the plain sum, and the layer of Keras, on every backend."""

import keras
import numpy as np
import pytest
from checks import assert_close, correlate, predicted, randomise, weights_of
from keras import ops

from keras_vsr.layers import Conv3D
from keras_vsr.layers.conv3d import conv3d_by_depth

pytestmark = pytest.mark.backend

KERNELS = [(3, 5, 5), (3, 1, 1), (3, 3, 3), (5, 5, 3), (1, 1, 3)]


def volume(shape=(2, 5, 7, 6, 3), seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("taps", KERNELS)
def test_equals_the_loop_and_the_keras_layer(taps, padding):
    x = volume()
    layer = Conv3D(4, taps, padding=padding)
    keras_layer = keras.layers.Conv3D(4, taps, padding=padding)
    for each in (layer, keras_layer):
        each.build(x.shape)
    kernel, bias = volume((*taps, 3, 4), seed=1), volume((4,), seed=2)
    layer.set_weights([kernel, bias])
    keras_layer.set_weights([kernel, bias])

    truth = correlate(x, kernel, bias, padding)
    made = ops.convert_to_numpy(layer(x))
    assert_close(made, truth)
    assert_close(ops.convert_to_numpy(keras_layer(x)), truth)
    assert layer.compute_output_shape(x.shape) == truth.shape


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_sum_over_depth_on_any_backend(padding):
    x, kernel = volume(), volume((3, 5, 3, 3, 2), seed=1)
    made = ops.convert_to_numpy(conv3d_by_depth(x, ops.convert_to_tensor(kernel), padding))
    assert_close(made, correlate(x, kernel, padding=padding))


@pytest.mark.parametrize("arguments", [{"strides": 2}, {"dilation_rate": 2}, {"kernel_size": 2}])
def test_what_has_no_path_of_its_own_is_left_to_keras(arguments):
    x = volume((1, 6, 7, 8, 2))
    arguments = {"filters": 3, "kernel_size": 3} | arguments
    layer, keras_layer = Conv3D(**arguments), keras.layers.Conv3D(**arguments)
    layer(x)
    keras_layer.build(x.shape)
    keras_layer.set_weights(layer.get_weights())
    made, truth = (ops.convert_to_numpy(each(x)) for each in (layer, keras_layer))
    assert_close(made, truth)


@pytest.mark.parametrize(("taps", "padding"), [((3, 5, 5), "same"), ((3, 3, 3), "valid")])
def test_gradients_equal_finite_differences(taps, padding):
    # SGD with rate 1 moves each weight by its gradient. The first layer's tells that gradients
    # with respect to the second layer's input are right, too.
    x = volume((1, 5, 6, 7, 1))
    window = keras.Input(x.shape[1:])
    y = Conv3D(2, (1, 1, 1), name="first")(window)
    model = keras.Model(window, Conv3D(2, taps, padding=padding, name="second")(y))
    randomise(model)
    weights = weights_of(model)
    truth = volume(predicted(model, x).shape, seed=3)

    def loss():
        y = correlate(x, *weights["first"], "same")
        return np.mean((correlate(y, *weights["second"], padding) - truth) ** 2)

    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mean_squared_error")
    model.train_on_batch(x, truth)
    moved = weights_of(model)
    generator = np.random.default_rng(4)
    for name in weights:
        for part, after in zip(weights[name], moved[name], strict=True):
            before = part.copy()
            for flat in generator.choice(part.size, min(part.size, 8), replace=False):
                place = np.unravel_index(flat, part.shape)
                part[place] = before[place] + 1e-4
                above = loss()
                part[place] = before[place] - 1e-4
                below = loss()
                part[place] = before[place]
                slope = (above - below) / 2e-4
                assert before[place] - after[place] == pytest.approx(slope, rel=1e-4, abs=2e-6)


def test_is_saved_as_itself(tmp_path):
    window = keras.Input((5, None, None, 1))
    model = keras.Model(window, Conv3D(2, (3, 3, 3), padding="same")(window))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[1]) is Conv3D
    x = volume((1, 5, 6, 6, 1))
    np.testing.assert_array_equal(predicted(loaded, x), predicted(model, x))
