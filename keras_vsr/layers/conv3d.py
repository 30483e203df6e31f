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


def conv3d_channels_last_in_memory(x, kernel, padding):
    """A 3D convolution of torch whose result is channels first by name and channels last in memory.

    oneDNN is up to seven times faster so (8 to 8 channels, 3x3x3, a training step on two cores: 58
    ms to 15; 24 to 24: 275 to 108). Torch takes the layout of the kernel, and what comes after the
    first layer keeps it, so that nothing is copied but the small kernel.

    Args:
        x: (batch, C, D, H, W), a torch tensor.
        kernel: (kd, kh, kw, C, filters), each of the sizes odd where padding is "same".
        padding: "same" or "valid"; strides are 1.

    Returns:
        (batch, filters, D', H', W'), equal to `ops.conv` up to rounding.
    """
    import torch

    sizes = kernel.shape[:3]
    weight = ops.convert_to_tensor(kernel).permute(4, 3, 0, 1, 2)
    return torch.nn.functional.conv3d(
        x,
        weight.contiguous(memory_format=torch.channels_last_3d),
        padding=tuple(size // 2 for size in sizes) if padding == "same" else 0,
    )


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv3D(keras.layers.Conv3D):
    """`keras.layers.Conv3D` with one more path for JAX and one for torch, on a processor.

    XLA's 3D convolution on a CPU is many times slower than its 2D one, so there the layer adds up
    2D convolutions over the depth taps. On torch the result is laid out as oneDNN is fast with.
    Weights, name and result are those of the Keras layer.
    """

    def convolution_op(self, inputs, kernel):
        plain = self.strides == (1, 1, 1) and self.dilation_rate == (1, 1, 1) and self.groups == 1
        odd = all(size % 2 == 1 for size in self.kernel_size)
        place = keras.backend.backend(), self.data_format
        if plain and odd and place == ("jax", "channels_last"):
            return conv3d_by_depth(inputs, kernel, self.padding)
        if plain and odd and place == ("torch", "channels_first") and inputs.device.type == "cpu":
            return conv3d_channels_last_in_memory(inputs, kernel, self.padding)
        return super().convolution_op(inputs, kernel)
