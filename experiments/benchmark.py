"""Times the networks on every backend, against native PyTorch and plain TensorFlow.

    python experiments/benchmark.py [--models NAME ...] [--backends NAME,NAME] [--preset cpu|gpu]
        [--out DIR] [--repetitions N] [--compare OLD.csv]

Every backend has a worker process of its own in each repetition, and they take turns, so that a
machine whose speed drifts drifts for all. Weights, data, threads and number format are the same for
all. On torch, processes of their own measure whole clips: enlarging them, training with remat, and
feeding. Rows go to DIR/measured/benchmark_<preset>.csv and benchmark_clips_<preset>.csv, the tables
to DIR/tables/backends.csv and benchmark_targets.csv, the figure to DIR/figures; nothing is written
before all has been measured. What is known about targets that are not met stands in
reports/reasons.csv.

Exit status: 0; 1 where a result is not that of the other backends, or where a ratio is more than
10 % above the one in OLD.csv; 2 where something given is not as needed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.benchmarking import preset  # noqa: E402 - after the line above
from experiments.benchmarking.agreement import TOLERANCES, difference  # noqa: E402
from experiments.benchmarking.contenders import CONTENDERS  # noqa: E402
from experiments.progress import Progress  # noqa: E402
from keras_vsr.environment import BACKENDS, package_version  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402
from keras_vsr.records import (  # noqa: E402
    BENCHMARK_CLIP_COLUMNS,
    BENCHMARK_COLUMNS,
    read_rows,
    write_rows,
)
from keras_vsr.reporting.benchmark import (  # noqa: E402
    ROOF,
    became_worse,
    read_table,
    write_backends,
)
from keras_vsr.reporting.figures_benchmark import write_benchmark_figures  # noqa: E402
from keras_vsr.reporting.targets import write_targets  # noqa: E402

OUT = ROOT / "results" / "benchmark"
REPETITIONS = 5
WORKER_SECONDS = 900  # until a process is given up
# Seconds of a worker with all networks, two quiet cores: what time is left is first told from them.
COSTS = {"torch": 14, "tensorflow": 21, "jax": 25, "legacy_tf": 9, "native_torch": 25}
PREPARE_COST = 8
CLIPS = "torch"  # measures clips
CLIP_COSTS = {"time": 13, "memory": 20}
REASONS = ROOT / "reports" / "reasons.csv"

Row = dict[str, str]


def main(arguments: list[str] | None = None) -> int:
    """The program.

    Returns:
        Exit status, as above.
    """
    options = parse(arguments)
    try:
        return run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; nothing was written", file=sys.stderr)
        return 130


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Time the networks on every backend, and make the table and the figure of it."
    )
    option = parser.add_argument
    option("--models", nargs="+", default=[], metavar="NAME", help="networks; default: all five")
    option(
        "--backends",
        default="",
        metavar="NAME,NAME",
        help=f"default: those installed of {','.join(CONTENDERS)}",
    )
    option("--preset", default="cpu", help="sizes: cpu (default) or gpu")
    option("--out", type=Path, default=OUT, metavar="DIR", help="default: results/benchmark")
    option(
        "--repetitions",
        type=int,
        default=REPETITIONS,
        metavar="N",
        help=f"workers for each backend; default {REPETITIONS}",
    )
    option("--compare", type=Path, metavar="OLD.csv", help="an older backends.csv to be held to")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Prepares, measures, writes, compares.

    Raises:
        InputError: something given is not as needed, or a worker failed.
    """
    path = preset.path_of(options.preset)
    chosen = preset.load(path)
    models = choose(options.models or list(chosen.shapes), list(chosen.shapes), "network")
    backends = choose_backends(options.backends, models)
    if options.repetitions < 1:
        raise InputError(f"--repetitions is {options.repetitions}; it must be 1 or more")
    old = read_table(options.compare) if options.compare else []
    check_folder(options.out)

    clips = CLIPS in backends
    turns = in_turn(backends, options.repetitions)
    # Behind the backends of each repetition the clips; their memory is watched once.
    steps: list[tuple[str, str, int]] = []
    for number, (name, turn) in enumerate(turns, start=1):
        steps.append((name, "", turn))
        if clips and number % len(backends) == 0:
            steps.append((CLIPS, "time", turn))
    steps += [(CLIPS, "memory", 1)] if clips else []
    costs = [CLIP_COSTS[part] if part else COSTS[name] for name, part, _ in steps]
    progress = Progress([PREPARE_COST, *costs], rate=1.0)
    with tempfile.TemporaryDirectory(prefix="keras_vsr_benchmark_") as temporary:
        folder = Path(temporary)
        progress.start("first weights and data")
        prepare(folder, path, models)
        progress.finish(f"of {len(models)} networks", timed=False)
        for name, part, turn in steps:
            what = f"clips, {part}" if part else name
            progress.start(f"{what}, repetition {turn} of {options.repetitions}")
            if part:
                measure_clips(folder, path, part, turn, models)
            else:
                measure(folder, path, name, turn, models)
            progress.finish("measured", timed=True)
        rows = with_agreement(folder, turns)
        clip_rows = [
            row for _, part, turn in steps if part for row in rows_of_clips(folder, part, turn)
        ]
    measured = options.out / "measured"
    write_rows(measured / f"benchmark_{chosen.name}.csv", BENCHMARK_COLUMNS, rows)
    write_rows(measured / f"benchmark_clips_{chosen.name}.csv", BENCHMARK_CLIP_COLUMNS, clip_rows)
    table = write_backends(measured, options.out / "tables")
    targets = write_targets(measured, REASONS, options.out / "tables")
    figures = write_benchmark_figures(measured, options.out / "figures")
    print("\n".join(map(str, (table, *targets, *figures))))

    sentences = disagreements(rows)
    if options.compare:
        sentences += became_worse(old, read_table(table))
    print("\n".join(sentences), file=sys.stderr, end="\n" if sentences else "")
    return 1 if sentences else 0


def in_turn(backends: list[str], repetitions: int) -> list[tuple[str, int]]:
    """Each backend once in each repetition; each repetition begins with the next one, so that none
    always comes behind the same other or after the same pause."""
    return [
        (backends[(place + turn - 1) % len(backends)], turn)
        for turn in range(1, repetitions + 1)
        for place in range(len(backends))
    ]


def choose(names: list[str], known: list[str], kind: str) -> list[str]:
    """The names, each once.

    Raises:
        InputError: one is not known.
    """
    for name in names:
        if name not in known:
            raise InputError(f"no {kind} is called {name!r} here; there are {', '.join(known)}")
    return list(dict.fromkeys(names))


def choose_backends(given: str, models: list[str]) -> list[str]:
    """The backends asked for, or all whose library is installed, but for those without any of the
    networks.

    Raises:
        InputError: one is not known, or its library is not installed, or none is left.
    """
    installed = [
        name
        for name, contender in CONTENDERS.items()
        if package_version(*BACKENDS[contender.library])
    ]
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in choose(names, list(CONTENDERS), "backend"):
        if name not in installed:
            library = CONTENDERS[name].library
            raise InputError(
                f"{name} needs {library}, which is not installed: pip install "
                f"'keras_vsr[{library}]'"
            )
    chosen = choose(names, installed, "backend") or installed
    chosen = [name for name in chosen if set(CONTENDERS[name].networks) & set(models)]
    if not chosen:
        raise InputError(
            f"there is no backend for {', '.join(models)}: give other --backends, or install one: "
            "pip install 'keras_vsr[torch]'"
        )
    return chosen


def check_folder(folder: Path) -> None:
    """Fails before anything is measured where the results could not be written.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror}; choose another folder with --out"
        ) from error


def prepare(folder: Path, preset_file: Path, models: list[str]) -> None:
    """Writes first weights and data, with whichever backend is installed: they come from NumPy."""
    library = next(name for name, packages in BACKENDS.items() if package_version(*packages))
    start("benchmark_prepare.py", library, folder, folder, preset_file, *models)


def measure(folder: Path, preset_file: Path, name: str, turn: int, models: list[str]) -> None:
    """Runs one worker."""
    library = CONTENDERS[name].library
    given = (folder, preset_file, name, turn, threads(), *models)
    start("benchmark_worker.py", library, folder, *given)


def measure_clips(folder: Path, preset_file: Path, part: str, turn: int, models: list[str]) -> None:
    """Runs one worker of clips."""
    # What is freed goes back to the system, so that its memory is what is in use.
    settings = {"MALLOC_MMAP_THRESHOLD_": "1000000"} if part == "memory" else {}
    given = (folder, preset_file, part, turn, threads(), *models)
    start("benchmark_clip.py", CLIPS, folder, *given, settings=settings)


def rows_of_clips(folder: Path, part: str, turn: int) -> list[Row]:
    """What a worker of clips measured."""
    return read_rows(folder / f"clips_{part}_{turn}.csv", BENCHMARK_CLIP_COLUMNS)


def start(
    program: str,
    library: str,
    folder: Path,
    *arguments: object,
    settings: dict[str, str] | None = None,
) -> None:
    """Runs a program beside this one to its end, with settings of its own where it has some.

    Raises:
        InputError: it failed.
    """
    log = folder / "log.txt"
    with open(log, "w", encoding="utf-8") as file:
        try:
            done = subprocess.run(
                [sys.executable, str(ROOT / "experiments" / program), *map(str, arguments)],
                env=environment(library, folder) | (settings or {}),
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=WORKER_SECONDS,
                check=False,
            )
            failure = f"ended with status {done.returncode}" if done.returncode else ""
        except subprocess.TimeoutExpired:
            failure = f"took more than {WORKER_SECONDS} s"
    if failure:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it said nothing"
        raise InputError(
            f"{program} on {library} {failure} ({last}); leave that backend out with --backends, "
            "or take fewer --models"
        )


def environment(library: str, folder: Path) -> dict[str, str]:
    """What is set for a worker before its library is loaded, the same for all."""
    # What a user set for JAX, such as fewer optimisations, would count for one backend only.
    settings = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    count = str(threads())
    settings |= {
        "KERAS_BACKEND": library,
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "NPROC": count,  # XLA's threads
        "GOMP_SPINCOUNT": "10000",  # as `keras_vsr.environment` sets it for every program
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Memory is taken as it is needed, so that its peak tells something.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        # The first worker compiles, and says how long that takes; the others read what it made.
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return settings


def threads() -> int:
    """Threads of every worker: OMP_NUM_THREADS where it is set, else the cores there are."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def with_agreement(folder: Path, turns: list[tuple[str, int]]) -> list[Row]:
    """The rows of all workers, each held against the first result of its network and task."""
    rows, firsts = [], {}
    for name, turn in turns:
        stem = folder / f"{name}_{turn}"
        with np.load(stem.with_suffix(".npz"), allow_pickle=False) as file:
            results = dict(file)
        for row in read_rows(stem.with_suffix(".csv"), BENCHMARK_COLUMNS):
            if row["task"] != ROOF:
                result = results[f"{row['model']}/{row['task']}/{row['layout']}"]
                first = firsts.setdefault((row["model"], row["task"]), (result, row))
                apart = difference(result, first[0])
                alike = all(row[column] == first[1][column] for column in ("weights", "data"))
                row["difference"] = f"{apart:.3g}"
                row["agrees"] = "yes" if alike and apart <= TOLERANCES[row["task"]] else "no"
            rows.append(row)
    return rows


def disagreements(rows: list[Row]) -> list[str]:
    """A sentence for each network, task, backend and layout whose result is another."""
    worst: dict[tuple[str, str], float] = {}
    for row in rows:
        if row["agrees"] == "no":
            layout = f", {row['layout']}"
            where = f"{row['model']} {row['task']} on {row['backend']}{layout}", row["task"]
            worst[where] = max(worst.get(where, 0.0), float(row["difference"]))
    return [
        f"{where}: its result is {apart:.2g} of the range away from the first one, more than "
        f"{TOLERANCES[task]:g}, or its weights or data are others."
        for (where, task), apart in worst.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
