"""Range limiter S(x) of the integrated networks."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_vsr")
class RangeLimiter(keras.layers.Layer):
    """S(x) = (MAX - MIN) sigmoid(x / 100) + MIN: the output stays within the data's range.

    The slope at 0 is (MAX - MIN) / 400: 0.64 for intensities 0..255, but 0.0025 for 0..1, so a
    network with this layer should be trained on 0..255, as published.

    Args:
        data_range: (MIN, MAX) of the intensities.

    Reference:
        report_2021, "5-parallel".
    """

    def __init__(self, data_range, **kwargs):
        super().__init__(**kwargs)
        low, high = (float(limit) for limit in data_range)
        if not low < high:
            raise ValueError(f"data_range must be (MIN, MAX) with MIN < MAX; got {data_range}")
        self.data_range = (low, high)

    def call(self, x):
        low, high = self.data_range
        return (high - low) * ops.sigmoid(x / 100) + low

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "data_range": self.data_range}
