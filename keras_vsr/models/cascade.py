"""The 2019 cascades: a 2D and a 3D network, one behind the other.

report_2019, "Combined 2D Network and 3D Network", and its two proposals: "3D + 2D" and the
"two-in-one" network that the authors could not train for want of a vectorised packing layer.
"""

import keras

from keras_vsr.layers import FramesToBatch, PackWindows, UnpackWindows
from keras_vsr.models.fsrcnn_2019 import fsrcnn_2019
from keras_vsr.models.network import Network
from keras_vsr.models.srcnn import srcnn
from keras_vsr.models.srnet3d import srnet3d
from keras_vsr.window import WINDOW


def two_d_then_three_d(
    *,
    two_d: keras.Model | None = None,
    three_d: keras.Model | None = None,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "2d_then_3d",
) -> keras.Model:
    """Joins a 2D network on every frame, packing, and a 3D network on every window.

    Each frame goes through the 2D network once, however many windows hold it.

    Args:
        two_d: (batch, h, w, 1) to (batch, H, W, 1); None builds `fsrcnn_2019`.
        three_d: (batch, 5, H, W, 1) to (batch, H - 4, W - 4, 1); None builds `srnet3d`.
        residual: Handed to the networks that are built here.
        data_format: Handed to the networks that are built here.
        name: Name of the model.

    Input shape:
        (batch, T, h, w, 1), LR clips

    Output shape:
        (batch, T - 4, 2h - 4, 2w - 4, 1), the frames 2 to T - 3 without 2 pixels on each side
    """
    shared = {"residual": residual, "data_format": data_format}
    two_d = two_d or fsrcnn_2019(**shared)
    three_d = three_d or srnet3d(**shared)
    clip = keras.Input((None, None, None, 1), name="clip")
    # Packing is in float32, so that bicubic frames are not rounded where layers compute in less.
    x = FramesToBatch(dtype="float32", name="frames_to_batch")(clip)
    x = two_d(x)
    x = PackWindows(dtype="float32", name="pack_windows")([x, clip])
    x = three_d(x)
    x = UnpackWindows(dtype="float32", name="unpack_windows")([x, clip])
    return Network(clip, x, name=name)


def two_in_one(*, name: str = "two_in_one", **arguments) -> keras.Model:
    """`two_d_then_three_d` from fresh networks, trained end to end: 73,706 parameters.

    With `residual=True` both networks start at zero corrections: the 3D network sees bicubic frames
    at first, and the whole starts at bicubic's quality.
    """
    return two_d_then_three_d(name=name, **arguments)


def three_d_then_two_d(
    *,
    three_d: keras.Model | None = None,
    two_d: keras.Model | None = None,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "3d_then_2d",
) -> keras.Model:
    """Joins a 3D network on enlarged frames and a 2D network that keeps the size.

    The report proposes to train the 3D network first and to feed its frames to "the 2D network". A
    frame that has left the 3D network is at HR size, so the 2D network is SRCNN, the one of the two
    published ones that takes enlarged frames.

    Args:
        three_d: (batch, 5, H, W, 1) to (batch, H - 4, W - 4, 1); None builds `srnet3d`.
        two_d: (batch, H, W, 1) to the same; None builds `srcnn`.
        residual: Handed to the networks that are built here.
        data_format: Handed to the networks that are built here.
        name: Name of the model.

    Input shape:
        (batch, 5, H, W, 1), frames already enlarged

    Output shape:
        (batch, H - 4, W - 4, 1)
    """
    shared = {"residual": residual, "data_format": data_format}
    three_d = three_d or srnet3d(**shared)
    two_d = two_d or srcnn(**shared)
    window = keras.Input((WINDOW, None, None, 1), name="enlarged_window")
    return Network(window, two_d(three_d(window)), name=name)
