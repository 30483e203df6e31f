"""3DSRnet of 2019: printed parameter counts, kernels as laid, and the sums of its definition."""

import pytest
from checks import assert_close, correlate, frames_of, predicted, randomise, relu, weights_of

from keras_vsr.models import build

pytestmark = pytest.mark.backend

# (depth, height, width): the text's "5x5x3" and "1x1x3" as meant, and as the programs had them.
KERNELS = {"as_described": ((3, 5, 5), (3, 1, 1)), "as_run": ((5, 5, 3), (1, 1, 3))}


@pytest.mark.parametrize("order", KERNELS)
@pytest.mark.parametrize(("last_kernel", "parameters"), [(3, 63_129), (5, 63_641)])
def test_parameters(order, last_kernel, parameters):
    model = build("srnet3d", last_kernel=last_kernel, order=order)
    assert model.count_params() == parameters
    wide, thin = KERNELS[order]
    assert model.get_layer("srnet3d_extract").kernel.shape == (*wide, 1, 32)
    assert model.get_layer("srnet3d_shrink").kernel.shape == (*thin, 32, 8)
    assert model.get_layer("srnet3d_expand").kernel.shape == (*thin, 8, 32)


@pytest.mark.parametrize(
    ("order", "last_kernel", "residual", "activation"),
    [
        ("as_described", 3, False, "relu"),
        ("as_described", 5, True, "relu"),
        ("as_run", 3, True, "relu"),
        ("as_run", 5, False, "linear"),
    ],
)
def test_forward(order, last_kernel, residual, activation):
    model = randomise(
        build(
            "srnet3d",
            filters=5,
            mapping_filters=3,
            last_kernel=last_kernel,
            order=order,
            activation=activation,
            residual=residual,
        )
    )
    window = frames_of((2, 5, 9, 10, 1))
    w, act = weights_of(model), relu if activation == "relu" else lambda x: x
    x = window
    for name in ("extract", "shrink", "map1", "map2", "expand"):
        x = act(correlate(x, *w[f"srnet3d_{name}"]))
    for name in ("collapse1", "collapse2"):
        x = act(correlate(x, *w[f"srnet3d_{name}"], "valid"))
    assert x.shape[:4] == (2, 1, 5, 6)
    x = correlate(x[:, 0], *w["srnet3d_reconstruct"])
    if residual:
        x = x + window[:, 2, 2:-2, 2:-2]
    assert_close(predicted(model, window), x)


def test_unknown_order():
    with pytest.raises(ValueError, match="'backwards'"):
        build("srnet3d", order="backwards")
