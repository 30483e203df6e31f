"""Bicubic enlargement as a layer, the baseline that residual networks start from."""

import keras
import numpy as np
from keras import ops

from keras_vsr.cubic import cubic_kernel


@keras.saving.register_keras_serializable(package="keras_vsr")
class BicubicEnlarge(keras.layers.Layer):
    """Enlarges frames by an integer factor, with the phase and borders of MATLAB's imresize.

    The layer has no weights. Each output pixel is a sum of four rows, then of four columns, with
    weights that depend on its phase alone, so that it costs four shifted copies an axis and works
    at any size. `keras.ops.image.resize` treats the borders in another way.

    Args:
        scale: Integer factor, 1 or more.

    Input shape:
        (batch, h, w, channels)

    Output shape:
        (batch, scale * h, scale * w, channels)
    """

    def __init__(self, scale=2, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(scale, int) and scale >= 1):
            raise ValueError(f"scale must be a whole number, 1 or more; got {scale!r}")
        self.scale = scale

    def call(self, frames):
        return self._enlarge(self._enlarge(frames, axis=1), axis=2)

    def _enlarge(self, x, axis):
        """One axis: neighbours -2..2 by shifting a mirrored copy, one weighted sum a phase."""

        def cut(frames, start, stop):
            return frames[:, start:stop] if axis == 1 else frames[:, :, start:stop]

        ends = [cut(x, 1, 2), cut(x, 0, 1), x, cut(x, -1, None), cut(x, -2, -1)]
        mirrored = ops.concatenate(ends, axis=axis)
        shifted = [cut(mirrored, shift, shift - 4 or None) for shift in range(5)]
        phases = []
        for phase in range(self.scale):
            centre = (phase + 0.5) / self.scale - 0.5  # in input pixels, from this pixel
            weights = cubic_kernel(centre - np.arange(-2, 3)).tolist()
            terms = [w * s for w, s in zip(weights, shifted, strict=True) if w]
            phases.append(sum(terms[1:], start=terms[0]))
        shape = ops.shape(x)
        out = [*shape]
        out[axis] = shape[axis] * self.scale
        return ops.reshape(ops.stack(phases, axis=axis + 1), out)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height and height * self.scale, width and width * self.scale, channels)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
