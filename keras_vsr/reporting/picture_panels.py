"""Panels of one frame of anything but the globe: a phantom, a stone, real video.

Pictures are drawn as they are: grey, square pixels, row 0 on top. One column for each of truth, LR
input, bicubic enlargement and networks, so that small square frames stand side by side.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from keras_vsr.reporting.figures import drawing_style, model_label
from keras_vsr.reporting.panel_parts import ERROR_COLOURS, MARK, off_the_scale, size_text
from keras_vsr.reporting.saved_frames import (
    choose_networks,
    error_limit,
    field_of,
    frame_psnr,
    full_size,
    hardest_square,
    physical,
    shared,
    shared_size,
    units_of,
)

PICTURE_COLOURS = "gray"
COLUMN = 1.5  # inches: seven columns are as wide as a page across


@drawing_style()
def picture_panel_figure(
    frames: Mapping[str, np.ndarray], zoom: Sequence[int] | None = None
) -> Figure:
    """HR, LR, bicubic and the best networks: whole, below it enlarged, below that the signed error.

    Args:
        frames: What `read_frames` gave; with a `data_source`, the heading names it.
        zoom: First row, first column, height and width of what is enlarged, in pixels of the
            shared area; by default the square where bicubic enlargement errs most.
    """
    names = ["high", "low", "bicubic", *choose_networks(frames)]
    cut = {name: shared(frames, name) for name in names if name != "low"}
    scale, offset = physical(frames)
    zoom = tuple(zoom or hardest_square(cut["high"] - cut["bicubic"]))
    errors = {n: (cut[n] - cut["high"]) * scale for n in names if n not in ("high", "low")}
    # One scale for all errors, set by bicubic: the networks are judged against it.
    widest = error_limit(errors["bicubic"])

    rows, columns = full_size(frames)
    heights = (COLUMN * rows / columns, COLUMN * zoom[2] / zoom[3], COLUMN * rows / columns)
    figure = Figure(figsize=(COLUMN * len(names) + 0.1, sum(heights) + 0.85), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.01, hspace=0.01)
    grid = figure.subplots(3, len(names), squeeze=False, height_ratios=heights)
    for (whole, detail, error), name in zip(grid.T, names, strict=True):
        low = name == "low"
        picture = (frames["low"] if low else cut[name]) * scale + offset
        image = _draw(whole, picture, frames, low=low, vmin=offset, vmax=offset + scale)
        _draw(detail, picture, frames, low=low, vmin=offset, vmax=offset + scale)
        _mark_zoom(whole, detail, frames, zoom)
        whole.set_title(_title(frames, name), loc="left", fontsize=7.5)
        if name in errors:
            error_image = _draw(
                error, errors[name], frames, vmin=-widest, vmax=widest, cmap=ERROR_COLOURS
            )
            error.set_xlabel(off_the_scale(errors[name], widest), fontsize=7)
        else:
            error.axis("off")
    # The two places in the row of errors that hold no picture take the colour bars.
    field, units = field_of(frames), units_of(frames)
    for axes, mappable, label, extend in (
        (grid[2][0], image, f"{field} ({units})" if units not in ("", field) else field, "neither"),
        (grid[2][1], error_image, f"estimate - truth\n({units or field})", "both"),
    ):
        bar = axes.inset_axes((0.06, 0.6, 0.88, 0.1))
        figure.colorbar(
            mappable,
            cax=bar,
            orientation="horizontal",
            extend=extend,
            label=label,
            ticks=MaxNLocator(4),
        )
        bar.tick_params(length=2, labelsize=6.5)
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
    cmap: str | LinearSegmentedColormap = PICTURE_COLOURS,
) -> AxesImage:
    """Draws one picture on the pixels of the whole HR frame, row 0 on top."""
    rows, columns = full_size(frames)
    top, left = (0.0, 0.0) if low else _corner(frames)
    image = axes.imshow(
        picture,
        origin="upper",
        extent=(left, columns - left, rows - top, top),
        aspect="equal",
        vmin=vmin,
        vmax=vmax,
        cmap=cmap,
    )
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
    return image


def _mark_zoom(
    whole: Axes, detail: Axes, frames: Mapping[str, np.ndarray], zoom: Sequence[int]
) -> None:
    """Frames the enlarged part in the whole picture and shows just that part below it."""
    top, left = _corner(frames)
    y, x = top + zoom[0], left + zoom[1]
    height, width = zoom[2:]
    for style in MARK:
        whole.add_patch(Rectangle((x, y), width, height, fill=False, **style))
    detail.set_xlim(x, x + width)
    detail.set_ylim(y + height, y)
    detail.images[0].set_interpolation("nearest")


def _corner(frames: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """First row and column of the shared pixels in the whole HR frame."""
    rows, columns = full_size(frames)
    shared_rows, shared_columns = shared_size(frames)
    return (rows - shared_rows) / 2, (columns - shared_columns) / 2


def _title(frames: Mapping[str, np.ndarray], name: str) -> str:
    """Two lines, since a column is narrow."""
    if name == "high":
        return f"truth (HR)\n{size_text(full_size(frames))}"
    if name == "low":
        return f"input (LR)\n{size_text(frames['low'].shape)}"
    model, _, variant = name.partition("/")
    quality = f"{frame_psnr(frames, name):.2f} dB"
    return f"{model_label(model)}\n{f'{variant}, ' if variant else ''}{quality}"


def _heading(frames: Mapping[str, np.ndarray]) -> str:
    source = str(frames.get("data_source", ""))
    return ", ".join(text for text in (str(frames["dataset"]), source, field_of(frames)) if text)
