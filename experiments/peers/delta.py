"""Delta, the second integrated network of 2021, in native PyTorch.

A reconstruction, as in `keras_vsr`: the report's drawing is lost, and this reading fits its text
and its printed 83,702 parameters. One shared 2D trunk, through whose blocks each frame of a window
goes a different way, then the 3D network of 63,641 parameters with its two middle layers recursive.

Reference:
    report_2021, "Delta".
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from experiments.peers.errata import AS_DESCRIBED, Errata
from experiments.peers.recursion import recursive
from experiments.peers.srnet3d import Srnet3d
from keras_vsr.window import WINDOW

FIRST_BLOCK = (3, 2, 1, 2, 3)  # the block where each frame of the window enters


class Delta(nn.Module):
    """The network of 83,702 parameters.

    Layout:
        (batch, 1, 5, h, w), LR frames, to (batch, 1, 2h - 4, 2w - 4), the middle frame without 2
        pixels on each side.

    Args:
        filters: Filters inside Block 1 and Block 2.
        stem_filters: Filters of the stem and of the expansion in Block 3.
        upscale_filters: Filters of the transposed convolution.
        filters_3d: Narrow filters of the 3D network.
        wide_filters_3d: Wide filters of the 3D network.
        recursions_2d: Runs of each recursive pair in 2D; None takes 5, or 4 with E13.
        recursions_3d: Runs of the recursive pair in 3D.
        first_block: For each of the five frames, the first block (1 to 3) that it goes through.
        order: Taps of the 3D layers, "as_described" or "as_run"; see `Srnet3d`.
        errata: Only E13 counts here.

    Raises:
        ValueError: `first_block` is not five numbers from 1 to 3, or there is no such order.
    """

    def __init__(
        self,
        *,
        filters: int = 12,
        stem_filters: int = 16,
        upscale_filters: int = 32,
        filters_3d: int = 8,
        wide_filters_3d: int = 32,
        recursions_2d: int | None = None,
        recursions_3d: int = 5,
        first_block: tuple[int, ...] = FIRST_BLOCK,
        order: str = "as_described",
        errata: Errata = AS_DESCRIBED,
    ):
        super().__init__()
        if len(first_block) != WINDOW or not set(first_block) <= {1, 2, 3}:
            raise ValueError(f"first_block must hold five numbers from 1 to 3; got {first_block}")
        self.first_block = first_block
        self.recursions_2d = errata.recursions_2d if recursions_2d is None else recursions_2d

        def pairs() -> nn.ModuleList:
            def narrow() -> nn.Conv2d:
                return nn.Conv2d(filters, filters, 3, padding=1)

            return nn.ModuleList(nn.Sequential(narrow(), nn.ReLU(), narrow()) for _ in range(2))

        self.stem = nn.Conv2d(1, stem_filters, 3, padding=1)
        self.shrink = nn.Conv2d(stem_filters, filters, 1)
        self.block1 = pairs()
        self.block2 = pairs()
        self.block3 = nn.Sequential(
            nn.Conv2d(filters, stem_filters, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(stem_filters, upscale_filters, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(upscale_filters, 1, 5, padding=2),
        )
        self.volume = Srnet3d(
            filters=wide_filters_3d,
            mapping_filters=filters_3d,
            last_kernel=5,
            order=order,
            recursions=recursions_3d,
        )

    def forward(self, window: Tensor) -> Tensor:
        # Frames stand before the batch, those that enter first in front: each layer then runs once,
        # for the frames up to the last one that goes through it.
        entering = sorted(range(WINDOW), key=lambda frame: self.first_block[frame])
        frames = window.transpose(0, 2)[:, 0][entering]  # (5, batch, h, w)
        batch = frames.shape[1]
        x = frames.flatten(0, 1).unsqueeze(1)
        x = relu(self.shrink(relu(self.stem(x))))
        for number, block in ((1, self.block1), (2, self.block2)):
            inside = batch * sum(first <= number for first in self.first_block)
            if inside:
                y = x[:inside]
                for pair in block:
                    y = recursive(y, pair, self.recursions_2d)
                x = torch.cat([y, x[inside:]])
        maps = self.block3(x).unflatten(0, (WINDOW, batch))  # (5, batch, 1, 2h, 2w)
        in_time = [entering.index(frame) for frame in range(WINDOW)]
        return self.volume(maps[in_time].permute(1, 2, 0, 3, 4))

    def keras_layers(self) -> dict[str, str]:
        """Path of each module that is run and has weights -> name of its Keras layer."""
        names = {"stem": "stem", "shrink": "shrink"}
        for block in (1, 2):
            if min(self.first_block) <= block:
                for pair in (1, 2):
                    for layer in (1, 2):
                        path = f"block{block}.{pair - 1}.{2 * (layer - 1)}"
                        names[path] = f"block{block}_pair{pair}_{layer}"
        names |= {"block3.0": "block3_expand", "block3.2": "block3_upscale"}
        names |= {"block3.4": "block3_map"}
        inside = self.volume.keras_layers()
        return names | {f"volume.{path}": f"volume_{name}" for path, name in inside.items()}
