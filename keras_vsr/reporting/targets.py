"""What a benchmark was to reach, what it reached, and why where it did not: one line a target.

Numbers come from the measured rows alone. Reasons are facts that people have typed; they stand in a
file of their own and change no number.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.records import BENCHMARK_CLIP_COLUMNS, REASON_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.benchmark import (
    NATIVE,
    PLAIN_TENSORFLOW,
    TASKS,
    backend_rows,
    benchmark_files,
    read_benchmark,
)
from keras_vsr.reporting.published import Row

TARGET_COLUMNS = (
    "target",
    "model",
    "task",
    "backend",
    "measured",
    "wanted",
    "met",
    "rows",
    "note",
)
PLAIN_NAME = "cpu"  # the preset whose table needs no name
NETWORKS = ("fsrcnn_2019", "srnet3d", "parallel5", "delta", "kim_3dsrnet")
OF_2019 = ("fsrcnn_2019", "srnet3d")  # networks that plain TensorFlow has
OF_WINDOWS = ("srnet3d", "parallel5", "delta", "kim_3dsrnet")
# Those that native PyTorch may run off its fast 3D convolutions with, at a batch of one window.
SLOW_ALONE = ("srnet3d", "parallel5", "delta")
SLOW = 4  # it does where it takes so many times as long as the fastest backend
DIGITS = 4  # significant ones of the measured number


class Wanted(NamedTuple):
    """A limit.

    Attributes:
        relation: "at most", "under" or "at least".
        limit: The number.
    """

    relation: str
    limit: float

    def met(self, value: float) -> bool:
        if self.relation == "at least":
            return value >= self.limit
        return value < self.limit if self.relation == "under" else value <= self.limit

    def __str__(self):
        return f"{self.relation} {self.limit:.4g}"


ENLARGED = (
    (("two_in_one", "2d_then_3d"), Wanted("at least", 2.5)),
    (("delta",), Wanted("at least", 1.4)),
)
# Of clips: target, networks, task, the measured quantity, and what is wanted.
OF_CLIPS = (
    *(
        (f"enlarge_to_{baseline}", models, "enlarge", f"ratio_to_{baseline}", wanted)
        for baseline in ("window_by_window", "plain_window_by_window")
        for models, wanted in ENLARGED
    ),
    (
        "enlarge_memory_growth",
        ("two_in_one", "2d_then_3d", "delta"),
        "enlarge",
        "memory_growth",
        Wanted("under", 0.01),
    ),
    ("remat_memory", ("parallel5",), "remat", "memory_ratio", Wanted("at most", 1 / 3)),
    ("remat_time", ("parallel5",), "remat", "time_ratio", Wanted("at most", 1.35)),
    ("feed_share_of_step", OF_2019, "feed", "share_of_step", Wanted("under", 0.03)),
    ("feed_memory_of_clip", OF_2019, "feed", "memory_of_clip", Wanted("at most", 1.2)),
)


def write_targets(measured: Path, reasons: Path, out: Path) -> list[Path]:
    """Makes `benchmark_targets.csv` of every preset that was measured.

    Args:
        measured: Folder of `benchmark_<preset>.csv` and `benchmark_clips_<preset>.csv`.
        reasons: File of the reasons; there may be none.
        out: Folder for the tables; made if missing.

    Returns:
        The files: without a name for the preset of processors, with it for others.

    Raises:
        InputError: a file is damaged, or a table cannot be written.
    """
    notes = read_rows(reasons, REASON_COLUMNS) if Path(reasons).exists() else []
    paths = []
    for file in benchmark_files(measured):
        preset = file.stem.removeprefix("benchmark_")
        clips = file.with_name(f"benchmark_clips_{preset}.csv")
        clip_rows = read_clips(clips) if clips.exists() else []
        suffix = "" if preset == PLAIN_NAME else f"_{preset}"
        path = Path(out) / f"benchmark_targets{suffix}.csv"
        rows = target_rows(read_benchmark(file), clip_rows, notes)
        write_rows(path, TARGET_COLUMNS, rows)
        paths.append(path)
    return paths


def read_clips(path: Path) -> list[Row]:
    """Reads the measured rows of clips.

    Raises:
        InputError: the file is missing or damaged.
    """
    rows = read_rows(path, BENCHMARK_CLIP_COLUMNS)
    for row in rows:
        try:
            finite = np.isfinite(float(row["value"]))
        except ValueError:
            finite = False
        if not finite:
            raise InputError(
                f"{path} has {row['value']!r} as value of {row['row']}, which is no number; "
                "restore it or measure again"
            )
    return rows


def target_rows(
    rows: Sequence[Row], clip_rows: Sequence[Row], reasons: Iterable[Row] = ()
) -> list[dict[str, object]]:
    """A line for each target, network and task, whether it was measured or not.

    Args:
        rows: What `read_benchmark` gave.
        clip_rows: What `read_clips` gave.
        reasons: Rows of `REASON_COLUMNS`; one without a backend is for any.
    """
    notes = {tuple(row[column] for column in REASON_COLUMNS[:4]): row["reason"] for row in reasons}
    lines = [*_of_backends(rows), *_of_clips(clip_rows)]
    for line in lines:
        line["note"] = next(
            (
                notes[key]
                for backend in (line["backend"], "")
                if (key := (line["target"], line["model"], line["task"], backend)) in notes
            ),
            "",
        )
    return lines


def _of_backends(rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    """The lines of training and predicting."""
    table = {(line["model"], line["task"], line["backend"]): line for line in backend_rows(rows)}

    def line(target, model, task, backend, column, wanted, others=()):
        found = table.get((model, task, backend), {}).get(column, "")
        keys = [f"{model}/{task}/{name}" for name in (backend, *others)]
        return _line(target, model, task, backend, found, wanted, keys)

    def fastest(model, task):
        timed = [row for key, row in table.items() if key[:2] == (model, task) and row["median_ms"]]
        return min(timed, key=lambda row: row["median_ms"], default={}).get("backend", "")

    for model in NETWORKS:
        for task in TASKS:
            behind = table.get((model, task, NATIVE), {}).get("ratio_to_fastest") or 0
            slow = task == "predict" and model in SLOW_ALONE and _alone(rows, model)
            limit = Wanted("at most", 0.5 if slow and behind > SLOW else 1.05)
            column = "ratio_to_native_torch"
            yield line("torch_to_native_torch", model, task, "torch", column, limit, [NATIVE])
    for model in OF_WINDOWS:
        if _alone(rows, model):
            others, limit = [fastest(model, "predict")], Wanted("at most", 1.5)
            column = "ratio_to_fastest"
            yield line("torch_to_fastest", model, "predict", "torch", column, limit, others)
    for model in OF_2019:
        for task in TASKS:
            column, limit = "ratio_to_plain_tensorflow", Wanted("at most", 1.05)
            name, others = "tensorflow_to_plain_tensorflow", [PLAIN_TENSORFLOW]
            yield line(name, model, task, "tensorflow", column, limit, others)
    for model in NETWORKS:
        for task in TASKS:
            others, limit = [fastest(model, task)], Wanted("at most", 4)
            yield line("jax_to_fastest", model, task, "jax", "ratio_to_fastest", limit, others)
    for model in ("srnet3d", "parallel5"):
        best, limit = fastest(model, "predict"), Wanted("at least", 0.5)
        yield line("share_of_roof", model, "predict", best, "share_of_roof", limit)


def _of_clips(rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    """The lines of enlarging, recomputing and feeding: medians over the workers."""
    for target, models, task, quantity, wanted in OF_CLIPS:
        for model in models:
            asked = (model, task, quantity)
            found = [row for row in rows if (row["model"], row["task"], row["quantity"]) == asked]
            backend = found[0]["backend"] if found else "torch"
            value = float(np.median([float(row["value"]) for row in found])) if found else ""
            keys = [f"{model}/{task}/{quantity}/{backend}"]
            yield _line(target, model, task, backend, value, wanted, keys)


def _alone(rows: Sequence[Row], model: str) -> bool:
    """Whether a network was given one window at a time, or was not measured."""
    shapes = [row["shape"] for row in rows if (row["model"], row["task"]) == (model, "predict")]
    return all(shape.startswith("1x") for shape in shapes)


def _line(target, model, task, backend, value, wanted, keys) -> dict[str, object]:
    """One line; without a value nothing is met or missed, and no rows are named."""
    measured = value != ""
    return {
        "target": target,
        "model": model,
        "task": task,
        "backend": backend,
        "measured": float(f"{value:.{DIGITS}g}") if measured else "",
        "wanted": str(wanted),
        "met": ("yes" if wanted.met(value) else "no") if measured else "",
        "rows": " ".join(dict.fromkeys(key for key in keys if not key.endswith("/")))
        if measured
        else "",
        "note": "",
    }
