"""What the benchmark says to someone who chooses a backend, as README.md has it."""

from pathlib import Path

from keras_vsr.records import read_rows
from keras_vsr.reporting.figures_benchmark import LABELS

TASKS = {"predict": "a forward pass", "train": "a training step"}


def speed(tables: Path) -> str:
    """Three sentences and a table, in Markdown.

    Args:
        tables: Folder of `backends.csv` and `benchmark_targets.csv`.
    """
    rows = [row for row in read_rows(tables / "backends.csv") if row["median_ms"]]
    targets = [row for row in read_rows(tables / "benchmark_targets.csv") if row["met"]]
    device = rows[0]["device"]
    rows = [row for row in rows if row["device"] == device]
    return "\n".join([*_sentences(rows, device), "", *_table(rows), "", _targets(targets)])


def _sentences(rows: list[dict[str, str]], device: str) -> list[str]:
    times = {(row["model"], row["task"], row["backend"]): float(row["median_ms"]) for row in rows}

    def ratios(task, one, other):
        """The least and the most of one backend's times over another's."""
        found = [
            time / times[model, task, other]
            for (model, of, backend), time in times.items()
            if (of, backend) == (task, one) and (model, task, other) in times
        ]
        return f"{min(found):.2g} to {max(found):.2g} times"

    return [
        f"On {device}, moving from TensorFlow to PyTorch under Keras takes "
        f"{ratios('predict', 'torch', 'tensorflow')} the time of a forward pass and "
        f"{ratios('train', 'torch', 'tensorflow')} that of a training step, depending on the "
        "network, with the same code, weights and results.",
        "Against the same networks written by hand in PyTorch, in the faster of its two memory "
        f"layouts, Keras on PyTorch takes {ratios('predict', 'torch', 'native_torch')} the time of "
        f"a forward pass and {ratios('train', 'torch', 'native_torch')} that of a step: a "
        "network moved by hand and run on one window at a time falls off PyTorch's fast "
        "convolutions, this one does not.",
        f"JAX on a processor takes {ratios('predict', 'jax', 'tensorflow')} and "
        f"{ratios('train', 'jax', 'tensorflow')} the time of TensorFlow.",
    ]


def _table(rows: list[dict[str, str]]) -> list[str]:
    cells = {(row["model"], row["task"], row["backend"]): row for row in rows}
    lines = [
        f"| median ms (share of the convolution roof) | {' | '.join(LABELS.values())} |",
        f"|---|{'---:|' * len(LABELS)}",
    ]
    for model, task in dict.fromkeys((row["model"], row["task"]) for row in rows):
        line = [f"`{model}`, {TASKS[task]}"]
        for backend in LABELS:
            row = cells.get((model, task, backend))
            time = f"{float(row['median_ms']):.3g}" if row else ""
            share = f" ({float(row['share_of_roof']):.0%})" if row and row["share_of_roof"] else ""
            line.append(time + share)
        lines.append(f"| {' | '.join(line)} |")
    return lines


def _targets(targets: list[dict[str, str]]) -> str:
    met = sum(row["met"] == "yes" for row in targets)
    return (
        f"{met} of {len(targets)} targets are met; "
        "[`benchmark_targets.csv`](reports/tables/benchmark_targets.csv) has each, and why where "
        "one is not."
    )
