"""The space-time network: what is joined to what, any size, and the door for other networks."""

from functools import partial

import keras
import numpy as np
import pytest
from checks import assert_close, enlarged, frames_of, outputs_by_name, predicted, randomise
from layouts import each_layout
from space_time_in_numpy import espcn as espcn_in_numpy
from space_time_in_numpy import flat_weights, fused, refined
from space_time_in_numpy import superslomo as superslomo_in_numpy

from keras_vsr.layers.pad_to_multiple import CropLike, PadToMultiple
from keras_vsr.models.dual_stream import (
    SPATIAL,
    TEMPORAL,
    dual_stream,
    single_output,
    stream_networks,
)
from keras_vsr.models.espcn import espcn
from keras_vsr.models.superslomo import superslomo
from keras_vsr.weights.initial import initialise

pytestmark = pytest.mark.backend

STREAMS = ("low_middle", "high_before", "high_after", "t_then_s", "s_then_t")


def small(**arguments):
    usual = {
        "spatial": partial(espcn, filters=(5, 4, 3)),
        "temporal": partial(superslomo, filters=2),
        "fusion_filters": 2,
        "refinement_filters": 4,
    }
    return dual_stream(**usual | arguments)


def in_numpy(pair, w, scale=2, residual=False):
    """All outputs of the whole network named "dual_stream"."""

    def enlarge(frames):
        return espcn_in_numpy(frames, w, "dual_stream_spatial", scale, residual)

    def interpolate(frames):
        return superslomo_in_numpy(frames, w, "dual_stream_temporal")

    made = {"low_middle": interpolate(pair)}
    made["high_before"], made["high_after"] = enlarge(pair[:, 0]), enlarge(pair[:, 1])
    made["t_then_s"] = enlarge(made["low_middle"])
    made["s_then_t"] = interpolate(np.stack([made["high_before"], made["high_after"]], axis=1))
    made["fused"] = fused(made["t_then_s"], made["s_then_t"], w, "dual_stream_fusion")
    made["refined"] = refined(made["fused"], w, "dual_stream_refined")
    return made


@each_layout
@pytest.mark.parametrize(("scale", "channels", "size"), [(2, 1, (9, 17)), (3, 3, (11, 6))])
def test_forward(scale, channels, size, data_format):
    model = randomise(small(scale=scale, channels=channels, data_format=data_format))
    pair = frames_of((2, 2, *size, channels))
    made, truth = outputs_by_name(model, pair), in_numpy(pair, flat_weights(model), scale)
    assert set(made) == set(truth)
    for output, frame in truth.items():
        # One network behind the other: what the flow is off by, the frames' slope multiplies.
        assert_close(made[output], frame, tolerance=2e-5)


def test_a_residual_network_starts_at_interpolation():
    model = small(residual=True)
    initialise(model, seed=3)
    pair = frames_of((1, 2, 9, 17, 1))
    made = outputs_by_name(model, pair)
    mean = pair.mean(axis=1)
    truth = {"low_middle": mean}
    truth |= {"high_before": enlarged(pair[:, 0]), "high_after": enlarged(pair[:, 1])}
    truth |= dict.fromkeys(("t_then_s", "s_then_t", "fused", "refined"), enlarged(mean))
    assert set(made) == set(truth)
    for output, frame in truth.items():
        np.testing.assert_allclose(made[output], frame, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("fusion", "refinement", "more"),
    [
        (False, False, ()),
        (False, True, ("t_then_s_refined", "s_then_t_refined")),
        (True, False, ("fused",)),
        (True, True, ("fused", "refined")),
    ],
)
def test_parts_can_be_left_out(fusion, refinement, more):
    model = small(fusion=fusion, refinement=refinement)
    pair = frames_of((1, 2, 5, 6, 1))
    made = outputs_by_name(model, pair)
    assert set(made) == {*STREAMS, *more}
    assert {output: frame.shape for output, frame in made.items()} == {
        output: (1, 5, 6, 1) if output == "low_middle" else (1, 10, 12, 1) for output in made
    }
    # Each with weights of its own where there are two.
    refining = [layer for layer in model.layers if layer.name.endswith("refined")]
    assert len(refining) == sum(output.endswith("refined") for output in more)


def test_parameters():
    # Each network once, though M_S is applied three times and M_T twice: the sums of the tests of
    # each of them.
    by_hand = 58_212 + 39_591_657 + 19_787_266 + 893_057
    assert dual_stream().count_params() == by_hand == 60_330_192


@pytest.mark.parametrize("spatial", SPATIAL)
@pytest.mark.parametrize("temporal", TEMPORAL)
def test_every_variable_has_a_path_of_its_own(spatial, temporal):
    model = dual_stream(spatial=SPATIAL[spatial], temporal=TEMPORAL[temporal], refinement=True)
    paths = [variable.path for variable in model.weights]
    assert len(paths) == len(set(paths))


def test_other_networks_come_in_by_the_same_door():
    def nearest(*, scale, channels, residual, data_format, name):
        frame = keras.Input((None, None, channels))
        return keras.Model(frame, keras.layers.UpSampling2D(scale)(frame), name=name)

    def later(*, channels, residual, data_format, name):
        pair = keras.Input((2, None, None, channels))
        return keras.Model(pair, pair[:, 1], name=name)

    model = small(spatial=nearest, temporal=later, scale=3, residual=True)
    pair = frames_of((1, 2, 5, 6, 1))
    made = outputs_by_name(model, pair)
    truth = pair[:, 1].repeat(3, axis=1).repeat(3, axis=2)
    for output in ("high_after", "t_then_s", "s_then_t", "refined"):
        np.testing.assert_allclose(made[output], truth, rtol=0, atol=1e-6)
    names = [network.name for network in stream_networks(model)]
    assert names == ["dual_stream_spatial", "dual_stream_temporal"]


@pytest.mark.parametrize("arguments", [{}, {"residual": True, "fusion": False}])
def test_saved_and_loaded_it_is_the_same(arguments, tmp_path):
    model = randomise(small(**arguments))
    pair = frames_of((1, 2, 9, 17, 1))
    truth = outputs_by_name(model, pair)
    model.save(tmp_path / "network.keras")
    model.save_weights(tmp_path / "network.weights.h5")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    fresh = small(**arguments)
    fresh.load_weights(tmp_path / "network.weights.h5")
    for again in (loaded, fresh):
        made = outputs_by_name(again, pair)
        assert set(made) == set(truth)
        for output, frame in truth.items():
            np.testing.assert_array_equal(made[output], frame)


def test_single_output():
    model = randomise(small())
    pair = frames_of((1, 2, 5, 6, 1))
    for output, truth in model(pair, training=False).items():
        alone = single_output(model, output)
        np.testing.assert_array_equal(predicted(alone, pair), keras.ops.convert_to_numpy(truth))
    with pytest.raises(ValueError, match=r"output must be one of .*low_middle.*; got 'middle'"):
        single_output(model, "middle")


# The layers that make any size fit


@pytest.mark.parametrize("size", [(4, 8), (5, 8), (7, 1)])
def test_padding(size):
    frames = frames_of((2, *size, 3))
    padded = PadToMultiple(4)(frames)
    truth = np.pad(frames, [(0, 0), (0, -size[0] % 4), (0, -size[1] % 4), (0, 0)], mode="edge")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(padded), truth)
    assert PadToMultiple(4).compute_output_shape(frames.shape) == truth.shape
    cropped = CropLike()([padded, frames[..., :1]])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(cropped), frames)


def test_sizes_may_be_unknown():
    frame = keras.Input((None, 5, 2))
    padded = PadToMultiple(4)(frame)
    assert padded.shape == (None, None, 8, 2)
    model = keras.Model(frame, CropLike()([padded, frame]))
    assert model.output_shape == (None, None, 5, 2)
    for height in (3, 8):
        frames = frames_of((1, height, 5, 2))
        np.testing.assert_array_equal(model.predict_on_batch(frames), frames)


@pytest.mark.parametrize("multiple", [0, 1.5, "4"])
def test_multiples_that_are_no_whole_numbers(multiple):
    with pytest.raises(ValueError, match="multiple must be a whole number"):
        PadToMultiple(multiple)
