"""A run that is killed and started again ends with the same files as one that is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import preset
from keras_vsr.records import UNFINISHED, read_rows

SEED = 7
# Times, and the one table that is made of them.
TIMES = ("seconds", "date")
TABLE_OF_TIMES = "backend_seconds.csv"


def files_in(folder):
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def without_times(path):
    rows = read_rows(path)
    return list(rows[0]), [[cell for n, cell in row.items() if n not in TIMES] for row in rows]


@pytest.mark.backend
def test_killed_in_each_part_of_a_run(tiny, tmp_path):
    (tmp_path / "presets").symlink_to(preset.FOLDER)
    program = Path(__file__).with_name("stopped_runs.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path, str(SEED)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ  # what JAX has compiled once need not be compiled at each start
        | {
            "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        },
    )
    assert done.returncode == 0, done.stderr
    first, *starts, last = [line.rsplit(": ", 1) for line in done.stdout.splitlines()]
    assert (first, last) == (["unbroken", "0"], ["stopped", "0"]), log_of(tmp_path)
    assert [part.split(",")[0] for part, _ in starts] == ["data", "training", "scores", "report"]
    assert {code for _, code in starts} == {str(int(signal.SIGKILL))}, log_of(tmp_path)

    unbroken, stopped = (files_in(tmp_path / name) for name in ("unbroken", "stopped"))
    # Of a network that was stopped nobody knows how long it takes: it has no row of time.
    own_times = f"measured/{os.environ['KERAS_BACKEND']}_stages.csv"
    assert set(unbroken) - {own_times} == set(stopped) - {own_times}
    assert not [name for name in (*unbroken, *stopped) if name.endswith(UNFINISHED)]
    assert sum(name.startswith("figures/") for name in stopped) >= 8
    compared = 0
    for name in set(stopped) - {own_times}:
        if name.endswith((TABLE_OF_TIMES, "checkpoint.npz")):  # times are in it
            continue
        if name.endswith(("_scores.csv", "_epochs.csv")) and name.startswith("measured/"):
            assert without_times(stopped[name]) == without_times(unbroken[name])
        else:
            assert stopped[name].read_bytes() == unbroken[name].read_bytes(), name
        compared += 1
    assert compared >= 11 + 3 + 8 + 3  # tables, rows and frames, figures, data


def log_of(folder):
    return (folder / "stopped.log").read_text()[-2000:] if (folder / "stopped.log").exists() else ""
