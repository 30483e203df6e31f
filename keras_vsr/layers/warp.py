"""Frames moved along a field of displacements."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class Warp(keras.layers.Layer):
    """Looks each pixel up where the flow points to: out(y, x) = frames(y + dy, x + dx).

    With the flow from one frame to another, the other one is laid onto the first. Between pixels
    the frames are bilinear; beyond the outermost ones their values go on. The result is continuous
    in the flow; its derivative is that of the cell between four pixels that the point lies in, on a
    pixel that of the cell below and to the right.

    Args:
        dtype: Of the computation. float32 by default whatever the policy is: in half precision a
            coordinate of 600 pixels is rounded to half a pixel.

    Input shape:
        [frames: (batch, H, W, C), flow: (batch, H, W, 2)]; flow[..., 0] is dx, along the columns,
        flow[..., 1] is dy, along the rows, in pixels

    Output shape:
        (batch, H, W, C)

    Reference:
        Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial Transformer Networks, NeurIPS 2015.
    """

    def __init__(self, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)

    def call(self, inputs):
        frames, flow = inputs
        batch, height, width, channels = ops.shape(frames)
        rows = ops.reshape(ops.arange(height, dtype=flow.dtype), (1, -1, 1))
        columns = ops.reshape(ops.arange(width, dtype=flow.dtype), (1, 1, -1))
        top, bottom, down = _neighbours(rows + flow[..., 1], height)
        left, right, along = _neighbours(columns + flow[..., 0], width)

        # One list of pixels for each frame: a gather along one axis is all that backends share.
        pixels = ops.reshape(frames, (batch, height * width, channels))

        def at(row, column):
            index = ops.reshape(row * width + column, (batch, height * width, 1))
            found = ops.take_along_axis(pixels, index, axis=1)
            return ops.reshape(found, (batch, height, width, channels))

        above = (1 - along) * at(top, left) + along * at(top, right)
        below = (1 - along) * at(bottom, left) + along * at(bottom, right)
        return (1 - down) * above + down * below

    def compute_output_shape(self, input_shape):
        frames, flow = input_shape
        if len(frames) != 4 or len(flow) != 4 or flow[-1] != 2:
            raise ValueError(
                "Warp takes [frames (batch, H, W, C), flow (batch, H, W, 2)]; got shapes "
                f"{tuple(frames)} and {tuple(flow)}"
            )
        return tuple(frames)


def _neighbours(place, size):
    """The two pixels that each place on an axis lies between, and its distance from the first.

    The pixels are kept inside the axis, not the places: the derivative by the flow then is 0 beyond
    the border, and has no tie on it that backends would settle in different ways.
    """
    before = ops.floor(place)
    fraction = ops.expand_dims(place - before, -1)
    # Twice within limits: before the cast, which cannot hold every float, and after it, since a
    # cast of NaN is any number, and no gather may leave the frame.
    before = ops.minimum(ops.maximum(before, -1), ops.cast(size, place.dtype))
    before = ops.cast(before, "int32")
    return ops.clip(before, 0, size - 1), ops.clip(before + 1, 0, size - 1), fraction
