"""Layers that do not fit: said in one sentence, and the network stays as it was."""

import re
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_vsr.errors import InputError
from keras_vsr.models import build
from keras_vsr.weights.assign import assign
from keras_vsr.weights.published_layer import PublishedLayer
from keras_vsr.weights.recognise import recognise

pytestmark = pytest.mark.backend

PATH = Path("published.file")


def layer(name, *shape, filters=None, **more):
    random = np.random.default_rng(len(name))
    return PublishedLayer(
        name,
        random.normal(size=shape).astype(np.float32),
        random.normal(size=filters or shape[-1]).astype(np.float32),
        **more,
    )


def srcnn_layers():
    return [
        layer("one", 9, 9, 1, 64, activation="relu", strides=(1, 1)),
        layer("two", 1, 1, 64, 32, activation="relu", strides=(1, 1)),
        layer("three", 5, 5, 32, 1, activation="linear", strides=(1, 1)),
    ]


def fsrcnn_2019_layers(strides):
    shapes = [(5, 5, 1, 32), (1, 1, 32, 8), (3, 3, 8, 8), (1, 1, 8, 32)]
    layers = [layer(str(i), *shape, activation="relu") for i, shape in enumerate(shapes)]
    up = layer("up", 4, 4, 16, 32, filters=16, activation="relu", strides=strides, transposed=True)
    return [*layers, up, layer("last", 5, 5, 16, 1, activation="relu")]


def weights(model):
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def refused(model, layers):
    """What is said; the network must not have changed."""
    before = weights(model)
    with pytest.raises(InputError) as caught:
        assign(model, layers, PATH)
    for one, other in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(one, other)
    message = str(caught.value)
    assert message.startswith("published.file does not fit the network ")
    assert "python -m keras_vsr convert" in message
    assert not re.search(r"[.!?]\s+[A-Z]", message)
    return message


def test_layers_that_fit():
    model, layers = build("srcnn"), srcnn_layers()
    assert assign(model, layers, PATH) == []
    values = weights(model)
    for index, one in enumerate(layers):
        np.testing.assert_array_equal(values[2 * index], one.kernel)
        np.testing.assert_array_equal(values[2 * index + 1], one.bias)


def test_a_kernel_of_another_shape():
    layers = srcnn_layers()
    layers[1] = layer("two", 3, 3, 64, 32)
    assert "two has kernel of shape (3, 3, 64, 32) in the file, but (1, 1, 64, 32) in" in refused(
        build("srcnn"), layers
    )


def test_a_bias_of_another_shape():
    layers = srcnn_layers()
    layers[2] = replace(layers[2], bias=np.zeros(2, np.float32))
    assert "three has bias of shape (2,) in the file, but (1,)" in refused(build("srcnn"), layers)


def test_layers_too_few_and_too_many():
    layers = srcnn_layers()
    assert "no layer for srcnn_reconstruct" in refused(build("srcnn"), layers[:2])
    assert "no layer for four" in refused(build("srcnn"), [*layers, layer("four", 1, 1, 1, 1)])
    assert "no layer for srcnn_extract" in refused(build("srcnn"), [])


def test_another_activation():
    layers = srcnn_layers()
    layers[0] = replace(layers[0], activation="linear")
    assert "one has activation linear in the file, but relu in the network" in refused(
        build("srcnn"), layers
    )
    # Where a format does not say it, nothing is compared.
    layers[0] = replace(layers[0], activation=None)
    assign(build("srcnn"), layers, PATH)


def test_another_stride():
    assign(build("fsrcnn_2019"), fsrcnn_2019_layers((2, 2)), PATH)
    message = refused(build("fsrcnn_2019", scale=3), fsrcnn_2019_layers((2, 2)))
    assert "up has strides (2, 2) in the file, but (3, 3) in the network" in message


def test_a_plain_layer_for_a_transposed_one():
    layers = fsrcnn_2019_layers(None)
    layers[4] = replace(layers[4], transposed=False)
    assert "up has transposed False in the file, but True" in refused(build("fsrcnn_2019"), layers)


def test_slopes_on_one_side_only():
    model = build("srcnn", activation="prelu")
    layers = [replace(one, activation=None) for one in srcnn_layers()]
    assert "one has slopes of shape none in the file, but (64,)" in refused(model, layers)
    sloped = [replace(layers[0], slopes=np.zeros(64, np.float32)), *layers[1:]]
    assert "one has slopes of shape (64,) in the file, but none" in refused(build("srcnn"), sloped)


def test_slopes_that_fit():
    model = build("srcnn", activation="prelu")
    layers = [replace(one, activation="linear") for one in srcnn_layers()]
    for index, filters in enumerate((64, 32)):
        slopes = np.arange(filters, dtype=np.float32)
        layers[index] = replace(layers[index], slopes=slopes)
    assign(model, layers, PATH)
    alpha = keras.ops.convert_to_numpy(model.get_layer("srcnn_map_prelu").alpha)
    np.testing.assert_array_equal(alpha, np.arange(32))


def test_named_layers():
    names = [f"srcnn_{name}" for name in ("extract", "map", "reconstruct")]
    layers = [replace(one, target=name) for one, name in zip(srcnn_layers(), names, strict=True)]
    spare = layer("spare", 7, 7, 1, 1, target="nowhere", optional=True)
    assert assign(build("srcnn"), [spare, *reversed(layers)], PATH) == ["spare"]
    needed = replace(spare, optional=False)
    assert "no layer for spare" in refused(build("srcnn"), [needed, *layers])
    assert "no layer for srcnn_map" in refused(build("srcnn"), [layers[0], layers[2]])


def test_layers_of_no_network():
    for layers in (
        [],
        [layer("a", 3, 3, 1, 8)],
        [layer("a", 3, 3, 3, 1, 8), layer("b", 3, 3, 8, 1)],
        [replace(one, activation="tanh") for one in srcnn_layers()],
    ):
        with pytest.raises(InputError, match=r"^published.file holds \d layers .* one of the publ"):
            recognise(layers, PATH)


def test_layers_beyond_number():
    # Without end to them, each would become as large as the second.
    layers = [layer("a", 9, 9, 1, 64), layer("b", 5, 5, 64, 64)]
    layers += [layer(f"c{number}", 1, 1, 1, 1) for number in range(100)]
    with pytest.raises(InputError, match="holds 102 layers"):
        recognise(layers, PATH)


def test_a_few_numbers_that_would_build_a_giant():
    # A middle layer of 2**20 x 2**20 would follow from these 4 million numbers.
    size = 2**20
    layers = [layer("a", 1, 1, 1, 2), layer("b", 1, 1, 2, size), layer("c", 1, 1, size, 1)]
    with pytest.raises(InputError, match="no network here has"):
        recognise(layers, PATH)
