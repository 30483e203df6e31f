"""The training of 2019: MSE, Adam with Keras 2's decay, early stopping, the best epoch kept."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from keras_vsr.errors import InputError
from legacy_tf.errata import Errata
from legacy_tf.networks import Network

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7

Samples = tuple[np.ndarray, np.ndarray]  # inputs and targets


class Adam:
    """Adam as Keras 2.2.4 computes it.

    Before step t (from 1) the rate is lr_t = lr / (1 + decay (t - 1)); then
    w <- w - lr_t sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon).

    Args:
        variables: What is trained.
        learning_rate: Rate of the first step.
        decay: See above.

    Reference:
        Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, the last form of
        section 2; `keras/optimizers.py` of Keras 2.2.4.
    """

    def __init__(
        self, variables: Sequence[tf.Variable], *, learning_rate: float, decay: float = 0.0
    ):
        self.variables = list(variables)
        self.learning_rate, self.decay = learning_rate, decay
        self.steps = tf.Variable(0, dtype=tf.int64)  # done so far
        self.means = [tf.Variable(tf.zeros_like(variable)) for variable in self.variables]
        self.squares = [tf.Variable(tf.zeros_like(variable)) for variable in self.variables]

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """One step, given the gradient of each variable."""
        done = tf.cast(self.steps, tf.float32)
        step = done + 1
        rate = self.learning_rate / (1 + self.decay * done)
        rate *= tf.sqrt(1 - tf.pow(BETA_2, step)) / (1 - tf.pow(BETA_1, step))
        for variable, gradient, mean, square in zip(
            self.variables, gradients, self.means, self.squares, strict=True
        ):
            mean.assign(BETA_1 * mean + (1 - BETA_1) * gradient)
            square.assign(BETA_2 * square + (1 - BETA_2) * tf.square(gradient))
            variable.assign_sub(rate * mean / (tf.sqrt(square) + EPSILON))
        self.steps.assign_add(1)


class Trainer:
    """A network and its optimizer.

    Args:
        network: With its first weights.
        learning_rate: Of Adam.
        decay: Of Adam.
        frozen: Weights, from the first on, that are left as they are.
    """

    def __init__(
        self, network: Network, *, learning_rate: float, decay: float = 0.0, frozen: int = 0
    ):
        self.network = network
        self.optimizer = Adam(network.variables[frozen:], learning_rate=learning_rate, decay=decay)
        # Reduced retracing: the last batch is smaller than the others.
        self._step = tf.function(self._update, reduce_retracing=True)

    def step(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """One step on one batch; returns the MSE before it."""
        batch = (tf.constant(array, tf.float32) for array in (inputs, targets))
        return float(self._step(*batch))

    def _update(self, inputs, targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.network(inputs) - targets))
        self.optimizer.apply(tape.gradient(loss, self.optimizer.variables))
        return loss


def shuffled(count: int, seed: int) -> Callable[[int], np.ndarray]:
    """The order of samples in each epoch (from 1): a function of seed and epoch alone."""
    return lambda epoch: np.random.default_rng([seed, epoch]).permutation(count)


def start_srcnn(
    network: Network,
    *,
    same_scale: Sequence[np.ndarray],
    scale_3: Sequence[np.ndarray],
    errata: Errata,
) -> int:
    """Gives SRCNN the original authors' weights before it is fine-tuned.

    Args:
        network: SRCNN 9-1-5 for scale 2.
        same_scale: Their weights for scale 2, in the order of `Network.get_weights`.
        scale_3: Their weights for scale 3.
        errata: With E16 the network starts from scale 3, and its first layer is frozen.

    Returns:
        Weights that stay as they are: `frozen` of `Trainer`.
    """
    network.set_weights(scale_3 if errata.e16 else same_scale)
    return len(network.layers[0].variables) if errata.e16 else 0


def fit(
    trainer: Trainer,
    train: Samples,
    validation: Samples,
    *,
    batch_size: int,
    epochs: int,
    patience: int | None,
    order: Callable[[int], np.ndarray],
) -> list[dict[str, float]]:
    """Trains until the last epoch, or until the validation MSE has not fallen for `patience` ones.

    At the end the network has the weights of the best epoch. As in Keras 2, the last batch of an
    epoch holds what is left.

    Args:
        trainer: Whose network is trained.
        train: Inputs and targets.
        validation: Inputs and targets.
        batch_size: Samples in a batch.
        epochs: Most epochs.
        patience: None never stops early.
        order: Gives the indices of the training samples in each epoch (from 1), one after the
            other; see `shuffled`.

    Returns:
        One row an epoch: "epoch", "loss" (mean over the samples, each before its step) and
        "validation_mse".

    Raises:
        InputError: the data or the loss are not finite numbers.
    """
    network = trainer.network
    for part, samples in (("training", train), ("validation", validation)):
        if not all(np.isfinite(array).all() for array in samples):
            raise InputError(
                f"the {part} data of {network.name} hold a value that is not a finite number: "
                "look for NaN in the clips"
            )
    rows, best = [], network.get_weights()
    for epoch in range(1, epochs + 1):
        indices = order(epoch)
        total = 0.0
        for start in range(0, len(indices), batch_size):
            chosen = indices[start : start + batch_size]
            loss = trainer.step(train[0][chosen], train[1][chosen])
            if not np.isfinite(loss):
                raise InputError(
                    f"the loss of {network.name} became {loss} in epoch {epoch}: lower the "
                    "learning rate"
                )
            total += loss * len(chosen)
        error = network.predict(validation[0], batch_size) - validation[1]
        row = {
            "epoch": epoch,
            "loss": total / len(indices),
            "validation_mse": float(np.mean(error.astype(np.float64) ** 2)),
        }
        if not np.isfinite(row["validation_mse"]):
            raise InputError(
                f"the validation MSE of {network.name} became {row['validation_mse']} in epoch "
                f"{epoch}: lower the learning rate"
            )
        reached = [past["validation_mse"] for past in rows]
        rows.append(row)
        if not reached or row["validation_mse"] < min(reached):
            best = network.get_weights()
        if patience is not None and epoch - _best_epoch(rows) >= patience:
            break
    network.set_weights(best)
    return rows


def _best_epoch(rows: list[dict[str, float]]) -> int:
    """The first epoch with the lowest validation MSE."""
    return min(rows, key=lambda row: row["validation_mse"])["epoch"]
