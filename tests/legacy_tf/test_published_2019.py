"""The published networks of 2019, in plain TensorFlow and in the suite: the same outputs."""

import json

import h5py
import numpy as np
import pytest
from checks import assert_close, frames_of, predicted
from scipy.io import loadmat

from keras_vsr.data.degrade import enlarge
from keras_vsr.models import build
from legacy_tf.errata import AS_RUN, Errata

pytestmark = pytest.mark.backend

# File, network, arguments of the suite's builder, arguments of the other one.
RELU_LAST = {"output_activation": "relu"}
FIVE_LAYERS = RELU_LAST | {"middle_layers": 3}
LINEAR_3D = {"order": "as_run", "activation": "linear", "last_kernel": 5}
AS_RUN_3D = {"errata": AS_RUN, "last_kernel": 5}
LINEAR_2D = {"errata": Errata(e18=True)}
PUBLISHED = [
    ("fsrcnn_climate_10577", "fsrcnn_2019", {}, {}),
    ("fsrcnn_climate_prelu_6348", "fsrcnn_2019_prelu", {"activation": "linear"}, LINEAR_2D),
    (
        "fsrcnn_climate_prelu_modified_6348",
        "fsrcnn_2019_prelu",
        {"activation": "linear"},
        LINEAR_2D,
    ),
    ("srcnn_8129", "srcnn", RELU_LAST, RELU_LAST),
    ("srcnn_climate_8129", "srcnn", {}, {}),  # with its ReLU there is nothing to compare, see below
    ("srcnn_5layer_10241", "srcnn", FIVE_LAYERS, FIVE_LAYERS),
    ("srnet3d_climate_raw_63641", "srnet3d", LINEAR_3D, AS_RUN_3D),
    ("srnet3d_climate_processed_63641", "srnet3d", LINEAR_3D, AS_RUN_3D),
    ("srnet3d_early_akiyo_111905", "srnet3d_early", {}, {}),
    (
        "srnet3d_early_deep_container_167265",
        "srnet3d_early",
        {"same_layers": 5},
        {"same_layers": 5},
    ),
]


def read(path):
    """All weights of a Keras 2 file, in the order that the file gives."""
    with h5py.File(path, "r") as file:
        group = file["model_weights"]
        return [
            np.array(group[layer][weight])
            for layer in group.attrs["layer_names"]
            for weight in group[layer].attrs["weight_names"]
        ]


@pytest.mark.parametrize(
    ("file", "name", "ours", "theirs"), PUBLISHED, ids=[case[0] for case in PUBLISHED]
)
def test_outputs(networks, reference, file, name, ours, theirs):
    path = reference / "2019" / f"{file}.h5"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    weights = read(path)
    model, legacy = build(name, **ours), getattr(networks, name)(**theirs)
    model.set_weights(weights)
    legacy.set_weights(weights)
    shape = (2, 5, 12, 14, 1) if name.startswith("srnet3d") else (2, 12, 14, 1)
    frames = frames_of(shape)
    made, expected = predicted(model, frames), legacy.predict(frames)
    assert np.ptp(expected) > 0.01  # not what a dead last layer gives
    # To a part of the output's extent: some of these networks make values far from 0..1 of frames
    # that are not like those they were trained on, and float32 rounds to a part of the value.
    assert_close(made, expected, 1e-5)


@pytest.fixture
def climate_srcnn(reference):
    path = reference / "2019" / "srcnn_climate_8129.h5"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    return read(path)


def test_the_climate_srcnn_is_dead(networks, climate_srcnn):
    # Before its last ReLU every value is negative, so that it makes black frames and could not
    # learn any more.
    legacy = networks.srcnn(output_activation="relu")
    legacy.set_weights(climate_srcnn)
    smooth = enlarge(frames_of((2, 6, 7)), "bicubic", 4)[..., None]
    for frames in (frames_of((2, 12, 14, 1)), smooth):
        assert not legacy.predict(frames).any()


def test_e16_is_in_the_published_weights(reference, climate_srcnn):
    path = reference / "srcnn_authors" / "9-1-5_imagenet_x3.mat"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    scale_3 = loadmat(path)
    kernel1, bias1, kernel2, _, kernel3, _ = climate_srcnn
    first = scale_3["weights_conv1"].reshape(9, 9, 1, 64, order="F").astype(np.float32)
    np.testing.assert_array_equal(kernel1, first)
    np.testing.assert_array_equal(bias1, scale_3["biases_conv1"].ravel().astype(np.float32))
    # The others were trained, but hardly: the network died. The third array, (32, 25), should have
    # been transposed, and was reshaped.
    second = scale_3["weights_conv2"].reshape(1, 1, 64, 32)
    scrambled = scale_3["weights_conv3"].reshape(5, 5, 32, 1, order="F")
    np.testing.assert_allclose(kernel2, second, atol=0.002)
    np.testing.assert_allclose(kernel3, scrambled, atol=0.002)
    transposed = scale_3["weights_conv3"].reshape(32, 5, 5).transpose(2, 1, 0)[..., None]
    assert np.abs(kernel3 - transposed).max() > 0.1


FSRCNN_S = [f"FSRCNN-s_x{scale}.mat" for scale in (2, 3)]


@pytest.fixture
def fsrcnn_s(reference):
    """The first four layers of the authors' FSRCNN-s for scale 2, and for scale 3: cells."""
    files = [reference / "fsrcnn_authors" / name for name in FSRCNN_S]
    for path in files:
        if not path.is_file():
            pytest.skip(f"no file {path}")
    files = [loadmat(path) for path in files]
    return [
        [
            (file["weights_conv"][layer, 0], file["biases_conv"][layer, 0].ravel())
            for layer in range(4)
        ]
        for file in files
    ]


def trainable(path):
    """Whether the layers of a Keras 2 file were trained, layer by layer."""
    with h5py.File(path, "r") as file:
        layers = json.loads(file.attrs["model_config"])["config"]
    layers = layers["layers"] if isinstance(layers, dict) else layers
    return [layer["config"]["trainable"] for layer in layers]


def as_keras(array, size, channels, filters):
    """Row a, column b of the kernel from channel i to filter o is [i, a + size * b, o]."""
    return array.reshape((channels, size, size, filters), order="F").transpose(1, 2, 0, 3)


def test_fsrcnn_s_differs_between_scales_in_its_last_layer_only(fsrcnn_s):
    for two, three in zip(*fsrcnn_s, strict=True):
        np.testing.assert_array_equal(two[0], three[0])
        np.testing.assert_array_equal(two[1], three[1])


@pytest.mark.parametrize(
    ("name", "frozen", "moved"),
    [("fsrcnn_climate_prelu_6348", 2, 0.08), ("fsrcnn_climate_prelu_modified_6348", 0, 0.007)],
)
def test_the_6348_networks_started_from_fsrcnn_s(reference, fsrcnn_s, name, frozen, moved):
    path = reference / "2019" / f"{name}.h5"
    if not path.is_file():
        pytest.skip(f"no file {path}")
    weights = read(path)
    assert trainable(path) == [False] * frozen + [True] * (6 - frozen)
    (first, bias1), (second, bias2), (third, bias3), (fourth, bias4) = fsrcnn_s[0]
    started = [
        as_keras(first, 5, 1, 32),
        bias1,
        as_keras(second, 1, 32, 5),
        bias2,
        # (5, 9, 5) reshaped as it lies, and not transposed: the filters are scrambled.
        third.reshape((3, 3, 5, 5), order="F"),
        bias3,
        as_keras(fourth, 1, 5, 32),
        bias4,
    ]
    # What is frozen is the same bit for bit; what was trained stayed near.
    for index, value in enumerate(started):
        tolerance = 0 if index < 2 * frozen else moved
        np.testing.assert_allclose(weights[index], value.astype(np.float32), rtol=0, atol=tolerance)
    assert np.abs(weights[4] - as_keras(third, 3, 5, 5)).max() > 1
