"""A network of this suite by name, with weights from a file."""

import inspect
import warnings
from pathlib import Path

import keras

from keras_vsr.errors import InputError
from keras_vsr.models import NETWORKS, build


def load(name: str, weights: Path | None = None, *, residual: bool = False) -> keras.Model:
    """Builds a network as its builder has it, and loads its weights.

    Args:
        name: A key of `NETWORKS`.
        weights: A file of weights of Keras 3; None leaves a residual network at what it starts
            from, bicubic enlargement.
        residual: Builds the residual variant; `kim_3dsrnet` always is one.

    Raises:
        InputError: no network has that name, the weights are missing, damaged or another network's,
            or there are none and the network is not residual.
    """
    if name not in NETWORKS:
        raise InputError(f"no network is called {name!r}; there are {', '.join(NETWORKS)}")
    default = inspect.signature(NETWORKS[name].build).parameters.get("residual")
    residual = residual or (default is not None and default.default is True)
    if weights is None and not residual:
        raise InputError(
            f"{name} has learned nothing yet; give its weights with --weights, or take --residual, "
            "which starts from bicubic enlargement"
        )
    model = build(name, residual=residual)
    if weights is not None:
        _load_weights(model, Path(weights), residual)
    return model


def _load_weights(model: keras.Model, weights: Path, residual: bool) -> None:
    if not weights.is_file():
        raise InputError(f"there is no file {weights}; check the name")
    try:
        with warnings.catch_warnings():
            # Of layers that the file lacks Keras only warns, and leaves them as they were drawn.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(weights)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        kind = "residual " if residual else ""
        raise InputError(
            f"{weights} does not hold the weights of the {kind}network {model.name} as it is built "
            "by default; give its .weights.h5 file"
        ) from error
