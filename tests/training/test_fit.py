"""The loop: Adam and its decay by hand, the best epoch, stopping and going on, bad data."""

import keras
import numpy as np
import pytest
from checks import frames_of, randomise

from keras_vsr.data.degrade import degrade, enlarge
from keras_vsr.errors import InputError
from keras_vsr.models import build
from keras_vsr.training.checkpoint import Checkpoint
from keras_vsr.training.fit import compile_model, fit
from keras_vsr.training.precision import precision
from keras_vsr.training.recipe import RECIPES, Recipe
from keras_vsr.training.samples import Epochs, Samples
from keras_vsr.training.validation import Held
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend


def recipe(**changes):
    usual = {"learning_rate": 1e-3, "batch_size": 2, "epochs": 4, "patience": None, "source": "-"}
    return Recipe(**usual | changes)


# One layer, whose gradient can be written down


def linear_model():
    """y = k x + b for each pixel."""
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, keras.layers.Conv2D(1, 1, name="linear")(frame), name="line")
    model.set_weights([np.full((1, 1, 1, 1), 0.5), np.array([0.1])])
    return model


def adam_in_numpy(x, y, *, steps, learning_rate, decay, epsilon):
    """Kingma and Ba 2015, the last form of section 2, with Keras 2's decay."""
    w = np.array([0.5, 0.1])
    m, v = np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        error = w[0] * x + w[1] - y
        gradient = np.array([np.mean(2 * error * x), np.mean(2 * error)])
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        rate = learning_rate / (1 + decay * (t - 1))
        w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + epsilon)
    return w


@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("epsilon", [1e-7, 0.1])
def test_adam(decay, epsilon):
    x, y = frames_of((2, 5, 6, 1)), frames_of((2, 5, 6, 1), seed=1)
    model = linear_model()
    settings = {"learning_rate": 0.03, "decay": decay, "epsilon": epsilon}
    compile_model(model, recipe(**settings))
    for _ in range(6):
        model.train_on_batch(x, y)
    made = np.concatenate([w.ravel() for w in model.get_weights()])
    truth = adam_in_numpy(x.astype(float), y.astype(float), steps=6, **settings)
    np.testing.assert_allclose(made, truth, rtol=1e-5)
    assert np.abs(truth - [0.5, 0.1]).max() > 0.01  # far from where it began


@pytest.mark.parametrize("name", ["fsrcnn", "srnet3d_raw", "integrated_2021"])
def test_the_rate_decays_as_in_keras_2(name):
    model = linear_model()
    compile_model(model, RECIPES[name])
    rate, decay = RECIPES[name].learning_rate, RECIPES[name].decay
    x = frames_of((1, 4, 4, 1))
    for step in range(8):
        reached = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        assert reached == pytest.approx(rate / (1 + decay * step), rel=1e-6)
        model.train_on_batch(x, x)


def test_the_loss_is_the_mean_of_squared_differences():
    x, y = frames_of((2, 5, 6, 1)), frames_of((2, 5, 6, 1), seed=1)
    model = linear_model()
    compile_model(model, recipe())
    assert model.train_on_batch(x, y) == pytest.approx(np.mean((0.5 * x + 0.1 - y) ** 2), rel=1e-5)


def test_variables_of_one_path():
    def half(name):
        frame = keras.Input((None, None, 1))
        layer = keras.layers.Conv2D(1, 1, name="linear")
        return keras.Model(frame, layer(frame), name=name)

    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, half("second")(half("first")(frame)), name="both")
    with pytest.raises(ValueError, match="linear/kernel, linear/bias: give the models inside"):
        compile_model(model, recipe())


# Epochs


class Scripted:
    """In the place of `Held`: given scores, one after the other, and the weights scored."""

    def __init__(self, *values):
        self.values, self.weights = list(values), []

    def score(self, model):
        self.weights.append([w.copy() for w in model.get_weights()])
        return {"mse": self.values[len(self.weights) - 1]}


def line_order():
    low = [frames_of((6, 5, 6))]
    return Epochs(Samples(low, [frames_of((6, 5, 6), seed=1)], "frame"), batch_size=2, seed=0)


def fit_line(path, validation, *, epochs=10, on_epoch=lambda row: None, **changes):
    model = linear_model()
    settings = recipe(learning_rate=0.03, **changes)
    compile_model(model, settings)
    state = fit(
        model,
        line_order(),
        settings,
        train=Scripted(*range(100)),
        validation=validation,
        epochs=epochs,
        checkpoint=path,
        on_epoch=on_epoch,
    )
    return model, state


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_best_epoch_and_patience(tmp_path):
    # 3 is not lower than 3: epoch 2 stays the best, and after 3 more without a better one it ends.
    validation = Scripted(5.0, 3.0, 4.0, 3.0, 6.0, 1.0)
    model, state = fit_line(tmp_path / "state.npz", validation, patience=3)
    assert (len(state.history), state.best_epoch, state.waited) == (5, 2, 3)
    assert state.finished
    assert_equal(model.get_weights(), validation.weights[1])
    assert_equal(state.best, validation.weights[1])
    assert_equal(state.weights, validation.weights[4])
    assert (validation.weights[1][0] != validation.weights[4][0]).all()


def test_patience_starts_again_at_each_better_epoch(tmp_path):
    # The counter of the 2021 program was set back in every epoch, so that it never stopped.
    validation = Scripted(5.0, 6.0, 4.0, 5.0, 3.0, 3.5, 3.4, 9.0)
    _, state = fit_line(tmp_path / "state.npz", validation, patience=2)
    assert (len(state.history), state.best_epoch) == (7, 5)


def test_without_patience_all_epochs_are_run(tmp_path):
    validation = Scripted(1.0, 2.0, 3.0, 4.0, 5.0)
    model, state = fit_line(tmp_path / "state.npz", validation, epochs=5)
    assert (len(state.history), state.best_epoch) == (5, 1)
    assert_equal(model.get_weights(), validation.weights[0])


def test_rows(tmp_path):
    rows = []
    _, state = fit_line(
        tmp_path / "state.npz", Scripted(2.0, 1.0), epochs=2, decay=0.5, on_epoch=rows.append
    )
    assert rows == state.history
    assert [row["epoch"] for row in rows] == [1, 2]
    # Three steps an epoch; the rate is that of the step that would come next.
    rates = [row["learning_rate"] for row in rows]
    assert rates == pytest.approx([0.03 / (1 + 0.5 * 3), 0.03 / (1 + 0.5 * 6)], rel=1e-6)
    assert [row["validation_mse"] for row in rows] == [2.0, 1.0]
    assert [row["train_mse"] for row in rows] == [0, 1]
    assert all(row["seconds"] > 0 for row in rows)


def test_the_loss_of_an_epoch_is_the_mean_over_its_batches(tmp_path):
    _, state = fit_line(tmp_path / "state.npz", Scripted(1.0), epochs=1)
    model, losses = linear_model(), []
    compile_model(model, recipe(learning_rate=0.03))
    for x, y in line_order().batches(1):
        k, b = (w.item() for w in model.get_weights())
        losses.append(np.mean((k * x + b - y) ** 2))
        model.train_on_batch(x, y)
    assert state.history[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_finished_run_is_not_trained_again(tmp_path):
    model, state = fit_line(tmp_path / "state.npz", Scripted(2.0, 3.0, 4.0), epochs=3)
    again, same = fit_line(tmp_path / "state.npz", Scripted(), epochs=3)
    assert same.history == state.history
    assert_equal(again.get_weights(), model.get_weights())


# Networks on frames

NARROW = {"filters": 3, "mapping_filters": 2}


def network_order(name="srnet3d", batch_size=3):
    high = [frames_of((9, 16, 20), seed=number) for number in (0, 1)]
    low = [degrade(clip, "bicubic") for clip in high]
    if name == "srnet3d":
        samples = Samples([enlarge(clip, "bicubic") for clip in low], high, "window")
    else:
        samples = Samples(low, high, "frame")
    return Epochs(samples, batch_size=batch_size, seed=2, patch=12)


def network(settings, name="srnet3d"):
    with precision(settings.precision):
        model = build(name, **NARROW, residual=True)
        initialise(model, seed=2)
        compile_model(model, settings)
    return model


@pytest.mark.parametrize(
    ("name", "policy"), [("srnet3d", "float32"), ("fsrcnn_2019", "mixed_float16")]
)
def test_stopped_after_each_epoch_it_ends_with_the_same_bits(tmp_path, name, policy):
    settings = recipe(
        learning_rate=2e-3, decay=1e-2, batch_size=3, intensity=255.0, precision=policy
    )
    order = network_order(name)
    held = Held(order.samples, 3, settings.intensity)

    def run(file, on_epoch=lambda row: None):
        model = network(settings, name)
        path = tmp_path / file
        state = fit(
            model,
            order,
            settings,
            train=held,
            validation=held,
            epochs=4,
            checkpoint=path,
            on_epoch=on_epoch,
        )
        return model, state

    def stop(row):
        raise KeyboardInterrupt

    unbroken, whole = run("unbroken.npz")
    for epoch in range(1, 5):
        with pytest.raises(KeyboardInterrupt):
            run("stopped.npz", stop)
        assert len(Checkpoint.load(tmp_path / "stopped.npz").history) == epoch
    resumed, state = run("stopped.npz")

    assert_equal(resumed.get_weights(), unbroken.get_weights())
    for group in ("weights", "optimizer", "best"):
        assert_equal(getattr(state, group), getattr(whole, group))
    for row, other in zip(state.history, whole.history, strict=True):
        assert row | {"seconds": 0} == other | {"seconds": 0}
    assert len({row["loss"] for row in state.history}) == 4  # it learned something each time


@pytest.mark.parametrize("part", ["inputs", "targets"])
def test_nan_in_the_data_is_found_in_its_batch(tmp_path, part):
    clean = network_order(batch_size=2).samples
    order = network_order(batch_size=2)
    frame = 8 if part == "inputs" else 6  # of the last window: the last, and the middle one
    getattr(order.samples, part)[1][frame] = np.nan
    found = [bool(np.isnan(x).any() or np.isnan(y).any()) for x, y in order.batches(1)]
    settings, held = recipe(), Held(clean, 1, 1.0)
    with pytest.raises(InputError, match=f"epoch 1, batch {1 + found.index(True)}: look for NaN"):
        fit(
            network(settings),
            order,
            settings,
            train=held,
            validation=held,
            epochs=1,
            checkpoint=tmp_path / "state.npz",
        )
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number(tmp_path):
    model = linear_model()
    model.set_weights([np.full((1, 1, 1, 1), 1e30), np.array([0.0])])
    compile_model(model, recipe())
    held = {"train": Scripted(), "validation": Scripted()}
    path = tmp_path / "state.npz"
    with pytest.raises(InputError, match="line became inf in epoch 1, batch 1: lower the learning"):
        fit(model, line_order(), recipe(), **held, epochs=1, checkpoint=path)


def test_a_damaged_checkpoint(tmp_path):
    path = tmp_path / "state.npz"
    path.write_bytes(b"PK\x03\x04 nothing else")
    with pytest.raises(InputError, match=r"state.npz is damaged"):
        fit_line(path, Scripted(1.0))


def test_randomised_networks_learn_their_own_copy(tmp_path):
    # Frames that another network of the same shape made: the loss falls to a small part.
    teacher = randomise(build("srcnn", filters=(4, 3), kernels=(3, 1, 3)), seed=1)
    given = frames_of((12, 10, 11))
    made = keras.ops.convert_to_numpy(teacher(given[..., None]))[..., 0]
    settings = recipe(learning_rate=5e-3)
    model = randomise(build("srcnn", filters=(4, 3), kernels=(3, 1, 3)), seed=2)
    compile_model(model, settings)
    samples = Samples([given], [made], "frame")
    state = fit(
        model,
        Epochs(samples, batch_size=2, seed=0),
        settings,
        train=Scripted(*range(20)),
        validation=Scripted(*range(20, 0, -1)),
        epochs=20,
        checkpoint=tmp_path / "state.npz",
    )
    assert state.history[-1]["loss"] < 0.1 * state.history[0]["loss"]
