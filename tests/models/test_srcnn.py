"""SRCNN: printed parameter counts, and the sums of its definition."""

import pytest
from checks import assert_close, correlate, frames_of, predicted, randomise, relu, weights_of

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(("middle", "parameters"), [(1, 8_129), (3, 24_513), (5, 57_281)])
def test_parameters(middle, parameters):
    model = build("srcnn", kernels=(9, middle, 5))
    assert model.count_params() == parameters
    assert model.output_shape == (None, None, None, 1)


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
