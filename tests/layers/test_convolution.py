"""Convolutions equal the plain sum, and the layers of Keras, on every backend."""

import keras
import numpy as np
import pytest
from checks import assert_close, correlate, predicted, randomise, transposed, weights_of
from keras import ops

from keras_vsr.layers import (
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    default_data_format,
    to_inner,
    to_public,
)

pytestmark = pytest.mark.backend

KERNELS = [(3, 5, 5), (3, 1, 1), (3, 3, 3), (5, 5, 3), (1, 1, 3)]


def volume(shape=(2, 5, 7, 6, 3), seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def channels_last(made, data_format):
    return np.moveaxis(made, 1, -1) if data_format == "channels_first" else made


# On torch, the layout that networks have inside is channels first; it is the one with routes of its
# own. On the others it is not used.
FORMAT = default_data_format()


def made_by(layer, x):
    """What a layer makes of channels-last features in the layout that networks have inside."""
    given = np.moveaxis(x, -1, 1) if FORMAT == "channels_first" else x
    return channels_last(ops.convert_to_numpy(layer(given)), FORMAT)


@pytest.mark.parametrize(("batch", "activation"), [(1, "relu"), (2, "tanh")])
@pytest.mark.parametrize(("channels", "filters"), [(3, 9), (1, 9), (3, 1), (3, 4), (1, 1)])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("taps", [*KERNELS, (5, 5), (1, 3), (3, 1), (1, 1)])
def test_equals_the_loop_and_the_keras_layer(taps, padding, channels, filters, batch, activation):
    rank = len(taps)
    x = volume((batch, *(5, 7, 6)[:rank], channels))
    ours, theirs = {2: (Conv2D, keras.layers.Conv2D), 3: (Conv3D, keras.layers.Conv3D)}[rank]
    settings = {"padding": padding, "activation": activation}
    layer = ours(filters, taps, data_format=FORMAT, **settings)
    keras_layer = theirs(filters, taps, **settings)
    kernel, bias = volume((*taps, channels, filters), seed=1), volume((filters,), seed=2)
    layer(np.moveaxis(x, -1, 1) if FORMAT == "channels_first" else x)
    layer.set_weights([kernel, bias])
    keras_layer.build(x.shape)
    keras_layer.set_weights([kernel, bias])

    truth = correlate(x, kernel, bias, padding)
    if activation:
        truth = {"relu": lambda y: np.maximum(y, 0), "tanh": np.tanh}[activation](truth)
    made = made_by(layer, x)
    assert_close(made, truth)
    assert_close(ops.convert_to_numpy(keras_layer(x)), truth)
    if keras.backend.backend() == "torch":  # inference has a route of its own
        import torch

        with torch.no_grad():
            assert_close(made_by(layer, x), truth)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("size", "stride"), [(4, 2), (2, 2), (9, 3), (9, 2), (1, 1), (2, 3)])
def test_transposed_equals_the_loop_and_the_keras_layer(size, stride, batch, activation):
    x = volume((batch, 5, 6, 3))
    settings = {"strides": stride, "padding": "same", "activation": activation}
    layer = Conv2DTranspose(2, size, data_format=FORMAT, **settings)
    keras_layer = keras.layers.Conv2DTranspose(2, size, **settings)
    kernel, bias = volume((size, size, 2, 3), seed=1), volume((2,), seed=2)
    layer(np.moveaxis(x, -1, 1) if FORMAT == "channels_first" else x)
    layer.set_weights([kernel, bias])
    keras_layer.build(x.shape)
    keras_layer.set_weights([kernel, bias])
    truth = transposed(x, kernel, bias, stride)
    if activation:
        truth = np.maximum(truth, 0)
    assert_close(made_by(layer, x), truth)
    assert_close(ops.convert_to_numpy(keras_layer(x)), truth)


@pytest.mark.parametrize("filters", [1, 9])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_damaged_pixel_stays_damaged(channels, filters):
    x = volume((1, 9, 9, channels))
    x[0, 4, 4] = np.nan
    frame = keras.Input(x.shape[1:])
    y = to_inner(frame, FORMAT, "enter")
    y = Conv2D(filters, 3, padding="same", activation="relu", data_format=FORMAT)(y)
    made = predicted(keras.Model(frame, to_public(y, FORMAT, "leave")), x)
    assert np.isnan(made).sum() == 9 * filters
    assert np.isnan(made[0, 3:6, 3:6]).all()


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(("channels", "filters"), [(3, 9), (1, 5), (3, 1)])
@pytest.mark.parametrize("taps", [(3, 3, 3), (3, 5, 1)])
@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_frames_keep_their_size_where_windows_get_shorter(
    data_format, taps, channels, filters, batch
):
    if data_format == "channels_first" and keras.backend.backend() != "torch":
        pytest.skip("no layout of this backend's")
    x = volume((batch, 5, 7, 6, channels))
    settings = {"activation": "relu", "data_format": data_format}
    layer = Conv3D(filters, taps, keeps_frame=True, **settings)
    layer = Conv3D.from_config(layer.get_config())
    first = data_format == "channels_first"
    made = layer(np.moveaxis(x, -1, 1) if first else x)
    assert layer.compute_output_shape((None, channels, 5, 7, 6) if first else x.shape) == (
        (None, filters, 3, 7, 6) if first else (batch, 3, 7, 6, filters)
    )
    kernel, bias = volume((*taps, channels, filters), seed=1), volume((filters,), seed=2)
    layer.set_weights([kernel, bias])
    made = layer(np.moveaxis(x, -1, 1) if first else x)
    padded = np.pad(x, [(0, 0), (0, 0), *((n // 2, n // 2) for n in taps[1:]), (0, 0)])
    truth = np.maximum(correlate(padded, kernel, bias, "valid"), 0)
    assert_close(channels_last(ops.convert_to_numpy(made), data_format), truth)


@pytest.mark.parametrize("arguments", [{"padding": "same"}, {"kernel_size": (3, 2, 3)}])
def test_frames_are_kept_by_valid_and_odd_kernels_alone(arguments):
    with pytest.raises(ValueError, match="keeps_frame"):
        Conv3D(**{"filters": 1, "kernel_size": 3, "keeps_frame": True} | arguments)


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


@pytest.mark.parametrize("filters", [1, 6])
@pytest.mark.parametrize("middle", [1, 2])
@pytest.mark.parametrize(
    ("taps", "padding"),
    [
        ((3, 5, 5), "same"),
        ((3, 3, 3), "valid"),
        ((1, 1, 3), "same"),
        ((5, 5), "same"),
        ((3, 3), "valid"),
    ],
)
def test_gradients_equal_finite_differences(taps, padding, middle, filters):
    # SGD with rate 1 moves each weight by its gradient. The first layer's tells that gradients
    # with respect to the second layer's input are right, too.
    rank = len(taps)
    layer = {2: Conv2D, 3: Conv3D}[rank]
    x = volume((1, 5, 6, 7, 1) if rank == 3 else (1, 6, 7, 1))
    window = keras.Input(x.shape[1:])
    y = to_inner(window, FORMAT, "enter")
    y = layer(middle, (1,) * rank, data_format=FORMAT, name="first")(y)
    y = layer(filters, taps, padding=padding, data_format=FORMAT, name="second")(y)
    model = keras.Model(window, to_public(y, FORMAT, "leave"))
    randomise(model)
    weights = weights_of(model)
    truth = volume(predicted(model, x).shape, seed=3)

    def loss():
        y = correlate(x, *weights["first"], "same")
        return np.mean((correlate(y, *weights["second"], padding) - truth) ** 2)

    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mean_squared_error")
    model.train_on_batch(x, truth)
    assert_gradients(weights, weights_of(model), loss)


def assert_gradients(weights, moved, loss):
    """Each weight has moved by the slope of the loss, a function of `weights`."""
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


def test_gradients_of_the_transposed_one_equal_finite_differences():
    x = volume((1, 5, 6, 1))
    frame = keras.Input(x.shape[1:])
    y = to_inner(frame, FORMAT, "enter")
    y = Conv2D(2, 1, data_format=FORMAT, name="first")(y)
    y = Conv2DTranspose(3, 4, strides=2, padding="same", data_format=FORMAT, name="second")(y)
    model = keras.Model(frame, to_public(y, FORMAT, "leave"))
    randomise(model)
    weights = weights_of(model)
    truth = volume(predicted(model, x).shape, seed=3)

    def loss():
        y = correlate(x, *weights["first"], "same")
        return np.mean((transposed(y, *weights["second"], 2) - truth) ** 2)

    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mean_squared_error")
    model.train_on_batch(x, truth)
    assert_gradients(weights, weights_of(model), loss)


def test_is_saved_as_itself(tmp_path):
    window = keras.Input((5, None, None, 1))
    model = keras.Model(window, Conv3D(2, (3, 3, 3), padding="same")(window))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[1]) is Conv3D
    x = volume((1, 5, 6, 6, 1))
    np.testing.assert_array_equal(predicted(loaded, x), predicted(model, x))
