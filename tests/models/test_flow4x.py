"""Four times larger with flow: parameter counts, and the sums of its definition."""

import keras
import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    predicted,
    randomise,
    recursive,
    relu,
    transposed,
    weights_of,
)

from keras_vsr.models.flow import flow_network
from keras_vsr.models.flow4x import flow4x
from keras_vsr.models.fsrcnn_2019 import fsrcnn_2019
from keras_vsr.training.fit import compile_model
from keras_vsr.training.precision import precision
from keras_vsr.training.recipe import Recipe
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend

SMALL = {
    "filters": 4,
    "stem_filters": 6,
    "upscale_filters": 4,
    "filters_3d": 4,
    "wide_filters_3d": 6,
    "recursions_2d": 2,
    "recursions_3d": 2,
}
FIRST_BLOCK = (3, 2, 1, 2, 3)
# Of LR frames; doubled, no multiple of the flow network's 8. Nowhere inside is a map as wide as its
# layer has filters: Keras on TensorFlow adds a bias along the columns where it fits there, in
# channels-first layout, which is not TensorFlow's default here.
SIZE = (5, 7)


def small(*, residual=False, data_format=None, **arguments):
    shared = {"data_format": data_format}
    return flow4x(
        two_d=fsrcnn_2019(
            filters=6, mapping_filters=4, upscale_filters=4, residual=residual, **shared
        ),
        flow=flow_network(levels=3, filters=(6, 5), kernel=3, **shared),
        residual=residual,
        **SMALL | arguments,
        **shared,
    )


def random_small(**arguments):
    """With random weights that move pixels by a few, not by the size of the frame."""
    model = randomise(small(**arguments))
    last = model.get_layer("flow").get_layer("flow_residual")
    last.set_weights([0.3 * value for value in last.get_weights()])
    return model


def test_parameters():
    model = flow4x()
    parts = {layer.name: layer.count_params() for layer in model.layers if hasattr(layer, "layers")}
    assert parts == {"fsrcnn_2019": 10_577, "flow": 11_642}
    # Delta's, with 3x3 taps from two more channels to the 16 filters of the stem.
    assert model.count_params() == 10_577 + 11_642 + 83_702 + 9 * 2 * 16 == 106_209


def test_the_networks_inside_can_be_given():
    two_d, flow = fsrcnn_2019(residual=True), flow_network(levels=2)
    model = flow4x(two_d=two_d, flow=flow)
    assert model.get_layer("fsrcnn_2019") is two_d
    assert model.get_layer("flow") is flow


def test_the_range_goes_to_the_flow_network():
    scale = flow4x(data_range=(0.0, 255.0)).get_layer("flow").get_layer("rescale").scale
    assert scale == pytest.approx(4 / 255)


def flow4x_in_numpy(model, window, first_block, recursions):
    """Frame by frame; the two networks inside, which have tests of their own, as they are."""
    w = weights_of(model)
    two_d, flow = model.get_layer("fsrcnn_2019"), model.get_layer("flow")
    frames = [predicted(two_d, window[:, frame]) for frame in range(5)]
    flows = [predicted(flow, [frames[t], frames[t + 1]]) for t in range(4)]
    flows.append(np.zeros_like(flows[0]))
    assert 0.3 < np.ptp(flows) < 50
    maps = []
    for frame, motion, first in zip(frames, flows, first_block, strict=True):
        x = relu(correlate(np.concatenate([frame, motion], axis=-1), *w["stem"]))
        x = relu(correlate(x, *w["shrink"]))
        for block in range(first, 3):
            for pair in (1, 2):
                layers = [w[f"block{block}_pair{pair}_{i}"] for i in (1, 2)]
                x = recursive(x, layers, recursions)
        x = relu(correlate(x, *w["block3_expand"]))
        x = relu(transposed(x, *w["block3_upscale"], 2))
        maps.append(correlate(x, *w["block3_map"]))
    x = np.stack(maps, axis=1)
    x = relu(correlate(x, *w["volume_extract"]))
    x = relu(correlate(x, *w["volume_shrink"]))
    x = recursive(x, [w["volume_map1"], w["volume_map2"]], recursions)
    x = relu(correlate(x, *w["volume_expand"]))
    x = relu(correlate(x, *w["volume_collapse1"], "valid"))
    x = relu(correlate(x, *w["volume_collapse2"], "valid"))
    return correlate(x[:, 0], *w["volume_reconstruct"])


@pytest.mark.parametrize(
    ("residual", "first_block"),
    [(False, FIRST_BLOCK), (True, FIRST_BLOCK), (True, (1, 2, 3, 1, 3))],
)
def test_forward(residual, first_block):
    model = random_small(residual=residual, first_block=first_block)
    window = frames_of((2, 5, *SIZE, 1))
    truth = flow4x_in_numpy(model, window, first_block, 2)
    if residual:
        truth += enlarged(window[:, 2], 4)[:, 2:-2, 2:-2]
    assert truth.shape == (2, 4 * SIZE[0] - 4, 4 * SIZE[1] - 4, 1)
    assert_close(predicted(model, window), truth)


def test_a_residual_network_starts_at_bicubic():
    model = small(residual=True)
    initialise(model, seed=3)
    window = frames_of((2, 5, *SIZE, 1))
    truth = enlarged(window[:, 2], 4)[:, 2:-2, 2:-2]
    np.testing.assert_allclose(predicted(model, window), truth, rtol=0, atol=1e-6)


def test_a_plain_network_does_not():
    model = small()
    initialise(model, seed=3)
    window = frames_of((2, 5, *SIZE, 1))
    assert np.abs(predicted(model, window) - enlarged(window[:, 2], 4)[:, 2:-2, 2:-2]).max() > 0.1


@pytest.mark.parametrize("residual", [False, True])
def test_every_weight_learns(residual):
    model = random_small(residual=residual)
    recipe = Recipe(learning_rate=1e-3, batch_size=2, epochs=1, patience=None, source="this test")
    compile_model(model, recipe)
    before = model.get_weights()
    window = frames_of((2, 5, *SIZE, 1))
    truth = frames_of((2, 4 * SIZE[0] - 4, 4 * SIZE[1] - 4, 1), seed=9)
    assert np.isfinite(model.train_on_batch(window, truth))
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        moved = np.mean(np.abs(new - old) > 0.2 * recipe.learning_rate)
        assert moved > 0.3, f"{moved:.0%} of {variable.path} moved"


def test_saved_and_loaded_it_is_the_same(tmp_path):
    model, window = random_small(residual=True), frames_of((2, 5, *SIZE, 1))
    truth = predicted(model, window)
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(predicted(loaded, window), truth)
    model.save_weights(tmp_path / "network.weights.h5")
    fresh = small(residual=True)
    fresh.load_weights(tmp_path / "network.weights.h5")
    np.testing.assert_array_equal(predicted(fresh, window), truth)


def test_both_layouts_inside_give_the_same():
    window = frames_of((2, 5, *SIZE, 1))
    last, first = (
        predicted(random_small(residual=True, data_format=data_format), window)
        for data_format in ("channels_last", "channels_first")
    )
    assert_close(first, last)


def test_half_precision_does_not_round_bicubic_frames():
    with precision("mixed_float16"):
        model = small(residual=True)
    initialise(model, seed=3)
    window = frames_of((2, 5, *SIZE, 1))
    truth = enlarged(window[:, 2], 4)[:, 2:-2, 2:-2]
    np.testing.assert_allclose(predicted(model, window), truth, rtol=0, atol=1e-6)
    assert model.outputs[0].dtype == "float32"


def test_first_blocks_that_are_none():
    with pytest.raises(ValueError, match="five numbers from 1 to 3"):
        flow4x(first_block=(3, 2, 1))
