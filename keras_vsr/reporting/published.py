"""The printed numbers, and which measured row stands beside each of them.

The printed rows are data (`reports/published/`); what answers them is a choice, written down here
row by row, with the reason where it is not obvious.

Reference: report_2019 Tables 1 to 8, slides_2019 section 3.2.1, report_2021 (climate table, Diamond
table and the table of parameters).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keras_vsr.errors import InputError
from keras_vsr.records import read_rows

RESULT_COLUMNS = (
    "source",
    "table",
    "dataset",
    "model",
    "stage",
    "split",
    "mse",
    "ssim",
    "psnr_db",
    "note",
)
PARAMETER_COLUMNS = ("source", "table", "model", "part", "parameters")

INTERPOLATIONS = ("nearest", "bilinear", "bicubic")

Row = dict[str, str]


@dataclass(frozen=True)
class AtEpoch:
    """Our counterpart of a printed row is one epoch of a training run.

    `note` says what of ours was taken, `remark` what is known about the printed row; `brightest` is
    the largest value of the frames whose MSE is printed (ours are measured in 0..1).
    """

    model: str
    choose: Callable[[Sequence[Row]], Row]
    note: str
    remark: str = ""
    study: str = "climate_2019"
    brightest: float = 1.0


@dataclass(frozen=True)
class Scored:
    """Our counterpart of a printed row is a score on test frames.

    `note`, `remark` and `brightest` as in `AtEpoch`.
    """

    model: str
    note: str
    remark: str = ""
    stage: str = "output"
    split: str = "test"
    area: str = "middle"
    study: str = "climate_2019"
    brightest: float = 1.0


def first_epoch(epochs: Sequence[Row]) -> Row:
    """The row of the first epoch. The papers' programs count epochs from 0."""
    return epochs[0]


def last_epoch(epochs: Sequence[Row]) -> Row:
    """The row of the last epoch."""
    return epochs[-1]


def two_thirds(epochs: Sequence[Row]) -> Row:
    """The row at 100/150 of the run: where the printed "epoch 100" of 150 stands."""
    return epochs[max(round(len(epochs) * 100 / 150), 1) - 1]


def stopped_after_5(epochs: Sequence[Row]) -> Row:
    """The row at which early stopping with patience 5 would have ended the run.

    That is the first epoch with 5 epochs in a row, itself included, whose validation loss is not
    below the lowest one before them; the last epoch where there is none. A NaN is no improvement.
    """
    patience = 5
    lowest, waited = math.inf, 0
    for row in epochs:
        loss = float(row["validation_mse"])
        if loss < lowest:
            lowest, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            return row
    return epochs[-1]


FIRST = "ours: after the first epoch"
LAST = "ours: after the last epoch"
TEST = "ours: test split, the best epoch's weights"
RAW = "ours: the bicubically enlarged input, test split"
SHEARED = "erratum E1: the published input was sheared row by row"

LUMA = 255.0

# The printed tables of 2019: number -> (source, table) of the rows.
TABLES_2019 = {
    "1": [("report_2019", "1")],
    "2": [("report_2019", "2")],
    "3": [("report_2019", "3"), ("slides_2019", "3.2.1")],
    "4": [("report_2019", "4")],
    "5": [("report_2019", "5")],
    "6": [("report_2019", "6")],
    "7": [("report_2019", "7")],
    "8": [("report_2019", "8")],
}
TABLE_2021 = [("report_2021", "climate")]
TABLE_DIAMOND = [("report_2021", "diamond"), ("report_2021", "diamond 300")]

TABLES_SPACE_TIME = [("wacv2021", "S1"), ("wacv2021", "S2")]
UCF101 = "UCF101"
# Of the printed tables, and not in the suite: nothing of ours stands beside them.
ABSENT_NETWORKS = ("RBPN", "SAN", "DAIN")


def _in_space_time(model: str) -> Scored:
    return Scored(model, TEST, study="space_time", area="whole")


# (printed table, printed model, printed stage) -> our counterpart.
COUNTERPARTS: dict[tuple[str, str, str], AtEpoch | Scored] = {
    ("1", "fsrcnn_2019", "epoch 0"): AtEpoch("fsrcnn_2019", first_epoch, FIRST),
    ("1", "fsrcnn_2019", "epoch 100"): AtEpoch(
        "fsrcnn_2019", two_thirds, "ours: at two thirds of the run, as 100 of 150 epochs"
    ),
    ("2", "fsrcnn_2019", "epoch 0"): AtEpoch("fsrcnn_2019", first_epoch, FIRST),
    ("2", "fsrcnn_2019", "epoch 150"): AtEpoch("fsrcnn_2019", last_epoch, LAST),
    ("3", "raw", ""): Scored("bicubic", RAW, SHEARED),
    ("3", "srnet3d raw", "epoch 0"): AtEpoch("srnet3d_raw", first_epoch, FIRST, SHEARED),
    ("3", "srnet3d raw", "epoch 100"): AtEpoch("srnet3d_raw", last_epoch, LAST, SHEARED),
    ("3.2.1", "srnet3d raw", "after processing"): Scored("srnet3d_raw", TEST, SHEARED),
    ("4", "srnet3d_early", "epoch 0"): AtEpoch(
        "srnet3d_early", first_epoch, FIRST, study="container_2019", brightest=LUMA
    ),
    ("4", "srnet3d_early", "epoch 100"): AtEpoch(
        "srnet3d_early", last_epoch, LAST, study="container_2019", brightest=LUMA
    ),
    ("5", "srnet3d processed", "epoch 0"): AtEpoch("srnet3d_processed", first_epoch, FIRST),
    ("5", "srnet3d processed", "epoch 67 (early stop)"): AtEpoch(
        "srnet3d_processed",
        stopped_after_5,
        "ours: where early stopping with patience 5 ends the run, else after the last epoch",
    ),
    ("6", "srnet3d processed", "epoch 0"): AtEpoch("srnet3d_processed", first_epoch, FIRST),
    ("6", "srnet3d processed", "epoch 80"): AtEpoch("srnet3d_processed", last_epoch, LAST),
    ("7", "2d_then_3d_raw", "2D network"): Scored("2d_then_3d_raw", TEST, stage="2d", area="whole"),
    ("7", "2d_then_3d_raw", "after re-packing"): Scored("2d_then_3d_raw", TEST, stage="2d"),
    ("7", "2d_then_3d_raw", "3D network"): Scored("2d_then_3d_raw", TEST, SHEARED),
    ("8", "2d_then_3d_processed", "2D network"): Scored(
        "2d_then_3d_processed", TEST, stage="2d", area="whole"
    ),
    ("8", "2d_then_3d_processed", "after re-packing"): Scored(
        "2d_then_3d_processed", TEST, stage="2d"
    ),
    ("8", "2d_then_3d_processed", "3D network"): Scored("2d_then_3d_processed", TEST),
    ("climate", "raw", ""): Scored("bicubic", RAW, SHEARED, study="climate_2021"),
    ("climate", "previous", ""): Scored("2d_then_3d_processed", f"{TEST}; 2d_then_3d_processed"),
    ("climate", "delta (preliminary)", ""): Scored("delta", TEST, study="climate_2021"),
    ("climate", "parallel5 (preliminary)", ""): Scored("parallel5", TEST, study="climate_2021"),
    ("diamond", "raw", ""): Scored("bicubic", RAW, SHEARED, study="diamond_2021", brightest=LUMA),
    ("diamond", "delta", ""): Scored("delta", TEST, study="diamond_2021", brightest=LUMA),
    ("diamond", "parallel5", ""): Scored("parallel5", TEST, study="diamond_2021", brightest=LUMA),
    ("diamond 300", "parallel5", ""): Scored(
        "parallel5_wide",
        f"{TEST}; parallel5_wide: f = g = 24, as published, but trained on fewer frames",
        study="diamond_2021",
        brightest=LUMA,
    ),
    ("S1", "ESPCN + SuperSloMo", "T->S only"): _in_space_time("t_then_s"),
    ("S2", "M_TS (fixed) + R", ""): _in_space_time("t_then_s_refined"),
    ("S2", "M_ST (fixed) + R", ""): _in_space_time("s_then_t_refined"),
    ("S2", "M_TS + M_ST (fixed) + F", ""): _in_space_time("fused"),
    ("S2", "all jointly fine-tuned", ""): _in_space_time("joint"),
}

# Printed model -> our networks that have these layers (the first one measured is taken), remark.
PARAMETER_COUNTERPARTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "fsrcnn_2019": ([("climate_2019", "fsrcnn_2019")], ""),
    "srnet3d": (
        [("climate_2019", "srnet3d_raw")],  # the processed one is counted with its FSRCNN
        "erratum E4: the published checkpoints hold 63641",
    ),
    "delta": ([("climate_2021", "delta")], ""),
    "parallel5": (
        [("climate_2021", "parallel5")],
        "erratum E11: the published checkpoint holds 267812, of which 7874 are never used",
    ),
}


def read_results(folder: Path, tables: Sequence[tuple[str, str]]) -> list[Row]:
    """Reads the printed result rows of some tables, in printed order, but for those of networks
    that are not in the suite.

    Args:
        folder: Where `results.csv` lies.
        tables: (source, table) pairs.

    Raises:
        InputError: the file is missing, has other columns, or a row that has no counterpart here.
    """
    path = Path(folder) / "results.csv"
    rows = read_rows(path, RESULT_COLUMNS)
    chosen = [
        row for row in rows if (row["source"], row["table"]) in tables and not absent_networks(row)
    ]
    for row in chosen:
        if (row["table"], row["model"], row["stage"]) not in COUNTERPARTS:
            raise InputError(
                f"{path} has a row that nothing here answers: table {row['table']}, "
                f"model {row['model']!r}, stage {row['stage']!r}; restore the file as published"
            )
    return chosen


def absent_networks(printed: Row) -> list[str]:
    """The parts of a printed row's network that are not in the suite."""
    return [name for name in printed["model"].split(" + ") if name in ABSENT_NETWORKS]


def counterpart_of(printed: Row) -> AtEpoch | Scored:
    """What of ours stands beside a printed row that `read_results` gave."""
    counterpart = COUNTERPARTS[printed["table"], printed["model"], printed["stage"]]
    if printed["dataset"] == UCF101:
        return replace(counterpart, split="test_ucf101")
    return counterpart


def read_parameters(folder: Path) -> list[Row]:
    """Reads the printed parameter counts, in printed order.

    Raises:
        InputError: the file is missing, has other columns, or a row that has no counterpart here.
    """
    path = Path(folder) / "parameters_2021.csv"
    rows = read_rows(path, PARAMETER_COLUMNS)
    for row in rows:
        if row["model"] not in PARAMETER_COUNTERPARTS:
            raise InputError(
                f"{path} names a model that nothing here answers: {row['model']!r}; "
                "restore the file as published"
            )
    return rows
