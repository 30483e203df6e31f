"""Padding with the outermost pixels, which the authors of SRCNN and FSRCNN used in their tests."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class EdgePad(keras.layers.Layer):
    """Repeats the outermost pixels of frames, as MATLAB's `imfilter(..., "replicate")` does.

    `keras.ops.pad` cannot do so on TensorFlow.

    Args:
        border: Pixels added to each side, 0 or more.
        data_format: "channels_last" or "channels_first".

    Input shape:
        (batch, H, W, C), or (batch, C, H, W) in channels-first layout

    Output shape:
        The same with H + 2 * border and W + 2 * border.
    """

    def __init__(self, border, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(border, int) and border >= 0):
            raise ValueError(f"border must be a whole number, 0 or more; got {border!r}")
        self.border = border
        self.data_format = data_format

    def call(self, x):
        for axis in self._axes():
            lead = (slice(None),) * axis
            first, last = x[(*lead, slice(0, 1))], x[(*lead, slice(-1, None))]
            x = ops.concatenate([first] * self.border + [x] + [last] * self.border, axis=axis)
        return x

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        for axis in self._axes():
            shape[axis] = shape[axis] and shape[axis] + 2 * self.border
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "border": self.border, "data_format": self.data_format}

    def _axes(self):
        return (2, 3) if self.data_format == "channels_first" else (1, 2)
