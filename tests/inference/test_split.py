"""A network in two parts is the network."""

import keras
import numpy as np
import pytest
from checks import assert_close, frames_of, predicted, randomise
from small_networks import small_network

from keras_vsr.inference.split import split
from keras_vsr.models import NETWORKS, build

pytestmark = pytest.mark.backend

CASES = [
    ("two_in_one", {}),
    ("two_in_one", {"residual": True}),
    ("delta", {}),
    ("delta", {"residual": True, "recursions_2d": 2, "recursions_3d": 2}),
    ("delta", {"first_block": (1, 3, 2, 1, 1), "scale": 3}),
    ("delta", {"first_block": (3, 3, 3, 3, 3)}),
]


def together(parts, frames):
    """Each frame once, then the windows of what became of it."""
    frame_part, window_part = parts
    features = predicted(frame_part, frames[..., None])
    windows = np.stack([features[t : t + 5] for t in range(len(frames) - 4)])
    return predicted(window_part, windows)[..., 0]


def whole(model, frames):
    if len(model.inputs[0].shape) == 5 and model.inputs[0].shape[1] is None:
        return predicted(model, frames[None, ..., None])[0, ..., 0]
    windows = np.stack([frames[t : t + 5] for t in range(len(frames) - 4)])
    return predicted(model, windows[..., None])[..., 0]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_parts_together(name, arguments):
    model = randomise(small_network(name, **arguments))
    frames = frames_of((6, 8, 9))
    assert_close(together(split(model), frames), whole(model, frames))


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_layouts(data_format):
    if data_format == "channels_first" and keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no channels-first convolutions on a processor")
    model = randomise(small_network("delta", residual=True, data_format=data_format))
    frames = frames_of((6, 8, 9))
    assert_close(together(split(model), frames), whole(model, frames))


def test_weights_are_shared():
    model = randomise(small_network("delta"))
    frames = frames_of((6, 8, 9))
    parts = split(model)
    randomise(model, seed=7)
    assert_close(together(parts, frames), whole(model, frames))


def test_a_network_that_was_saved(tmp_path):
    model = randomise(small_network("delta", residual=True))
    model.save(tmp_path / "delta.keras")
    loaded = keras.models.load_model(tmp_path / "delta.keras")
    frames = frames_of((6, 8, 9))
    assert_close(together(split(loaded), frames), whole(model, frames))


def test_features_are_made_once_for_each_block():
    frame_part, window_part = split(build("delta"))
    assert frame_part.output_shape[-1] == 3  # one map for each block at which frames enter
    assert frame_part.count_params() == 20_061  # the whole 2D part
    assert window_part.count_params() == 63_641  # the whole 3D part
    assert split(build("delta", residual=True))[0].output_shape[-1] == 4  # and the bicubic frame
    assert split(build("delta", first_block=(2, 2, 2, 2, 2)))[0].output_shape[-1] == 1


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"delta", "two_in_one", "2d_then_3d"}))
def test_networks_with_nothing_to_share(name):
    assert split(build(name)) is None
