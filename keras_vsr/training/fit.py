"""The training loop: one recipe, one row an epoch, stopped and continued at any epoch."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.training.checkpoint import Checkpoint
from keras_vsr.training.feeding import fed
from keras_vsr.training.recipe import Recipe
from keras_vsr.training.samples import Epochs
from keras_vsr.training.validation import Held


def check_paths(model: keras.Model) -> None:
    """Raises ValueError where two trainable variables have one path: Keras on torch clears the
    gradient of only one of them, and the other's adds up from step to step."""
    paths = Counter(variable.path for variable in model.trainable_variables)
    shared = [path for path, count in paths.items() if count > 1]
    if shared:
        raise ValueError(
            f"each variable of {model.name} must have a path of its own, but several have "
            f"{', '.join(shared)}: give the models inside, or their layers, other names"
        )


def compile_model(model: keras.Model, recipe: Recipe) -> None:
    """Gives a model its loss (MSE) and its optimizer.

    Keras 3 ignores Keras 2's `decay`; InverseTimeDecay with one step is the same schedule. Only JAX
    is compiled ahead: torch.compile takes longer than a short training, and XLA's 3D convolutions
    on a CPU are slower than TensorFlow's own.

    Raises:
        ValueError: two variables have one path.
    """
    check_paths(model)
    rate = recipe.learning_rate
    if recipe.decay:
        rate = keras.optimizers.schedules.InverseTimeDecay(
            rate, decay_steps=1, decay_rate=recipe.decay
        )
    model.compile(
        optimizer=keras.optimizers.Adam(rate, epsilon=recipe.epsilon),
        loss="mean_squared_error",
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)


def fit(
    model: keras.Model,
    order: Epochs,
    recipe: Recipe,
    *,
    train: Held,
    validation: Held,
    epochs: int,
    checkpoint: Path,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> Checkpoint:
    """Trains until the last epoch or until the validation MSE has not fallen for `patience` epochs.

    The state is saved after each epoch; called again with the same arguments, the function goes on
    after the last one saved, and on a CPU ends with the same weights, bit for bit.

    Args:
        model: With its first weights, compiled by `compile_model`; at the end it has the weights of
            the best epoch.
        order: The batches of each epoch.
        recipe: Intensity and patience are taken from it.
        train: Training frames that are scored after each epoch.
        validation: Validation frames, likewise; their MSE decides which epoch is the best.
        epochs: Most epochs.
        checkpoint: File of the state.
        on_epoch: Called after each epoch with its row.

    Returns:
        The last state, with one row an epoch in `history`.

    Raises:
        InputError: the data or the loss are not finite numbers, or the checkpoint cannot be read
            or written.
    """
    state = Checkpoint()
    if Path(checkpoint).exists():
        state = Checkpoint.load(checkpoint)
        _restore(model, state)
    while not state.finished and len(state.history) < epochs:
        epoch = len(state.history) + 1
        begun = time.perf_counter()
        loss = _train_epoch(model, order, epoch, recipe.intensity)
        scores = {"train": train.score(model), "validation": validation.score(model)}
        row = {
            "epoch": epoch,
            "learning_rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
            "loss": loss,
            **{f"{part}_{name}": v for part, s in scores.items() for name, v in s.items()},
            "seconds": time.perf_counter() - begun,
        }
        reached = [past["validation_mse"] for past in state.history]
        state.history.append(row)
        state.weights = model.get_weights()
        state.optimizer = [
            np.array(keras.ops.convert_to_numpy(v)) for v in model.optimizer.variables
        ]
        if not reached or row["validation_mse"] < min(reached):
            state.best, state.best_epoch, state.waited = state.weights, epoch, 0
        else:
            state.waited += 1
        state.finished = epoch == epochs or (
            recipe.patience is not None and state.waited >= recipe.patience
        )
        state.save(checkpoint)
        on_epoch(row)
    model.set_weights(state.best)
    return state


def _train_epoch(model: keras.Model, order: Epochs, epoch: int, intensity: float) -> float:
    """One pass over the epoch's batches.

    Returns:
        The mean of the batches' losses.
    """
    model.reset_metrics()
    losses = []
    for inputs, targets in fed(order, epoch, intensity, model.name):
        loss = model.train_on_batch(inputs, targets)
        del inputs, targets  # before the next ones are made
        model.reset_metrics()  # so that the value is this batch's own, and a bad one is named
        losses.append(float(loss))
        if not np.isfinite(losses[-1]):
            raise InputError(
                f"the loss of {model.name} became {losses[-1]} in epoch {epoch}, batch "
                f"{len(losses)}: lower the learning rate"
            )
    return float(np.mean(losses))


def _restore(model: keras.Model, state: Checkpoint) -> None:
    model.set_weights(state.weights)
    for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
