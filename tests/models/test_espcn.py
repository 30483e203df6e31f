"""ESPCN: its parameters, the sums of its definition, and where a residual one starts."""

import keras
import numpy as np
import pytest
from checks import assert_close, enlarged, frames_of, predicted, randomise
from space_time_in_numpy import espcn as espcn_in_numpy
from space_time_in_numpy import flat_weights

from keras_vsr.models.espcn import espcn

pytestmark = pytest.mark.backend

SMALL = {"filters": (5, 4, 3)}


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_parameters(scale, residual):
    maps = scale * scale
    by_hand = (
        (5 * 5 * 1 * 64 + 64)
        + (3 * 3 * 64 * 64 + 64)
        + (3 * 3 * 64 * 32 + 32)
        + (3 * 3 * 32 * maps + maps)
    )
    model = espcn(scale=scale, residual=residual)
    assert model.count_params() == by_hand
    assert scale != 2 or by_hand == 58_212


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("scale", "channels"), [(2, 1), (3, 1), (2, 3)])
def test_forward(scale, channels, residual, data_format):
    model = randomise(
        espcn(scale=scale, channels=channels, residual=residual, data_format=data_format, **SMALL)
    )
    frames = frames_of((2, 6, 7, channels))
    truth = espcn_in_numpy(frames, flat_weights(model), "espcn", scale, residual)
    assert truth.shape == (2, 6 * scale, 7 * scale, channels)
    assert_close(predicted(model, frames), truth)


def test_a_residual_network_starts_at_bicubic():
    frames = frames_of((1, 6, 7, 1))
    made = predicted(espcn(residual=True), frames)
    np.testing.assert_allclose(made, enlarged(frames), rtol=0, atol=1e-6)


def test_corrections_have_both_signs():
    # With a sigmoid behind the last layer they could not.
    model = espcn(residual=True, **SMALL)
    frames = frames_of((1, 6, 7, 1))
    for bias in (-0.25, 0.25):
        model.get_layer("espcn_conv4").bias.assign(np.full(4, bias))
        made = predicted(model, frames)
        np.testing.assert_allclose(made, enlarged(frames) + bias, rtol=0, atol=1e-6)


@pytest.mark.parametrize("residual", [False, True])
def test_saved_and_loaded_it_is_the_same(residual, tmp_path):
    model = randomise(espcn(residual=residual, channels=3, **SMALL))
    frames = frames_of((1, 6, 7, 3))
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(predicted(loaded, frames), predicted(model, frames))
