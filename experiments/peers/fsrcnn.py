"""FSRCNN as the 2019 project trained it on climate data, in native PyTorch.

Reference:
    Dong, Loy, Tang: Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016, as
    changed by report_2019; the layers are those of the checkpoint of 10,577 parameters.
"""

from torch import Tensor, nn
from torch.nn.functional import relu


class Fsrcnn(nn.Module):
    """The network of 10,577 parameters: twice the height and the width.

    Layout:
        (batch, 1, h, w), an LR frame, to (batch, 1, 2h, 2w).

    Args:
        filters: Filters of the first and fourth layer.
        mapping_filters: Filters of the second and third layer.
        upscale_filters: Filters of the transposed convolution.
    """

    def __init__(self, *, filters: int = 32, mapping_filters: int = 8, upscale_filters: int = 16):
        super().__init__()
        self.extract = nn.Conv2d(1, filters, 5, padding=2)
        self.shrink = nn.Conv2d(filters, mapping_filters, 1)
        self.map = nn.Conv2d(mapping_filters, mapping_filters, 3, padding=1)
        self.expand = nn.Conv2d(mapping_filters, filters, 1)
        # Of the 4 pixels that an input pixel adds to, Keras's "same" cuts 1 on each side.
        self.upscale = nn.ConvTranspose2d(filters, upscale_filters, 4, stride=2, padding=1)
        self.reconstruct = nn.Conv2d(upscale_filters, 1, 5, padding=2)

    def forward(self, frame: Tensor) -> Tensor:
        x = relu(self.extract(frame))
        x = relu(self.shrink(x))
        x = relu(self.map(x))
        x = relu(self.expand(x))
        x = relu(self.upscale(x))
        return relu(self.reconstruct(x))

    def keras_layers(self) -> dict[str, str]:
        """Path of each module with weights -> what follows the model's name in its Keras layer."""
        names = ("extract", "shrink", "map", "expand", "upscale", "reconstruct")
        return {name: name for name in names}
