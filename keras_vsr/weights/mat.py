"""MATLAB files: SRCNN and FSRCNN of Dong et al. (v5), 3DSRnet of Kim et al. (v7.3).

All hold correlation kernels, as Keras does. MATLAB's order is Fortran's: of an array (in, k * k,
out), element [i, a + k * b, o] is row a, column b of the kernel from channel i to filter o.
"""

from pathlib import Path

import keras
import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.weights.assign import assign
from keras_vsr.weights.child import read_in_child
from keras_vsr.weights.published_layer import PublishedLayer, weight
from keras_vsr.weights.signature import format_of


def load_mat(model: keras.Model, path: Path) -> list[str]:
    """Gives `srcnn`, `fsrcnn` or `kim_3dsrnet` the original authors' weights.

    An FSRCNN's file does not say its scale, and its weights fit a network of any scale: one built
    for another scale than the file's takes them without complaint, and makes wrong frames.

    Args:
        model: The network; an FSRCNN with the `scale` that the file was published for.
        path: The file.

    Returns:
        Names of the file's layers that are not used: none.

    Raises:
        InputError: the file cannot be read or does not fit; the network is as it was.
    """
    return assign(model, read_mat(path), path)


def read_mat(path: Path) -> list[PublishedLayer]:
    """The layers of a MATLAB file, in order.

    Raises:
        InputError: the file cannot be read, or is of none of the three networks.
    """
    arrays, _ = read_in_child(format_of(path, ("mat5", "mat73")), path)
    arrays = {name: weight(array, name, path) for name, array in arrays.items()}
    try:
        if "weights_conv1" in arrays:
            return _srcnn(arrays)
        if "weights_conv/0" in arrays:
            return _fsrcnn(arrays)
        if "conv_1f" in arrays:
            return _kim(arrays)
    except KeyError as error:
        raise InputError(f"{path} has no array {error}; get the published file again") from None
    except ValueError as error:  # a kernel that is not square, for one
        raise InputError(
            f"{path} has a layer that is no convolution ({error}); get the published file again"
        ) from None
    raise InputError(f"{path} holds neither SRCNN, FSRCNN nor 3DSRnet; give a file that does")


def _squares(array: np.ndarray) -> np.ndarray:
    """(channels, k * k, filters) to (k, k, channels, filters)."""
    channels, taps, filters = array.shape
    if array.size == 0:
        raise ValueError("it is empty")
    size = round(taps**0.5)
    if size * size != taps:
        raise ValueError(f"{taps} taps are no square")
    return array.reshape((channels, size, size, filters), order="F").transpose(1, 2, 0, 3)


def _srcnn(arrays) -> list[PublishedLayer]:
    """Arrays (k * k, 64), (64, k * k, 32) and (32, k * k): one channel comes in, one goes out."""
    kernels = [arrays[f"weights_conv{number}"] for number in (1, 2, 3)]
    kernels = [kernels[0][None], kernels[1], kernels[2][..., None]]
    return [
        PublishedLayer(f"conv{number}", _squares(kernel), arrays[f"biases_conv{number}"].ravel())
        for number, kernel in enumerate(kernels, start=1)
    ]


def _fsrcnn(arrays) -> list[PublishedLayer]:
    """Cells (in, k * k, out); the last, transposed one is (out, k * k, in), as Keras has it."""
    count = sum(name.startswith("weights_conv/") for name in arrays)
    return [
        PublishedLayer(
            f"conv/{index}",
            _squares(arrays[f"weights_conv/{index}"]),
            arrays[f"biases_conv/{index}"].ravel(),
            slopes=None if index == count - 1 else arrays[f"prelu_conv/{index}"].ravel(),
            transposed=index == count - 1,
        )
        for index in range(count)
    ]


def _kim(arrays) -> list[PublishedLayer]:
    """HDF5 has MATLAB's (W, H, D, in, out) the other way round: (out, in, D, W, H)."""
    count = sum(name.endswith("f") for name in arrays)
    return [
        PublishedLayer(
            f"conv_{number}",
            arrays[f"conv_{number}f"].transpose(2, 4, 3, 1, 0),
            arrays[f"conv_{number}b"].ravel(),
        )
        for number in range(1, count + 1)
    ]
