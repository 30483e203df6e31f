"""Every network by name: one builder function each, and what it takes."""

from collections.abc import Callable
from typing import NamedTuple

import keras

from keras_vsr.errors import InputError
from keras_vsr.models.cascade import three_d_then_two_d, two_d_then_three_d, two_in_one
from keras_vsr.models.delta import delta
from keras_vsr.models.fsrcnn import fsrcnn_2019
from keras_vsr.models.parallel5 import parallel5
from keras_vsr.models.srcnn import srcnn
from keras_vsr.models.srnet3d import srnet3d


class Network(NamedTuple):
    """A builder and the shape of what its network takes.

    Attributes:
        build: The builder function.
        takes: "frame", one frame at a time; "window", five frames for their middle one; "clip", any
            number of frames from five on, for all but the two first and the two last.
        enlarged: Whether the frames that it takes are at HR size already.
        summary: One line for a list.
    """

    build: Callable[..., keras.Model]
    takes: str
    enlarged: bool
    summary: str


NETWORKS: dict[str, Network] = {
    "srcnn": Network(srcnn, "frame", True, "2D, SRCNN 9-1-5 on enlarged frames (2019)"),
    "fsrcnn_2019": Network(fsrcnn_2019, "frame", False, "2D, FSRCNN of the 2019 report"),
    "srnet3d": Network(srnet3d, "window", True, "3D, 3DSRnet of 2019 on enlarged windows"),
    "2d_then_3d": Network(two_d_then_three_d, "clip", False, "fsrcnn_2019, then srnet3d (2019)"),
    "3d_then_2d": Network(three_d_then_two_d, "window", True, "srnet3d, then srcnn (proposed)"),
    "two_in_one": Network(two_in_one, "clip", False, "2d_then_3d in one (proposed 2019)"),
    "parallel5": Network(parallel5, "window", False, "five 2D stacks, 3D network (2021)"),
    "delta": Network(delta, "window", False, "shared 2D trunk, 3D network (2021)"),
}


def build(name: str, **arguments) -> keras.Model:
    """Builds a network by name.

    Args:
        name: A key of `NETWORKS`.
        **arguments: Those of the network's builder function.

    Raises:
        InputError: no network has that name.

    Example:
        >>> keras_vsr.models.build("fsrcnn_2019", residual=True).count_params()
        10577
    """
    if name not in NETWORKS:
        raise InputError(f"no network is called {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name].build(**arguments)
