"""Tables rebuilt from measured and published CSV rows: published and ours side by side.

Every function but `read_measured`, `write_tables` and `summary` takes rows and gives rows. Rows
come out in a fixed order and hold no date, so the same measurements give the same bytes. Numbers
of ours are the measured cells' own text, but for MSE beside printed MSE of frames in 0..255;
`measured_row` names the rows that they came from.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_vsr.errors import InputError
from keras_vsr.records import (
    EPOCH_COLUMNS,
    SCORE_COLUMNS,
    format_cell,
    read_rows,
    write_rows,
)
from keras_vsr.reporting.published import (
    INTERPOLATIONS,
    PARAMETER_COUNTERPARTS,
    TABLE_2021,
    TABLE_DIAMOND,
    TABLES_2019,
    TABLES_SPACE_TIME,
    AtEpoch,
    Row,
    Scored,
    counterpart_of,
    read_parameters,
    read_results,
)

BACKENDS = ("torch", "tensorflow", "jax")
VARIANTS = ("plain", "residual")

CLIMATE_STUDIES = ("climate_2019", "climate_2021")
# The order in which tables and figures list the studies; any other comes after, by name.
STUDIES = (
    *CLIMATE_STUDIES,
    "phantom",
    "diamond_2021",
    "real_video",
    "flow4x",
    "container_2019",
    "space_time",
)
# What is scored for the last time: "test_real" is a real clip beside generated test data,
# "test_ucf101" another data set beside it.
RUN_OF = ("data_source", "preset", "seed")  # in which rows that are compared must agree
TEST_SPLITS = ("test", "test_real", "test_ucf101")

# The order in which tables and figures list the networks; any other comes after, by name.
MODEL_ORDER = (
    *INTERPOLATIONS,
    "flow_warped",
    "srcnn",
    "fsrcnn_2019",
    "srnet3d_early",
    "srnet3d_raw",
    "srnet3d_processed",
    "kim_3dsrnet",
    "2d_then_3d_raw",
    "2d_then_3d_processed",
    "3d_then_2d",
    "two_in_one",
    "parallel5",
    "parallel5_wide",
    "delta",
    "flow4x",
    "t_then_s",
    "s_then_t",
    "t_then_s_refined",
    "s_then_t_refined",
    "fused",
    "fused_refined",
    "joint",
)

RESULT_TABLE_COLUMNS = (
    "table",
    "dataset",
    "model",
    "variant",
    "stage",
    "split",
    "published_mse",
    "ours_mse",
    "difference_mse",
    "published_ssim",
    "ours_ssim",
    "difference_ssim",
    "published_psnr_db",
    "ours_psnr_db",
    "difference_psnr_db",
    "bicubic_psnr_db",
    "gain_over_bicubic_db",
    "backend",
    "preset",
    "protocol",
    "errata",
    "data_source",
    "trained_on",
    "epochs_published",
    "epochs_ours",
    "measured_row",
    "note",
)
PARAMETER_TABLE_COLUMNS = (
    "source",
    "model",
    "part",
    "published_parameters",
    "ours_parameters",
    "difference",
    "backend",
    "measured_row",
    "note",
)
GAIN_COLUMNS = (
    "backend",
    "study",
    "dataset",
    "data_source",
    "model",
    "parameters",
    "trained_on",
    "bicubic_psnr_db",
    "plain_psnr_db",
    "plain_ssim",
    "plain_gain_db",
    "plain_epochs",
    "plain_row",
    "residual_psnr_db",
    "residual_ssim",
    "residual_gain_db",
    "residual_epochs",
    "residual_row",
    "note",
)
BACKEND_COLUMNS = (
    "study",
    "model",
    "variant",
    "psnr_db_torch",
    "psnr_db_tensorflow",
    "psnr_db_jax",
    "largest_difference_db",
    "measured_row",
    "note",
)
SECONDS_COLUMNS = (
    "study",
    "model",
    "variant",
    "seconds_torch",
    "seconds_tensorflow",
    "seconds_jax",
    "ratio_torch",
    "ratio_jax",
    "epochs",
    "device",
    "measured_row",
    "note",
)

BEYOND = (
    "beyond the paper: learns what to add to its input, bicubic frames or those of the network "
    "before it; published figures are plain's"
)

IN_UNITS_OF_LUMA = "MSE in units of 0..255: ours, measured in 0..1, is multiplied by 255 squared"

# Cells that must hold a number for a row to be of use; "nan" and "inf" are numbers.
_SCORE_NUMBERS = ("mse", "ssim_uniform7", "psnr_db")
_EPOCH_NUMBERS = (
    *("epoch", "train_mse", "train_ssim", "train_psnr_db"),
    *("validation_mse", "validation_ssim", "validation_psnr_db"),
    *("bicubic_validation_psnr_db", "seconds"),
)
_MAYBE_NUMBERS = ("parameters", "bicubic_psnr_db", "gain_over_bicubic_db")


@dataclass(frozen=True)
class Measured:
    """What the backends' CSV files hold.

    Attributes:
        backends: Those with a file, in the order of `BACKENDS`.
        scores: Score rows by (study, model, variant, stage, split, area, backend).
        epochs: Epoch rows of each run, by (study, model, variant, backend), first epoch first.
    """

    backends: tuple[str, ...]
    scores: dict[tuple[str, ...], Row]
    epochs: dict[tuple[str, str, str, str], list[Row]]

    def score(
        self,
        study: str,
        model: str,
        variant: str,
        backend: str,
        *,
        stage: str = "output",
        split: str = "test",
        area: str = "middle",
    ) -> Row | None:
        """The score row of one network on one set of frames, or None."""
        return self.scores.get((study, model, variant, stage, split, area, backend))

    def test_score(
        self, study: str, model: str, variant: str, backend: str, split: str = "test"
    ) -> Row | None:
        """The score row on test frames: their middle area, or all where only all were scored."""
        on = {"split": split}
        return self.score(study, model, variant, backend, **on) or self.score(
            study, model, variant, backend, **on, area="whole"
        )


def measured_backends(folder: Path) -> list[str]:
    """Backends that trained the compared networks, by the files in a folder."""
    return [name for name in BACKENDS if (Path(folder) / f"{name}_scores.csv").exists()]


def read_measured(folder: Path) -> Measured:
    """Reads `<backend>_scores.csv` and `_epochs.csv`, those that are there.

    Args:
        folder: Where the measuring program wrote its rows.

    Raises:
        InputError: there is no such file in the folder, or one of them is damaged.
    """
    folder = Path(folder)
    scores: dict[tuple[str, ...], Row] = {}
    epochs: dict[tuple[str, str, str, str], list[Row]] = {}
    backends = []
    for backend in BACKENDS:
        paths = {kind: folder / f"{backend}_{kind}.csv" for kind in ("scores", "epochs")}
        if not any(path.exists() for path in paths.values()):
            continue
        backends.append(backend)
        for row in read_checked(paths["scores"], SCORE_COLUMNS, _SCORE_NUMBERS):
            place = (row["stage"], row["split"], row["area"])
            scores[*_run_key(row)[:3], *place, backend] = row
        for row in read_checked(paths["epochs"], EPOCH_COLUMNS, _EPOCH_NUMBERS):
            epochs.setdefault(_run_key(row), []).append(row)
    if not backends:
        raise InputError(
            f"{folder} holds no measured rows (such as torch_scores.csv); run the experiments first"
        )
    for rows in epochs.values():
        rows.sort(key=lambda row: float(row["epoch"]))
    return Measured(tuple(backends), scores, epochs)


def result_rows(printed: Iterable[Row], measured: Measured) -> list[Row]:
    """Printed rows with ours beside them, one per printed row, variant and backend.

    Rows of variant "plain" are the published network. Rows of variant "residual" are ours beyond
    the paper: the printed figures stand beside them as those of the plain network, and `note` says
    so. An interpolated input has one row a backend, of variant "interpolation".
    """
    rows = []
    for row in printed:
        counterpart = counterpart_of(row)
        variants = ("interpolation",) if counterpart.model in INTERPOLATIONS else VARIANTS
        for variant in variants:
            for backend in measured.backends:
                ours = ours_beside(row, counterpart, variant, backend, measured)
                notes = [
                    BEYOND if variant == "residual" else "",
                    ours.pop("missing") or counterpart.note,
                    ours.pop("scored_on"),
                    IN_UNITS_OF_LUMA if ours["ours_mse"] and counterpart.brightest != 1 else "",
                    counterpart.remark,
                    f"published: {row['note']}" if row["note"] else "",
                ]
                rows.append(
                    {
                        "table": row["table"],
                        "dataset": row["dataset"],
                        "model": row["model"],
                        "variant": variant,
                        "stage": row["stage"],
                        "split": row["split"],
                        "published_mse": row["mse"],
                        "difference_mse": _difference(ours["ours_mse"], row["mse"]),
                        "published_ssim": row["ssim"],
                        "difference_ssim": _difference(ours["ours_ssim"], row["ssim"]),
                        "published_psnr_db": row["psnr_db"],
                        "difference_psnr_db": _difference(ours["ours_psnr_db"], row["psnr_db"]),
                        "backend": backend,
                        "epochs_published": _printed_epoch(row["stage"]),
                        "note": _join(notes),
                        **ours,
                    }
                )
    return rows


def parameter_rows(printed: Iterable[Row], measured: Measured) -> list[Row]:
    """Printed parameter counts with those of our plain networks: a row per count and backend."""
    rows = []
    for row in printed:
        candidates, remark = PARAMETER_COUNTERPARTS[row["model"]]
        for backend in measured.backends:
            found = [measured.score(*network, "plain", backend) for network in candidates]
            score = next((one for one in found if one), None)
            missing = "" if score else why_missing(backend)
            ours = score["parameters"] if score else ""
            rows.append(
                {
                    "source": row["source"],
                    "model": row["model"],
                    "part": row["part"],
                    "published_parameters": row["parameters"],
                    "ours_parameters": ours,
                    "difference": _difference(ours, row["parameters"]),
                    "backend": backend,
                    "measured_row": score["row"] if score else "",
                    "note": _join([remark, missing]),
                }
            )
    return rows


def gain_rows(measured: Measured) -> list[Row]:
    """Every network and interpolation on the test frames of its study, against bicubic.

    An interpolation's figures stand in the plain columns; its residual columns are empty.
    """
    known = _networks(measured)
    models: dict[str, list[str]] = {}
    for study, model in dict.fromkeys(network[:2] for network in known):
        models.setdefault(study, []).append(model)
    datasets = {
        (row["study"], row["split"], row["backend"]): row["dataset"]
        for row in measured.scores.values()
    }
    there = {place[:2] for place in datasets}
    tried = {(backend, study) for study, _, backend in datasets}
    rows = []
    for backend in measured.backends:
        for study, split in ((study, split) for study in models for split in TEST_SPLITS):
            if split != "test" and (study, split) not in there:
                continue
            # Each backend runs the climate studies; of others, lines that say nothing are left out.
            if (backend, study) not in tried and study not in CLIMATE_STUDIES:
                continue
            on_any = (datasets.get((study, split, other), "") for other in measured.backends)
            dataset = datasets.get((study, split, backend)) or next(filter(None, on_any), "")
            for model in models[study]:
                if (study, model, "interpolation") in known:
                    variants = {"plain": "interpolation"}
                else:
                    variants = {variant: variant for variant in VARIANTS}
                place = {"backend": backend, "study": study, "model": model}
                scores = {
                    name: measured.test_score(study, model, variant, backend, split)
                    for name, variant in variants.items()
                }
                missing = [
                    f"{name}: {why_missing(backend)}" for name, score in scores.items() if not score
                ]
                cells = {"dataset": dataset, **_gain_cells(scores), "note": _join(missing)}
                rows.append(place | cells)
    return rows


def backend_rows(measured: Measured) -> list[Row]:
    """PSNR of every network on each backend, and the largest difference between two of them."""
    rows = []
    for study, model, variant in _networks(measured):
        scores = {b: measured.test_score(study, model, variant, b) for b in BACKENDS}
        found = [score for score in scores.values() if score]
        values = [float(score["psnr_db"]) for score in found]
        missing = [why_missing(b) for b in BACKENDS if not scores[b]]
        other = [name for name in RUN_OF if len({score[name] for score in found}) > 1]
        if other:  # their difference is not one of backends
            values = []
            missing.append(f"not compared: other {', '.join(other)}")
        rows.append(
            {
                "study": study,
                "model": model,
                "variant": variant,
                **{f"psnr_db_{b}": scores[b]["psnr_db"] if scores[b] else "" for b in BACKENDS},
                "largest_difference_db": max(values) - min(values) if len(values) > 1 else "",
                "measured_row": _join(score["row"] for score in scores.values() if score),
                "note": _join(missing),
            }
        )
    return rows


def seconds_rows(measured: Measured) -> list[Row]:
    """Median seconds per epoch of every training run, and the ratio to TensorFlow's."""
    runs = {key[:3] for key in measured.epochs}
    rows = []
    for study, model, variant in sorted(runs, key=_network_order):
        by_backend = {b: measured.epochs.get((study, model, variant, b), []) for b in BACKENDS}
        median = {
            b: statistics.median(float(row["seconds"]) for row in epochs)
            for b, epochs in by_backend.items()
            if epochs
        }
        base = median.get("tensorflow")
        first = {b: epochs[0] for b, epochs in by_backend.items() if epochs}
        rows.append(
            {
                "study": study,
                "model": model,
                "variant": variant,
                **{f"seconds_{b}": median.get(b, "") for b in BACKENDS},
                **{
                    f"ratio_{b}": median[b] / base if base and b in median else ""
                    for b in ("torch", "jax")
                },
                "epochs": _join(f"{b} {len(by_backend[b])}" for b in first),
                "device": _join(f"{b} {row['device']}" for b, row in first.items()),
                "measured_row": _join(
                    f"{row['row']} .. {by_backend[b][-1]['row']}" for b, row in first.items()
                ),
                "note": _join(why_missing(b) for b in BACKENDS if b not in first),
            }
        )
    return rows


def why_missing(backend: str) -> str:
    """The note on a network that has no rows of a backend."""
    return f"not measured on {backend}"


def model_order(model: str) -> tuple[int, str]:
    """Sorting key of a network: its place in `MODEL_ORDER`, then its name."""
    return _order(model, MODEL_ORDER)


def study_order(study: str) -> tuple[int, str]:
    """Sorting key of a study: its place in `STUDIES`, then its name."""
    return _order(study, STUDIES)


def write_tables(measured: Path, published: Path, out: Path) -> list[Path]:
    """Writes every table from the measured rows that are there.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        published: Folder of the printed numbers.
        out: Folder for the tables; made if missing.

    Returns:
        The files written: `table_2019_{1,2,3,4,5,6,7,8}.csv`, `climate_2021.csv`,
        `diamond_2021.csv`, `space_time.csv`, `parameters_2021.csv`, `gain.csv`, `backend_psnr.csv`
        and `backend_seconds.csv`.

    Raises:
        InputError: a folder or file is missing, damaged or cannot be written.
    """
    rows = read_measured(measured)
    tables = {
        f"table_2019_{number}": (
            RESULT_TABLE_COLUMNS,
            result_rows(read_results(published, printed), rows),
        )
        for number, printed in TABLES_2019.items()
    }
    for name, printed in (
        ("climate_2021", TABLE_2021),
        ("diamond_2021", TABLE_DIAMOND),
        ("space_time", TABLES_SPACE_TIME),
    ):
        tables[name] = RESULT_TABLE_COLUMNS, result_rows(read_results(published, printed), rows)
    tables["parameters_2021"] = (
        PARAMETER_TABLE_COLUMNS,
        parameter_rows(read_parameters(published), rows),
    )
    tables["gain"] = (GAIN_COLUMNS, gain_rows(rows))
    tables["backend_psnr"] = (BACKEND_COLUMNS, backend_rows(rows))
    tables["backend_seconds"] = (SECONDS_COLUMNS, seconds_rows(rows))
    paths = []
    for name, (columns, lines) in tables.items():
        path = Path(out) / f"{name}.csv"
        write_rows(path, columns, lines)
        paths.append(path)
    return paths


def summary(tables: Path) -> str:
    """`gain.csv` as a plain-text table for the terminal.

    Args:
        tables: Folder that `write_tables` wrote.

    Returns:
        Lines without a trailing newline: PSNR in dB on the test frames, gains over bicubic; below
        them what is missing.

    Raises:
        InputError: `gain.csv` is missing or damaged.
    """
    header = ("backend", "study", "network", "parameters", "plain", "gain", "residual", "gain")
    lines, missing = [header], []
    for row in read_rows(Path(tables) / "gain.csv", GAIN_COLUMNS):
        lines.append(
            (
                row["backend"],
                row["study"],
                row["model"],
                row["parameters"] or "-",
                _rounded(row["plain_psnr_db"], ".2f"),
                _rounded(row["plain_gain_db"], "+.2f"),
                _rounded(row["residual_psnr_db"], ".2f"),
                _rounded(row["residual_gain_db"], "+.2f"),
            )
        )
        if row["note"]:
            missing.append(f"{row['study']}, {row['model']}, {row['note']}")
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    text = ["PSNR in dB on the test frames, and the gain over bicubic enlargement"]
    for line in lines:
        cells = [
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text + missing)


def ours_beside(
    printed: Row, counterpart: AtEpoch | Scored, variant: str, backend: str, measured: Measured
) -> Row:
    """Our cells beside a printed row; all empty but `missing` where nothing was measured."""
    study, model = counterpart.study, counterpart.model
    score = measured.score(study, model, variant, backend)
    cells = dict.fromkeys(
        (
            *("ours_mse", "ours_ssim", "ours_psnr_db", "bicubic_psnr_db", "gain_over_bicubic_db"),
            *("preset", "protocol", "errata", "data_source", "trained_on"),
            *("epochs_ours", "measured_row"),
            "scored_on",
        ),
        "",
    )
    if isinstance(counterpart, AtEpoch):
        epochs = measured.epochs.get((study, model, variant, backend))
        if not epochs:
            return {**cells, "missing": why_missing(backend)}
        row = counterpart.choose(epochs)
        split = printed["split"]
        cells.update(
            ours_mse=_in_units(row[f"{split}_mse"], counterpart.brightest),
            ours_ssim=row[f"{split}_ssim"],
            ours_psnr_db=row[f"{split}_psnr_db"],
            epochs_ours=row["epoch"],
            scored_on=f"on {row[f'{split}_frames']} {split} frames",
        )
        # The training frames that an epoch is scored on have no bicubic figure of their own.
        if split == "validation":
            bicubic = row["bicubic_validation_psnr_db"]
            cells.update(
                bicubic_psnr_db=bicubic,
                gain_over_bicubic_db=_difference(row["validation_psnr_db"], bicubic),
            )
    else:
        row = measured.score(
            study,
            model,
            variant,
            backend,
            stage=counterpart.stage,
            split=counterpart.split,
            area=counterpart.area,
        )
        if not row:
            return {**cells, "missing": why_missing(backend)}
        score = row
        cells.update(
            ours_mse=_in_units(row["mse"], counterpart.brightest),
            ours_ssim=row["ssim_uniform7"],
            ours_psnr_db=row["psnr_db"],
            bicubic_psnr_db=row["bicubic_psnr_db"],
            gain_over_bicubic_db=row["gain_over_bicubic_db"],
            epochs_ours=row["epochs"],
        )
    for column in ("preset", "protocol", "errata", "data_source"):
        cells[column] = row[column]
    # An epoch row does not say what the network was trained on; its run's score row does.
    cells["trained_on"] = score["trained_on"] if score else ""
    return {**cells, "measured_row": row["row"], "missing": ""}


def _gain_cells(scores: dict[str, Row | None]) -> Row:
    """The cells of `gain.csv` that come from the score rows of a network's variants."""
    found = [score for score in scores.values() if score]
    cells = {
        column: _shared(found, column)
        for column in ("data_source", "parameters", "trained_on", "bicubic_psnr_db")
    }
    for variant in VARIANTS:
        score = scores.get(variant) or {}
        cells[f"{variant}_psnr_db"] = score.get("psnr_db", "")
        cells[f"{variant}_ssim"] = score.get("ssim_uniform7", "")
        cells[f"{variant}_gain_db"] = score.get("gain_over_bicubic_db", "")
        cells[f"{variant}_epochs"] = score.get("epochs", "")
        cells[f"{variant}_row"] = score.get("row", "")
    return cells


def _networks(measured: Measured) -> list[tuple[str, str, str]]:
    """(study, model, variant) of everything scored, in table order."""
    return sorted({key[:3] for key in measured.scores}, key=_network_order)


def _network_order(network: tuple[str, ...]) -> tuple:
    study, model, *variant = network
    return study_order(study), model_order(model), variant


def _order(name: str, known: Sequence[str]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known)), name


def _run_key(row: Row) -> tuple[str, str, str, str]:
    return row["study"], row["model"], row["variant"], row["backend"]


def read_checked(path: Path, columns: Sequence[str], numbers: Sequence[str]) -> list[Row]:
    """The rows of a file, none where it does not exist; numbers checked, keys unique."""
    if not path.exists():
        return []
    rows = read_rows(path, columns)
    keys = set()
    for line, row in enumerate(rows, start=2):
        wrong = [column for column in numbers if not is_number(row[column])]
        wrong += [c for c in _MAYBE_NUMBERS if row.get(c) and not is_number(row[c])]
        if wrong:
            raise InputError(
                f"{path} line {line} has {row[wrong[0]]!r} as {wrong[0]}, not a number; "
                "measure again"
            )
        key = row["row"]
        if key in keys:
            raise InputError(f"{path} has the row {key} twice; measure again")
        keys.add(key)
    return rows


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _in_units(mse: str, brightest: float) -> str:
    """An MSE measured in 0..1, in squared units of frames whose largest value is `brightest`."""
    return mse if brightest == 1 else format_cell(float(mse) * brightest**2)


def _difference(ours: str, other: str) -> float | str:
    return float(ours) - float(other) if ours and other else ""


def _printed_epoch(stage: str) -> str:
    """The number in "epoch 67 (early stop)"; empty for stages that name no epoch."""
    words = stage.split()
    return words[1] if words[:1] == ["epoch"] else ""


def _shared(rows: Sequence[Row], column: str) -> str:
    """A cell that both variants should have alike; both, with a slash, where they differ."""
    return " / ".join(dict.fromkeys(row[column] for row in rows))


def _join(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)


def _rounded(text: str, form: str) -> str:
    return format(float(text), form) if text else "-"
