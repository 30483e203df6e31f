"""Optical flow from coarse to fine, after SPyNet.

Ranjan and Black, "Optical Flow Estimation using a Spatial Pyramid Network", CVPR 2017. As there:
each level of a pyramid enlarges the flow of the coarser one, warps the second frame by it, and a
small stack of convolutions, none with an activation behind, adds a residual flow.

Other than there, so that it learns from few frames in seconds and is no larger than the networks
that it is to help (SPyNet has 240,050 parameters a level): luma for colour; fewer and smaller
filters; one set of weights for all levels, since the same motion is half as long on a frame of half
the size, so that each level teaches the others and a trained network can be rebuilt with more
levels. SPyNet trains level by level; here levels learn side by side, and no gradient passes from a
level to the coarser ones (measured: a lower error after as many steps, and the recursion cannot
blow up). ReLUs are leaky: with plain ones the error did not fall at these learning rates. The last
layer starts at zero: no motion.
"""

from functools import partial

import keras

from keras_vsr.layers import (
    BicubicEnlarge,
    Conv2D,
    CropLike,
    PadToMultiple,
    Warp,
    default_data_format,
    to_inner,
    to_public,
)
from keras_vsr.models.network import Network


def flow_network(
    *,
    levels: int = 4,
    filters: tuple[int, ...] = (16, 16, 8),
    kernel: int = 5,
    data_range: tuple[float, float] = (0.0, 1.0),
    data_format: str | None = None,
    name: str = "flow",
) -> keras.Model:
    """Builds the network of 11,642 parameters, as many for any number of levels.

    Args:
        levels: Sizes of the pyramid, each half of the next. A level sees about a pixel or two, so
            motions of up to about 2^levels pixels are found.
        filters: Filters of the layers but the last, which has 2.
        kernel: Kernel size of every layer.
        data_range: (MIN, MAX) of the intensities, which are brought to -2..2 before the first
            layer.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        [first frame, second frame], each (batch, H, W, 1), of any size: inside, the last row and
        column are repeated up to multiples of 2^levels

    Output shape:
        (batch, H, W, 2), displacements (dx, dy) in pixels: first(y, x) is found at
        second(y + dy, x + dx), so that `Warp` lays the second frame onto the first

    Raises:
        ValueError: `levels` is no whole number from 1 on, or `data_range` is empty.
    """
    if not (isinstance(levels, int) and levels >= 1):
        raise ValueError(f"levels must be a whole number, 1 or more; got {levels!r}")
    low, high = data_range
    if not low < high:
        raise ValueError(f"data_range must be (MIN, MAX) with MIN < MAX; got {data_range}")
    data_format = data_format or default_data_format()
    conv = partial(Conv2D, padding="same", data_format=data_format)
    stack = [
        conv(count, kernel, activation="leaky_relu", name=f"{name}_conv{position}")
        for position, count in enumerate(filters, start=1)
    ]
    stack.append(conv(2, kernel, kernel_initializer="zeros", name=f"{name}_residual"))

    # Places and motions are in float32 throughout; only the convolutions may compute in less.
    inputs = [keras.Input((None, None, 1), name=frame) for frame in ("first", "second")]
    pair = keras.layers.Concatenate(dtype="float32", name="pair")(inputs)
    pair = keras.layers.Rescaling(
        4 / (high - low), -2 * (high + low) / (high - low), dtype="float32", name="rescale"
    )(pair)
    # One halving more than there is, since enlarging the coarsest flow takes 2 pixels each way.
    pyramid = [PadToMultiple(2**levels, dtype="float32", name="pad")(pair)]
    for level in range(levels - 1, 0, -1):
        half = keras.layers.AveragePooling2D(
            2, data_format="channels_last", dtype="float32", name=f"halve_to_level{level}"
        )
        pyramid.insert(0, half(pyramid[0]))

    flow = keras.ops.zeros_like(pyramid[0])  # a pair of frames has as many channels as a flow
    for level, pair in enumerate(pyramid, start=1):
        first, second = pair[..., :1], pair[..., 1:]
        if level > 1:
            enlarge = BicubicEnlarge(2, dtype="float32", name=f"enlarge_to_level{level}")
            flow = keras.ops.stop_gradient(2 * enlarge(flow))
            second = Warp(name=f"warp{level}")([second, flow])
        x = keras.layers.Concatenate(dtype="float32", name=f"seen{level}")([first, second, flow])
        x = to_inner(x, data_format, f"enter{level}")
        for layer in stack:
            x = layer(x)
        x = to_public(x, data_format, f"leave{level}")
        flow = keras.layers.Add(dtype="float32", name=flow_name(level))([flow, x])
    flow = CropLike(dtype="float32", name="crop")([flow, inputs[0]])
    return Network(inputs, flow, name=name)


def flow_name(level: int) -> str:
    """The layer in which the flow of a level is complete; level 1 is the coarsest."""
    return f"flow{level}"


def flows_of_levels(network: keras.Model) -> list:
    """The flow of each level of a flow network, coarsest first, each in pixels of its own level."""
    names = [layer.name for layer in network.layers]
    levels = sum(name.startswith("halve_to_level") for name in names) + 1
    return [network.get_layer(flow_name(level)).output for level in range(1, levels + 1)]
