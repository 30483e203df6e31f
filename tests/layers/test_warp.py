"""Warping against a loop over pixels and against SciPy, and its derivatives by differences."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted
from keras import ops
from scipy.ndimage import map_coordinates

from keras_vsr.layers.warp import Warp

pytestmark = pytest.mark.backend


def flow_of(shape, size, seed=0):
    """Random displacements up to `size` pixels."""
    return np.random.default_rng(seed).uniform(-size, size, (*shape, 2)).astype(np.float32)


def warped(frames, flow):
    return ops.convert_to_numpy(Warp()([frames, flow]))


def warped_by_loop(frames, flow):
    """Pixel by pixel, in float64."""
    frames = frames.astype(np.float64)
    height, width = frames.shape[1:3]
    made = np.zeros_like(frames)
    for frame, row, column in np.ndindex(frames.shape[:3]):
        dx, dy = flow[frame, row, column].astype(np.float64)
        y = min(max(row + dy, 0), height - 1)
        x = min(max(column + dx, 0), width - 1)
        top, left = int(y), int(x)
        bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
        a, b = y - top, x - left
        picture = frames[frame]
        made[frame, row, column] = (
            (1 - a) * (1 - b) * picture[top, left]
            + (1 - a) * b * picture[top, right]
            + a * (1 - b) * picture[bottom, left]
            + a * b * picture[bottom, right]
        )
    return made


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [0.9, 20.0])
def test_equals_a_loop_over_pixels(size, channels):
    frames, flow = frames_of((2, 7, 9, channels)), flow_of((2, 7, 9), size)
    made = warped(frames, flow)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, warped_by_loop(frames, flow), rtol=0, atol=2e-6)


def test_equals_scipy():
    frames, flow = frames_of((1, 31, 40, 1)), flow_of((1, 31, 40), 6.0)
    places = np.indices((31, 40), dtype=np.float64) + np.stack([flow[0, ..., 1], flow[0, ..., 0]])
    truth = map_coordinates(frames[0, ..., 0].astype(np.float64), places, order=1, mode="nearest")
    # A float32 coordinate of 40 is known to 4e-6.
    np.testing.assert_allclose(warped(frames, flow)[0, ..., 0], truth, rtol=0, atol=4e-6)


def test_directions_and_borders_by_hand():
    frames = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    right = np.zeros((1, 3, 4, 2), np.float32)
    right[..., 0] = 1
    made = warped(frames, right)[0, ..., 0]
    np.testing.assert_array_equal(made, [[1, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]])
    up = np.zeros((1, 3, 4, 2), np.float32)
    up[..., 1] = -0.5
    made = warped(frames, up)[0, ..., 0]
    np.testing.assert_array_equal(made, [[0, 1, 2, 3], [2, 3, 4, 5], [6, 7, 8, 9]])


def test_no_flow_gives_the_frames_themselves():
    frames = frames_of((2, 5, 6, 3))
    np.testing.assert_array_equal(warped(frames, np.zeros((2, 5, 6, 2), np.float32)), frames)


def test_flow_beyond_all_bounds_stays_in_the_frame():
    frames = frames_of((1, 4, 5, 1))
    for size, corner in ((3e38, frames[0, -1, -1]), (-3e38, frames[0, 0, 0])):
        made = warped(frames, np.full((1, 4, 5, 2), size, np.float32))
        np.testing.assert_array_equal(made[0], np.broadcast_to(corner, (4, 5, 1)))
    spoilt = np.zeros((1, 4, 5, 2), np.float32)
    spoilt[0, 1, 2] = np.nan
    made = warped(frames, spoilt)
    assert np.isnan(made[0, 1, 2]).all()
    assert np.isfinite(made).sum() == made.size - 1


class Weighted(keras.layers.Layer):
    """The sum of a product with constants: its gradient can be read off a step of plain SGD."""

    def __init__(self, moved):
        super().__init__()
        self.moved = moved

    def build(self, _):
        # One of them is trained at a time. TensorFlow 2.21 lets the step of a variable overtake the
        # reading of it for the gradient of another one where an operation takes both, as in
        # matmul(a, b); in a network no operation takes two variables.
        for name in ("frames", "flow"):
            weight = self.add_weight(shape=(1, 5, 6, 2), name=name, trainable=name == self.moved)
            setattr(self, name, weight)

    def call(self, weights):
        warp = Warp()
        return ops.sum(warp([self.frames, self.flow]) * weights, axis=(1, 2, 3))


@pytest.mark.parametrize("size", [0.8, 4.0])
def test_gradients_by_differences(size):
    # 4 pixels of a frame of 5x6 lead beyond every border.
    frames, flow, weights = (
        frames_of((1, 5, 6, 2), seed=1),
        flow_of((1, 5, 6), size, seed=2),
        frames_of((1, 5, 6, 2), seed=3),
    )
    # Away from whole pixels, where the left derivative is another than the right one.
    fraction = flow - np.floor(flow)
    flow = (np.floor(flow) + np.clip(fraction, 0.05, 0.95)).astype(np.float32)

    def value(frames, flow):
        return float(np.sum(warped_by_loop(frames, flow) * weights))

    step = 2.0**-6  # exact in float32
    for name, start in (("frames", frames), ("flow", flow)):
        layer = Weighted(name)
        given = keras.Input((5, 6, 2))
        model = keras.Model(given, layer(given))
        layer.frames.assign(frames)
        layer.flow.assign(flow)
        model.compile(keras.optimizers.SGD(1.0), loss=lambda _, made: made)
        model.train_on_batch(weights, np.zeros(1, np.float32))
        gradient = start - ops.convert_to_numpy(getattr(layer, name))
        truth = np.zeros_like(start, np.float64)
        for place in np.ndindex(start.shape):
            ends = []
            for sign in (1, -1):
                moved = {"frames": frames.astype(np.float64), "flow": flow.astype(np.float64)}
                moved[name][place] += sign * step
                ends.append(value(**moved))
            truth[place] = (ends[0] - ends[1]) / (2 * step)
        assert np.abs(truth).max() > 0.3
        np.testing.assert_allclose(gradient, truth, rtol=0, atol=2e-5)


def test_sizes_may_be_unknown_and_it_is_saved(tmp_path):
    inputs = [keras.Input((None, None, 1)), keras.Input((None, None, 2))]
    model = keras.Model(inputs, Warp(name="warp")(inputs))
    assert model.output_shape == (None, None, None, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for size in ((4, 6), (5, 3)):
        frames, flow = frames_of((2, *size, 1)), flow_of((2, *size), 2.0)
        truth = warped_by_loop(frames, flow)
        np.testing.assert_allclose(predicted(loaded, [frames, flow]), truth, rtol=0, atol=1e-6)
        # Compiled too: there TensorFlow knows no size while it builds the graph.
        np.testing.assert_allclose(
            loaded.predict([frames, flow], verbose=0), truth, rtol=0, atol=1e-6
        )


def test_half_precision_is_left_outside():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert Warp().compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)


def test_shapes_that_are_none():
    with pytest.raises(ValueError, match=r"Warp takes .* got shapes"):
        Warp()([keras.Input((4, 4, 1)), keras.Input((4, 4, 3))])
