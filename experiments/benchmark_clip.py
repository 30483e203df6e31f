"""What a benchmark measures of clips: enlarging, recomputing, feeding; on torch.

Run by benchmark.py, with KERAS_BACKEND and the number of threads set:

    python experiments/benchmark_clip.py FOLDER PRESET.toml PART REPETITION THREADS MODEL ...

PART is "time" or "memory": processes of their own, since memory can only be watched where what is
freed goes back to the system, which takes time. FOLDER/clips_<part>_<repetition>.csv then holds a
row for each quantity.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.benchmarking import keras_clips, library_torch  # noqa: E402 - after the line above
from experiments.benchmarking.preset import Preset, load  # noqa: E402
from keras_vsr.environment import choose_backend, context  # noqa: E402
from keras_vsr.records import BENCHMARK_CLIP_COLUMNS, write_rows  # noqa: E402

BACKEND = "torch"


def times(chosen: Preset, models: set[str]) -> Iterator[dict[str, object]]:
    """A row's own columns, for each quantity of the networks asked for."""
    for name in enlarged(models):
        yield from _rows(name, "enlarge", chosen.clip, keras_clips.enlarging(name, chosen))
    if keras_clips.REMAT in models:
        shape = chosen.shapes[keras_clips.REMAT]["train"]
        yield from _rows(keras_clips.REMAT, "remat", shape, keras_clips.recomputing_time(chosen))
    for name in keras_clips.FED:
        if name in models:
            shape = chosen.shapes[name]["train"]
            yield from _rows(name, "feed", shape, keras_clips.feeding(name, chosen))


def memory(chosen: Preset, models: set[str]) -> Iterator[dict[str, object]]:
    """The same of what is watched once."""
    for name in enlarged(models):
        growth = keras_clips.memory_growth(name, chosen)
        yield from _rows(name, "enlarge", chosen.long_clip, growth)
    if keras_clips.REMAT in models:
        shape = chosen.shapes[keras_clips.REMAT]["train"]
        yield from _rows(keras_clips.REMAT, "remat", shape, keras_clips.recomputing_memory(chosen))


def enlarged(models: set[str]) -> list[str]:
    """Networks that are enlarged with, where those that they are made of are asked for."""
    return [name for name, made_of in keras_clips.ENLARGED.items() if models.issuperset(made_of)]


PARTS = {"time": times, "memory": memory}


def _rows(model: str, task: str, shape: tuple[int, ...], quantities) -> Iterator[dict[str, object]]:
    for quantity, value, unit in quantities:
        yield {
            "model": model,
            "task": task,
            "quantity": quantity,
            "shape": "x".join(map(str, shape)),
            "value": float(value),
            "unit": unit,
        }


def main(
    folder: str, preset_file: str, part: str, repetition: str, threads: str, *models: str
) -> None:
    """Writes the file."""
    chosen = load(Path(preset_file))
    choose_backend()  # with what it sets for every program of this project
    library_torch.configure(int(threads))
    shared = context(
        preset=chosen.name, seed=keras_clips.SEED, precision="float32", backend=BACKEND
    )
    shared |= {"repetition": int(repetition), "threads": int(threads)}
    rows = [row | shared for row in PARTS[part](chosen, set(models))]
    for row in rows:
        key = ("model", "task", "quantity", "backend", "repetition")
        row["row"] = "/".join(str(row[column]) for column in key)
    write_rows(Path(folder) / f"clips_{part}_{repetition}.csv", BENCHMARK_CLIP_COLUMNS, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
