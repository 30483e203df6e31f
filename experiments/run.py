"""Runs the studies: data, training, scores, tables and figures.

    KERAS_BACKEND=torch python experiments/run.py

Without options it trains the networks of the climate studies at the preset `quick`; other studies
are run when they are named. Stopped at any moment and started again with the same options it goes
on where it was, with the same results.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments import climate_data, errata, preset  # noqa: E402 - after the line above
from experiments.outputs import Outputs  # noqa: E402
from experiments.plan import (  # noqa: E402
    LEFT_OUT_REASON,
    VARIANTS,
    Task,
    choose_studies,
    choose_tasks,
    leave_out,
)
from experiments.studies import STUDIES  # noqa: E402
from experiments.study_data import StudyData, with_published_slip  # noqa: E402
from keras_vsr.environment import choose_backend, device_name, processor_name  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402

CACHE = ROOT / ".cache"
LARGEST_SEED = 2**63 - 1  # data files keep it as an integer of 64 bits
# The authors' own weights, and the images and clips that they are tried on, are not ours to give.
REFERENCE = ROOT.parent / "shared" / "reference"
TESTDATA = ROOT.parent / "shared" / "testdata"
DATASETS = {
    "climate": "shallow-water jet, relative vorticity: generated, or --data H_Field_Nl5.mat or "
    "climate_data.h5",
}


def main(arguments: list[str] | None = None) -> int:
    """The program.

    Returns:
        Exit status: 0, or 2 where something given is not as needed.
    """
    options = parse(arguments)
    try:
        if options.list:
            print(listing(), flush=True)
            return 0
        return run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `head`, for one, stops reading when it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train and score the networks of the studies; make tables and figures."
    )
    option = parser.add_argument
    option("--preset", default="quick", help="sizes: smoke, quick (default) or paper")
    option(
        "--study", nargs="+", default=[], metavar="NAME", help="default: those that train networks"
    )
    option("--models", nargs="+", default=[], metavar="NAME", help="models; default: all")
    option("--seed", type=int, default=0, metavar="N", help="of weights, order and data")
    option("--out", type=Path, metavar="DIR", help="default: results/PRESET")
    option("--data", type=Path, metavar="PATH", help="published climate file to use")
    option(
        "--video",
        type=Path,
        metavar="PATH",
        help="clip for container_2019; with errata, in place of climate data",
    )
    option(
        "--protocol",
        help="as_described (unseen test run; default), or as_run (frames of one run, as published, "
        "and all errata; with --data always this split)",
    )
    option(
        "--errata",
        nargs="+",
        metavar="NAME",
        help="mistakes of the published programs to reproduce: E1 E2 ..., all or none; default: "
        "all with --protocol as_run, else none",
    )
    option("--reference", type=Path, default=REFERENCE, metavar="DIR", help="published weights")
    option("--testdata", type=Path, default=TESTDATA, metavar="DIR", help="Set5 and Vid4")
    option(
        "--mixed-precision",
        action="store_true",
        help="float16 with loss scaling for the networks that were published with it (2021)",
    )
    option("--list", action="store_true", help="what there is, a line each")
    option("--dry-run", action="store_true", help="the plan and its expected time")
    return parser.parse_args(arguments)


def listing() -> str:
    """Studies, models, data sets and presets with a line each."""
    lines = []
    for study in STUDIES.values():
        lines += [f"study    {study.name:22} {study.summary}"]
        lines += [f"  model  {job.model:22} {job.summary}" for job in study.jobs]
    lines += [f"data set {name:22} {summary}" for name, summary in DATASETS.items()]
    lines += [f"preset   {name:22} {preset.load(name).summary}" for name in preset.names()]
    return "\n".join(lines)


def run(options: argparse.Namespace) -> int:
    """Data, networks, tables, figures.

    Raises:
        InputError: something given is not as needed.
    """
    chosen = preset.load(options.preset)
    studies = choose_studies(options.study)
    if options.errata is None:  # with --data the split is as_run, but nobody asked for mistakes
        options.errata = ["all" if options.protocol == "as_run" else "none"]
    switched_on = errata.choose_errata(options.errata)
    # Residual networks were never published: there is no erratum of theirs.
    variants = ("plain",) if switched_on else VARIANTS
    own = [study.name for study in studies if not study.jobs]
    climate = [study for study in studies if study.jobs and study.data == "climate"]
    on_video = [study for study in studies if study.data == "video"]
    tasks = choose_tasks(climate, options.models, variants) if climate else []
    if switched_on and (own or on_video):
        raise InputError(
            f"--errata and --protocol as_run are for the climate studies: leave {studies[-1].name} "
            "out"
        )
    if options.models and own == ["published_weights"] and len(studies) == 1:
        raise InputError("published_weights has no models to choose: leave --models out")
    if on_video and not options.video:
        raise InputError(f"{on_video[0].name} needs a clip: give one with --video")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise InputError(f"--seed is {options.seed}; it must be 0 to {LARGEST_SEED}")
    options.protocol = options.protocol or ("as_run" if options.data else "as_described")
    climate_data.check_protocol(options.protocol)
    if options.data and options.protocol != "as_run":
        raise InputError(
            f"--protocol {options.protocol} needs several runs, but {options.data} is one: "
            "leave the option out"
        )
    backend = choose_backend()
    if options.dry_run:
        dry_run(options, chosen, tasks, backend, own)
        return 0
    folder = options.out or ROOT / "results" / chosen.name
    # Results with mistakes switched on never stand among those without.
    outputs = Outputs(folder / errata.folder(switched_on), backend)
    with outputs.locked():
        if tasks or ("errata" in own and not options.video):
            data = prepare_data(options, chosen)
        if tasks:
            if "E1" in switched_on:
                data = with_published_slip(data)
            stay, left_out = leave_out(tasks, options.models, backend, on_processor(backend))
            from experiments.measure import measure  # loads the backend

            measure(
                stay,
                left_out,
                data,
                chosen,
                options.seed,
                outputs,
                mixed=options.mixed_precision,
                switched_on=switched_on,
            )
        for study in on_video:
            from experiments.clip_data import TABLE_4, prepare_clip
            from experiments.measure import measure

            clip, mine = prepare_clip(options.video, TABLE_4), choose_tasks([study], [])
            measure(mine, [], clip, chosen, options.seed, outputs, kinds=f"{study.name}_")
        if "errata" in own:
            from experiments.clip_data import FOR_ERRATA, prepare_clip
            from experiments.measure_errata import measure_errata

            if options.video:
                data = prepare_clip(options.video, FOR_ERRATA)
            measure_errata(
                data, chosen, options.seed, outputs, options.models, options.reference, CACHE
            )
        if "published_weights" in own:
            from experiments.measure_published import measure_published

            measure_published(
                chosen, options.seed, outputs, options.reference, options.testdata, CACHE
            )
        with outputs.drawing():
            from experiments.report import report  # loads Matplotlib

            report(outputs, options.reference)
    described = Outputs(folder, backend)
    if switched_on and described.has_scores():
        with described.drawing():  # where they are set side by side
            report(described, options.reference)
    return 0


def on_processor(backend: str) -> bool:
    """Whether the backend computes on a processor; loads it."""
    return device_name(backend) == processor_name()


def prepare_data(options: argparse.Namespace, chosen: preset.Preset) -> StudyData:
    """The data of the run, with a line for each file that is made."""

    def progress(name: str, done: int, total: int) -> None:
        if done == total or sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\rclimate data, {name}: {done} of {total} frames", end=end, file=sys.stderr)

    return climate_data.prepare(
        chosen,
        protocol=options.protocol,
        seed=options.seed,
        published=options.data,
        cache=CACHE / "climate",
        progress=progress,
    )


def dry_run(
    options: argparse.Namespace,
    chosen: preset.Preset,
    tasks: list[Task],
    backend: str,
    own: list[str],
) -> None:
    """Prints the plan: frames, windows, parameters, multiply-adds, expected time."""
    for name in own:
        print(f"{name}: {STUDIES[name].summary}")
    if not tasks:
        return
    splits = climate_data.sizes(
        chosen, protocol=options.protocol, seed=options.seed, published=options.data
    )
    from experiments.estimate import cost, seconds_for_multiply_add  # loads the backend

    for split, pairs in splits.items():
        height, width = pairs[0].high.shape[1:]
        frames = "+".join(str(pair.frames) for pair in pairs)
        windows = sum(pair.frames - 4 for pair in pairs)
        print(f"{split:10} {frames} frames of {height}x{width}, {windows} windows")
    tasks, left_out = leave_out(tasks, options.models, backend, on_processor(backend))
    rate = seconds_for_multiply_add()
    print(f"{1e-9 / rate:.0f} billion multiply-adds a second in a 3D training step here\n")
    print(
        f"{'study':13} {'model':21} {'variant':9} {'parameters':>10} {'trained on':>15} "
        f"{'samples':>7} {'steps':>6} {'epochs':>6} {'GMAC/frame':>10} {'minutes':>8}"
    )
    total = 0.0
    for task in tasks:
        one = cost(chosen, task, splits)
        minutes = one.total_multiply_adds * rate / 60
        total += minutes
        print(
            f"{task.study:13} {task.job.model:21} {task.variant:9} {one.parameters:10,} "
            f"{one.trained_on:>15} {one.samples:7} {one.steps:6} "
            f"{one.epochs:6} {one.frame_multiply_adds / 1e9:10.3f} {minutes:8.1f}"
        )
    for task in left_out:
        print(f"{task.study:13} {task.job.model:21} {task.variant:9} {LEFT_OUT_REASON}")
    print(f"\nabout {total:.0f} minutes in all, without the time that {backend} compiles")


if __name__ == "__main__":
    sys.exit(main())
