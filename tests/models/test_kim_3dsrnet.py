"""3DSRnet of 2018: parameter counts of its published files, and the sums of its definition."""

import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    pixel_shuffle,
    predicted,
    randomise,
    relu,
    weights_of,
)

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(("scale", "parameters"), [(2, 451_332), (3, 459_977), (4, 472_080)])
def test_parameters(scale, parameters):
    assert build("kim_3dsrnet", scale=scale).count_params() == parameters


@pytest.mark.parametrize(("scale", "residual"), [(2, True), (3, False), (4, True)])
def test_forward(scale, residual):
    model = randomise(build("kim_3dsrnet", scale=scale, filters=4, residual=residual))
    window = frames_of((2, 5, 5, 6, 1))
    w = weights_of(model)
    x = window
    for layer in (1, 2, 3, 4):
        x = relu(correlate(x, *w[f"kim_3dsrnet_conv{layer}"]))
    border = [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)]  # zeros around frames, none before or after
    x = relu(correlate(np.pad(x, border), *w["kim_3dsrnet_conv5"], "valid"))
    x = correlate(np.pad(x, border), *w["kim_3dsrnet_conv6"], "valid")
    assert x.shape == (2, 1, 5, 6, scale * scale)
    truth = pixel_shuffle(x[:, 0], scale)
    if residual:
        truth = truth + enlarged(window[:, 2], scale)
    assert_close(predicted(model, window), truth)


@pytest.mark.parametrize("scale", [2, 4])
def test_starts_at_bicubic(scale):
    window = frames_of((1, 5, 5, 6, 1))
    made = predicted(build("kim_3dsrnet", scale=scale, filters=4), window)
    np.testing.assert_allclose(made, enlarged(window[:, 2], scale), rtol=0, atol=1e-6)
