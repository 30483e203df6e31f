"""Fusion network F and refinement network R of the space-time system.

wacv2021 supplement, Tables 3 and 4. F looks at what both streams made and gives each pixel of each
a weight; R adds what is still missing.
"""

import keras

from keras_vsr.layers import Conv2D, default_data_format, to_inner, to_public
from keras_vsr.models.network import Network
from keras_vsr.models.unet import unet

PRINTED_CHANNELS = 3  # in and out of F in Table 3: erratum E15
MASKS = 2  # one for each stream

# F's convolutions without an activation, conv1_1 and conv1_2: Table 3 has a dash there. The text
# has a leaky ReLU after each convolution but the last: `linear_layers=0`.
LINEAR_LAYERS = 2

REFINING_LAYERS = ("2_1", "2_2", "3_1", "3_2", "4_1", "4_2")  # Table 4's names of its 3x3 layers


def fusion_network(
    *,
    channels: int = 1,
    filters: int = 32,
    linear_layers: int = LINEAR_LAYERS,
    as_printed: bool = False,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "fusion",
) -> keras.Model:
    """Builds F: 19,787,266 parameters for luma, 19,793,538 for RGB, 19,789,123 as printed.

    Args:
        channels: Channels of a frame, 1 for luma.
        filters: Of the first level; 16 times as many in the last.
        linear_layers: How many of the first convolutions have no activation.
        as_printed: Table 3 to the letter, 3 channels in and 3 out (erratum E15). Two frames do not
            go in, nor do two masks come out.
        residual: Starts the last layer at zero: both masks are a half, so that fusion starts at the
            mean of the streams.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, H, W, 2 * channels), both streams' frames, of any size

    Output shape:
        (batch, H, W, 2), masks in (0, 1)
    """
    return unet(
        inputs=PRINTED_CHANNELS if as_printed else MASKS * channels,
        outputs=PRINTED_CHANNELS if as_printed else MASKS,
        filters=filters,
        linear_layers=linear_layers,
        output_activation="sigmoid",
        zero=residual,
        data_format=data_format,
        name=name,
    )


def fuse(masks, one, other):
    """I_F = m1 * I_TS + m2 * I_ST.

    Args:
        masks: (batch, H, W, 2).
        one: (batch, H, W, channels), weighted by the first mask.
        other: The same, weighted by the second one.
    """
    return masks[..., :1] * one + masks[..., 1:] * other


def refinement_network(
    *,
    channels: int = 1,
    filters: int = 128,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "refinement",
) -> keras.Model:
    """Builds I + R(I), where R has 893,057 parameters for luma and 907,907 for RGB.

    Args:
        channels: Channels of a frame, 1 for luma.
        filters: Of all layers but the last.
        residual: Starts the last layer at zero, so that the network starts at the frame itself.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, H, W, channels)

    Output shape:
        The same.
    """
    data_format = data_format or default_data_format()

    def conv(x, width, kernel, part, **options):
        return Conv2D(
            width,
            kernel,
            padding="same",
            data_format=data_format,
            name=f"{name}_conv{part}",
            **options,
        )(x)

    frame = keras.Input((None, None, channels), name=f"{name}_input")
    x = to_inner(frame, data_format, f"{name}_enter")
    x = conv(x, filters, 7, "1_1", activation="relu")
    for part in REFINING_LAYERS:
        x = conv(x, filters, 3, part, activation="relu")
    start = "zeros" if residual else "glorot_uniform"
    x = conv(x, channels, 3, "5_1", kernel_initializer=start)
    x = to_public(x, data_format, f"{name}_leave")
    x = keras.layers.Add(dtype="float32", name=f"{name}_add")([x, frame])
    return Network(frame, x, name=name)
