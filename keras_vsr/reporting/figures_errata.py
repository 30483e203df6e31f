"""Figures of the errata: what they cost, how they show in the authors' own weights, how a sheared
frame looks; and the learning curve of report_2019's Table 4 beside ours.

Readable without colour, as in `figures.py`: hatches, marks and dashes tell first what is what.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from PIL import Image

from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr
from keras_vsr.records import EPOCH_COLUMNS, read_rows
from keras_vsr.reporting.errata import all_together, errata_rows, read_described, read_errata_runs
from keras_vsr.reporting.figures import (
    BACKEND_LABELS,
    BICUBIC_LINE,
    COLOURS,
    DASHES,
    MARKERS,
    NOTHING,
    drawing_style,
    model_label,
    save_figure,
)
from keras_vsr.reporting.panels import FIELD_COLOURS
from keras_vsr.reporting.published import RESULT_COLUMNS, Row
from keras_vsr.reporting.published_weights import read_published_weights
from keras_vsr.reporting.saved_frames import field_limits, physical, read_arrays, units_of
from keras_vsr.reporting.tables import BACKENDS, read_checked

GAP = "next_less_middle_db"

FRAMES_FILE = "frames_errata_e1.npz"
PUBLISHED_PICTURE = "published"
FRAMES = ("high", "bicubic", "sheared", "limits", "units")

TABLE_4 = {"study": "container_2019", "model": "srnet3d_early", "variant": "plain", "errata": ""}
TABLE_4_LOG = "trail1_3d"  # the run of the published logs that Table 4 was taken from
LOG_COLUMNS = ("run", "epoch", "mse", "ssim", "psnr_db", "val_mse", "val_ssim", "val_psnr_db")
_TABLE_4_NUMBERS = (
    *("epoch", "train_psnr_db", "validation_psnr_db"),
    "bicubic_validation_psnr_db",
)

# Kinds of bars and marks of the cost figure.
NETWORK = {"facecolor": COLOURS["plain"], "edgecolor": "black", "linewidth": 0.5}
INPUT = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.5, "hatch": "/////"}
RIGHT_FRAME = {
    "marker": "D",
    "markersize": 4.2,
    "color": "black",
    "markerfacecolor": "white",
    "linestyle": "none",
}
TABLE_4_POINT = {"marker": "x", "markersize": 6, "color": "black", "linestyle": "none"}

# Backends give the same line but for rounding: marks of shrinking size lie on top of each other.
GAP_LINES = {
    "torch": {"marker": "o", "markersize": 9, "linestyle": "-", "color": "#0072B2"},
    "tensorflow": {"marker": "s", "markersize": 5.5, "linestyle": "--", "color": "#D55E00"},
    "jax": {"marker": "x", "markersize": 4, "linestyle": ":", "color": "black"},
}


def write_errata_cost(measured: Path, published: Path, out: Path) -> bool:
    """Draws `errata_cost` as PNG and SVG.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        published: Folder where `errata.csv` says what the errata are.
        out: Folder for the figure; made if missing.

    Returns:
        Whether there was anything to draw.

    Raises:
        InputError: a file is missing or damaged, or the figure cannot be written.
    """
    runs = read_errata_runs(measured)
    lines = errata_rows(runs, read_described(published)) if runs.scores else []
    if not any(line["difference_psnr_db"] != "" for line in lines):
        return False
    save_figure(errata_cost_figure(lines), Path(out) / "errata_cost")
    return True


def write_errata_e2_gap(measured: Path, out: Path) -> bool:
    """Draws `errata_e2_gap` as PNG and SVG.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        out: Folder for the figure; made if missing.

    Returns:
        Whether there was anything to draw.

    Raises:
        InputError: a file is damaged, or the figure cannot be written.
    """
    rows = [row for row in read_published_weights(measured) if row["quantity"] == GAP]
    rows = [row for row in rows if row["seconds_between"]]
    if rows:
        save_figure(e2_gap_figure(rows), Path(out) / "errata_e2_gap")
    return bool(rows)


def write_errata_e1_sheared(measured: Path, out: Path, picture: Path | None = None) -> bool:
    """Draws `errata_e1_sheared` as PNG and SVG.

    Args:
        measured: Folder where `frames_errata_e1.npz` lies.
        out: Folder for the figure; made if missing.
        picture: The published picture of such a frame, drawn beside.

    Returns:
        Whether there was anything to draw.

    Raises:
        InputError: the file is damaged, or the figure cannot be written.
    """
    path = Path(measured) / FRAMES_FILE
    if not path.exists():
        return False
    frames = read_sheared(path)
    if picture:
        with Image.open(picture) as image:
            frames[PUBLISHED_PICTURE] = np.asarray(image.convert("RGB"))
    save_figure(e1_sheared_figure(frames), Path(out) / "errata_e1_sheared")
    return True


def write_table4_curve(
    measured: Path, published: Path, out: Path, training_logs: Path | None = None
) -> bool:
    """Draws `table4_curve` as PNG and SVG.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        published: Folder where `results.csv` holds the rows of Table 4.
        out: Folder for the figure; made if missing.
        training_logs: The published training logs (`training_logs.csv`); the curve of the run
            behind Table 4 is drawn from them, and only the table's own numbers without.

    Returns:
        Whether there was anything of ours to draw.

    Raises:
        InputError: a file is missing or damaged, or the figure cannot be written.
    """
    ours = {}
    for backend in BACKENDS:
        path = Path(measured) / f"{backend}_epochs.csv"
        rows = read_checked(path, EPOCH_COLUMNS, _TABLE_4_NUMBERS)
        rows = [row for row in rows if all(row[key] == TABLE_4[key] for key in TABLE_4)]
        if rows:
            ours[backend] = sorted(rows, key=lambda row: float(row["epoch"]))
    if not ours:
        return False
    results = read_rows(Path(published) / "results.csv", RESULT_COLUMNS)
    printed = [row for row in results if (row["source"], row["table"]) == ("report_2019", "4")]
    log = read_training_log(training_logs) if training_logs else []
    save_figure(table4_figure(ours, printed, log), Path(out) / "table4_curve")
    return True


def read_training_log(path: Path) -> list[Row]:
    """Reads the epochs of the run behind Table 4 from the published training logs.

    Raises:
        InputError: the file is missing or damaged, or does not hold that run.
    """
    rows = [row for row in read_rows(path, LOG_COLUMNS) if row["run"] == TABLE_4_LOG]
    if not rows:
        raise InputError(f"{path} has no run {TABLE_4_LOG}; give the published training logs")
    try:
        for row in rows:
            _ = float(row["epoch"]), float(row["psnr_db"]), float(row["val_psnr_db"])
    except ValueError as error:
        raise InputError(f"{path}: {error}; restore the published training logs") from error
    return rows


def read_sheared(path: Path) -> dict[str, np.ndarray]:
    """Reads the frame that shows erratum E1.

    Args:
        path: `frames_errata_e1.npz`.

    Returns:
        `high`, `bicubic` and `sheared` (H, W) in [0, 1], row 0 at the equator; `limits`, the
        field's values at 0 and 1, and `units`.

    Raises:
        InputError: the file is damaged, or lacks one of these.
    """
    path = Path(path)
    frames = read_arrays(path, FRAMES)
    if len({frames[name].shape for name in ("high", "bicubic", "sheared")}) > 1:
        raise InputError(f"{path} has frames of different sizes; run the study again")
    return frames


@drawing_style()
def errata_cost_figure(lines: Sequence[Row]) -> Figure:
    """Change of PSNR by each erratum: trained networks above, the input of the 3D network below.

    Args:
        lines: Rows of the table `errata.csv`.
    """
    backends = [b for b in BACKENDS if any(line["backend"] == b for line in lines)]
    # What has no cost on any backend stands in the table, with the reason.
    networks = dict.fromkeys(
        (line["erratum"], line["model"]) for line in lines if line["difference_psnr_db"] != ""
    )
    # Only where the input is not the bicubic frame itself.
    inputs = {
        line["erratum"]: None
        for line in lines
        if line["raw_psnr_db_on"]
        and line["raw_psnr_db_off"]
        and line["raw_psnr_db_on"] != line["raw_psnr_db_off"]
    }
    every = all_together([line["erratum"] for line in lines])
    rows = len(networks) + (len(inputs) + 1.6 if inputs else 0)
    figure = Figure(figsize=(2.6 * len(backends) + 2.5, 0.2 * rows + 1.3), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(backends), sharey=True, squeeze=False)[0]
    heights = {key: float(place) for place, key in enumerate(networks)}
    first_input = len(networks) + 1.6
    input_heights = {erratum: first_input + place for place, erratum in enumerate(inputs)}
    for axes, backend in zip(panels, backends, strict=True):
        axes.axvline(0, color="black", linewidth=0.8, zorder=1)
        for line in lines:
            if line["backend"] != backend:
                continue
            if (line["erratum"], line["model"]) in heights:
                height = heights[line["erratum"], line["model"]]
                _draw_cost(axes, line["psnr_db_on"], line["psnr_db_off"], height, NETWORK)
                if line["psnr_db_on_against_middle"] and line["psnr_db_off"]:
                    right = float(line["psnr_db_on_against_middle"]) - float(line["psnr_db_off"])
                    axes.plot(right, height, zorder=4, **RIGHT_FRAME)
            if line["erratum"] in input_heights and line["raw_psnr_db_on"]:
                height = input_heights[line["erratum"]]
                _draw_cost(axes, line["raw_psnr_db_on"], line["raw_psnr_db_off"], height, INPUT)
        low, high = axes.dataLim.intervalx
        low, high = min(low, 0), max(high, 0)
        extent = max(high - low, 1.0)
        axes.set_xlim(low - 0.05 * extent, high + 0.25 * extent)  # room for the numbers
        axes.set_title(BACKEND_LABELS[backend], loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    names = {height: _bar_name(*key, every) for key, height in heights.items()}
    if inputs:
        names[first_input - 1] = "what the 3D network is given"
        names |= {height: _named(erratum, every) for erratum, height in input_heights.items()}
    panels[0].set_yticks(list(names), list(names.values()))
    if inputs:
        panels[0].get_yticklabels()[len(networks)].set_fontweight("bold")
    panels[0].set_ylim(max(names) + 0.7, -0.7)
    figure.supxlabel("change of PSNR when switched on, test frames (dB)", fontsize=8)
    handles = [Patch(label="network trained with it", **NETWORK)]
    if inputs:
        handles.append(Patch(label="input, against bicubic", **INPUT))
    if any(line["psnr_db_on_against_middle"] for line in lines):
        handles.append(Line2D([], [], label="scored against the middle frame", **RIGHT_FRAME))
    figure.legend(handles=handles, loc="outside upper center", ncols=3 if len(backends) > 1 else 2)
    return figure


@drawing_style()
def e2_gap_figure(rows: Sequence[Row]) -> Figure:
    """How much nearer the authors' own 3D network comes to the next frame than to the middle one.

    Args:
        rows: Rows of published weights of the quantity `next_less_middle_db`, one for each backend
            and time between frames.
    """
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for backend in BACKENDS:
        points = sorted(
            (float(row["seconds_between"]), float(row["value"]))
            for row in rows
            if row["backend"] == backend
        )
        if points:
            axes.plot(
                *zip(*points, strict=True),
                linewidth=1.0,
                markerfacecolor="none",
                label=BACKEND_LABELS[backend],
                **GAP_LINES[backend],
            )
    axes.axhline(0, color="black", linewidth=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.2 * high), high)
    axes.set_xlim(left=0)
    axes.text(
        0.99,
        0.02,
        "below 0: nearer to the middle frame",
        ha="right",
        va="bottom",
        transform=axes.transAxes,
        fontsize=7,
    )
    axes.set_xlabel("time between frames (s)")
    axes.set_ylabel("PSNR against the next frame\nless against the middle frame (dB)")
    axes.set_title("3D weights as published in 2019, on generated frames (E2)", loc="left")
    axes.grid()
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@drawing_style()
def e1_sheared_figure(frames: Mapping[str, np.ndarray]) -> Figure:
    """The true frame, enlarged rightly, and as the 2019 program enlarged it.

    Drawn with row 0, the equator, on top, as that program drew its pictures.

    Args:
        frames: What `read_sheared` gave; where there is one, `published` beside it, (rows, columns,
            3), the printed picture of such a frame, top row first.
    """
    titles = {"high": "truth"}
    for name, words in (("bicubic", "bicubic"), ("sheared", "as the 2019 program enlarged it")):
        value = psnr(frames["high"], frames[name], data_range=1.0)
        titles[name] = f"{words}, {value:.2f} dB"
    scale, offset = physical(frames)
    low, high = field_limits(frames["high"].astype(np.float64), scale, offset)
    rows, columns = frames["high"].shape
    figure = Figure(figsize=(7.4, 7.0 * rows / columns + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2)
    for axes, (name, title) in zip(grid.flat, titles.items(), strict=False):
        picture = frames[name].astype(np.float64) * scale + offset
        image = axes.imshow(picture, vmin=low, vmax=high, cmap=FIELD_COLOURS)
        axes.set_title(title, loc="left")
        axes.set_xlabel("column (longitude)")
        axes.set_ylabel("row (latitude)")
        axes.tick_params(length=2)
        axes.spines[:].set_visible(True)
    if PUBLISHED_PICTURE in frames:
        grid[1, 1].imshow(_without_margins(frames[PUBLISHED_PICTURE]))
        grid[1, 1].set_title("as published in 2019 (another frame)", loc="left")
    grid[1, 1].axis("off")
    figure.colorbar(
        image,
        ax=list(grid.flat),
        extend="both",
        label=f"vorticity ({units_of(frames)})",
        ticks=MaxNLocator(5),
        aspect=30,
        pad=0.01,
    )
    return figure


@drawing_style()
def table4_figure(
    ours: Mapping[str, Sequence[Row]], printed: Sequence[Row], log: Sequence[Row]
) -> Figure:
    """PSNR against epoch, published and ours, of the 3D network on real video.

    Args:
        ours: Epoch rows by backend, first epoch first.
        printed: Rows of Table 4.
        log: What `read_training_log` gave; may be empty.
    """
    figure = Figure(figsize=(2.6 * len(ours) + 2.4, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(ours), sharey=True, squeeze=False)[0]
    for axes, (backend, epochs) in zip(panels, ours.items(), strict=True):
        spacing = max(len(epochs) // 6, 1)
        for split, column in (("train", "psnr_db"), ("validation", "val_psnr_db")):
            if log:
                axes.plot(
                    _column(log, "epoch"),
                    _column(log, column),
                    color="#777777",
                    linestyle=DASHES[split],
                    linewidth=1.0,
                    label=f"published, {split}",
                )
            axes.plot(
                _column(epochs, "epoch"),
                _column(epochs, f"{split}_psnr_db"),
                color=COLOURS["plain"],
                linestyle=DASHES[split],
                linewidth=1.0,
                marker=MARKERS["plain"],
                markersize=3.2,
                markerfacecolor=COLOURS["plain"] if split == "validation" else "white",
                markevery=spacing,
                label=f"ours, {split}",
            )
        bicubic = _column(epochs, "bicubic_validation_psnr_db")
        axes.plot(_column(epochs, "epoch"), bicubic, **{**BICUBIC_LINE, "label": "bicubic, ours"})
        if printed:
            # The table counts epochs from 0, the logs and we from 1; its last one is the log's 100.
            at = [max(int(row["stage"].split()[1]), 1) for row in printed]
            axes.plot(at, _column(printed, "psnr_db"), label="Table 4", **TABLE_4_POINT)
        source = epochs[0]["data_source"]
        axes.set_title(
            f"{BACKEND_LABELS[backend]}, on {source}" if source else BACKEND_LABELS[backend],
            loc="left",
        )
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("epoch")
        axes.grid(axis="y")
    panels[0].set_ylabel("PSNR (dB)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_cost(axes: Axes, on: str, off: str, height: float, style: dict) -> None:
    """A bar from 0 to on less off; its number at the right edge, where room is kept for it."""
    value = float(on) - float(off) if on and off else np.nan
    if np.isfinite(value):
        axes.barh(height, value, height=0.66, zorder=3, **style)
        text = f"{value:+.2f}"
    else:
        text = "diverged" if on and off else NOTHING
    axes.text(
        0.99,
        height,
        text,
        transform=axes.get_yaxis_transform(),
        ha="right",
        va="center",
        fontsize=6,
    )


def _bar_name(erratum: str, model: str, every: str) -> str:
    return f"{_named(erratum, every)}: {model_label(model)}"


def _named(erratum: str, every: str) -> str:
    return "all" if erratum == every else erratum


def _without_margins(picture: np.ndarray) -> np.ndarray:
    """A printed picture cut to what is not of the colour of its corner."""
    printed = (picture != picture[0, 0]).any(axis=-1)
    rows, columns = np.flatnonzero(printed.any(axis=1)), np.flatnonzero(printed.any(axis=0))
    if not rows.size:
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _column(rows: Sequence[Row], column: str) -> np.ndarray:
    return np.array([float(row[column]) for row in rows])
