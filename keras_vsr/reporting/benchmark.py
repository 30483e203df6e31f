"""The table of backends side by side, rebuilt from the measured rows of a benchmark alone; and
what of it became worse than in an older table.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.records import BENCHMARK_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.published import Row

TABLE_COLUMNS = (
    "model",
    "task",
    "backend",
    "device",
    "median_ms",
    "p10_ms",
    "p90_ms",
    "ratio_to_native_torch",
    "ratio_to_plain_tensorflow",
    "ratio_to_fastest",
    "share_of_roof",
    "peak_mb",
    "psnr_db",
)
RATIOS = ("ratio_to_native_torch", "ratio_to_plain_tensorflow", "ratio_to_fastest")
NATIVE, PLAIN_TENSORFLOW = "native_torch", "legacy_tf"
BACKENDS = ("torch", "tensorflow", "jax", PLAIN_TENSORFLOW, NATIVE)
TASKS = ("train", "predict")
ROOF, CONVOLUTION = "roof", "convolution"
SLACK = 1.1  # a ratio may grow so much, from noise, before it counts as worse
DIGITS = 4  # significant ones of the table's numbers

# What must be numbers where they are given at all.
_NUMBERS = ("median_ms", "gmac_per_s", "gb_per_s", "peak_mb", "psnr_db", "multiply_adds")


def write_backends(measured: Path, out: Path) -> Path | None:
    """Makes `backends.csv` of every `benchmark_<preset>.csv`.

    Args:
        measured: Folder of the measured rows.
        out: Folder for the table; made if missing.

    Returns:
        The file, or None where nothing was measured.

    Raises:
        InputError: a file is damaged, the table cannot be written, or two presets have rows of one
            device.
    """
    files = benchmark_files(measured)
    if not files:
        return None
    table = [row for path in files for row in backend_rows(read_benchmark(path))]
    if len({_key(row) for row in table}) < len(table):
        raise InputError(
            f"two presets in {measured} were measured on one device, and the table has a row for "
            "each device only: give each preset another folder with --out"
        )
    path = Path(out) / "backends.csv"
    write_rows(path, TABLE_COLUMNS, table)
    return path


def benchmark_files(measured: Path) -> list[Path]:
    """The files of measured rows in a folder, one for each preset, without those of clips."""
    files = sorted(Path(measured).glob("benchmark_*.csv"))
    return [path for path in files if not path.name.startswith("benchmark_clips_")]


def read_benchmark(path: Path) -> list[Row]:
    """Reads the measured rows of one benchmark.

    Raises:
        InputError: the file is missing or damaged.
    """
    rows = read_rows(path, BENCHMARK_COLUMNS)
    for row in rows:
        _check_numbers(path, row, _NUMBERS)
        if not row["median_ms"] or not float(row["median_ms"]) > 0:
            raise InputError(f"{path} has no time in row {row['row']}; restore it or measure again")
    return rows


def read_table(path: Path) -> list[Row]:
    """Reads a table that `write_backends` made.

    Raises:
        InputError: the file is missing or damaged.
    """
    rows = read_rows(path, TABLE_COLUMNS)
    for row in rows:
        _check_numbers(path, row, RATIOS)
    return rows


def backend_rows(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The table of one benchmark: a row for each network, task, backend and device.

    Times are medians over the workers; of a backend that was measured in several memory layouts the
    faster one counts. Ratios are those of medians on the same device. A backend whose result was
    another than that of the first worker has no time here, and is no measure for others.

    Args:
        rows: What `read_benchmark` gave.
    """
    groups = _grouped(row for row in rows if row["task"] != ROOF)
    timed = {key: chosen for key, layouts in groups.items() if (chosen := _fastest(layouts))}
    medians = {key: _median(chosen) for key, chosen in timed.items()}
    table = []
    for key in sorted(groups, key=_order(rows)):
        model, task, backend, device = key
        every = [row for layout in groups[key].values() for row in layout]
        line = dict.fromkeys(TABLE_COLUMNS, "") | {
            "model": model,
            "task": task,
            "backend": backend,
            "device": device,
            "psnr_db": _rounded(np.median([float(row["psnr_db"]) for row in every])),
        }
        if key in timed:
            alike = {
                other: median
                for (of, at, other, where), median in medians.items()
                if (of, at, where) == (model, task, device)
            }
            measures = (alike.get(NATIVE), alike.get(PLAIN_TENSORFLOW), min(alike.values()))
            low, high = np.percentile(_values(timed[key], "median_ms"), (10, 90))
            line |= {
                "median_ms": _rounded(medians[key]),
                "p10_ms": _rounded(low),
                "p90_ms": _rounded(high),
                "share_of_roof": _share(timed[key], roof(rows, device)),
                "peak_mb": _rounded(np.median(_values(timed[key], "peak_mb"))),
            }
            for name, measure in zip(RATIOS, measures, strict=True):
                line[name] = _rounded(medians[key] / measure) if measure else ""
        table.append(line)
    return table


def roof(rows: Iterable[Row], device: str) -> float | None:
    """The most multiply-adds a second, in 1e9, of a dense convolution through any library: for each
    library and layout the median over the workers, then the largest. None if there are none.
    """
    rates: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if (row["task"], row["model"], row["device"]) == (ROOF, CONVOLUTION, device):
            rates.setdefault((row["backend"], row["layout"]), []).append(float(row["gmac_per_s"]))
    return max((float(np.median(each)) for each in rates.values()), default=None)


def became_worse(old: Iterable[Row], new: Iterable[Row]) -> list[str]:
    """A sentence for each row of a table with a ratio that is more than 10 % above the old one.

    Args:
        old: Rows of the older table.
        new: Rows of the table that is judged. Rows that only one of the two has are passed over.

    Raises:
        InputError: the tables have no row in common.
    """
    before = {_key(row): row for row in old}
    sentences, common = [], 0
    for row in new:
        earlier = before.get(_key(row))
        if earlier is None:
            continue
        common += 1
        where = f"{row['model']} {row['task']} on {row['backend']}"
        if earlier["median_ms"] and not row["median_ms"]:
            sentences.append(f"{where}: its result is not that of the others any more.")
            continue
        grown = [
            f"{name} is {float(row[name]):.3g}, was {float(earlier[name]):.3g}"
            for name in RATIOS
            if row[name] and earlier[name] and float(row[name]) > SLACK * float(earlier[name])
        ]
        if grown:
            sentences.append(f"{where}: {'; '.join(grown)}.")
    if not common:
        raise InputError(
            "the older table has no row for the same model, task, backend and device: give one of "
            "the same machine"
        )
    return sentences


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[column] for column in ("model", "task", "backend", "device"))


def _grouped(rows: Iterable[Row]) -> dict[tuple[str, ...], dict[str, list[Row]]]:
    """The rows of each network, task, backend and device, by memory layout."""
    groups: dict[tuple[str, ...], dict[str, list[Row]]] = {}
    for row in rows:
        groups.setdefault(_key(row), {}).setdefault(row["layout"], []).append(row)
    return groups


def _fastest(layouts: dict[str, list[Row]]) -> list[Row]:
    """The rows of the fastest layout that gave the right result in every worker; may be empty."""
    right = [rows for rows in layouts.values() if all(row["agrees"] == "yes" for row in rows)]
    return min(right, key=_median, default=[])


def _median(rows: Iterable[Row]) -> float:
    return float(np.median(_values(rows, "median_ms")))


def _values(rows: Iterable[Row], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def _share(rows: Sequence[Row], most: float | None) -> float | str:
    if most is None:
        return ""
    return _rounded(float(rows[0]["multiply_adds"]) / _median(rows) / 1e6 / most)


def _order(rows: Sequence[Row]):
    """Networks as they were measured, then tasks and backends as above, then devices."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    return lambda key: (
        models.index(key[0]),
        TASKS.index(key[1]),
        BACKENDS.index(key[2]),
        key[3],
    )


def _rounded(value: float) -> float:
    if not math.isfinite(value) or value == 0:
        return float(value)
    return float(f"{value:.{DIGITS}g}")


def _check_numbers(path: Path, row: Row, columns: Iterable[str]) -> None:
    for column in columns:
        try:
            float(row[column] or 0)
        except ValueError as error:
            raise InputError(
                f"{path} has {row[column]!r} as {column}, which is no number; restore it or "
                "measure again"
            ) from error
