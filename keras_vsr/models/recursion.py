"""The recursive residual block that the integrated networks share."""

from collections.abc import Callable, Sequence

import keras


def recursive_block(x, convolutions: Sequence[Callable], recursions: int, name: str):
    """x <- ReLU(B(x) + x), `recursions` times with one set of weights.

    Args:
        x: Features; B must keep their shape.
        convolutions: The layers of B, in order; ReLU stands between them, none after the last.
        recursions: How often the block is run.
        name: Prefix of the names of the layers without weights.

    Returns:
        Features of the same shape.
    """
    for recursion in range(1, recursions + 1):
        y = x
        for position, convolution in enumerate(convolutions):
            if position:
                y = keras.layers.ReLU(name=f"{name}_relu{position}_{recursion}")(y)
            y = convolution(y)
        x = keras.layers.Add(name=f"{name}_add_{recursion}")([y, x])
        x = keras.layers.ReLU(name=f"{name}_out_{recursion}")(x)
    return x
