"""F and R: the supplement's Tables 3 and 4 row by row, and the sums of their definition."""

import keras
import numpy as np
import pytest
from checks import assert_close, frames_of, predicted, randomise
from layouts import each_layout
from space_time_in_numpy import doubled, flat_weights, fused, pooled, refined, sigmoid, unet

from keras_vsr.models.fusion import fuse, fusion_network, refinement_network
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import Recipe

pytestmark = pytest.mark.backend

SMALL = {"filters": 2}

# Table 3 as printed: input channels, output channels, kernel size, activation.
TABLE_3 = {
    "conv1_1": (3, 32, 7, "-"),
    "conv1_2": (32, 32, 7, "-"),
    "conv2_1": (32, 64, 5, "Leaky ReLU"),
    "conv2_2": (64, 64, 5, "Leaky ReLU"),
    "conv3_1": (64, 128, 3, "Leaky ReLU"),
    "conv3_2": (128, 128, 3, "Leaky ReLU"),
    "conv4_1": (128, 256, 3, "Leaky ReLU"),
    "conv4_2": (256, 256, 3, "Leaky ReLU"),
    "conv5_1": (256, 512, 3, "Leaky ReLU"),
    "conv5_2": (512, 512, 3, "Leaky ReLU"),
    "conv6_1": (512, 512, 3, "Leaky ReLU"),
    "conv6_2": (512, 512, 3, "Leaky ReLU"),
    "conv7_1": (512, 512, 3, "Leaky ReLU"),
    "conv7_2": (512 + 512, 512, 3, "Leaky ReLU"),
    "conv8_1": (512, 256, 3, "Leaky ReLU"),
    "conv8_2": (256 + 256, 256, 3, "Leaky ReLU"),
    "conv9_1": (256, 128, 3, "Leaky ReLU"),
    "conv9_2": (128 + 128, 128, 3, "Leaky ReLU"),
    "conv10_1": (128, 64, 3, "Leaky ReLU"),
    "conv10_2": (64 + 64, 64, 3, "Leaky ReLU"),
    "conv11_1": (64, 32, 3, "Leaky ReLU"),
    "conv11_2": (32 + 32, 32, 3, "Leaky ReLU"),
    "conv12_1": (32, 3, 3, "Sigmoid"),
}

# Table 4.
TABLE_4 = {
    "conv1_1": (3, 128, 7, "ReLU"),
    "conv2_1": (128, 128, 3, "ReLU"),
    "conv2_2": (128, 128, 3, "ReLU"),
    "conv3_1": (128, 128, 3, "ReLU"),
    "conv3_2": (128, 128, 3, "ReLU"),
    "conv4_1": (128, 128, 3, "ReLU"),
    "conv4_2": (128, 128, 3, "ReLU"),
    "conv5_1": (128, 3, 3, "-"),
}


# Of a convolution; a leaky ReLU is a layer of its own behind it.
ACTIVATIONS = {"-": "linear", "Leaky ReLU": "linear", "ReLU": "relu", "Sigmoid": "sigmoid"}


def convolutions(model):
    return {
        layer.name.split("_", 1)[1]: layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
    }


def assert_rows(model, table):
    layers = convolutions(model)
    assert list(layers) == list(table)
    leaky = []
    for name, (given, made, kernel, activation) in table.items():
        assert layers[name].kernel.shape == (kernel, kernel, given, made), name
        assert layers[name].count_params() == kernel * kernel * given * made + made, name
        assert layers[name].activation is keras.activations.get(ACTIVATIONS[activation]), name
        if activation == "Leaky ReLU":
            leaky.append(name.replace("conv", "leaky"))
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert [layer.name.split("_", 1)[1] for layer in found] == leaky
    assert all(layer.negative_slope == pytest.approx(0.1) for layer in found)


def with_ends(table, given, made):
    first, *_, last = table
    return table | {
        first: (given, *table[first][1:]),
        last: (table[last][0], made, *table[last][2:]),
    }


def test_table_3_as_printed():
    model = fusion_network(as_printed=True)
    assert_rows(model, TABLE_3)
    assert model.count_params() == 19_789_123
    assert model.input_shape[-1] == model.output_shape[-1] == 3


@pytest.mark.parametrize(("channels", "total"), [(1, 19_787_266), (3, 19_793_538)])
def test_table_3_with_two_frames_and_two_masks(channels, total):
    model = fusion_network(channels=channels)
    assert_rows(model, with_ends(TABLE_3, 2 * channels, 2))
    assert model.count_params() == total


def test_the_text_has_an_activation_after_the_first_layers_too():
    model = fusion_network(linear_layers=0, **SMALL)
    leaky = [layer for layer in model.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert len(leaky) == len(TABLE_3) - 1


@pytest.mark.parametrize(("channels", "total"), [(1, 893_057), (3, 907_907)])
def test_table_4(channels, total):
    model = refinement_network(channels=channels)
    assert_rows(model, with_ends(TABLE_4, channels, channels))
    assert model.count_params() == total


def test_the_loops_of_these_tests():
    # Enlarging a ramp bilinearly gives a ramp but at its ends, and pooling takes it back.
    ramp = np.arange(6.0).reshape(1, 1, 6, 1)
    np.testing.assert_allclose(
        doubled(ramp)[0, 0, :, 0], np.clip(np.arange(12) / 2 - 0.25, 0, 5), rtol=1e-12
    )
    image = frames_of((1, 4, 4, 1)).astype(float)
    assert pooled(image)[0, 1, 0, 0] == pytest.approx(image[0, 2:, :2, 0].mean())


@each_layout
@pytest.mark.parametrize(("size", "linear_layers"), [((32, 64), 2), ((33, 20), 2), ((5, 32), 0)])
def test_forward_of_f(size, linear_layers, data_format):
    model = randomise(fusion_network(linear_layers=linear_layers, data_format=data_format, **SMALL))
    both = frames_of((2, *size, 2))
    masks = sigmoid(unet(both, flat_weights(model), "fusion", linear_layers))
    assert np.ptp(masks) > 0.01
    made = predicted(model, both)
    assert_close(made, masks)
    one, other = both[..., :1], both[..., 1:]
    truth = fused(one, other, flat_weights(model), "fusion", linear_layers)
    assert_close(fuse(made, one, other), truth)


@each_layout
@pytest.mark.parametrize("channels", [1, 3])
def test_forward_of_r(channels, data_format):
    model = randomise(refinement_network(channels=channels, filters=4, data_format=data_format))
    frame = frames_of((2, 9, 11, channels))
    assert_close(predicted(model, frame), refined(frame, flat_weights(model), "refinement"))


def test_residual_networks_start_where_nothing_is_changed():
    both = frames_of((1, 9, 10, 2))
    masks = predicted(fusion_network(residual=True, **SMALL), both)
    np.testing.assert_array_equal(masks, np.full((1, 9, 10, 2), 0.5))
    frame = both[..., :1]
    made = predicted(refinement_network(residual=True, filters=4), frame)
    np.testing.assert_array_equal(made, frame)


@pytest.mark.parametrize(("build", "channels"), [(fusion_network, 2), (refinement_network, 1)])
def test_every_weight_learns(build, channels):
    model = randomise(build(filters=4))
    # Without Adam's epsilon, beside which the gradients of the deepest levels are small.
    recipe = Recipe(
        learning_rate=1e-3, batch_size=2, epochs=1, patience=None, epsilon=1e-20, source="this test"
    )
    compile_model(model, recipe)
    before = model.get_weights()
    # The last level of F has 2x2 pixels; with a single one, only the middle of its kernels learns.
    frames = frames_of((2, 33, 40, channels))
    assert np.isfinite(model.train_on_batch(frames, frames_of(frames.shape, seed=9)))
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        moved = np.mean(np.abs(new - old) > 0.2 * recipe.learning_rate)
        assert moved > 0.3, f"{moved:.0%} of {variable.path} moved"


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("build", "channels"), [(fusion_network, 2), (refinement_network, 1)])
def test_saved_and_loaded_it_is_the_same(build, channels, residual, tmp_path):
    model = randomise(build(residual=residual, **SMALL))
    frames = frames_of((1, 33, 20, channels))
    truth = predicted(model, frames)
    assert np.ptp(truth) > 0
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(predicted(loaded, frames), truth)
    model.save_weights(tmp_path / "network.weights.h5")
    fresh = build(residual=residual, **SMALL)
    fresh.load_weights(tmp_path / "network.weights.h5")
    np.testing.assert_array_equal(predicted(fresh, frames), truth)
