"""The verdicts: every printed number of the papers, ours under both protocols, and what follows.

A printed number is *reproduced* where ours, from the same data, is within 1 dB and 0.01 of SSIM;
*explained* where what differs has a name, an erratum or other data, and a row that shows it;
*contradicted* where nothing does; *not run here* where no run answers it, with the reason and,
where there is one, the command that would.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from keras_vsr.records import EPOCH_COLUMNS, PUBLISHED_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.published import (
    COUNTERPARTS,
    RESULT_COLUMNS,
    AtEpoch,
    Row,
    Scored,
    first_epoch,
    last_epoch,
)
from keras_vsr.reporting.tables import BACKENDS, Measured, ours_beside, read_measured

COLUMNS = (
    *("source", "table", "dataset", "model", "stage", "split"),
    *("published_ssim", "published_psnr_db"),
    *("described_ssim", "described_psnr_db", "described_row"),
    *("as_run_ssim", "as_run_psnr_db", "as_run_row"),
    *("bicubic_psnr_db", "data_source", "verdict", "because", "shown_by"),
)
REPRODUCED, EXPLAINED = "reproduced", "explained"
CONTRADICTED, NOT_RUN = "contradicted", "not run here"
VERDICTS = (REPRODUCED, EXPLAINED, CONTRADICTED, NOT_RUN)
CLOSE_DB, CLOSE_SSIM = 1.0, 0.01
FIRST_STEPS_DB = 3.0  # how far apart two trainings may be after an epoch for their data to be why

# The authors' own networks, in published_weights rows.
WEIGHTS_2D = "2019/fsrcnn_climate_prelu_6348.h5"
WEIGHTS_3D = f"{WEIGHTS_2D} + 2019/srnet3d_climate_processed_63641.h5"
PUBLISHED_SPACING = "864"  # s: nearest to the published frames' own, of those that are measured
CLIP_STUDY, CLIP_MODEL = "container_2019", "srnet3d_early"

PAPER = "KERAS_BACKEND=torch python experiments/run.py --preset paper --study climate_2021"
PAPER_2019 = PAPER.replace("climate_2021", "climate_2019")
CONTAINER = "python experiments/run.py --study container_2019 --video container.y4m"


@dataclass(frozen=True)
class Ours:
    """Our numbers for one printed row, as text, and the rows they came from."""

    described: Row
    as_run: Row
    evidence: "Evidence"


@dataclass(frozen=True)
class Evidence:
    """Rows of other studies that may explain a printed number.

    Attributes:
        weights: Published-weights rows by (weights, quantity, seconds between frames).
        clip: Epochs of the 3D network on a clip, in order.
    """

    weights: dict[tuple[str, str, str], Row]
    clip: list[Row]


Reason = Callable[[Row, Ours], tuple[str, str, str]]


def sheared(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """E1: what the network was given is no picture any more."""
    described, as_run = _number(ours.described), _number(ours.as_run)
    if described is None or as_run is None:
        return NOT_RUN, "as_run was not run: python experiments/run.py --protocol as_run", ""
    wanted = float(printed["psnr_db"])
    nearer = abs(as_run - wanted) < abs(described - wanted)
    words = (
        "E1: the 3D network saw sheared frames; with all errata on ours falls from "
        f"{described:.2f} to {as_run:.2f} dB. The data are other frames of the same flow"
    )
    return (EXPLAINED if nearer else CONTRADICTED), words, ours.as_run["measured_row"]


def reached_by_2d_weights(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """The authors' own 2D network, on the generated frames."""
    row = ours.evidence.weights.get((WEIGHTS_2D, "psnr_db", ""))
    words = (
        "their own network (6,348 parameters, E5, E18) gives {:.2f} dB on generated frames; ours"
    )
    return _reached(printed, ours, row, words)


def reached_by_3d_weights(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """The authors' own cascade, on the generated frames, against the next frame."""
    key = (WEIGHTS_3D, "psnr_against_next_db", PUBLISHED_SPACING)
    row = ours.evidence.weights.get(key)
    middle = ours.evidence.weights.get((WEIGHTS_3D, "psnr_against_middle_db", PUBLISHED_SPACING))
    less = f", and {float(middle['value']):.2f} against the middle one" if middle else ""
    words = f"E2: their own networks give {{:.2f}} dB against the next generated frame{less}; ours"
    return _reached(printed, ours, row, words)


def _reached(printed: Row, ours: Ours, row: Row | None, words: str) -> tuple[str, str, str]:
    if row is None:
        return NOT_RUN, "needs their weights: --study published_weights --reference DIR", ""
    value = float(row["value"])
    reached = value >= float(printed["psnr_db"]) - CLOSE_DB
    epochs = ours.described.get("epochs_ours", "")
    words = f"{words.format(value)}, after {epochs} epochs on smaller frames, are still learning"
    return (EXPLAINED if reached else CONTRADICTED), words, row["row"]


def first_steps(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """A network after its first epoch: where it stands depends on its first weights and steps."""
    row = ours.described
    reached = _number(row)
    if reached is None:
        return NOT_RUN, row["missing"], ""
    if abs(reached - float(printed["psnr_db"])) <= FIRST_STEPS_DB:
        words = "other data and other first weights, and an epoch of fewer or smaller steps"
        return EXPLAINED, words, row["measured_row"]
    return (
        NOT_RUN,
        f"ours had fewer steps on smaller frames; as many: {PAPER_2019}",
        row["measured_row"],
    )


def shorter(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """The networks of 2021, which took 300 epochs on a GPU."""
    row = ours.described
    done = f"{row['epochs_ours']} short epochs" if _number(row) is not None else "no epoch"
    return NOT_RUN, f"only {done} of 300 were run; the whole run: {PAPER}", row["measured_row"]


def on_another_clip(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """Table 4, on a clip that is not `container`."""
    if not ours.evidence.clip:
        return NOT_RUN, f"needs the clip: {CONTAINER}", ""
    source = ours.described["data_source"]
    words = f"the clip `container` is not here, ours are of {source}; with it: {CONTAINER}"
    return NOT_RUN, words, ours.described["measured_row"]


def on_the_diamond(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """The video of the diamond was not published."""
    return NOT_RUN, "the video of the diamond was not published; no study stands for it yet", ""


def in_space_and_time(printed: Row, ours: Ours) -> tuple[str, str, str]:
    """The WACV networks."""
    return NOT_RUN, "its networks (ESPCN, SuperSloMo, fusion) are not in the suite yet", ""


def reason_for(printed: Row) -> Reason:
    """What may explain a printed row."""
    table, model, stage = printed["table"], printed["model"], printed["stage"]
    if printed["source"] == "wacv2021":
        return in_space_and_time
    if table.startswith("diamond"):
        return on_the_diamond
    if table == "4":
        return on_another_clip
    if "raw" in model and stage not in ("2D network", "after re-packing"):
        return sheared
    if stage == "epoch 0":
        return first_steps
    if "preliminary" in model:
        return shorter
    if model == "fsrcnn_2019" or stage in ("2D network", "after re-packing"):
        return reached_by_2d_weights
    return reached_by_3d_weights


def verdict_rows(
    printed: list[Row], described: Measured, as_run: Measured | None, evidence: Evidence
) -> list[Row]:
    """One row for each printed row, none without a verdict."""
    rows = []
    for row in printed:
        found = Ours(
            _beside(row, described, evidence, errata=False),
            _beside(row, as_run, evidence, errata=True),
            evidence,
        )
        verdict, because, shown_by = _verdict(row, found)
        rows.append(
            {
                **{name: row[name] for name in COLUMNS[:6]},
                "published_ssim": row["ssim"],
                "published_psnr_db": row["psnr_db"],
                "described_ssim": found.described["ours_ssim"],
                "described_psnr_db": found.described["ours_psnr_db"],
                "described_row": found.described["measured_row"],
                "as_run_ssim": found.as_run["ours_ssim"],
                "as_run_psnr_db": found.as_run["ours_psnr_db"],
                "as_run_row": found.as_run["measured_row"],
                "bicubic_psnr_db": found.described["bicubic_psnr_db"],
                "data_source": found.described["data_source"],
                "verdict": verdict,
                "because": because,
                "shown_by": shown_by,
            }
        )
    return rows


def write_verdicts(described: Path, as_run: Path, published: Path, out: Path) -> bool:
    """Writes verdicts.csv.

    Args:
        described: Folder of the rows of protocol as_described.
        as_run: Folder of the rows with all errata on; need not be there.
        published: Folder of the printed numbers.
        out: Folder of the tables.

    Returns:
        Whether it was written: not without described rows.

    Raises:
        InputError: a file is damaged.
    """
    if not list(Path(described).glob("*_scores.csv")):
        return False
    printed = read_rows(Path(published) / "results.csv", RESULT_COLUMNS)
    there = list(Path(as_run).glob("*_scores.csv"))
    rows = verdict_rows(
        printed,
        read_measured(described),
        read_measured(as_run) if there else None,
        read_evidence(described),
    )
    write_rows(Path(out) / "verdicts.csv", COLUMNS, rows)
    return True


def read_evidence(folder: Path) -> Evidence:
    """Rows of published weights and of a clip, of the first backend that has them."""
    weights, clip = {}, []
    for backend in BACKENDS:
        path = Path(folder) / f"{backend}_published_weights.csv"
        if path.exists() and not weights:
            weights = {
                (row["weights"], row["quantity"], row["seconds_between"]): row
                for row in read_rows(path, PUBLISHED_COLUMNS)
            }
        path = Path(folder) / f"{backend}_{CLIP_STUDY}_epochs.csv"
        if path.exists() and not clip:
            rows = [row for row in read_rows(path, EPOCH_COLUMNS) if row["variant"] == "plain"]
            clip = sorted(rows, key=lambda row: int(row["epoch"]))
    return Evidence(weights, clip)


def _verdict(printed: Row, ours: Ours) -> tuple[str, str, str]:
    for row in (ours.as_run, ours.described):
        if row["data_source"] in ("", "generated") or printed["table"] == "4":
            continue  # other data than those of the paper
        near = abs(float(row["ours_psnr_db"]) - float(printed["psnr_db"])) <= CLOSE_DB
        alike = abs(float(row["ours_ssim"]) - float(printed["ssim"])) <= CLOSE_SSIM
        if near and alike:
            words = "on the same data, within 1 dB and 0.01 of SSIM"
            return REPRODUCED, words, row["measured_row"]
    return reason_for(printed)(printed, ours)


def _beside(printed: Row, measured: Measured | None, evidence: Evidence, *, errata: bool) -> Row:
    """Our cells beside a printed row; empty where there are none."""
    if printed["table"] == "4" and not errata and evidence.clip:
        choose = first_epoch if printed["stage"] == "epoch 0" else last_epoch
        return _clip_cells(choose(evidence.clip), printed["split"])
    empty = dict.fromkeys(
        (
            *("ours_ssim", "ours_psnr_db", "measured_row", "bicubic_psnr_db"),
            *("data_source", "epochs_ours", "missing"),
        ),
        "",
    )
    counterpart = COUNTERPARTS.get((printed["table"], printed["model"], printed["stage"]))
    if measured is None or counterpart is None:
        return empty
    interpolation = counterpart.model == "bicubic"
    if interpolation and errata:  # what the 3D network was given
        counterpart = replace(counterpart, model="raw", study="climate_2019")
    variant = "interpolation" if interpolation else "plain"
    for backend in measured.backends:
        cells = ours_beside(printed, counterpart, variant, backend, measured)
        if cells["ours_psnr_db"]:
            return cells
    return empty | {"missing": f"{_name(counterpart)} was not measured"}


def _clip_cells(row: Row, split: str) -> Row:
    return {
        "ours_ssim": row[f"{split}_ssim"],
        "ours_psnr_db": row[f"{split}_psnr_db"],
        "measured_row": row["row"],
        "bicubic_psnr_db": row["bicubic_validation_psnr_db"] if split == "validation" else "",
        "data_source": row["data_source"],
        "epochs_ours": row["epoch"],
        "missing": "",
    }


def _name(counterpart: AtEpoch | Scored) -> str:
    return f"{counterpart.study} {counterpart.model}"


def _number(row: Row) -> float | None:
    return float(row["ours_psnr_db"]) if row["ours_psnr_db"] else None
