"""Trains and scores each task of a plan, with a word on the progress, and writes the rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments import errata
from experiments.estimate import cost, seconds_for_multiply_add
from experiments.outputs import SETTINGS, Outputs
from experiments.plan import Task
from experiments.preset import Preset
from experiments.progress import Progress
from experiments.runner import Runner, save_arrays
from experiments.study_data import StudyData
from keras_vsr.errors import InputError
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, STAGE_COLUMNS, read_rows
from keras_vsr.reporting.saved_frames import read_frames


def measure(
    tasks: list[Task],
    data: StudyData,
    preset: Preset,
    seed: int,
    outputs: Outputs,
    mixed: bool = False,
    switched_on: frozenset[str] = frozenset(),
) -> None:
    """Goes through the tasks; what is stored from an earlier start is not done again.

    Args:
        tasks: What to train and score, each after those it builds on.
        data: Of the run.
        preset: Sizes and epochs.
        seed: Of weights and order.
        outputs: Where rows and states go.
        mixed: Whether recipes published with mixed precision are run with it.
        switched_on: Mistakes of the published programs to reproduce.
    """
    runner = Runner(data, preset, seed, outputs.backend, outputs.state, mixed, switched_on)
    costs = [cost(preset, task, data.splits).total_multiply_adds for task in tasks]
    progress = Progress(costs, seconds_for_multiply_add())
    studies = list(dict.fromkeys(task.study for task in tasks))
    for study in studies:
        outputs.merge("scores", SCORE_COLUMNS, runner.interpolation_rows(study))
    for task in tasks:
        measure_task(task, runner, progress, outputs)
    rows = read_rows(outputs.path("scores"), SCORE_COLUMNS)
    for study in studies:
        path = outputs.measured / f"frames_{outputs.backend}_{study}.npz"
        pictures = runner.picture_arrays(study)
        scored = [row for row in rows if row["study"] == study]
        pictures |= pictures_of_before(path, pictures, scored)
        save_arrays(path, dict(sorted(pictures.items())))


def pictures_of_before(
    path: Path, pictures: Mapping[str, np.ndarray], scored: Sequence[Mapping[str, str]]
) -> dict[str, np.ndarray]:
    """What an earlier run of other networks has left of the same frame, for as long as their rows
    stand.

    Args:
        path: The file of pictures; none is there before the first run.
        pictures: Those of this run.
        scored: The score rows of the study, of this run and of earlier ones.
    """
    try:
        before = read_frames(path)
    except InputError:  # there is none, or a damaged one, in whose place the new one comes
        return {}
    if any(not np.array_equal(before[name], pictures[name]) for name in ("low", "high")):
        return {}
    standing = {f"{row['model']}/{row['variant']}" for row in scored} - set(pictures)
    return {name: before[name] for name in standing if name in before}


def measure_task(
    task: Task,
    runner: Runner,
    progress: Progress,
    outputs: Outputs,
    kinds: str = "",
    settings: Sequence[str] = SETTINGS,
) -> None:
    """Trains and scores one task and puts its rows into the files.

    Args:
        task: What to train and score.
        runner: What trains it.
        progress: Told of every epoch.
        outputs: Where the rows go.
        kinds: Put before the names of the files.
        settings: As in `Outputs.merge`.
    """
    on = errata.label(runner.switched_on)
    progress.start(f"{task.title} {on}".strip())
    before = runner.epochs_stored(task)
    epochs = runner.epochs(task)

    def on_epoch(row: dict) -> None:
        done = row["epoch"] - before
        progress.update(
            f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.3g}  "
            f"validation {row['validation_psnr_db']:.2f} dB  {row['seconds']:.1f} s",
            done / (done + epochs - row["epoch"]),
        )

    whole = not before and not runner.is_scored(task)
    if task.job.network:
        runner.train(task, on_epoch)
    if not task.asked:
        progress.finish("trained for the networks behind it", timed=whole)
        return
    rows = runner.score_rows(task)
    outputs.merge(f"{kinds}scores", SCORE_COLUMNS, rows, settings)
    if task.job.network:
        outputs.merge(f"{kinds}epochs", EPOCH_COLUMNS, runner.epoch_rows(task), settings)
    wanted = ("test", "middle", "output")
    test = next(row for row in rows if (row["split"], row["area"], row["stage"]) == wanted)
    seconds = progress.finish(
        f"test {float(test['psnr_db']):.2f} dB, "
        f"{float(test['gain_over_bicubic_db']):+.2f} dB over bicubic",
        timed=whole,
    )
    if whole:  # of a stage that was stopped on the way nobody knows how long it takes
        row = runner.stage_row(task, seconds)
        outputs.merge(f"{kinds}stages", STAGE_COLUMNS, [row], settings)
