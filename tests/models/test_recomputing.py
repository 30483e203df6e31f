"""Training in less memory: the same network, the same step, less held."""

import itertools

import keras
import numpy as np
import pytest
from checks import frames_of, predicted, randomise

from keras_vsr.models import build
from keras_vsr.models.recomputing import Cost, RecomputingModel, chosen

pytestmark = pytest.mark.backend

SMALL = {"filters_2d": 3, "filters_3d": 4, "wide_filters": 5, "upscale_filters": 3}
FORMS = [
    {},
    {"residual": True, "auxiliary": True},
    {"volume": "srnet3d", "recursions_3d": 3, "order": "as_run"},
]


def both(**arguments):
    return [randomise(build("parallel5", **SMALL, **arguments, remat=on)) for on in (False, True)]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_layers_and_weights(form):
    plain, recomputing = both(**form)
    assert isinstance(recomputing, RecomputingModel)
    assert not isinstance(plain, RecomputingModel)
    assert [layer.name for layer in plain.layers] == [layer.name for layer in recomputing.layers]
    assert [v.path for v in plain.weights] == [v.path for v in recomputing.weights]
    for ours, theirs in zip(plain.get_weights(), recomputing.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_layers_that_change_from_run_to_run_are_refused():
    frame = keras.Input((4, 4, 1))
    made = keras.layers.Dropout(0.5, seed=1, name="drop")(frame)
    with pytest.raises(ValueError, match="drop would change when run a second time"):
        RecomputingModel(frame, keras.layers.ReLU(name="end")(made), kept=["drop"])


@pytest.mark.parametrize("form", FORMS)
def test_the_same_step(form):
    plain, recomputing = both(**form)
    before = plain.get_weights()
    window = 255 * frames_of((2, 5, 6, 7, 1))
    truth = 255 * frames_of((2, 12, 14, 1), seed=1)
    targets = [truth[:, 2:-2, 2:-2], truth] if form.get("auxiliary") else truth[:, 2:-2, 2:-2]
    losses = []
    for model in (plain, recomputing):
        model.compile(keras.optimizers.SGD(1e-4), "mse")
        losses.append(model.train_on_batch(window, targets))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    steps = []
    for model in (plain, recomputing):
        changes = zip(model.get_weights(), before, strict=True)
        steps.append(np.concatenate([(new - old).ravel() for new, old in changes]))
    assert np.abs(steps[0]).max() > 1e-4
    assert np.abs(steps[1] - steps[0]).max() < 1e-5 * np.abs(steps[0]).max()


def test_it_can_be_saved_and_read_again(tmp_path):
    plain, recomputing = both()
    path = tmp_path / "network.keras"
    recomputing.save(path)
    read = keras.models.load_model(path)
    assert isinstance(read, RecomputingModel)
    assert read.kept == recomputing.kept
    window = 255 * frames_of((1, 5, 6, 7, 1))
    np.testing.assert_array_equal(predicted(read, window), predicted(plain, window))
    read.compile(keras.optimizers.SGD(1e-4), "mse")
    read.train_on_batch(window, np.zeros((1, 8, 10, 1), np.float32))

    weights = tmp_path / "network.weights.h5"
    plain.save_weights(weights)
    other = build("parallel5", **SMALL, remat=True)
    other.load_weights(weights)
    np.testing.assert_array_equal(predicted(other, window), predicted(plain, window))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="counts torch's tensors")
def test_a_third_of_what_is_saved_for_the_gradient():
    import torch

    window = torch.from_numpy(frames_of((1, 5, 8, 8, 1)))

    def saved(model):
        """Bytes of distinct tensors but for the weights."""
        weights = {v.value.untyped_storage().data_ptr() for v in model.weights}
        found = {}

        def seen(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                found[storage.data_ptr()] = (storage, storage.nbytes())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(seen, lambda tensor: tensor):
            model(window, training=True)
        return sum(size for _, size in found.values())

    plain, recomputing = (build("parallel5", remat=on) for on in (False, True))
    assert saved(recomputing) <= saved(plain) / 3


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="counts torch's allocations")
def test_little_more_than_a_third_of_what_a_step_allocates():
    import torch

    from experiments.benchmarking.library_torch import most_allocated

    window = torch.from_numpy(frames_of((2, 5, 16, 16, 1)))

    def peak(model):
        def step():
            model(window, training=True).sum().backward()

        step()  # kernels are laid out anew, once
        return most_allocated(step)

    plain, recomputing = (build("parallel5", remat=on) for on in (False, True))
    # What a convolution works in while it runs is in this, too: 0.06 of it all with one thread.
    assert peak(recomputing) <= 0.4 * peak(plain)


def held_at_most(costs, kept):
    """What is held when the gradient of each part is due, the largest of it, and the last one."""
    sums, held, work = [], 0.0, 0.0
    for cost in costs:
        work += cost.work
        if cost.name in kept:
            sums.append(held + work)
            held, work = held + cost.result, 0.0
    return max([*sums, held + work]), work


@pytest.mark.parametrize("length", [1, 4, 9])
def test_the_choice_is_the_best_of_all(length):
    generator = np.random.default_rng(length)
    costs = []
    for place in range(length):
        result, more = generator.integers(1, 9), generator.integers(0, 20)
        costs.append(Cost(str(place), float(result), float(result + more)))
    names = [cost.name for cost in costs]
    ways = [w for count in range(length + 1) for w in itertools.combinations(names, count)]
    third = sum(cost.work for cost in costs) / 3
    within = [way for way in ways if held_at_most(costs, way)[0] <= third]
    found = chosen(costs)
    assert found == [name for name in names if name in found]
    if within:
        assert held_at_most(costs, found)[0] <= third
        assert held_at_most(costs, found)[1] == max(held_at_most(costs, w)[1] for w in within)
    else:
        least = min(held_at_most(costs, way)[0] for way in ways)
        assert held_at_most(costs, found)[0] == pytest.approx(least, rel=1e-4)


def test_kept_must_be_layers_that_are_run_once():
    inputs = keras.Input((4,))
    twice = keras.layers.Dense(4, name="twice")
    outputs = keras.layers.ReLU(name="end")(twice(twice(inputs)))
    for name in ("twice", "none"):
        with pytest.raises(ValueError, match=f"run once; got {name}"):
            RecomputingModel(inputs, outputs, name="network", kept=[name])
