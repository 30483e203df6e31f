"""Published layers into a network: all of them fit, or nothing is changed."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import keras

from keras_vsr.errors import InputError
from keras_vsr.weights.initial import convolutions
from keras_vsr.weights.published_layer import PublishedLayer

SLOPES = "_prelu"  # what a layer of slopes is called, after its convolution
CONVERT = "build the network that `python -m keras_vsr convert` names for this file"


def assign(
    model: keras.Model, layers: Sequence[PublishedLayer], path: Path, advice: str = CONVERT
) -> list[str]:
    """Gives a network the weights of published layers.

    Args:
        model: A network whose convolutions are those of the file. They are matched by the layers'
            `target` names where these have some, else in order from input to output.
        layers: What was read.
        path: The file, for messages.
        advice: What would do where they do not fit, for messages.

    Returns:
        Names of the layers in the file that the network has no use for.

    Raises:
        InputError: a shape, an activation or strides differ, or one of the two has a layer that
            the other lacks. The network is as it was.
    """
    values, unused = [], []
    slopes = {layer.name: layer for layer in _layers(model) if layer.name.endswith(SLOPES)}
    try:
        for layer, ours in _match(model, layers):
            if ours is None:
                unused.append(layer.name)
                continue
            _check_settings(layer, ours)
            values.append((ours.kernel, _fitting(layer, "kernel", ours, ours.kernel)))
            values.append((ours.bias, _fitting(layer, "bias", ours, ours.bias)))
            alpha = getattr(slopes.get(f"{ours.name}{SLOPES}"), "alpha", None)
            if alpha is not None or layer.slopes is not None:
                values.append((alpha, _fitting(layer, "slopes", ours, alpha)))
    except _DifferenceError as error:
        raise InputError(
            f"{path} does not fit the network {model.name}: {error}; {advice}"
        ) from None
    for variable, value in values:
        variable.assign(value)
    return unused


class _DifferenceError(Exception):
    """The first layer that differs."""


def _layers(model) -> Iterator[keras.layers.Layer]:
    """All layers, those of models inside included."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _match(model, layers):
    """Pairs of a published layer and ours; ours is None where the published one is not used."""
    ours = {layer.name: layer for _, layer in convolutions(model)}
    if not any(layer.target for layer in layers):
        for layer, convolution in zip_longest(layers, ours.values()):
            if layer is None:
                raise _DifferenceError(f"the file has no layer for {convolution.name}")
            if convolution is None:
                raise _DifferenceError(f"the network has no layer for {layer.name}")
            yield layer, convolution
        return
    for layer in layers:
        if layer.target not in ours and not layer.optional:
            raise _DifferenceError(f"the network has no layer for {layer.name}")
        yield layer, ours.pop(layer.target, None)
    if ours:
        raise _DifferenceError(f"the file has no layer for {next(iter(ours))}")


def _check_settings(layer, ours):
    """What changes the result but not the shapes."""
    transposed = isinstance(ours, keras.layers.Conv2DTranspose)
    theirs = {
        "activation": (layer.activation, ours.activation.__name__),
        "strides": (layer.strides, tuple(ours.strides)),
        "transposed": (layer.transposed, transposed),
    }
    for setting, (in_file, in_network) in theirs.items():
        if in_file is not None and in_file != in_network:
            raise _DifferenceError(
                f"{layer.name} has {setting} {in_file} in the file, but {in_network} in the "
                f"network ({ours.name})"
            )


def _fitting(layer, part, ours, variable):
    """The published array, which must have the variable's shape."""
    value = getattr(layer, part)
    in_file = "none" if value is None else tuple(value.shape)
    in_network = "none" if variable is None else tuple(variable.shape)
    if in_file != in_network:
        raise _DifferenceError(
            f"{layer.name} has {part} of shape {in_file} in the file, but {in_network} in the "
            f"network ({ours.name})"
        )
    return value
