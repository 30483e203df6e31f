"""Every published file: its network, its parameters, and its numbers as read by other means."""

import functools
import importlib.util
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest
import scipy.io
from checks import weights_of

from keras_vsr.models import build
from keras_vsr.weights import load_keras2_h5, load_mat, load_pth
from keras_vsr.weights.assign import assign
from keras_vsr.weights.recognise import read_published, recognise

pytestmark = pytest.mark.backend

LINEAR = {"activation": "linear", "output_activation": "relu"}
RELU = {"activation": "relu", "output_activation": "relu"}
SRCNN_2019 = {"filters": (64, 32), "kernels": (9, 1, 5), "border": "zeros", **RELU}
PARALLEL5 = {"wide_filters": 32, "upscale_filters": 16, "recursions_2d": 4, "order": "as_run"}


def srcnn_2016(middle):
    return {
        "filters": (64, 32),
        "kernels": (9, middle, 5),
        "middle_layers": 1,
        "activation": "relu",
        "output_activation": "linear",
        "border": "replicate",
    }


def srnet3d_early(same_layers):
    return {"same_layers": same_layers, "filters": 32, **RELU}


# File: network, arguments, parameters (specification, sections 1, 2 and 4, and file names).
SRNET3D = {"filters": 32, "mapping_filters": 8, "last_kernel": 5, "order": "as_run"}
FSRCNN_PRELU = {"filters": 32, "mapping_filters": 5, "upscale_filters": 32, **LINEAR}
FSRCNN_2016 = {"d": 56, "s": 12, "m": 4}
FILES = {
    "2019/fsrcnn_climate_10577.h5": (
        "fsrcnn_2019",
        {"filters": 32, "mapping_filters": 8, "upscale_filters": 16, "activation": "relu"},
        10_577,
    ),
    "2019/fsrcnn_climate_prelu_6348.h5": ("fsrcnn_2019_prelu", FSRCNN_PRELU, 6_348),
    "2019/fsrcnn_climate_prelu_modified_6348.h5": ("fsrcnn_2019_prelu", FSRCNN_PRELU, 6_348),
    "2019/srcnn_5layer_10241.h5": ("srcnn", {**SRCNN_2019, "middle_layers": 3}, 10_241),
    "2019/srcnn_8129.h5": ("srcnn", {**SRCNN_2019, "middle_layers": 1}, 8_129),
    "2019/srcnn_climate_8129.h5": ("srcnn", {**SRCNN_2019, "middle_layers": 1}, 8_129),
    "2019/srnet3d_climate_processed_63641.h5": (
        "srnet3d",
        {**SRNET3D, "activation": "linear"},
        63_641,
    ),
    "2019/srnet3d_climate_raw_63641.h5": ("srnet3d", {**SRNET3D, "activation": "linear"}, 63_641),
    "2019/srnet3d_early_akiyo_111905.h5": ("srnet3d_early", srnet3d_early(3), 111_905),
    "2019/srnet3d_early_deep_container_167265.h5": ("srnet3d_early", srnet3d_early(5), 167_265),
    "2021/parallel5_diamond_f12_g24.pth": (
        "parallel5",
        {**PARALLEL5, "filters_2d": 12, "filters_3d": 24, "volume": "deep"},
        259_938,
    ),
    "2021/parallel5_first_f12_g8.pth": (
        "parallel5",
        {**PARALLEL5, "filters_2d": 12, "filters_3d": 8, "volume": "srnet3d"},
        127_986 - 7_848,  # three recursive blocks are never run
    ),
    # d(25 + 1) + d s + s + m (9 s s + s) + s d + d + 81 d + 1, and a slope a layer but the last
    "fsrcnn_authors/FSRCNN-s_x2.mat": ("fsrcnn_s", {}, 4_016),
    "fsrcnn_authors/FSRCNN-s_x3.mat": ("fsrcnn_s", {}, 4_016),
    "fsrcnn_authors/FSRCNN_x2.mat": ("fsrcnn", FSRCNN_2016, 12_644),
    "fsrcnn_authors/FSRCNN_x3.mat": ("fsrcnn", FSRCNN_2016, 12_644),
    "kim_3dsrnet/x4.mat": ("kim_3dsrnet", {"scale": 4, "filters": 64}, 472_080),
    "srcnn_authors/9-1-5_91_x2.mat": ("srcnn", srcnn_2016(1), 8_129),
    "srcnn_authors/9-1-5_91_x3.mat": ("srcnn", srcnn_2016(1), 8_129),
    "srcnn_authors/9-1-5_91_x4.mat": ("srcnn", srcnn_2016(1), 8_129),
    "srcnn_authors/9-1-5_imagenet_x3.mat": ("srcnn", srcnn_2016(1), 8_129),
    "srcnn_authors/9-3-5_imagenet_x3.mat": ("srcnn", srcnn_2016(3), 24_513),
    "srcnn_authors/9-5-5_imagenet_x2.mat": ("srcnn", srcnn_2016(5), 57_281),
    "srcnn_authors/9-5-5_imagenet_x3.mat": ("srcnn", srcnn_2016(5), 57_281),
}
NEVER_RUN = {f"twodConvBlock{frame}2.{layer}" for frame in (1, 2, 5) for layer in (0, 2)}


def read_keras2(path):
    """Kernels and biases in the file's order."""
    found = []
    with h5py.File(path) as file:
        weights = file["model_weights"]
        for group in weights.attrs["layer_names"]:
            names = weights[group].attrs["weight_names"]
            found += [weights[group][name][()] for name in names]
    return found


def squares(array):
    """Element by element: kernel[row, column, from, to] is array[from, row + k * column, to]."""
    before, taps, after = array.shape
    size = {1: 1, 9: 3, 25: 5, 81: 9}[taps]
    kernel = np.zeros((size, size, before, after), np.float32)
    for row in range(size):
        for column in range(size):
            for one in range(before):
                for other in range(after):
                    kernel[row, column, one, other] = array[one, row + size * column, other]
    return kernel


def read_srcnn(path):
    file = scipy.io.loadmat(path)
    return [
        squares(file["weights_conv1"].reshape(1, 81, 64)),
        file["biases_conv1"][:, 0],
        squares(file["weights_conv2"]),
        file["biases_conv2"][:, 0],
        squares(file["weights_conv3"].reshape(32, 25, 1)),
        file["biases_conv3"][:, 0],
    ]


def read_fsrcnn(path):
    file = scipy.io.loadmat(path)
    found = []
    for layer in range(len(file["weights_conv"])):
        found += [squares(file["weights_conv"][layer, 0]), file["biases_conv"][layer, 0][:, 0]]
        if layer < len(file["weights_conv"]) - 1:
            found.append(file["prelu_conv"][layer, 0][0])
    return found


def read_kim(path):
    found = []
    with h5py.File(path) as file:
        values = [file[reference][()] for reference in file["net/params/value"][:, 0]]
    for kernels, bias in zip(values[::2], values[1::2], strict=True):
        after, before, depth, width, height = kernels.shape
        kernel = np.zeros((depth, height, width, before, after), np.float32)
        for row in range(height):
            for column in range(width):
                kernel[:, row, column] = kernels[:, :, :, column, row].transpose(2, 1, 0)
        found += [kernel, bias[:, 0]]
    return found


@pytest.fixture(scope="module")
def states(reference, tmp_path_factory):
    """The state dictionaries by file, read by torch in a process of its own."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    folder = tmp_path_factory.mktemp("states")
    script = (
        "import sys, numpy, torch\n"
        "for path, result in zip(sys.argv[1::2], sys.argv[2::2]):\n"
        "    state = torch.load(path, weights_only=True, map_location='cpu')\n"
        "    numpy.savez(result, **{k: v.numpy() for k, v in state.items()})\n"
    )
    names = [name for name in FILES if name.endswith(".pth")]
    results = [folder / f"{index}.npz" for index in range(len(names))]
    pairs = zip(names, results, strict=True)
    paths = [path for name, result in pairs for path in (reference / name, result)]
    subprocess.run([sys.executable, "-c", script, *paths], check=True)
    states = {}
    for name, result in zip(names, results, strict=True):
        with np.load(result) as archive:
            states[name] = dict(archive)
    return states


@functools.cache
def published(path):
    """The layers of a file, read once."""
    return read_published(path)[1]


def flat_weights(model):
    """All weights in the order of the layers that have some."""
    return [
        keras.ops.convert_to_numpy(weight) for layer in model.layers for weight in layer.weights
    ]


def loaded(reference, name):
    """The network that the file is recognised as, with its weights."""
    path = reference / name
    network, arguments, parameters = FILES[name]
    layers = published(path)
    assert recognise(layers, path) == (network, arguments)
    model = build(network, **arguments)
    unused = assign(model, layers, path)
    assert model.count_params() == parameters
    return model, unused


def test_every_file_of_the_reference_is_tested(reference):
    suffixes = (".mat", ".h5", ".pth")
    there = {path for path in reference.rglob("*") if path.suffix in suffixes}
    assert {str(path.relative_to(reference)) for path in there} == set(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".pth")])
def test_the_numbers_of_sequential_networks(reference, name):
    read = {"2019": read_keras2, "srcnn_authors": read_srcnn}
    read |= {"fsrcnn_authors": read_fsrcnn, "kim_3dsrnet": read_kim}
    expected = read[name.split("/")[0]](reference / name)
    model, unused = loaded(reference, name)
    assert unused == []
    weights = flat_weights(model)
    assert len(weights) == len(expected)
    for weight, value in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(weight, value.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "unused", "pairs"),
    [
        (
            "2021/parallel5_diamond_f12_g24.pth",
            NEVER_RUN | {"output2dlayer2"},
            {
                "frame2_stem": "first2dConv2",
                "frame5_shrink": "twodConvBlock51.1",
                "frame3_block1": "twodConvBlock32.0",
                "frame4_block2": "twodConvBlock42.2",
                "frame1_upscale": "twodConvBlock13.3",
                "volume_extract": "threedConvBlock1.0",
                "volume_block1_2": "threedConvBlock2.2",
                "volume_between1": "threedConvBlock3.0",
                "volume_block2_1": "threedConvBlock4.0",
                "volume_after3": "threedConvBlock5.5",
                "volume_collapse1": "threedConvBlock5.9",
                "reconstruct": "output2dlayer",
            },
        ),
        (
            "2021/parallel5_first_f12_g8.pth",
            NEVER_RUN,
            {
                "frame4_map": "twodConvBlock43.5",
                "volume_shrink": "threedConvBlock1.2",
                "volume_map1": "threedConvBlock2.0",
                "volume_map2": "threedConvBlock2.2",
                "volume_expand": "threedConvBlock3.0",
                "volume_collapse2": "threedConvBlock3.4",
                "volume_reconstruct": "output2dlayer",
            },
        ),
    ],
)
def test_the_numbers_of_5_parallel(reference, states, name, unused, pairs):
    state = states[name]
    model, not_used = loaded(reference, name)
    assert set(not_used) == unused
    weights = weights_of(model)
    for ours, theirs in pairs.items():
        kernel = np.moveaxis(np.swapaxes(state[f"{theirs}.weight"], 0, 1), (0, 1), (-2, -1))
        np.testing.assert_array_equal(weights[ours][0], kernel)
        np.testing.assert_array_equal(weights[ours][1], state[f"{theirs}.bias"])
    # No array is loaded twice and none left out.
    used = [value for key, value in state.items() if key.rpartition(".")[0] not in unused]
    assert sorted(float(value.sum(dtype=np.float64)) for value in used) == pytest.approx(
        sorted(value.sum() for pair in weights.values() for value in pair), rel=1e-9
    )


def test_a_transposed_layer_does_what_torch_says_it_does(reference, states):
    # torch: input pixel (y, x) adds weight[in, out, i, j] to output (2 y - 1 + i, 2 x - 1 + j).
    name = "2021/parallel5_diamond_f12_g24.pth"
    state = states[name]
    weight, bias = (state[f"twodConvBlock33.3.{part}"] for part in ("weight", "bias"))
    x = np.random.default_rng(0).random((5, 4, 32), np.float32)
    full = np.zeros((12, 10, 16))
    for row in range(5):
        for column in range(4):
            block = np.einsum("c,coij->ijo", x[row, column], weight)
            full[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += block
    expected = full[1:-1, 1:-1] + bias

    layer = loaded(reference, name)[0].get_layer("frame3_upscale")
    first = layer.data_format == "channels_first"
    made = layer(np.moveaxis(x, -1, 0)[None] if first else x[None])
    made = keras.ops.convert_to_numpy(made)[0]
    made = np.moveaxis(made, 0, -1) if first else made
    np.testing.assert_allclose(made, np.maximum(expected, 0), atol=2e-6)


@pytest.mark.parametrize(
    ("load", "network", "arguments", "name"),
    [
        (load_mat, "fsrcnn", {"scale": 3}, "fsrcnn_authors/FSRCNN_x3.mat"),
        (load_keras2_h5, "fsrcnn_2019", {}, "2019/fsrcnn_climate_10577.h5"),
        (load_pth, "parallel5", {"order": "as_run"}, "2021/parallel5_diamond_f12_g24.pth"),
    ],
)
def test_loading_into_a_network(reference, load, network, arguments, name):
    model = build(network, **arguments)
    unused = load(model, reference / name)
    assert len(unused) == (7 if network == "parallel5" else 0)
    by_name, _ = loaded(reference, name)
    for one, other in zip(flat_weights(model), flat_weights(by_name), strict=True):
        np.testing.assert_array_equal(one, other)


def test_recursive_blocks_that_were_never_run_go_where_a_network_runs_them(reference, states):
    name = "2021/parallel5_diamond_f12_g24.pth"
    model = build("parallel5", order="as_run", recursive_frames=(1, 2, 3, 4, 5))
    assert assign(model, published(reference / name), name) == ["output2dlayer2"]
    kernel = weights_of(model)["frame5_block2"][0]
    stored = states[name]["twodConvBlock52.2.weight"]
    np.testing.assert_array_equal(kernel, stored.transpose(2, 3, 1, 0))
