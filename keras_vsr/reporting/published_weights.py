"""The table of the authors' own weights: what each file gives on every backend, and whether that
is what its authors printed.
"""

from collections.abc import Iterable
from pathlib import Path

from keras_vsr.errors import InputError
from keras_vsr.records import PUBLISHED_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.published import Row
from keras_vsr.reporting.tables import BACKENDS, is_number

TABLE_COLUMNS = (
    "weights",
    "network",
    "arguments",
    "parameters",
    "dataset",
    "seconds_between",
    "quantity",
    "expected",
    "tolerance",
    *(f"value_{backend}" for backend in BACKENDS),
    *(f"holds_{backend}" for backend in BACKENDS),
    "holds",
    "measured_row",
    "note",
)

# What a line is of, and what must be the same wherever it was measured.
_KEY = ("weights", "dataset", "seconds_between", "quantity")
_SHARED = ("network", "arguments", "parameters", "expected", "tolerance")
_MAYBE_NUMBERS = ("seconds_between", "expected", "tolerance")

AS_IT_IS = "as it is: nothing is asked of it"


def read_published_weights(measured: Path) -> list[Row]:
    """Reads `<backend>_published_weights.csv`, those that are there, backend after backend.

    Args:
        measured: Folder of the measuring program's CSV files.

    Raises:
        InputError: a file is damaged.
    """
    rows = []
    for backend in BACKENDS:
        path = Path(measured) / f"{backend}_published_weights.csv"
        if not path.exists():
            continue
        for line, row in enumerate(read_rows(path, PUBLISHED_COLUMNS), start=2):
            filled = [column for column in _MAYBE_NUMBERS if row[column]]
            for column in ("value", *filled):
                if not is_number(row[column]):
                    raise InputError(
                        f"{path} line {line} has {row[column]!r} as {column}, not a number; "
                        "measure again"
                    )
            rows.append(row)
    return rows


def published_weights_rows(rows: Iterable[Row]) -> list[Row]:
    """One line for each quantity of each file, the backends side by side, in measured order.

    `holds` is "yes" where something is asked and every backend that was measured gives it, "no"
    where one does not, and empty where nothing is asked.

    Args:
        rows: What `read_published_weights` gave.
    """
    found: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[column] for column in _KEY), {})[row["backend"]] = row
    lines = []
    for key, by_backend in found.items():
        answers = {row["holds"] for row in by_backend.values()}
        missing = [backend for backend in BACKENDS if backend not in by_backend]
        notes = [
            AS_IT_IS if answers == {""} else "",
            f"not measured on {', '.join(missing)}" if missing else "",
        ]
        line = dict.fromkeys(TABLE_COLUMNS, "") | dict(zip(_KEY, key, strict=True))
        for column in _SHARED:
            line[column] = " / ".join(dict.fromkeys(row[column] for row in by_backend.values()))
        for backend, row in by_backend.items():
            line[f"value_{backend}"] = row["value"]
            line[f"holds_{backend}"] = row["holds"]
        if answers != {""}:
            line["holds"] = "yes" if answers == {"yes"} else "no"
        line["measured_row"] = "; ".join(row["row"] for row in by_backend.values())
        line["note"] = "; ".join(note for note in notes if note)
        lines.append(line)
    return lines


def write_published_weights(measured: Path, out: Path) -> bool:
    """Writes `published_weights.csv`.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        out: Folder for the table; made if missing.

    Returns:
        Whether there was anything to write.

    Raises:
        InputError: a file is damaged, or the table cannot be written.
    """
    lines = published_weights_rows(read_published_weights(measured))
    if lines:
        write_rows(Path(out) / "published_weights.csv", TABLE_COLUMNS, lines)
    return bool(lines)
