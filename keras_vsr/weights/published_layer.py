"""A layer as a published file has it."""

from dataclasses import dataclass

import numpy as np

from keras_vsr.errors import InputError


@dataclass(frozen=True)
class PublishedLayer:
    """One convolution of a published network, in Keras's layout, float32.

    Attributes:
        name: What the file calls it.
        kernel: (space..., in, out); of transposed convolutions (space..., out, in).
        bias: (out,).
        slopes: Of the parametric ReLU behind it: (1,) for one that all channels share, or (out,);
            None where there is none.
        activation: What the file says of it; None where the format does not say.
        strides: The same.
        transposed: Whether it is a transposed convolution.
        target: Name of the layer in our network; None matches layers by their order.
        optional: Whether a network may lack it, since the published program never runs it.
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    slopes: np.ndarray | None = None
    activation: str | None = None
    strides: tuple[int, ...] | None = None
    transposed: bool = False
    target: str | None = None
    optional: bool = False


def weight(array: np.ndarray, name: str, path) -> np.ndarray:
    """An array of a file as float32.

    Args:
        array: Numbers of any precision.
        name: Of the array in the file.
        path: The file.

    Raises:
        InputError: a number is not finite in float32.
    """
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused
        value = np.asarray(array, np.float32)
    if not np.isfinite(value).all():
        raise InputError(
            f"{path} has a number that is not finite in {name!r}; get the published file again"
        )
    return value
