"""How residual networks add what they learn to bicubic frames, in float32."""

import keras

from keras_vsr.layers import BicubicEnlarge
from keras_vsr.window import BORDER


def bicubic(frame, scale, prefix=""):
    """The bicubic enlargement of LR frames (batch, h, w, C), not rounded where layers compute in
    less than float32; `prefix` goes before the layer's name."""
    return BicubicEnlarge(scale, dtype="float32", name=f"{prefix}bicubic")(frame)


def add_bicubic(x, frame, scale, prefix=""):
    """Adds a correction to the bicubic enlargement of the LR frame that it is of.

    Args:
        x: (batch, scale * h, scale * w, C), what the network learns.
        frame: (batch, h, w, C), the LR frame.
        scale: Whole number by which the frame grows.
        prefix: Goes before the names of the layers.

    Returns:
        (batch, scale * h, scale * w, C)
    """
    add = keras.layers.Add(dtype="float32", name=f"{prefix}add_bicubic")
    return add([x, bicubic(frame, scale, prefix)])


def add_to_middle_frame(x, frame):
    """Adds a correction to the frame that it is of, as networks of windows do.

    Args:
        x: (batch, H - 4, W - 4, 1), what the network learns.
        frame: (batch, H, W, 1), the enlarged middle frame; loses 2 pixels on each side.

    Returns:
        (batch, H - 4, W - 4, 1)
    """
    middle = keras.layers.Cropping2D(BORDER, dtype="float32", name="middle_frame")(frame)
    return keras.layers.Add(dtype="float32", name="add_bicubic")([x, middle])
