"""Whole networks that Keras 2 saved as HDF5: the 2019 project's checkpoints.

`keras.saving.load_model` of Keras 3 does not open them.
"""

from dataclasses import replace
from pathlib import Path

import keras

from keras_vsr.errors import InputError
from keras_vsr.weights.assign import assign
from keras_vsr.weights.child import read_in_child
from keras_vsr.weights.published_layer import PublishedLayer, weight
from keras_vsr.weights.signature import format_of


def load_keras2_h5(model: keras.Model, path: Path) -> list[str]:
    """Gives a network of 2019 the weights of a checkpoint.

    Args:
        model: The network, with the activations and strides that the file says.
        path: The file.

    Returns:
        Names of the file's layers that are not used: none.

    Raises:
        InputError: the file cannot be read or does not fit; the network is as it was.
    """
    return assign(model, read_keras2_h5(path), path)


def read_keras2_h5(path: Path) -> list[PublishedLayer]:
    """The layers of a Keras-2 file, from input to output.

    Raises:
        InputError: the file cannot be read.
    """
    arrays, header = read_in_child(format_of(path, ("keras2_h5",)), path)
    arrays = {name: weight(array, name, path) for name, array in arrays.items()}
    layers: list[PublishedLayer] = []
    for index, described in enumerate(header["layers"]):
        if f"{index}/kernel" in arrays:
            layers.append(_convolution(arrays, index, described, path))
        elif f"{index}/alpha" in arrays:
            if not layers:
                raise InputError(f"{path} begins with slopes; get the published file again")
            slopes = arrays[f"{index}/alpha"].ravel()  # (1, 1, channels) with shared axes
            layers[-1] = replace(layers[-1], slopes=slopes)
    return layers


def _convolution(arrays, index, described, path) -> PublishedLayer:
    kernel, bias = arrays[f"{index}/kernel"], arrays[f"{index}/bias"]
    strides = tuple(described["strides"] or ())
    axes = 3 if described["class"] == "Conv3D" else 2
    if (kernel.ndim, bias.ndim, len(strides)) != (axes + 2, 1, axes):
        raise InputError(
            f"{path} has a layer {described['name']!r} that is no {described['class']}: kernel of "
            f"shape {kernel.shape}, bias of shape {bias.shape}, strides {strides or 'none'}; get "
            "the published file again"
        )
    return PublishedLayer(
        described["name"],
        kernel,
        bias,
        activation=described["activation"],
        strides=strides,
        transposed=described["class"] == "Conv2DTranspose",
    )
