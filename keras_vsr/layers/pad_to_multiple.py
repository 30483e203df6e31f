"""Sizes that halve evenly: frames padded before a network with poolings, and cropped after it."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class PadToMultiple(keras.layers.Layer):
    """Repeats the last row and the last column until both sizes are multiples of a number.

    Pixels are added below and to the right only, so that those of the frame keep their places.

    Args:
        multiple: Whole number, 1 or more.

    Input shape:
        (batch, H, W, C)

    Output shape:
        The same, with H and W rounded up.
    """

    def __init__(self, multiple, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(multiple, int) and multiple >= 1):
            raise ValueError(f"multiple must be a whole number, 1 or more; got {multiple!r}")
        self.multiple = multiple

    def call(self, x):
        for axis in (1, 2):
            size = ops.shape(x)[axis]
            missing = -size % self.multiple
            if isinstance(missing, int) and not missing:
                continue
            # Of indices, since TensorFlow cannot repeat a number of times that it does not know.
            indices = ops.minimum(ops.arange(size + missing), size - 1)
            x = ops.take(x, indices, axis=axis)
        return x

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, self._rounded(height), self._rounded(width), channels)

    def get_config(self):
        return {**super().get_config(), "multiple": self.multiple}

    def _rounded(self, size):
        return size and size + -size % self.multiple


@keras.saving.register_keras_serializable(package="keras_vsr")
class CropLike(keras.layers.Layer):
    """Takes away what `PadToMultiple` added: keeps the upper left part, as large as another frame.

    Input shape:
        [(batch, H, W, C), the frame before padding: (batch, h, w, any)]

    Output shape:
        (batch, h, w, C)
    """

    def call(self, inputs):
        x, frame = inputs
        _, height, width, _ = ops.shape(frame)
        return x[:, :height, :width]

    def compute_output_shape(self, input_shape):
        x, frame = input_shape
        return (x[0], frame[1], frame[2], x[3])
