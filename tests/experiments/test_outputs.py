"""The folder of a run: rows that replace others, and one process a backend."""

import os
import subprocess
import sys

import pytest

from experiments.outputs import Outputs
from experiments.run import ROOT
from keras_vsr.errors import InputError
from keras_vsr.records import UNFINISHED, read_rows

COLUMNS = ("row", "study", "model", "variant", "psnr_db", "preset", "seed", "protocol", "errata")


def row(
    model, place, psnr_db, *, variant="plain", preset="tiny", seed=0, protocol="as_run", errata=""
):
    return {
        "row": f"climate/{model}/{variant}/{place}/torch",
        "study": "climate",
        "model": model,
        "variant": variant,
        "psnr_db": psnr_db,
        "preset": preset,
        "seed": seed,
        "protocol": protocol,
        "errata": errata,
    }


@pytest.fixture
def outputs(tmp_path):
    return Outputs(tmp_path / "out", "torch")


def stored(outputs):
    return [(r["row"].split("/", 1)[1], r["psnr_db"]) for r in read_rows(outputs.path("scores"))]


def merge(outputs, *rows):
    outputs.merge("scores", COLUMNS, rows)


def test_rows_of_a_model_replace_those_it_had(outputs):
    merge(outputs, row("srcnn", "test", 1.0), row("srcnn", "validation", 2.0))
    merge(outputs, row("delta", "test", 3.0))
    merge(outputs, row("srcnn", "test", 4.5))  # the one for validation is of an earlier training
    merge(outputs, row("srcnn", "test", 5.0, variant="residual"))
    assert stored(outputs) == [
        ("delta/plain/test/torch", "3"),
        ("srcnn/plain/test/torch", "4.5"),
        ("srcnn/residual/test/torch", "5"),
    ]
    assert outputs.path("scores").name == "torch_scores.csv"
    assert tuple(read_rows(outputs.path("scores"))[0]) == COLUMNS


@pytest.mark.parametrize(
    "other", [{"preset": "quick"}, {"seed": 1}, {"protocol": "as_described"}, {"errata": "E1"}]
)
def test_rows_of_other_settings_go(outputs, other):
    merge(outputs, row("srcnn", "test", 1.0), row("delta", "test", 2.0))
    merge(outputs, row("srcnn", "test", 3.0, **other))
    assert stored(outputs) == [("srcnn/plain/test/torch", "3")]


def test_errata_stand_side_by_side_in_a_file_for_them(outputs):
    rows = [row("srcnn", f"test{n}", float(n), errata=on) for n, on in enumerate(("", "E1", "E2"))]
    for one in rows:
        outputs.merge("errata_scores", COLUMNS, [one], settings=("preset", "seed"))
    stored = [(r["errata"], r["psnr_db"]) for r in read_rows(outputs.path("errata_scores"))]
    assert stored == [("", "0"), ("E1", "1"), ("E2", "2")]
    again = row("srcnn", "test", 5.0, errata="E1")  # of the same run: in place of all it had
    outputs.merge("errata_scores", COLUMNS, [again], settings=("preset", "seed"))
    stored = {r["errata"]: r["psnr_db"] for r in read_rows(outputs.path("errata_scores"))}
    assert stored == {"": "0", "E1": "5", "E2": "2"}
    again = row("srcnn", "test", 7.0, seed=1)
    outputs.merge("errata_scores", COLUMNS, [again], settings=("preset", "seed"))
    assert len(read_rows(outputs.path("errata_scores"))) == 1


def test_no_rows_leave_the_file_as_it_is(outputs):
    merge(outputs, row("srcnn", "test", 1.0))
    merge(outputs)
    assert stored(outputs) == [("srcnn/plain/test/torch", "1")]


def test_epochs_are_in_the_order_of_numbers_whatever_the_order_they_come_in(outputs, tmp_path):
    rows = [row("srcnn", number, float(number)) for number in (2, 11, 1, 10, 9, 100)]
    merge(outputs, *rows)
    numbers = [key.split("/")[2] for key, _ in stored(outputs)]
    assert numbers == ["1", "2", "9", "10", "11", "100"]
    other = Outputs(tmp_path / "other", "torch")
    merge(other, *reversed(rows))
    assert other.path("scores").read_bytes() == outputs.path("scores").read_bytes()


def test_a_measured_file_of_another_version_is_named(outputs):
    merge(outputs, row("srcnn", "test", 1.0))
    columns = (*COLUMNS, "device")
    with pytest.raises(InputError, match=r"torch_scores\.csv has other columns .*\(device\)"):
        outputs.merge("scores", columns, [row("srcnn", "test", 1.0) | {"device": "x"}])


HOLD = """
import sys
from pathlib import Path
from experiments.outputs import Outputs
with Outputs(Path(sys.argv[1]), sys.argv[2]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder, backend):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), backend],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_one_process_a_backend_until_it_is_killed(outputs):
    with holder(outputs.folder, "torch") as process:
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError, match=f"another run with torch is writing {outputs.folder}"),
            outputs.locked(),
        ):
            pass
        with Outputs(outputs.folder, "jax").locked():  # another backend has a lock of its own
            pass
        process.kill()
    with outputs.locked():
        pass


def test_what_killed_processes_left_is_removed(outputs):
    own = [
        outputs.state / "task" / f".checkpoint.npz.x{UNFINISHED}",
        outputs.measured / f".torch_scores.csv.x{UNFINISHED}",
        outputs.measured / f".frames_torch_climate.npz.x{UNFINISHED}",
    ]
    others = [  # a process with another backend may be writing them now
        outputs.measured / f".jax_scores.csv.x{UNFINISHED}",
        outputs.folder / "state" / "jax" / f".checkpoint.npz.x{UNFINISHED}",
        outputs.tables / f".gain.csv.x{UNFINISHED}",
        outputs.figures / f".recovered.png.x{UNFINISHED}",
    ]
    for path in (*own, *others):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    with outputs.locked():
        assert [path for path in (*own, *others) if path.exists()] == others
        with outputs.drawing():
            assert [path for path in others if path.exists()] == others[:2]


def test_drawing_waits_for_another_backend(outputs):
    """The lock is of the folder, not of the backend."""
    with outputs.drawing():
        code = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        lock = outputs.folder / "state" / "lock"
        done = subprocess.run(
            [sys.executable, "-c", code, lock], capture_output=True, text=True, check=False
        )
        assert "BlockingIOError" in done.stderr
