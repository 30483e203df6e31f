"""First weights and data of a benchmark, drawn once so that all its workers have the same.

Run by benchmark.py, with KERAS_BACKEND set:

    python experiments/benchmark_prepare.py FOLDER PRESET.toml MODEL ...

FOLDER/prepared.npz then holds, for each network, `<model>/weights/<layer>/kernel` and `bias` in the
order of its layers, and `<model>/<task>/inputs` and `truth`, data in [0, 1] and channels last.
FOLDER/prepared.json holds its parameters and the multiply-adds of each task.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that the script runs from a checkout as it is

from experiments.benchmarking import preset  # noqa: E402 - after the line above
from keras_vsr.data.degrade import degrade, enlarge  # noqa: E402
from keras_vsr.evaluation.cost import multiply_adds  # noqa: E402
from keras_vsr.models import NETWORKS, Network, build  # noqa: E402
from keras_vsr.records import write_bytes  # noqa: E402
from keras_vsr.weights.initial import convolutions, initialise  # noqa: E402
from keras_vsr.window import WINDOW  # noqa: E402

SEED = 0
COARSENESS = 4  # HR pixels between the random values that frames are drawn through
PASSES = {"predict": 1, "train": 3}  # a gradient costs two passes: to the weights, to the features
SCHEME = "glorot_uniform"  # of `weights.initial`; torch's own lets so small a signal through
# Frames that are all but even would agree whatever the layers before did. So last layers that a
# builder starts at zero get small weights, and that of 5-parallel, whose range limiter divides by
# 100, larger ones.
SMALL = 0.02
LARGER = {"parallel5": ("reconstruct", 30)}


def first_weights(name: str) -> dict[str, np.ndarray]:
    """Kernel and bias of each layer of a network."""
    model = build(name)
    initialise(model, SEED, SCHEME)
    generator = np.random.default_rng(SEED)
    last, factor = LARGER.get(name, ("", 1))
    found = {}
    for path, layer in convolutions(model):
        kernel, bias = layer.get_weights()
        if not kernel.any():
            kernel = generator.normal(0, SMALL, kernel.shape).astype(np.float32)
        if path == last:
            kernel *= factor
        found |= {f"{path}/kernel": kernel, f"{path}/bias": bias}
    return found


def samples(network: Network, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random frames as a network takes them, and their truth.

    Args:
        network: An entry of `NETWORKS`.
        shape: (batch, rows, columns) or (batch, frames, rows, columns) of the input.

    Returns:
        Inputs (*shape, 1) and truth (batch, H, W, 1), float32, data in [0, 1].
    """
    height, width = (size if network.enlarged else 2 * size for size in shape[-2:])
    coarse = [-(-size // COARSENESS) for size in (height, width)]
    values = np.random.default_rng(SEED).random((*shape[:-2], *coarse), np.float32)
    high = enlarge(values, "bicubic", COARSENESS)[..., :height, :width].clip(0, 1)
    low = degrade(high, "bicubic").clip(0, 1)
    given = enlarge(low, "bicubic").clip(0, 1) if network.enlarged else low
    truth = high if network.takes == "frame" else high[:, WINDOW // 2]
    inside = slice(network.border, -network.border or None)
    return given[..., None], np.ascontiguousarray(truth[..., inside, inside, None])


def main(folder: str, preset_file: str, *models: str) -> None:
    """Writes the two files."""
    chosen = preset.load(Path(preset_file))
    arrays, facts = {}, {}
    for name in models:
        first = first_weights(name)
        arrays |= {f"{name}/weights/{path}": value for path, value in first.items()}
        facts[name] = {"parameters": sum(value.size for value in first.values())}
        for task, shape in chosen.shapes[name].items():
            given, truth = samples(NETWORKS[name], shape)
            arrays |= {f"{name}/{task}/inputs": given, f"{name}/{task}/truth": truth}
            facts[name][task] = PASSES[task] * multiply_adds(build(name), given.shape)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(Path(folder) / "prepared.npz", buffer.getvalue())
    write_bytes(Path(folder) / "prepared.json", json.dumps(facts).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
