"""The first 3D networks of 2019: parameter counts of their checkpoints, sums by definition."""

import pytest
from checks import assert_close, correlate, frames_of, predicted, randomise, relu, weights_of

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("name", "arguments", "parameters"),
    [
        ("srnet3d_early", {}, 111_905),
        ("srnet3d_early", {"same_layers": 5}, 167_265),
        ("srnet3d_early_deep", {}, 167_265),
    ],
)
def test_parameters(name, arguments, parameters):
    assert build(name, **arguments).count_params() == parameters


@pytest.mark.parametrize(
    ("same_layers", "residual", "activation", "output_activation"),
    [
        (3, False, "relu", "relu"),
        (1, False, "relu", "linear"),
        (2, False, "linear", "relu"),
        (2, True, "relu", "relu"),  # the last one is not applied
    ],
)
def test_forward(same_layers, residual, activation, output_activation):
    model = randomise(
        build(
            "srnet3d_early",
            same_layers=same_layers,
            filters=4,
            activation=activation,
            output_activation=output_activation,
            residual=residual,
        ),
        seed=1,  # gives outputs of both signs before the last ReLU
    )
    window = frames_of((2, 5, 9, 10, 1)) - 0.3
    w, act = weights_of(model), relu if activation == "relu" else lambda x: x
    x = window
    for layer in range(1, same_layers + 1):
        x = act(correlate(x, *w[f"srnet3d_early_same{layer}"]))
    for layer in (1, 2):
        x = act(correlate(x, *w[f"srnet3d_early_collapse{layer}"], "valid"))
    assert x.shape == (2, 1, 5, 6, 4)
    x = correlate(x[:, 0], *w["srnet3d_early_reconstruct"])
    if residual:
        x = x + window[:, 2, 2:-2, 2:-2]
    elif output_activation == "relu":
        assert x.min() < 0 < x.max()
        x = relu(x)
    assert_close(predicted(model, window), x)
