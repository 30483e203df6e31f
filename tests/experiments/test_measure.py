"""The pictures of networks that were run before others, into the same folder."""

import os
import shutil

import numpy as np

from experiments import run
from experiments.measure import pictures_of_before
from experiments.runner import save_arrays
from keras_vsr.reporting.saved_frames import INPUTS, META

BACKEND = os.environ["KERAS_BACKEND"]
FIRST = ("srcnn/plain", "srcnn/residual")
SECOND = ("fsrcnn_2019/plain", "fsrcnn_2019/residual")


def test_pictures_of_networks_that_are_not_run_again_stay(tiny, tmp_path, write_pair):
    out, given = tmp_path / "out", ["--preset", "tiny", "--data", str(write_pair())]

    def pictures(model):
        # As in a fresh checkout, which has rows and pictures but nobody's networks.
        shutil.rmtree(out / "state", ignore_errors=True)
        assert run.main([*given, "--out", str(out), "--models", model]) == 0
        with np.load(out / "measured" / f"frames_{BACKEND}_climate_2019.npz") as file:
            return dict(file)

    first, both = pictures("srcnn"), pictures("fsrcnn_2019")
    assert {name for name in both if "/" in name} == {*FIRST, *SECOND}
    for name in (*FIRST, *INPUTS):
        np.testing.assert_array_equal(both[name], first[name])


def frames(*networks, value=0.5):
    made = dict.fromkeys((*INPUTS, *networks), np.full((4, 4), value, np.float32))
    return made | dict.fromkeys(META, np.array("0"))


def rows(*networks):
    return [dict(zip(("model", "variant"), name.split("/"), strict=True)) for name in networks]


def test_which_pictures_of_before_stay(tmp_path):
    path, now = tmp_path / "frames.npz", frames(*SECOND)
    assert pictures_of_before(path, now, rows(*FIRST, *SECOND)) == {}  # there is no file
    save_arrays(path, frames(*FIRST, *SECOND))
    assert set(pictures_of_before(path, now, rows(*FIRST, *SECOND))) == set(FIRST)
    assert set(pictures_of_before(path, now, rows(FIRST[0], *SECOND))) == {FIRST[0]}
    other = frames(*SECOND, value=0.4)
    assert pictures_of_before(path, other, rows(*FIRST, *SECOND)) == {}
    path.write_bytes(path.read_bytes()[:300])
    assert pictures_of_before(path, now, rows(*FIRST, *SECOND)) == {}
