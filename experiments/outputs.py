"""The folder of a run: where rows, tables, figures and states lie."""

import fcntl
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from keras_vsr.errors import InputError
from keras_vsr.records import format_cell, read_rows, remove_unfinished, write_rows

# Rows measured under other settings cannot stand in one file.
SETTINGS = ("preset", "seed", "data_source", "protocol", "errata")

RUN = ("study", "model", "variant", "errata")  # whose row it is


class Outputs:
    """A folder for the results of one preset, written by one process a backend.

    Args:
        folder: Made if it is not there.
        backend: Whose rows this process writes.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(self, folder: Path, backend: str):
        self.folder = Path(folder)
        self.backend = backend
        self.measured = self.folder / "measured"
        self.tables = self.folder / "tables"
        self.figures = self.folder / "figures"
        self.state = self.folder / "state" / backend
        try:
            for part in (self.measured, self.tables, self.figures, self.state):
                part.mkdir(parents=True, exist_ok=True)
            (self.state / "lock").touch()
        except OSError as error:
            raise InputError(
                f"cannot write the output folder {self.folder}: {error.strerror}; "
                "choose another one with --out"
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this backend until the process ends, however it ends; removes what
        a process that was killed left half-written.

        Raises:
            InputError: another process holds it.
        """
        with open(self.state / "lock", "w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"another run with {self.backend} is writing {self.folder}: wait for it, or "
                    "choose another folder with --out"
                ) from error
            remove_unfinished(self.state)
            remove_unfinished(self.measured, f"{self.backend}_")
            for begins in ("frames", "flow_field"):
                remove_unfinished(self.measured, f"{begins}_{self.backend}")
            yield

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Holds the tables and figures, which are of all backends; waits for another process."""
        with open(self.state.parent / "lock", "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            remove_unfinished(self.tables)
            remove_unfinished(self.figures)
            yield

    def has_scores(self) -> bool:
        """Whether some backend has left score rows."""
        return any(self.measured.glob("*_scores.csv"))

    def path(self, kind: str) -> Path:
        """`kind` is "scores", "epochs", "stages", or the name of a study's own file."""
        return self.measured / f"{self.backend}_{kind}.csv"

    def merge(
        self,
        kind: str,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, object]],
        settings: Sequence[str] = SETTINGS,
    ) -> None:
        """Puts rows into a measured file in place of all rows of the same run.

        Args:
            kind: Of the file.
            columns: Of the file.
            rows: The new rows.
            settings: Columns in which all rows of a study must agree: those of the same study that
                were measured under others than the new ones go.
        """
        path = self.path(kind)
        stored = read_rows(path, columns) if path.exists() else []
        new = {_run(row) for row in rows}  # may have fewer epochs than it had before
        merged = {row["row"]: row for row in stored if _run(row) not in new}
        for row in rows:
            merged[str(row["row"])] = {name: format_cell(row[name]) for name in columns}
        if rows:
            shared = [name for name in settings if name in columns]
            now = [format_cell(rows[0][name]) for name in shared]
            studies = {row["study"] for row in rows}
            merged = {
                key: row
                for key, row in merged.items()
                if row["study"] not in studies or [row[name] for name in shared] == now
            }
        write_rows(path, columns, [merged[key] for key in sorted(merged, key=_natural)])

    def forget(self, kind: str, columns: Sequence[str], study: str, *, but: Container[str]) -> None:
        """Removes the rows of a study on other data than this.

        Args:
            kind: Of the file; it need not be there.
            columns: Of the file.
            study: Whose rows.
            but: Each `data_source` of the rows that stay.
        """
        path = self.path(kind)
        if path.exists():
            stay = [
                row
                for row in read_rows(path, columns)
                if row["study"] != study or row["data_source"] in but
            ]
            write_rows(path, columns, stay)


def _run(row: Mapping[str, object]) -> tuple[object, ...]:
    """Whose row it is."""
    return tuple(row[name] for name in RUN if name in row)


def _natural(key: str) -> list[tuple[int, str]]:
    """Sorts epoch 2 before epoch 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in key.split("/")]
