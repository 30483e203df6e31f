"""Padding to a multiple is `np.pad(mode="edge")` below and to the right, and cropping undoes it."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted
from keras import ops

from keras_vsr.layers.pad_to_multiple import CropLike, PadToMultiple

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("multiple", "size", "added"),
    [(1, (3, 5), (0, 0)), (4, (8, 4), (0, 0)), (4, (5, 7), (3, 1)), (32, (1, 33), (31, 31))],
)
def test_equals_numpy_and_is_undone(multiple, size, added):
    frames = frames_of((2, *size, 3))
    layer = PadToMultiple(multiple)
    made = layer(frames)
    truth = np.pad(frames, ((0, 0), (0, added[0]), (0, added[1]), (0, 0)), mode="edge")
    np.testing.assert_array_equal(ops.convert_to_numpy(made), truth)
    assert layer.compute_output_shape(frames.shape) == truth.shape
    np.testing.assert_array_equal(ops.convert_to_numpy(CropLike()([made, frames])), frames)


def test_sizes_may_be_unknown_and_the_multiple_is_saved(tmp_path):
    frame = keras.Input((None, None, 1))
    padded = PadToMultiple(4)(frame)
    model = keras.Model(frame, [padded, CropLike()([padded, frame])])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for size, larger in (((6, 8), (8, 8)), ((3, 9), (4, 12))):
        frames = frames_of((2, *size, 1))
        padded, cropped = loaded.predict(frames, verbose=0)
        assert padded.shape == (2, *larger, 1)
        np.testing.assert_array_equal(cropped, frames)
        np.testing.assert_array_equal(predicted(model.get_layer(index=1), frames), padded)


@pytest.mark.parametrize("multiple", [0, -2, 1.5, None])
def test_multiples_that_are_no_whole_numbers(multiple):
    with pytest.raises(ValueError, match="multiple must be a whole number"):
        PadToMultiple(multiple)
