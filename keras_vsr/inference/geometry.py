"""What a network takes and what it does to the size of frames, read from the network itself."""

from typing import NamedTuple

import keras

from keras_vsr.window import WINDOW

SIZES = (64, 96)  # of frames whose way through a network is asked for; multiples of 32 for U-Nets
RANKS = {4: "frame", 5: "window"}


class Geometry(NamedTuple):
    """Sizes at a network's door.

    Attributes:
        takes: "frame", "window" or "clip", as in `models.NETWORKS`.
        ratio: Pixels of its output for each pixel of its input, along one axis.
        border: Pixels that its output lacks on each side.
        channels: Of its input.
    """

    takes: str
    ratio: int
    border: int
    channels: int


def geometry(model: keras.Model) -> Geometry:
    """Reads a network's sizes: an output has `ratio * size - 2 * border` pixels along an axis.

    Args:
        model: A functional model of one input, channels last.

    Raises:
        ValueError: the model has several inputs, or sizes of another kind.
    """
    if len(model.inputs) != 1 or len(model.inputs[0].shape) not in RANKS:
        raise ValueError(
            f"model must take frames (batch, h, w, C), windows (batch, {WINDOW}, h, w, C) or clips "
            f"(batch, T, h, w, C); {model.name} takes {[x.shape for x in model.inputs]}"
        )
    shape = model.inputs[0].shape
    takes = RANKS[len(shape)]
    if takes == "window" and shape[1] is None:
        takes = "clip"
    lead = (1,) if takes == "frame" else (1, WINDOW)
    made = []
    for size in SIZES:
        found = model.compute_output_shape((*lead, size, size, shape[-1]))
        made.append((found[0] if isinstance(found, list) else found)[-2])
    ratio, rest = divmod(made[1] - made[0], SIZES[1] - SIZES[0])
    border, odd = divmod(ratio * SIZES[0] - made[0], 2)
    if rest or odd or ratio < 1 or border < 0:
        raise ValueError(
            f"model must make frames some whole times larger, without a border on each side; "
            f"{model.name} makes {made} pixels of {list(SIZES)}"
        )
    return Geometry(takes, ratio, border, shape[-1])
