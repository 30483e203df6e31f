"""Writes the README's numbers from the committed CSV files, between its two marks.

python experiments/readme_numbers.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from keras_vsr.records import read_rows, write_bytes  # noqa: E402 - after the line above

README = ROOT / "README.md"
REPORTS = ROOT / "reports"
START, END = "<!-- numbers: start -->", "<!-- numbers: end -->"

LABELS = {
    "nearest": "nearest neighbour",
    "bilinear": "bilinear",
    "bicubic": "bicubic, antialiased",
    "srcnn": "`srcnn`",
    "fsrcnn_2019": "`fsrcnn_2019`",
    "srnet3d_raw": "`srnet3d` on enlarged frames",
    "srnet3d_processed": "`srnet3d` on frames of `fsrcnn_2019`",
    "2d_then_3d_raw": "`2d_then_3d`, 3D trained on enlarged frames",
    "3d_then_2d": "`3d_then_2d`",
    "two_in_one": "`two_in_one`",
    "parallel5": "`parallel5`",
    "delta": "`delta`",
}


def main() -> int:
    """Rewrites the part of the README between the marks."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    write_bytes(README, f"{before}{START}\n{numbers()}\n{END}{after}".encode())
    return 0


def numbers() -> str:
    """The README's tables in Markdown."""
    return "\n".join([*gains(), "", *backends(), "", *times()])


def gains() -> list[str]:
    """PSNR and gain of each network on the unseen run, torch."""
    rows = [row for row in read_rows(REPORTS / "tables" / "gain.csv") if row["backend"] == "torch"]
    lines = [
        "| PSNR in dB (gain over bicubic) | parameters | trained on | plain | residual |",
        "|---|---:|---|---:|---:|",
    ]
    seen = set()
    for row in rows:
        if row["model"] not in LABELS or row["model"] in seen:
            continue
        seen.add(row["model"])
        cells = [
            LABELS[row["model"]],
            f"{int(row['parameters']):,}" if row["parameters"] else "",
            row["trained_on"],
            *(_psnr(row, variant) for variant in ("plain", "residual")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def backends() -> list[str]:
    """The largest difference between backends, and what is missing."""
    rows = read_rows(REPORTS / "tables" / "backends.csv")
    compared = [row for row in rows if row["largest_difference_db"]]
    three = [
        float(row["largest_difference_db"])
        for row in compared
        if row["psnr_db_torch"] and row["psnr_db_tensorflow"] and row["psnr_db_jax"]
    ]
    missing = sorted({row["model"] for row in rows if not row["psnr_db_jax"]})
    left_out = f" JAX leaves out {', '.join(f'`{name}`' for name in missing)}." if missing else ""
    return [
        f"The three backends, trained from the same weights on the same batches, end within "
        f"{max(three):.2f} dB of each other on {len(three)} networks and interpolations "
        f"(median {sorted(three)[len(three) // 2]:.3f} dB).{left_out}"
    ]


def times() -> list[str]:
    """How long the commands took."""
    rows = read_rows(REPORTS / "measured" / "commands.csv")
    lines = ["| command, first time in a fresh clone | backend | time |", "|---|---|---:|"]
    for row in rows:
        minutes, seconds = divmod(round(float(row["seconds"])), 60)
        lines.append(
            f"| {row['row']}: `{row['command']}` | {row['backend']} | {minutes}:{seconds:02d} |"
        )
    lines += ["", f"Times in minutes, on {rows[0]['device']}."]
    return lines


def _psnr(row: dict[str, str], variant: str) -> str:
    psnr, gain = row[f"{variant}_psnr_db"], row[f"{variant}_gain_db"]
    return f"{float(psnr):.2f} ({float(gain):+.2f})" if psnr else ""


if __name__ == "__main__":
    sys.exit(main())
