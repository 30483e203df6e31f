"""The two layouts inside a network, for tests that compare both with the truth."""

import keras
import pytest

each_layout = pytest.mark.parametrize(
    "data_format",
    [
        "channels_last",
        pytest.param(
            "channels_first",
            marks=pytest.mark.skipif(
                keras.backend.backend() == "tensorflow",
                reason="Keras 3.15 on TensorFlow adds the bias of a channels-first convolution "
                "along the width where that is as large as the number of filters",
            ),
        ),
    ],
)
