"""Presets hold sizes and epochs, and nothing else of a recipe."""

from dataclasses import fields, replace

import pytest

from experiments import preset
from experiments.climate_data import PROTOCOLS, settings
from experiments.measure_errata import PLAN
from experiments.preset import ModelSize
from experiments.studies import STUDIES
from keras_vsr.errors import InputError
from keras_vsr.training.recipe import RECIPES, Recipe

JOBS = {job.model: job for study in STUDIES.values() for job in study.jobs}
JOBS |= {f"{study.name}/{job.model}": job for study in STUDIES.values() for job in study.jobs}
# The study of errata trains other studies' models.
JOBS |= {f"errata/{model}": JOBS[model] for models in PLAN.values() for model in models}
STAGES_OF_SPACE_TIME = {f"space_time/{stage}" for stage in ("streams", "fusion", "joint")}


def test_names_from_the_smallest_on():
    assert preset.names() == ["smoke", "quick", "paper"]


@pytest.mark.parametrize("name", preset.names())
def test_presets_fit_the_studies(name):
    chosen = preset.load(name)
    assert chosen.name == name
    assert chosen.summary
    assert "\n" not in chosen.summary
    for model, size in chosen.models.items():
        trains = model in STAGES_OF_SPACE_TIME or JOBS[model].network
        assert trains, f"{model} trains nothing"
        assert size.epochs is None or size.epochs >= 1
        assert size.samples is None or size.samples >= 1
        assert size.patches >= 1
        scored = size.scored_frames  # the stages of space_time share theirs
        assert scored is None or (scored >= 1 and model not in STAGES_OF_SPACE_TIME)
        if size.patch is None:
            assert size.patches == 1
        else:  # pixels of both sizes
            assert size.patch % 2 == 0
            assert size.patch <= min(chosen.climate.height, chosen.climate.width)
    for protocol in PROTOCOLS:
        assert settings(chosen, protocol, 0)
    assert set(chosen.clips) == {"phantom", "phantom4x", "diamond", "clips", "triplets"}
    for name, size in chosen.clips.items():  # a window of five in each split, at every scale
        assert min(size.train_frames, size.validation_frames, size.test_frames) >= 5
        scale = 4 if name == "phantom4x" else 2
        assert size.height % scale == size.width % scale == 0


def test_a_size_of_one_study_goes_before_that_of_all():
    sizes = {"srnet3d": ModelSize(epochs=2), "phantom/srnet3d": ModelSize(epochs=3)}
    chosen = replace(preset.load("smoke"), models=sizes)
    assert chosen.size("srnet3d", "phantom").epochs == 3
    assert chosen.size("srnet3d", "climate_2019").epochs == 2
    assert chosen.size("delta", "phantom") == ModelSize()


def test_sizes_of_a_study_that_trains_models_of_others():
    sizes = {"srcnn": ModelSize(epochs=2), "errata/srcnn": ModelSize(epochs=1)}
    within = replace(preset.load("smoke"), models=sizes).within("errata")
    assert within.size("srcnn", "climate_2019").epochs == 1
    assert within.name == "smoke"


def test_frames_scored_after_each_epoch():
    sizes = {"srcnn": ModelSize(scored_frames=1)}
    chosen = replace(preset.load("smoke"), models=sizes, scored_frames=4)
    assert chosen.scored("srcnn", "climate_2019") == 1
    assert chosen.scored("delta", "climate_2021") == 4


def test_paper_sizes_and_epochs_are_the_published_ones():
    chosen = preset.load("paper")
    climate = chosen.climate
    assert (climate.height, climate.width) == (318, 640)
    assert climate.train_runs * (climate.train_frames + climate.validation_frames) == 120
    assert climate.validation_frames / climate.train_frames == 0.2 / 0.8
    assert climate.test_frames == 50
    assert climate.as_run_frames == 1000
    assert chosen.models == {}  # each recipe's own epochs, on whole frames


def test_only_sizes_and_epochs_can_be_set():
    shared = {entry.name for entry in fields(ModelSize)} & {entry.name for entry in fields(Recipe)}
    assert shared == {"epochs"}


def test_recipes_have_the_published_numbers():
    """Specification, sections 3 and 4: rate, decay, batch, epochs, patience."""
    numbers = {
        name: (one.learning_rate, one.decay, one.batch_size, one.epochs, one.patience)
        for name, one in RECIPES.items()
    }
    assert numbers == {
        "srcnn": (5e-4, 1e-6, 25, 120, 4),
        "fsrcnn": (1.5e-3, 7e-9, 20, 150, 10),
        "srnet3d_raw": (1e-3, 1e-3, 10, 100, 8),
        "srnet3d_processed": (1e-3, 1e-3, 10, 80, 8),
        "srnet3d_early": (1e-3, 1e-6, 10, 100, None),
        "kim_3dsrnet": (1e-3, 0.0, 10, 100, 8),
        "flow4x": (5e-4, 0.0, 1, 300, 10),
        "two_in_one": (1e-3, 1e-3, 10, 100, 8),
        "integrated_2021": (5e-4, 0.0, 1, 300, 10),
    }


def test_data_without_a_size():
    with pytest.raises(InputError, match=r"preset smoke has no sizes of tv: add \[clips.tv\]"):
        preset.load("smoke").clip("tv")


def test_unknown_preset():
    with pytest.raises(InputError, match="no preset is called 'big'; there are smoke, quick, pap"):
        preset.load("big")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scored_frames = 4", "scored_frames = 4\nfast = true", "has the unknown entry fast; the"),
        ("height = 20", "hight = 20", "has the unknown entry hight; there are height, width, "),
        ("height = 20\n", "", "lacks the entry height; add it"),
        ("[climate]", "[weather]", "lacks the entry height; add it"),
        ("summary =", "title =", "has the unknown entry title; there are "),
        ("epochs = 3", "learning_rate = 1", "has the unknown entry learning_rate; there are epo"),
        ("height = 20", "height = ", "is no TOML file: Invalid value "),
    ],
)
def test_wrong_entries_are_named(tiny, old, new, message):
    path = preset.FOLDER / "tiny.toml"
    content = path.read_text()
    assert preset.load("tiny").climate.height == 20
    assert old in content
    path.write_text(content.replace(old, new))
    with pytest.raises(InputError, match=f"tiny.toml {message}"):
        preset.load("tiny")
