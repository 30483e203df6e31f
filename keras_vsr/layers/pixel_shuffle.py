"""Sub-pixel output: channels become pixels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class PixelShuffle(keras.layers.Layer):
    """Channel k of an LR pixel becomes the HR pixel (k // scale, k % scale) inside it.

    Args:
        scale: Whole number, 1 or more.

    Input shape:
        (batch, h, w, scale * scale)

    Output shape:
        (batch, scale * h, scale * w, 1)

    Reference:
        Shi et al.: Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
        Convolutional Neural Network, CVPR 2016.
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(scale, int) and scale >= 1):
            raise ValueError(f"scale must be a whole number, 1 or more; got {scale!r}")
        self.scale = scale

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        x = ops.reshape(x, (-1, height, width, self.scale, self.scale))
        x = ops.transpose(x, (0, 1, 3, 2, 4))
        return ops.reshape(x, (-1, height * self.scale, width * self.scale, 1))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height and height * self.scale, width and width * self.scale, 1)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
