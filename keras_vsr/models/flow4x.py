"""The "proposed future model" of 2021: four times larger, with optical flow between the steps.

report_2021, "Future Works". Each of five LR frames passes through a 2D network that doubles it,
the same for all; a flow network finds the motion between the doubled frames, which are clearer than
the LR ones; frames and flow together go into the integrated 2D+3D network, which doubles the middle
frame once more. Its drawing is lost, and it was never built. What the text leaves open:

- Which pairs of frames: "with respect to n th and n + 1 th frames", so each frame and the next one.
- How the stack of flows is concatenated: a frame goes with the flow to the next one, as two more
  channels; the last frame, which has no next one, with zeros (`STILL_FRAMES`).
- Which of the two integrated networks: Delta, of which one shared trunk sees all frames with their
  flow, at a third of 5-parallel's parameters.
- The 2D network is `fsrcnn_2019`, the flow network `flow_network`; others can be given.
"""

import keras

from keras_vsr.layers import BatchToFrames, FramesToBatch, default_data_format, to_public
from keras_vsr.models.delta import FIRST_BLOCK, delta_trunk
from keras_vsr.models.flow import flow_network
from keras_vsr.models.fsrcnn_2019 import fsrcnn_2019
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_to_middle_frame, bicubic
from keras_vsr.window import WINDOW

STEP = 2  # each of the two enlargements
STILL_FRAMES = 1  # frames of a window that have no next one


def flow4x(
    *,
    two_d: keras.Model | None = None,
    flow: keras.Model | None = None,
    filters: int = 12,
    stem_filters: int = 16,
    upscale_filters: int = 32,
    filters_3d: int = 8,
    wide_filters_3d: int = 32,
    recursions_2d: int = 5,
    recursions_3d: int = 5,
    first_block: tuple[int, ...] = FIRST_BLOCK,
    order: str = "as_described",
    data_range: tuple[float, float] = (0.0, 1.0),
    residual: bool = False,
    data_format: str | None = None,
    name: str = "flow4x",
) -> keras.Model:
    """Builds the network of 106,209 parameters: 10,577 in 2D, 11,642 for flow, 83,990 behind.

    Args:
        two_d: (batch, h, w, 1) to (batch, 2h, 2w, 1), trained or not; None builds `fsrcnn_2019`.
        flow: Two frames (batch, 2h, 2w, 1) to (batch, 2h, 2w, 2), trained or not; None builds
            `flow_network`. Untrained, it says that nothing moves.
        filters: As in `delta`, like the arguments up to `order`.
        stem_filters: See `filters`.
        upscale_filters: See `filters`.
        filters_3d: See `filters`.
        wide_filters_3d: See `filters`.
        recursions_2d: See `filters`.
        recursions_3d: See `filters`.
        first_block: See `filters`.
        order: See `filters`.
        data_range: (MIN, MAX) of the intensities, handed to the flow network that is built here.
        residual: Adds the bicubic enlargement by four of the middle frame to the output and starts
            the last layer at zero; the 2D network that is built here is a residual one, too.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model.

    Input shape:
        (batch, 5, h, w, 1), LR frames

    Output shape:
        (batch, 4h - 4, 4w - 4, 1), the middle frame without 2 pixels on each side

    Raises:
        ValueError: `first_block` is not five numbers from 1 to 3.
    """
    data_format = data_format or default_data_format()
    two_d = two_d or fsrcnn_2019(residual=residual, data_format=data_format)
    flow = flow or flow_network(data_range=data_range, data_format=data_format)
    window = keras.Input((WINDOW, None, None, 1), name="window")

    # Frames and flow are in float32: bicubic frames are not rounded, nor are places.
    x = FramesToBatch(dtype="float32", name="lr_frames_to_batch")(window)
    x = two_d(x)
    frames = BatchToFrames(dtype="float32", name="enlarged_frames")(x)
    pairs = [
        FramesToBatch(dtype="float32", name=f"{which}_of_pairs")(part)
        for which, part in (
            ("first", frames[:, :-STILL_FRAMES]),
            ("second", frames[:, STILL_FRAMES:]),
        )
    ]
    motion = flow(pairs)
    motion = BatchToFrames(WINDOW - STILL_FRAMES, dtype="float32", name="flow_of_frames")(motion)
    still = keras.ops.zeros_like(motion[:, :STILL_FRAMES])
    stack = keras.layers.Concatenate(axis=1, dtype="float32", name="flow_stack")([motion, still])
    known = keras.layers.Concatenate(dtype="float32", name="frames_with_flow")([frames, stack])

    y, _ = delta_trunk(
        known,
        filters=filters,
        stem_filters=stem_filters,
        upscale_filters=upscale_filters,
        filters_3d=filters_3d,
        wide_filters_3d=wide_filters_3d,
        recursions_2d=recursions_2d,
        recursions_3d=recursions_3d,
        first_block=first_block,
        order=order,
        scale=STEP,
        zero_last=residual,
        data_format=data_format,
    )
    y = to_public(y, data_format, "leave")
    if residual:
        y = add_to_middle_frame(y, bicubic(window[:, WINDOW // 2], STEP * STEP))
    return Network(window, y, name=name)
