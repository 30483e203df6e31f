"""A clip in batches is the clip one by one."""

import gc

import keras
import numpy as np
import pytest
from checks import frames_of, predicted, randomise

from keras_vsr.errors import InputError
from keras_vsr.inference.predict import predict_batches, predict_clip
from keras_vsr.models import build

pytestmark = pytest.mark.backend

BATCH = 3


@pytest.fixture(scope="module")
def networks():
    """A small network of each kind."""
    two_d = build("fsrcnn_2019", filters=4, mapping_filters=3, upscale_filters=3)
    three_d = build("srnet3d", filters=4, mapping_filters=3)
    return {
        "frame": randomise(build("srcnn", filters=(4, 3), kernels=(3, 1, 3))),
        "window": randomise(build("srnet3d", filters=4, mapping_filters=3)),
        "clip": randomise(build("two_in_one", two_d=two_d, three_d=three_d)),
    }


def one_by_one(model, takes, clip, intensity):
    """Frame by frame, window by window, or the whole clip at once."""
    given = intensity * clip[..., None]
    if takes == "frame":
        made = [predicted(model, frame[None])[0] for frame in given]
    elif takes == "window":
        made = [predicted(model, given[None, t : t + 5])[0] for t in range(len(clip) - 4)]
    else:
        made = predicted(model, given[None])[0]
    return np.array(made)[..., 0] / intensity


@pytest.mark.parametrize("frames", [5, 7, 12])
@pytest.mark.parametrize("takes", ["frame", "window", "clip"])
def test_lengths(networks, takes, frames):
    clip = frames_of((frames, 7, 8))
    made = predict_clip(networks[takes], takes, clip, batch_size=BATCH)
    truth = one_by_one(networks[takes], takes, clip, 1.0)
    assert made.dtype == np.float32
    assert made.shape == truth.shape
    assert len(made) == (frames if takes == "frame" else frames - 4)
    np.testing.assert_allclose(made, truth, rtol=0, atol=2e-6 * np.abs(truth).max())


@pytest.mark.parametrize("takes", ["frame", "window", "clip"])
def test_intensity(networks, takes):
    clip = frames_of((7, 7, 8))
    made = predict_clip(networks[takes], takes, clip, intensity=255.0, batch_size=BATCH)
    truth = one_by_one(networks[takes], takes, clip, 255.0)
    np.testing.assert_allclose(made, truth, rtol=0, atol=2e-6 * np.abs(truth).max())
    # The networks have biases, so that the range is seen in the result.
    assert np.abs(made - one_by_one(networks[takes], takes, clip, 1.0)).max() > 1e-3


def test_batches_have_one_size(networks):
    sizes = []

    class Watched:
        def predict_on_batch(self, given):
            sizes.append(len(given))
            return networks["frame"].predict_on_batch(given)

    frames = frames_of((7, 6, 6, 1))
    made = predict_batches(Watched(), frames, batch_size=BATCH)
    assert sizes == [3, 3, 3]
    assert made.shape == frames.shape


def test_frames_alone_may_be_few(networks):
    assert predict_clip(networks["frame"], "frame", frames_of((1, 6, 7))).shape == (1, 6, 7)


@pytest.mark.parametrize("takes", ["window", "clip"])
def test_fewer_frames_than_a_window(networks, takes):
    with pytest.raises(InputError, match="has 4 frames, a window needs 5"):
        predict_clip(networks[takes], takes, frames_of((4, 7, 8)))


def test_values_stay_where_they_are():
    # A network that hands its frames on: nothing is moved, mixed up or rounded.
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, keras.layers.Identity()(frame))
    clip = frames_of((8, 5, 6))
    np.testing.assert_array_equal(predict_clip(model, "frame", clip, batch_size=BATCH), clip)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="torch's layers leave tensors")
def test_no_tensors_are_left_behind():
    import torch

    model = build("delta", recursions_2d=1, recursions_3d=1)
    windows = np.zeros((8, 5, 6, 7, 1), np.float32)

    def left():
        predict_batches(model, windows, batch_size=2)
        return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())

    left()
    gc.collect()
    gc.disable()  # so that only what is cleared away on purpose is
    try:
        assert left() == left()
    finally:
        gc.enable()
