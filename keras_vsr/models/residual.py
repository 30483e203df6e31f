"""How the networks of windows add what they learn to the middle frame."""

import keras

from keras_vsr.window import BORDER


def add_to_middle_frame(x, frame):
    """Adds a correction to the frame that it is of, in float32.

    Args:
        x: (batch, H - 4, W - 4, 1), what the network learns.
        frame: (batch, H, W, 1), the enlarged middle frame; loses 2 pixels on each side.

    Returns:
        (batch, H - 4, W - 4, 1)
    """
    middle = keras.layers.Cropping2D(BORDER, dtype="float32", name="middle_frame")(frame)
    return keras.layers.Add(dtype="float32", name="add_bicubic")([x, middle])
