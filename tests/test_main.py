"""python -m keras_vsr: what it makes and says, and what it says of a mistake."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.io
from checks import weights_of

from keras_vsr import records
from keras_vsr.__main__ import main
from keras_vsr.models import build

ROOT = Path(__file__).resolve().parent.parent
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def published(tmp_path):
    """A file as SRCNN's authors published theirs, with other numbers."""
    random = np.random.default_rng(0)
    shapes = {"weights_conv1": (81, 64), "weights_conv2": (64, 1, 32), "weights_conv3": (32, 25)}
    shapes |= {"biases_conv1": (64, 1), "biases_conv2": (32, 1), "biases_conv3": (1, 1)}
    arrays = {name: random.normal(size=shape) for name, shape in shapes.items()}
    scipy.io.savemat(tmp_path / "srcnn.mat", arrays)
    return tmp_path / "srcnn.mat"


@pytest.fixture
def refused(tmp_path, capsys):
    """Runs the program, which must refuse and leave all files as they are; returns what it says."""

    def refuse(source, out):
        before = contents(tmp_path)
        assert main(["convert", str(source), str(out)]) == 2
        assert contents(tmp_path) == before
        output = capsys.readouterr()
        assert output.out == ""
        (line,) = output.err.splitlines()
        assert line.startswith("error: ")
        assert not re.search(r"[.!?]\s+[A-Z]", line)
        return line

    return refuse


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.backend
def test_what_it_makes_and_says(published, tmp_path, capsys):
    out = tmp_path / "new" / "srcnn.weights.h5"
    assert main(["convert", str(published), str(out)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{published} is a file of MATLAB v5"
    assert second.startswith(f'{out} has the 8,129 parameters of build("srcnn", filters=(64, 32), ')
    assert [path.name for path in out.parent.iterdir()] == ["srcnn.weights.h5"]

    # The line can be copied.
    model = eval(second[second.index("build(") :], {"build": build})
    model.load_weights(out)
    kernel = weights_of(model)["srcnn_map"][0]
    stored = scipy.io.loadmat(published)["weights_conv2"]
    np.testing.assert_array_equal(kernel[0, 0], stored[:, 0].astype(np.float32))


@pytest.mark.backend
def test_layers_without_use_are_named(reference, tmp_path, capsys):
    source, out = reference / "2021" / "parallel5_first_f12_g8.pth", tmp_path / "p.weights.h5"
    assert main(["convert", str(source), str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("is a file of torch")
    assert "120,138 parameters of build(" in lines[1]
    assert lines[2].startswith("not used: twodConvBlock12.0, twodConvBlock12.2, ")


@pytest.mark.backend
def test_a_scale_that_is_not_said(reference, tmp_path, capsys):
    source, out = reference / "fsrcnn_authors" / "FSRCNN_x3.mat", tmp_path / "f.weights.h5"
    assert main(["convert", str(source), str(out)]) == 0
    _, second, third = capsys.readouterr().out.splitlines()
    assert second.endswith(' has the 12,644 parameters of build("fsrcnn", d=56, s=12, m=4)')
    assert third == "the file does not say its scale: give build(..., scale=2, 3 or 4)"


@pytest.mark.backend
def test_the_program_itself(published, tmp_path):
    published.write_bytes(published.read_bytes()[:5_000])
    command = [sys.executable, "-m", "keras_vsr", "convert", published, tmp_path / "a.weights.h5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("error: ")  # TensorFlow says things before
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [published]


def test_an_old_result_is_replaced_or_stays(published, tmp_path, refused):
    out = tmp_path / "srcnn.weights.h5"
    out.write_bytes(b"old")
    whole = published.read_bytes()
    published.write_bytes(whole[:5_000])
    assert "is cut off; get the published file again" in refused(published, out)
    published.write_bytes(whole)
    assert main(["convert", str(published), str(out)]) == 0
    assert out.read_bytes()[:8] == b"\x89HDF\r\n\x1a\n"


def test_names_and_folders(published, tmp_path, refused):
    (tmp_path / "folder.weights.h5").mkdir()
    (tmp_path / "file").touch()
    name = tmp_path / "a.weights.h5"
    assert "does not end in .weights.h5" in refused(published, tmp_path / "srcnn.h5")
    assert "is a folder; give the name of a file" in refused(
        published, tmp_path / "folder.weights.h5"
    )
    assert "cannot write" in refused(published, tmp_path / "file" / name.name)
    assert "there is no file" in refused(tmp_path / "none.mat", name)
    assert "is no file" in refused(tmp_path, name)
    own = published.rename(tmp_path / "srcnn.weights.h5")
    assert "is the published file itself" in refused(own, own)


def test_networks_that_are_none(tmp_path, refused):
    scipy.io.savemat(tmp_path / "other.mat", {"x": np.ones(3)})
    assert "neither SRCNN, FSRCNN nor" in refused(tmp_path / "other.mat", tmp_path / "a.weights.h5")


def test_a_full_disk(published, tmp_path, refused, monkeypatch):
    def full(*arguments, **options):
        raise NO_SPACE

    with monkeypatch.context() as patch:
        patch.setattr(records.os, "fsync", full)
        assert "No space left" in refused(published, tmp_path / "a.weights.h5")
    monkeypatch.setattr(keras.Model, "save_weights", full)
    assert "folder for temporary files (No space left on device)" in refused(
        published, tmp_path / "a.weights.h5"
    )


def test_backends_that_are_none(published, tmp_path, refused, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    assert "KERAS_BACKEND is 'mxnet'" in refused(published, tmp_path / "a.weights.h5")


@pytest.mark.parametrize("arguments", [[], ["convert"], ["invert", "a", "b"]])
def test_programs_that_are_none(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m keras_vsr" in capsys.readouterr().err
