"""What panels of climate frames and of pictures share: colours of errors, marks, titles."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from keras_vsr.reporting.figures import model_label
from keras_vsr.reporting.saved_frames import frame_psnr, full_size

# Blue is too low, amber too high; lightness rises all the way, so grey alone tells the sign.
ERROR_COLOURS = LinearSegmentedColormap.from_list(
    "blue_grey_amber", ["#08194a", "#2f5fa8", "#a9a9a9", "#f2c269", "#fffbe8"]
)

# The colour of the mark around what is shown enlarged: white under black shows on every ground.
MARK = ({"edgecolor": "white", "linewidth": 1.8}, {"edgecolor": "black", "linewidth": 0.8})


def frame_title(frames: Mapping[str, np.ndarray], name: str) -> str:
    if name == "high":
        return f"truth (HR), {size_text(full_size(frames))}"
    if name == "low":
        return f"input (LR), {size_text(frames['low'].shape)}"
    return f"{network_text(name)}, {frame_psnr(frames, name):.2f} dB"


def error_title(error: np.ndarray, widest: float) -> str:
    outside = off_the_scale(error, widest)
    return "estimate - truth" + (f", {outside}" if outside else "")


def off_the_scale(error: np.ndarray, widest: float) -> str:
    """Says how much of a picture has no colour of its own, where that is more than a few pixels."""
    outside = float(np.mean(np.abs(error) > widest))
    return f"{outside:.0%} off the scale" if outside > 0.05 else ""


def network_text(name: str) -> str:
    model, _, variant = name.partition("/")
    return f"{model_label(model)}, {variant}" if variant else model_label(model)


def size_text(shape: Sequence[int]) -> str:
    return f"{shape[0]} x {shape[1]}"
