"""Runs the program once to its end, and once killed at several moments and started again.

Each start is a process of its own, forked from this one after its imports, which take longest.

    python stopped_runs.py FOLDER SEED

FOLDER/presets holds the preset `tiny`. Results go to FOLDER/unbroken and FOLDER/stopped; a line on
stdout for each process says how it ended.
"""

import os
import random
import signal
import sys
from pathlib import Path

FOLDER, SEED = Path(sys.argv[1]), int(sys.argv[2])
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments import plan, preset, run  # noqa: E402
from keras_vsr.environment import choose_backend  # noqa: E402

BACKEND = choose_backend()

from experiments import measure  # noqa: E402
from keras_vsr.reporting import figures, panels, tables  # noqa: E402, F401

MODELS = ("fsrcnn_2019", "srnet3d_processed")

# Parts of a run, and at which of its files, counted from 1, a start may be killed. Data: 3 runs.
# Training: two networks for 3 epochs; at the second epoch, so that there is one to go on from.
# Scores and their like: interpolation, then two files for each network, then the pictures. Tables
# and figures: 12 and more.
PARTS = {"data": range(1, 4), "training": (2, 5), "scores": range(1, 7), "report": range(1, 21)}


def part_of(path):
    """The part of a run in which a file is written."""
    if path.suffix == ".h5":
        return "data"
    if path.name == "checkpoint.npz":
        return "training"
    if path.parent.name == "measured":
        return "scores"
    return "report" if path.parent.name in ("tables", "figures") else ""


def start(name, kill_in="", at_write=0, *, renamed=False):
    """Runs the program in a process of its own; returns how that ended, as `os.waitpid` says it.

    Args:
        name: Folder of its results and its data.
        kill_in: The part of the run in which it kills itself.
        at_write: At which file of that part, from 1.
        renamed: Whether the file has its name by then, or is still a temporary one.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    replace, count = os.replace, 0

    def counted(source, target):
        nonlocal count
        count += part_of(Path(target)) == kill_in
        last = count == at_write and part_of(Path(target)) == kill_in
        if last and not renamed:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = counted
    run.CACHE = FOLDER / name / "cache"
    with open(FOLDER / f"{name}.log", "a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = run.main(["--preset", "tiny", "--models", *MODELS, "--out", str(FOLDER / name)])
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    preset.FOLDER = FOLDER / "presets"
    plan.VARIANTS = ("residual",)  # half the time
    measure.seconds_for_multiply_add = lambda: 1e-9  # only for the time that is left
    print("unbroken:", start("unbroken"), flush=True)
    draw = random.Random(SEED)
    for part, files in PARTS.items():
        at_write, renamed = draw.choice(files), draw.random() < 0.5
        ended = start("stopped", part, at_write, renamed=renamed)
        print(f"{part}, file {at_write}, renamed {renamed}:", ended, flush=True)
    print("stopped:", start("stopped"), flush=True)
