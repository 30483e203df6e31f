"""CSV schemas of everything that is measured, with atomic writing and checked reading.

Each number in a table, a figure or the README is a row here before it is anything else.
"""

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from keras_vsr.errors import InputError

UNFINISHED = ".unfinished"  # suffix of a file that is being written

# Who made a row, with what, on what: shared by every measured row.
CONTEXT_COLUMNS = (
    "preset",  # smoke, quick or paper; of the benchmark cpu or gpu
    "seed",
    "backend",  # torch, tensorflow or jax; in the benchmark also native_torch and legacy_tf
    "backend_version",
    "keras_version",
    "numpy_version",
    "python_version",
    "device",  # processor or GPU, as the machine names it
    "precision",  # float32 or mixed_float16
    "date",  # ISO 8601 day on which the row was measured
)

# One row: one network (or interpolation) scored on one set of frames.
SCORE_COLUMNS = (
    "row",  # key, unique among all score rows: study/model/variant/stage/split/area/backend
    "study",  # climate_2019, climate_2021
    "model",  # name of a network, or nearest, bilinear, bicubic
    "variant",  # plain, residual or interpolation
    "stage",  # which output is scored: "output", or for cascades "2d" and "output"
    "dataset",
    "data_source",  # "generated", or the name of the published file
    "protocol",  # how frames were split: as_described (test run unseen) or as_run (as published)
    "errata",  # mistakes of the published programs that were switched on: "E1+E2"; empty for none
    "degradation",  # how the LR frames were made
    "scale",
    "split",  # train, validation or test; beside it test_real, a real clip, and test_ucf101
    "area",  # "whole": every frame, every pixel. "middle": frames 2..T-3, 2 pixels cropped
    "frames",  # number of frames scored
    "height",  # pixels compared
    "width",
    "mae",  # mean over frames, data in [0, 1]
    "mse",
    "ssim_uniform7",  # 7x7 uniform window, sample covariance
    "ssim_gaussian11",  # 11x11 Gaussian window, sigma 1.5
    "psnr_db",
    "bicubic_psnr_db",  # of bicubic enlargement on the very same frames and pixels
    "gain_over_bicubic_db",
    "parameters",  # trainable numbers of all networks in the row; empty for interpolation
    "trained_on",  # "frames 80x160" or "patches 40x40", network by network; empty for interpolation
    "epochs",  # epochs run, of all stages of a cascade's last network
    "best_epoch",  # the epoch (from 1) whose weights are scored
    *CONTEXT_COLUMNS,
)

# One row: one epoch of one training run.
EPOCH_COLUMNS = (
    "row",  # key, unique among all epoch rows: study/model/variant/epoch/backend
    "study",
    "model",
    "variant",
    "data_source",  # as in score rows
    "protocol",
    "errata",
    "epoch",  # from 1
    "learning_rate",  # at the end of the epoch
    "loss",  # mean over the epoch's batches, in the units of the recipe's intensities
    "train_frames",  # scored after the epoch, evenly spaced
    "train_mse",
    "train_ssim",  # 7x7 uniform window
    "train_psnr_db",
    "validation_frames",
    "validation_mse",  # data in [0, 1]
    "validation_ssim",
    "validation_psnr_db",
    "bicubic_validation_psnr_db",  # the line to beat, on the same frames
    "seconds",  # training and validation, wall clock
    *CONTEXT_COLUMNS,
)

# One row: one task of a run, from its first epoch to its last score without a stop.
STAGE_COLUMNS = (
    "row",  # key: study/model/variant/backend
    "study",
    "model",
    "variant",
    "data_source",  # as in score rows
    "protocol",
    "errata",
    "seconds",  # wall clock
    *CONTEXT_COLUMNS,
)

# One row: the first layer's learned filters of a network trained with errata.
FILTER_COLUMNS = (
    "row",  # key: study/model/variant/layer/backend/errata
    "study",
    "model",
    "variant",
    "errata",
    "data_source",
    "protocol",
    "layer",
    "shape",  # of the kernel
    "mean_cosine",  # with the filters learned without errata, mean over filters; empty where shapes
    # differ
    *CONTEXT_COLUMNS,
)

# One row: one quantity of a network with its authors' own weights.
PUBLISHED_COLUMNS = (
    "row",  # key: weights/dataset/quantity/frames apart/backend
    "weights",  # the authors' file
    "network",
    "arguments",  # of the builder
    "parameters",
    "dataset",  # Set5, Vid4, climate
    "data_source",
    "scale",
    "seconds_between",  # simulated seconds between climate frames
    "frames",  # scored or compared
    "quantity",  # see reports/README.md
    "value",
    "expected",  # what the authors, or equality, ask for
    "tolerance",  # |value - expected| at most; empty where the value is at least the expected one
    "holds",  # yes, no, or empty where nothing is asked
    *CONTEXT_COLUMNS,
)

# One row: the flow that a trained network finds between frames whose motion is known.
FLOW_COLUMNS = (
    "row",  # key: study/case/motion/kinds of training/backend
    "study",
    "case",  # translation, turning_phantom
    "trained_on",  # "textures", or "textures, then turning phantoms with their flow"
    "motion",  # "1.3 -0.7 px" to the right and down, or "2 degrees a frame", counter-clockwise
    "frames",  # flows compared, each of a frame to the next
    "height",  # pixels compared
    "width",
    "endpoint_error_px",  # mean distance from the true flow, over pixels and flows
    "still_endpoint_error_px",  # the same of a flow that is zero: the mean length of the true one
    "levels",  # of the network's pyramid
    "parameters",
    "steps",  # of the optimizer, all trainings so far together
    "seconds",  # of training, likewise; wall clock, compiling included
    *CONTEXT_COLUMNS,
)

# One row: one network, or one part of the roof, timed in one worker process on one backend.
BENCHMARK_COLUMNS = (
    "row",  # key: model/task/backend/layout/repetition
    "model",  # name of a network; of the roof sgemm, convolution or copy
    "task",  # train: one step; predict: one forward pass; roof
    "layout",  # of features in memory: channels_last, channels_first or contiguous
    "repetition",  # number of the worker process, from 1
    "shape",  # of the input, channels last; of the roof, of its operands
    "parameters",
    "multiply_adds",  # of one call; a training step is counted as three forward passes
    "first_call_ms",  # tracing and compiling, and the first run
    "warm_up_calls",  # not counted, after the first one
    "calls",  # timed ones
    "median_ms",  # of the timed calls
    "gmac_per_s",  # 1e9 multiply-adds a second, from the median
    "gb_per_s",  # 1e9 bytes read and written a second, of the roof's copy
    "peak_mb",  # most memory during the task, 1e6 bytes: of the process, or on a GPU of the GPU
    "psnr_db",  # predict: of the output; train: after one step, from the second step's loss
    "difference",  # largest one from the first worker's result, as a part of its range or loss
    "agrees",  # whether that is small enough: yes or no
    "weights",  # digest of the first weights, read back from the network
    "data",  # digest of input and truth
    "threads",
    "tf32",  # whether a GPU may round factors to 10 bits: off
    *CONTEXT_COLUMNS,
)

# One row: one quantity of enlarging a clip, of recomputing or of feeding, in one worker process.
BENCHMARK_CLIP_COLUMNS = (
    "row",  # key: model/task/quantity/backend/repetition
    "model",
    "task",  # enlarge: a clip; remat: training with remat=True; feed: the batches of an epoch
    "quantity",  # see reports/README.md
    "repetition",  # number of the worker process, from 1
    "shape",  # of the clip (frames, height, width), or of a batch
    "value",
    "unit",  # frames/s, ms, MB (1e6 bytes), or ratio
    "threads",
    *CONTEXT_COLUMNS,
)

# One row: a measured fact, typed by a person, about a target that is not met.
REASON_COLUMNS = ("target", "model", "task", "backend", "reason")

# One row: one of the README's commands in a fresh clone.
COMMAND_COLUMNS = (
    "row",  # key
    "command",
    "backend",
    "seconds",  # wall clock, installing included where the command had to
    "device",
    "python_version",
    "date",
)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: a stop on the way leaves the old file as it was.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED
        )
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}; choose another folder or free the disk"
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp gives 0600; a result is there to be read
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}; choose another folder or free the disk"
        ) from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def remove_unfinished(folder: Path, name: str = "") -> None:
    """Removes what processes that were killed in `write_bytes` left; no other one may be writing.

    Args:
        folder: Looked through with all folders in it.
        name: Only files whose names begin so.
    """
    for left in Path(folder).rglob(f".{name}*{UNFINISHED}"):
        left.unlink()


def format_cell(value: object) -> str:
    """A cell's text: floats with nine significant digits, the rest as it is."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Writes a CSV file atomically, columns in the order given.

    Raises:
        ValueError: a row lacks a column or has one that the schema does not know.
        InputError: the file cannot be written.
    """
    lines = [",".join(columns)]
    for row in rows:
        if set(row) != set(columns):
            wrong = sorted(set(row) ^ set(columns))
            raise ValueError(f"row and columns differ in {wrong} for {Path(path).name}")
        lines.append(",".join(_quote(format_cell(row[column])) for column in columns))
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, str]]:
    """Reads a CSV file as dictionaries of text.

    Args:
        path: The file.
        columns: The header that the file must have; None takes any.

    Raises:
        InputError: the file is missing or damaged, or its header differs from `columns`.
    """
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            header = tuple(reader.fieldnames or ())
            rows = list(reader)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; restore it") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} is damaged or no CSV file ({error}); restore or delete it"
        ) from error
    if columns is not None and header != tuple(columns):
        wrong = ", ".join(sorted(set(header) ^ set(columns))) or "the order"
        raise InputError(f"{path} has other columns than expected ({wrong}); restore or delete it")
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InputError(f"{path} line {line} is cut off or too long; restore or delete it")
    return rows


def _quote(text: str) -> str:
    if any(character in text for character in ',"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
