"""Convolutions of TensorFlow on a processor.

TensorFlow makes one operation of a convolution, its bias and its ReLU where the bias is added by
`tf.nn.bias_add`; Keras adds it as any other array, in a further pass over the result. And oneDNN
works on 16 channels at a time: a layer that makes one map uses a sixteenth of each instruction.
"""

import functools

import keras
from keras import ops

FEW_FILTERS = 4  # up to which rows of taps become filters


@functools.cache
def wanted() -> bool:
    """Whether layers should come here: on TensorFlow, and where it computes on a processor."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def add_bias(x, bias):
    """Features (batch, ..., filters) with a bias (filters,)."""
    import tensorflow as tf

    return tf.nn.bias_add(x, ops.convert_to_tensor(bias))


def convolve(x, kernel, padding):
    """A 2D convolution with strides of 1.

    Where filters are few, each row of taps is filters of its own, whose maps are shifted and added.

    Args:
        x: (batch, H, W, C).
        kernel: (kh, kw, C, filters); sizes are odd where padding is "same".
        padding: "same" or "valid".

    Returns:
        (batch, H', W', filters), equal to `ops.conv` up to rounding.
    """
    rows, columns, channels, filters = kernel.shape
    if rows == 1 or filters > FEW_FILTERS:
        return ops.conv(x, kernel, padding=padding)
    beside = ops.transpose(ops.convert_to_tensor(kernel), (1, 2, 0, 3))
    maps = ops.conv(x, ops.reshape(beside, (1, columns, channels, -1)), padding=padding)
    if padding == "same":
        maps = ops.pad(maps, [(0, 0), (rows // 2, rows // 2), (0, 0), (0, 0)])
    height = ops.shape(maps)[1] - rows + 1
    terms = [
        maps[:, row : row + height, :, row * filters : (row + 1) * filters] for row in range(rows)
    ]
    return sum(terms[1:], start=terms[0])
