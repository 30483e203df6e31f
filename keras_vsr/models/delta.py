"""Delta, the second integrated network of 2021: one shared 2D trunk of unequal depth, then 3D.

A reconstruction. report_2021 gives the idea (each frame of a window passes through a different
number of blocks, symmetric about the middle), a recurrent 3D part, no range limiter, and 83,702
parameters; its drawing is lost. The reading built here fits the number exactly: stem of 16 filters
3x3, shrink to 12; Block 1 and Block 2 with two recursive pairs of 12 filters 3x3 each; Block 3 that
expands to 16, enlarges with 32 transposed filters of 4x4 and makes one map with a 5x5 layer (20,061
parameters in 2D); then the 3D network of 63,641 parameters with its two middle layers recursive.
"""

from functools import partial

import keras

from keras_vsr.layers import (
    BatchToFrames,
    Conv2D,
    Conv2DTranspose,
    FramesToBatch,
    default_data_format,
    to_inner,
    to_public,
)
from keras_vsr.models.network import Network
from keras_vsr.models.recursion import recursive_block
from keras_vsr.models.residual import add_to_middle_frame, bicubic
from keras_vsr.models.srnet3d import srnet3d_trunk
from keras_vsr.window import WINDOW

FIRST_BLOCK = (3, 2, 1, 2, 3)  # the block where each frame of the window enters

# After Block 3's one-channel map. The report does not say; a ReLU there would leave nothing to the
# 3D network, and no gradient, for each seed (about half of them) that makes the map negative.
MAP_ACTIVATION = None


def delta(
    *,
    filters: int = 12,
    stem_filters: int = 16,
    upscale_filters: int = 32,
    filters_3d: int = 8,
    wide_filters_3d: int = 32,
    recursions_2d: int = 5,
    recursions_3d: int = 5,
    first_block: tuple[int, ...] = FIRST_BLOCK,
    order: str = "as_described",
    scale: int = 2,
    residual: bool = False,
    auxiliary: bool = False,
    data_format: str | None = None,
    name: str = "delta",
) -> keras.Model:
    """Builds the network of 83,702 parameters: a reconstruction, see the module's text.

    Args:
        filters: Filters inside Block 1 and Block 2.
        stem_filters: Filters of the stem and of the expansion in Block 3.
        upscale_filters: Filters of the transposed convolution.
        filters_3d: Narrow filters of the 3D network.
        wide_filters_3d: Wide filters of the 3D network.
        recursions_2d: Runs of each recursive pair in 2D.
        recursions_3d: Runs of the recursive pair in 3D.
        first_block: For each of the five frames, the first block (1 to 3) that it goes through.
        order: Taps of the 3D layers, "as_described" or "as_run"; see `srnet3d`.
        scale: Stride of the transposed convolution.
        residual: Adds the bicubic enlargement of the middle frame to the output and starts the last
            layer at zero.
        auxiliary: Whether the middle frame's 2D map is a second output, for the report's optional
            loss: alpha times the MSE of that map, as `loss_weights=[1, alpha]`; alpha was 0 in the
            published runs.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model.

    Input shape:
        (batch, 5, h, w, 1), LR frames

    Output shape:
        (batch, scale * h - 4, scale * w - 4, 1), the middle frame without 2 pixels on each side;
        with `auxiliary` a list of it and of the map, (batch, scale * h, scale * w, 1)

    Raises:
        ValueError: `first_block` is not five numbers from 1 to 3.
    """
    data_format = data_format or default_data_format()
    window = keras.Input((WINDOW, None, None, 1), name="window")
    y, middle_map = delta_trunk(
        window,
        filters=filters,
        stem_filters=stem_filters,
        upscale_filters=upscale_filters,
        filters_3d=filters_3d,
        wide_filters_3d=wide_filters_3d,
        recursions_2d=recursions_2d,
        recursions_3d=recursions_3d,
        first_block=first_block,
        order=order,
        scale=scale,
        zero_last=residual,
        data_format=data_format,
    )
    y = to_public(y, data_format, "leave")
    if residual:
        y = add_to_middle_frame(y, bicubic(window[:, WINDOW // 2], scale))
    if auxiliary:
        y = [y, to_public(middle_map, data_format, "auxiliary")]
    return Network(window, y, name=name)


def delta_trunk(
    window,
    *,
    filters,
    stem_filters,
    upscale_filters,
    filters_3d,
    wide_filters_3d,
    recursions_2d,
    recursions_3d,
    first_block,
    order,
    scale,
    zero_last,
    data_format,
):
    """All layers of the network but what is added to its output.

    Args:
        window: (batch, 5, h, w, C), frames, with what is known about their pixels as further
            channels.
        zero_last: Starts the last layer at zero.

    The other arguments are those of `delta`.

    Returns:
        The middle frame, (batch, scale * h - 4, scale * w - 4, 1), and its map that the 2D part
        makes, (batch, scale * h, scale * w, 1), both in the inner layout.

    Raises:
        ValueError: `first_block` is not five numbers from 1 to 3.
    """
    if len(first_block) != WINDOW or not set(first_block) <= {1, 2, 3}:
        raise ValueError(f"first_block must hold five numbers from 1 to 3; got {first_block}")
    channel_axis = 1 if data_format == "channels_first" else -1
    conv = partial(Conv2D, padding="same", activation="relu", data_format=data_format)

    x = FramesToBatch(name="frames_to_batch")(window)
    x = to_inner(x, data_format, "enter")
    x = conv(stem_filters, 3, name="stem")(x)
    x = conv(filters, 1, name="shrink")(x)
    x = BatchToFrames(name="features_of_frames")(x)

    # Frames join the trunk where they enter, so that each layer runs once for all that need it.
    entering = {
        block: [frame for frame in range(WINDOW) if first_block[frame] == block]
        for block in (1, 2, 3)
    }
    inside = []  # frames in the trunk, in the order in which they lie in its batch
    trunk = None
    for block in (1, 2, 3):
        new = entering[block]
        if new:
            stacked = keras.ops.concatenate([x[:, frame] for frame in new], axis=0)
            trunk = stacked if trunk is None else keras.ops.concatenate([trunk, stacked], axis=0)
            inside += new
        if block < 3 and inside:
            for number in (1, 2):
                pair = [
                    conv(filters, 3, activation=None, name=f"block{block}_pair{number}_{i}")
                    for i in (1, 2)
                ]
                trunk = recursive_block(trunk, pair, recursions_2d, f"block{block}_pair{number}")
    trunk = conv(stem_filters, 1, name="block3_expand")(trunk)
    trunk = Conv2DTranspose(
        upscale_filters,
        4,
        strides=scale,
        padding="same",
        activation="relu",
        data_format=data_format,
        name="block3_upscale",
    )(trunk)
    trunk = conv(1, 5, activation=MAP_ACTIVATION, name="block3_map")(trunk)
    maps = keras.ops.split(trunk, WINDOW, axis=0)
    ordered = [maps[inside.index(frame)] for frame in range(WINDOW)]
    volume = keras.ops.stack(ordered, axis=2 if channel_axis == 1 else 1)

    y = srnet3d_trunk(
        volume,
        filters=wide_filters_3d,
        mapping_filters=filters_3d,
        last_kernel=5,
        order=order,
        recursions=recursions_3d,
        activation="relu",
        zero_last=zero_last,
        data_format=data_format,
        prefix="volume_",
    )
    return y, ordered[WINDOW // 2]
