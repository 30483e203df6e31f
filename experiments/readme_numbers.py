"""Writes the numbers of README.md and reports/README.md from the committed CSV files.

They stand between two marks.

python experiments/readme_numbers.py
"""

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.speed import speed  # noqa: E402 - after the line above
from experiments.story import story  # noqa: E402
from keras_vsr.records import read_rows, write_bytes  # noqa: E402
from keras_vsr.reporting.tables import CLIMATE_STUDIES  # noqa: E402

README = ROOT / "README.md"
REPORTS = ROOT / "reports"
STORY = REPORTS / "README.md"
START, END = "<!-- numbers: start -->", "<!-- numbers: end -->"
SPEED_START, SPEED_END = "<!-- speed: start -->", "<!-- speed: end -->"
STORY_START, STORY_END = "<!-- story: start -->", "<!-- story: end -->"

# `srnet3d_processed` is left out: its row is that of `2d_then_3d_processed`, the same networks.
LABELS = {
    "nearest": "nearest neighbour",
    "bilinear": "bilinear",
    "bicubic": "bicubic, antialiased",
    "srcnn": "`srcnn`",
    "fsrcnn_2019": "`fsrcnn_2019`",
    "srnet3d_raw": "`srnet3d` on enlarged frames",
    "2d_then_3d_raw": "`2d_then_3d`, 3D trained on enlarged frames",
    "2d_then_3d_processed": "`2d_then_3d`, 3D trained on frames of `fsrcnn_2019`",
    "3d_then_2d": "`3d_then_2d`",
    "two_in_one": "`two_in_one`",
    "parallel5": "`parallel5`",
    "delta": "`delta`",
}
OTHERS = {
    "phantom": "Shepp-Logan, 32 to 64 pixels",
    "diamond_2021": "turning diamond, blurred and halved",
    "real_video": "Vid4 and foreman",
    "flow4x": "the phantom, four times larger",
    "space_time": "the frame between two others",
}


def main() -> int:
    """Rewrites the parts between the marks."""
    for path, start, end, text in (
        (README, START, END, numbers()),
        (README, SPEED_START, SPEED_END, speed(REPORTS / "tables")),
        (STORY, STORY_START, STORY_END, story(REPORTS / "tables")),
    ):
        before, _, rest = path.read_text(encoding="utf-8").partition(start)
        _, _, after = rest.partition(end)
        write_bytes(path, f"{before}{start}\n{text}\n{end}{after}".encode())
    return 0


def numbers() -> str:
    """The README's tables in Markdown."""
    return "\n".join([*gains(), "", *others(), "", *backends(), "", *times()])


def gains() -> list[str]:
    """PSNR and gain of each network on the unseen run of the climate data, torch."""
    rows = [row for row in _climate_rows("gain") if row["backend"] == "torch"]
    lines = [
        "| PSNR in dB (gain over bicubic) | parameters | trained on | epochs | plain | residual |",
        "|---|---:|---|---:|---:|---:|",
    ]
    seen = set()
    for row in rows:
        if row["model"] not in LABELS or row["model"] in seen:
            continue
        seen.add(row["model"])
        epochs = dict.fromkeys(row[f"{variant}_epochs"] for variant in ("plain", "residual"))
        cells = [
            LABELS[row["model"]],
            f"{int(row['parameters']):,}" if row["parameters"] else "",
            row["trained_on"],
            ", ".join(number for number in epochs if number),
            *(_psnr(row, variant) for variant in ("plain", "residual")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def others() -> list[str]:
    """The best networks of the other studies, torch."""
    rows = [
        row
        for row in read_rows(REPORTS / "tables" / "gain.csv")
        if row["backend"] == "torch" and row["study"] in OTHERS
    ]
    lines = [
        "| other studies, best network (gain over bicubic) | bicubic | plain | residual |",
        "|---|---:|---:|---:|",
    ]
    for study, dataset in dict.fromkeys((row["study"], row["dataset"]) for row in rows):
        mine = [row for row in rows if (row["study"], row["dataset"]) == (study, dataset)]
        cells = [f"`{study}`: {OTHERS[study]}{' (a real clip)' if '_real' in dataset else ''}"]
        cells.append(f"{float(mine[0]['bicubic_psnr_db']):.2f}")
        for variant in ("plain", "residual"):
            scored = [row for row in mine if row["parameters"] and row[f"{variant}_psnr_db"]]
            best = max(scored, key=lambda row: float(row[f"{variant}_psnr_db"]))
            cells.append(f"`{best['model']}` {_psnr(best, variant)}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def backends() -> list[str]:
    """How far the backends part on the climate data, and what is missing."""
    rows = [
        row
        for row in _climate_rows("backend_psnr")
        if row["variant"] != "interpolation" and row["model"] in LABELS
    ]
    compared = [row for row in rows if row["largest_difference_db"]]
    worst = max(compared, key=_apart)
    missing = dict.fromkeys(row["model"] for row in rows if not row["psnr_db_jax"])
    without_jax = (
        f" There are no JAX rows of {', '.join(f'`{name}`' for name in missing)}."
        if missing
        else ""
    )
    return [
        f"Trained from the same weights on the same batches, the backends end apart by "
        f"{statistics.median(map(_apart, compared)):.2f} dB (median of {len(compared)} trained "
        f"networks) and at most by {_apart(worst):.2f} dB "
        f"(`{worst['model']}`, {worst['variant']}): rounding differs, and training enlarges it."
        f"{without_jax}"
    ]


def times() -> list[str]:
    """How long the commands took."""
    rows = read_rows(REPORTS / "measured" / "commands.csv")
    lines = ["| command, in this order in a fresh clone | backend | time |", "|---|---|---:|"]
    for row in rows:
        time = _clock(float(row["seconds"]))
        lines.append(f"| {row['row']}: `{row['command']}` | {row['backend']} | {time} |")
    studies: dict[str, float] = {}
    for row in read_rows(REPORTS / "measured" / "torch_stages.csv"):
        studies[row["study"]] = studies.get(row["study"], 0.0) + float(row["seconds"])
    each = ", ".join(f"`{study}` {_clock(seconds)}" for study, seconds in studies.items())
    lines += [
        "",
        f"Times as minutes:seconds, on {rows[0]['device']}. Training and scoring of each study "
        f"with torch, quick preset: {each}; together {_clock(sum(studies.values()))}.",
    ]
    return lines


def _climate_rows(table: str) -> list[dict[str, str]]:
    rows = read_rows(REPORTS / "tables" / f"{table}.csv")
    return [row for row in rows if row["study"] in CLIMATE_STUDIES]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"


def _apart(row: dict[str, str]) -> float:
    return float(row["largest_difference_db"])


def _psnr(row: dict[str, str], variant: str) -> str:
    psnr, gain = row[f"{variant}_psnr_db"], row[f"{variant}_gain_db"]
    return f"{float(psnr):.2f} ({float(gain):+.2f})" if psnr else ""


if __name__ == "__main__":
    sys.exit(main())
