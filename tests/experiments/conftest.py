"""A preset of a few seconds, and files laid out as the published ones."""

import h5py
import numpy as np
import pytest

from experiments import preset, run

TINY = """
summary = "20x40 frames, T21"
scored_frames = 4

[climate]
height = 20
width = 40
truncation = 21
time_step = 900
middle_hour = 112.0
hours_between = 1.0
train_runs = 2
train_frames = 7
validation_frames = 6
test_frames = 7
as_run_frames = 500

[models.srcnn]
epochs = 2

[models.fsrcnn_2019]
epochs = 3

[models.srnet3d_raw]
epochs = 2

[models.srnet3d_processed]
epochs = 3
"""


def add_tiny(monkeypatch, tmp_path_factory):
    """Adds the preset `tiny`, and gives the program an empty cache; returns the cache's folder."""
    presets = tmp_path_factory.mktemp("presets")
    for path in preset.FOLDER.glob("*.toml"):
        (presets / path.name).write_bytes(path.read_bytes())
    (presets / "tiny.toml").write_text(TINY)
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(preset, "FOLDER", presets)
    monkeypatch.setattr(run, "CACHE", cache)
    return cache


@pytest.fixture
def tiny(tmp_path_factory, monkeypatch):
    return add_tiny(monkeypatch, tmp_path_factory)


@pytest.fixture(scope="module")
def tiny_for_module(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield add_tiny(monkeypatch, tmp_path_factory)


def moving_waves(frames=500, height=16, width=32):
    """A smooth field in [0, 1] that moves from frame to frame, float32, shape (T, H, W)."""
    time, row, column = np.ogrid[:frames, :height, :width]
    wave = np.sin(0.7 * column - 0.1 * time) * np.cos(0.4 * row + 0.03 * time)
    return (0.5 + 0.4 * wave).astype(np.float32)


@pytest.fixture
def waves():
    return moving_waves


@pytest.fixture
def write_pair(tmp_path):
    """Writes a file like climate_data.h5: pixels in pairs averaged, and as they are."""

    def write(name="climate_data.h5", *, high=None, names=("train", "label")):
        high = moving_waves() if high is None else high
        frames, height, width = high.shape
        low = high.reshape(frames, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
        with h5py.File(tmp_path / name, "w") as file:
            for dataset, clip in zip(names, (low, high), strict=True):
                file[dataset] = clip[..., None]
        return tmp_path / name

    return write


@pytest.fixture
def write_matrix(tmp_path):
    """Writes a file like H_Field_Nl5.mat: (T, columns, rows), in -10 to 10, behind 512 bytes."""

    def write(name="H_Field_Nl5.mat", *, frames=500, height=16, width=32):
        field = 20 * moving_waves(frames, height, width).astype(np.float64) - 10
        with h5py.File(tmp_path / name, "w", userblock_size=512) as file:
            file["H_Field"] = field.transpose(0, 2, 1)
        return tmp_path / name

    return write
