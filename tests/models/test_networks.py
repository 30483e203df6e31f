"""What holds for every network by name: where it starts, learning, saving, layouts, precision."""

import keras
import numpy as np
import pytest
from checks import assert_close, enlarged, frames_of, predicted, randomise

from keras_vsr.errors import InputError
from keras_vsr.models import NETWORKS, build
from keras_vsr.models.flow import flow_network
from keras_vsr.training.fit import compile_model
from keras_vsr.training.precision import precision
from keras_vsr.training.recipe import Recipe
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend

# Narrower and shallower than published, so that they are compiled soon; their shape is the same.
SMALL = {
    "srcnn": {"filters": (8, 6), "kernels": (5, 1, 3)},
    "fsrcnn": {"d": 6, "s": 4, "m": 2},
    "fsrcnn_2019": {"filters": 8, "mapping_filters": 6, "upscale_filters": 4},
    "fsrcnn_2019_prelu": {"filters": 8, "mapping_filters": 6, "upscale_filters": 4},
    "espcn": {"filters": (6, 5, 3)},
    "srnet3d": {"filters": 6, "mapping_filters": 4},
    "srnet3d_early": {"same_layers": 2, "filters": 6},
    "srnet3d_early_deep": {"filters": 6},
    "kim_3dsrnet": {"filters": 6},
    "parallel5": {
        "filters_2d": 4,
        "filters_3d": 4,
        "wide_filters": 6,
        "upscale_filters": 4,
        "recursions_2d": 1,
        "recursions_3d": 1,
    },
    "delta": {
        "filters": 4,
        "stem_filters": 6,
        "upscale_filters": 4,
        "filters_3d": 4,
        "wide_filters_3d": 6,
        "recursions_2d": 1,
        "recursions_3d": 1,
    },
    "flow4x": {
        "filters": 4,
        "stem_filters": 6,
        "upscale_filters": 4,
        "filters_3d": 4,
        "wide_filters_3d": 6,
        "recursions_2d": 1,
        "recursions_3d": 1,
    },
}
FLOW = "flow"  # the one part that is no network of frames
SCALES = {"flow4x": 4}  # of the others, 2
PARTS = {
    "2d_then_3d": {"two_d": "fsrcnn_2019", "three_d": "srnet3d"},
    "two_in_one": {"two_d": "fsrcnn_2019", "three_d": "srnet3d"},
    "3d_then_2d": {"two_d": "srcnn", "three_d": "srnet3d"},
    "flow4x": {"two_d": "fsrcnn_2019", "flow": FLOW},
}
RECIPE = Recipe(learning_rate=1e-3, batch_size=2, epochs=1, patience=None, source="this test")

# Built by the builders of "2d_then_3d", "fsrcnn" and "srnet3d_early".
VARIANTS = ("two_in_one", "fsrcnn_s", "srnet3d_early_deep")
APART = [name for name in NETWORKS if name not in VARIANTS]

every_network = pytest.mark.parametrize("name", NETWORKS)
each_apart = pytest.mark.parametrize("name", APART)
# Plain networks that end in an activation differ from residual ones by more than an addition.
each_ending = pytest.mark.parametrize(
    ("name", "residual"),
    [(name, True) for name in APART]
    + [(name, False) for name in ("fsrcnn_2019", "espcn", "srnet3d_early", "parallel5")],
)


def small(name, *, residual=False, **arguments):
    if name == FLOW:
        return flow_network(levels=3, filters=(6, 5), kernel=3, **arguments)
    arguments["residual"] = residual  # kim_3dsrnet's own default is True
    inside = {part: small(other, **arguments) for part, other in PARTS.get(name, {}).items()}
    return build(name, **SMALL.get(name, {}), **inside, **arguments)


def scale_of(name):
    return SCALES.get(name, 2)


def lr_frames(name):
    """A batch of LR frames, shaped as the network takes it."""
    before = {"frame": (2,), "window": (2, 5), "clip": (2, 6)}[NETWORKS[name].takes]
    return frames_of((*before, 6, 7, 1))


def given_to(name, low):
    enlarge = NETWORKS[name].enlarged
    return enlarged(low, scale_of(name)).astype(np.float32) if enlarge else low


def bicubic_of(name, low):
    """The frames that the network's output stands for, enlarged and cropped as its output is."""
    high = enlarged(low, scale_of(name))
    network = NETWORKS[name]
    if network.takes != "frame":
        high = high[:, 2] if network.takes == "window" else high[:, 2:-2]
    inside = slice(network.border, -network.border or None)
    return high[..., inside, inside, :]


def truth_of(name):
    """Something else than the network makes, of the same shape."""
    return frames_of(bicubic_of(name, lr_frames(name)).shape, seed=9)


@each_apart
def test_a_residual_network_starts_at_bicubic(name):
    model = small(name, residual=True)
    initialise(model, seed=3)
    low = lr_frames(name)
    made = predicted(model, given_to(name, low))
    np.testing.assert_allclose(made, bicubic_of(name, low), rtol=0, atol=1e-6)


@each_apart
def test_a_plain_network_is_shaped_alike_and_does_not(name):
    model = small(name)
    initialise(model, seed=3)
    low = lr_frames(name)
    made, bicubic = predicted(model, given_to(name, low)), bicubic_of(name, low)
    assert made.shape == bicubic.shape
    assert np.abs(made - bicubic).max() > 0.1


@each_ending
def test_every_weight_learns(name, residual):
    # Random weights with positive biases: nothing is dead, and no last layer is zero. Adam moves
    # each number that has a gradient, however small, by about the learning rate.
    model = randomise(small(name, residual=residual))
    compile_model(model, RECIPE)
    x = given_to(name, lr_frames(name))
    before = model.get_weights()
    loss = model.train_on_batch(x, truth_of(name))
    assert np.isfinite(loss)
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        moved = np.mean(np.abs(new - old) > 0.2 * RECIPE.learning_rate)
        assert moved > 0.3, f"{moved:.0%} of {variable.path} moved"


@each_ending
def test_saved_and_loaded_it_is_the_same(name, residual, tmp_path):
    model = randomise(small(name, residual=residual))
    x = given_to(name, lr_frames(name))
    truth = predicted(model, x)
    assert np.ptp(truth) > 0
    model.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(
        predicted(keras.models.load_model(tmp_path / "network.keras"), x), truth
    )
    model.save_weights(tmp_path / "network.weights.h5")
    fresh = small(name, residual=residual)
    fresh.load_weights(tmp_path / "network.weights.h5")
    np.testing.assert_array_equal(predicted(fresh, x), truth)


@each_apart
def test_both_layouts_inside_give_the_same(name):
    last, first = (
        randomise(small(name, residual=True, data_format=data_format))
        for data_format in ("channels_last", "channels_first")
    )
    for one, other in zip(last.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    x = given_to(name, lr_frames(name))
    assert_close(predicted(first, x), predicted(last, x))


@every_network
def test_half_precision_ends_in_single(name):
    with precision("mixed_float16"):
        plain, residual = small(name), small(name, residual=True)
    assert plain.outputs[0].dtype == residual.outputs[0].dtype == "float32"


@pytest.mark.parametrize("name", ["2d_then_3d", "parallel5", "delta"])
def test_half_precision_does_not_round_bicubic_frames(name):
    with precision("mixed_float16"):
        model = small(name, residual=True)
    initialise(model, seed=0)
    low = lr_frames(name)
    made = predicted(model, given_to(name, low))
    np.testing.assert_allclose(made, bicubic_of(name, low), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["2d_then_3d", "parallel5"])
def test_half_precision_learns(name):
    with precision("mixed_float16"):
        model = randomise(small(name))
        compile_model(model, RECIPE)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    x = given_to(name, lr_frames(name))
    before = model.get_weights()
    for _ in range(10):  # a step whose gradients overflow is left out, and the scale is halved
        assert np.isfinite(model.train_on_batch(x, truth_of(name)))
        after = model.get_weights()
        if all((old != new).any() for old, new in zip(before, after, strict=True)):
            break
    else:
        pytest.fail("no step was taken")
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in after)


def test_half_precision_is_near_single_precision():
    single = randomise(build("srnet3d", filters=6, mapping_filters=4))
    with precision("mixed_float16"):
        half = randomise(build("srnet3d", filters=6, mapping_filters=4))
    x = frames_of((1, 5, 10, 11, 1))
    truth, made = predicted(single, x), predicted(half, x)
    assert_close(made, truth, tolerance=0.02)
    assert (made != truth).any()  # else it was not computed in half precision


@every_network
def test_every_variable_has_a_path_of_its_own(name):
    # Keras on torch clears the gradient of one variable a path: others would add up step by step.
    paths = [variable.path for variable in small(name).trainable_variables]
    assert len(paths) == len(set(paths))


def test_names_that_no_network_has():
    with pytest.raises(InputError, match=r"'edsr'; there are srcnn, fsrcnn, fsrcnn_s,"):
        build("edsr")


@every_network
def test_the_list_says_what_a_network_takes(name):
    network = NETWORKS[name]
    model = small(name)
    assert model.name == name
    rank = {"frame": 4, "window": 5, "clip": 5}[network.takes]
    assert len(model.input_shape) == rank
    if network.takes == "window":
        assert model.input_shape[1] == 5
    if network.takes == "clip":
        assert model.input_shape[1] is None
