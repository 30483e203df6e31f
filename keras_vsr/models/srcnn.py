"""SRCNN, the 2D network that works on frames already enlarged.

Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016; used by
the 2019 project with the middle kernel 1 (report_2019, "2D super-resolution model") and with more
middle layers (its results log). The original authors' tests replicate borders; their networks and
the 2019 ones end linear and in a ReLU respectively.
"""

from functools import partial

import keras

from keras_vsr.layers import default_data_format, to_inner, to_public
from keras_vsr.models.convolve import convolve
from keras_vsr.models.network import Network


def srcnn(
    *,
    filters: tuple[int, int] = (64, 32),
    kernels: tuple[int, int, int] = (9, 1, 5),
    middle_layers: int = 1,
    activation: str = "relu",
    output_activation: str = "linear",
    border: str = "zeros",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "srcnn",
) -> keras.Model:
    """Builds SRCNN 9-1-5 with 8,129 parameters; 9-3-5 has 24,513 and 9-5-5 has 57,281.

    Args:
        filters: Filters of the first layer and of the middle ones.
        kernels: Kernel sizes of the first, the middle and the last layers.
        middle_layers: How many middle layers; with three of 1x1 the network has 10,241 parameters.
        activation: Between layers. The published text has ReLU; "prelu" has learned slopes.
        output_activation: After the last layer; the 2019 checkpoints have "relu". A residual
            network takes none, since its corrections have both signs.
        border: "zeros" around each layer's input, or "replicate" as in the original authors' tests.
        residual: Adds the input, which is the bicubically enlarged frame, to the output, and starts
            the last layer at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, H, W, 1), a frame already enlarged

    Output shape:
        (batch, H, W, 1)
    """
    data_format = data_format or default_data_format()
    conv = partial(convolve, border=border, data_format=data_format)
    frame = keras.Input((None, None, 1), name="enlarged_frame")
    x = to_inner(frame, data_format, "enter")
    x = conv(x, filters[0], kernels[0], activation=activation, name=f"{name}_extract")
    for layer in range(1, middle_layers + 1):
        number = layer if layer > 1 else ""
        x = conv(x, filters[1], kernels[1], activation=activation, name=f"{name}_map{number}")
    x = conv(
        x,
        1,
        kernels[2],
        activation=None if residual else output_activation,
        kernel_initializer="zeros" if residual else "glorot_uniform",
        name=f"{name}_reconstruct",
    )
    x = to_public(x, data_format, "leave")
    if residual:
        x = keras.layers.Add(dtype="float32", name="add_bicubic")([x, frame])
    return Network(frame, x, name=name)
