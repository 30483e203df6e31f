"""max(x, 0) + alpha * min(x, 0), one slope for each channel or one for the layer."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted, prelu
from keras import ops

from keras_vsr.layers import ParametricReLU

pytestmark = pytest.mark.backend

SLOPES = np.array([0.5, -0.25, 2.0], "float32")


def built(layer, shape, slopes):
    layer.build(shape)
    layer.set_weights([slopes])
    return layer


@pytest.mark.parametrize("space", [(4, 5), (5, 3, 4)])
@pytest.mark.parametrize("shared", [False, True])
def test_equals_the_formula_in_both_layouts(shared, space):
    x = frames_of((2, *space, 3)) - 0.5
    slopes = SLOPES[:1] if shared else SLOPES
    truth = prelu(x, slopes)
    assert (truth != x).any()
    last = built(ParametricReLU(shared), x.shape, slopes)
    np.testing.assert_allclose(ops.convert_to_numpy(last(x)), truth, rtol=1e-6)
    turned = np.moveaxis(x, -1, 1)
    first = built(ParametricReLU(shared, data_format="channels_first"), turned.shape, slopes)
    made = ops.convert_to_numpy(first(turned))
    np.testing.assert_allclose(made, np.moveaxis(truth, -1, 1), rtol=1e-6)
    assert first.compute_output_shape(turned.shape) == made.shape


def test_by_hand():
    x = np.array([[-2.0, -2.0, -2.0], [3.0, 3.0, 0.0]], "float32")
    made = ops.convert_to_numpy(built(ParametricReLU(), x.shape, SLOPES)(x))
    np.testing.assert_allclose(made, [[-1.0, 0.5, -4.0], [3.0, 3.0, 0.0]])


def test_equals_the_keras_layer():
    x = frames_of((2, 4, 5, 3)) - 0.5
    layer = built(ParametricReLU(), x.shape, SLOPES)
    keras_layer = keras.layers.PReLU(shared_axes=[1, 2])
    built(keras_layer, x.shape, SLOPES.reshape(1, 1, 3))
    made, truth = (ops.convert_to_numpy(each(x)) for each in (layer, keras_layer))
    np.testing.assert_allclose(made, truth, rtol=1e-6)


def test_starts_as_a_relu():
    x = frames_of((2, 4, 5, 3)) - 0.5
    np.testing.assert_array_equal(ops.convert_to_numpy(ParametricReLU()(x)), np.maximum(x, 0))


def test_gradients():
    # SGD with rate 1 moves each weight by its gradient. The frame is 1, so the bias alone sets the
    # three values: x = 2, 0 and -3, y = 2, 0 and 0.6. d(mean (y - 0)^2) / dy = 2 y / 3.
    frame = keras.Input((1, 1, 1))
    y = keras.layers.Conv2D(3, 1, name="values")(frame)
    model = keras.Model(frame, ParametricReLU(name="slopes")(y))
    bias, slopes = np.array([2.0, 0.0, -3.0]), np.array([0.1, 0.5, -0.2])
    model.set_weights([np.zeros((1, 1, 1, 3)), bias, slopes])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mean_squared_error")
    # The target at x = 0 is 1, so that there is something to learn, but a ReLU passes nothing on.
    model.train_on_batch(np.ones((1, 1, 1, 1)), np.array([0.0, 1.0, 0.0]).reshape(1, 1, 1, 3))
    _, new_bias, new_slopes = model.get_weights()
    np.testing.assert_allclose(bias - new_bias, [4 / 3, 0.0, 0.4 * -0.2], atol=1e-6)
    np.testing.assert_allclose(slopes - new_slopes, [0.0, 0.0, 0.4 * -3.0], atol=1e-6)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_sizes_may_be_unknown_and_all_is_saved(data_format, shared, tmp_path):
    shape = (None, None, 3) if data_format == "channels_last" else (3, None, None)
    frame = keras.Input(shape)
    layer = ParametricReLU(shared, data_format=data_format)
    model = keras.Model(frame, layer(frame))
    assert model.output_shape == (None, *shape)
    assert layer.alpha.shape == ((1,) if shared else (3,))
    layer.set_weights([SLOPES[:1] if shared else SLOPES])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = frames_of((1, *(4 if size is None else size for size in shape))) - 0.5
    np.testing.assert_array_equal(predicted(loaded, x), predicted(model, x))


def test_half_precision():
    x = (frames_of((1, 4, 5, 3)) - 0.5).astype("float16")
    layer = built(ParametricReLU(dtype="mixed_float16"), x.shape, SLOPES)
    made = ops.convert_to_numpy(layer(x))
    assert made.dtype == np.float16
    np.testing.assert_allclose(made, prelu(x.astype("float32"), SLOPES), rtol=2e-3)
