"""ReLU with a learned slope for negative values."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class ParametricReLU(keras.layers.Layer):
    """max(x, 0) + alpha * min(x, 0), with one slope for each channel or one for the layer.

    Unlike `keras.layers.PReLU`, its weight has the same shape in both layouts, so that weights move
    freely between them.

    Args:
        shared: Whether one slope serves all channels.
        data_format: "channels_last" or "channels_first".

    Input shape:
        (batch, space..., channels), or (batch, channels, space...) in channels-first layout

    Output shape:
        The same.

    Reference:
        He, Zhang, Ren, Sun: Delving Deep into Rectifiers, ICCV 2015.
    """

    def __init__(self, shared=False, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.shared = shared
        self.data_format = data_format

    def build(self, input_shape):
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        # Zero, as the 2019 programs start: a ReLU at first.
        self.alpha = self.add_weight(
            shape=(1 if self.shared else channels,), initializer="zeros", name="alpha"
        )

    def call(self, x):
        alpha = ops.cast(self.alpha, x.dtype)
        if self.data_format == "channels_first":
            alpha = ops.reshape(alpha, (-1,) + (1,) * (len(x.shape) - 2))
        # Of ReLUs, since the gradient of a maximum of two equal numbers differs by backend.
        return ops.relu(x) - alpha * ops.relu(-x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "shared": self.shared, "data_format": self.data_format}
