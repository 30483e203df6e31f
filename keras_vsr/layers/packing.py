"""Frames, windows and the batch: packing without a loop over the batch.

The 2019 authors could not train one network because their packing layer looped over a batch of
unknown size. Each layer here is one reshape or one stack of five slices, for any batch and length.
"""

import keras
from keras import ops

from keras_vsr.window import WINDOW


@keras.saving.register_keras_serializable(package="keras_vsr")
class FramesToBatch(keras.layers.Layer):
    """Lays the frames of clips or windows one after another in the batch.

    Input shape:
        (batch, frames, h, w, channels)

    Output shape:
        (batch * frames, h, w, channels)
    """

    def call(self, clip):
        shape = ops.shape(clip)
        return ops.reshape(clip, (shape[0] * shape[1], *shape[2:]))

    def compute_output_shape(self, input_shape):
        return (_times(input_shape[0], input_shape[1]), *input_shape[2:])


@keras.saving.register_keras_serializable(package="keras_vsr")
class BatchToFrames(keras.layers.Layer):
    """The way back from `FramesToBatch`, for a known number of frames.

    Args:
        frames: Frames of each clip or window.

    Input shape:
        (batch * frames, ...): any sizes behind

    Output shape:
        (batch, frames, ...)
    """

    def __init__(self, frames=WINDOW, **kwargs):
        super().__init__(**kwargs)
        self.frames = frames

    def call(self, flat):
        shape = ops.shape(flat)
        return ops.reshape(flat, (shape[0] // self.frames, self.frames, *shape[1:]))

    def compute_output_shape(self, input_shape):
        batch = input_shape[0]
        return (batch and batch // self.frames, self.frames, *input_shape[1:])

    def get_config(self):
        return {**super().get_config(), "frames": self.frames}


@keras.saving.register_keras_serializable(package="keras_vsr")
class PackWindows(keras.layers.Layer):
    """Packs every 5 consecutive frames of each clip into a window.

    The frames come flat in the batch, as a 2D network leaves them; the clip that they came from
    says how many belong together.

    Input shape:
        [(batch * T, H, W, channels), the clip: (batch, T, h, w, channels)]

    Output shape:
        (batch * (T - 4), 5, H, W, channels), in the order of clips, then of middle frames
    """

    def call(self, inputs):
        flat, clip = inputs
        batch, frames = ops.shape(clip)[0], ops.shape(clip)[1]
        shape = ops.shape(flat)[1:]
        windows = frames - WINDOW + 1
        x = ops.reshape(flat, (batch, frames, *shape))
        slices = [x[:, start : start + windows] for start in range(WINDOW)]
        return ops.reshape(ops.stack(slices, axis=2), (batch * windows, WINDOW, *shape))

    def compute_output_shape(self, input_shape):
        flat, clip = input_shape
        windows = clip[1] and clip[1] - WINDOW + 1
        return (_times(clip[0], windows), WINDOW, *flat[1:])


@keras.saving.register_keras_serializable(package="keras_vsr")
class UnpackWindows(keras.layers.Layer):
    """Gives each clip its middle frames back, after a 3D network made one frame of each window.

    Input shape:
        [(batch * (T - 4), H, W, channels), the clip: (batch, T, h, w, channels)]

    Output shape:
        (batch, T - 4, H, W, channels)
    """

    def call(self, inputs):
        flat, clip = inputs
        batch, frames = ops.shape(clip)[0], ops.shape(clip)[1]
        return ops.reshape(flat, (batch, frames - WINDOW + 1, *ops.shape(flat)[1:]))

    def compute_output_shape(self, input_shape):
        flat, clip = input_shape
        return (clip[0], clip[1] and clip[1] - WINDOW + 1, *flat[1:])


def _times(one, other):
    """The product of two sizes, of which either may be unknown."""
    return None if one is None or other is None else one * other
