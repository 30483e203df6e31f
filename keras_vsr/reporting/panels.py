"""Picture panels of one frame: truth, LR input, interpolation, networks, and their errors.

Fields are drawn in a colour map whose lightness rises from one end to the other, errors in one
whose lightness does too and is a neutral grey at zero: both survive a black and white printer.
Pictures have north up: row 0 of a climate frame is the equator, the last row 90 N.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from scipy.ndimage import uniform_filter

from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr
from keras_vsr.reporting.figures import drawing_style, model_label, save_figure
from keras_vsr.reporting.tables import BACKENDS, STUDIES

META = ("dataset", "hour", "field", "units", "limits")
INPUTS = ("low", "high", "bicubic")

FIELD_COLOURS = "viridis"
# Blue is too low, amber too high; lightness rises all the way, so grey alone tells the sign.
ERROR_COLOURS = LinearSegmentedColormap.from_list(
    "blue_grey_amber", ["#08194a", "#2f5fa8", "#a9a9a9", "#f2c269", "#fffbe8"]
)

# The few units that look better set than typed.
UNITS_SET = {"1e-5 1/s": r"$10^{-5}\,\mathrm{s}^{-1}$", "1e-5 s-1": r"$10^{-5}\,\mathrm{s}^{-1}$"}

# The colour of the mark around what is shown enlarged: white under black shows on every ground.
MARK = ({"edgecolor": "white", "linewidth": 1.8}, {"edgecolor": "black", "linewidth": 0.8})


def read_frames(path: Path) -> dict[str, np.ndarray]:
    """Reads the frames that a run saved.

    Args:
        path: `frames_<backend>_<study>.npz`.

    Returns:
        Arrays by name: `low` (h, w), `high`, `bicubic` and one (H, W) per network, named
        `<model>/<variant>`, all float32 in [0, 1]; and `dataset`, `hour`, `field`,
        `units` and `limits` (the field's values at 0 and 1, as text or as numbers); `hour` may be
        empty.

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


def write_panels(measured: Path, out: Path) -> list[Path]:
    """Draws the panel of every saved frame, and the recovered frame of the best network of all.

    Args:
        measured: Folder with `frames_<backend>_<study>.npz`, any subset.
        out: Folder for the pictures; made if missing.

    Returns:
        The files written, PNG and SVG: `panel_<study>_<backend>`, and `recovered` where a network
        was run.

    Raises:
        InputError: a file is damaged or cannot be written.
    """
    paths, best = [], None
    for study in STUDIES:
        for backend in BACKENDS:
            path = Path(measured) / f"frames_{backend}_{study}.npz"
            if not path.exists():
                continue
            frames = read_frames(path)
            paths += write_panel(frames, Path(out) / f"panel_{study}_{backend}")
            for name in choose_networks(frames, 1):
                quality = frame_psnr(frames, name)
                if best is None or quality > best[0]:
                    best = quality, frames
    if best:
        paths += write_recovered(best[1], Path(out) / "recovered")
    return paths


def write_panel(frames: Mapping[str, np.ndarray], stem: Path) -> list[Path]:
    """Draws `panel_figure` as `<stem>.png` and `<stem>.svg`.

    Raises:
        InputError: a file cannot be written.
    """
    return save_figure(panel_figure(frames), Path(stem))


def write_recovered(frames: Mapping[str, np.ndarray], stem: Path) -> list[Path]:
    """Draws `recovered_figure` as `<stem>.png` and `<stem>.svg`.

    Raises:
        InputError: a file cannot be written.
    """
    return save_figure(recovered_figure(frames), Path(stem))


def network_names(frames: Mapping[str, np.ndarray]) -> list[str]:
    """The networks among saved frames, as `<model>/<variant>`; none whose frame is not finite."""
    names = [name for name in frames if name not in (*INPUTS, *META)]
    return sorted(name for name in names if np.isfinite(frames[name]).all())


def frame_psnr(frames: Mapping[str, np.ndarray], name: str) -> float:
    """PSNR in dB of one saved frame, on the pixels that all of them share."""
    return psnr(_shared(frames, "high"), _shared(frames, name), data_range=1.0)


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


@drawing_style()
def panel_figure(frames: Mapping[str, np.ndarray], zoom: Sequence[int] | None = None) -> Figure:
    """HR, LR, bicubic and the best networks: whole, enlarged, and their signed error.

    Args:
        frames: What `read_frames` gave.
        zoom: First row, first column, height and width of what is enlarged, in pixels of the
            shared area; by default the square where bicubic enlargement errs most.
    """
    names = ["high", "low", "bicubic", *choose_networks(frames)]
    shared = {name: _shared(frames, name) for name in names if name != "low"}
    scale, offset = physical(frames)
    units = units_of(frames)
    zoom = tuple(zoom or _hardest_square(shared["high"] - shared["bicubic"]))
    values = field_limits(shared["high"], scale, offset)
    errors = {n: (shared[n] - shared["high"]) * scale for n in names if n not in ("high", "low")}
    # One scale for all errors, set by bicubic: the networks are judged against it.
    widest = _error_limit(errors["bicubic"])

    height, width = shared["high"].shape
    row_height = 2.75 * height / width + 0.24
    figure = Figure(figsize=(7.4, row_height * len(names) + 0.75), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    grid = figure.subplots(
        len(names), 3, squeeze=False, width_ratios=(width, height * zoom[3] / zoom[2], width)
    )
    for (whole, detail, error), name in zip(grid, names, strict=True):
        low = name == "low"
        picture = (frames["low"] if low else shared[name]) * scale + offset
        image = _draw(whole, picture, frames, low=low, vmin=values[0], vmax=values[1])
        _draw(detail, picture, frames, low=low, vmin=values[0], vmax=values[1])
        _mark_zoom(whole, detail, frames, zoom)
        whole.set_title(_title(frames, name), loc="left")
        if name in errors:
            error_image = _draw(
                error, errors[name], frames, vmin=-widest, vmax=widest, cmap=ERROR_COLOURS
            )
            error.set_title(_error_title(errors[name], widest), loc="left")
        else:
            error.axis("off")
    for row in grid[:-1]:
        for axes in row:
            axes.tick_params(labelbottom=False)
    for row in grid:
        row[2].tick_params(labelleft=False)
    for axes in (grid[-1][0], grid[-1][2]):
        axes.set_xlabel("longitude (° E)")
    figure.supylabel("latitude (° N)", fontsize=8)
    # The two places in the error column that hold no picture take the colour bars.
    for axes, mappable, label in (
        (grid[0][2], image, f"{_field(frames)} ({units})"),
        (grid[1][2], error_image, f"error ({units})"),
    ):
        bar = axes.inset_axes((0.04, 0.5, 0.92, 0.12))
        figure.colorbar(
            mappable,
            cax=bar,
            orientation="horizontal",
            extend="both",
            label=label,
            ticks=MaxNLocator(4),
        )
        bar.tick_params(length=2)
    figure.suptitle(_heading(frames), fontsize=9.5)
    return figure


@drawing_style()
def recovered_figure(frames: Mapping[str, np.ndarray]) -> Figure:
    """Truth, LR input, the best network's frame and its error, two by two.

    Args:
        frames: What `read_frames` gave, with at least one network.
    """
    names = choose_networks(frames, 1)
    if not names:
        raise ValueError("frames must hold a network's frame (<model>/<variant>), not only inputs")
    best = names[0]
    truth, recovered = _shared(frames, "high"), _shared(frames, best)
    scale, offset = physical(frames)
    units = units_of(frames)
    values = field_limits(truth, scale, offset)
    error = (recovered - truth) * scale
    widest = _error_limit(error)

    height, width = truth.shape
    figure = Figure(figsize=(9.0, 7.5 * height / width + 1.15), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2)
    pictures = {
        "truth": truth * scale + offset,
        "low": frames["low"] * scale + offset,
        "recovered": recovered * scale + offset,
    }
    titles = {
        "truth": f"truth, {_size(_full_size(frames))}",
        "low": f"input, {_size(frames['low'].shape)}",
        "recovered": f"recovered by {_name(best)}",
        "error": f"error: PSNR {frame_psnr(frames, best):.2f} dB, "
        f"bicubic {frame_psnr(frames, 'bicubic'):.2f} dB",
    }
    for axes, (name, picture) in zip(grid.flat, pictures.items(), strict=False):
        image = _draw(axes, picture, frames, low=name == "low", vmin=values[0], vmax=values[1])
        axes.set_title(titles[name], loc="left")
    error_image = _draw(grid[1, 1], error, frames, vmin=-widest, vmax=widest, cmap=ERROR_COLOURS)
    grid[1, 1].set_title(titles["error"], loc="left")
    for axes in grid[0]:
        axes.tick_params(labelbottom=False)
    for axes in grid[:, 1]:
        axes.tick_params(labelleft=False)
    for axes in grid[1]:
        axes.set_xlabel("longitude (° E)")
    for axes in grid[:, 0]:
        axes.set_ylabel("latitude (° N)")
    for row, mappable, label in (
        (0, image, f"{_field(frames)} ({units})"),
        (1, error_image, f"recovered - truth ({units})"),
    ):
        bar = figure.colorbar(
            mappable,
            ax=list(grid[row]),
            extend="both",
            label=label,
            ticks=MaxNLocator(5),
            aspect=14,
            pad=0.01,
        )
        bar.ax.tick_params(length=2)
    figure.suptitle(_heading(frames), fontsize=9.5)
    return figure


def _draw(
    axes: Axes,
    picture: np.ndarray,
    frames: Mapping[str, np.ndarray],
    *,
    vmin: float,
    vmax: float,
    low: bool = False,
    cmap: str | LinearSegmentedColormap = FIELD_COLOURS,
) -> AxesImage:
    """Draws one picture north up on degrees of latitude and longitude, with square pixels."""
    west, east, south, north = _extent(frames, whole=low)
    rows, columns = _full_size(frames)
    image = axes.imshow(
        picture,
        origin="lower",
        extent=(west, east, south, north),
        aspect=(360 / columns) / (90 / rows),
        vmin=vmin,
        vmax=vmax,
        cmap=cmap,
    )
    axes.set_xlim(0, 360)
    axes.set_ylim(0, 90)
    axes.set_xticks(range(0, 361, 90))
    axes.set_yticks((0, 30, 60, 90))
    axes.tick_params(length=2, width=0.5)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
    return image


def _mark_zoom(
    whole: Axes, detail: Axes, frames: Mapping[str, np.ndarray], zoom: Sequence[int]
) -> None:
    """Frames the enlarged part in the whole picture and shows just that part beside it."""
    top, left, height, width = zoom
    west, _, south, _ = _extent(frames)
    rows, columns = _full_size(frames)
    x, y = west + left * 360 / columns, south + top * 90 / rows
    size = width * 360 / columns, height * 90 / rows
    for style in MARK:
        whole.add_patch(Rectangle((x, y), *size, fill=False, **style))
    detail.set_xlim(x, x + size[0])
    detail.set_ylim(y, y + size[1])
    detail.set_xticks([])
    detail.set_yticks([])
    detail.images[0].set_interpolation("nearest")


def _shared_size(frames: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Rows and columns of the area that every HR-sized frame covers."""
    shapes = [frame.shape for name, frame in frames.items() if name not in ("low", *META)]
    return min(shape[0] for shape in shapes), min(shape[1] for shape in shapes)


def _shared(frames: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """One HR-sized frame in float64, cut about its middle to the area that all of them cover.

    Networks over windows lose 2 pixels on each side; frames that were saved whole lose as many.
    """
    frame = frames[name]
    rows, columns = _shared_size(frames)
    top, left = (frame.shape[0] - rows) // 2, (frame.shape[1] - columns) // 2
    return frame[top : top + rows, left : left + columns].astype(np.float64)


def _full_size(frames: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Rows and columns of the whole HR frame: the LR frame's times the scale."""
    scale = round(frames["high"].shape[1] / frames["low"].shape[1])
    return frames["low"].shape[0] * scale, frames["low"].shape[1] * scale


def _extent(
    frames: Mapping[str, np.ndarray], whole: bool = False
) -> tuple[float, float, float, float]:
    """West, east, south and north edge in degrees, of the whole frame or the shared pixels."""
    if whole:
        return 0.0, 360.0, 0.0, 90.0
    rows, columns = _full_size(frames)
    shared_rows, shared_columns = _shared_size(frames)
    x = (columns - shared_columns) / 2 * 360 / columns
    y = (rows - shared_rows) / 2 * 90 / rows
    return x, 360 - x, y, 90 - y


def _hardest_square(error: np.ndarray) -> tuple[int, int, int, int]:
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


def _error_limit(error: np.ndarray) -> float:
    """Half the width of the error scale: most of the error inside it, no single pixel rules it."""
    return float(max(np.quantile(np.abs(error), 0.995), np.finfo(np.float32).tiny))


def _title(frames: Mapping[str, np.ndarray], name: str) -> str:
    if name == "high":
        return f"truth (HR), {_size(_full_size(frames))}"
    if name == "low":
        return f"input (LR), {_size(frames['low'].shape)}"
    return f"{_name(name)}, {frame_psnr(frames, name):.2f} dB"


def _error_title(error: np.ndarray, widest: float) -> str:
    """Says how much of a picture has no colour of its own, where that is more than a few pixels."""
    outside = float(np.mean(np.abs(error) > widest))
    return "estimate - truth" + (f", {outside:.0%} off the scale" if outside > 0.05 else "")


def _name(name: str) -> str:
    model, _, variant = name.partition("/")
    return f"{model_label(model)}, {variant}" if variant else model_label(model)


def _size(shape: Sequence[int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _heading(frames: Mapping[str, np.ndarray]) -> str:
    hour = str(frames["hour"])  # empty where the data does not say it
    return f"{frames['dataset']}, {_field(frames)}" + (f", hour {hour}" if hour else "")


def _field(frames: Mapping[str, np.ndarray]) -> str:
    return str(frames["field"]).replace("_", " ")


def units_of(frames: Mapping[str, np.ndarray]) -> str:
    units = str(frames["units"])
    return UNITS_SET.get(units, units)
