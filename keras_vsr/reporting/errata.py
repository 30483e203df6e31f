"""The table of errata: what each mistake of the published work costs in dB.

A mistake's cost is the PSNR of a network trained and scored with it less that of the same network,
recipe and seed without it. What the mistakes are is data: `reports/published/errata.csv`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keras_vsr.errors import InputError
from keras_vsr.records import FILTER_COLUMNS, SCORE_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.published import INTERPOLATIONS, Row
from keras_vsr.reporting.tables import (
    BACKENDS,
    CLIMATE_STUDIES,
    measured_backends,
    model_order,
    read_checked,
    read_measured,
)

DESCRIBED_COLUMNS = ("erratum", "published", "what_is_so", "consequence", "source")

TABLE_COLUMNS = (
    "erratum",
    "summary",
    "model",
    "backend",
    "preset",
    "psnr_db_off",
    "psnr_db_on",
    "difference_psnr_db",
    "backends_apart_db",
    "psnr_db_on_against_middle",
    "raw_psnr_db_off",
    "raw_psnr_db_on",
    "bicubic_psnr_db",
    "parameters_off",
    "parameters_on",
    "epochs_off",
    "epochs_on",
    "best_epoch_off",
    "best_epoch_on",
    "mean_cosine",
    "measured_row_off",
    "measured_row_on",
    "other_rows",
    "note",
)

NONE = ""  # the label of runs without errata
NOT = "not "  # begins the labels of runs that do what should have been done
RAW = "raw"  # in rows of interpolation: what the 3D network below is given
RAW_NETWORK = "srnet3d_raw"
OF_THE_INPUT = {"E1", "E2", "E14"}  # those that change what the 3D network is given or scored with
QUESTION = "E1+E2"  # the data of the published 3D network on raw frames

# The published network has it, and so has the suite's own: it is on where none is named.
OF_THE_SUITE = ("E11",)
# On and off start from other networks' filters, the suite's own network from neither.
OTHER_START = ("E9", "E16")

REMARKS = {
    "E5": "on is the network of the text, off that of the published parameter count",
    "E9": "off is the run 'not E9': the 2D stems start from FSRCNN's filters, transposed as "
    "they should have been",
    "E11": "on is the suite's own network, which is the published one, off the run 'not E11': the "
    "2D recursive block runs for all five frames",
    "E16": "off is the run 'not E16': SRCNN starts from weights for scale 2, all layers trained",
}


@dataclass(frozen=True)
class ErrataRuns:
    """What the study of errata measured.

    Attributes:
        backends: Those with score rows, in the order of `BACKENDS`.
        scores: Score rows of plain networks and of interpolations on the test split's middle area,
            by (label of errata, model, stage, backend).
        filters: Filter rows by (label of errata, model, backend).
        apart: By model, in dB, how far the backends' trainings of the suite's own network end from
            one another: less is no cost, only rounding that training has enlarged.
    """

    backends: tuple[str, ...]
    scores: dict[tuple[str, str, str, str], Row]
    filters: dict[tuple[str, str, str], Row]
    apart: dict[str, float] = field(default_factory=dict)

    def score(self, label: str, model: str, backend: str, stage: str = "output") -> Row | None:
        """The score row of a network trained under the errata of a label, or None."""
        return self.scores.get((label, model, stage, backend))


def read_errata_runs(measured: Path, kind: str = "errata") -> ErrataRuns:
    """Reads `<backend>_errata_scores.csv` and `_errata_filters.csv`, those that are there.

    Args:
        measured: Folder of the measuring program's CSV files.
        kind: "errata", or "errata_clip" for those measured on a real clip.

    Raises:
        InputError: a file is damaged.
    """
    scores: dict[tuple[str, str, str, str], Row] = {}
    filters: dict[tuple[str, str, str], Row] = {}
    for backend in BACKENDS:
        path = Path(measured) / f"{backend}_{kind}_scores.csv"
        for row in read_checked(path, SCORE_COLUMNS, ("psnr_db", "bicubic_psnr_db")):
            if (row["split"], row["area"]) != ("test", "middle") or row["variant"] == "residual":
                continue
            scores[row["errata"], row["model"], row["stage"], backend] = row
        path = Path(measured) / f"{backend}_{kind}_filters.csv"
        for row in read_checked(path, FILTER_COLUMNS, ()):
            filters[row["errata"], row["model"], backend] = row
    backends = tuple(b for b in BACKENDS if any(key[3] == b for key in scores))
    return ErrataRuns(backends, scores, filters, _apart(measured) if kind == "errata" else {})


def _apart(measured: Path) -> dict[str, float]:
    """How far the backends are apart for each plain network of the climate studies, whose data the
    errata are measured on."""
    if not measured_backends(measured):
        return {}
    found: dict[str, list[float]] = {}
    for key, row in read_measured(measured).scores.items():
        study, model, variant, stage, split, area, _ = key
        if study not in CLIMATE_STUDIES:
            continue
        if (variant, stage, split, area) == ("plain", "output", "test", "middle"):
            found.setdefault(model, []).append(float(row["psnr_db"]))
    return {model: max(psnr) - min(psnr) for model, psnr in found.items() if len(psnr) > 1}


def read_described(published: Path) -> dict[str, Row]:
    """Reads what the errata are, by name.

    Args:
        published: Folder where `errata.csv` lies.

    Raises:
        InputError: the file is missing, or has other columns.
    """
    rows = read_rows(Path(published) / "errata.csv", DESCRIBED_COLUMNS)
    return {row["erratum"]: row for row in rows}


def errata_rows(runs: ErrataRuns, described: dict[str, Row]) -> list[Row]:
    """One line for each label of errata, network trained under it, and backend.

    Args:
        runs: What `read_errata_runs` gave.
        described: What `read_described` gave.

    Raises:
        InputError: a measured erratum is not described.
    """
    trained = {
        (label.removeprefix(NOT), model)
        for label, model, stage, _ in runs.scores
        if label != NONE and model not in (RAW, *INTERPOLATIONS) and stage == "output"
    }
    every = all_together([erratum for erratum, _ in trained])
    summaries = {erratum: _summary(erratum, described) for erratum, _ in trained}
    return [
        _line(runs, summaries[erratum], erratum, model, backend, erratum == every)
        for erratum, model in sorted(trained, key=lambda key: (_order(key[0]), model_order(key[1])))
        for backend in runs.backends
    ]


def all_together(labels: Sequence[str]) -> str:
    """The label with the most errata, which is what the programs did; empty where none has three.

    Two are always a combination of interest, never all of them.
    """
    longest = max(labels, key=lambda label: label.count("+"), default=NONE)
    return longest if longest.count("+") >= 2 else NONE


def write_errata(measured: Path, published: Path, out: Path, kind: str = "errata") -> bool:
    """Writes `errata.csv`, or the table of another kind.

    Args:
        measured: Folder of the measuring program's CSV files, any subset of backends.
        published: Folder where `errata.csv` says what the errata are.
        out: Folder for the table; made if missing.
        kind: As in `read_errata_runs`; the table is called after it.

    Returns:
        Whether there was anything to write.

    Raises:
        InputError: a file is missing or damaged, or the table cannot be written.
    """
    runs = read_errata_runs(measured, kind)
    lines = errata_rows(runs, read_described(published)) if runs.scores else []
    if lines:
        write_rows(Path(out) / f"{kind}.csv", TABLE_COLUMNS, lines)
    return bool(lines)


def _line(
    runs: ErrataRuns, summary: str, erratum: str, model: str, backend: str, is_all: bool
) -> Row:
    labels = {"off": NONE, "on": erratum}
    if erratum in OF_THE_SUITE:
        labels = {"off": NOT + erratum, "on": NONE}
    elif erratum in OTHER_START:
        labels["off"] = NOT + erratum
    found = {side: runs.score(label, model, backend) for side, label in labels.items()}
    on, off = found["on"], found["off"]
    # The one of the two labels that is not the plain run has the rows beside the score.
    named = labels["on"] or labels["off"]
    middle = runs.score(named, model, backend, "against_middle")
    filters = runs.filters.get((named, model, backend))
    line = dict.fromkeys(TABLE_COLUMNS, "") | {
        "erratum": erratum,
        "summary": summary,
        "model": model,
        "backend": backend,
        "preset": _shared(found, "preset"),
        "bicubic_psnr_db": _shared(found, "bicubic_psnr_db"),
        "difference_psnr_db": _difference(on, off),
        "backends_apart_db": runs.apart.get(model, ""),
        "psnr_db_on_against_middle": middle["psnr_db"] if middle else "",
        "mean_cosine": filters["mean_cosine"] if filters else "",
    }
    for side, score in found.items():
        for column in ("psnr_db", "parameters", "epochs", "best_epoch"):
            line[f"{column}_{side}"] = score[column] if score else ""
        line[f"measured_row_{side}"] = score["row"] if score else ""
    raw = {}
    if model == RAW_NETWORK and OF_THE_INPUT & set(erratum.split("+")):
        raw = {"off": runs.score(NONE, "bicubic", backend), "on": runs.score(named, RAW, backend)}
        for side, score in raw.items():
            line[f"raw_psnr_db_{side}"] = score["psnr_db"] if score else ""
    beside = [middle, *raw.values(), filters]
    line["other_rows"] = "; ".join(row["row"] for row in beside if row)
    notes = [
        "all together; those that do not touch this network change nothing" if is_all else "",
        REMARKS.get(erratum, ""),
        "on is scored against the next frame, as published" if middle else "",
        _within_noise(_difference(on, off), runs.apart.get(model)),
        "mean_cosine is with the filters of the suite's own run, which starts from neither"
        if erratum in OTHER_START and filters
        else "",
        *(
            f"not measured on {backend}: {_words(label)}"
            for side, label in labels.items()
            if not found[side]
        ),
        _answer(on, off, raw["on"]) if erratum == QUESTION and raw else "",
    ]
    line["note"] = "; ".join(note for note in notes if note)
    return line


def _within_noise(difference: float | str, apart: float | None) -> str:
    """What a difference is worth beside that between backends."""
    if difference == 0:
        return "no difference: it never came into play"
    if difference != "" and apart is not None and abs(difference) <= apart:
        return "no more than the backends differ by"
    return ""


def _answer(on: Row | None, off: Row | None, raw: Row | None) -> str:
    """Whether the published 3D network fails on raw frames because of its hyperparameters, which
    report_2019 leaves open, or because of its data."""
    if not (on and off and raw):
        return ""
    data = float(off["psnr_db"]) - float(on["psnr_db"])
    rest = float(off["bicubic_psnr_db"]) - float(off["psnr_db"])
    if not (math.isfinite(data) and math.isfinite(rest)):
        return "a run diverged: the open question (hyperparameters or data) has no answer here"
    if data <= 0:
        verdict = "the data is not why it fails"
    elif data > rest:
        verdict = "it fails because of its data, not of its hyperparameters"
    else:
        verdict = "the data explains the smaller part of it"
    return (
        f"open question (hyperparameters or data): with the same hyperparameters the network gives "
        f"{float(on['psnr_db']):.2f} dB from frames sheared and paired one late (the input itself "
        f"{float(raw['psnr_db']):.2f} dB), and {float(off['psnr_db']):.2f} dB from frames enlarged "
        f"and paired rightly; the data costs {data:.2f} dB, and "
        + (
            f"{rest:.2f} dB are left to bicubic: "
            if rest > 0
            else f"bicubic is beaten by {-rest:.2f} dB: "
        )
        + verdict
    )


def _summary(label: str, described: dict[str, Row]) -> str:
    """What was published and what is so, erratum after erratum."""
    names = label.split("+")
    unknown = [name for name in names if name not in described]
    if unknown:
        raise InputError(
            f"errata.csv of the published numbers does not describe {unknown[0]}, which was "
            "measured; restore the file"
        )
    sentences = {
        name: f"{described[name]['published']}: in fact {described[name]['what_is_so']}"
        for name in names
    }
    if len(names) == 1:
        return sentences[label]
    return "; ".join(f"{name}: {sentence}" for name, sentence in sentences.items())


def _order(label: str) -> tuple[int, list[int]]:
    """One erratum before two together, each by its number."""
    numbers = [int(name.removeprefix("E")) for name in label.split("+")]
    return len(numbers), numbers


def _words(label: str) -> str:
    return label or "the run without errata"


def _shared(found: dict[str, Row | None], column: str) -> str:
    """A cell that both runs should have alike; both, with a slash, where they differ."""
    return " / ".join(dict.fromkeys(row[column] for row in found.values() if row))


def _difference(on: Row | None, off: Row | None) -> float | str:
    return float(on["psnr_db"]) - float(off["psnr_db"]) if on and off else ""
