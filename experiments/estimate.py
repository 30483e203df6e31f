"""How long a plan will take, from its multiply-adds and from the speed of this machine."""

import time
from dataclasses import dataclass

import numpy as np

from experiments.plan import Task, trained_on
from experiments.preset import Preset
from experiments.runner import SPLITS_SCORED
from keras_vsr.data.clips import Pair
from keras_vsr.evaluation.cost import multiply_adds
from keras_vsr.models import NETWORKS, Network, build
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import RECIPES
from keras_vsr.window import WINDOW

BACKWARD = 2  # a training step costs a forward pass and about two more


@dataclass(frozen=True)
class Cost:
    """What a task will cost.

    Attributes:
        parameters: Of all its networks.
        trained_on: Frames or patches.
        samples: Training frames or windows.
        steps: Batches in an epoch.
        epochs: At most.
        frame_multiply_adds: Of a forward pass for one HR frame of the test clips.
        total_multiply_adds: Of training, validation and scoring.
    """

    parameters: int
    trained_on: str
    samples: int
    steps: int
    epochs: int
    frame_multiply_adds: int
    total_multiply_adds: int


def cost(preset: Preset, task: Task, splits: dict[str, list[Pair]]) -> Cost:
    """The cost of a task, from shapes alone: nothing is trained."""
    test = splits["test"][0]
    networks = [NETWORKS[link.job.network] for link in task.chain]
    models = [build(link.job.network, **link.job.arguments) for link in task.chain]
    each = [
        multiply_adds(model, _shape(network, test))
        for model, network in zip(models, networks, strict=True)
    ]
    scored = sum(pair.frames for split in SPLITS_SCORED for pair in splits[split]) * sum(each)
    parameters = sum(model.count_params() for model in models)
    size = preset.size(task.chain[-1].job.model, task.study)
    height, width = splits["train"][0].high.shape[1:]
    pixels = trained_on(preset, task, height, width)
    if not task.job.network:
        return Cost(parameters, pixels, 0, 0, 0, sum(each), scored)
    recipe = RECIPES[task.job.recipe]
    epochs = size.epochs or recipe.epochs
    lost = 0 if all(network.takes == "frame" for network in networks) else WINDOW - 1
    samples = sum(pair.frames - lost for pair in splits["train"])
    used = min(samples, size.samples or samples)
    share = size.patches * size.patch**2 / (height * width) if size.patch else 1.0
    after_each = preset.scored(task.job.model, task.study) or samples
    training = used * share * (1 + BACKWARD) + 2 * min(after_each, samples)
    return Cost(
        parameters,
        pixels,
        samples,
        max(1, used // recipe.batch_size),
        epochs,
        sum(each),
        round(training * epochs * each[-1]) + scored,
    )


def seconds_for_multiply_add() -> float:
    """Times two training steps of a small 3D network: seconds for one multiply-add."""
    recipe = RECIPES["srnet3d_raw"]
    model = build("srnet3d")
    compile_model(model, recipe)
    shape = (4, WINDOW, 40, 40, 1)
    inputs, targets = np.zeros(shape, np.float32), np.zeros((4, 36, 36, 1), np.float32)
    model.train_on_batch(inputs, targets)
    begun = time.perf_counter()
    for _ in range(2):
        model.train_on_batch(inputs, targets)
    elapsed = (time.perf_counter() - begun) / 2
    return elapsed / (multiply_adds(model, shape) * (1 + BACKWARD))


def _shape(network: Network, pair: Pair) -> tuple[int, ...]:
    """The input for one output frame."""
    size = (pair.high if network.enlarged else pair.low).shape[1:]
    return (1, *size, 1) if network.takes == "frame" else (1, WINDOW, *size, 1)
