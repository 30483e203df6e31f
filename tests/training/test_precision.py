"""The policy holds inside and nowhere else."""

import keras
import pytest

from keras_vsr.training.precision import precision

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("policy", "computes"),
    [("float32", "float32"), ("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")],
)
def test_layers_made_inside(policy, computes):
    with precision(policy):
        layer = keras.layers.Conv2D(1, 1)
    assert (layer.compute_dtype, layer.variable_dtype) == (computes, "float32")
    assert keras.layers.Conv2D(1, 1).compute_dtype == "float32"


def fail_inside():
    with precision("mixed_float16"):
        raise KeyboardInterrupt


def test_after_an_error_too():
    with pytest.raises(KeyboardInterrupt):
        fail_inside()
    assert keras.config.dtype_policy().name == "float32"
