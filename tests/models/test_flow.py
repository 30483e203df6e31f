"""The flow network: its parameter count, the sums of its definition, sizes, saving, learning."""

import keras
import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    predicted,
    prelu,
    randomise,
    weights_of,
)
from scipy.ndimage import map_coordinates

from keras_vsr.models.flow import flow_network, flows_of_levels
from keras_vsr.training.fit import compile_model
from keras_vsr.training.precision import precision
from keras_vsr.training.recipe import Recipe
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend

SMALL = {"filters": (6, 4), "kernel": 3, "levels": 3}
SLOPE = 0.2  # of Keras's leaky ReLU


def pair_of(height, width, seed=0):
    frames = frames_of((2, 2, height, width, 1), seed)
    return [frames[0], frames[1]]


def small(seed=0, **arguments):
    """With random weights that move pixels by a few, not by the size of the frame."""
    model = randomise(flow_network(**SMALL | arguments), seed)
    model.get_layer("flow_residual").set_weights(
        [0.3 * value for value in model.get_layer("flow_residual").get_weights()]
    )
    return model


@pytest.mark.parametrize("levels", [1, 4])
def test_parameters(levels):
    # 5x5 taps from 4 channels to 16, 16, 8 and 2, and their biases.
    by_hand = 25 * (4 * 16 + 16 * 16 + 16 * 8 + 8 * 2) + 16 + 16 + 8 + 2
    assert by_hand == 11_642
    assert flow_network(levels=levels).count_params() == by_hand


def flow_in_numpy(first, second, w, *, levels, convolutions, low=0.0, high=1.0):
    """From the coarsest level to the finest, in float64."""
    height, width = first.shape[1:3]
    multiple = 2**levels
    more = ((0, 0), (0, -height % multiple), (0, -width % multiple), (0, 0))
    pyramid = []
    for frame in (first, second):
        x = 4 * (np.pad(frame.astype(np.float64), more, mode="edge") - low) / (high - low) - 2
        sizes = [x]
        for _ in range(levels - 1):
            x = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
            sizes.insert(0, x)
        pyramid.append(sizes)
    flow = np.zeros((*pyramid[0][0].shape[:3], 2))
    for level, (one, other) in enumerate(zip(*pyramid, strict=True)):
        warped = other
        if level:
            flow = 2 * np.concatenate([enlarged(flow[..., axis : axis + 1]) for axis in (0, 1)], -1)
            rows, columns = np.indices(one.shape[1:3])
            warped = np.stack(
                [
                    map_coordinates(
                        frame[..., 0], [rows + f[..., 1], columns + f[..., 0]], order=1,
                        mode="nearest",
                    )[..., None]
                    for frame, f in zip(other, flow, strict=True)
                ]
            )  # fmt: skip
        x = np.concatenate([one, warped, flow], axis=-1)
        for position in range(1, convolutions + 1):
            x = prelu(correlate(x, *w[f"flow_conv{position}"]), SLOPE)
        flow = flow + correlate(x, *w["flow_residual"])
    return flow[:, :height, :width]


@pytest.mark.parametrize(
    ("size", "arguments"),
    [
        ((8, 12), {}),
        ((7, 9), {}),  # no multiples of 8
        ((5, 6), {"levels": 1}),
        ((9, 6), {"levels": 2, "data_range": (16.0, 235.0)}),
    ],
)
def test_forward(size, arguments):
    model = small(**arguments)
    low, high = arguments.get("data_range", (0.0, 1.0))
    pair = [low + (high - low) * frame for frame in pair_of(*size)]
    truth = flow_in_numpy(
        *pair,
        weights_of(model),
        levels=arguments.get("levels", 3),
        convolutions=2,
        low=low,
        high=high,
    )
    assert truth.shape == (2, *size, 2)
    assert 0.5 < np.ptp(truth) < 20  # so that warping has something to do
    assert_close(predicted(model, pair), truth)


def test_it_starts_at_no_motion():
    model = flow_network(**SMALL)
    initialise(model, seed=3)
    np.testing.assert_array_equal(predicted(model, pair_of(7, 9)), np.zeros((2, 7, 9, 2)))


def test_flows_of_levels():
    model = small()
    flows = keras.Model(model.inputs, flows_of_levels(model))
    pair = pair_of(8, 16)
    made = [keras.ops.convert_to_numpy(flow) for flow in flows(pair)]
    assert [flow.shape for flow in made] == [(2, 2, 4, 2), (2, 4, 8, 2), (2, 8, 16, 2)]
    np.testing.assert_array_equal(made[-1], predicted(model, pair))


def test_weights_serve_any_number_of_levels():
    model, deeper = small(), flow_network(**SMALL | {"levels": 4})
    deeper.set_weights(model.get_weights())
    pair = pair_of(9, 7)
    truth = flow_in_numpy(*pair, weights_of(model), levels=4, convolutions=2)
    assert_close(predicted(deeper, pair), truth)


def test_a_frame_of_one_pixel():
    assert predicted(flow_network(), pair_of(1, 1)).shape == (2, 1, 1, 2)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    model, pair = small(), pair_of(7, 9)
    truth = predicted(model, pair)
    model.save(tmp_path / "flow.keras")
    loaded = keras.models.load_model(tmp_path / "flow.keras")
    np.testing.assert_array_equal(predicted(loaded, pair), truth)
    model.save_weights(tmp_path / "flow.weights.h5")
    fresh = flow_network(**SMALL)
    fresh.load_weights(tmp_path / "flow.weights.h5")
    np.testing.assert_array_equal(predicted(fresh, pair), truth)


def test_both_layouts_inside_give_the_same():
    pair = pair_of(7, 9)
    # No level is as wide as a layer has filters: Keras on TensorFlow adds a bias along the columns
    # where it fits there, in channels-first layout, which is not TensorFlow's default here.
    last, first = (
        predicted(small(filters=(6, 5), data_format=data_format), pair)
        for data_format in ("channels_last", "channels_first")
    )
    assert_close(first, last)


def test_every_weight_learns():
    model = small()
    recipe = Recipe(learning_rate=1e-3, batch_size=2, epochs=1, patience=None, source="this test")
    compile_model(model, recipe)
    before = model.get_weights()
    model.train_on_batch(pair_of(7, 9), frames_of((2, 7, 9, 2), seed=9))
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        moved = np.mean(np.abs(new - old) > 0.2 * recipe.learning_rate)
        assert moved > 0.9, f"{moved:.0%} of {variable.path} moved"


def test_motion_is_in_single_precision_where_layers_compute_in_half():
    with precision("mixed_float16"):
        model = flow_network(**SMALL)
    assert model.outputs[0].dtype == "float32"
    assert {layer.compute_dtype for layer in model.layers if layer.count_params()} == {"float16"}
    assert model.get_layer("flow3").compute_dtype == "float32"


@pytest.mark.parametrize("levels", [0, 1.5, None])
def test_levels_that_are_none(levels):
    with pytest.raises(ValueError, match="levels must be a whole number"):
        flow_network(levels=levels)


def test_a_range_that_is_none():
    with pytest.raises(ValueError, match="data_range must be"):
        flow_network(data_range=(1.0, 1.0))
