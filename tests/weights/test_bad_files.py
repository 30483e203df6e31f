"""Damaged and hostile files: refused in a sentence, soon, with nothing run and no memory taken."""

import json
import os
import re
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from keras_vsr.errors import InputError
from keras_vsr.weights import child, pth
from keras_vsr.weights.keras2_h5 import read_keras2_h5
from keras_vsr.weights.mat import read_mat
from keras_vsr.weights.pth import read_pth
from keras_vsr.weights.recognise import read_published, recognise
from keras_vsr.weights.signature import FORMATS, MAX_BYTES, format_of

SECONDS = 60  # far more than any file here needs, far less than a reader that waits or works on
MEMORY = 100 * 2**20  # bytes


def refused(read, path):
    """Reads a file that must be refused; returns what is said."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as caught:
        read(path)
    assert time.monotonic() - start < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert not re.search(r"[.!?]\s+[A-Z]", message.replace(str(path), ""))
    return message


# What is no file of weights


def test_things_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "there is no file" in refused(read_published, tmp_path / "nothing")
    assert "is no file" in refused(read_published, tmp_path)
    assert "is no file" in refused(read_published, tmp_path / "pipe")


def test_names_do_not_matter(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "weights.mat")
    assert "does not begin like a file of MATLAB v5 or" in refused(
        read_mat, tmp_path / "weights.mat"
    )
    write_mat(tmp_path / "weights.h5")
    said = refused(read_keras2_h5, tmp_path / "weights.h5")
    assert "is a file of MATLAB v5, whatever its name; give a file of Keras 2" in said
    assert format_of(tmp_path / "weights.h5") == "mat5"


@pytest.mark.parametrize("start", [b"", b"\0" * 600, b"MATLAB 5.0 MAT-file", b"\x89HDF", b"PK"])
def test_files_of_no_format(tmp_path, start):
    (tmp_path / "weights").write_bytes(start)
    assert "does not begin like a file of" in refused(read_published, tmp_path / "weights")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_first_line_and_nothing_more(tmp_path, kind):
    starts = {
        "mat5": b"MATLAB".ljust(124) + b"\x00\x01IM",
        "mat73": (b"MATLAB".ljust(124) + b"\x00\x02IM").ljust(512) + b"\x89HDF\r\n\x1a\n",
        "keras2_h5": b"\x89HDF\r\n\x1a\n",
        "pth": b"PK\x03\x04",
    }
    (tmp_path / "weights").write_bytes(starts[kind] + b"\xff" * 700 * (kind != "mat5"))
    assert format_of(tmp_path / "weights") == kind
    refused(read_published, tmp_path / "weights")


def test_a_file_larger_than_any_network(tmp_path):
    with open(tmp_path / "weights.h5", "wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "67,108,865 bytes, more than any" in refused(read_published, tmp_path / "weights.h5")


# MATLAB v5


FILTERS = {"1": 4, "2": 3, "3": 1}


def srcnn_arrays():
    random = np.random.default_rng(0)
    shapes = {"1": (81, 4), "2": (4, 1, 3), "3": (3, 25)}
    arrays = {f"weights_conv{layer}": random.random(shape) for layer, shape in shapes.items()}
    biases = {f"biases_conv{layer}": random.random((n, 1)) for layer, n in FILTERS.items()}
    return arrays | biases


def write_mat(path, compress=False, **changes):
    scipy.io.savemat(path, srcnn_arrays() | changes, appendmat=False, do_compression=compress)
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_a_mat_file_that_is_whole(tmp_path, compress):
    layers = read_mat(write_mat(tmp_path / "good.mat", compress))
    assert [one.kernel.shape for one in layers] == [(9, 9, 1, 4), (1, 1, 4, 3), (5, 5, 3, 1)]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_mat_file_that_is_cut_off(tmp_path, compress, share):
    whole = write_mat(tmp_path / "whole.mat", compress).read_bytes()
    (tmp_path / "cut.mat").write_bytes(whole[: int(share * len(whole))])
    refused(read_mat, tmp_path / "cut.mat")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights_conv1": np.ones((80, 4))}, "80 taps are no square"),
        ({"weights_conv2": np.ones(4)}, "is no convolution"),
        ({"weights_conv1": np.ones((0, 4))}, "declares 'weights_conv1' as 0 x 4, which is empty"),
        ({"weights_conv1": np.ones((81, 0))}, "declares 'weights_conv1' as 81 x 0, which is empty"),
        ({"biases_conv3": np.array([[np.nan]])}, "not finite in 'biases_conv3'"),
        ({"weights_conv3": np.full((3, 25), 1e300)}, "not finite in 'weights_conv3'"),
        ({"note": {"a": 1}}, "holds 'note', neither real numbers"),
        ({"note": "text"}, "holds 'note', neither real numbers"),
        ({"note": np.array([[1j]])}, "holds 'note', neither real numbers"),
    ],
)
def test_a_mat_file_with_something_else(tmp_path, changes, said):
    assert said in refused(read_mat, write_mat(tmp_path / "other.mat", **changes))


def test_a_mat_file_of_another_network(tmp_path):
    scipy.io.savemat(tmp_path / "other.mat", {"x": np.ones(3)})
    assert "neither SRCNN, FSRCNN nor 3DSRnet" in refused(read_mat, tmp_path / "other.mat")
    scipy.io.savemat(tmp_path / "less.mat", {"weights_conv1": np.ones((81, 4))})
    assert "has no array 'weights_conv2'" in refused(read_mat, tmp_path / "less.mat")


def read_and_recognise(path):
    return recognise(read_mat(path), path)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_srcnn_with_a_kernel_that_has_no_middle(tmp_path, layer):
    shape = {1: (64, 4), 2: (4, 4, 3), 3: (3, 64)}[layer]
    path = write_mat(tmp_path / "even.mat", **{f"weights_conv{layer}": np.ones(shape)})
    assert "holds 3 layers " in refused(read_and_recognise, path)
    recognise(read_mat(write_mat(tmp_path / "odd.mat")), path)


def write_fsrcnn(path, change=None):
    """FSRCNN of one mapping layer in cells, as its authors saved it: the last slopes are empty."""
    shapes = [(1, 25, 4), (4, 1, 2), (2, 9, 2), (2, 1, 4), (1, 81, 4)]
    cells = {
        "weights_conv": [np.ones(shape) for shape in shapes],
        "biases_conv": [np.ones((filters, 1)) for filters in (4, 2, 2, 4, 1)],
        "prelu_conv": [*np.ones((4, 1, 1)), np.ones((1, 0))],
    }
    if change:
        name, index, value = change
        cells[name][index] = value
    arrays = {name: np.empty((5, 1), object) for name in cells}
    for name, values in cells.items():
        for index, value in enumerate(values):
            arrays[name][index, 0] = value
    scipy.io.savemat(path, arrays)
    return path


def test_empty_cells(tmp_path):
    layers = read_mat(write_fsrcnn(tmp_path / "good.mat"))
    assert recognise(layers, tmp_path) == ("fsrcnn", {"d": 4, "s": 2, "m": 1})
    for change in (
        ("weights_conv", 0, np.ones((1, 25, 0))),
        ("weights_conv", 0, np.ones((1, 0, 4))),
        ("weights_conv", 2, np.ones((0, 0))),
    ):
        path = write_fsrcnn(tmp_path / "bad.mat", change)
        assert "has a layer that is no convolution" in refused(read_mat, path)


def element(kind, payload):
    return struct.pack("<II", kind, len(payload)) + payload + bytes(-len(payload) % 8)


def mat_array(kind, shape, content, name=b"weights_conv1"):
    """One array in MATLAB v5's bytes; `kind` is its class."""
    flags = element(6, struct.pack("<II", kind, 0))
    sizes = element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + sizes + element(1, name) + content)


def raw_mat(path, *parts):
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"".join(parts))
    return path


@pytest.mark.parametrize("depth", [2, 3000])
def test_cells_in_cells(tmp_path, depth):
    nested = mat_array(6, (1, 1), element(9, bytes(8)))
    for _ in range(depth):
        nested = mat_array(1, (1, 1), nested)
    assert "neither real numbers nor" in refused(read_mat, raw_mat(tmp_path / "deep.mat", nested))


@pytest.mark.parametrize(
    "shape", [(2**30, 1), (2**20, 2**20), (-1, -1), (1,) * 9, (2**12, 2**12), (4, 4)]
)
def test_a_mat_array_that_declares_more_than_it_holds(tmp_path, shape):
    array = mat_array(6, shape, element(9, bytes(8)))
    assert "declares" in refused(read_mat, raw_mat(tmp_path / "huge.mat", array))


def test_a_cell_array_that_declares_more_than_it_holds(tmp_path):
    cell = mat_array(1, (1000, 1000), mat_array(6, (1, 1), element(9, bytes(8))))
    said = refused(read_mat, raw_mat(tmp_path / "cells.mat", cell))
    assert "with more cells than it holds" in said


def test_a_compressed_part_that_unpacks_to_gigabytes(tmp_path):
    packer = zlib.compressobj(9)
    packed = packer.compress(mat_array(6, (2, 2), element(9, bytes(32))))
    packed += b"".join(packer.compress(bytes(2**22)) for _ in range(64)) + packer.flush()
    bomb = raw_mat(tmp_path / "bomb.mat", struct.pack("<II", 15, len(packed)) + packed)
    assert bomb.stat().st_size < 2**20
    assert "unpacks to more than any network" in refused(read_mat, bomb)


def test_more_arrays_than_any_network(tmp_path):
    one = mat_array(6, (1, 1), element(9, bytes(8)))
    assert "more than 512 arrays" in refused(read_mat, raw_mat(tmp_path / "many.mat", one * 600))


# HDF5


def write_keras2(path, change=None, config=None):
    """A network of two layers as Keras 2.2.4 saved it; `change(weights)` edits the file."""
    layers = [
        {"class_name": "Conv2D", "config": {"name": name, "strides": [1, 1], "activation": "relu"}}
        for name in ("a", "b")
    ]
    description = {"class_name": "Sequential", "config": {"layers": layers}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(description) if config is None else config
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([b"a", b"b"])
        for name, shape in (("a", (3, 3, 1, 8)), ("b", (3, 3, 8, 1))):
            group = weights.create_group(f"{name}/{name}")
            group["kernel:0"] = np.ones(shape, np.float32)
            group["bias:0"] = np.ones(shape[-1], np.float32)
            names = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            weights[name].attrs["weight_names"] = np.array(names)
        if change:
            change(weights)
    return path


def replacing(name, put):
    """A change that puts something in the place of a dataset: put(group, its name)."""

    def change(weights):
        group, _, last = name.rpartition("/")
        del weights[name]
        put(weights[group], last)

    return change


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.float32(1), "'a' that is no Conv2D: kernel of shape (), bias of shape (8,), strides"),
        (np.ones(9, np.float32), "'a' that is no Conv2D: kernel of shape (9,)"),
        (np.ones((3, 3, 3, 1, 8), np.float32), "'a' that is no Conv2D: kernel of shape (3, 3, 3"),
        (np.ones((3, 3, 1, 0), np.float32), "'a/a/kernel:0' as 3 x 3 x 1 x 0, which is empty"),
        (np.ones((0, 3, 1, 8), np.float32), "'a/a/kernel:0' as 0 x 3 x 1 x 8, which is empty"),
    ],
)
def test_kernels_that_are_none(tmp_path, array, said):
    def put(group, name):
        group[name] = array

    path = write_keras2(tmp_path / "bad.h5", replacing("a/a/kernel:0", put))
    assert said in refused(read_keras2_h5, path)


def test_a_bias_that_is_none(tmp_path):
    def put(group, name):
        group[name] = np.ones((1, 8), np.float32)

    path = write_keras2(tmp_path / "bad.h5", replacing("a/a/bias:0", put))
    assert "'a' that is no Conv2D" in refused(read_keras2_h5, path)


@pytest.mark.parametrize("strides", [None, [], [1], [1, 1, 1], "ab", 2, {"a": 1}])
def test_strides_that_are_none(tmp_path, strides):
    def change(weights):
        weights.attrs["layer_names"] = np.array([b"a"])

    path = write_keras2(tmp_path / "bad.h5", change, described(strides=strides))
    said = refused(read_keras2_h5, path)
    assert "'a' that is no Conv2D: kernel of shape (3, 3, 1, 8)" in said or "is damaged" in said
    assert read_keras2_h5(write_keras2(path, change, described()))[0].strides == (1, 1)


def described(**config):
    layer = {"class_name": "Conv2D", "config": {"name": "a", "strides": [1, 1], **config}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})


def test_an_h5_file_that_is_whole(tmp_path):
    layers = read_keras2_h5(write_keras2(tmp_path / "good.h5"))
    assert [(one.name, one.activation, one.kernel.shape) for one in layers] == [
        ("a", "relu", (3, 3, 1, 8)),
        ("b", "relu", (3, 3, 8, 1)),
    ]


def test_slopes_in_an_h5_file(tmp_path):
    def change(weights):
        del weights["b/b/kernel:0"], weights["b/b/bias:0"]
        weights["b/b/alpha:0"] = np.arange(8, dtype=np.float32).reshape(1, 1, 8)
        weights["b"].attrs["weight_names"] = np.array([b"b/alpha:0"])

    conv, prelu = ({"name": name, "strides": [1, 1]} for name in "ab")
    layers = [{"class_name": "Conv2D", "config": conv}, {"class_name": "PReLU", "config": prelu}]
    config = json.dumps({"class_name": "Sequential", "config": layers})  # a list, until 2.2.2
    (layer,) = read_keras2_h5(write_keras2(tmp_path / "prelu.h5", change, config))
    np.testing.assert_array_equal(layer.slopes, np.arange(8))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_an_h5_file_that_is_cut_off(tmp_path, share):
    whole = write_keras2(tmp_path / "whole.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: int(share * len(whole))])
    refused(read_keras2_h5, tmp_path / "cut.h5")


def external_storage(group, name):
    group.create_dataset(name, (8,), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])


def virtual(group, name):
    layout = h5py.VirtualLayout((8,), "f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", (8,))
    group.create_virtual_dataset(name, layout)


def large_chunks(group, name):
    """64 MiB of zeros, packed to 64 KiB: read whole for the first of its numbers."""
    group.create_dataset(
        name, data=np.zeros(8, np.float32), maxshape=(None,), chunks=(2**24,), compression="gzip"
    )


BOMB = {"dtype": "f4", "chunks": (64, 64), "compression": "gzip"}


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda group, name: group.create_dataset(name, (2**20, 2**20), **BOMB), "declares"),
        (lambda group, name: group.create_dataset(name, (2**11, 2**11), **BOMB), "more numbers"),
        (lambda group, name: group.create_dataset(name, (2**11,), "f4"), "more numbers"),
        (lambda group, name: group.create_dataset(name, (1,) * 9, "f4"), "declares"),
        (large_chunks, "in chunks larger than any kernel"),
        (external_storage, "keeps 'a/a/bias:0' in another file"),
        (virtual, "keeps 'a/a/bias:0' in another file"),
        (lambda group, name: group.create_dataset(name, data=["text"]), "declares"),
        (lambda group, name: group.create_dataset(name, data=np.arange(8)), "something else"),
        (lambda group, name: group.create_dataset(name, data=h5py.Empty("f4")), "holds nothing"),
        (lambda group, name: group.create_group(name), "has no array at"),
        (lambda group, name: None, "has no 'a/a/bias:0'"),
        (
            lambda group, name: group.create_dataset(name, data=np.ones(8), compression="lzf"),
            "packs 'a/a/bias:0' in a way",
        ),
        (
            lambda group, name: group.create_dataset(name, data=np.full(8, np.nan, np.float32)),
            "not finite in '0/bias'",
        ),
    ],
)
def test_datasets_that_are_no_plain_arrays(tmp_path, put, said):
    path = write_keras2(tmp_path / "bad.h5", replacing("a/a/bias:0", put))
    assert path.stat().st_size < 2**20
    assert said in refused(read_keras2_h5, path)


@pytest.mark.parametrize("place", ["a", "a/a", "a/a/bias:0"])
def test_links_to_other_places(tmp_path, place):
    # Whoever opened the pipe would wait for ever.
    os.mkfifo(tmp_path / "pipe")

    def external(group, name):
        group[name] = h5py.ExternalLink(str(tmp_path / "pipe"), "/data")

    def soft(group, name):
        group[name] = h5py.SoftLink("/model_weights/b/b/kernel:0")

    for link in (external, soft):
        path = write_keras2(tmp_path / "link.h5", replacing(f"/model_weights/{place}", link))
        assert "has a link to another place" in refused(read_keras2_h5, path)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("{", "damaged"),
        ("[]", "another kind of network than Sequential"),
        ('{"class_name": "Model", "config": {}}', "another kind of network than Sequential"),
        ('{"class_name": "Sequential", "config": {"layers": [1]}}', "in an unknown way"),
        (described(name="z"), "describes other layers than it has weights of"),
        ("x" * 2**21, "too much, in the attribute model_config"),
        (np.arange(3), "has no text in the attribute model_config"),
    ],
)
def test_descriptions_that_are_none(tmp_path, config, said):
    path = tmp_path / "config.h5"
    if isinstance(config, str) and len(config) > 60_000:  # more than a compact attribute takes
        write_keras2(path, config="")
        with h5py.File(path, "a") as file:
            del file.attrs["model_config"]
            file.attrs.create("model_config", config, dtype=h5py.string_dtype())
    else:
        write_keras2(path, config=config)
    assert said in refused(read_keras2_h5, path)


def test_classes_that_would_run_code(tmp_path):
    layers = [{"class_name": name, "config": {"name": "a"}} for name in ("Lambda", "os.system")]
    for layer in layers:
        config = json.dumps({"class_name": "Sequential", "config": {"layers": [layer, layer]}})

        def change(weights):
            weights.attrs["layer_names"] = np.array([b"a", b"a"])

        path = write_keras2(tmp_path / "code.h5", change, config)
        said = refused(read_keras2_h5, path)
        assert f"has a layer of class {layer['class_name']!r}, where only Conv2D" in said


def test_networks_within_networks(tmp_path):
    inner = {"class_name": "Sequential", "config": {"name": "a", "layers": []}}
    for _ in range(8):
        inner = {"class_name": "Sequential", "config": {"name": "a", "layers": [inner]}}

    def change(weights):
        weights.attrs["layer_names"] = np.array([b"a"])

    path = write_keras2(tmp_path / "deep.h5", change, json.dumps(inner))
    assert "networks within networks" in refused(read_keras2_h5, path)


def test_settings_that_no_network_here_has(tmp_path):
    def change(weights):
        weights.attrs["layer_names"] = np.array([b"a"])

    for key, value in (("dilation_rate", [2, 2]), ("data_format", "channels_first")):
        path = write_keras2(tmp_path / "other.h5", change, described(**{key: value}))
        assert f"a layer 'a' with {key} other than" in refused(read_keras2_h5, path)


def test_weights_that_keras_3_saved(tmp_path):
    with h5py.File(tmp_path / "new.weights.h5", "w") as file:
        file["layers/conv2d/vars/0"] = np.ones((3, 3, 1, 8))
    assert "no whole network saved by Keras 2" in refused(
        read_keras2_h5, tmp_path / "new.weights.h5"
    )


def write_mat73(path, names=("conv_1f", "conv_1b"), change=None):
    """A MatConvNet network of one layer in MATLAB v7.3."""
    with h5py.File(path, "w", userblock_size=512) as file:
        values = [np.ones((4, 1, 3, 3, 3), np.float32), np.ones((4, 1), np.float32)]
        lists = {"name": [], "value": []}
        for number, (name, value) in enumerate(zip(names, values, strict=True)):
            file[f"#refs#/n{number}"] = np.array([[ord(letter)] for letter in name], np.uint16)
            file[f"#refs#/v{number}"] = value
            lists["name"].append(file[f"#refs#/n{number}"].ref)
            lists["value"].append(file[f"#refs#/v{number}"].ref)
        for key, references in lists.items():
            file.create_dataset(
                f"net/params/{key}",
                data=np.array([references], dtype=h5py.ref_dtype).T,
                dtype=h5py.ref_dtype,
            )
        if change:
            change(file)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return path


def test_a_mat73_file_that_is_whole(tmp_path):
    (layer,) = read_mat(write_mat73(tmp_path / "good.mat"))
    assert layer.kernel.shape == (3, 3, 3, 1, 4)


def test_mat73_files_that_are_not(tmp_path):
    def external(file):
        del file["net"]
        file["net"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/net")

    def large(file):
        del file["#refs#/v0"]
        file["net/params/value"][0] = file.create_dataset("v", (2**20, 2**20), **BOMB).ref

    def empty(file):
        file["net/params/value"][0] = file.create_dataset("v", (4, 0, 3, 3, 3), "f4").ref

    def numbers(file):
        del file["net/params/name"]
        file["net/params/name"] = np.ones((2, 1))

    def nothing(file):
        file["net/params/value"][0] = h5py.Reference()

    os.mkfifo(tmp_path / "pipe")
    for change, said in (
        (external, "has a link to another place at 'net/params/name'"),
        (large, "declares"),
        (empty, "declares 'conv_1f' as 4 x 0 x 3 x 3 x 3, which is empty"),
        (numbers, "has no list at net/params/name"),
        (nothing, "empty entries in the list at net/params/value"),
    ):
        path = write_mat73(tmp_path / "bad.mat", change=change)
        assert said in refused(read_mat, path)
    path = write_mat73(tmp_path / "twice.mat", names=("conv_1f", "conv_1f"))
    assert "names its parameters twice" in refused(read_mat, path)
    path = write_mat73(tmp_path / "line.mat", names=("conv_1f", "a\nb"))
    assert "names that cannot be printed" in refused(read_mat, path)


# torch


@pytest.fixture(scope="module")
def torch_files(tmp_path_factory):
    """Files that torch itself wrote, in a process of its own."""
    folder = tmp_path_factory.mktemp("torch")
    script = (
        "import torch, sys\n"
        "def save(name, value): torch.save(value, f'{sys.argv[1]}/{name}.pth')\n"
        "save('few', {'first2dConv1.weight': torch.ones(4, 1, 5, 5)})\n"
        "save('expanded', {'a.weight': torch.ones(1).expand(2**11, 2**11)})\n"
        "save('huge', {'a.weight': torch.ones(1).expand(2**20, 2**20)})\n"
        "save('empty', {'first2dConv1.weight': torch.ones(0, 1, 5, 5)})\n"
        "save('list', [torch.ones(3)])\n"
        "save('module', torch.nn.Conv2d(1, 1, 3))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, folder], stderr=subprocess.DEVNULL)
    if done.returncode:
        pytest.skip("torch is not installed")
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("few", "lacks the layer 'twodConvBlock11.1' of a 5-parallel"),
        ("expanded", "no array of float32 or float64"),
        ("huge", "declares more than 8,388,608 numbers"),
        ("empty", "declares 'first2dConv1.weight' as 0 x 1 x 5 x 5, which is empty"),
        ("list", "holds no state dictionary"),
        ("module", "damaged"),
    ],
)
def test_pth_files_of_something_else(torch_files, name, said):
    assert said in refused(read_pth, torch_files / f"{name}.pth")


def state_of_5_parallel():
    """Every layer of the earlier checkpoint, with kernels of one number."""
    names = {*pth.FRAME_STACKS, *pth.SRNET3D_VOLUME}
    state = {f"{name}.weight": np.ones((1, 1, 1, 1), np.float32) for name in names}
    return state | {f"{name}.bias": np.ones(1, np.float32) for name in names}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fc.weight": np.ones((4, 4))}, "has a layer 'fc' that no 5-parallel has"),
        ({"output2dlayer.bias": np.ones((1, 1))}, "no kernel or no bias in 'output2dlayer'"),
        ({"first2dConv1.weight": np.ones(3)}, "no kernel or no bias in 'first2dConv1'"),
        ({"output2dlayer.bias": np.array([np.inf])}, "not finite in 'output2dlayer'"),
    ],
)
def test_state_dictionaries_of_other_networks(tmp_path, monkeypatch, change, said):
    state = state_of_5_parallel()
    monkeypatch.setattr(pth, "read_in_child", lambda kind, path: (state, {}))
    path = archive(tmp_path / "any.pth", b"}.")
    assert len(read_pth(path)) == 5 * 7 + 8
    state |= change
    assert said in refused(read_pth, path)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_pth_file_that_is_cut_off(torch_files, tmp_path, share):
    whole = (torch_files / "few.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: int(share * len(whole))])
    assert "is damaged" in refused(read_pth, tmp_path / "cut.pth")


def code(marker):
    """A pickle that makes a file when it is loaded: os.system("touch ...")."""
    return b"cos\nsystem\n(S'touch " + str(marker).encode() + b"'\ntR."


def test_a_bare_pickle_with_code(tmp_path):
    (tmp_path / "code.pth").write_bytes(code(tmp_path / "marker"))
    refused(read_pth, tmp_path / "code.pth")
    assert not (tmp_path / "marker").exists()


def archive(path, description, packing=zipfile.ZIP_STORED, **entries):
    with zipfile.ZipFile(path, "w", packing) as file:
        file.writestr("archive/data.pkl", description)
        file.writestr("archive/version", b"3\n")
        for name, content in entries.items():
            file.writestr(f"archive/data/{name}", content)
    return path


def test_an_archive_with_code(tmp_path):
    path = archive(tmp_path / "code.pth", code(tmp_path / "marker"))
    assert "is damaged" in refused(read_pth, path)
    assert not (tmp_path / "marker").exists()


def test_an_archive_that_unpacks_to_gigabytes(tmp_path):
    path = archive(tmp_path / "bomb.pth", b"}.", zipfile.ZIP_DEFLATED, zeros=bytes(2**27))
    assert path.stat().st_size < 2**20
    assert "is packed" in refused(read_pth, path)


def test_archives_that_torch_does_not_write(tmp_path):
    path = archive(tmp_path / "long.pth", b"}" * (2**20 + 1))
    assert "describes more than any network" in refused(read_pth, path)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("readme.txt", "text")
    assert "none that torch.save wrote" in refused(read_pth, tmp_path / "other.zip")
    many = {str(number): b"" for number in range(1100)}
    assert "more than 1024 entries" in refused(read_pth, archive(tmp_path / "m", b"}.", **many))


# The child


def test_a_child_that_takes_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(child, "TIMEOUT", 0.01)
    assert "was not read within 0.01 seconds" in refused(read_mat, write_mat(tmp_path / "a.mat"))


def test_a_library_that_is_missing(tmp_path, monkeypatch):
    # The child's folder, with a torch in it that is none.
    script = (
        f"import sys; sys.modules['torch'] = None; sys.argv = ['', 'pth', sys.argv[4]]\n"
        f"import runpy; runpy.run_path({str(child.PROGRAM)!r}, run_name='__main__')\n"
    )
    run = subprocess.run

    def without_torch(command, **options):
        return run([command[0], "-I", "-c", script, *command[1:]], **options)

    monkeypatch.setattr(child.subprocess, "run", without_torch)
    path = archive(tmp_path / "good.pth", b"}.")
    assert "cannot be read without torch: pip install torch" in refused(read_pth, path)


def test_what_the_child_may_use(tmp_path):
    script = (
        f"import sys; sys.path.insert(0, {str(child.PROGRAM)!r})\n"
        "from limits import MEMORY, limit_memory, limit_process\n"
        "limit_process(); limit_memory()\n"
        "bytearray(MEMORY // 2)\n"
        "try: bytearray(2 * MEMORY)\n"
        "except MemoryError: print('no memory')\n"
        "try: open(sys.argv[1], 'wb', buffering=0).write(b'1')\n"
        "except OSError: print('no file')\n"
    )
    command = [sys.executable, "-I", "-c", script, tmp_path / "file"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"no", b"memory", b"no", b"file"]


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    read_mat(write_mat(tmp_path / "good.mat"))
    refused(read_pth, archive(tmp_path / "code.pth", code(tmp_path / "marker")))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["code.pth", "good.mat", "tmp"]
