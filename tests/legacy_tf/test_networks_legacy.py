"""The plain TensorFlow networks: printed parameter counts, and sums over taps in NumPy."""

import numpy as np
import pytest
from checks import assert_close, correlate, frames_of, randomise, relu, transposed

from legacy_tf.errata import AS_RUN, Errata

LINEAR = Errata(e18=True)


@pytest.mark.parametrize(
    ("name", "arguments", "parameters"),
    [
        ("srcnn", {}, 8_129),
        ("srcnn", {"middle_layers": 3}, 10_241),
        ("srcnn", {"kernels": (9, 3, 5)}, 24_513),
        ("srcnn", {"kernels": (9, 5, 5)}, 57_281),
        ("fsrcnn_2019", {}, 10_577),
        ("fsrcnn_2019_prelu", {}, 6_454),  # 6,348, and 32 + 5 + 5 + 32 + 32 slopes
        ("fsrcnn_2019_prelu", {"errata": LINEAR}, 6_348),
        ("fsrcnn_2019_prelu", {"errata": LINEAR, "mapping_filters": 8}, 6_897),
        ("srnet3d", {}, 63_129),
        ("srnet3d", {"last_kernel": 5}, 63_641),
        ("srnet3d", {"last_kernel": 5, "errata": AS_RUN}, 63_641),
        ("srnet3d_early", {}, 111_905),
        ("srnet3d_early", {"same_layers": 5}, 167_265),
    ],
)
def test_parameters(networks, name, arguments, parameters):
    network = getattr(networks, name)(**arguments)
    assert network.count_params() == parameters
    assert {variable.dtype.name for variable in network.variables} == {"float32"}


def in_layers(network, each):
    """The weights, so many to each layer, in float64."""
    values = iter(network.get_weights())
    return [[next(values).astype(np.float64) for _ in range(count)] for count in each]


def prelu(x, slopes):
    return np.where(x > 0, x, slopes * x)


@pytest.mark.parametrize("output", ["linear", "relu"])
def test_srcnn(networks, output):
    network = randomise(
        networks.srcnn(filters=(5, 4), kernels=(7, 3, 5), middle_layers=2, output_activation=output)
    )
    frames = frames_of((2, 9, 12, 1)) - 0.3  # of both signs, so that ReLUs do something
    first, second, third, last = in_layers(network, [2] * 4)
    x = frames
    for layer in (first, second, third):
        x = relu(correlate(x, *layer))
    x = correlate(x, *last)
    assert_close(network.predict(frames), relu(x) if output == "relu" else x)


@pytest.mark.parametrize("scale", [2, 3])
def test_fsrcnn_2019(networks, scale):
    network = randomise(
        networks.fsrcnn_2019(filters=6, mapping_filters=3, upscale_filters=4, scale=scale)
    )
    frames = frames_of((2, 6, 7, 1))
    *inner, upscale, last = in_layers(network, [2] * 6)
    x = frames
    for layer in inner:
        x = relu(correlate(x, *layer))
    x = relu(correlate(relu(transposed(x, *upscale, scale)), *last))
    made = network.predict(frames)
    assert made.shape == (2, 6 * scale, 7 * scale, 1)
    assert_close(made, x)


@pytest.mark.parametrize("errata", [Errata(), LINEAR])
def test_fsrcnn_2019_prelu(networks, errata):
    network = randomise(networks.fsrcnn_2019_prelu(filters=6, mapping_filters=3, errata=errata))
    frames = frames_of((2, 6, 7, 1)) - 0.5
    each = 2 if errata.e18 else 3
    *inner, upscale, last = in_layers(network, [each] * 5 + [2])
    after = (lambda x: x) if errata.e18 else prelu
    x = frames
    for kernel, bias, *slopes in inner:
        x = after(correlate(x, kernel, bias), *slopes)
    kernel, bias, *slopes = upscale
    x = after(transposed(x, kernel, bias, 2), *slopes)
    assert_close(network.predict(frames), relu(correlate(x, *last)))


def test_slopes_start_at_zero(networks):
    slopes = networks.fsrcnn_2019_prelu().get_weights()[2:15:3]
    assert [value.shape for value in slopes] == [(32,), (5,), (5,), (32,), (32,)]
    assert not any(value.any() for value in slopes)


def srnet3d_in_numpy(windows, layers, act):
    *same, collapse1, collapse2, last = layers
    x = windows
    for layer in same:
        x = act(correlate(x, *layer))
    for layer in (collapse1, collapse2):
        x = act(correlate(x, *layer, padding="valid"))
    assert x.shape[1] == 1
    return correlate(x[:, 0], *last)


@pytest.mark.parametrize(
    ("errata", "wide", "thin"),
    [
        (Errata(), (3, 5, 5), (3, 1, 1)),
        (Errata(e3=True), (5, 5, 3), (1, 1, 3)),
        (LINEAR, (3, 5, 5), (3, 1, 1)),
        (AS_RUN, (5, 5, 3), (1, 1, 3)),
    ],
)
def test_srnet3d(networks, errata, wide, thin):
    network = randomise(
        networks.srnet3d(filters=4, mapping_filters=3, last_kernel=5, errata=errata)
    )
    windows = frames_of((2, 5, 8, 9, 1)) - 0.3
    layers = in_layers(network, [2] * 8)
    assert [layers[number][0].shape[:3] for number in (0, 1, 4)] == [wide, thin, thin]
    act = (lambda x: x) if errata.e18 else relu
    made = network.predict(windows)
    assert made.shape == (2, 4, 5, 1)
    assert_close(made, srnet3d_in_numpy(windows, layers, act))


def test_srnet3d_early(networks):
    network = randomise(networks.srnet3d_early(same_layers=2, filters=4))
    windows = frames_of((2, 5, 8, 9, 1)) - 0.3
    truth = relu(srnet3d_in_numpy(windows, in_layers(network, [2] * 5), relu))
    assert truth.max() > 0
    assert_close(network.predict(windows), truth)


def test_predict_in_batches(networks):
    network = networks.srcnn(filters=(3, 2), kernels=(3, 1, 3))
    frames = frames_of((5, 6, 7, 1))
    together = network(frames).numpy()
    np.testing.assert_allclose(network.predict(frames, batch_size=2), together, atol=1e-6)


def test_first_weights(networks):
    one, same, other = (networks.srnet3d(seed=seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one[0] != other[0]).any()
    # Glorot: variance 2 / (fan in + fan out); the 8th layer but one has 27 * 32 of each.
    kernel = one[12]
    assert kernel.shape == (3, 3, 3, 32, 32)
    assert kernel.var() == pytest.approx(2 / (27 * 64), rel=0.03)
    assert np.abs(kernel).max() <= np.sqrt(6 / (27 * 64))
    assert not one[13].any()


def test_weights_of_another_network(networks):
    network = networks.srcnn()
    before = network.get_weights()
    with pytest.raises(ValueError, match="weights of srcnn must have the shapes"):
        network.set_weights(networks.srcnn(filters=(64, 16)).get_weights())
    np.testing.assert_array_equal(network.get_weights()[0], before[0])


def test_unknown_activation(networks):
    with pytest.raises(ValueError, match="relu, linear or prelu, not 'tanh'"):
        networks.srcnn(output_activation="tanh")
