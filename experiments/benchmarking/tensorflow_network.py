"""A network of 2019 in plain TensorFlow."""

import numpy as np

from experiments.benchmarking.preset import RECIPE_NAMES
from keras_vsr.training.recipe import RECIPES
from legacy_tf import networks
from legacy_tf.training import Trainer

LAYOUTS = ("channels_last",)


class TensorflowNetwork:
    """One network of `legacy_tf`.

    Args:
        name: One of 2019: fsrcnn_2019 or srnet3d.
        layout: One of `LAYOUTS`.
        weights: Kernel and bias of each layer, in the order of the layers.
    """

    def __init__(self, name: str, layout: str, weights: dict[str, tuple[np.ndarray, np.ndarray]]):
        recipe = RECIPES[RECIPE_NAMES[name]]
        self.intensity = np.float32(recipe.intensity)
        self.network = getattr(networks, name)()
        self.network.set_weights([value for pair in weights.values() for value in pair])
        self.trainer = Trainer(self.network, learning_rate=recipe.learning_rate, decay=recipe.decay)

    def weights(self) -> list[np.ndarray]:
        """Kernel and bias of each layer, one after the other."""
        return self.network.get_weights()

    def train_step(self, inputs: np.ndarray, truth: np.ndarray) -> float:
        """One step on a batch in the recipe's intensities; returns the MSE before it."""
        return self.trainer.step(inputs, truth)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """What the network makes of one batch, data in [0, 1]."""
        made = self.network.predict(inputs * self.intensity, batch_size=len(inputs))
        return made / self.intensity
