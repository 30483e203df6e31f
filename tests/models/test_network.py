"""The networks' own way through their layers, beside Keras's."""

import keras
import numpy as np
import pytest
from checks import frames_of, randomise

from keras_vsr.models import build
from keras_vsr.models.dual_stream import dual_stream
from keras_vsr.models.network import Network, Part

pytestmark = pytest.mark.backend


def both_ways(model, given, training=None):
    """What a network makes, and what Keras's own model of the same layers does."""
    plain = keras.Model(model.input, model.output)
    assert not isinstance(plain, Network)
    ours, theirs = (one(given, training=training) for one in (model, plain))
    flat = [keras.tree.flatten(made) for made in (ours, theirs)]
    return [[keras.ops.convert_to_numpy(one) for one in made] for made in flat]


@pytest.mark.parametrize("name", ["fsrcnn_2019", "delta", "parallel5", "two_in_one"])
@pytest.mark.parametrize("training", [None, True])
def test_it_makes_what_keras_makes(name, training):
    model = randomise(build(name, residual=True))
    length = {"fsrcnn_2019": (), "two_in_one": (6,)}.get(name, (5,))
    ours, theirs = both_ways(model, frames_of((2, *length, 8, 9, 1)), training)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_outputs_by_name_and_networks_run_twice():
    model = dual_stream(temporal=mean_of_two, fusion_filters=2, refinement_filters=2)
    pair = frames_of((1, 2, 32, 32, 1))
    assert set(model(pair)) == set(model.output)
    ours, theirs = both_ways(model, pair)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def mean_of_two(name, **_):
    pair = keras.Input((2, None, None, 1))
    return Network(pair, (pair[:, 0] + pair[:, 1]) / 2, name=name)


def several_outputs():
    """A model of a model with two outputs, of which one is used twice and the first not at all."""
    frame = keras.Input((4, 4, 1))
    inner = Network(frame, [frame * 2, frame * 3, frame + 1], name="inner")
    outer = keras.Input((4, 4, 1))
    _, three, one = inner(outer)
    return Network(outer, {"sum": three + one, "three": three})


def test_arguments_by_name():
    one, two = keras.Input((4, 4, 1), name="one"), keras.Input((4, 4, 1), name="two")
    inner = Network({"one": one, "two": two}, one - two, name="inner")
    frame = keras.Input((4, 4, 1))
    model = Network(frame, inner({"one": frame * 3, "two": frame}))
    made = model(np.full((1, 4, 4, 1), 2, np.float32))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(made), 4)


def test_several_outputs():
    made = several_outputs()(np.full((1, 4, 4, 1), 2, np.float32))
    for key, value in (("sum", 9), ("three", 6)):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(made[key]), value)


def test_training_reaches_layers_that_ask_for_it():
    frame = keras.Input((50, 50, 1))
    inner = keras.Model(frame, keras.layers.Dropout(0.5, seed=1)(frame), name="inner")
    outer = keras.Input((50, 50, 1))
    model = Network(outer, keras.layers.Dropout(0.5, seed=2)(inner(outer)))
    ones = np.ones((1, 50, 50, 1), np.float32)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(ones)), 1)
    kept = keras.ops.convert_to_numpy(model(ones, training=True))
    assert set(np.unique(kept)) == {0.0, 4.0}
    assert 0.2 < (kept > 0).mean() < 0.3


def test_a_list_or_a_tuple_among_arguments_stays_what_it_is():
    frame = keras.Input((6, 5, 1))
    model = Network(frame, keras.ops.concatenate([frame[:, 1:-1, 2:], frame[:, 2:, :3]], axis=-1))
    x = frames_of((1, 6, 5, 1))
    made = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_array_equal(made, np.concatenate([x[:, 1:-1, 2:], x[:, 2:, :3]], axis=-1))


def test_other_number_formats_and_losses_of_layers_take_keras_way():
    frame = keras.Input((4, 4, 1))
    half = keras.layers.Conv2D(1, 3, dtype="mixed_bfloat16", name="half")(frame)
    model = Network(frame, half)
    assert keras.backend.standardize_dtype(model(np.ones((1, 4, 4, 1), np.float32)).dtype) == (
        "bfloat16"
    )
    assert not Part(model.inputs, model.outputs).straight()
    lossy = keras.layers.Conv2D(1, 3, activity_regularizer=keras.regularizers.L1(1.0))
    model = Network(frame, lossy(frame))
    made = keras.ops.convert_to_numpy(model(np.ones((1, 4, 4, 1), np.float32), training=True))
    loss = keras.ops.convert_to_numpy(model.losses[0])
    np.testing.assert_allclose(loss, np.abs(made).sum(), rtol=1e-6)


def test_values_of_another_format_are_cast_as_keras_does():
    frame = keras.Input((4, 4, 1))
    layer = keras.layers.Conv2D(1, 3, use_bias=False, kernel_initializer="ones")
    model = Network(frame, layer(keras.ops.cast(frame, "float16")))
    made = model(np.ones((1, 4, 4, 1), np.float32))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(made), np.full((1, 2, 2, 1), 9))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="is torch's")
@pytest.mark.parametrize("name", ["fsrcnn_2019", "srnet3d"])
def test_torch_exports_it(name):
    import torch

    model = randomise(build(name))
    x = torch.from_numpy(frames_of((2, 8, 9, 1) if name == "fsrcnn_2019" else (2, 5, 8, 9, 1)))
    exported = torch.export.export(model, (x,), strict=False).module()
    np.testing.assert_allclose(*(one(x).detach().numpy() for one in (exported, model)), atol=1e-5)


def test_a_mask_takes_keras_way():
    steps = keras.Input((3, 1))
    model = Network(steps, keras.layers.GlobalAveragePooling1D()(keras.layers.Masking()(steps)))
    # Keras's averaging leaves masked steps out; the mask is a layer's own, made from its input.
    given = np.array([[[1.0], [3.0], [0.0]]], np.float32)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(given)), [[2.0]])


def test_frames_without_the_axis_of_channels_are_given_one():
    model = build("fsrcnn_2019", residual=True)
    frames = frames_of((2, 8, 9, 1))
    np.testing.assert_array_equal(
        *(keras.ops.convert_to_numpy(model(x)) for x in (frames, frames[..., 0]))
    )


@pytest.mark.parametrize(
    ("name", "arguments"), [("fsrcnn_2019", {}), ("srnet3d", {}), ("parallel5", {"remat": True})]
)
def test_frames_of_more_channels_are_refused(name, arguments):
    shape = (1, 8, 9, 3) if name == "fsrcnn_2019" else (1, 5, 8, 9, 3)
    with pytest.raises(ValueError, match=r"axis -?1 of input shape to have value 1"):
        build(name, **arguments)(np.zeros(shape, np.float32), training=True)


def test_it_is_saved_and_read_again(tmp_path):
    model = randomise(build("delta"))
    path = tmp_path / "network.keras"
    model.save(path)
    read = keras.saving.load_model(path)
    assert isinstance(read, Network)
    window = frames_of((2, 5, 8, 9, 1))
    np.testing.assert_array_equal(
        *(keras.ops.convert_to_numpy(one(window)) for one in (model, read))
    )
