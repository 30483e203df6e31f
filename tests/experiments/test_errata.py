"""The errata as switches: what each one changes in a plan, and what it costs in a run."""

import os
from dataclasses import replace

import numpy as np
import pytest

from experiments import errata, preset
from experiments.climate_data import prepare
from experiments.measure_errata import PLAN, filter_row, starting_from
from experiments.plan import choose_studies, choose_tasks
from experiments.runner import Runner
from keras_vsr.data.degrade import enlarge
from keras_vsr.data.errata import enlarge_sheared
from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr
from keras_vsr.models import build
from keras_vsr.training.recipe import RECIPES
from keras_vsr.weights.initial import initialise

JOBS = {job.model: job for study in choose_studies([]) for job in study.jobs}
BACKEND = os.environ["KERAS_BACKEND"]


def test_names():
    assert errata.choose_errata(["none"]) == frozenset()
    assert errata.choose_errata(["E2", "E1"]) == {"E1", "E2"}
    assert errata.choose_errata(["all"]) == errata.AS_RUN
    assert errata.label(frozenset({"E14", "E2", "E1"})) == "E1+E2+E14"
    assert errata.label(frozenset()) == ""
    for name in ("E6", "E16", "e1"):
        with pytest.raises(InputError, match=f"is called '{name}'; there are E1, E2, E3, .*, all"):
            errata.choose_errata([name])


def test_what_is_touched_is_a_model():
    for erratum in errata.ERRATA.values():
        assert set(erratum.touches) <= set(JOBS)
    for names, models in PLAN.items():
        assert set(models) <= set(JOBS)
        assert set(names) <= set(errata.ERRATA)
        if 0 < len(names) < 3:  # a network that nothing touches would be trained for nothing
            assert all(errata.touching(frozenset(names), model) for model in models)
    alone = {names[0] for names in PLAN if len(names) == 1}
    assert alone == set(errata.ERRATA)


@pytest.mark.parametrize(
    ("name", "model", "network", "arguments"),
    [
        ("E3", "srnet3d_raw", "srnet3d", {"order": "as_run"}),
        ("E3", "delta", "delta", {"order": "as_run"}),
        ("E4", "srnet3d_processed", "srnet3d", {"last_kernel": 5}),
        (
            "E5",
            "fsrcnn_2019",
            "fsrcnn_2019_prelu",
            {"mapping_filters": 8, "name": "fsrcnn_2019"},
        ),
        ("E13", "delta", "delta", {"recursions_2d": 4}),
        ("not E11", "parallel5", "parallel5", {"recursive_frames": (1, 2, 3, 4, 5)}),
        ("E18", "srnet3d_raw", "srnet3d", {"activation": "linear"}),
        ("E18", "delta", "delta", {}),
        ("E1", "srnet3d_raw", "srnet3d", {}),
    ],
)
def test_networks(name, model, network, arguments):
    assert errata.network(frozenset({name}), JOBS[model]) == (network, arguments)


def test_the_checkpoints_parameters():
    """The saved climate networks of 2019 have these: their own files say so."""
    for model, parameters in (("fsrcnn_2019", 6_348), ("srnet3d_raw", 63_641)):
        name, arguments = errata.network(errata.AS_RUN, JOBS[model])
        assert build(name, **arguments).count_params() == parameters


def test_the_texts_fsrcnn_starts_from_the_same_weights():
    """8 mapping filters: 6,897 numbers without the slopes of 32 + 8 + 8 + 32 + 32 channels."""
    name, arguments = errata.network(frozenset({"E5"}), JOBS["fsrcnn_2019"])
    text, suite = build(name, **arguments), build("fsrcnn_2019")
    assert text.count_params() == 6_897 + 112
    for model in (text, suite):
        initialise(model, seed=0)
    kernels = [m.get_layer("fsrcnn_2019_extract").get_weights()[0] for m in (text, suite)]
    np.testing.assert_array_equal(*kernels)


def test_early_stopping():
    recipe = RECIPES["integrated_2021"]
    on = frozenset({"E10"})
    assert errata.changed_recipe(on, JOBS["delta"], recipe) == replace(recipe, patience=None)
    assert errata.changed_recipe(on, JOBS["srnet3d_raw"], recipe) == recipe


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


def runner_with(data, folder, *names, start=None):
    chosen = preset.load("tiny")
    return Runner(data, chosen, 0, BACKEND, folder, False, frozenset(names), start)


def plain(model):
    tasks = choose_tasks(choose_studies([]), [model], ("plain",))
    return next(task for task in tasks if task.job.model == model)


def rows_by(rows, split="test"):
    return {
        (row["model"], row["stage"]): row
        for row in rows
        if (row["split"], row["area"]) == (split, "middle")
    }


def test_raw_rows_are_what_the_network_is_given(data, tmp_path):
    pair = data.splits["test"][0]
    truth = pair.high[2:-2, 2:-2, 2:-2]
    nearest = enlarge(pair.low, "nearest")[2:-2, 2:-2, 2:-2]
    rows = rows_by(runner_with(data, tmp_path, "E14").interpolation_rows("climate_2019"))
    raw = rows["raw", "output"]
    assert raw["psnr_db"] == pytest.approx(psnr(truth, nearest, data_range=1.0))
    assert raw["errata"] == "E14"
    assert raw["row"].endswith(f"/{BACKEND}/E14")
    late = rows_by(runner_with(data, tmp_path, "E2", "E14").interpolation_rows("climate_2019"))
    assert late["raw", "output"]["frames"] == raw["frames"] - 1
    assert late["raw", "output"]["psnr_db"] == pytest.approx(
        psnr(truth[1:], nearest[:-1], data_range=1.0)
    )
    sheared = rows_by(runner_with(data, tmp_path, "E1").interpolation_rows("climate_2019"))
    moved = enlarge_sheared(pair.low, "bicubic")[2:-2, 2:-2, 2:-2]
    assert sheared["raw", "output"]["psnr_db"] == pytest.approx(psnr(truth, moved, data_range=1.0))
    assert sheared["raw", "output"]["psnr_db"] < sheared["bicubic", "output"]["psnr_db"]
    assert ("raw", "output") not in rows_by(
        runner_with(data, tmp_path, "E13").interpolation_rows("climate_2019")
    )


def test_only_what_is_touched_is_trained_anew(data, tmp_path):
    right = runner_with(data, tmp_path)
    for name, touched in {
        "E1": {"srnet3d_raw"},
        "E5": {"fsrcnn_2019", "srnet3d_processed"},
    }.items():
        wrong = runner_with(data, tmp_path, name)
        other = {
            model
            for model in ("srcnn", "fsrcnn_2019", "srnet3d_raw", "srnet3d_processed", "delta")
            if wrong.place(plain(model)) != right.place(plain(model))
        }
        assert other == touched


@pytest.mark.backend
def test_late_networks_are_trained_and_scored_late(data, tmp_path):
    runner = runner_with(data, tmp_path, "E2")
    task = plain("srnet3d_raw")
    samples = runner.samples(task, "train")
    given, truth = samples.gather(samples.starts[:1])
    pair = data.splits["train"][0]
    np.testing.assert_array_equal(truth[0, ..., 0], pair.high[3, 2:-2, 2:-2])
    np.testing.assert_array_equal(given[0, 2, ..., 0], enlarge(pair.low, "bicubic")[2])
    rows = rows_by(runner.score_rows(task))
    late, right = rows["srnet3d_raw", "output"], rows["srnet3d_raw", "against_middle"]
    made = runner.outputs([task], "test")[0]
    high = data.splits["test"][0].high[:, 2:-2, 2:-2]
    assert late["psnr_db"] == pytest.approx(psnr(high[3:-2], made[:-1], data_range=1.0))
    assert right["psnr_db"] == pytest.approx(psnr(high[2:-2], made, data_range=1.0))


@pytest.mark.backend
def test_stems_from_fsrcnn(data, tmp_path, reference):
    task = plain("parallel5")
    wrong, right = (
        runner_with(data, tmp_path, name, start=starting_from(reference))
        for name in ("E9", "not E9")
    )
    fsrcnn = wrong.trained(plain("fsrcnn_2019")).get_layer("fsrcnn_2019_extract").get_weights()[0]
    stems = [
        runner.network(task).get_layer("frame4_stem").get_weights()[0] for runner in (wrong, right)
    ]
    np.testing.assert_array_equal(stems[1], fsrcnn)
    # PyTorch reads (32, 1, 5, 5): element n of the file is filter n // 25, row, column.
    flat = fsrcnn.reshape(-1)
    for number in (0, 1, 24, 25, 799):
        tap = number % 25
        assert stems[0][tap // 5, tap % 5, 0, number // 25] == flat[number]
    frozen = runner_with(data, tmp_path, "E16", start=starting_from(reference))
    model = frozen.network(plain("srcnn"))
    assert not model.get_layer("srcnn_extract").trainable
    row = filter_row(frozen, plain("srcnn"), model, model)
    assert row["mean_cosine"] == pytest.approx(1)
    assert row["shape"] == "9x9x1x64"
