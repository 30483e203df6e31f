"""The data of a run: how it is split, and that a test frame is never near a training frame."""

import h5py
import numpy as np
import pytest

from experiments import climate_data, preset
from experiments.climate_data import PROTOCOLS, prepare, settings, sizes
from keras_vsr.data import climate
from keras_vsr.errors import InputError


def prepared(chosen, cache, *, protocol="as_described", seed=0, published=None):
    return prepare(
        chosen,
        protocol=protocol,
        seed=seed,
        published=published,
        cache=cache,
        progress=lambda name, done, total: None,
    )


@pytest.mark.parametrize("name", preset.names())
def test_as_described_the_test_has_a_run_of_its_own(name):
    chosen = preset.load(name)
    wanted = settings(chosen, "as_described", 3)
    runs = {part: [one.run for one in many] for part, many in wanted.items()}
    assert runs["test"] == [0]  # the published bump is the unseen one
    assert len(set(runs["train"])) == chosen.climate.train_runs
    assert not set(runs["train"]) & {0}
    size = chosen.climate
    assert {one.frames for one in wanted["train"]} == {size.train_frames + size.validation_frames}
    assert {one.frames for one in wanted["test"]} == {size.test_frames}
    assert {one.seed for many in wanted.values() for one in many} == {3}
    bumps = [one.bump for many in wanted.values() for one in many]
    assert len(set(bumps)) == len(bumps)


@pytest.mark.parametrize("name", preset.names())
def test_runs_are_centred_on_one_hour(name):
    chosen = preset.load(name).climate
    for many in settings(preset.load(name), "as_described", 0).values():
        for one in many:
            middle = one.first_hour + one.hours_between * one.frames / 2
            assert middle == pytest.approx(chosen.middle_hour, abs=one.time_step / 3600)


@pytest.mark.parametrize("name", preset.names())
def test_as_run_is_one_run_up_to_hour_144(name):
    wanted = settings(preset.load(name), "as_run", 0)
    ((one,),) = wanted.values()
    assert one.run == 0
    assert one.frames == preset.load(name).climate.as_run_frames
    last = one.first_hour + one.hours_between * (one.frames - 1)
    assert last == pytest.approx(144, abs=one.time_step / 3600)
    assert one.first_hour >= 0


def test_unknown_protocol():
    with pytest.raises(InputError, match="no protocol is called 'x'; there are as_described, as_"):
        settings(preset.load("smoke"), "x", 0)


def test_generated_as_described(tiny):
    data = prepared(preset.load("tiny"), tiny)
    assert {split: [pair.frames for pair in pairs] for split, pairs in data.splits.items()} == {
        "test": [7],
        "validation": [6, 6],
        "train": [7, 7],
    }
    assert (data.data_source, data.protocol) == ("generated", "as_described")
    assert data.degradation == "bicubic"
    assert data.units == "1e-5 1/s"
    assert data.limits == (-12, 16)
    files = sorted(tiny.glob("*.h5"))
    assert len(files) == 3
    assert data.identity[:3] == tuple(path.name for path in files)
    with h5py.File(next(path for path in files if "_run0_" in path.name)) as file:
        np.testing.assert_array_equal(data.splits["test"][0].high, file["label"][..., 0])
        np.testing.assert_array_equal(data.splits["test"][0].low, file["train"][..., 0])
        first, between = file.attrs["first_hour"], file.attrs["hours_between"]
    np.testing.assert_allclose(data.test_hours, first + between * np.arange(7))
    for number, path in enumerate(files[1:]):  # a training run ends with its validation frames
        with h5py.File(path) as file:
            whole = file["label"][..., 0]
        np.testing.assert_array_equal(data.splits["train"][number].high, whole[:7])
        np.testing.assert_array_equal(data.splits["validation"][number].high, whole[7:])
    frames = np.concatenate([pair.high for pairs in data.splits.values() for pair in pairs])
    assert len(np.unique(frames.reshape(len(frames), -1), axis=0)) == len(frames)


def test_generated_as_run(tiny, monkeypatch):
    # One run of 500 frames takes a while, even small: its numbers do not matter here.
    def fields(one):
        generator = np.random.default_rng(one.run)
        for step in one.steps:
            yield step, generator.uniform(-9, 9, (one.height, one.width)).astype(np.float32)

    monkeypatch.setattr(climate, "simulate", fields)
    data = prepared(preset.load("tiny"), tiny, protocol="as_run")
    (path,) = tiny.glob("*.h5")
    with h5py.File(path) as file:
        whole = file["label"][..., 0]
        hours = file.attrs["first_hour"] + file.attrs["hours_between"] * np.arange(500)
    parts = {"train": (380, 476), "validation": (476, 500), "test": (325, 375)}  # of 500
    for split, (start, stop) in parts.items():
        (pair,) = data.splits[split]
        np.testing.assert_array_equal(pair.high, whole[start:stop])
    np.testing.assert_allclose(data.test_hours, hours[325:375])
    assert data.protocol == "as_run"
    assert data.data_source == "generated"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_published_pair(tiny, tmp_path, write_pair, waves, protocol):
    path = write_pair()
    data = prepared(preset.load("tiny"), tiny, protocol=protocol, published=path)
    assert data.protocol == "as_run"  # one run can be split in no other way
    assert data.data_source == "climate_data.h5"
    assert data.degradation == "in the file"
    assert len(data.test_hours) == 0
    high = waves()
    for split, (start, stop) in {"train": (380, 476), "test": (325, 375)}.items():
        (pair,) = data.splits[split]
        np.testing.assert_array_equal(pair.high, high[start:stop])
        assert pair.low.shape == (stop - start, 8, 16)
        assert pair.low[0, 0, 0] == pytest.approx(high[start, :2, :2].mean())
    assert list(tiny.iterdir()) == []


def test_published_matrix(tiny, write_matrix, waves):
    path = write_matrix()
    data = prepared(preset.load("tiny"), tiny, published=path)
    assert data.data_source == "H_Field_Nl5.mat"
    (pair,) = data.splits["test"]
    np.testing.assert_allclose(pair.high, waves()[325:375], atol=1e-6)
    assert pair.low.shape == (50, 8, 16)
    assert data.degradation == "bicubic"  # the file has no LR frames
    assert data.units == "1e-5 1/s"
    assert data.limits == (-10, 10)


def test_all_splits_of_a_matrix_are_scaled_alike(tiny, write_matrix):
    path = write_matrix()
    with h5py.File(path, "r+") as file:
        file["H_Field"][340, 3, 3] = 12.0  # a test frame goes beyond the published limits
        field = file["H_Field"][:].transpose(0, 2, 1)
    data = prepared(preset.load("tiny"), tiny, published=path)
    assert data.limits == (-12, 16)
    for split, start in {"train": 380, "validation": 476, "test": 325}.items():
        (pair,) = data.splits[split]
        truth = (field[start : start + pair.frames] + 12) / 28
        np.testing.assert_allclose(pair.high, truth, atol=1e-6)


def test_identity_changes_with_the_data(tiny, write_pair, waves):
    path = write_pair()
    first = prepared(preset.load("tiny"), tiny, published=path).identity
    assert prepared(preset.load("tiny"), tiny, published=path).identity == first
    write_pair(high=waves() / 2)
    assert prepared(preset.load("tiny"), tiny, published=path).identity != first
    names = [prepared(preset.load("tiny"), tiny, seed=seed).identity for seed in (0, 1)]
    assert names[0] != names[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plan_has_the_sizes_of_the_data(tiny, write_pair, protocol):
    chosen = preset.load("tiny")
    sources = [write_pair()] if protocol == "as_run" else [None, write_pair()]
    for published in sources:
        data = prepared(chosen, tiny, protocol=protocol, published=published)
        plan = sizes(chosen, protocol=protocol, seed=0, published=published)
        assert shapes(plan) == shapes(data.splits)
    counts = {"train": [96], "validation": [24], "test": [50]}
    as_run = sizes(chosen, protocol="as_run", seed=0, published=None)
    assert {split: [pair.frames for pair in pairs] for split, pairs in as_run.items()} == counts


def shapes(splits):
    return {
        split: [(pair.low.shape, pair.high.shape) for pair in pairs]
        for split, pairs in splits.items()
    }


def test_plan_takes_no_memory():
    for pairs in sizes(preset.load("paper"), protocol="as_run", seed=0, published=None).values():
        assert all(pair.high.strides == (0, 0, 0) for pair in pairs)
    assert climate_data.DEGRADATION == "bicubic"
