"""Memory of a run, counted by hand."""

import keras
import pytest

from keras_vsr.inference.activation_memory import activation_bytes

pytestmark = pytest.mark.backend


def convolution(filters, name):
    return keras.layers.Conv2D(filters, 3, padding="same", data_format="channels_last", name=name)


def test_every_result_counts():
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, convolution(2, "b")(convolution(7, "a")(frame)))
    assert activation_bytes(model, (3, 10, 20, 1)) == 4 * 3 * 10 * 20 * (1 + 7 + 2)


def test_every_run_of_a_layer_counts():
    frame = keras.Input((None, None, 2))
    layer = convolution(2, "a")
    model = keras.Model(frame, layer(layer(layer(frame))))
    assert activation_bytes(model, (1, 8, 8, 2)) == 4 * 64 * 2 * (1 + 3)


def test_models_inside_count():
    frame = keras.Input((None, None, 1))
    inner = keras.Model(frame, convolution(1, "b")(convolution(5, "a")(frame)))
    outer_frame = keras.Input((None, None, 1))
    outer = keras.Model(outer_frame, inner(keras.layers.ReLU()(outer_frame)))
    assert activation_bytes(outer, (1, 8, 8, 1)) == 4 * 64 * (1 + 1 + 5 + 1)


def test_two_inputs_of_a_model_inside():
    pair = [keras.Input((None, None, 1)) for _ in range(2)]
    inner = keras.Model(pair, keras.layers.Add()(pair))
    frame = keras.Input((None, None, 1))
    outer = keras.Model(frame, inner([frame, frame]))
    assert activation_bytes(outer, (1, 8, 8, 1)) == 4 * 64 * (1 + 1)
