"""What a run stores: rows, pictures, and states that are used again only where they fit."""

import os
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from experiments import preset, run
from experiments.climate_data import prepare
from experiments.plan import choose_studies, choose_tasks
from experiments.preset import ModelSize
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, read_rows

MODELS = {"fsrcnn_2019": 10577, "srnet3d_raw": 63129, "2d_then_3d_raw": 10577 + 63129}
VARIANTS = ("plain", "residual")
BACKEND = os.environ["KERAS_BACKEND"]
# Frames, rows and columns that are compared: of 7 frames of 20x40, all; or those that a window of
# five and two valid convolutions leave.
WHOLE, MIDDLE = ("7", "20", "40"), ("3", "16", "36")


def command(out, *arguments):
    return ["--preset", "tiny", "--out", str(out), "--models", *MODELS, *arguments]


@pytest.fixture(scope="module")
def out(tiny_for_module, tmp_path_factory):
    """The folder of a finished run of a 2D network, a 3D network and both behind each other."""
    folder = tmp_path_factory.mktemp("out")
    assert run.main(command(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def scores(out):
    return read_rows(out / "measured" / f"{BACKEND}_scores.csv", SCORE_COLUMNS)


@pytest.fixture(scope="module")
def epochs(out):
    return read_rows(out / "measured" / f"{BACKEND}_epochs.csv", EPOCH_COLUMNS)


def choose(rows, **cells):
    return [row for row in rows if all(row[name] == cell for name, cell in cells.items())]


def only(rows, **cells):
    (row,) = choose(rows, **cells)
    return row


def test_keys_are_unique_and_say_what_the_row_is(scores, epochs):
    for rows, names in (
        (scores, ("study", "model", "variant", "stage", "split", "area", "backend")),
        (epochs, ("study", "model", "variant", "epoch", "backend")),
    ):
        keys = [row["row"] for row in rows]
        assert len(set(keys)) == len(keys)
        assert keys == ["/".join(row[name] for name in names) for row in rows]


def test_each_network_is_scored_where_it_has_outputs(scores):
    for split in ("validation", "test"):
        found = {
            (r["model"], r["variant"], r["stage"], r["area"]) for r in choose(scores, split=split)
        }
        both, one = ("middle", "whole"), ("middle",)
        wanted = {(name, "interpolation", "output", a) for name in INTERPOLATIONS for a in both}
        for variant in VARIANTS:
            wanted |= {("fsrcnn_2019", variant, "output", area) for area in both}
            wanted |= {("srnet3d_raw", variant, "output", area) for area in one}
            wanted |= {("2d_then_3d_raw", variant, "output", area) for area in one}
            wanted |= {("2d_then_3d_raw", variant, "2d", area) for area in both}
        assert found == wanted
    for row in choose(scores, split="test"):
        size = (row["frames"], row["height"], row["width"])
        assert size == (WHOLE if row["area"] == "whole" else MIDDLE)


INTERPOLATIONS = ("nearest", "bilinear", "bicubic")


def test_gain_is_over_bicubic_on_the_same_frames(scores):
    for row in scores:
        gain = float(row["psnr_db"]) - float(row["bicubic_psnr_db"])
        assert float(row["gain_over_bicubic_db"]) == pytest.approx(gain, abs=1e-6)
        same = {name: row[name] for name in ("split", "area")}
        bicubic = only(scores, model="bicubic", **same)
        assert row["bicubic_psnr_db"] == bicubic["psnr_db"]
    for row in choose(scores, model="bicubic"):
        assert row["gain_over_bicubic_db"] == "0"
    for row in choose(scores, model="nearest"):
        assert float(row["gain_over_bicubic_db"]) < -1


def test_parameters_are_the_exact_counts(scores):
    for row in scores:
        count = MODELS.get(row["model"], "")
        assert row["parameters"] == str(count)


def test_first_stage_of_a_cascade_is_the_network_alone(scores):
    measures = ("mae", "mse", "ssim_uniform7", "ssim_gaussian11", "psnr_db")
    for row in choose(scores, model="2d_then_3d_raw", stage="2d"):
        same = {name: row[name] for name in ("variant", "split", "area")}
        alone = only(scores, model="fsrcnn_2019", **same)
        assert [row[name] for name in measures] == [alone[name] for name in measures]


def test_where_the_numbers_come_from(scores, epochs):
    for row in (*scores, *epochs):
        origin = [row[name] for name in ("data_source", "protocol", "preset", "seed", "backend")]
        assert origin == ["generated", "as_described", "tiny", "0", BACKEND]
    assert {row["trained_on"] for row in scores} == {"", "frames 20x40"}


def test_epochs_are_contiguous_and_the_best_is_scored(scores, epochs):
    trained = {}
    for key, rows in groupby(epochs, lambda row: (row["model"], row["variant"])):
        rows = list(rows)
        assert [row["epoch"] for row in rows] == [str(n + 1) for n in range(len(rows))]
        losses = [float(row["validation_mse"]) for row in rows]
        trained[key] = (str(len(rows)), str(1 + losses.index(min(losses))))
    lengths = {"fsrcnn_2019": "3", "srnet3d_raw": "2"}
    assert {key: length for key, (length, _) in trained.items()} == {
        (model, variant): length for model, length in lengths.items() for variant in VARIANTS
    }
    for (model, variant), numbers in trained.items():
        for row in choose(scores, model=model, variant=variant):
            assert (row["epochs"], row["best_epoch"]) == numbers
    for row in epochs:
        bicubic = float(row["bicubic_validation_psnr_db"])
        assert 25 < bicubic < 60
        if row["variant"] == "residual":  # starts at the interpolation's quality
            assert float(row["validation_psnr_db"]) == pytest.approx(bicubic, abs=6)


def test_pictures_show_the_same_area(out):
    with np.load(out / "measured" / f"frames_{BACKEND}_climate_2019.npz") as file:
        arrays = dict(file)
    networks = {f"{model}/{variant}" for model in MODELS for variant in VARIANTS}
    for name in ("high", "bicubic", *networks):
        assert arrays[name].shape == (16, 36)
        assert arrays[name].dtype == np.float32
    assert arrays["low"].shape == (10, 20)
    facts = {"dataset", "data_source", "hour", "field", "units", "limits"}
    assert set(arrays) == {"high", "bicubic", "low", *networks, *facts}
    # Frames of hours 108.5 to 114.5: the last one with two behind it is nearest to hour 126.
    assert str(arrays["hour"]) == "112.5"
    # The LR pixels lie under the HR ones: rows 1 to 8 of 10, and their means.
    under = arrays["high"].reshape(8, 2, 18, 2).mean(axis=(1, 3))
    assert np.abs(under - arrays["low"][1:-1, 1:-1]).max() < 0.02
    for name in ("bicubic", "srnet3d_raw/residual"):
        assert np.abs(arrays[name] - arrays["high"]).max() < 0.2


def test_a_second_start_does_nothing_again(out, monkeypatch):
    def never(*_, **__):
        raise AssertionError("trained or predicted again")

    kept = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for name in ("fit", "predict_clip"):
        monkeypatch.setattr(f"experiments.runner.{name}", never)
    assert run.main(command(out)) == 0
    again = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert again == kept


@pytest.fixture(scope="module")
def data(tiny_for_module):
    return prepare(
        preset.load("tiny"),
        protocol="as_described",
        seed=0,
        published=None,
        cache=tiny_for_module / "climate",
        progress=lambda name, done, total: None,
    )


def test_no_test_frame_is_a_training_frame(data):
    frames = {
        split: {frame.tobytes() for pair in pairs for frame in pair.high}
        for split, pairs in data.splits.items()
    }
    assert {split: len(found) for split, found in frames.items()} == {
        "test": 7,
        "validation": 12,
        "train": 14,
    }
    assert not frames["train"] & frames["validation"]
    assert not frames["test"] & (frames["train"] | frames["validation"])


def test_a_state_is_used_again_only_for_what_it_was_made_from(data, tmp_path):
    from experiments.runner import Runner

    chosen = preset.load("tiny")
    tasks = {(task.job.model, task.variant): task for task in choose_tasks(choose_studies([]), [])}

    def places(*, data=data, chosen=chosen, seed=0, mixed=False):
        runner = Runner(data, chosen, seed, BACKEND, tmp_path, mixed)
        return {key: runner.place(task) for key, task in tasks.items()}

    def changed(**settings):
        now = places(**settings)
        return {model for model, variant in tasks if now[model, variant] != first[model, variant]}

    first = places()
    assert len(set(first.values())) == len(first)
    everything = {model for model, _ in tasks}
    assert changed() == set()
    assert changed(seed=1) == everything
    assert changed(data=replace(data, protocol="as_run")) == everything
    assert changed(data=replace(data, identity=("other",))) == everything
    assert changed(chosen=replace(chosen, scored_frames=5)) == everything
    assert changed(mixed=True) == {"parallel5", "delta"}
    for model, behind in {
        "fsrcnn_2019": {"srnet3d_processed", "2d_then_3d_raw", "2d_then_3d_processed"},
        "srnet3d_raw": {"2d_then_3d_raw", "3d_then_2d"},
        "delta": set(),
    }.items():
        sizes = chosen.models | {model: ModelSize(epochs=1)}
        assert changed(chosen=replace(chosen, models=sizes)) == {model} | behind
