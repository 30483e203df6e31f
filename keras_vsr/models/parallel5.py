"""5-parallel, the first integrated network of 2021: five 2D stacks, then one 3D network.

report_2021, "5-parallel"; the layers are those of the published checkpoint. What the report leaves
open is settled by its printed number of 259,938 parameters: the "small recursive block in the
middle of each 2D stack" is run for the third and the fourth frame only.
"""

from functools import partial

import keras

from keras_vsr.layers import (
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    RangeLimiter,
    default_data_format,
    drop_depth,
    to_inner,
    to_public,
)
from keras_vsr.models.network import Network
from keras_vsr.models.recomputing import RecomputingModel, chain_costs, chosen
from keras_vsr.models.recursion import recursive_block
from keras_vsr.models.residual import add_bicubic, add_to_middle_frame
from keras_vsr.models.srnet3d import srnet3d_trunk, taps
from keras_vsr.window import WINDOW

RECURSIVE_FRAMES_AS_PUBLISHED = (3, 4)  # counted from 1
VOLUMES = ("deep", "srnet3d")
LAST_KERNEL = 5


def parallel5(
    *,
    filters_2d: int = 12,
    filters_3d: int = 24,
    wide_filters: int = 32,
    upscale_filters: int = 16,
    recursions_2d: int = 5,
    recursions_3d: int = 5,
    recursive_frames: tuple[int, ...] = RECURSIVE_FRAMES_AS_PUBLISHED,
    volume: str = "deep",
    data_range: tuple[float, float] | None = (0.0, 255.0),
    order: str = "as_described",
    scale: int = 2,
    residual: bool = False,
    auxiliary: bool = False,
    remat: bool = False,
    data_format: str | None = None,
    name: str = "parallel5",
) -> keras.Model:
    """Builds the network of 259,938 parameters.

    Args:
        filters_2d: f, filters of the narrow 2D layers.
        filters_3d: g, filters of the narrow 3D layers.
        wide_filters: Filters of the stem, of the 2D expansion and of the wide 3D layers.
        upscale_filters: Filters of the transposed convolutions.
        recursions_2d: Runs of the 2D recursive block; the report has 5, the program ran 4.
        recursions_3d: Runs of each of the two 3D recursive blocks.
        recursive_frames: Frames (1 to 5) whose stack has the recursive block; (1, 2, 3, 4, 5) is
            what the report's text says, and has 267,786 parameters.
        volume: The 3D part: "deep" as in the report, or "srnet3d" as in an earlier checkpoint: the
            layers of `srnet3d` with its two middle ones as the recursive block (filters_3d = 8, a
            last kernel of 5x5).
        data_range: (MIN, MAX) of the range limiter; None leaves it out.
        order: Taps of the 3D layers, "as_described" or "as_run"; see `srnet3d`.
        scale: Stride of the transposed convolutions.
        residual: Each 2D stack adds to the bicubic enlargement of its frame, the 3D part to the
            middle one of the five frames it is given, as in `two_in_one`; both start their last
            layer at zero. There is no range limiter then: S(0) is the middle of the range.
        auxiliary: Whether the middle frame's 2D map is a second output, for the report's optional
            loss: alpha times the MSE of that map, as `loss_weights=[1, alpha]`; alpha was 0 in the
            published runs.
        remat: Whether training computes most activations a second time rather than hold them: about
            a third of the memory for a third more time. Layers, weights and results are the same.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model.

    Input shape:
        (batch, 5, h, w, 1), LR frames, intensities within `data_range`

    Output shape:
        (batch, scale * h - 4, scale * w - 4, 1), the middle frame without 2 pixels on each side;
        with `auxiliary` a list of it and of the map, (batch, scale * h, scale * w, 1)

    Raises:
        ValueError: `volume` is neither of the two.
    """
    if volume not in VOLUMES:
        raise ValueError(f"volume must be one of {', '.join(VOLUMES)}; got {volume!r}")
    data_format = data_format or default_data_format()
    channels_first = data_format == "channels_first"
    window = keras.Input((WINDOW, None, None, 1), name="window")
    maps = [
        frame_stack(
            to_inner(window[:, position - 1], data_format, f"frame{position}_enter"),
            filters=filters_2d,
            wide_filters=wide_filters,
            upscale_filters=upscale_filters,
            recursions=recursions_2d if position in recursive_frames else 0,
            scale=scale,
            residual=residual,
            data_format=data_format,
            prefix=f"frame{position}_",
        )
        for position in range(1, WINDOW + 1)
    ]
    if residual:
        enlarged = [
            add_bicubic(
                to_public(x, data_format, f"frame{position}_leave"),
                window[:, position - 1],
                scale,
                prefix=f"frame{position}_",
            )
            for position, x in enumerate(maps, start=1)
        ]
        maps = [
            to_inner(frame, data_format, f"frame{position}_enter_volume")
            for position, frame in enumerate(enlarged, start=1)
        ]
    x = keras.ops.stack(maps, axis=2 if channels_first else 1)
    if volume == "srnet3d":
        x = srnet3d_trunk(
            x,
            filters=wide_filters,
            mapping_filters=filters_3d,
            last_kernel=LAST_KERNEL,
            order=order,
            recursions=recursions_3d,
            activation="relu",
            zero_last=residual,
            data_format=data_format,
            prefix="volume_",
        )
    else:
        x = volume_stack(
            x,
            filters=filters_3d,
            wide_filters=wide_filters,
            recursions=recursions_3d,
            order=order,
            zero_last=residual,
            data_format=data_format,
        )
    x = to_public(x, data_format, "leave")
    if residual:
        x = add_to_middle_frame(x, enlarged[WINDOW // 2])
    elif data_range is not None:
        x = RangeLimiter(data_range, dtype="float32", name="range_limiter")(x)
    if auxiliary:
        x = [x, to_public(maps[WINDOW // 2], data_format, "auxiliary")]
    if not remat:
        return Network(window, x, name=name)
    kept = [f"frame{position}_map" for position in range(1, WINDOW + 1)]
    kept += chosen(chain_costs(keras.Model(window, x), "volume_"))
    return RecomputingModel(window, x, name=name, kept=kept)


def frame_stack(
    x, *, filters, wide_filters, upscale_filters, recursions, scale, residual, data_format, prefix
):
    """One 2D stack: an LR frame (batch, h, w, 1) to a map (batch, scale * h, scale * w, 1).

    Both are in the inner layout; `recursions=0` leaves the block out, `residual` makes the map a
    correction that starts at zero, `prefix` goes before the layers' names.
    """
    conv = partial(Conv2D, padding="same", activation="relu", data_format=data_format)
    x = conv(wide_filters, 5, name=f"{prefix}stem")(x)
    x = conv(filters, 1, name=f"{prefix}shrink")(x)
    if recursions:
        pair = [conv(filters, 3, activation=None, name=f"{prefix}block{i}") for i in (1, 2)]
        x = recursive_block(x, pair, recursions, f"{prefix}block")
    x = conv(wide_filters, 1, name=f"{prefix}expand")(x)
    x = Conv2DTranspose(
        upscale_filters,
        4,
        strides=scale,
        padding="same",
        activation="relu",
        data_format=data_format,
        name=f"{prefix}upscale",
    )(x)
    return conv(
        1,
        5,
        activation=None if residual else "relu",
        kernel_initializer="zeros" if residual else "glorot_uniform",
        name=f"{prefix}map",
    )(x)


def volume_stack(x, *, filters, wide_filters, recursions, order, zero_last, data_format):
    """The 3D part: (batch, 5, H, W, 1) to (batch, H - 4, W - 4, 1), inner layout.

    `zero_last` starts the last layer at zero; the other arguments are those of `parallel5`.
    """
    kernel = taps(order)
    conv = partial(Conv3D, padding="same", activation="relu", data_format=data_format)

    def pair(name):
        return [conv(filters, 3, activation=None, name=f"{name}_{i}") for i in (1, 2)]

    x = conv(wide_filters, kernel["wide"], name="volume_extract")(x)
    x = conv(filters, kernel["thin"], name="volume_shrink")(x)
    x = recursive_block(x, pair("volume_block1"), recursions, "volume_block1")
    x = conv(filters, 3, name="volume_between1")(x)
    x = conv(filters, 3, name="volume_between2")(x)
    x = recursive_block(x, pair("volume_block2"), recursions, "volume_block2")
    for position in (1, 2, 3):
        x = conv(filters, 3, name=f"volume_after{position}")(x)
    x = conv(wide_filters, kernel["thin"], name="volume_expand")(x)
    x = conv(wide_filters, 3, padding="valid", name="volume_collapse1")(x)
    x = conv(wide_filters, 3, padding="valid", name="volume_collapse2")(x)
    x = drop_depth(x, data_format)
    return Conv2D(
        1,
        LAST_KERNEL,
        padding="same",
        kernel_initializer="zeros" if zero_last else "glorot_uniform",
        data_format=data_format,
        name="reconstruct",
    )(x)
