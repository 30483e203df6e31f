"""State dictionaries of torch: the 2021 project's 5-parallel networks.

Kernels are (out, in, space...) in torch, and (in, out, space...) where they are transposed; Keras
has (space..., in, out) and (space..., out, in). So one permutation serves both.
"""

from pathlib import Path

import keras
import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.weights.assign import assign
from keras_vsr.weights.child import read_in_child
from keras_vsr.weights.published_layer import PublishedLayer, weight
from keras_vsr.weights.signature import format_of
from keras_vsr.window import WINDOW

# Entries of one 2D stack, by our names of its layers; {0} is the number of the frame.
FRAME_STACK = {
    "first2dConv{0}": "frame{0}_stem",
    "twodConvBlock{0}1.1": "frame{0}_shrink",
    "twodConvBlock{0}2.0": "frame{0}_block1",
    "twodConvBlock{0}2.2": "frame{0}_block2",
    "twodConvBlock{0}3.1": "frame{0}_expand",
    "twodConvBlock{0}3.3": "frame{0}_upscale",
    "twodConvBlock{0}3.5": "frame{0}_map",
}
FRAME_STACKS = {
    key.format(frame): name.format(frame)
    for frame in range(1, WINDOW + 1)
    for key, name in FRAME_STACK.items()
}
UPSCALE = "_upscale"  # ends the names of the transposed ones

# Entries of the 3D part: that of the report, and that of the earlier checkpoint.
DEEP_VOLUME = {
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
SRNET3D_VOLUME = {
    "threedConvBlock1.0": "volume_extract",
    "threedConvBlock1.2": "volume_shrink",
    "threedConvBlock2.0": "volume_map1",
    "threedConvBlock2.2": "volume_map2",
    "threedConvBlock3.0": "volume_expand",
    "threedConvBlock3.2": "volume_collapse1",
    "threedConvBlock3.4": "volume_collapse2",
    "output2dlayer": "volume_reconstruct",
}
ONLY_IN_DEEP = "threedConvBlock4.0"

AGAIN = "get the published file again"

# The program made these layers but never ran them.
NEVER_RUN = {
    "output2dlayer2",
    *(f"twodConvBlock{frame}2.{layer}" for frame in (1, 2, 5) for layer in (0, 2)),
}


def load_pth(model: keras.Model, path: Path) -> list[str]:
    """Gives a `parallel5` the weights of a 2021 checkpoint.

    Args:
        model: The network, with `order="as_run"`; for the earlier checkpoint `volume="srnet3d"`.
        path: The file.

    Returns:
        Names of the file's layers that are not used: those of `NEVER_RUN`, but for the recursive
        blocks that the network has.

    Raises:
        InputError: the file cannot be read or does not fit; the network is as it was.
    """
    return assign(model, read_pth(path), path)


def read_pth(path: Path) -> list[PublishedLayer]:
    """The layers of a 5-parallel, each with the name that it has in our network.

    Raises:
        InputError: the file cannot be read, or holds another network.
    """
    arrays, _ = read_in_child(format_of(path, ("pth",)), path)
    names = FRAME_STACKS | (DEEP_VOLUME if f"{ONLY_IN_DEEP}.weight" in arrays else SRNET3D_VOLUME)
    missing = [name for name in names if f"{name}.weight" not in arrays]
    if missing:
        raise InputError(f"{path} lacks the layer {missing[0]!r} of a 5-parallel; {AGAIN}")
    layers = []
    for name in dict.fromkeys(name.rpartition(".")[0] for name in arrays):
        if name not in names and name not in NEVER_RUN:
            raise InputError(f"{path} has a layer {name!r} that no 5-parallel has; {AGAIN}")
        kernel, bias = (
            weight(arrays.get(f"{name}.{part}", np.zeros(0)), name, path)
            for part in ("weight", "bias")
        )
        if kernel.ndim < 4 or bias.ndim != 1:
            raise InputError(f"{path} has no kernel or no bias in {name!r}; {AGAIN}")
        target = names.get(name)
        layers.append(
            PublishedLayer(
                name,
                _keras_layout(kernel),
                bias,
                transposed=(target or "").endswith(UPSCALE),
                target=target or name,
                optional=name in NEVER_RUN,
            )
        )
    return layers


def _keras_layout(kernel: np.ndarray) -> np.ndarray:
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)
