"""Prints what a run would do: frames, windows, parameters, multiply-adds, expected time."""

import argparse

from experiments.data_of_studies import sizes_for
from experiments.estimate import Cost, cost, seconds_for_multiply_add
from experiments.measure_space_time import step_cost
from experiments.plan import VARIANTS, Task
from experiments.preset import Preset
from experiments.studies import STUDIES
from experiments.studies.space_time import STEPS
from experiments.triplet_data import triplet_counts


def dry_run(
    options: argparse.Namespace,
    chosen: Preset,
    tasks: list[Task],
    own: list[str],
) -> None:
    """Prints the plan.

    Args:
        options: Of the program.
        chosen: Sizes and epochs.
        tasks: What would be trained and scored.
        own: Studies that are run by programs of their own.
    """
    lines: list[tuple[str, str, str, Cost]] = []
    for name in own:
        print(f"{name}: {STUDIES[name].summary}")
    splits = {}
    for kind in dict.fromkeys(STUDIES[task.study].data for task in tasks):
        splits[kind] = sizes_for(kind, options, chosen)
        print(f"data set {kind}")
        for split, pairs in splits[kind].items():
            height, width = pairs[0].high.shape[1:]
            frames = "+".join(str(pair.frames) for pair in pairs)
            windows = sum(pair.frames - 4 for pair in pairs)
            print(f"{split:10} {frames} frames of {height}x{width}, {windows} windows")
    for task in tasks:
        one = cost(chosen, task, splits[STUDIES[task.study].data])
        lines.append((task.study, task.job.model, task.variant, one))
    if "space_time" in own:
        size = chosen.clip("triplets")
        counts = triplet_counts(size, options)
        print("data set triplets")
        for split, count in counts.items():
            print(f"{split:10} {count} triplets of {size.height}x{size.width}")
        for variant in VARIANTS:
            for step in STEPS:
                lines.append(("space_time", step.name, variant, step_cost(chosen, step, counts)))
    if not lines:
        return
    rate = seconds_for_multiply_add()
    print(f"{1e-9 / rate:.0f} billion multiply-adds a second in a 3D training step here\n")
    print(
        f"{'study':14} {'model':21} {'variant':9} {'parameters':>10} {'trained on':>15} "
        f"{'samples':>7} {'steps':>6} {'epochs':>6} {'GMAC/frame':>10} {'minutes':>8}"
    )
    total = 0.0
    for study, model, variant, one in lines:
        minutes = one.total_multiply_adds * rate / 60
        total += minutes
        print(
            f"{study:14} {model:21} {variant:9} {one.parameters:10,} "
            f"{one.trained_on:>15} {one.samples:7} {one.steps:6} "
            f"{one.epochs:6} {one.frame_multiply_adds / 1e9:10.3f} {minutes:8.1f}"
        )
    print(f"\nabout {total:.0f} minutes in all, without the time to compile")
