"""Bicubic enlargement as a layer, the baseline that residual networks start from."""

import math

import keras
from keras import ops


def cubic(distance: float) -> float:
    """Keys' cubic kernel with a = -0.5, as MATLAB's imresize, Pillow, TensorFlow and JAX use it."""
    d = abs(distance)
    if d <= 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    if d < 2:
        return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return 0.0


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

        def cut(start, stop):
            return x[:, start:stop] if axis == 1 else x[:, :, start:stop]

        first, second, last, before = cut(0, 1), cut(1, 2), cut(-1, None), cut(-2, -1)
        mirrored = ops.concatenate([second, first, x, last, before], axis=axis)
        shifted = []
        for offset in range(5):
            stop = offset - 4 if offset < 4 else None
            shifted.append(mirrored[:, offset:stop] if axis == 1 else mirrored[:, :, offset:stop])
        phases = []
        for phase in range(self.scale):
            centre = (phase + 0.5) / self.scale - 0.5  # in input pixels, from this pixel
            weights = [cubic(centre - shift) for shift in range(-2, 3)]
            terms = [w * s for w, s in zip(weights, shifted, strict=True) if not math.isclose(w, 0)]
            phases.append(sum(terms[1:], start=terms[0]))
        shape = ops.shape(x)
        out = [*shape]
        out[axis] = shape[axis] * self.scale
        return ops.reshape(ops.stack(phases, axis=axis + 1), out)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        enlarge = lambda n: None if n is None else n * self.scale  # noqa: E731
        return (batch, enlarge(height), enlarge(width), channels)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
