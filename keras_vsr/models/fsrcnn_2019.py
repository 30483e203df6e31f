"""FSRCNN as the 2019 project trained it on climate data.

Dong, Loy, Tang: Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016, changed
by report_2019: 8 instead of 5 mapping filters, a smaller transposed kernel, one more layer behind.
The text says 32 transposed filters of 2x2 and PReLU; the network that has the printed 10,577
parameters has 16 of 4x4 and ReLU, also behind the last layer (its checkpoint says so). Both are
here.
"""

from functools import partial

import keras

from keras_vsr.layers import Conv2D, Conv2DTranspose, default_data_format, to_inner, to_public
from keras_vsr.models.convolve import PARAMETRIC, activate_parametric, convolve
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_bicubic


def fsrcnn_2019(
    *,
    filters: int = 32,
    mapping_filters: int = 8,
    upscale_filters: int = 16,
    scale: int = 2,
    activation: str = "relu",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "fsrcnn_2019",
) -> keras.Model:
    """Builds the network of 10,577 parameters.

    Args:
        filters: Filters of the first and fourth layer.
        mapping_filters: Filters of the second and third layer.
        upscale_filters: Filters of the transposed convolution.
        scale: Stride of the transposed convolution.
        activation: Between layers; "linear" rebuilds the networks that were saved so.
        residual: Adds the bicubic enlargement of the frame to a linear last layer that starts at
            zero. Without it the last layer has a ReLU, as published.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, h, w, 1), an LR frame

    Output shape:
        (batch, scale * h, scale * w, 1)
    """
    data_format = data_format or default_data_format()
    conv = partial(Conv2D, padding="same", activation=activation, data_format=data_format)
    frame = keras.Input((None, None, 1), name="frame")
    x = to_inner(frame, data_format, "enter")
    x = conv(filters, 5, name=f"{name}_extract")(x)
    x = conv(mapping_filters, 1, name=f"{name}_shrink")(x)
    x = conv(mapping_filters, 3, name=f"{name}_map")(x)
    x = conv(filters, 1, name=f"{name}_expand")(x)
    x = Conv2DTranspose(
        upscale_filters,
        4,
        strides=scale,
        padding="same",
        activation=activation,
        data_format=data_format,
        name=f"{name}_upscale",
    )(x)
    last = f"{name}_reconstruct"
    if residual:
        x = conv(1, 5, activation="linear", kernel_initializer="zeros", name=last)(x)
        x = to_public(x, data_format, "leave")
        x = add_bicubic(x, frame, scale)
    else:
        x = conv(1, 5, activation="relu", name=last)(x)
        x = to_public(x, data_format, "leave")
    return Network(frame, x, name=name)


def fsrcnn_2019_prelu(
    *,
    filters: int = 32,
    mapping_filters: int = 5,
    upscale_filters: int = 32,
    activation: str = "prelu",
    output_activation: str = "relu",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "fsrcnn_2019_prelu",
) -> keras.Model:
    """Builds the network that the text of report_2019 describes: PReLU, 32 transposed 2x2 filters.

    Its checkpoints hold 6,348 numbers and no slopes: they have linear layers (`activation=
    "linear"`), so the whole is one linear filter. With slopes, which start at zero, it has 6,454
    parameters. The text has 8 mapping filters: 6,897 without slopes.

    Args:
        filters: Filters of the first and fourth layer.
        mapping_filters: Filters of the second and third layer: 5 in the checkpoints, 8 in the text.
        upscale_filters: Filters of the transposed convolution.
        activation: After each layer but the last; "prelu" has a slope for each channel.
        output_activation: After the last layer; a residual network takes none.
        residual: Adds the bicubic enlargement of the frame to the output, and starts the last layer
            at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, h, w, 1), an LR frame

    Output shape:
        (batch, 2 * h, 2 * w, 1)
    """
    data_format = data_format or default_data_format()
    conv = partial(convolve, activation=activation, data_format=data_format)
    frame = keras.Input((None, None, 1), name="frame")
    x = to_inner(frame, data_format, "enter")
    x = conv(x, filters, 5, name=f"{name}_extract")
    x = conv(x, mapping_filters, 1, name=f"{name}_shrink")
    x = conv(x, mapping_filters, 3, name=f"{name}_map")
    x = conv(x, filters, 1, name=f"{name}_expand")
    x = Conv2DTranspose(
        upscale_filters,
        2,
        strides=2,
        activation=None if activation in PARAMETRIC else activation,
        data_format=data_format,
        name=f"{name}_upscale",
    )(x)
    x = activate_parametric(x, activation, data_format, f"{name}_upscale")
    x = convolve(
        x,
        1,
        5,
        activation=None if residual else output_activation,
        kernel_initializer="zeros" if residual else "glorot_uniform",
        data_format=data_format,
        name=f"{name}_reconstruct",
    )
    x = to_public(x, data_format, "leave")
    if residual:
        x = add_bicubic(x, frame, 2)
    return Network(frame, x, name=name)
