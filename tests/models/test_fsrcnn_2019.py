"""FSRCNN of 2019, as its table and as its text have it: parameter counts, sums by definition."""

import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    predicted,
    prelu,
    randomise,
    relu,
    transposed,
    weights_of,
)

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("residual", [False, True])
def test_parameters(residual):
    assert build("fsrcnn_2019", residual=residual).count_params() == 10_577


def fsrcnn_in_numpy(frames, w, scale, residual, act=relu):
    """32x5x5, 8x1x1, 8x3x3, 32x1x1, transposed 16x4x4, 1x5x5."""
    x = frames
    for name in ("extract", "shrink", "map", "expand"):
        x = act(correlate(x, *w[f"fsrcnn_2019_{name}"]))
    x = act(transposed(x, *w["fsrcnn_2019_upscale"], scale))
    x = correlate(x, *w["fsrcnn_2019_reconstruct"])
    return x + enlarged(frames, scale) if residual else relu(x)


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("residual", [False, True])
def test_forward(scale, residual):
    sizes = {"filters": 6, "mapping_filters": 3, "upscale_filters": 4}
    model = randomise(build("fsrcnn_2019", **sizes, scale=scale, residual=residual))
    frames = frames_of((2, 6, 7, 1))
    made = predicted(model, frames)
    assert made.shape == (2, 6 * scale, 7 * scale, 1)
    assert made.max() > 0.05  # not what a dead last layer gives
    assert_close(made, fsrcnn_in_numpy(frames, weights_of(model), scale, residual))


def test_linear_layers_of_the_saved_networks():
    model = randomise(build("fsrcnn_2019", filters=4, activation="linear"))
    frames = frames_of((1, 5, 6, 1)) - 0.5
    truth = fsrcnn_in_numpy(frames, weights_of(model), 2, False, act=lambda x: x)
    assert_close(predicted(model, frames), truth)


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({"activation": "linear"}, 6_348),
        ({"activation": "linear", "mapping_filters": 8}, 6_897),
        ({}, 6_348 + 32 + 5 + 5 + 32 + 32),
    ],
)
def test_parameters_of_the_text(arguments, parameters):
    model = build("fsrcnn_2019_prelu", **arguments)
    assert model.count_params() == parameters
    assert model.get_layer("fsrcnn_2019_prelu_upscale").kernel.shape == (2, 2, 32, 32)


@pytest.mark.parametrize(
    ("activation", "residual", "output_activation"),
    [
        ("prelu", False, "relu"),
        ("linear", False, "relu"),
        ("linear", False, "linear"),
        ("prelu", True, "relu"),  # the last one is not applied
    ],
)
def test_forward_of_the_text(activation, residual, output_activation):
    """6x5x5, 3x1x1, 3x3x3, 6x1x1, transposed 4x2x2 in steps of 2, 1x5x5."""
    model = build(
        "fsrcnn_2019_prelu",
        filters=6,
        mapping_filters=3,
        upscale_filters=4,
        activation=activation,
        output_activation=output_activation,
        residual=residual,
    )
    frames = frames_of((2, 6, 7, 1)) - 0.3
    w = {
        name.removeprefix("fsrcnn_2019_prelu_"): v
        for name, v in weights_of(randomise(model)).items()
    }

    def act(x, name):
        return prelu(x, *w[f"{name}_prelu"]) if activation == "prelu" else x

    x = frames
    for name in ("extract", "shrink", "map", "expand"):
        x = act(correlate(x, *w[name]), name)
    x = act(transposed(x, *w["upscale"], 2), "upscale")
    x = correlate(x, *w["reconstruct"])
    if residual:
        x = x + enlarged(frames)
    elif output_activation == "relu":
        assert x.min() < 0 < x.max()
        x = relu(x)
    assert_close(predicted(model, frames), x)
