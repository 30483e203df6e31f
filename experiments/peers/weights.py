"""Weights into and out of the peers: NumPy arrays as Keras lays them, and published state dicts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from experiments.peers.errata import WINDOW_FRAMES
from experiments.peers.parallel5 import Parallel5
from keras_vsr.errors import InputError

# Kernel and bias of each layer, by name. Kernels are (space..., in, out) for convolutions and
# (space..., out, in) for transposed ones, as Keras stores them.
Weights = Mapping[str, tuple[np.ndarray, np.ndarray]]


def to_torch(kernel: np.ndarray) -> torch.Tensor:
    """A kernel as torch lays it: the two axes behind the space come first, in reverse.

    So a convolution's becomes (out, in, space...), a transposed one's (in, out, space...). Nothing
    is flipped: both libraries correlate, and both transpose that.
    """
    space = range(kernel.ndim - 2)
    order = (kernel.ndim - 1, kernel.ndim - 2, *space)
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(order)))


def to_keras(kernel: torch.Tensor) -> np.ndarray:
    """The way back from `to_torch`."""
    array = kernel.detach().cpu().numpy()
    return np.ascontiguousarray(array.transpose(*range(2, array.ndim), 1, 0))


def stem_filters(kernel: np.ndarray, *, e9: bool) -> torch.Tensor:
    """First filters of 5-parallel's 2D stacks, from FSRCNN's first layer.

    Args:
        kernel: (5, 5, 1, filters), as Keras stores FSRCNN's.
        e9: False transposes it, as was meant. True reshapes it as the 2021 program did: the array's
            25 * filters numbers are cut into runs of 25, so that each "filter" is taps of many.

    Returns:
        (filters, 1, 5, 5)
    """
    if not e9:
        return to_torch(kernel)
    height, width, channels, filters = kernel.shape
    return torch.from_numpy(kernel.reshape(filters, channels, height, width).copy())


@torch.no_grad()
def start_stems(peer: Parallel5, kernel: np.ndarray, bias: np.ndarray) -> None:
    """Starts the five first layers of 5-parallel from FSRCNN's first one, as its errata say (E9).

    Args:
        peer: Its stems have as many filters as the kernel.
        kernel: (5, 5, 1, filters), as Keras stores it.
        bias: (filters,).
    """
    filters = stem_filters(kernel, e9=peer.errata.e9)
    for frame in WINDOW_FRAMES:
        stem = peer.get_submodule(f"first2dConv{frame}")
        stem.weight.copy_(filters)
        stem.bias.copy_(torch.from_numpy(bias))


@torch.no_grad()
def load(peer: nn.Module, weights: Weights, prefix: str = "") -> None:
    """Gives a peer the weights of a `keras_vsr` model.

    Args:
        peer: A network of this folder; modules of it that are never run keep theirs.
        weights: Kernel and bias of each layer of the model, by the layer's name.
        prefix: What stands before each name, such as "srnet3d_".

    Raises:
        ValueError: the layers are not the peer's, or one has another shape.
    """
    layers = {path: f"{prefix}{name}" for path, name in peer.keras_layers().items()}
    if set(layers.values()) != set(weights):
        odd = sorted(set(layers.values()) ^ set(weights))
        raise ValueError(
            f"weights must be those of the {len(layers)} layers of {type(peer).__name__}; "
            f"only one of the two has {', '.join(odd)}: give both the same arguments, and the "
            "model's name as prefix"
        )
    for path, name in layers.items():
        module = peer.get_submodule(path)
        kernel, bias = to_torch(weights[name][0]), torch.from_numpy(np.asarray(weights[name][1]))
        if kernel.shape != module.weight.shape or bias.shape != module.bias.shape:
            raise ValueError(
                f"the weights of {name} are {tuple(kernel.shape)} and {tuple(bias.shape)} as torch "
                f"lays them, but {path} has {tuple(module.weight.shape)} and "
                f"{tuple(module.bias.shape)}: give both networks the same arguments"
            )
        module.weight.copy_(kernel)
        module.bias.copy_(bias)


def read(peer: nn.Module, prefix: str = "") -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The way back from `load`: the weights that are used, by the name of the Keras layer."""
    found = {}
    for path, name in peer.keras_layers().items():
        module = peer.get_submodule(path)
        found[f"{prefix}{name}"] = to_keras(module.weight), module.bias.detach().cpu().numpy()
    return found


def load_published(peer: nn.Module, path: Path) -> None:
    """Gives a peer a published state dict; every name and every shape must be its own.

    Raises:
        InputError: the file is missing, is no state dict, or is of another network.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is missing; check the name")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises whatever its first bad byte leads to
        raise InputError(
            f"{path} cannot be read as a PyTorch state dict ({type(error).__name__}); fetch it anew"
        ) from error
    try:
        peer.load_state_dict(state)
    except (AttributeError, RuntimeError, TypeError) as error:
        raise InputError(
            f"{path} does not hold the weights of this {type(peer).__name__}; build it with the "
            "filters, the order of taps and the errata that the file was saved with"
        ) from error
