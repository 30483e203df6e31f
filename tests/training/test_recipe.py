"""Recipes hold the printed numbers."""

import dataclasses

import pytest

from keras_vsr.training.recipe import RECIPES

# specification.md, sections 3 and 4: rate, decay, batch, epochs, patience.
PRINTED = {
    "srcnn": (5e-4, 1e-6, 25, 120, 4),
    "fsrcnn": (1.5e-3, 7e-9, 20, 150, 10),
    "srnet3d_raw": (1e-3, 1e-3, 10, 100, 8),
    "srnet3d_processed": (1e-3, 1e-3, 10, 80, 8),
    "integrated_2021": (5e-4, 0.0, 1, 300, 10),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_numbers(name):
    recipe = RECIPES[name]
    made = (
        recipe.learning_rate,
        recipe.decay,
        recipe.batch_size,
        recipe.epochs,
        recipe.patience,
    )
    assert made == PRINTED[name]
    assert recipe.source


def test_ranges_of_intensity():
    assert RECIPES["integrated_2021"].intensity == 255.0
    assert {RECIPES[name].intensity for name in PRINTED if name != "integrated_2021"} == {1.0}


def test_a_recipe_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECIPES["srcnn"].epochs = 1
