"""Picture panels of one frame: truth, LR input, interpolation, networks, and their errors.

Fields are drawn in a colour map whose lightness rises from one end to the other, errors in one
whose lightness does too and is a neutral grey at zero: both survive a black and white printer.
Climate frames have north up: row 0 is the equator, the last row 90 N. Frames of anything else are
drawn as the pictures they are: `picture_panels.py`.
"""

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

from keras_vsr.reporting.figures import drawing_style, save_figure
from keras_vsr.reporting.panel_parts import (
    ERROR_COLOURS,
    MARK,
    error_title,
    frame_title,
    network_text,
    size_text,
)
from keras_vsr.reporting.picture_panels import picture_panel_figure
from keras_vsr.reporting.saved_frames import (
    CLIMATE,
    choose_networks,
    error_limit,
    field_limits,
    field_of,
    frame_psnr,
    full_size,
    hardest_square,
    physical,
    read_frames,
    shared,
    shared_size,
    units_of,
)
from keras_vsr.reporting.tables import BACKENDS, study_order

FIELD_COLOURS = "viridis"


def write_panels(measured: Path, out: Path) -> list[Path]:
    """Draws the panel of every saved frame, and the climate frame that the best network recovered.

    Args:
        measured: Folder with `frames_<backend>_<study>.npz`, any subset.
        out: Folder for the pictures; made if missing.

    Returns:
        The files written, PNG and SVG: `panel_<study>_<backend>`, and `recovered` where a network
        was run on climate frames.

    Raises:
        InputError: a file is damaged or cannot be written.
    """
    paths, best = [], None
    found = [
        (study_order(path.stem.removeprefix(f"frames_{backend}_")), place, backend, path)
        for place, backend in enumerate(BACKENDS)
        for path in Path(measured).glob(f"frames_{backend}_*.npz")
    ]
    for (_, study), _, backend, path in sorted(found):
        frames = read_frames(path)
        paths += write_panel(frames, Path(out) / f"panel_{study}_{backend}")
        for name in choose_networks(frames, 1) if _is_climate(frames) else ():
            quality = frame_psnr(frames, name)
            if best is None or quality > best[0]:
                best = quality, frames
    if best:
        paths += write_recovered(best[1], Path(out) / "recovered")
    return paths


def write_panel(frames: Mapping[str, np.ndarray], stem: Path) -> list[Path]:
    """Draws `panel_figure`, or `picture_panel_figure`, as `<stem>.png` and `<stem>.svg`.

    Raises:
        InputError: a file cannot be written.
    """
    draw = panel_figure if _is_climate(frames) else picture_panel_figure
    return save_figure(draw(frames), Path(stem))


def write_recovered(frames: Mapping[str, np.ndarray], stem: Path) -> list[Path]:
    """Draws `recovered_figure` as `<stem>.png` and `<stem>.svg`.

    Raises:
        InputError: a file cannot be written.
    """
    return save_figure(recovered_figure(frames), Path(stem))


@drawing_style()
def panel_figure(frames: Mapping[str, np.ndarray], zoom: Sequence[int] | None = None) -> Figure:
    """HR, LR, bicubic and the best networks: whole, enlarged, and their signed error.

    Args:
        frames: What `read_frames` gave.
        zoom: First row, first column, height and width of what is enlarged, in pixels of the
            shared area; by default the square where bicubic enlargement errs most.
    """
    names = ["high", "low", "bicubic", *choose_networks(frames)]
    cut = {name: shared(frames, name) for name in names if name != "low"}
    scale, offset = physical(frames)
    units = units_of(frames)
    zoom = tuple(zoom or hardest_square(cut["high"] - cut["bicubic"]))
    values = field_limits(cut["high"], scale, offset)
    errors = {n: (cut[n] - cut["high"]) * scale for n in names if n not in ("high", "low")}
    # One scale for all errors, set by bicubic: the networks are judged against it.
    widest = error_limit(errors["bicubic"])

    height, width = cut["high"].shape
    row_height = 2.75 * height / width + 0.24
    figure = Figure(figsize=(7.4, row_height * len(names) + 0.75), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    grid = figure.subplots(
        len(names), 3, squeeze=False, width_ratios=(width, height * zoom[3] / zoom[2], width)
    )
    for (whole, detail, error), name in zip(grid, names, strict=True):
        low = name == "low"
        picture = (frames["low"] if low else cut[name]) * scale + offset
        image = _draw(whole, picture, frames, low=low, vmin=values[0], vmax=values[1])
        _draw(detail, picture, frames, low=low, vmin=values[0], vmax=values[1])
        _mark_zoom(whole, detail, frames, zoom)
        whole.set_title(frame_title(frames, name), loc="left")
        if name in errors:
            error_image = _draw(
                error, errors[name], frames, vmin=-widest, vmax=widest, cmap=ERROR_COLOURS
            )
            error.set_title(error_title(errors[name], widest), loc="left")
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
        (grid[0][2], image, f"{field_of(frames)} ({units})"),
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
    truth, recovered = shared(frames, "high"), shared(frames, best)
    scale, offset = physical(frames)
    units = units_of(frames)
    values = field_limits(truth, scale, offset)
    error = (recovered - truth) * scale
    widest = error_limit(error)

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
        "truth": f"truth, {size_text(full_size(frames))}",
        "low": f"input, {size_text(frames['low'].shape)}",
        "recovered": f"recovered by {network_text(best)}",
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
        (0, image, f"{field_of(frames)} ({units})"),
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


def _is_climate(frames: Mapping[str, np.ndarray]) -> bool:
    return str(frames["dataset"]) == CLIMATE


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
    rows, columns = full_size(frames)
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
    rows, columns = full_size(frames)
    x, y = west + left * 360 / columns, south + top * 90 / rows
    size = width * 360 / columns, height * 90 / rows
    for style in MARK:
        whole.add_patch(Rectangle((x, y), *size, fill=False, **style))
    detail.set_xlim(x, x + size[0])
    detail.set_ylim(y, y + size[1])
    detail.set_xticks([])
    detail.set_yticks([])
    detail.images[0].set_interpolation("nearest")


def _extent(
    frames: Mapping[str, np.ndarray], whole: bool = False
) -> tuple[float, float, float, float]:
    """West, east, south and north edge in degrees, of the whole frame or the shared pixels."""
    if whole:
        return 0.0, 360.0, 0.0, 90.0
    rows, columns = full_size(frames)
    shared_rows, shared_columns = shared_size(frames)
    x = (columns - shared_columns) / 2 * 360 / columns
    y = (rows - shared_rows) / 2 * 90 / rows
    return x, 360 - x, y, 90 - y


def _heading(frames: Mapping[str, np.ndarray]) -> str:
    hour = str(frames["hour"])  # empty where the data does not say it
    return f"{frames['dataset']}, {field_of(frames)}" + (f", hour {hour}" if hour else "")
