"""The frames that runs saved: reading them, which networks are worth a picture, and how good.

HR-sized frames are compared on the pixels that all of them have: networks over windows lose 2 on
each side.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter

from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr

META = ("dataset", "hour", "field", "units", "limits")
INPUTS = ("low", "high", "bicubic")
CLIMATE = "climate"

# The few units that look better set than typed.
UNITS_SET = {"1e-5 1/s": r"$10^{-5}\,\mathrm{s}^{-1}$", "1e-5 s-1": r"$10^{-5}\,\mathrm{s}^{-1}$"}


def read_frames(path: Path) -> dict[str, np.ndarray]:
    """Reads the frames that a run saved.

    Args:
        path: `frames_<backend>_<study>.npz`.

    Returns:
        Arrays by name: `low` (h, w), `high`, `bicubic` and one (H, W) per network, named
        `<model>/<variant>`, all float32 in [0, 1]; and `dataset`, `hour`, `field`,
        `units` and `limits` (the field's values at 0 and 1, as text or as numbers); `hour` and
        `units` may be empty. There may be more: `data_source`.

    Raises:
        InputError: the file is missing or damaged, or lacks one of these.
    """
    return read_arrays(Path(path), (*INPUTS, *META))


def read_arrays(path: Path, needed: Sequence[str]) -> dict[str, np.ndarray]:
    """Reads an .npz file that holds certain arrays.

    Raises:
        InputError: the file is missing or damaged, or lacks one of these.
    """
    try:
        # Opened here: np.load leaves a damaged file open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            frames = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise InputError(f"cannot read {path}: there is no such file; run the study") from error
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged or no .npz file; run the study again") from error
    missing = [name for name in needed if name not in frames]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; run the study again")
    return frames


def network_names(frames: Mapping[str, np.ndarray]) -> list[str]:
    """The networks among saved frames, as `<model>/<variant>`; none whose frame is not finite."""
    return sorted(name for name in frames if "/" in name and np.isfinite(frames[name]).all())


def frame_psnr(frames: Mapping[str, np.ndarray], name: str) -> float:
    """PSNR in dB of one saved frame, on the pixels that all of them share."""
    return psnr(shared(frames, "high"), shared(frames, name), data_range=1.0)


def choose_networks(frames: Mapping[str, np.ndarray], count: int = 4) -> list[str]:
    """The networks worth a place in a panel, best first.

    Args:
        frames: What `read_frames` gave.
        count: Number of places.

    Returns:
        Up to `count` names by PSNR. With room for two or more, the last place is the best plain
        network's, so that the paper's own network is there to be seen. Of networks that made the
        same frame, as a cascade and its last network do, one is chosen.
    """
    by_quality = sorted(network_names(frames), key=lambda name: (-frame_psnr(frames, name), name))
    by_quality = [
        name
        for place, name in enumerate(by_quality)
        if not any(np.array_equal(frames[name], frames[better]) for better in by_quality[:place])
    ]
    chosen = by_quality[:count]
    plain = [name for name in by_quality if name.endswith("/plain")]
    if count > 1 and plain and plain[0] not in chosen:
        chosen[-1] = plain[0]
    return chosen


def shared_size(frames: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Rows and columns of the area that every HR-sized frame covers."""
    shapes = [frames[name].shape for name in frames if name in ("high", "bicubic") or "/" in name]
    return min(shape[0] for shape in shapes), min(shape[1] for shape in shapes)


def shared(frames: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One HR-sized frame in float64, cut about its middle to the area that all of them cover.

    Networks over windows lose 2 pixels on each side; frames that were saved whole lose as many.
    """
    frame = frames[name]
    rows, columns = shared_size(frames)
    top, left = (frame.shape[0] - rows) // 2, (frame.shape[1] - columns) // 2
    return frame[top : top + rows, left : left + columns].astype(np.float64)


def full_size(frames: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Rows and columns of the whole HR frame: the LR frame's times the scale."""
    rows, columns = frames["low"].shape
    scale = -(-frames["high"].shape[1] // columns)  # a whole number, but for the pixels cut off
    return rows * scale, columns * scale


def hardest_square(error: np.ndarray) -> tuple[int, int, int, int]:
    """First row, first column, height and width of the square with the largest squared error."""
    side = max(min(error.shape) // 3, 4)
    mean = uniform_filter(error**2, side, mode="constant")
    # The filter's window starts side // 2 before its pixel; only whole windows count.
    inside = mean[side // 2 : side // 2 + error.shape[0] - side + 1]
    inside = inside[:, side // 2 : side // 2 + error.shape[1] - side + 1]
    row, column = np.unravel_index(np.argmax(inside), inside.shape)
    return int(row), int(column), side, side


def physical(frames: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Factor and offset that turn [0, 1] into the field's units."""
    text = " ".join(str(value) for value in np.ravel(frames["limits"]))
    numbers = re.findall(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text)
    if len(numbers) != 2 or float(numbers[1]) <= float(numbers[0]):
        raise InputError(
            f"saved frames have the limits {text!r}, not two numbers, lower first; "
            "run the study again"
        )
    low, high = map(float, numbers)
    return high - low, low


def field_limits(truth: np.ndarray, scale: float, offset: float) -> tuple[float, float]:
    low, high = np.quantile(truth * scale + offset, (0.002, 0.998))
    return float(low), float(max(high, low + 1e-6 * scale))


def error_limit(error: np.ndarray) -> float:
    """Half the width of the error scale: most of the error inside it, no single pixel rules it."""
    return float(max(np.quantile(np.abs(error), 0.995), np.finfo(np.float32).tiny))


def field_of(frames: Mapping[str, np.ndarray]) -> str:
    return str(frames["field"]).replace("_", " ")


def units_of(frames: Mapping[str, np.ndarray]) -> str:
    units = str(frames["units"])
    return UNITS_SET.get(units, units)
