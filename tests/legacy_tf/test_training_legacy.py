"""Adam of Keras 2 by hand, the loop around it, and E16."""

import numpy as np
import pytest
from checks import frames_of

from keras_vsr.errors import InputError
from legacy_tf.errata import AS_DESCRIBED, Errata


def adam_in_numpy(w, gradients, *, learning_rate, decay):
    """Kingma and Ba 2015, the last form of section 2, with Keras 2's decay; float64."""
    w, m, v = np.array(w, np.float64), np.zeros(len(w)), np.zeros(len(w))
    for t, gradient in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        rate = learning_rate / (1 + decay * (t - 1))
        w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return w


@pytest.mark.parametrize("decay", [0.0, 1e-3, 0.5])
def test_adam(training, decay):
    import tensorflow as tf

    first = [0.5, -1.0, 2.0]
    # Of three sizes, the last so small that epsilon counts.
    gradients = np.random.default_rng(0).normal(0, [1, 1e-2, 1e-6], (8, 3))
    variable = tf.Variable(first)
    adam = training.Adam([variable], learning_rate=0.03, decay=decay)
    for gradient in gradients:
        adam.apply([tf.constant(gradient, tf.float32)])
    truth = adam_in_numpy(first, gradients, learning_rate=0.03, decay=decay)
    np.testing.assert_allclose(variable.numpy(), truth, rtol=2e-5)
    assert np.abs(truth - first).min() > 1e-3  # each moved


class Line:
    """In the place of a network: y = k x + b for each pixel."""

    name = "line"

    def __init__(self):
        import tensorflow as tf

        self.variables = [tf.Variable([0.5]), tf.Variable([0.1])]

    def __call__(self, x):
        return self.variables[0] * x + self.variables[1]

    def predict(self, x, batch_size):
        return self(x).numpy()

    def get_weights(self):
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights):
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)


def test_step(training):
    x, y = frames_of((2, 5, 6, 1)), frames_of((2, 5, 6, 1), seed=1)
    line = Line()
    trainer = training.Trainer(line, learning_rate=0.03, decay=0.5)
    w, gradients, losses = np.array([0.5, 0.1]), [], []
    for _ in range(5):
        error = w[0] * x.astype(float) + w[1] - y
        losses.append(np.mean(error**2))
        gradients.append(np.array([np.mean(2 * error * x), np.mean(2 * error)]))
        w = adam_in_numpy([0.5, 0.1], gradients, learning_rate=0.03, decay=0.5)
    assert [trainer.step(x, y) for _ in range(5)] == pytest.approx(losses, rel=1e-5)
    np.testing.assert_allclose(np.ravel(line.get_weights()), w, rtol=1e-5)


def test_order_of_seed_and_epoch(training):
    order = training.shuffled(20, seed=3)
    assert sorted(order(1)) == [*range(20)]
    np.testing.assert_array_equal(order(1), training.shuffled(20, seed=3)(1))
    assert (order(1) != order(2)).any()
    assert (order(1) != training.shuffled(20, seed=4)(1)).any()


class Scripted:
    """In the place of a trainer: a step adds 1 to its only weight, and the validation MSE after an
    epoch of one step is a given one, whatever the weight."""

    def __init__(self, *validation):
        self.network, self.validation = self, list(validation)
        self.name, self.weight, self.batches = "scripted", 0, []

    def step(self, inputs, targets):
        self.batches.append(inputs.tolist())
        self.weight += 1
        return float(inputs.sum())

    def predict(self, inputs, batch_size):
        return np.sqrt([self.validation.pop(0)])

    def get_weights(self):
        return [self.weight]

    def set_weights(self, weights):
        (self.weight,) = weights


def fit_scripted(training, trainer, **changes):
    zero = (np.zeros(1), np.zeros(1))
    settings = {"batch_size": 1, "epochs": 10, "patience": None, "order": lambda epoch: [0]}
    return training.fit(trainer, zero, zero, **settings | changes)


def test_patience_and_best_epoch(training):
    # 3 is not lower than 3: epoch 2 stays the best, and 3 epochs after it training ends.
    trainer = Scripted(5, 3, 4, 3, 6, 1)
    rows = fit_scripted(training, trainer, patience=3)
    assert [row["validation_mse"] for row in rows] == pytest.approx([5, 3, 4, 3, 6])
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert trainer.weight == 2  # as after two steps


def test_without_patience_all_epochs_are_run(training):
    trainer = Scripted(1, 2, 3, 4)
    assert len(fit_scripted(training, trainer, epochs=4)) == 4
    assert trainer.weight == 1


def test_batches_in_the_given_order(training):
    trainer = Scripted(1, 1)
    inputs = np.arange(5.0)
    order = {1: np.array([4, 2, 0, 1, 3]), 2: np.array([0, 1, 2, 3, 4])}
    rows = training.fit(
        trainer,
        (inputs, inputs),
        (np.zeros(1), np.zeros(1)),
        batch_size=2,
        epochs=2,
        patience=None,
        order=order.get,
    )
    assert trainer.batches == [[4, 2], [0, 1], [3], [0, 1], [2, 3], [4]]
    # Each batch's loss, here the sum of its inputs, counts as often as it has samples.
    assert [row["loss"] for row in rows] == pytest.approx(
        [(2 * 6 + 2 * 1 + 3) / 5, (2 + 10 + 4) / 5]
    )


@pytest.mark.parametrize("part", [0, 1])
def test_nan_in_the_data(training, part):
    samples = [(np.zeros(2), np.zeros(2)), (np.zeros(2), np.zeros(2))]
    samples[part][1][1] = np.nan
    words = ["training", "validation"][part]
    with pytest.raises(InputError, match=f"the {words} data of scripted .*: look for NaN"):
        training.fit(
            Scripted(), *samples, batch_size=1, epochs=1, patience=None, order=lambda epoch: [0]
        )


def test_a_loss_that_is_no_number(training):
    big = np.full((1, 2, 2, 1), 1e30, np.float32)
    with pytest.raises(InputError, match="the loss of line became inf in epoch 1: lower the"):
        training.fit(
            training.Trainer(Line(), learning_rate=0.01),
            (big, big),
            (big, big),
            batch_size=1,
            epochs=1,
            patience=None,
            order=lambda epoch: [0],
        )
    with pytest.raises(InputError, match="the validation MSE of scripted became inf in epoch 1"):
        fit_scripted(training, Scripted(np.inf))


@pytest.mark.parametrize("errata", [AS_DESCRIBED, Errata(e16=True)])
def test_e16(networks, training, errata):
    # In the place of the original authors' files.
    two, three = (networks.srcnn(seed=seed).get_weights() for seed in (2, 3))
    network = networks.srcnn()
    frozen = training.start_srcnn(network, same_scale=two, scale_3=three, errata=errata)
    begun = three if errata.e16 else two
    for value, first in zip(network.get_weights(), begun, strict=True):
        np.testing.assert_array_equal(value, first)
    trainer = training.Trainer(network, learning_rate=1e-3, frozen=frozen)
    x = frames_of((2, 12, 13, 1))
    trainer.step(x, x)
    moved = [(a != b).any() for a, b in zip(network.get_weights(), begun, strict=True)]
    assert moved == [not errata.e16] * 2 + [True] * 4
