"""The figure of a benchmark: time of a call for each network and backend, and the roof.

Readable without colour, as in `figures.py`: hatches tell the backends apart.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from keras_vsr.records import format_cell
from keras_vsr.reporting.benchmark import (
    BACKENDS,
    TASKS,
    backend_rows,
    benchmark_files,
    read_benchmark,
    roof,
)
from keras_vsr.reporting.figures import drawing_style, model_label, save_figure
from keras_vsr.reporting.published import Row

LABELS = {
    "torch": "Keras on PyTorch",
    "tensorflow": "Keras on TensorFlow",
    "jax": "Keras on JAX",
    "legacy_tf": "plain TensorFlow",
    "native_torch": "PyTorch by hand",
}
TITLES = {"train": "one training step", "predict": "one prediction"}
EDGE = {"edgecolor": "black", "linewidth": 0.5}
BARS = {
    "torch": {"facecolor": "#D55E00", **EDGE},
    "tensorflow": {"facecolor": "#0072B2", "hatch": "////", **EDGE},
    "jax": {"facecolor": "#F0E442", "hatch": "....", **EDGE},
    "legacy_tf": {"facecolor": "#A6CEE3", "hatch": "\\\\\\\\", **EDGE},
    "native_torch": {"facecolor": "white", "hatch": "xxxx", **EDGE},
}
ROOF_LINE = {"color": "black", "linewidth": 2.0, "linestyle": (0, (1.5, 0.8))}
ROOF_LABEL = "the same sums at the rate of the dense convolution"
SPREAD = {"color": "black", "linewidth": 0.9}


def write_benchmark_figures(measured: Path, out: Path) -> list[Path]:
    """Draws `benchmark`, and `benchmark_<preset>` for each preset other than cpu.

    Args:
        measured: Folder of the measured rows.
        out: Folder for the figures; made if missing.

    Returns:
        The files written, PNG and SVG.

    Raises:
        InputError: a file is damaged or cannot be written.
    """
    paths = []
    for path in benchmark_files(measured):
        name = path.stem.removesuffix("_cpu")
        paths += save_figure(benchmark_figure(read_benchmark(path)), Path(out) / name)
    return paths


@drawing_style()
def benchmark_figure(rows: Sequence[Row]) -> Figure:
    """Bars of the median time, with a line from the 10th to the 90th percentile.

    Args:
        rows: Measured rows of one benchmark.
    """
    table = [line for line in backend_rows(rows) if line["median_ms"] != ""]
    models = list(dict.fromkeys(line["model"] for line in table))
    backends = [name for name in BACKENDS if any(line["backend"] == name for line in table)]
    devices = list(dict.fromkeys(line["device"] for line in table))
    height = 0.16 * len(models) * (len(backends) + 1) + 1.5
    figure = Figure(figsize=(7.4, height), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(TASKS), sharey=True)
    for axes, task in zip(panels, TASKS, strict=True):
        lines = [line for line in table if line["task"] == task]
        roofs = _roofs(rows, lines)
        left = 0.5 * min([line["p10_ms"] for line in lines] + list(roofs.values()), default=1.0)
        _draw_bars(axes, lines, left, models, backends)
        for (model, _), time in roofs.items():
            half = 0.5 * len(backends) / (len(backends) + 1)
            ends = [models.index(model) - half, models.index(model) + half]
            axes.plot([time, time], ends, **ROOF_LINE)
        axes.set_title(TITLES[task], loc="left")
        axes.set_xscale("log")
        axes.set_xlabel("median (ms)")
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.12)
    panels[0].set_yticks(range(len(models)), [model_label(model) for model in models])
    panels[0].set_ylim(len(models) - 0.4, -0.6)
    figure.suptitle(", ".join(devices), fontsize=9)
    handles = [Patch(label=LABELS[name], **BARS[name]) for name in backends]
    handles.append(Line2D([], [], label=ROOF_LABEL, **ROOF_LINE))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _place(models: Sequence[str], backends: Sequence[str], line) -> float:
    """Where a bar stands: networks are one apart, with a gap of a bar between them."""
    step = 1 / (len(backends) + 1)
    middle = (len(backends) - 1) / 2
    return models.index(line["model"]) + step * (backends.index(line["backend"]) - middle)


def _draw_bars(axes: Axes, lines, left: float, models, backends) -> None:
    """Bars from the left edge: a logarithmic axis has no zero."""
    for line in lines:
        place = _place(models, backends, line)
        thick = 0.9 / (len(backends) + 1)
        axes.barh(place, line["median_ms"] - left, left=left, height=thick, **BARS[line["backend"]])
        axes.plot([line["p10_ms"], line["p90_ms"]], [place, place], **SPREAD)
        axes.annotate(
            format_cell(line["median_ms"]),
            (max(line["median_ms"], line["p90_ms"]), place),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            fontsize=5.5,
            zorder=3,  # above the line of the roof
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
        )
    axes.set_xlim(left=left)


def _roofs(rows: Sequence[Row], lines) -> dict[tuple[str, str], float]:
    """By network and device, the milliseconds that its sums would take at the roof."""
    found = {}
    for line in lines:
        most = roof(rows, line["device"])
        if most is not None:
            sums = next(
                float(row["multiply_adds"])
                for row in rows
                if (row["model"], row["task"]) == (line["model"], line["task"])
            )
            found[line["model"], line["device"]] = sums / most / 1e6
    return found
