"""Every network by name: one builder function each, and what it takes."""

from collections.abc import Callable
from typing import NamedTuple

import keras

from keras_vsr.errors import InputError
from keras_vsr.models.cascade import three_d_then_two_d, two_d_then_three_d, two_in_one
from keras_vsr.models.delta import delta
from keras_vsr.models.espcn import espcn
from keras_vsr.models.flow4x import flow4x
from keras_vsr.models.fsrcnn import fsrcnn, fsrcnn_s
from keras_vsr.models.fsrcnn_2019 import fsrcnn_2019, fsrcnn_2019_prelu
from keras_vsr.models.kim_3dsrnet import kim_3dsrnet
from keras_vsr.models.parallel5 import parallel5
from keras_vsr.models.srcnn import srcnn
from keras_vsr.models.srnet3d import srnet3d
from keras_vsr.models.srnet3d_early import srnet3d_early, srnet3d_early_deep
from keras_vsr.window import BORDER


class Network(NamedTuple):
    """A builder and the shape of what its network takes.

    Attributes:
        build: The builder function.
        takes: "frame", one frame at a time; "window", five frames for their middle one; "clip", any
            number of frames from five on, for all but the two first and the two last.
        enlarged: Whether the frames that it takes are at HR size already.
        summary: One line for a list.
        border: HR pixels that its output lacks on each side.
    """

    build: Callable[..., keras.Model]
    takes: str
    enlarged: bool
    summary: str
    border: int = 0


NETWORKS: dict[str, Network] = {
    "srcnn": Network(srcnn, "frame", True, "2D, SRCNN 9-1-5 on enlarged frames (2019)"),
    "fsrcnn": Network(fsrcnn, "frame", False, "2D, FSRCNN as published in 2016"),
    "fsrcnn_s": Network(fsrcnn_s, "frame", False, "2D, FSRCNN-s as published in 2016"),
    "fsrcnn_2019": Network(fsrcnn_2019, "frame", False, "2D, FSRCNN of the 2019 report"),
    "fsrcnn_2019_prelu": Network(
        fsrcnn_2019_prelu, "frame", False, "2D, FSRCNN as the text of the 2019 report has it"
    ),
    "espcn": Network(espcn, "frame", False, "2D, ESPCN as the 2021 WACV paper uses it"),
    "srnet3d": Network(srnet3d, "window", True, "3D, 3DSRnet of 2019 on enlarged windows", BORDER),
    "srnet3d_early": Network(
        srnet3d_early, "window", True, "3D, the first one of 2019 (its Table 4)", BORDER
    ),
    "srnet3d_early_deep": Network(
        srnet3d_early_deep, "window", True, "3D, the same with two layers more", BORDER
    ),
    "kim_3dsrnet": Network(kim_3dsrnet, "window", False, "3D, 3DSRnet as published in 2018"),
    "2d_then_3d": Network(
        two_d_then_three_d, "clip", False, "fsrcnn_2019, then srnet3d (2019)", BORDER
    ),
    "3d_then_2d": Network(
        three_d_then_two_d, "window", True, "srnet3d, then srcnn (proposed)", BORDER
    ),
    "two_in_one": Network(two_in_one, "clip", False, "2d_then_3d in one (proposed 2019)", BORDER),
    "parallel5": Network(parallel5, "window", False, "five 2D stacks, 3D network (2021)", BORDER),
    "delta": Network(delta, "window", False, "shared 2D trunk, 3D network (2021)", BORDER),
    "flow4x": Network(
        flow4x,
        "window",
        False,
        "2D, optical flow, 2D+3D, four times larger (proposed 2021)",
        BORDER,
    ),
}


def build(name: str, /, **arguments) -> keras.Model:
    """Builds a network by name.

    Args:
        name: A key of `NETWORKS`.
        **arguments: Those of the network's builder function; a `name` among them is the model's.

    Raises:
        InputError: no network has that name.

    Example:
        >>> keras_vsr.models.build("fsrcnn_2019", residual=True).count_params()
        10577
    """
    if name not in NETWORKS:
        raise InputError(f"no network is called {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name].build(**arguments)
