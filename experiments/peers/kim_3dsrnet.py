"""3DSRnet of Kim et al. in native PyTorch, without the subnet that finds changes of scene.

Reference:
    Kim, Lim, Na, Kim: 3DSRnet: Video Super-resolution using 3D Convolutional Neural Networks, 2018
    (arXiv 1812.09079), and the authors' published MatConvNet files.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle, relu

from keras_vsr.cubic import cubic_kernel
from keras_vsr.window import WINDOW


class Kim3dsrnet(nn.Module):
    """The network of 451,332 parameters; 459,977 at scale 3 and 472,080 at scale 4.

    Layout:
        (batch, 1, 5, h, w), LR frames, to (batch, 1, scale * h, scale * w), the whole middle frame.

    Args:
        scale: Whole number by which frames grow.
        filters: Filters of the first five layers.
        residual: Adds the bicubic enlargement of the middle frame to the output, as published.
    """

    def __init__(self, *, scale: int = 2, filters: int = 64, residual: bool = True):
        super().__init__()
        self.scale = scale
        self.residual = residual
        self.conv1 = nn.Conv3d(1, filters, 3, padding=1)
        self.conv2 = nn.Conv3d(filters, filters, 3, padding=1)
        self.conv3 = nn.Conv3d(filters, filters, 3, padding=1)
        self.conv4 = nn.Conv3d(filters, filters, 3, padding=1)
        # The last two keep height and width, and take a frame from each end.
        self.conv5 = nn.Conv3d(filters, filters, 3, padding=(0, 1, 1))
        self.conv6 = nn.Conv3d(filters, scale * scale, 3, padding=(0, 1, 1))
        self.register_buffer("bicubic", bicubic_filters(scale), persistent=False)

    def forward(self, window: Tensor) -> Tensor:
        x = relu(self.conv1(window))
        x = relu(self.conv2(x))
        x = relu(self.conv3(x))
        x = relu(self.conv4(x))
        x = relu(self.conv5(x))
        x = pixel_shuffle(self.conv6(x)[:, :, 0], self.scale)
        if self.residual:
            middle = mirrored(mirrored(window[:, :, WINDOW // 2], axis=2), axis=3)
            x = x + pixel_shuffle(conv2d(middle, self.bicubic), self.scale)
        return x

    def keras_layers(self) -> dict[str, str]:
        """Path of each module with weights -> what follows the model's name in its Keras layer."""
        return {f"conv{layer}": f"conv{layer}" for layer in range(1, 7)}


def bicubic_filters(scale: int) -> Tensor:
    """Bicubic enlargement as a convolution: a 5x5 filter for each pixel inside an enlarged one.

    Returns:
        (scale * scale, 1, 5, 5) float32, row after row.
    """
    phases = [(phase + 0.5) / scale - 0.5 for phase in range(scale)]  # pixels from the middle
    taps = [cubic_kernel(phase - np.arange(-2, 3)) for phase in phases]
    filters = [np.outer(row, column) for row in taps for column in taps]
    return torch.from_numpy(np.array(filters, np.float32)[:, None])


def mirrored(frames: Tensor, axis: int) -> Tensor:
    """Frames with two pixels more at either end of an axis: the same ones in reverse."""
    size = frames.shape[axis]
    ends = [frames.narrow(axis, start, 2).flip(axis) for start in (0, size - 2)]
    return torch.cat([ends[0], frames, ends[1]], dim=axis)
