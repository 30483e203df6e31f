"""Which network a published file holds, from its layers."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_vsr.errors import InputError
from keras_vsr.models.fsrcnn import TRAINING_SIZES
from keras_vsr.models.srnet3d import TAPS
from keras_vsr.weights.keras2_h5 import read_keras2_h5
from keras_vsr.weights.mat import read_mat
from keras_vsr.weights.pth import read_pth
from keras_vsr.weights.published_layer import PublishedLayer
from keras_vsr.weights.signature import format_of

MAX_LAYERS = 64  # 51 are the most of any file here
MAX_TAPS = 11  # 9 are the most of any network here
MAX_FILTERS = 128  # 64
RECURSIONS_2D_AS_RUN = 4  # the 2021 report says 5; weights do not tell

# Networks whose weights fit any scale, and whose files do not say theirs.
SCALES_UNSAID = {name: tuple(TRAINING_SIZES) for name in ("fsrcnn", "fsrcnn_s")}

READERS = {
    "mat5": read_mat,
    "mat73": read_mat,
    "keras2_h5": read_keras2_h5,
    "pth": read_pth,
}


def read_published(path: Path) -> tuple[str, list[PublishedLayer]]:
    """Reads a file of any format.

    Returns:
        The format, a key of `signature.FORMATS`, and the layers.

    Raises:
        InputError: the file cannot be read.
    """
    kind = format_of(path)
    return kind, READERS[kind](path)


def recognise(layers: Sequence[PublishedLayer], path: Path) -> tuple[str, dict[str, Any]]:
    """Finds the network by the shapes of its layers.

    It looks at no more of them than it needs; `assign` compares each one with the network built.

    Args:
        layers: What a file holds.
        path: The file, for messages.

    Returns:
        The network's name and its builder's arguments, for `keras_vsr.models.build`. What a file
        does not say is left out; see `SCALES_UNSAID`.

    Raises:
        InputError: no network here has such layers.
    """
    if 0 < len(layers) <= MAX_LAYERS and all(map(_is_usual, layers)):
        for network in (_parallel5, _fsrcnn, _fsrcnn_2019, _srcnn, _kim, _srnet3d, _srnet3d_early):
            found = network(layers)
            if found is not None:
                return found
    shapes = ", ".join(str(tuple(layer.kernel.shape)) for layer in layers[:3])
    raise InputError(
        f"{path} holds {len(layers)} layers ({shapes} and so on) that no network here has; give "
        "one of the published files"
    )


def _is_usual(layer: PublishedLayer) -> bool:
    """Whether a layer's sizes are those of super-resolution networks.

    A crafted file could otherwise declare thin layers that make a builder fill all memory.
    """
    *taps, before, after = layer.kernel.shape
    return (
        len(taps) in (2, 3)
        and max(taps) <= MAX_TAPS
        and max(before, after) <= MAX_FILTERS
        and layer.activation in (None, "linear", "relu")
    )


def _ranks(layers) -> list[int]:
    """The number of axes in space (and time) of each kernel."""
    return [layer.kernel.ndim - 2 for layer in layers]


def _filters(layer) -> int:
    return layer.kernel.shape[-2 if layer.transposed else -1]


def _activation(layer, unsaid: str) -> str:
    """The activation behind a layer; `unsaid` is the one that networks of the format have."""
    return "prelu" if layer.slopes is not None else layer.activation or unsaid


def _order(kernel) -> str | None:
    """How the taps of the first 3D layer lie."""
    for order, taps in TAPS.items():
        if kernel.shape[:-2] == taps["wide"]:
            return order
    return None


def _parallel5(layers):
    by_name = {layer.target: layer for layer in layers if layer.target}
    if not by_name:
        return None
    return "parallel5", {
        "filters_2d": _filters(by_name["frame1_shrink"]),
        "filters_3d": _filters(by_name["volume_shrink"]),
        "wide_filters": _filters(by_name["frame1_stem"]),
        "upscale_filters": _filters(by_name["frame1_upscale"]),
        "recursions_2d": RECURSIONS_2D_AS_RUN,
        "volume": "srnet3d" if "volume_reconstruct" in by_name else "deep",
        "order": _order(by_name["volume_extract"].kernel) or "as_described",
    }


def _fsrcnn(layers):
    if len(layers) < 5 or not layers[-1].transposed or set(_ranks(layers)) != {2}:
        return None
    d, s, m = _filters(layers[0]), _filters(layers[1]), len(layers) - 4
    return ("fsrcnn_s", {}) if (d, s, m) == (32, 5, 1) else ("fsrcnn", {"d": d, "s": s, "m": m})


def _fsrcnn_2019(layers):
    if len(layers) != 6 or not layers[4].transposed or set(_ranks(layers)) != {2}:
        return None
    arguments = {
        "filters": _filters(layers[0]),
        "mapping_filters": _filters(layers[1]),
        "upscale_filters": _filters(layers[4]),
        "activation": _activation(layers[0], "relu"),
    }
    if layers[4].kernel.shape[0] == 4:
        return "fsrcnn_2019", arguments
    return "fsrcnn_2019_prelu", arguments | {"output_activation": _activation(layers[5], "relu")}


def _srcnn(layers):
    if len(layers) < 3 or set(_ranks(layers)) != {2} or any(layer.transposed for layer in layers):
        return None
    first, middle, *_, last = layers
    kernels = tuple(layer.kernel.shape[0] for layer in (first, middle, last))
    # Files of the original authors do not say activations; their tests replicate borders, half a
    # kernel on each side.
    border = "replicate" if first.activation is None else "zeros"
    if border == "replicate" and any(kernel % 2 == 0 for kernel in kernels):
        return None
    return "srcnn", {
        "filters": (_filters(first), _filters(middle)),
        "kernels": kernels,
        "middle_layers": len(layers) - 2,
        "activation": _activation(first, "relu"),
        "output_activation": _activation(last, "linear"),
        "border": border,
    }


def _kim(layers):
    scale = math.isqrt(_filters(layers[-1]))
    if _ranks(layers) != [3] * 6 or scale**2 != _filters(layers[-1]):
        return None
    return "kim_3dsrnet", {"scale": scale, "filters": _filters(layers[0])}


def _srnet3d(layers):
    order = _order(layers[0].kernel)
    if _ranks(layers) != [3] * 7 + [2] or order is None:
        return None
    return "srnet3d", {
        "filters": _filters(layers[0]),
        "mapping_filters": _filters(layers[1]),
        "last_kernel": layers[-1].kernel.shape[0],
        "order": order,
        "activation": _activation(layers[0], "relu"),
    }


def _srnet3d_early(layers):
    same_layers = len(layers) - 3
    if same_layers < 1 or _ranks(layers) != [3] * (same_layers + 2) + [2]:
        return None
    return "srnet3d_early", {
        "same_layers": same_layers,
        "filters": _filters(layers[0]),
        "activation": _activation(layers[0], "relu"),
        "output_activation": _activation(layers[-1], "relu"),
    }
