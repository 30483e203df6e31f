"""The study of flow: what it measures and leaves behind, in a few steps."""

import os
from dataclasses import replace

import numpy as np
import pytest
from skimage.registration import optical_flow_ilk

from experiments import preset
from experiments.measure_flow import (
    RECIPE,
    cut_short,
    found_flow,
    measure_flow,
    translation_rows,
)
from experiments.outputs import Outputs
from keras_vsr.models.flow import flow_network
from keras_vsr.records import FLOW_COLUMNS, read_rows
from keras_vsr.reporting.saved_frames import read_arrays
from keras_vsr.weights.initial import initialise

BACKEND = os.environ["KERAS_BACKEND"]
KEYS = [
    "flow/translation/-2.3 1.5 px/textures",
    "flow/translation/0 0 px/textures",
    "flow/translation/0.4 0.2 px/textures",
    "flow/translation/1.3 -0.7 px/textures",
    "flow/turning_phantom/2 degrees a frame/textures",
    "flow/turning_phantom/2 degrees a frame/textures_phantoms",
]


def test_recipes_are_cut_and_never_made_longer():
    assert cut_short(RECIPE, None) is RECIPE
    assert cut_short(RECIPE, 20) == replace(RECIPE, steps=20)
    assert cut_short(RECIPE, 10_000) == RECIPE
    assert preset.load("smoke").flow_steps == 20
    assert preset.load("quick").flow_steps is preset.load("paper").flow_steps is None


FEW = replace(preset.load("smoke"), flow_steps=2)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    made = Outputs(tmp_path_factory.mktemp("flow"), BACKEND)
    measure_flow(FEW, 3, made)
    return made


@pytest.fixture(scope="module")
def rows(outputs):
    return read_rows(outputs.measured / f"{BACKEND}_flow.csv", FLOW_COLUMNS)


@pytest.mark.backend
def test_there_is_a_row_for_each_motion(rows):
    assert [row["row"] for row in rows] == [f"{key}/{BACKEND}" for key in KEYS]
    assert {(row["study"], row["preset"], row["seed"]) for row in rows} == {("flow", "smoke", "3")}
    assert {(row["backend"], row["precision"]) for row in rows} == {(BACKEND, "float32")}
    assert {row["parameters"] for row in rows} == {"11642"}  # as `flow_network` says
    assert [row["levels"] for row in rows] == ["3"] * 4 + ["4"] * 2
    assert [row["steps"] for row in rows] == ["2"] * 5 + ["4"]
    assert [row["frames"] for row in rows] == ["1"] * 4 + ["3"] * 2
    assert [row["height"] for row in rows] == [row["width"] for row in rows]
    assert [row["width"] for row in rows] == ["48"] * 4 + ["64"] * 2
    seconds = [float(row["seconds"]) for row in rows]
    assert 0 < seconds[0] == seconds[4] < seconds[5]


@pytest.mark.backend
def test_the_error_of_no_motion_is_the_length_of_the_motion(rows):
    still = [float(row["still_endpoint_error_px"]) for row in rows]
    assert still[:4] == pytest.approx(
        [np.hypot(2.3, 1.5), 0, np.hypot(0.4, 0.2), np.hypot(1.3, 0.7)]
    )
    # Turned by an angle, a point moves by 2 sin(angle / 2) of its distance from the middle.
    y, x = np.mgrid[:64, :64] - 31.5
    assert still[4] == still[5] == pytest.approx(2 * np.sin(np.pi / 180) * np.hypot(x, y).mean())


@pytest.mark.backend
def test_textures_move_as_the_rows_say(monkeypatch):
    """What scikit-image finds by Lucas and Kanade's method is the motion of the row."""

    def lucas_kanade(network, first, second):
        down, right = optical_flow_ilk(first[0], second[0], radius=7)
        return np.stack([right, down], axis=-1)[np.newaxis]

    monkeypatch.setattr("experiments.measure_flow.found_flow", lucas_kanade)
    rows = translation_rows(flow_network(levels=2), seed=0)
    assert max(row["endpoint_error_px"] for row in rows) < 0.05


@pytest.mark.backend
def test_the_flow_to_be_drawn_is_that_of_the_last_row(outputs, rows):
    path = outputs.measured / f"flow_field_{BACKEND}.npz"
    field = read_arrays(path, ("first", "second", "true_flow", "found_flow", "motion"))
    assert str(field.pop("motion")) == "2 degrees a frame"
    assert {array.dtype for array in field.values()} == {np.dtype(np.float32)}
    assert field["first"].shape == field["second"].shape == (64, 64)
    assert field["true_flow"].shape == field["found_flow"].shape == (64, 64, 2)
    apart = np.linalg.norm(field["true_flow"] - field["found_flow"], axis=-1).mean()
    # The row is of three pairs of frames, this is the first of them.
    assert apart == pytest.approx(float(rows[5]["endpoint_error_px"]), rel=0.05)
    # Other figures are drawn of every file that is called frames_...
    assert not list(outputs.measured.glob("frames_*"))


@pytest.mark.backend
def test_the_same_seed_gives_the_same_rows_in_place_of_the_old_ones(outputs, rows):
    measure_flow(FEW, 3, outputs)
    timed = {"seconds": "", "date": ""}
    again = [row | timed for row in read_rows(outputs.path("flow"), FLOW_COLUMNS)]
    assert again == [row | timed for row in rows]


@pytest.mark.backend
def test_flow_is_of_each_pair_on_its_own():
    network = flow_network(levels=2)
    initialise(network, 0)
    # The last layer starts at zero, and with it all that is found.
    network.set_weights([weight + np.float32(0.01) for weight in network.get_weights()])
    frames = np.random.default_rng(0).random((3, 16, 20), np.float32)
    both = found_flow(network, frames[:-1], frames[1:])
    assert both.shape == (2, 16, 20, 2)
    for pair in range(2):
        alone = found_flow(network, frames[pair : pair + 1], frames[pair + 1 : pair + 2])
        np.testing.assert_allclose(both[pair], alone[0], rtol=1e-5)
    assert np.abs(both[0] - both[1]).max() > 1e-3
