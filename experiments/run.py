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
from experiments.data_of_studies import DATASETS, data_for, lacking  # noqa: E402
from experiments.outputs import Outputs  # noqa: E402
from experiments.plan import VARIANTS, choose_studies, choose_tasks  # noqa: E402
from experiments.studies import STUDIES, Study  # noqa: E402
from experiments.study_data import with_published_slip  # noqa: E402
from keras_vsr.environment import choose_backend  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402

CACHE = ROOT / ".cache"
ON_VIDEO = ("diamond", "clips", "table4")  # data of studies that take a user's video
LARGEST_SEED = 2**63 - 1  # data files keep it as an integer of 64 bits
# The authors' own weights, and the images and clips that they are tried on, are not ours to give.
REFERENCE = ROOT.parent / "shared" / "reference"
TESTDATA = ROOT.parent / "shared" / "testdata"


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
        "--study",
        nargs="+",
        default=[],
        metavar="NAME",
        help="studies, or all; default: those on climate data",
    )
    option("--models", nargs="+", default=[], metavar="NAME", help="models; default: all")
    option("--seed", type=int, default=0, metavar="N", help="of weights, order and data")
    option("--out", type=Path, metavar="DIR", help="default: results/PRESET")
    option(
        "--data",
        type=Path,
        metavar="PATH",
        help="published climate file to use; with studies on video the same as --video",
    )
    option("--vimeo90k", type=Path, metavar="DIR", help="its folder, for space_time")
    option("--ucf101", type=Path, metavar="DIR", help="its triplets, for space_time")
    option(
        "--video",
        type=Path,
        metavar="PATH",
        help="clip in place of the test data's and of a generated diamond; with errata, in place "
        "of climate data",
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
    option("--testdata", type=Path, default=TESTDATA, metavar="DIR", help="Set5, Vid4 and clips")
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
    check_paths(studies, options)
    studies = with_data(studies, options)
    if options.errata is None:  # with --data the split is as_run, but nobody asked for mistakes
        options.errata = ["all" if options.protocol == "as_run" else "none"]
    switched_on = errata.choose_errata(options.errata)
    # Residual networks were never published: there is no erratum of theirs.
    variants = ("plain",) if switched_on else VARIANTS
    own = [study.name for study in studies if not study.jobs]
    trained = [study for study in studies if study.jobs]
    tasks = choose_tasks(trained, options.models, variants) if trained else []
    elsewhere = [study.name for study in studies if not study.jobs or study.data != "climate"]
    if switched_on and elsewhere:
        raise InputError(
            f"--errata and --protocol as_run are for the climate studies, not {elsewhere[0]}: add "
            "--study climate_2019 climate_2021"
        )
    whole = [name for name in own if name != "errata"]
    if options.models and whole:
        raise InputError(
            f"{' and '.join(whole)} cannot be run in part: leave --models out, or name other "
            "studies with --study"
        )
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
        from experiments.dry_run import dry_run  # loads the backend

        dry_run(options, chosen, tasks, own)
        return 0
    folder = options.out or ROOT / "results" / chosen.name
    # Results with mistakes switched on never stand among those without.
    outputs = Outputs(folder / errata.folder(switched_on), backend)
    with outputs.locked():
        for kind in dict.fromkeys(study.data for study in trained):
            mine = {study.name for study in trained if study.data == kind}
            data = data_for(kind, options, chosen, CACHE)
            if "E1" in switched_on:
                data = with_published_slip(data)
            from experiments.measure import measure  # loads the backend

            measure(
                [task for task in tasks if task.study in mine],
                data,
                chosen,
                options.seed,
                outputs,
                mixed=options.mixed_precision,
                switched_on=switched_on,
            )
        if "flow" in own:
            from experiments.measure_flow import measure_flow

            measure_flow(chosen, options.seed, outputs)
        if "space_time" in own:
            from experiments.measure_space_time import measure_space_time

            measure_space_time(chosen, options, outputs)
        if "errata" in own:
            from experiments.clip_data import FOR_ERRATA, prepare_clip
            from experiments.measure_errata import measure_errata

            if options.video:
                data = prepare_clip(options.video, FOR_ERRATA)
            else:
                data = data_for("climate", options, chosen, CACHE)
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


def check_paths(studies: list[Study], options: argparse.Namespace) -> None:
    """Sees that what was given is there and used; `--data` of studies on video alone
    becomes `--video`.

    Raises:
        InputError: something is missing, or would be ignored.
    """
    names = {study.name for study in studies}
    on_video = {study.name for study in studies if study.jobs and study.data in ON_VIDEO}
    on_video |= names & {"space_time", "errata"}
    climate = {study.name for study in studies if study.jobs and study.data == "climate"}
    if options.data and not options.video and on_video and not climate:
        options.data, options.video = None, options.data
    users = {
        "data": climate | (names & {"errata"}),
        "video": on_video,
        "vimeo90k": names & {"space_time"},
        "ucf101": names & {"space_time"},
    }
    for name, used_by in users.items():
        path = getattr(options, name)
        if path and not os.path.exists(path):  # no error for a name that is too long
            raise InputError(f"--{name}: there is no {path}; check the path")
        if path and not used_by:
            raise InputError(
                f"--{name} is of no use to {', '.join(sorted(names))}: leave it out, or name a "
                "study that takes it with --study"
            )


def with_data(studies: list[Study], options: argparse.Namespace) -> list[Study]:
    """The studies that there is data for; those of "all" that lack it are left out with a word.

    Raises:
        InputError: a study that was named lacks it.
    """
    reasons = {study.name: lacking(study.data, options) for study in studies}
    for name, reason in reasons.items():
        if reason and name in options.study:
            raise InputError(f"{name} has no data: {reason}")
        if reason:
            print(f"{name}: left out, {reason}", file=sys.stderr)
    return [study for study in studies if not reasons[study.name]]


if __name__ == "__main__":
    sys.exit(main())
