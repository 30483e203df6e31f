"""First weights: the distributions by their formulas, and what they do not depend on."""

import keras
import numpy as np
import pytest
from checks import weights_of

from keras_vsr.errors import InputError
from keras_vsr.models import build
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend


def weights(model, seed=0, scheme="glorot_uniform"):
    initialise(model, seed, scheme)
    return weights_of(model)


def assert_fills(values, limit):
    """Uniform in -limit..limit: none beyond, the outermost near the limits, the mean near 0."""
    assert np.abs(values).max() <= limit * (1 + 1e-6)
    assert np.abs(values).max() > 0.98 * limit
    assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
    assert abs(values.mean()) < 4 * limit / np.sqrt(3 * values.size)


def test_glorot_uniform_by_hand():
    w = weights(build("srcnn"))
    # sqrt(6 / (fan in + fan out)); fans are taps times channels in and out.
    assert_fills(w["srcnn_extract"][0], np.sqrt(6 / (81 * 1 + 81 * 64)))
    assert_fills(w["srcnn_map"][0], np.sqrt(6 / (64 + 32)))
    assert_fills(w["srcnn_reconstruct"][0], np.sqrt(6 / (25 * 32 + 25 * 1)))
    assert not any(bias.any() for _, bias in w.values())


def test_glorot_uniform_in_3d_and_transposed():
    assert_fills(weights(build("srnet3d"))["srnet3d_extract"][0], np.sqrt(6 / (75 * 1 + 75 * 32)))
    # Stored (height, width, out, in), but the sum of both fans is the same.
    assert_fills(
        weights(build("fsrcnn_2019"))["fsrcnn_2019_upscale"][0], np.sqrt(6 / (16 * 16 + 16 * 32))
    )


def test_glorot_uniform_is_that_of_keras():
    layer = keras.layers.Conv2D(32, 5)
    layer.build((None, 8, 8, 24))
    assert_fills(layer.get_weights()[0], np.sqrt(6 / (25 * 24 + 25 * 32)))


def test_torch_default_by_hand():
    # PyTorch: kaiming_uniform with a = sqrt(5) is 1 / sqrt(fan in), for biases too.
    w = weights(build("srcnn"), scheme="torch_default")
    assert_fills(w["srcnn_extract"][0], 1 / np.sqrt(81))
    assert_fills(w["srcnn_map"][0], 1 / np.sqrt(64))
    assert 0.5 / 9 < np.abs(w["srcnn_extract"][1]).max() <= 1 / 9
    assert 0.5 / 8 < np.abs(w["srcnn_map"][1]).max() <= 1 / 8


@pytest.mark.parametrize("scheme", ["glorot_uniform", "torch_default"])
def test_a_last_layer_that_starts_at_zero_stays_there(scheme):
    plain = weights(build("srcnn"), scheme=scheme)
    residual = weights(build("srcnn", residual=True), scheme=scheme)
    assert not residual["srcnn_reconstruct"][0].any()
    assert not residual["srcnn_reconstruct"][1].any()
    for name in ("srcnn_extract", "srcnn_map"):
        np.testing.assert_array_equal(plain[name][0], residual[name][0])


def test_a_function_of_the_seed():
    one, same, other = (weights(build("fsrcnn_2019"), seed) for seed in (7, 7, 8))
    for name in one:
        np.testing.assert_array_equal(one[name][0], same[name][0])
        assert (one[name][0] != other[name][0]).all()


def test_layers_do_not_depend_on_other_layers():
    # With and without the recursive blocks of three more frames.
    few = weights(build("parallel5", recursions_2d=1, recursions_3d=1))
    all_five = weights(
        build("parallel5", recursions_2d=1, recursions_3d=1, recursive_frames=(1, 2, 3, 4, 5))
    )
    assert len(all_five) == len(few) + 6
    for name, (kernel, _) in few.items():
        np.testing.assert_array_equal(kernel, all_five[name][0])


def test_layers_alike_differ():
    w = weights(build("parallel5", recursions_2d=1, recursions_3d=1))
    stems = [w[f"frame{number}_stem"][0] for number in range(1, 6)]
    for index, stem in enumerate(stems):
        assert all((stem != other).all() for other in stems[:index])


def test_a_value_that_stays_the_same():
    # The first numbers of NumPy's generator, seeded with the run's seed and the layer's name; a
    # change would make runs of two versions incomparable.
    w = weights(build("srcnn"), seed=0)
    generator = np.random.default_rng([0, 0x7DB2D8A5])  # CRC-32 of "srcnn_extract"
    limit = np.sqrt(6 / (81 + 81 * 64))
    expected = generator.uniform(-limit, limit, (9, 9, 1, 64)).astype(np.float32)
    np.testing.assert_array_equal(w["srcnn_extract"][0], expected)


def test_schemes_that_are_none():
    with pytest.raises(InputError, match="'he'; there are glorot_uniform, torch_default"):
        initialise(build("srcnn"), 0, "he")
