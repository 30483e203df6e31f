"""The verdicts: every printed number of the papers, ours under both protocols, and what follows.

A printed number is *reproduced* where ours, from the same data, is within 1 dB and 0.01 of SSIM;
*explained* where what differs has a name, an erratum or other data, and a row that shows it;
*contradicted* where nothing does; *not run here* where no run answers it, with the reason and,
where there is one, the command that would.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from keras_vsr.records import PUBLISHED_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.errata import ErrataRuns, read_errata_runs
from keras_vsr.reporting.published import (
    RESULT_COLUMNS,
    UCF101,
    AtEpoch,
    Row,
    Scored,
    absent_networks,
    counterpart_of,
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
WEIGHTS_10577 = "2019/fsrcnn_climate_10577.h5"
NEXT, MIDDLE = "psnr_against_next_db", "psnr_against_middle_db"
# How far their own network may be from what was printed of it: other frames of the same flow are
# easier or harder by so much.
SAME_NETWORK_DB = 5.0
# An erratum explains a number if ours, with it, has gone three quarters of the way there at least.
WAY_LEFT = 0.25

CLIP = "container"
WHOLE_TRAINING = "paper"  # the preset with the published sizes and epochs

RUN = "KERAS_BACKEND=torch python experiments/run.py"
ERRATA_RUN = f"{RUN} --study errata"
CONTAINER = f"{RUN} --study container_2019 --video container.y4m"
VIMEO = "Vimeo-90K"
SPACE_TIME = f"{RUN} --study space_time --preset paper --vimeo90k DIR"
DIAMOND = f"{RUN} --study diamond_2021 --preset paper --video FILE"


@dataclass(frozen=True)
class Evidence:
    """Rows of other studies that may explain a printed number.

    Attributes:
        weights: Published-weights rows by (weights, quantity, seconds between frames).
        errata: What the errata cost, all on the same climate frames.
        clip_errata: The same on frames of a real clip.
    """

    weights: dict[tuple[str, str, str], Row]
    errata: ErrataRuns
    clip_errata: ErrataRuns


@dataclass(frozen=True)
class Ours:
    """Our cells beside one printed row, under both protocols, and what else is known."""

    described: Row
    as_run: Row
    evidence: Evidence


Answer = tuple[str, str, str]  # verdict, because, shown by
Reason = Callable[[Row, Ours], Answer]


def sheared(printed: Row, ours: Ours) -> Answer:
    """E1 and what else the 3D network on raw frames saw, against the same frames without it."""
    runs = ours.evidence.errata
    labels = sorted({key[0] for key in runs.scores}, key=len)
    every = labels[-1] if labels else ""
    model, label = {
        "raw": ("raw", "E1"),
        "2d_then_3d_raw": ("2d_then_3d_raw", every),
    }.get(printed["model"], ("srnet3d_raw", "E1+E2"))
    found = _with_and_without(runs, label, model)
    if found is None:
        return NOT_RUN, f"what E1 costs was not measured: {ERRATA_RUN}", ""
    on, off = found
    words = (
        f"{label}: on the same frames ours has {float(off['psnr_db']):.2f} dB without and "
        f"{float(on['psnr_db']):.2f} with"
    )
    return (EXPLAINED if _goes_there(printed, on, off) else CONTRADICTED), words, on["row"]


def same_2d_network(printed: Row, ours: Ours) -> Answer:
    """The authors' own 2D network, on generated frames."""
    row = ours.evidence.weights.get((WEIGHTS_2D, "psnr_db", ""))
    if row is None:
        return _weights_are_needed()
    value = float(row["value"])
    words = (
        "other data and a shorter training: their own network (6,348 parameters, linear: E5, E18) "
        f"gives {value:.2f} dB on generated frames; {_trained(ours.described)}"
    )
    other = ours.evidence.weights.get((WEIGHTS_10577, "psnr_db", ""))
    if other:
        words += (
            f". Their file of the 10,577 parameters that were printed gives "
            f"{float(other['value']):.2f} dB there"
        )
    near = abs(value - float(printed["psnr_db"])) <= SAME_NETWORK_DB
    return (EXPLAINED if near else CONTRADICTED), words, row["row"]


def same_3d_network(printed: Row, ours: Ours) -> Answer:
    """The authors' own cascade on generated frames: nearer to the next frame than to its own."""
    weights = ours.evidence.weights
    following = {key[2]: row for key, row in weights.items() if key[:2] == (WEIGHTS_3D, NEXT)}
    middle = {key[2]: row for key, row in weights.items() if key[:2] == (WEIGHTS_3D, MIDDLE)}
    if not following or set(following) != set(middle):
        return _weights_are_needed()
    values = sorted(float(row["value"]) for row in following.values())
    late = all(float(following[s]["value"]) > float(middle[s]["value"]) for s in following)
    inside = values[0] - CLOSE_DB <= float(printed["psnr_db"]) <= values[-1] + CLOSE_DB
    spacings = sorted(following, key=float)
    words = (
        f"E2: their own networks give {values[0]:.2f} to {values[-1]:.2f} dB against the next of "
        f"generated frames {spacings[0]} to {spacings[-1]} s apart, "
        f"{'always more' if late else 'not always more'} than against the middle one; "
        f"{_trained(ours.described)}"
    )
    closest = min(
        following.values(), key=lambda row: abs(float(row["value"]) - float(printed["psnr_db"]))
    )
    return (EXPLAINED if late and inside else CONTRADICTED), words, closest["row"]


def first_steps(printed: Row, ours: Ours) -> Answer:
    """A network after its first epoch: where it stands depends on its first weights and steps."""
    row = ours.described
    reached = _number(row)
    if reached is None:
        return NOT_RUN, row["missing"], ""
    if abs(reached - float(printed["psnr_db"])) <= FIRST_STEPS_DB:
        words = "other data and other first weights, and an epoch of fewer or smaller steps"
        return EXPLAINED, words, row["measured_row"]
    words = f"not as many steps on frames as large: {RUN} --preset paper --study climate_2019"
    return NOT_RUN, words, row["measured_row"]


def whole_training(printed: Row, ours: Ours) -> Answer:
    """The networks of 2021, which took 300 epochs on a GPU."""
    row = ours.described
    words = f"not 300 epochs on whole frames: {RUN} --preset paper --study climate_2021"
    return NOT_RUN, words, row["measured_row"]


def on_a_clip(printed: Row, ours: Ours) -> Answer:
    """Table 4, which is of the clip `container`."""
    row = ours.described
    if _number(row) is None:
        return NOT_RUN, f"needs a clip: {CONTAINER}", ""
    source = row["data_source"]
    if not source.startswith(CLIP):
        words = f"the clip {CLIP} is not here, ours are of {source}; with it: {CONTAINER}"
        return NOT_RUN, words, row["measured_row"]
    return _compared(printed, row) or (
        CONTRADICTED,
        f"on the same clip ours has {_number(row):.2f} dB",
        row["measured_row"],
    )


def sheared_diamond(printed: Row, ours: Ours) -> Answer:
    """The 8.50 dB of enlarged frames: what E1 makes of other pictures, since the video of the
    diamond was not published. It cannot contradict: how far a picture falls depends on it."""
    row = ours.described
    if _number(row) is None:
        return NOT_RUN, f"{row['missing']}: {DIAMOND}", ""
    for runs in (ours.evidence.clip_errata, ours.evidence.errata):  # a real clip is more like it
        found = _with_and_without(runs, "E1", "raw")
        if found:
            break
    else:
        return NOT_RUN, f"what E1 costs was not measured: {ERRATA_RUN}", ""
    on, off = found
    words = (
        f"E1: the video was not published; bicubic has {_number(row):.2f} dB on ours "
        f"({_diamond_source(row)}). On other frames ({off['dataset']}, {off['data_source']}) it "
        f"has {float(off['psnr_db']):.2f} dB without E1 and {float(on['psnr_db']):.2f} with"
    )
    if _goes_there(printed, on, off):
        return EXPLAINED, words, on["row"]
    return NOT_RUN, f"{words}, too little to tell; with frames like theirs: {DIAMOND}", on["row"]


def on_the_diamond(printed: Row, ours: Ours) -> Answer:
    """The networks of 2021 on a diamond, whose video was not published."""
    row = ours.described
    if _number(row) is None:
        return NOT_RUN, f"{row['missing']}: {DIAMOND}", ""
    if row["preset"] != WHOLE_TRAINING:
        words = f"not 300 epochs on frames of 300x450, and on {_diamond_source(row)}: {DIAMOND}"
        return NOT_RUN, words, row["measured_row"]
    words = (
        f"other data: the video was not published; on {_diamond_source(row)} {_trained(row)}, and "
        f"bicubic has {float(row['bicubic_psnr_db']):.2f} dB"
    )
    near = abs(_number(row) - float(printed["psnr_db"])) <= SAME_NETWORK_DB
    return (EXPLAINED if near else CONTRADICTED), words, row["measured_row"]


def in_space_and_time(printed: Row, ours: Ours) -> Answer:
    """The WACV networks, trained on Vimeo-90K."""
    lacking = absent_networks(printed)
    if lacking:
        return NOT_RUN, f"the suite has no {' and no '.join(lacking)}", ""
    row, data = ours.described, printed["dataset"]
    beside = " --ucf101 DIR" if data == UCF101 else ""
    # The preset `paper` has the published widths and epochs, but holds its triplets in memory: a
    # small part of the data set.
    words = f"needs all of {VIMEO}, of which a run sees a part: {SPACE_TIME}{beside}"
    return NOT_RUN, words, row["measured_row"]


def _weights_are_needed() -> Answer:
    return NOT_RUN, f"needs the authors' weights: {RUN} --study published_weights", ""


def _with_and_without(runs: ErrataRuns, label: str, model: str) -> tuple[Row, Row] | None:
    """Score rows with errata and without, of the first backend that has both; "raw" without any is
    bicubic."""
    for backend in runs.backends:
        on = runs.score(label, model, backend)
        off = runs.score("", "bicubic" if model == "raw" else model, backend)
        if on and off:
            return on, off
    return None


def _goes_there(printed: Row, on: Row, off: Row) -> bool:
    """Whether errata take ours most of the way to the printed number."""
    wanted, with_them, without = (float(row["psnr_db"]) for row in (printed, on, off))
    return abs(with_them - wanted) <= WAY_LEFT * abs(without - wanted)


def _diamond_source(row: Row) -> str:
    source = row["data_source"]
    return "a generated stone" if source == "generated" else source


def _trained(row: Row) -> str:
    """What ours has, after how much training on what."""
    if _number(row) is None:
        return "ours was not measured"
    epochs = f" after {row['epochs_ours']} epochs" if row["epochs_ours"] else ""
    return f"ours has {_number(row):.2f} dB{epochs} on {row['trained_on']}"


def reason_for(printed: Row) -> Reason:
    """What may explain a printed row."""
    table, model, stage = printed["table"], printed["model"], printed["stage"]
    if printed["source"] == "wacv2021":
        return in_space_and_time
    if table.startswith("diamond"):
        return sheared_diamond if model == "raw" else on_the_diamond
    if table == "4":
        return on_a_clip
    if stage == "epoch 0":
        return first_steps
    if "raw" in model and stage not in ("2D network", "after re-packing"):
        return sheared
    if "preliminary" in model:
        return whole_training
    if model == "fsrcnn_2019" or stage in ("2D network", "after re-packing"):
        return same_2d_network
    return same_3d_network


def verdict_rows(
    printed: list[Row], described: Measured, as_run: Measured | None, evidence: Evidence
) -> list[Row]:
    """One row for each printed row, none without a verdict."""
    rows = []
    for row in printed:
        found = Ours(
            _beside(row, described, errata=False),
            _beside(row, as_run, errata=True),
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
        described: Folder of the rows without errata.
        as_run: Folder of the rows with all errata on; need not be there.
        published: Folder of the printed numbers.
        out: Folder of the tables.

    Returns:
        Whether it was written: not from rows with errata.

    Raises:
        InputError: a file is damaged.
    """
    measured = read_measured(described)
    if any(row["errata"] for row in measured.scores.values()):
        return False
    printed = read_rows(Path(published) / "results.csv", RESULT_COLUMNS)
    there = list(Path(as_run).glob("*_scores.csv"))
    rows = verdict_rows(
        printed,
        measured,
        read_measured(as_run) if there else None,
        read_evidence(described),
    )
    write_rows(Path(out) / "verdicts.csv", COLUMNS, rows)
    return True


def read_evidence(folder: Path) -> Evidence:
    """Rows of published weights, of the first backend that has them, and of the errata."""
    weights = {}
    for backend in BACKENDS:
        path = Path(folder) / f"{backend}_published_weights.csv"
        if path.exists() and not weights:
            weights = {
                (row["weights"], row["quantity"], row["seconds_between"]): row
                for row in read_rows(path, PUBLISHED_COLUMNS)
            }
    return Evidence(weights, read_errata_runs(folder), read_errata_runs(folder, "errata_clip"))


def _verdict(printed: Row, ours: Ours) -> tuple[str, str, str]:
    for row in (ours.as_run, ours.described):
        if row["data_source"] not in ("", "generated") and printed["dataset"] == "climate":
            compared = _compared(printed, row)  # a published file: the paper's own data
            if compared:
                return compared
    return reason_for(printed)(printed, ours)


def _compared(printed: Row, row: Row) -> Answer | None:
    """The verdict on the paper's own data, if ours is close."""
    near = abs(float(row["ours_psnr_db"]) - float(printed["psnr_db"])) <= CLOSE_DB
    alike = abs(float(row["ours_ssim"]) - float(printed["ssim"])) <= CLOSE_SSIM
    if not (near and alike):
        return None
    return REPRODUCED, "on the same data, within 1 dB and 0.01 of SSIM", row["measured_row"]


def _beside(printed: Row, measured: Measured | None, *, errata: bool) -> Row:
    """Our cells beside a printed row; empty where there are none."""
    empty = dict.fromkeys(
        (
            *("ours_ssim", "ours_psnr_db", "measured_row", "bicubic_psnr_db", "preset"),
            *("data_source", "trained_on", "epochs_ours", "missing"),
        ),
        "",
    )
    if measured is None or absent_networks(printed):
        return empty
    counterpart = counterpart_of(printed)
    interpolation = counterpart.model == "bicubic"
    if interpolation and errata and printed["dataset"] == "climate":
        # What the 3D network was given.
        counterpart = replace(counterpart, model="raw", study="climate_2019")
    variant = "interpolation" if interpolation else "plain"
    for backend in measured.backends:
        cells = ours_beside(printed, counterpart, variant, backend, measured)
        if cells["ours_psnr_db"]:
            return cells
    return empty | {"missing": f"{_name(counterpart)} was not measured"}


def _name(counterpart: AtEpoch | Scored) -> str:
    return f"{counterpart.study} {counterpart.model}"


def _number(row: Row) -> float | None:
    return float(row["ours_psnr_db"]) if row["ours_psnr_db"] else None
