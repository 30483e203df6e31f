"""How long a plan will take, from its multiply-adds and from the speed of this machine."""

import time
from dataclasses import dataclass

import numpy as np

from experiments.plan import Task
from experiments.runner import SPLITS_SCORED, Runner
from keras_vsr.evaluation.cost import multiply_adds
from keras_vsr.models import NETWORKS, build
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import RECIPES
from keras_vsr.window import WINDOW

BACKWARD = 2  # a training step costs a forward pass and about two more


@dataclass(frozen=True)
class Cost:
    """What a task will cost.

    Attributes:
        parameters: Of all its networks.
        samples: Training samples in an epoch.
        steps: Batches in an epoch.
        epochs: At most.
        sample_multiply_adds: Of a forward pass of one HR frame of the test clips.
        total_multiply_adds: Of training, validation and scoring.
    """

    parameters: int
    samples: int
    steps: int
    epochs: int
    sample_multiply_adds: int
    total_multiply_adds: int


def cost(runner: Runner, task: Task) -> Cost:
    """The cost of a task, from shapes alone: nothing is trained."""
    splits = runner.data.splits
    scored = sum(pair.frames for split in SPLITS_SCORED for pair in splits[split])
    one_frame = parameters = 0
    for link in runner.chain(task):
        network = NETWORKS[link.job.network]
        pair = splits["test"][0]
        size = pair.high.shape[1:] if network.enlarged else pair.low.shape[1:]
        model = build(link.job.network, **link.job.arguments)
        own = multiply_adds(model, _shape(network.takes, size))
        one_frame += own
        parameters += model.count_params()
    if not task.job.network:
        return Cost(parameters, 0, 0, 0, one_frame, one_frame * scored)
    size = runner.preset.size(task.job.model)
    recipe, epochs = RECIPES[task.job.recipe], runner.epochs(task)
    frames = [pair.frames for pair in splits["train"]]
    lost = 0 if runner.chain(task)[0].job.network in ("srcnn", "fsrcnn_2019") else WINDOW - 1
    samples = sum(n - lost for n in frames)
    used = min(samples, size.samples or samples)
    high = splits["train"][0].high.shape[1:]
    share = size.patches * size.patch**2 / (high[0] * high[1]) if size.patch else 1.0
    each_epoch = own * (
        used * share * (1 + BACKWARD) + 2 * min(runner.preset.scored_frames, samples)
    )
    return Cost(
        parameters,
        samples,
        max(1, used // recipe.batch_size),
        epochs,
        one_frame,
        round(each_epoch * epochs + one_frame * scored),
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


def _shape(takes: str, size: tuple[int, int]) -> tuple[int, ...]:
    """The input for one output frame."""
    return (1, *size, 1) if takes == "frame" else (1, WINDOW, *size, 1)
