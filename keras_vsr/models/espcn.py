"""ESPCN, the spatial network of the space-time system.

Shi et al.: Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network, CVPR 2016; as wacv2021 uses it: three layers of tanh, the HR pixels
side by side in the channels of the last one, a sigmoid after the shuffle, on luma. The border is
not said; it is of zeros, as in public implementations.
"""

import keras

from keras_vsr.layers import Conv2D, PixelShuffle, default_data_format, to_inner, to_public
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_bicubic

KERNELS = (5, 3, 3)  # of the three layers of tanh; 3 of the last one


def espcn(
    *,
    scale: int = 2,
    filters: tuple[int, int, int] = (64, 64, 32),
    channels: int = 1,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "espcn",
) -> keras.Model:
    """Builds ESPCN: 58,212 parameters at scale 2.

    Args:
        scale: Whole number by which frames grow.
        filters: Filters of the first three layers.
        channels: Channels of a frame, 1 for luma. Of several, each has scale * scale maps of its
            own in the last layer.
        residual: Adds the bicubic enlargement of the frame, and starts the last layer at zero. The
            sigmoid is left out then: corrections have both signs, and a sigmoid of zero is a half.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, h, w, channels), an LR frame in [0, 1]

    Output shape:
        (batch, scale * h, scale * w, channels)
    """
    data_format = data_format or default_data_format()
    frame = keras.Input((None, None, channels), name="frame")
    x = to_inner(frame, data_format, "enter")
    for layer, (width, kernel) in enumerate(zip(filters, KERNELS, strict=True), start=1):
        x = Conv2D(
            width,
            kernel,
            padding="same",
            activation="tanh",
            data_format=data_format,
            name=f"{name}_conv{layer}",
        )(x)
    x = Conv2D(
        channels * scale * scale,
        3,
        padding="same",
        kernel_initializer="zeros" if residual else "glorot_uniform",
        data_format=data_format,
        name=f"{name}_conv4",
    )(x)
    x = to_public(x, data_format, "leave")
    x = _shuffle(x, scale, channels)
    if residual:
        x = add_bicubic(x, frame, scale)
    else:
        x = keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(x)
    return Network(frame, x, name=name)


def _shuffle(x, scale, channels):
    """Pixel shuffle of each channel's maps."""
    maps = scale * scale
    frames = [
        PixelShuffle(scale, dtype="float32", name=f"pixel_shuffle{channel}")(
            x[..., channel * maps : (channel + 1) * maps]
        )
        for channel in range(channels)
    ]
    return keras.ops.concatenate(frames, axis=-1) if channels > 1 else frames[0]
