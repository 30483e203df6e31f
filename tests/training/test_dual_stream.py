"""Stages of training: what moves and how fast, the loss, stopping and going on, triplet batches."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from checks import frames_of, outputs_by_name, randomise
from skimage.metrics import peak_signal_noise_ratio

from keras_vsr.data.degrade import degrade, enlarge
from keras_vsr.models.dual_stream import dual_stream, stream_networks
from keras_vsr.models.espcn import espcn
from keras_vsr.models.superslomo import superslomo
from keras_vsr.training.dual_stream import STAGES, DualStreamTrainer, Stage, compile_stage
from keras_vsr.training.fit import fit
from keras_vsr.training.recipe import Recipe
from keras_vsr.training.triplet_samples import HeldTriplets, TripletEpochs
from keras_vsr.training.two_rate_adam import TwoRateAdam
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend

# LR pixels: padded to 64, so that the U-Nets' last level has 2x2 pixels and all of a kernel learns.
LOW = (33, 34)


def network(**arguments):
    usual = {
        "spatial": partial(espcn, filters=(5, 4, 3)),
        "temporal": partial(superslomo, filters=2),
        "fusion_filters": 2,
        "refinement_filters": 8,
    }
    return dual_stream(**usual | arguments)


def one_layer(*, name, channels=1, **_):
    """A temporal network that compiles in no time, where what it makes is of no account."""
    pair = keras.Input((2, None, None, channels))
    both = keras.ops.concatenate([pair[:, 0], pair[:, 1]], axis=-1)
    layer = keras.layers.Conv2D(channels, 3, padding="same", name=f"{name}_conv")
    return keras.Model(pair, layer(both), name=name)


def trainer_of(model):
    return DualStreamTrainer(model, name="trainer")


def triplets(count=2, size=LOW):
    return (
        frames_of((count, 3, *size, 1)),
        frames_of((count, 3, 2 * size[0], 2 * size[1], 1), seed=1),
    )


def values(model):
    return {variable.path: keras.ops.convert_to_numpy(variable) for variable in model.weights}


def moved(trainer):
    """How far each variable's numbers went in a step, and which ones are of M_S and M_T."""
    before = values(trainer.network)
    loss = trainer.train_on_batch(*triplets())
    assert np.isfinite(loss)
    after = values(trainer.network)
    steps = {path: np.abs(after[path] - before[path]) for path in before}
    streams = {v.path for part in stream_networks(trainer.network) for v in part.weights}
    return steps, streams


def exact(stage):
    """The stage without Adam's epsilon, beside which the gradients of deep layers are small."""
    return replace(stage, recipe=replace(stage.recipe, epsilon=1e-20))


def assert_learns(path, step, rate):
    """The first step of Adam is the rate, up or down, where no ReLU is dead."""
    assert step.max() < 1.05 * rate, path
    went = np.mean(np.abs(step - rate) < 0.05 * rate)
    assert went > 0.3, f"{went:.0%} of {path} moved by {rate}"


@pytest.mark.parametrize("name", STAGES)
def test_what_each_stage_moves(name):
    trainer = trainer_of(randomise(network()))
    compile_stage(trainer, exact(STAGES[name]))
    steps, streams = moved(trainer)
    rates = {
        "streams": (1e-3, None),
        "fusion": (None, 1e-4),
        "joint": (1e-5, 1e-4),
    }[name]
    for path, step in steps.items():
        rate = rates[0 if path in streams else 1]
        if rate is None:
            np.testing.assert_array_equal(step, 0, err_msg=path)
        else:
            assert_learns(path, step, rate)


def test_refinement_of_each_stream_alone():
    trainer = trainer_of(network(fusion=False))
    compile_stage(trainer, STAGES["fusion"])
    learning = [variable.path for variable in trainer.trainable_variables]
    assert len(learning) == 2 * 8 * 2  # two networks of 8 layers, kernel and bias
    assert all("refined" in path for path in learning)


def test_a_stage_in_which_nothing_learns():
    trainer = trainer_of(network(fusion=False, refinement=False))
    with pytest.raises(ValueError, match=r"dual_stream has nothing that learns in a stage of"):
        compile_stage(trainer, STAGES["fusion"])
    compile_stage(trainer, STAGES["streams"])
    assert len(trainer.trainable_variables) == len(trainer.network.weights)


def test_a_network_can_go_through_all_stages():
    trainer = trainer_of(randomise(network()))
    counts = []
    for stage in STAGES.values():
        compile_stage(trainer, stage)
        counts.append(len(trainer.trainable_variables))
    assert counts[0] + counts[1] == counts[2] == len(trainer.network.weights)


def test_variables_of_one_path():
    def careless(*, name, **arguments):
        return espcn(name="spatial", filters=(3, 3, 3))

    def enlarge(*, name, **arguments):
        inside = careless(name=name)
        frame = keras.Input((None, None, 1))
        half = keras.layers.Conv2D(1, 3, padding="same", name="spatial_conv1")(frame)
        return keras.Model(frame, inside(half), name=name)

    with pytest.raises(ValueError, match=r"spatial_conv1/kernel, spatial_conv1/bias: give the"):
        compile_stage(trainer_of(network(spatial=enlarge)), STAGES["joint"])


@pytest.mark.parametrize("arguments", [{}, {"fusion": False}])
def test_the_loss_is_the_sum_of_mean_absolute_differences(arguments):
    model = randomise(network(**arguments))
    trainer = trainer_of(model)
    low, high = triplets(size=(9, 10))
    made = outputs_by_name(model, low[:, [0, 2]])
    targets = {"low_middle": low[:, 1], "high_before": high[:, 0], "high_after": high[:, 2]}
    truth = sum(
        np.abs(frame - targets.get(output, high[:, 1])).mean() for output, frame in made.items()
    )
    loss = trainer.compute_loss(low, high, trainer(low, training=False))
    assert keras.ops.convert_to_numpy(loss) == pytest.approx(truth, rel=1e-5)


def test_the_network_does_not_see_the_middle_frame():
    trainer = trainer_of(randomise(network()))
    low, _ = triplets(size=(9, 10))
    other = low.copy()
    other[:, 1] = 0.5
    one, two = outputs_by_name(trainer, low), outputs_by_name(trainer, other)
    for output in one:
        np.testing.assert_array_equal(one[output], two[output])


# The optimizer


def adam_in_numpy(x, y, w, rates, steps, epsilon):
    """Kingma and Ba 2015, the last form of section 2, for y = w[0] x + w[1] and half the MSE."""
    w, m, v = np.array(w, float), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        error = w[0] * x + w[1] - y
        gradient = np.array([np.mean(2 * error * x), np.mean(2 * error)])
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        rate = np.array(rates) * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w = w - rate * m / (np.sqrt(v) + epsilon)
    return w


def test_two_rates():
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, keras.layers.Conv2D(1, 1, name="line")(frame))
    model.set_weights([np.full((1, 1, 1, 1), 0.5), np.array([0.1])])
    settings = {"slow_paths": ["line/kernel"], "slow_factor": 0.25, "epsilon": 0.01}
    model.compile(TwoRateAdam(0.02, **settings), "mean_squared_error", jit_compile=False)
    x, y = frames_of((2, 5, 6, 1)), frames_of((2, 5, 6, 1), seed=1)
    for _ in range(6):
        model.train_on_batch(x, y)
    made = np.concatenate([w.ravel() for w in model.get_weights()])
    truth = adam_in_numpy(x.astype(float), y.astype(float), [0.5, 0.1], [0.005, 0.02], 6, 0.01)
    np.testing.assert_allclose(made, truth, rtol=1e-5)
    assert np.abs(truth - [0.5, 0.1]).max() > 0.01
    again = TwoRateAdam.from_config(model.optimizer.get_config())
    assert (again.slow_paths, again.slow_factor) == (frozenset({"line/kernel"}), 0.25)


# Epochs


def clips(count=3, size=(16, 20)):
    high = frames_of((count, 3, *size))
    return np.stack([degrade(triplet, "bicubic") for triplet in high]), high


def test_stopped_after_an_epoch_it_ends_with_the_same_bits(tmp_path):
    low, high = clips()
    recipe = Recipe(learning_rate=1e-3, batch_size=2, epochs=2, patience=None, source="a test")
    stage = Stage(recipe, STAGES["joint"].learns, STAGES["joint"].stream_factor)

    def run(file, on_epoch=lambda row: None):
        trainer = trainer_of(network(temporal=one_layer, residual=True))
        initialise(trainer.network, seed=4)
        compile_stage(trainer, stage)
        held = HeldTriplets(low[:1], high[:1], "refined")
        state = fit(
            trainer,
            TripletEpochs(low, high, batch_size=2, seed=0, patch=12),
            recipe,
            train=held,
            validation=held,
            epochs=2,
            checkpoint=tmp_path / file,
            on_epoch=on_epoch,
        )
        return values(trainer.network), state

    def stop(row):
        raise KeyboardInterrupt

    whole, state = run("unbroken.npz")
    with pytest.raises(KeyboardInterrupt):
        run("stopped.npz", stop)
    again, same = run("stopped.npz")
    for path, value in whole.items():
        np.testing.assert_array_equal(again[path], value, err_msg=path)
    assert [row | {"seconds": 0} for row in same.history] == [
        row | {"seconds": 0} for row in state.history
    ]
    assert len(state.history) == 2


def test_the_loss_falls():
    # Smooth textures that go 2 HR pixels a frame.
    textures = enlarge(enlarge(frames_of((2, 8, 8)), "bicubic"), "bicubic")
    high = np.stack([textures[:, 4:28, 2 * t + 2 : 2 * t + 26] for t in range(3)], axis=1)
    low = np.stack([degrade(triplet, "bicubic") for triplet in high])
    trainer = trainer_of(network(temporal=one_layer, residual=True))
    initialise(trainer.network, seed=1)
    recipe = Recipe(learning_rate=2e-3, batch_size=2, epochs=1, patience=None, source="a test")
    compile_stage(trainer, Stage(recipe, ("streams", "fusion")))
    losses = []
    for _ in range(10):
        losses.append(float(trainer.train_on_batch(low[..., None], high[..., None])))
        trainer.reset_metrics()
    assert losses[-1] < 0.8 * losses[0]


def test_held_triplets_are_scored_by_their_middle_frames():
    low, high = clips(2)
    trainer = trainer_of(randomise(network()))
    score = HeldTriplets(low, high, "t_then_s").score(trainer)
    made = outputs_by_name(trainer.network, low[:, [0, 2], ..., None])["t_then_s"]
    truth = [
        peak_signal_noise_ratio(frame, image[..., 0], data_range=1)
        for frame, image in zip(high[:, 1], made, strict=True)
    ]
    assert score["frames"] == 2
    assert score["psnr_db"] == pytest.approx(np.mean(truth), abs=1e-4)


def numbered(count=5, size=(4, 6)):
    """Triplets whose values say where they are from: HR pixels have those of their LR pixel."""
    low = np.arange(count * 3 * size[0] * size[1], dtype=np.float32).reshape(count, 3, *size)
    return low, low.repeat(2, axis=2).repeat(2, axis=3)


def test_batches_of_whole_triplets():
    low, high = numbered()
    order = TripletEpochs(low, high, batch_size=2, seed=3)
    assert order.steps == 2
    epochs = [list(order.batches(epoch)) for epoch in (1, 2, 1)]
    firsts = [[x[:, 0, 0, 0, 0] for x, _ in batches] for batches in epochs]
    np.testing.assert_array_equal(firsts[0], firsts[2])
    assert not np.array_equal(firsts[0], firsts[1])
    for x, y in epochs[0]:
        assert (x.shape, y.shape) == ((2, 3, 4, 6, 1), (2, 3, 8, 12, 1))
        np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(2, axis=3))
    assert len(np.unique(firsts[0])) == 4  # no triplet twice


def test_patches_are_of_the_same_place_at_both_sizes():
    low, high = numbered()
    order = TripletEpochs(low, high, batch_size=2, seed=3, patch=6, patches=40)
    x, y = next(order.batches(1))
    assert (x.shape, y.shape) == ((80, 3, 3, 3, 1), (80, 3, 6, 6, 1))
    np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(2, axis=3))
    corners = np.unique(x[:, 0, 0, 0, 0] % 24)
    assert set(corners) == {0, 1, 2, 3, 6, 7, 8, 9}  # all places that a patch can have


def test_a_limit_and_a_batch_that_is_too_large():
    low, high = numbered()
    assert TripletEpochs(low, high, batch_size=2, seed=0, limit=3).steps == 1
    assert TripletEpochs(low, high, batch_size=9, seed=0).triplets_each_step == 5


def test_triplets_that_do_not_belong_together():
    low, high = numbered()
    for wrong in (low[:, :2], low[:4], low[:0], low[..., :5]):
        with pytest.raises(ValueError, match=r"must be \(n, 3, h, w\) and \(n, 3, scale"):
            TripletEpochs(wrong, high, batch_size=1, seed=0)
    for patch in (5, 10, 0):
        with pytest.raises(ValueError, match=f"patch {patch} must be a multiple of 2"):
            TripletEpochs(low, high, batch_size=1, seed=0, patch=patch)
