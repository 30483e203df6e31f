"""A network of `keras_vsr`, trained and run as its programs do it."""

import numpy as np

from experiments.benchmarking.preset import RECIPE_NAMES
from keras_vsr.inference.predict import predict_batches
from keras_vsr.layers import default_data_format
from keras_vsr.models import build
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import RECIPES
from keras_vsr.weights.initial import convolutions

LAYOUTS = (default_data_format(),)


class KerasNetwork:
    """One network on the backend that Keras has loaded.

    Args:
        name: Of the builder.
        layout: One of `LAYOUTS`.
        weights: Kernel and bias of each layer, by its name.
    """

    def __init__(self, name: str, layout: str, weights: dict[str, tuple[np.ndarray, np.ndarray]]):
        self.recipe = RECIPES[RECIPE_NAMES[name]]
        self.model = build(name)
        for path, layer in convolutions(self.model):
            for variable, value in zip((layer.kernel, layer.bias), weights[path], strict=True):
                variable.assign(value)
        compile_model(self.model, self.recipe)

    def weights(self) -> list[np.ndarray]:
        """Kernel and bias of each layer, one after the other."""
        return self.model.get_weights()

    def train_step(self, inputs: np.ndarray, truth: np.ndarray) -> float:
        """One step on a batch in the recipe's intensities; returns the MSE before it."""
        loss = self.model.train_on_batch(inputs, truth)
        self.model.reset_metrics()  # so that the value is this batch's own
        return float(loss)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """What the network makes of one batch, data in [0, 1]."""
        intensity = self.recipe.intensity
        return predict_batches(self.model, inputs, intensity=intensity, batch_size=len(inputs))
