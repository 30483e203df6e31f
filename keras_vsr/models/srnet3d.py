"""3DSRnet of the 2019 project: a window of enlarged frames in, a better middle frame out.

report_2019 and the layer table of slides_2019. The slides' table has a last kernel of 3x3 and
63,129 parameters; the text and the checkpoints have 5x5 and 63,641. The text's "5x5x3" filters, 5x5
in space and 3 in time, were laid on (depth, height, width) as 5, 5, 3 by the programs.
"""

from functools import partial

import keras

from keras_vsr.layers import Conv2D, Conv3D, default_data_format, drop_depth, to_inner, to_public
from keras_vsr.models.network import Network
from keras_vsr.models.recursion import recursive_block
from keras_vsr.models.residual import add_to_middle_frame
from keras_vsr.window import WINDOW

# What the first layer's 5x5x3 taps and the 1x1x3 taps become on (depth, height, width).
TAPS = {
    "as_described": {"wide": (3, 5, 5), "thin": (3, 1, 1)},
    "as_run": {"wide": (5, 5, 3), "thin": (1, 1, 3)},
}


def taps(order: str) -> dict[str, tuple[int, int, int]]:
    """The wide and the thin kernel in the order asked for.

    Raises:
        ValueError: `order` is neither "as_described" nor "as_run".
    """
    if order not in TAPS:
        raise ValueError(f"taps must be one of {sorted(TAPS)}; got {order!r}")
    return TAPS[order]


def srnet3d_trunk(
    x,
    *,
    filters: int,
    mapping_filters: int,
    last_kernel: int,
    order: str,
    recursions: int | None,
    activation: str,
    zero_last: bool,
    data_format: str,
    prefix: str,
):
    """The layers from a volume (batch, 5, H, W, 1), inner layout, to one map two pixels smaller.

    Args:
        recursions: None runs the two middle layers one after the other, as in 2019; a number makes
            them a recursive block that is run so often, as in 2021.
        zero_last: Starts the last layer at zero.
        prefix: Put before the layers' names.

    The other arguments are those of `srnet3d`.
    """
    kernel = taps(order)
    conv = partial(Conv3D, padding="same", activation=activation, data_format=data_format)
    x = conv(filters, kernel["wide"], name=f"{prefix}extract")(x)
    x = conv(mapping_filters, kernel["thin"], name=f"{prefix}shrink")(x)
    if recursions is None:
        x = conv(mapping_filters, 3, name=f"{prefix}map1")(x)
        x = conv(mapping_filters, 3, name=f"{prefix}map2")(x)
    else:
        pair = [
            conv(mapping_filters, 3, activation=None, name=f"{prefix}map{position}")
            for position in (1, 2)
        ]
        x = recursive_block(x, pair, recursions, f"{prefix}map")
    x = conv(filters, kernel["thin"], name=f"{prefix}expand")(x)
    x = conv(filters, 3, padding="valid", name=f"{prefix}collapse1")(x)
    x = conv(filters, 3, padding="valid", name=f"{prefix}collapse2")(x)
    x = drop_depth(x, data_format)
    return Conv2D(
        1,
        last_kernel,
        padding="same",
        kernel_initializer="zeros" if zero_last else "glorot_uniform",
        data_format=data_format,
        name=f"{prefix}reconstruct",
    )(x)


def srnet3d(
    *,
    filters: int = 32,
    mapping_filters: int = 8,
    last_kernel: int = 3,
    order: str = "as_described",
    activation: str = "relu",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "srnet3d",
) -> keras.Model:
    """Builds the network of 63,129 parameters, or of 63,641 with `last_kernel=5`.

    Args:
        filters: Filters of the wide layers.
        mapping_filters: Filters of the narrow layers between them.
        last_kernel: 3 as in the slides' table, 5 as in the text and the checkpoints.
        order: "as_described" lays the taps as 3 in time and 5x5 in space, "as_run" as the programs
            did: 5 in time, 5x3 in space.
        activation: After each Conv3D; the saved climate networks have "linear".
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
    window = keras.Input((WINDOW, None, None, 1), name="enlarged_window")
    x = srnet3d_trunk(
        to_inner(window, data_format, "enter"),
        filters=filters,
        mapping_filters=mapping_filters,
        last_kernel=last_kernel,
        order=order,
        recursions=None,
        activation=activation,
        zero_last=residual,
        data_format=data_format,
        prefix=f"{name}_",
    )
    x = to_public(x, data_format, "leave")
    if residual:
        middle = window[:, WINDOW // 2]
        x = add_to_middle_frame(x, middle)
    return Network(window, x, name=name)
