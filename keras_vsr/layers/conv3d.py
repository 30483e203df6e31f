"""3D convolution with a faster path where a backend's own is slow."""

import keras
from keras import ops


def conv3d_by_depth(x, kernel, padding):
    """A 3D convolution as a sum over the depth taps of 2D convolutions.

    Args:
        x: (batch, D, H, W, C).
        kernel: (kd, kh, kw, C, filters).
        padding: "same" (kd odd) or "valid"; strides are 1.

    Returns:
        (batch, D', H', W', filters), equal to `ops.conv` up to rounding.
    """
    taps = kernel.shape[0]
    if padding == "same":
        x = ops.pad(x, [(0, 0), (taps // 2, taps // 2), (0, 0), (0, 0), (0, 0)])
    batch, frames, height, width, channels = x.shape
    depth = frames - taps + 1
    total = None
    for tap in range(taps):
        slab = ops.reshape(x[:, tap : tap + depth], (batch * depth, height, width, channels))
        term = ops.conv(slab, kernel[tap], padding=padding)
        total = term if total is None else total + term
    return ops.reshape(total, (batch, depth, *total.shape[1:]))


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv3D(keras.layers.Conv3D):
    """`keras.layers.Conv3D` with one more path for JAX.

    XLA's 3D convolution on a CPU is many times slower than its 2D one, so there the layer adds up
    2D convolutions over the depth taps. Weights, name and result are those of the Keras layer.
    """

    def convolution_op(self, inputs, kernel):
        plain = self.strides == (1, 1, 1) and self.dilation_rate == (1, 1, 1)
        if (
            keras.backend.backend() == "jax"
            and plain
            and self.groups == 1
            and self.data_format == "channels_last"
            and kernel.shape[0] % 2 == 1
        ):
            return conv3d_by_depth(inputs, kernel, self.padding)
        return super().convolution_op(inputs, kernel)
