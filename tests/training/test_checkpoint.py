"""A checkpoint comes back as it was, or not at all."""

import json

import numpy as np
import pytest

from keras_vsr.errors import InputError
from keras_vsr.training.checkpoint import Checkpoint


def state():
    generator = np.random.default_rng(0)
    weights = [generator.normal(size=shape).astype("float32") for shape in ((3, 3, 1, 4), (4,))]
    return Checkpoint(
        weights=weights,
        optimizer=[np.array(7, "int64"), *(0.1 * w for w in weights), np.float32(0.5)],
        best=[w + 1 for w in weights],
        best_epoch=3,
        waited=2,
        finished=False,
        history=[{"epoch": n, "loss": 0.1 / n, "validation_mse": 1e-17 / n} for n in range(1, 6)],
    )


def assert_same(one, other):
    for group in ("weights", "optimizer", "best"):
        first, second = getattr(one, group), getattr(other, group)
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_array_equal(a, b)
    for name in ("best_epoch", "waited", "finished", "history"):
        assert getattr(one, name) == getattr(other, name)


def test_there_and_back(tmp_path):
    state().save(tmp_path / "state.npz")
    assert_same(Checkpoint.load(tmp_path / "state.npz"), state())


def test_more_arrays_than_ten_keep_their_order(tmp_path):
    many = Checkpoint(weights=[np.array([n]) for n in range(1234)])
    many.save(tmp_path / "state.npz")
    assert [int(w[0]) for w in Checkpoint.load(tmp_path / "state.npz").weights] == [*range(1234)]


def test_saving_again_replaces(tmp_path):
    path = tmp_path / "state.npz"
    Checkpoint().save(path)
    state().save(path)
    assert_same(Checkpoint.load(path), state())
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


def test_flipped_bytes(tmp_path):
    # Anywhere in the file: an error, or else a byte that does not matter (a date, say).
    path = tmp_path / "state.npz"
    state().save(path)
    whole = path.read_bytes()
    refused = 0
    places = range(0, len(whole), 3)
    for place in places:
        for mask in (0x01, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= mask
            path.write_bytes(damaged)
            try:
                loaded = Checkpoint.load(path)
            except InputError:
                refused += 1
            else:
                assert_same(loaded, state())
    assert refused > len(places)


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.9, 0.999])
def test_files_cut_short(tmp_path, part):
    path = tmp_path / "state.npz"
    state().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputError, match=r"state.npz is damaged.*; delete it to train anew"):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"state": np.array("{")},
        {"state": np.array(json.dumps({"age": 3}))},
        {"state": np.array([object()])},
    ],
)
def test_files_of_something_else(tmp_path, arrays):
    path = tmp_path / "state.npz"
    np.savez(path, weights_0000=np.zeros(3), **arrays)
    with pytest.raises(InputError, match="delete it to train anew"):
        Checkpoint.load(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="file"):
        state().save(tmp_path / "file" / "state.npz")
