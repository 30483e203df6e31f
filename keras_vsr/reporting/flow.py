"""The study of flow: the table of how well motions are found, and the turning phantom's flow drawn.

Readable without colour, as in `figures.py`: arrows are black on grey, and in the map of errors
darker is larger.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from keras_vsr.errors import InputError
from keras_vsr.records import FLOW_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.figures import BACKEND_LABELS, drawing_style, save_figure
from keras_vsr.reporting.published import Row
from keras_vsr.reporting.saved_frames import read_arrays
from keras_vsr.reporting.tables import BACKENDS, is_number

FIELDS = ("first", "second", "true_flow", "found_flow", "motion")  # of `flow_field_<backend>.npz`

# What a line is of, and what must be the same wherever it was measured.
_KEY = ("case", "motion", "trained_on")
_SHARED = (
    *("frames", "height", "width", "levels", "parameters", "steps"),
    "still_endpoint_error_px",
)
TABLE_COLUMNS = (
    *_KEY,
    *_SHARED,
    *(f"endpoint_error_px_{backend}" for backend in BACKENDS),
    *(f"seconds_{backend}" for backend in BACKENDS),
    "measured_row",
    "note",
)
_NUMBERS = ("endpoint_error_px", "seconds", *_SHARED)

ARROWS = 11  # along each side of the frame, about
LONGEST = 1.1  # of the space between arrows, at most: the longest true one
DARKEST = 0.62  # grey of black pixels behind arrows: a black arrow is seen on it
OUTLINE = 0.1  # intensity, of the lines drawn over the errors: where there is hardly tissue
BELOW = -0.27  # of a panel's height: where the keys to the arrows stand


def read_flow(measured: Path) -> list[Row]:
    """Reads `<backend>_flow.csv`, those that are there, backend after backend.

    Args:
        measured: Folder of the measuring program's CSV files.

    Raises:
        InputError: a file is damaged.
    """
    rows = []
    for backend in BACKENDS:
        path = Path(measured) / f"{backend}_flow.csv"
        if not path.exists():
            continue
        for line, row in enumerate(read_rows(path, FLOW_COLUMNS), start=2):
            for column in _NUMBERS:
                if not is_number(row[column]):
                    raise InputError(
                        f"{path} line {line} has {row[column]!r} as {column}, not a number; "
                        "measure again"
                    )
            rows.append(row)
    return rows


def flow_rows(rows: Iterable[Row]) -> list[Row]:
    """One line for each motion and training, the backends side by side, in measured order.

    Args:
        rows: What `read_flow` gave.
    """
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[column] for column in _KEY), {})[row["backend"]] = row
    lines = []
    for key, by_backend in found.items():
        missing = [backend for backend in BACKENDS if backend not in by_backend]
        line = dict.fromkeys(TABLE_COLUMNS, "") | dict(zip(_KEY, key, strict=True))
        for column in _SHARED:
            line[column] = " / ".join(dict.fromkeys(row[column] for row in by_backend.values()))
        for backend, row in by_backend.items():
            line[f"endpoint_error_px_{backend}"] = row["endpoint_error_px"]
            line[f"seconds_{backend}"] = row["seconds"]
        line["measured_row"] = "; ".join(row["row"] for row in by_backend.values())
        line["note"] = f"not measured on {', '.join(missing)}" if missing else ""
        lines.append(line)
    return lines


def write_flow(measured: Path, tables: Path, figures: Path) -> bool:
    """Writes `flow.csv`, and draws `flow_phantom` as PNG and SVG.

    The figure shows the flow that the first of the measured backends found.

    Args:
        measured: Folder of the measuring program's files, any subset of backends.
        tables: Folder for the table; made if missing.
        figures: Folder for the figure; made if missing.

    Returns:
        Whether there was anything to write.

    Raises:
        InputError: a file is missing or damaged, or one cannot be written.
    """
    rows = read_flow(measured)
    if not rows:
        return False
    backend = rows[0]["backend"]
    field = read_field(Path(measured) / f"flow_field_{backend}.npz")
    write_rows(Path(tables) / "flow.csv", TABLE_COLUMNS, flow_rows(rows))
    save_figure(flow_figure(field, backend), Path(figures) / "flow_phantom")
    return True


def read_field(path: Path) -> dict[str, np.ndarray]:
    """Reads the flow that is drawn.

    Args:
        path: `flow_field_<backend>.npz`.

    Returns:
        `first` and `second`, frames (H, W) in [0, 1]; `true_flow` and `found_flow`, (H, W, 2):
        (dx, dy) in pixels from the first to the second; and the `motion` in words.

    Raises:
        InputError: the file is missing or damaged, or lacks one of these.
    """
    path = Path(path)
    field = read_arrays(path, FIELDS)
    size = field["first"].shape
    for name, shape in (
        *(("first", size), ("second", size)),
        *(("true_flow", (*size, 2)), ("found_flow", (*size, 2))),
    ):
        if len(size) != 2 or field[name].shape != shape:
            raise InputError(
                f"{path} has {name} of shape {field[name].shape} beside frames of shape {size}; "
                "run the study again"
            )
        if not np.isfinite(field[name]).all():
            raise InputError(
                f"{path} has a value in {name} that is not a finite number; run the study again"
            )
    return field


@drawing_style()
def flow_figure(field: Mapping[str, np.ndarray], backend: str) -> Figure:
    """A frame, its true flow, the flow that was found, and how far they are apart.

    Args:
        field: What `read_field` gave.
        backend: Whose flow it is.
    """
    true_flow, found_flow = (field[name].astype(np.float64) for name in ("true_flow", "found_flow"))
    error = np.hypot(*np.moveaxis(true_flow - found_flow, -1, 0))
    length = np.hypot(*np.moveaxis(true_flow, -1, 0))

    figure = Figure(figsize=(5.3, 6.5), layout="constrained")
    FigureCanvasAgg(figure)
    (frame, true), (found, apart) = figure.subplots(2, 2)
    image = _draw(frame, field["first"], cmap="gray", vmin=0, vmax=1)
    _add_bar(frame, image, "intensity")
    frame.set_title("(a) first frame", loc="left")

    step = max(round(min(error.shape) / ARROWS), 1)
    longest = max(length[_every(step, length)].max(), 1e-3)
    enlarged = max(int(LONGEST * step / longest), 1)
    for axes, flow in ((true, true_flow), (found, found_flow)):
        behind = -DARKEST / (1 - DARKEST)  # makes black the grey `DARKEST`, and leaves white white
        _draw(axes, field["first"], cmap="gray", vmin=behind, vmax=1)
        _draw_arrows(axes, flow, step, enlarged)
    true.set_title(f"(b) true flow, mean {length.mean():.2f} px", loc="left")
    found.set_title(f"(c) flow found, mean error {error.mean():.2f} px", loc="left")

    image = _draw(apart, error, cmap="YlOrBr", vmin=0, vmax=max(error.max(), 1e-3))
    apart.contour(field["first"], [OUTLINE], colors="black", linewidths=0.5)
    _add_bar(apart, image, "end-point error (px)")
    apart.set_title(f"(d) error of (c), at most {error.max():.2f} px", loc="left")
    for axes in (frame, found):
        axes.set_ylabel("y (px)")
    figure.suptitle(
        f"phantom turning by {field['motion']}, {BACKEND_LABELS[backend]}", fontsize=9.5
    )
    return figure


def _draw(axes: Axes, picture: np.ndarray, **colours: object) -> AxesImage:
    """Draws a picture, row 0 on top, with its places in pixels."""
    image = axes.imshow(picture, origin="upper", **colours)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 4, 5, 10]))
    axes.set_xlabel("x (px)")
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.5)
    return image


def _add_bar(axes: Axes, image: AxesImage, label: str) -> None:
    bar = axes.figure.colorbar(
        image,
        ax=axes,
        location="bottom",
        fraction=0.05,
        label=label,
        ticks=MaxNLocator(5),
    )
    bar.outline.set_linewidth(0.5)


def _draw_arrows(axes: Axes, flow: np.ndarray, step: int, enlarged: int) -> None:
    """Draws the flow of every so many pixels as arrows about them, with a key below the panel."""
    every = _every(step, flow)
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]][(slice(None), *every)]
    arrows = axes.quiver(
        columns,
        rows,
        flow[every][..., 0],
        flow[every][..., 1],
        angles="xy",  # y points down, in the flow as in the picture
        scale_units="xy",
        scale=1 / enlarged,
        pivot="mid",  # so that none at the border is cut
        width=0.006,
        headwidth=3.5,
        headlength=4,
        headaxislength=3.6,
    )
    label = "1 px" + (f", drawn {enlarged} times as long" if enlarged > 1 else "")
    axes.quiverkey(arrows, 0.06, BELOW, 1, label, labelpos="E", fontproperties={"size": 8})


def _every(step: int, pixels: np.ndarray) -> tuple[slice, ...]:
    """The rows and columns that have an arrow, as far from one border as from the other."""
    return tuple(slice((step + size % step) // 2, None, step) for size in pixels.shape[:2])
