"""Super SloMo, the temporal network of the space-time system: a frame between two others.

Jiang et al.: Super SloMo: High Quality Estimation of Multiple Intermediate Frames for Video
Interpolation, CVPR 2018. A first U-Net computes the flow between the two frames in both directions.
The flow from the frame at time t is guessed from it; a second U-Net corrects the guess and says,
for each pixel, how visible it is in the first frame. Both frames are warped and mixed accordingly.

What the text leaves open: the second U-Net takes all that is known, both frames, both flows, both
guesses and both warped frames; the last layers are linear, since flow has both signs, and
visibility gets a sigmoid; the numbers of filters are those of the fusion network's table.
"""

import keras

from keras_vsr.layers import Warp
from keras_vsr.models.network import Network
from keras_vsr.models.unet import unet


def superslomo(
    *,
    time: float = 0.5,
    channels: int = 1,
    filters: int = 32,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "superslomo",
) -> keras.Model:
    """Builds both U-Nets with warping: 39,591,657 parameters for luma, 39,610,473 for RGB.

    Args:
        time: Where the new frame lies between the first (0) and the second (1).
        channels: Channels of a frame, 1 for luma.
        filters: Of the U-Nets' first level.
        residual: Starts both last layers at zero: no flow, both frames equally visible, so that the
            network starts at the mean of the frames (weighted by time).
        data_format: Layout inside the U-Nets; None takes the backend's faster one. Warping is
            channels last.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, 2, H, W, channels), of any size

    Output shape:
        (batch, H, W, channels)

    Raises:
        ValueError: `time` does not lie between 0 and 1.
    """
    if not 0 < time < 1:
        raise ValueError(f"time must lie between 0 and 1; got {time}")
    settings = {"filters": filters, "zero": residual, "data_format": data_format}
    pair = keras.Input((2, None, None, channels), name="pair")
    first, second = pair[:, 0], pair[:, 1]

    compute = unet(inputs=2 * channels, outputs=4, name=f"{name}_flow", **settings)
    flow = compute(keras.ops.concatenate([first, second], axis=-1))
    there, back = flow[..., :2], flow[..., 2:]
    to_first, to_second = guessed_flow(there, back, time)

    warp = Warp(dtype="float32", name=f"{name}_warp")
    seen = [warp([first, to_first]), warp([second, to_second])]
    given = [first, second, there, back, to_first, to_second, *seen]
    refine = unet(inputs=4 * channels + 8, outputs=5, name=f"{name}_interpolation", **settings)
    x = refine(keras.ops.concatenate(given, axis=-1))
    to_first, to_second = to_first + x[..., :2], to_second + x[..., 2:4]
    visible = keras.ops.sigmoid(x[..., 4:])

    seen = [warp([first, to_first]), warp([second, to_second])]
    return Network(pair, mixed(*seen, visible, time), name=name)


def guessed_flow(there, back, time):
    """Flow from the frame at `time` to the first and to the second frame.

    Args:
        there: Flow from the first frame to the second, (batch, H, W, 2).
        back: Flow from the second frame to the first.
        time: Between 0 and 1.

    Returns:
        Two of that shape.
    """
    to_first = time * time * back - (1 - time) * time * there
    to_second = (1 - time) * (1 - time) * there - time * (1 - time) * back
    return to_first, to_second


def mixed(first, second, visible, time):
    """The mean of both warped frames, weighted by time and by visibility.

    Args:
        first: The first frame, warped to `time`: (batch, H, W, channels).
        second: The second one.
        visible: How visible each pixel is in the first frame, (batch, H, W, 1) in (0, 1); in the
            second one it is so to 1 - visible.
        time: Between 0 and 1.
    """
    weight_first, weight_second = (1 - time) * visible, time * (1 - visible)
    total = weight_first + weight_second  # more than 0, since `visible` is a sigmoid
    return (weight_first * first + weight_second * second) / total
