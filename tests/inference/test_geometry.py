"""What is read from a network is what is known of it."""

import keras
import pytest

from keras_vsr.inference.geometry import Geometry, geometry
from keras_vsr.models import NETWORKS, build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name):
    network = NETWORKS[name]
    ratio = 1 if network.enlarged else 4 if name == "flow4x" else 2
    assert geometry(build(name)) == Geometry(network.takes, ratio, network.border, 1)


@pytest.mark.parametrize("scale", [3, 4])
def test_scales(scale):
    assert geometry(build("parallel5", scale=scale)).ratio == scale
    assert geometry(build("fsrcnn", scale=scale)).border == 0


def test_auxiliary_outputs_are_passed_over():
    assert geometry(build("delta", auxiliary=True)).border == 2


def test_models_of_another_kind():
    vector = keras.Input((8,))
    with pytest.raises(ValueError, match="must take frames"):
        geometry(keras.Model(vector, keras.layers.Dense(1)(vector)))
    frame = keras.Input((None, None, 1))
    half = keras.Model(frame, keras.layers.AveragePooling2D(2)(frame))
    with pytest.raises(ValueError, match="whole times larger"):
        geometry(half)
