"""Which networks a run trains and scores, in which order."""

import pytest

from experiments.data_of_studies import DATASETS
from experiments.plan import choose_studies, choose_tasks
from experiments.studies import STUDIES
from keras_vsr.errors import InputError
from keras_vsr.models import NETWORKS
from keras_vsr.reporting import tables
from keras_vsr.training.recipe import RECIPES

ALL = choose_studies([])


def named(tasks, *, asked=True):
    return [(task.job.model, task.variant) for task in tasks if task.asked == asked]


def test_all_models_in_both_variants_where_none_is_named():
    tasks = choose_tasks(ALL, [])
    models = [job.model for study in ALL for job in study.jobs]
    assert named(tasks) == [(model, v) for model in models for v in ("plain", "residual")]
    assert named(tasks, asked=False) == []


def test_studies_keep_their_order():
    assert [study.name for study in ALL] == ["climate_2019", "climate_2021"]
    assert choose_studies(list(reversed(STUDIES))) == list(STUDIES.values())
    assert choose_studies(["all"]) == list(STUDIES.values())
    assert choose_studies(["climate_2021", "climate_2019"]) == ALL
    assert [study.name for study in choose_studies(["climate_2021"])] == ["climate_2021"]
    with pytest.raises(InputError, match="no study is called 'x'; there are climate_2019, cl"):
        choose_studies(["climate_2019", "x"])


@pytest.mark.parametrize(
    ("model", "needed"),
    [
        ("srcnn", []),
        ("srnet3d_processed", ["fsrcnn_2019"]),
        ("2d_then_3d_processed", ["fsrcnn_2019", "srnet3d_processed"]),
        ("2d_then_3d_raw", ["fsrcnn_2019", "srnet3d_raw"]),
        ("3d_then_2d", ["srnet3d_raw"]),
        ("delta", []),
    ],
)
def test_what_a_model_builds_on_is_trained_before_it_without_rows(model, needed):
    tasks = choose_tasks(ALL, [model])
    assert named(tasks) == [(model, "plain"), (model, "residual")]
    assert named(tasks, asked=False) == [(m, v) for m in needed for v in ("plain", "residual")]
    assert [task.job.model for task in tasks[-2:]] == [model, model]


def test_a_named_model_that_another_one_builds_on_has_rows():
    tasks = choose_tasks(ALL, ["2d_then_3d_raw", "fsrcnn_2019"])
    assert {model for model, _ in named(tasks)} == {"2d_then_3d_raw", "fsrcnn_2019"}
    assert {model for model, _ in named(tasks, asked=False)} == {"srnet3d_raw"}


@pytest.mark.parametrize("models", [[], ["3d_then_2d"], ["2d_then_3d_raw", "srnet3d_processed"]])
def test_each_network_comes_after_those_of_its_chain(models):
    done = set()
    for task in choose_tasks(ALL, models):
        *before, last = [link.title for link in task.chain]
        if task.job.network:
            assert last == task.title
            assert set(before) <= done
        else:
            assert {*before, last} <= done
        assert all(link.variant == task.variant for link in task.chain)
        done.add(task.title)


def test_unknown_model_of_the_chosen_studies():
    with pytest.raises(InputError, match="no model is called 'delta' here; there are srcnn, "):
        choose_tasks(choose_studies(["climate_2019"]), ["delta"])


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.name)
def test_studies_are_whole(study):
    models = []
    for job in study.jobs:
        assert set(job.after) <= set(models)  # each behind those that it builds on
        assert (job.network in NETWORKS and job.recipe in RECIPES) or (
            job.after and not job.network and not job.recipe
        )
        assert len(job.stages) < len(job.after) + bool(job.network) or not job.stages
        models.append(job.model)
    assert len(set(models)) == len(models)
    if study.jobs:
        assert study.data in DATASETS
        assert study.name in tables.STUDIES
        assert set(models) <= set(tables.MODEL_ORDER)


def test_variants_can_be_chosen():
    tasks = choose_tasks(ALL, ["srnet3d_processed"], ("plain",))
    assert [(task.job.model, task.variant) for task in tasks] == [
        ("fsrcnn_2019", "plain"),
        ("srnet3d_processed", "plain"),
    ]
