"""One repetition of a benchmark on one backend, in a process of its own.

Run by benchmark.py, with KERAS_BACKEND and the number of threads set:

    python experiments/benchmark_worker.py FOLDER PRESET.toml BACKEND REPETITION THREADS MODEL ...

FOLDER holds what benchmark_prepare.py wrote. FOLDER/<backend>_<repetition>.csv then holds a row for
each part of the roof and for each network, task and layout; FOLDER/<backend>_<repetition>.npz what
came out, by the row's key: the output in [0, 1], or the losses of the first two steps.
"""

import gc
import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.benchmarking.agreement import digest  # noqa: E402 - after the line above
from experiments.benchmarking.contenders import CONTENDERS  # noqa: E402
from experiments.benchmarking.preset import RECIPE_NAMES, TASKS, Preset, load  # noqa: E402
from experiments.benchmarking.timing import Timing, time_calls  # noqa: E402
from keras_vsr.environment import choose_backend, context  # noqa: E402
from keras_vsr.records import BENCHMARK_COLUMNS, write_bytes, write_rows  # noqa: E402
from keras_vsr.training.recipe import RECIPES  # noqa: E402

SEED = 0
CHANNELS, TAPS = 64, 3  # of the roof's convolution

Row = dict[str, object]
Arrays = dict[str, np.ndarray]


def roof_rows(library: ModuleType, chosen: Preset) -> Iterator[Row]:
    """What the library reaches at most on this machine: products, convolutions, copies."""
    generator = np.random.default_rng(SEED)
    measure = partial(time_calls, wait=library.wait, calls=chosen.calls, seconds=chosen.seconds)

    size = chosen.sgemm
    factor = generator.random((size, size), np.float32)
    timing = measure(library.sgemm(factor))
    yield _roof_row("sgemm", "", factor.shape) | _counted(timing, size**3)

    images = generator.random((*chosen.convolution, CHANNELS), np.float32)
    kernel = generator.random((TAPS, TAPS, CHANNELS, CHANNELS), np.float32)
    needed = images.size * TAPS * TAPS * CHANNELS
    for layout, call in library.convolutions(images, kernel):
        yield _roof_row("convolution", layout, images.shape) | _counted(measure(call), needed)

    array = np.ones(round(chosen.copy_megabytes * 1e6) // 4, np.float32)
    timing = measure(library.copy(array))
    moved = 2 * array.nbytes  # read and written
    rate = moved / timing.median_ms / 1e6
    yield _roof_row("copy", "", array.shape) | _timed(timing) | {"gb_per_s": rate}


def network_rows(
    backend: str, name: str, prepared: Arrays, facts: dict, chosen: Preset
) -> Iterator[tuple[Row, np.ndarray]]:
    """A network in each layout and task, each row with what came out."""
    contender = CONTENDERS[backend]
    library = contender.library_module()
    recipe = RECIPES[RECIPE_NAMES[name]]
    first = _weights_of(name, prepared)
    for layout in contender.network_module().LAYOUTS:
        network = contender.network_class()(name, layout, first)
        weights = digest(network.weights())
        for task in TASKS:
            given, truth = (prepared[f"{name}/{task}/{part}"] for part in ("inputs", "truth"))
            results = []
            if task == "train":
                scaled = [np.float32(recipe.intensity) * array for array in (given, truth)]
                call = partial(_keep, results, network.train_step, *scaled)
            else:
                call = partial(_keep, results, network.predict, given)
            gc.collect()
            library.reset_peak()
            seconds = chosen.seconds_for(name, task)
            timing = time_calls(call, library.wait, chosen.calls, seconds)
            peak = library.peak_bytes()
            if task == "train":
                result = np.array(results[:2]) / recipe.intensity**2
                mse = result[1]
            else:
                result = results[0]
                mse = np.mean((result.astype(np.float64) - truth) ** 2)
            yield (
                _counted(timing, facts[task])
                | {
                    "model": name,
                    "task": task,
                    "layout": layout,
                    "shape": _shape(given.shape),
                    "parameters": facts["parameters"],
                    "peak_mb": peak / 1e6,
                    "psnr_db": float(-10 * np.log10(mse)),
                    "weights": weights,
                    "data": digest([given, truth]),
                },
                result,
            )
        del network


def main(
    folder: str, preset_file: str, backend: str, repetition: str, threads: str, *models: str
) -> None:
    """Writes the two files."""
    chosen = load(Path(preset_file))
    contender = CONTENDERS[backend]
    if contender.way == "keras":
        choose_backend()  # with what it sets for every program of this project
    library = contender.library_module()
    library.configure(int(threads))
    with np.load(Path(folder) / "prepared.npz", allow_pickle=False) as file:
        prepared = dict(file)
    facts = json.loads((Path(folder) / "prepared.json").read_text())
    shared = context(preset=chosen.name, seed=SEED, precision="float32", backend=contender.library)
    shared |= {"backend": backend, "repetition": int(repetition), "threads": int(threads)}
    if contender.way != "keras":
        shared["keras_version"] = ""
    rows, results = [], {}
    for name in models:
        if name in contender.networks:
            for row, result in network_rows(backend, name, prepared, facts[name], chosen):
                rows.append(row)
                results[f"{name}/{row['task']}/{row['layout']}"] = result
    rows += roof_rows(library, chosen)  # last: its memory is not to be counted for a network
    empty = dict.fromkeys(BENCHMARK_COLUMNS, "")
    rows = [empty | row | shared | {"tf32": library.tf32()} for row in rows]
    for row in rows:
        parts = ("model", "task", "backend", "layout", "repetition")
        row["row"] = "/".join(str(row[part]) for part in parts)
    buffer = io.BytesIO()
    np.savez(buffer, **results)
    stem = Path(folder) / f"{backend}_{repetition}"
    write_bytes(stem.with_suffix(".npz"), buffer.getvalue())
    write_rows(stem.with_suffix(".csv"), BENCHMARK_COLUMNS, rows)


def _weights_of(name: str, prepared: Arrays) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer, in the order of the layers."""
    before, kernel = f"{name}/weights/", "/kernel"
    layers = [
        key.removeprefix(before).removesuffix(kernel)
        for key in prepared
        if key.startswith(before) and key.endswith(kernel)
    ]
    return {
        layer: (prepared[f"{before}{layer}/kernel"], prepared[f"{before}{layer}/bias"])
        for layer in layers
    }


def _keep(results: list, call, *arguments) -> None:
    """Calls, and keeps the first two results."""
    result = call(*arguments)
    if len(results) < 2:
        results.append(result)


def _timed(timing: Timing) -> Row:
    return {
        "first_call_ms": timing.first_ms,
        "warm_up_calls": timing.warm_up_calls,
        "calls": timing.calls,
        "median_ms": timing.median_ms,
    }


def _counted(timing: Timing, multiply_adds: int) -> Row:
    rate = multiply_adds / timing.median_ms / 1e6
    return _timed(timing) | {"multiply_adds": multiply_adds, "gmac_per_s": rate}


def _roof_row(part: str, layout: str, shape: tuple[int, ...]) -> Row:
    return {"model": part, "task": "roof", "layout": layout, "shape": _shape(shape)}


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


if __name__ == "__main__":
    main(*sys.argv[1:])
