"""Curves and comparisons drawn from measured rows: PSNR against epoch, gain over bicubic.

Figures are readable without colour: what a line or a mark stands for is told by its dashes, its
shape and its filling first. Colours are those of Okabe and Ito (2008), chosen for every kind of
colour vision. The same rows give the same bytes.
"""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from keras_vsr.records import write_bytes
from keras_vsr.reporting.published import Row
from keras_vsr.reporting.tables import (
    BACKENDS,
    VARIANTS,
    Measured,
    gain_rows,
    model_order,
    read_measured,
    study_order,
)

MODEL_LABELS = {
    "nearest": "nearest neighbour",
    "srcnn": "SRCNN",
    "fsrcnn_2019": "FSRCNN",
    "srnet3d_early": "first 3D, on raw frames",
    "srnet3d_raw": "3D on raw frames",
    "srnet3d_processed": "3D on processed frames",
    "kim_3dsrnet": "3DSRnet (Kim et al.)",
    "2d_then_3d_raw": "2D, then 3D (raw)",
    "2d_then_3d_processed": "2D, then 3D (processed)",
    "3d_then_2d": "3D, then 2D",
    "two_in_one": "two in one",
    "parallel5": "5-parallel",
    "parallel5_wide": "5-parallel, wider",
    "delta": "Delta",
    "flow4x": "with optical flow, 4x",
    "flow_warped": "mean of warped frames",
    "t_then_s": "T, then S",
    "s_then_t": "S, then T",
    "t_then_s_refined": "T, then S; refined",
    "s_then_t_refined": "S, then T; refined",
    "fused": "fused",
    "fused_refined": "fused, refined",
}
BACKEND_LABELS = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
STUDY_LABELS = {
    "climate_2019": "climate, networks of 2019",
    "climate_2021": "climate, networks of 2021",
    "phantom": "phantom",
    "diamond_2021": "diamond, networks of 2021",
    "real_video": "real video",
    "flow4x": "phantom, 4 times larger",
    "container_2019": "clip of Table 4's size",
    "space_time": "space and time",
}

COLOURS = {"plain": "#0072B2", "residual": "#D55E00", "interpolation": "#000000"}
MARKERS = {"plain": "o", "residual": "s", "interpolation": "D"}
DASHES = {"train": (0, (4, 2)), "validation": "-"}
NOTHING = "not measured"
BICUBIC_LINE = {
    "color": "black",
    "linestyle": ":",
    "linewidth": 1.2,
    "label": "bicubic, validation",
}

# An untrained plain network starts some 40 dB below bicubic, and a residual one ends 1 dB above it:
# one axis for both would show neither. Each has its own, cut this many dB below bicubic.
DEEPEST_BELOW_BICUBIC = {"plain": 30.0, "residual": 3.0}

STYLE = {
    "font.size": 8,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "keras_vsr",  # otherwise the names inside an SVG file are random
}
CLIP_NAME = re.compile(rb'(?<=[#"])p[0-9a-f]{10}(?=[")])')


def drawing_style() -> AbstractContextManager:
    """The look of every figure, whatever the user's own matplotlib settings; undone on leaving."""
    return matplotlib.style.context(["default", STYLE])


def model_label(model: str) -> str:
    """How figures name a network."""
    return MODEL_LABELS.get(model, model)


def write_figures(measured: Path, out: Path) -> list[Path]:
    """Draws the learning curves of each study and backend, and the gains over bicubic.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        out: Folder for the figures; made if missing.

    Returns:
        The files written, PNG and SVG: `psnr_<study>_<backend>` where something was trained;
        `gain_over_bicubic` of the climate studies, where something was scored, and
        `gain_over_bicubic_<dataset>` of those on any other data.

    Raises:
        InputError: a folder or file is missing, damaged or cannot be written.
    """
    rows = read_measured(measured)
    paths = []
    trained = {(study, backend) for study, _, _, backend in rows.epochs}
    for study, backend in sorted(trained, key=lambda key: (study_order(key[0]), key[1])):
        figure = history_figure(rows, study, backend)
        paths += save_figure(figure, Path(out) / f"psnr_{study}_{backend}")
    for dataset, gains in _by_dataset(gain_rows(rows)).items():
        name = "gain_over_bicubic" + (f"_{dataset}" if dataset != "climate" else "")
        paths += save_figure(gain_figure(gains), Path(out) / name)
    return paths


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Writes a figure as `<stem>.png` (150 dpi) and `<stem>.svg`, without date or program name.

    Raises:
        InputError: a file cannot be written.
    """
    paths = []
    # Pictures inside an SVG file are sampled at `dpi`, so it gets more of them than the PNG.
    for suffix, dpi, metadata in (("png", 150, {"Software": None}), ("svg", 200, {"Date": None})):
        buffer = io.BytesIO()
        with drawing_style():
            figure.savefig(buffer, format=suffix, dpi=dpi, metadata=metadata)
        drawn = buffer.getvalue()
        if suffix == "svg":
            drawn = _with_counted_clips(drawn)
        path = stem.with_name(f"{stem.name}.{suffix}")
        write_bytes(path, drawn)
        paths.append(path)
    return paths


def _with_counted_clips(svg: bytes) -> bytes:
    """The same picture with its clipping rectangles named clip1, clip2 ... as they come.

    Matplotlib names them by a digest of where they are, whose last bits change from one drawing to
    the next.
    """
    names: dict[bytes, bytes] = {}

    def counted(found: re.Match) -> bytes:
        return names.setdefault(found[0], b"clip%d" % (len(names) + 1))

    return CLIP_NAME.sub(counted, svg)


@drawing_style()
def history_figure(measured: Measured, study: str, backend: str) -> Figure:
    """PSNR against epoch: for each network a panel of the residual run above one of the plain run.

    Args:
        measured: What `read_measured` gave; it holds an epoch row of the study on the backend.
        study: Name of the study.
        backend: Name of the backend.
    """
    runs = {
        (model, variant): epochs
        for (run_study, model, variant, run_backend), epochs in measured.epochs.items()
        if (run_study, run_backend) == (study, backend)
    }
    models = sorted({model for model, _ in runs}, key=model_order)
    variants = [v for v in reversed(VARIANTS) if any(run[1] == v for run in runs)]
    limits = {
        v: _psnr_limits([row for run, rows in runs.items() if run[1] == v for row in rows], v)
        for v in variants
    }
    columns = min(len(models), 3)
    bands = -(-len(models) // columns)
    figure = Figure(
        figsize=(2.4 * columns + 0.6, 1.35 * bands * len(variants) + 1.0), layout="constrained"
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(bands * len(variants), columns, squeeze=False)
    for place in range(bands * columns):
        band, column = divmod(place, columns)
        panels = grid[band * len(variants) : (band + 1) * len(variants), column]
        if place >= len(models):
            for axes in panels:
                axes.remove()
            continue
        model = models[place]
        last = max(len(runs.get((model, variant), [])) for variant in variants)
        for axes, variant in zip(panels, variants, strict=True):
            axes.set_ylim(limits[variant])
            axes.set_xlim(1 - 0.03 * last, last + 0.03 * last)
            axes.grid(axis="y")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.tick_params(labelbottom=axes is panels[-1], labelleft=column == 0)
            if (model, variant) in runs:
                _draw_run(axes, runs[model, variant], variant)
            else:
                axes.text(0.5, 0.5, NOTHING, transform=axes.transAxes, ha="center", fontsize=7)
        panels[0].set_title(model_label(model), loc="left")
        if place + columns >= len(models):
            panels[-1].set_xlabel("epoch")
    figure.supylabel("PSNR (dB)", fontsize=8)
    figure.suptitle(f"{STUDY_LABELS.get(study, study)}, {BACKEND_LABELS[backend]}", fontsize=9.5)
    lines = [_line(variant, split) for variant in variants for split in ("train", "validation")]
    figure.legend(
        handles=[Line2D([], [], **line) for line in (*lines, BICUBIC_LINE)],
        loc="outside lower center",
        ncols=3 if columns > 1 else 1,
    )
    return figure


@drawing_style()
def gain_figure(gains: Sequence[Row]) -> Figure:
    """Gain over bicubic enlargement on the test frames: a line per network, a panel per backend.

    Args:
        gains: Rows of `gain.csv`.
    """
    backends = [backend for backend in BACKENDS if any(r["backend"] == backend for r in gains)]
    heights = _heights(gains)
    deepest = max(heights.values())
    figure = Figure(figsize=(2.4 * len(backends) + 1.9, 0.28 * deepest + 1.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(backends), sharey=True, squeeze=False)[0]
    values = [float(row[f"{v}_gain_db"]) for row in gains for v in VARIANTS if row[f"{v}_gain_db"]]
    limits = _gain_limits(values)
    for axes, backend in zip(panels, backends, strict=True):
        axes.axvline(0, color="black", linewidth=0.8, zorder=1)
        for row in gains:
            if row["backend"] == backend:
                _draw_gain(axes, row, heights[row["study"], row["model"]])
        axes.set_title(BACKEND_LABELS[backend], loc="left")
        axes.set_xscale("symlog", linthresh=1, linscale=0.8)
        axes.set_xlim(*limits)
        ticks = [t for t in (-30, -10, -3, -1, 0, 1, 3, 10) if limits[0] < t < limits[1]]
        axes.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
        axes.minorticks_off()
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    names = [
        model_label(model) if model else STUDY_LABELS.get(study, study) for study, model in heights
    ]
    panels[0].set_yticks(list(heights.values()), names)
    for label, (_, model) in zip(panels[0].get_yticklabels(), heights, strict=True):
        label.set_fontweight("normal" if model else "bold")
    panels[0].set_ylim(deepest + 0.7, -0.7)
    figure.supxlabel(
        "gain over bicubic enlargement, test frames (dB)\nlinear to 1 dB, logarithmic beyond",
        fontsize=8,
    )
    kinds = {
        "plain": "plain",
        "residual": "residual over bicubic",
        "interpolation": "interpolation",
    }
    figure.legend(
        handles=[
            Line2D([], [], linestyle="none", label=label, **_mark(kind))
            for kind, label in kinds.items()
        ],
        loc="outside upper center",
        ncols=3,
    )
    return figure


def _by_dataset(gains: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each data set, of those backends that scored something on it."""
    scored = dict.fromkeys(
        (row["dataset"], row["backend"])
        for row in gains
        if row["plain_psnr_db"] or row["residual_psnr_db"]
    )
    return {
        name: [row for row in gains if row["dataset"] == name and (name, row["backend"]) in scored]
        for name in dict.fromkeys(dataset for dataset, _ in scored)
    }


def _draw_run(axes: Axes, epochs: Sequence[Row], variant: str) -> None:
    number = _values(epochs, "epoch")
    # About six marks on a line tell the variant; one each epoch would hide the curve.
    spacing = max(len(epochs) // 6, 1)
    for split, first in (("train", spacing // 2), ("validation", 0)):
        psnr = _values(epochs, f"{split}_psnr_db")
        axes.plot(number, psnr, markevery=(first, spacing), **_line(variant, split))
    axes.plot(number, _values(epochs, "bicubic_validation_psnr_db"), **BICUBIC_LINE)
    if not (psnr >= axes.get_ylim()[0]).any():
        text = f"below the axis, ends at {psnr[-1]:.1f} dB"
        axes.text(0.5, 0.08, text, transform=axes.transAxes, ha="center", fontsize=7)


def _draw_gain(axes: Axes, row: Row, height: float) -> None:
    if not row["plain_gain_db"] and not row["residual_gain_db"]:
        axes.text(0.05, height, NOTHING, va="center", fontsize=6, style="italic")
    for variant, shift in (("plain", -0.2), ("residual", 0.2)):
        text = row[f"{variant}_gain_db"]
        if not text or not np.isfinite(float(text)):
            continue
        kind = variant
        if not row["parameters"]:
            kind, shift = "interpolation", 0.0
        value = float(text)
        axes.plot([0, value], [height + shift] * 2, color=COLOURS[kind], linewidth=0.8, zorder=2)
        axes.plot(value, height + shift, linestyle="none", zorder=3, **_mark(kind))
        # The number stands on the far side of its mark, where no line runs.
        left = value < 0
        axes.annotate(
            f"{value:+.2f}",
            (value, height + shift),
            xytext=(-5 if left else 5, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=6,
        )


def _mark(variant: str) -> dict:
    return {
        "marker": MARKERS[variant],
        "markersize": 4.2,
        "color": COLOURS[variant],
        "markerfacecolor": "white" if variant == "residual" else COLOURS[variant],
        "markeredgewidth": 1.0,
    }


def _line(variant: str, split: str) -> dict:
    return {
        "color": COLOURS[variant],
        "linestyle": DASHES[split],
        "linewidth": 1.0,
        "marker": MARKERS[variant],
        "markersize": 3.2,
        "markerfacecolor": COLOURS[variant] if split == "validation" else "white",
        "markeredgewidth": 0.8,
        "label": f"{variant}, {split}",
    }


def _psnr_limits(rows: Sequence[Row], variant: str) -> tuple[float, float]:
    """Bottom and top of the PSNR axis: every finite value, but not far below bicubic."""
    columns = ("train_psnr_db", "validation_psnr_db", "bicubic_validation_psnr_db")
    values = np.array([_values(rows, column) for column in columns])
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    bicubic = values[2][np.isfinite(values[2])]
    bottom = finite.min()
    if bicubic.size:
        bottom = max(bottom, bicubic.min() - DEEPEST_BELOW_BICUBIC[variant])
    margin = 0.05 * max(finite.max() - bottom, 1.0)
    return float(bottom - margin), float(finite.max() + margin)


def _gain_limits(values: Sequence[float]) -> tuple[float, float]:
    """Ends of the gain axis with room for the numbers beside the marks."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min([*finite, -1.0]), max([*finite, 1.0])
    return low * 10, high * 8


def _heights(gains: Sequence[Row]) -> dict[tuple[str, str], float]:
    """Where the line of each (study, network) stands, counted downwards.

    A study's own heading is (study, "").
    """
    heights: dict[tuple[str, str], float] = {}
    height = 0.0
    for study in dict.fromkeys(row["study"] for row in gains):
        for model in ("", *dict.fromkeys(r["model"] for r in gains if r["study"] == study)):
            heights[study, model] = height
            height += 1.0
        height += 0.4
    return heights


def _values(rows: Sequence[Row], column: str) -> np.ndarray:
    return np.array([float(row[column]) for row in rows])
