"""Adam with a lower rate for some of the variables."""

import keras


@keras.saving.register_keras_serializable(package="keras_vsr")
class TwoRateAdam(keras.optimizers.Adam):
    """Adam whose rate is `slow_factor` times `learning_rate` for the variables named.

    One optimizer and one list of moments, so that a run is saved and goes on like any other.
    Gradients that are scaled would not do: Adam divides by their size.

    Args:
        learning_rate: Of all other variables.
        slow_paths: `path` of each slow variable.
        slow_factor: Its rate over `learning_rate`.
        **arguments: Those of `keras.optimizers.Adam`.
    """

    def __init__(self, learning_rate=1e-3, slow_paths=(), slow_factor=1.0, **arguments):
        super().__init__(learning_rate, **arguments)
        self.slow_paths = frozenset(slow_paths)
        self.slow_factor = slow_factor

    def build(self, variables):
        # By number: TensorFlow hands `update_step` its own variables, which have no path.
        self._slow = {n for n, v in enumerate(variables) if v.path in self.slow_paths}
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        if self._get_variable_index(variable) in self._slow:
            learning_rate = learning_rate * self.slow_factor
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {
            **super().get_config(),
            "slow_paths": sorted(self.slow_paths),
            "slow_factor": self.slow_factor,
        }
