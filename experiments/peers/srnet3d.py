"""3DSRnet of the 2019 project in native PyTorch.

Reference:
    report_2019 and the layer table of slides_2019; the last kernel of the table is 3x3 (63,129
    parameters), that of the text and the checkpoints 5x5 (63,641).
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import relu

from experiments.peers.recursion import recursive

# (depth, height, width) of the 5x5x3 and of the 1x1x3 taps. The text means 5x5 in space and 3 in
# time; the programs laid the numbers on the axes as they stand (E3).
TAPS = {
    "as_described": ((3, 5, 5), (3, 1, 1)),
    "as_run": ((5, 5, 3), (1, 1, 3)),
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": relu, "linear": lambda x: x}


def taps(order: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The wide and the thin kernel in the order asked for.

    Raises:
        ValueError: `order` is neither "as_described" nor "as_run".
    """
    if order not in TAPS:
        raise ValueError(f"order must be one of {sorted(TAPS)}; got {order!r}")
    return TAPS[order]


class Srnet3d(nn.Module):
    """The network of 63,129 parameters, or of 63,641 with `last_kernel=5`.

    Layout:
        (batch, 1, 5, H, W), enlarged frames, to (batch, 1, H - 4, W - 4), the middle frame without
        2 pixels on each side.

    Args:
        filters: Filters of the wide layers.
        mapping_filters: Filters of the narrow layers between them.
        last_kernel: 3 as in the slides' table, 5 as in the text and the checkpoints.
        order: "as_described" lays the taps as 3 in time and 5x5 in space, "as_run" as 5 in time and
            5x3 in space.
        activation: "relu" or, as in the saved climate networks, "linear".
        recursions: None runs the two middle layers one after the other, as in 2019; a number makes
            them a recursive block that is run so often, as the integrated networks of 2021 do.

    Raises:
        ValueError: there is no such order or activation.
    """

    def __init__(
        self,
        *,
        filters: int = 32,
        mapping_filters: int = 8,
        last_kernel: int = 3,
        order: str = "as_described",
        activation: str = "relu",
        recursions: int | None = None,
    ):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)}; got {activation!r}")
        wide, thin = taps(order)
        self.activation = ACTIVATIONS[activation]
        self.recursions = recursions
        self.extract = nn.Conv3d(1, filters, wide, padding="same")
        self.shrink = nn.Conv3d(filters, mapping_filters, thin, padding="same")
        self.map1 = nn.Conv3d(mapping_filters, mapping_filters, 3, padding=1)
        self.map2 = nn.Conv3d(mapping_filters, mapping_filters, 3, padding=1)
        self.expand = nn.Conv3d(mapping_filters, filters, thin, padding="same")
        self.collapse1 = nn.Conv3d(filters, filters, 3)
        self.collapse2 = nn.Conv3d(filters, filters, 3)
        self.reconstruct = nn.Conv2d(filters, 1, last_kernel, padding="same")

    def forward(self, window: Tensor) -> Tensor:
        x = self.activation(self.extract(window))
        x = self.activation(self.shrink(x))
        if self.recursions is None:
            x = self.activation(self.map1(x))
            x = self.activation(self.map2(x))
        else:
            x = recursive(x, lambda y: self.map2(relu(self.map1(y))), self.recursions)
        x = self.activation(self.expand(x))
        x = self.activation(self.collapse1(x))
        x = self.activation(self.collapse2(x))
        return self.reconstruct(x[:, :, 0])

    def keras_layers(self) -> dict[str, str]:
        """Path of each module with weights -> what follows the model's name in its Keras layer."""
        names = ("extract", "shrink", "map1", "map2", "expand", "collapse1", "collapse2")
        return {name: name for name in (*names, "reconstruct")}
