"""Packing is what a loop over clips and frames would do, for any batch and length."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted
from keras import ops

from keras_vsr.layers import BatchToFrames, FramesToBatch, PackWindows, UnpackWindows

pytestmark = pytest.mark.backend

SIZES = [(1, 5), (2, 6), (3, 7), (1, 8), (2, 9)]  # batch, frames


def of_layer(layer, given):
    """The layer's output, after a look at its own idea of the shape."""
    made = ops.convert_to_numpy(layer(given))
    shapes = [x.shape for x in given] if isinstance(given, list) else given.shape
    assert tuple(layer.compute_output_shape(shapes)) == made.shape
    return made


@pytest.mark.parametrize(("batch", "frames"), SIZES)
def test_frames_to_batch_and_back(batch, frames):
    clips = frames_of((batch, frames, 3, 4, 2))
    flat = of_layer(FramesToBatch(), clips)
    truth = [frame for clip in clips for frame in clip]
    np.testing.assert_array_equal(flat, truth)
    np.testing.assert_array_equal(of_layer(BatchToFrames(frames), flat), clips)


@pytest.mark.parametrize(("batch", "frames"), SIZES)
def test_windows(batch, frames):
    clips = frames_of((batch, frames, 2, 3, 1))  # tells the length; the sizes may be others
    maps = frames_of((batch * frames, 4, 6, 2), seed=1)
    packed = of_layer(PackWindows(), [maps, clips])
    truth = []
    for clip in range(batch):
        for middle in range(2, frames - 2):
            window = []
            for step in (-2, -1, 0, 1, 2):
                window.append(maps[clip * frames + middle + step])
            truth.append(window)
    np.testing.assert_array_equal(packed, truth)


@pytest.mark.parametrize(("batch", "frames"), SIZES)
def test_one_frame_of_each_window_makes_a_clip(batch, frames):
    clips = frames_of((batch, frames, 2, 3, 1))
    flat = of_layer(FramesToBatch(), clips)
    middles = of_layer(PackWindows(), [flat, clips])[:, 2]
    made = of_layer(UnpackWindows(), [middles, clips])
    np.testing.assert_array_equal(made, clips[:, 2:-2])


def test_batch_length_and_sizes_may_be_unknown(tmp_path):
    clip = keras.Input((None, None, None, 1))
    flat = FramesToBatch()(clip)
    packed = PackWindows()([flat, clip])
    middle = UnpackWindows()([packed[:, 2], clip])
    model = keras.Model(clip, middle)
    assert flat.shape == (None, None, None, 1)
    assert packed.shape == (None, 5, None, None, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for shape in ((1, 5, 3, 4, 1), (2, 7, 4, 3, 1)):
        clips = frames_of(shape)
        np.testing.assert_array_equal(predicted(loaded, clips), clips[:, 2:-2])


def test_the_number_of_frames_is_saved():
    assert BatchToFrames.from_config(BatchToFrames(7).get_config()).frames == 7
    assert BatchToFrames().frames == 5
