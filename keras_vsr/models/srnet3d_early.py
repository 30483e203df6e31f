"""The 2019 project's first 3D networks: 3x3x3 kernels throughout, a window in, a frame out.

Known from their checkpoints: 111,905 parameters (trained on `akiyo`; the network of report_2019,
Table 4) and 167,265 (`container`). A ReLU stands after every layer, the last one included.
"""

from functools import partial

import keras

from keras_vsr.layers import Conv2D, Conv3D, default_data_format, drop_depth, to_inner, to_public
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_to_middle_frame
from keras_vsr.window import WINDOW


def srnet3d_early(
    *,
    same_layers: int = 3,
    filters: int = 32,
    activation: str = "relu",
    output_activation: str = "relu",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "srnet3d_early",
) -> keras.Model:
    """Builds the network of 111,905 parameters, or of 167,265 with `same_layers=5`.

    Args:
        same_layers: 3D layers before the two that lose a frame and a pixel on each side.
        filters: Filters of each 3D layer.
        activation: After each 3D layer.
        output_activation: After the last layer; a residual network takes none, since its
            corrections have both signs.
        residual: Adds the middle frame of the window, which is already enlarged, to the output, and
            starts the last layer at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, 5, H, W, 1), frames already enlarged

    Output shape:
        (batch, H - 4, W - 4, 1), the middle frame without 2 pixels on each side
    """
    data_format = data_format or default_data_format()
    conv = partial(Conv3D, filters, 3, activation=activation, data_format=data_format)
    window = keras.Input((WINDOW, None, None, 1), name="enlarged_window")
    x = to_inner(window, data_format, "enter")
    for layer in range(1, same_layers + 1):
        x = conv(padding="same", name=f"{name}_same{layer}")(x)
    for layer in (1, 2):
        x = conv(padding="valid", name=f"{name}_collapse{layer}")(x)
    x = drop_depth(x, data_format)
    x = Conv2D(
        1,
        3,
        padding="same",
        activation=None if residual else output_activation,
        kernel_initializer="zeros" if residual else "glorot_uniform",
        data_format=data_format,
        name=f"{name}_reconstruct",
    )(x)
    x = to_public(x, data_format, "leave")
    if residual:
        middle = window[:, WINDOW // 2]
        x = add_to_middle_frame(x, middle)
    return Network(window, x, name=name)


def srnet3d_early_deep(*, name: str = "srnet3d_early_deep", **arguments) -> keras.Model:
    """`srnet3d_early` with five layers before the last two: 167,265 parameters."""
    return srnet3d_early(name=name, **{"same_layers": 5} | arguments)
