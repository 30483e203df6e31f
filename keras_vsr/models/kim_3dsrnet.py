"""3DSRnet of Kim et al., which the 2019 project started from.

Kim, Lim, Na, Kim: 3DSRnet: Video Super-resolution using 3D Convolutional Neural Networks, 2018
(arXiv 1812.09079); layers as in the authors' published MatConvNet files. Their subnet that finds
changes of scene is left out: it only chooses which frames a window is made of.
"""

from functools import partial

import keras

from keras_vsr.layers import (
    Conv3D,
    PixelShuffle,
    default_data_format,
    drop_depth,
    to_inner,
    to_public,
)
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_bicubic
from keras_vsr.window import WINDOW


def kim_3dsrnet(
    *,
    scale: int = 2,
    filters: int = 64,
    residual: bool = True,
    data_format: str | None = None,
    name: str = "kim_3dsrnet",
) -> keras.Model:
    """Builds the network of 451,332 parameters; 459,977 at scale 3 and 472,080 at scale 4.

    Args:
        scale: Whole number by which frames grow.
        filters: Filters of the first five layers.
        residual: Adds the bicubic enlargement of the middle frame to the output, as published, and
            starts the last layer at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, 5, h, w, 1), LR frames

    Output shape:
        (batch, scale * h, scale * w, 1), the whole middle frame
    """
    data_format = data_format or default_data_format()
    conv = partial(Conv3D, kernel_size=3, data_format=data_format)
    window = keras.Input((WINDOW, None, None, 1), name="window")
    x = to_inner(window, data_format, "enter")
    for layer in (1, 2, 3, 4):
        x = conv(filters, padding="same", activation="relu", name=f"{name}_conv{layer}")(x)
    # The last two keep height and width, and take a frame from each end.
    x = conv(filters, keeps_frame=True, activation="relu", name=f"{name}_conv5")(x)
    x = conv(
        scale * scale,
        keeps_frame=True,
        kernel_initializer="zeros" if residual else "glorot_uniform",
        name=f"{name}_conv6",
    )(x)
    x = drop_depth(x, data_format)
    x = to_public(x, data_format, "leave")
    x = PixelShuffle(scale, dtype="float32", name="pixel_shuffle")(x)
    if residual:
        middle = window[:, WINDOW // 2]
        x = add_bicubic(x, middle, scale)
    return Network(window, x, name=name)
