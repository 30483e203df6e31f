"""5-parallel, the first integrated network of 2021, in native PyTorch.

Five 2D stacks with weights of their own, one a frame, then one 3D network. The modules are named
and numbered as in the published state dicts, which load strictly: the diamond checkpoint (f = 12,
g = 24) into `Parallel5(order="as_run", errata=AS_RUN)`, the earlier one (f = 12, g = 8) into the
same with `filters_3d=8, volume="srnet3d"`.

Reference:
    report_2021, "5-parallel", and its checkpoints.
"""

import torch
from torch import Tensor, nn

from experiments.peers.errata import AS_DESCRIBED, WINDOW_FRAMES, Errata
from experiments.peers.recursion import recursive
from experiments.peers.srnet3d import taps

VOLUMES = ("deep", "srnet3d")


class Parallel5(nn.Module):
    """The network of 267,786 parameters as described, 259,938 used ones with E11.

    Layout:
        (batch, 1, 5, h, w), LR frames, to (batch, 1, 2h - 4, 2w - 4), the middle frame without 2
        pixels on each side.

    Args:
        filters_2d: f, filters of the narrow 2D layers.
        filters_3d: g, filters of the narrow 3D layers.
        wide_filters: Filters of the stem, of the 2D expansion and of the wide 3D layers.
        upscale_filters: Filters of the transposed convolutions.
        recursions_2d: Runs of the 2D recursive block; None takes 5, or 4 with E13.
        recursions_3d: Runs of each 3D recursive block.
        data_range: (MIN, MAX) of the range limiter S(x) = (MAX - MIN) sigmoid(x / 100) + MIN; None
            leaves it out.
        order: Taps of the 3D layers, "as_described" or "as_run"; see `Srnet3d`.
        volume: The 3D part: "deep" as in the report, or "srnet3d" as in the earlier checkpoint:
            `Srnet3d` with its two middle layers as the recursive block and a last kernel of 5x5.
        errata: E11 and E13 count here, E9 in `weights.start_stems`. With E11 the modules that are
            never run are there, as in the diamond checkpoint, and get no gradient.

    Raises:
        ValueError: there is no such order or volume.
    """

    def __init__(
        self,
        *,
        filters_2d: int = 12,
        filters_3d: int = 24,
        wide_filters: int = 32,
        upscale_filters: int = 16,
        recursions_2d: int | None = None,
        recursions_3d: int = 5,
        data_range: tuple[float, float] | None = (0.0, 255.0),
        order: str = "as_described",
        volume: str = "deep",
        errata: Errata = AS_DESCRIBED,
    ):
        super().__init__()
        if volume not in VOLUMES:
            raise ValueError(f"volume must be one of {VOLUMES}; got {volume!r}")
        self.errata = errata
        self.volume = volume
        self.data_range = data_range
        self.recursions_2d = errata.recursions_2d if recursions_2d is None else recursions_2d
        self.recursions_3d = recursions_3d
        for frame in WINDOW_FRAMES:
            stem = nn.Conv2d(1, wide_filters, 5, padding=2)
            self.add_module(f"first2dConv{frame}", stem)
            stack = frame_stack(filters_2d, wide_filters, upscale_filters)
            for part, module in enumerate(stack, start=1):
                self.add_module(f"twodConvBlock{frame}{part}", module)
        parts = volume_parts if volume == "deep" else srnet3d_parts
        for part, module in enumerate(parts(filters_3d, wide_filters, order), start=1):
            self.add_module(f"threedConvBlock{part}", module)
        self.output2dlayer = nn.Conv2d(wide_filters, 1, 5, padding=2)
        if errata.e11 and volume == "deep":
            self.output2dlayer2 = nn.Conv2d(1, 1, 5, padding=2)  # in the checkpoint, never run

    def forward(self, window: Tensor) -> Tensor:
        maps = [self._map(window[:, :, frame - 1], frame) for frame in WINDOW_FRAMES]
        x = torch.stack(maps, dim=2)
        x = self.threedConvBlock1(x)
        x = recursive(x, self.threedConvBlock2, self.recursions_3d)
        x = self.threedConvBlock3(x)
        if self.volume == "deep":
            x = recursive(x, self.threedConvBlock4, self.recursions_3d)
            x = self.threedConvBlock5(x)
        x = self.output2dlayer(x[:, :, 0])
        if self.data_range is None:
            return x
        low, high = self.data_range
        # In float32: half precision has steps of 0.125 between 128 and 255.
        return (high - low) * torch.sigmoid(x.float() / 100) + low

    def _map(self, frame: Tensor, number: int) -> Tensor:
        """One 2D stack: (batch, 1, h, w) to (batch, 1, 2h, 2w)."""
        x = self.get_submodule(f"first2dConv{number}")(frame)
        x = self.get_submodule(f"twodConvBlock{number}1")(x)
        if number in self.errata.recursive_frames:
            block = self.get_submodule(f"twodConvBlock{number}2")
            x = recursive(x, block, self.recursions_2d)
        return self.get_submodule(f"twodConvBlock{number}3")(x)

    def keras_layers(self) -> dict[str, str]:
        """Path of each module that is run and has weights -> name of its Keras layer."""
        names = {}
        for frame in WINDOW_FRAMES:
            stack = {
                f"first2dConv{frame}": "stem",
                f"twodConvBlock{frame}1.1": "shrink",
                f"twodConvBlock{frame}2.0": "block1",
                f"twodConvBlock{frame}2.2": "block2",
                f"twodConvBlock{frame}3.1": "expand",
                f"twodConvBlock{frame}3.3": "upscale",
                f"twodConvBlock{frame}3.5": "map",
            }
            if frame not in self.errata.recursive_frames:
                del stack[f"twodConvBlock{frame}2.0"], stack[f"twodConvBlock{frame}2.2"]
            names |= {path: f"frame{frame}_{name}" for path, name in stack.items()}
        return names | (VOLUME_LAYERS if self.volume == "deep" else SRNET3D_LAYERS)


VOLUME_LAYERS = {
    "threedConvBlock1.0": "volume_extract",
    "threedConvBlock1.2": "volume_shrink",
    "threedConvBlock2.0": "volume_block1_1",
    "threedConvBlock2.2": "volume_block1_2",
    "threedConvBlock3.0": "volume_between1",
    "threedConvBlock3.2": "volume_between2",
    "threedConvBlock4.0": "volume_block2_1",
    "threedConvBlock4.2": "volume_block2_2",
    "threedConvBlock5.1": "volume_after1",
    "threedConvBlock5.3": "volume_after2",
    "threedConvBlock5.5": "volume_after3",
    "threedConvBlock5.7": "volume_expand",
    "threedConvBlock5.9": "volume_collapse1",
    "threedConvBlock5.11": "volume_collapse2",
    "output2dlayer": "reconstruct",
}
SRNET3D_LAYERS = {
    "threedConvBlock1.0": "volume_extract",
    "threedConvBlock1.2": "volume_shrink",
    "threedConvBlock2.0": "volume_map1",
    "threedConvBlock2.2": "volume_map2",
    "threedConvBlock3.0": "volume_expand",
    "threedConvBlock3.2": "volume_collapse1",
    "threedConvBlock3.4": "volume_collapse2",
    "output2dlayer": "volume_reconstruct",
}


# A part that begins with a ReLU where the one before ends with a ReLU does so for its numbers: the
# published state dicts count from there.


def frame_stack(filters: int, wide_filters: int, upscale_filters: int) -> list[nn.Sequential]:
    """The three parts of a 2D stack behind its stem; the second is the recursive block."""
    return [
        nn.Sequential(nn.ReLU(), nn.Conv2d(wide_filters, filters, 1), nn.ReLU()),
        nn.Sequential(
            nn.Conv2d(filters, filters, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1),
        ),
        nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(filters, wide_filters, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(wide_filters, upscale_filters, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(upscale_filters, 1, 5, padding=2),
            nn.ReLU(),
        ),
    ]


def volume_parts(filters: int, wide_filters: int, order: str) -> list[nn.Sequential]:
    """The five parts of the 3D part; the second and the fourth are recursive blocks."""
    wide, thin = taps(order)

    def narrow() -> nn.Conv3d:
        return nn.Conv3d(filters, filters, 3, padding=1)

    return [
        nn.Sequential(
            nn.Conv3d(1, wide_filters, wide, padding="same"),
            nn.ReLU(),
            nn.Conv3d(wide_filters, filters, thin, padding="same"),
            nn.ReLU(),
        ),
        nn.Sequential(narrow(), nn.ReLU(), narrow()),
        nn.Sequential(narrow(), nn.ReLU(), narrow(), nn.ReLU()),
        nn.Sequential(narrow(), nn.ReLU(), narrow()),
        nn.Sequential(
            nn.ReLU(),
            narrow(),
            nn.ReLU(),
            narrow(),
            nn.ReLU(),
            narrow(),
            nn.ReLU(),
            nn.Conv3d(filters, wide_filters, thin, padding="same"),
            nn.ReLU(),
            nn.Conv3d(wide_filters, wide_filters, 3),
            nn.ReLU(),
            nn.Conv3d(wide_filters, wide_filters, 3),
            nn.ReLU(),
        ),
    ]


def srnet3d_parts(filters: int, wide_filters: int, order: str) -> list[nn.Sequential]:
    """The three parts of the earlier checkpoint's 3D part; the second is the recursive block."""
    wide, thin = taps(order)
    return [
        nn.Sequential(
            nn.Conv3d(1, wide_filters, wide, padding="same"),
            nn.ReLU(),
            nn.Conv3d(wide_filters, filters, thin, padding="same"),
            nn.ReLU(),
        ),
        nn.Sequential(
            nn.Conv3d(filters, filters, 3, padding=1),
            nn.ReLU(),
            nn.Conv3d(filters, filters, 3, padding=1),
        ),
        nn.Sequential(
            nn.Conv3d(filters, wide_filters, thin, padding="same"),
            nn.ReLU(),
            nn.Conv3d(wide_filters, wide_filters, 3),
            nn.ReLU(),
            nn.Conv3d(wide_filters, wide_filters, 3),
            nn.ReLU(),
        ),
    ]
