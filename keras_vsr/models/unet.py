"""The U-Net that fusion and frame interpolation have in common.

wacv2021 supplement, Table 3; the U-Nets of Super SloMo (Jiang et al., CVPR 2018) differ in their
first and last activations only. Six levels of two convolutions, average pooling between them, and
five levels back with bilinear enlargement and the features of the same size beside.
"""

import keras

from keras_vsr.layers import (
    Conv2D,
    CropLike,
    PadToMultiple,
    default_data_format,
    to_inner,
    to_public,
)
from keras_vsr.models.network import Network

# Filters of each level on the way down, in units of the first one's; Table 3.
WIDTHS = (1, 2, 4, 8, 16, 16)

# Kernels of each level on the way down; 3 on the way up. Table 3. Jiang et al. say that the large
# ones matter where flow is computed, less clearly what the other U-Net has; here both have them.
KERNELS = (7, 5, 3, 3, 3, 3)

# Slope of the leaky ReLU for negative values: Jiang et al.; the supplement does not say.
NEGATIVE_SLOPE = 0.1

# Halvings, hence the number of which sizes must be multiples: 2 ** 5 = 32, as published.
POOLINGS = len(WIDTHS) - 1


def unet(
    *,
    inputs: int,
    outputs: int,
    filters: int = 32,
    linear_layers: int = 0,
    output_activation: str | None = None,
    zero: bool = False,
    data_format: str | None = None,
    name: str,
) -> keras.Model:
    """Builds the U-Net. Frames of any size are padded to a multiple of 32 inside, and cropped.

    Args:
        inputs: Channels that it takes.
        outputs: Channels that it gives.
        filters: Of the first level.
        linear_layers: How many of the first convolutions have no activation.
        output_activation: Of the last convolution.
        zero: Starts the last convolution at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers.

    Input shape:
        (batch, H, W, inputs)

    Output shape:
        (batch, H, W, outputs)
    """
    data_format = data_format or default_data_format()
    channels_axis = 1 if data_format == "channels_first" else -1
    convolutions = 0

    def conv(x, width, kernel, part):
        nonlocal convolutions
        convolutions += 1
        x = Conv2D(
            width, kernel, padding="same", data_format=data_format, name=f"{name}_conv{part}"
        )(x)
        if convolutions <= linear_layers:
            return x
        return keras.layers.LeakyReLU(NEGATIVE_SLOPE, name=f"{name}_leaky{part}")(x)

    frame = keras.Input((None, None, inputs), name=f"{name}_input")
    x = PadToMultiple(2**POOLINGS, dtype="float32", name=f"{name}_pad")(frame)
    x = to_inner(x, data_format, f"{name}_enter")
    widths = [filters * width for width in WIDTHS]
    levels = []
    for level, (width, kernel) in enumerate(zip(widths, KERNELS, strict=True), start=1):
        if level > 1:
            x = keras.layers.AveragePooling2D(
                2, data_format=data_format, name=f"{name}_pool{level - 1}"
            )(x)
        x = conv(x, width, kernel, f"{level}_1")
        x = conv(x, width, kernel, f"{level}_2")
        levels.append((width, x))
    for level, (width, beside) in enumerate(reversed(levels[:-1]), start=len(WIDTHS) + 1):
        x = keras.layers.UpSampling2D(
            2, interpolation="bilinear", data_format=data_format, name=f"{name}_up{level}"
        )(x)
        x = conv(x, width, 3, f"{level}_1")
        x = keras.layers.Concatenate(channels_axis, name=f"{name}_beside{level}")([x, beside])
        x = conv(x, width, 3, f"{level}_2")
    x = Conv2D(
        outputs,
        3,
        padding="same",
        activation=output_activation,
        kernel_initializer="zeros" if zero else "glorot_uniform",
        data_format=data_format,
        name=f"{name}_conv{2 * len(WIDTHS)}_1",
    )(x)
    x = to_public(x, data_format, f"{name}_leave")
    x = CropLike(dtype="float32", name=f"{name}_crop")([x, frame])
    return Network(frame, x, name=name)
