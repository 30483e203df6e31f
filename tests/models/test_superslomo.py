"""Super SloMo: its parameters, its equations, and what its two U-Nets make together."""

import keras
import numpy as np
import pytest
from checks import assert_close, frames_of, predicted, randomise
from layouts import each_layout
from space_time_in_numpy import flat_weights
from space_time_in_numpy import superslomo as superslomo_in_numpy

from keras_vsr.models.superslomo import guessed_flow, mixed, superslomo

pytestmark = pytest.mark.backend

SMALL = {"filters": 2}


def unet_by_hand(inputs, outputs):
    """Numbers in two 7x7, two 5x5 and 3x3 convolutions of 32 to 512 filters, and their biases."""
    rows = [(inputs, 32, 7), (32, 32, 7), (32, 64, 5), (64, 64, 5)]
    rows += [(64, 128, 3), (128, 128, 3), (128, 256, 3), (256, 256, 3)]
    rows += [(256, 512, 3), (512, 512, 3), (512, 512, 3), (512, 512, 3)]
    rows += [(512, 512, 3), (1024, 512, 3), (512, 256, 3), (512, 256, 3)]
    rows += [(256, 128, 3), (256, 128, 3), (128, 64, 3), (128, 64, 3), (64, 32, 3), (64, 32, 3)]
    rows += [(32, outputs, 3)]
    return sum(given * made * kernel**2 + made for given, made, kernel in rows)


@pytest.mark.parametrize(("channels", "total"), [(1, 39_591_657), (3, 39_610_473)])
def test_parameters(channels, total):
    # Two frames in, two flows out; then frames, warped frames and four flows in, two corrections
    # and visibility out.
    by_hand = unet_by_hand(2 * channels, 4) + unet_by_hand(4 * channels + 8, 5)
    assert by_hand == total
    assert superslomo(channels=channels).count_params() == total


@each_layout
@pytest.mark.parametrize(("time", "channels", "size"), [(0.5, 1, (9, 35)), (0.3, 3, (32, 7))])
def test_forward(time, channels, size, data_format):
    model = randomise(
        superslomo(time=time, channels=channels, data_format=data_format, **SMALL), seed=1
    )
    pair = frames_of((2, 2, *size, channels))
    truth = superslomo_in_numpy(pair, flat_weights(model), "superslomo", time)
    assert_close(predicted(model, pair), truth)
    # The frames are moved, not only mixed.
    mean = (1 - time) * pair[:, 0] + time * pair[:, 1]
    assert np.abs(truth - mean).max() > 0.1


def test_a_residual_network_starts_at_the_mean():
    pair = frames_of((1, 2, 9, 10, 1))
    for time in (0.5, 0.25):
        made = predicted(superslomo(time=time, residual=True, **SMALL), pair)
        truth = (1 - time) * pair[:, 0] + time * pair[:, 1]
        np.testing.assert_allclose(made, truth, rtol=0, atol=1e-6)


@pytest.mark.parametrize("time", [0.5, 0.2])
def test_what_moves_evenly_is_guessed_exactly(time):
    # All pixels go 4 to the right and 2 up; from `time` on, they have a part of the way to go.
    there = np.broadcast_to(np.float32([4, -2]), (1, 3, 3, 2))
    to_first, to_second = guessed_flow(there, -there, time)
    np.testing.assert_allclose(to_first, -time * there, rtol=1e-6)
    np.testing.assert_allclose(to_second, (1 - time) * there, rtol=1e-6)


def test_a_pixel_is_taken_from_where_it_is_visible():
    first, second = np.float32([[[[0.2]]]]), np.float32([[[[0.8]]]])
    for visible, truth in ((1.0, 0.2), (0.0, 0.8), (0.5, 0.75 * 0.2 + 0.25 * 0.8)):
        made = mixed(first, second, np.float32(visible), 0.25)
        assert made.item() == pytest.approx(truth, rel=1e-6)


def test_every_weight_learns():
    model = randomise(superslomo(**SMALL))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="mean_absolute_error",
        jit_compile=keras.backend.backend() == "jax",
    )
    before = model.get_weights()
    # The last level has 2x2 pixels; with a single one, only the middle of its kernels would learn.
    model.train_on_batch(frames_of((1, 2, 40, 50, 1)), frames_of((1, 40, 50, 1), seed=1))
    for variable, old, new in zip(model.weights, before, model.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        assert np.mean(np.abs(new - old) > 2e-4) > 0.3, variable.path


@pytest.mark.parametrize("residual", [False, True])
def test_saved_and_loaded_it_is_the_same(residual, tmp_path):
    # A time of its own, which must be in the file.
    model = randomise(superslomo(time=0.3, residual=residual, **SMALL))
    pair = frames_of((1, 2, 9, 10, 1))
    truth = predicted(model, pair)
    model.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(predicted(loaded, pair), truth)
    model.save_weights(tmp_path / "network.weights.h5")
    fresh = superslomo(time=0.3, residual=residual, **SMALL)
    fresh.load_weights(tmp_path / "network.weights.h5")
    np.testing.assert_array_equal(predicted(fresh, pair), truth)


@pytest.mark.parametrize("time", [0.0, 1.0, -0.5, 2])
def test_times_that_are_not_between(time):
    with pytest.raises(ValueError, match=f"time must lie between 0 and 1; got {time}"):
        superslomo(time=time, **SMALL)
