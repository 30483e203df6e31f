"""SRCNN: printed parameter counts, and the sums of its definition."""

import pytest
from checks import (
    assert_close,
    correlate,
    frames_of,
    predicted,
    prelu,
    randomise,
    relu,
    weights_of,
)

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(("middle", "parameters"), [(1, 8_129), (3, 24_513), (5, 57_281)])
def test_parameters(middle, parameters):
    model = build("srcnn", kernels=(9, middle, 5))
    assert model.count_params() == parameters
    assert model.output_shape == (None, None, None, 1)


def test_parameters_of_the_one_with_five_layers():
    model = build("srcnn", middle_layers=3)
    assert model.count_params() == 10_241
    named = [layer.name for layer in model.layers if layer.count_params()]
    assert named == [f"srcnn_{name}" for name in ("extract", "map", "map2", "map3", "reconstruct")]


@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.parametrize("residual", [False, True])
def test_forward(activation, residual):
    model = randomise(
        build("srcnn", filters=(5, 4), kernels=(7, 3, 5), activation=activation, residual=residual)
    )
    frames = frames_of((2, 9, 12, 1)) - 0.3  # of both signs, so that ReLUs do something
    w, act = weights_of(model), relu if activation == "relu" else lambda x: x
    x = act(correlate(frames, *w["srcnn_extract"]))
    x = correlate(act(correlate(x, *w["srcnn_map"])), *w["srcnn_reconstruct"])
    assert_close(predicted(model, frames), x + frames if residual else x)


@pytest.mark.parametrize(
    ("border", "padding", "output_activation"),
    [("zeros", "same", "relu"), ("replicate", "replicate", "linear")],
)
def test_forward_with_all_that_the_variants_have(border, padding, output_activation):
    model = randomise(
        build(
            "srcnn",
            filters=(5, 4),
            kernels=(7, 3, 5),
            middle_layers=2,
            activation="prelu",
            output_activation=output_activation,
            border=border,
        )
    )
    frames = frames_of((2, 9, 12, 1)) - 0.3
    w, x = weights_of(model), frames
    for name in ("srcnn_extract", "srcnn_map", "srcnn_map2"):
        x = prelu(correlate(x, *w[name], padding), *w[f"{name}_prelu"])
    assert w["srcnn_extract_prelu"][0].shape == (5,)
    x = correlate(x, *w["srcnn_reconstruct"], padding)
    assert x.min() < 0 < x.max()
    assert_close(predicted(model, frames), relu(x) if output_activation == "relu" else x)


def test_corrections_keep_their_sign():
    model = randomise(build("srcnn", filters=(5, 4), output_activation="relu", residual=True))
    frames = frames_of((1, 9, 12, 1))
    assert (predicted(model, frames) < frames).any()


def test_borders_that_are_none():
    with pytest.raises(ValueError, match="border must be one of zeros, replicate; got 'mirror'"):
        build("srcnn", border="mirror")
    with pytest.raises(
        ValueError, match="kernel must be odd where the border is replicated; got 4"
    ):
        build("srcnn", kernels=(9, 4, 5), border="replicate")
