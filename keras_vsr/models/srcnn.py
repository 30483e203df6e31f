"""SRCNN, the 2D network that works on frames already enlarged.

Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016; used by
the 2019 project with the middle kernel 1 (report_2019, "2D super-resolution model").
"""

from functools import partial

import keras

from keras_vsr.layers import default_data_format, to_inner, to_public


def srcnn(
    *,
    filters: tuple[int, int] = (64, 32),
    kernels: tuple[int, int, int] = (9, 1, 5),
    activation: str = "relu",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "srcnn",
) -> keras.Model:
    """Builds SRCNN 9-1-5 with 8,129 parameters; 9-3-5 has 24,513 and 9-5-5 has 57,281.

    Args:
        filters: Filters of the first two layers.
        kernels: Kernel sizes of the three layers.
        activation: Between layers. The published text has ReLU; the output is linear.
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
    conv = partial(keras.layers.Conv2D, padding="same", data_format=data_format)
    frame = keras.Input((None, None, 1), name="enlarged_frame")
    x = to_inner(frame, data_format, "enter")
    x = conv(filters[0], kernels[0], activation=activation, name=f"{name}_extract")(x)
    x = conv(filters[1], kernels[1], activation=activation, name=f"{name}_map")(x)
    x = conv(
        1,
        kernels[2],
        kernel_initializer="zeros" if residual else "glorot_uniform",
        name=f"{name}_reconstruct",
    )(x)
    x = to_public(x, data_format, "leave")
    if residual:
        x = keras.layers.Add(dtype="float32", name="add_bicubic")([x, frame])
    return keras.Model(frame, x, name=name)
