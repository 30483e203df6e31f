"""How far networks see, against networks: where the output changes when a pixel does."""

import keras
import numpy as np
import pytest
from checks import frames_of, predicted
from small_networks import small_network

from keras_vsr.errors import InputError
from keras_vsr.inference.geometry import geometry
from keras_vsr.inference.receptive_field import ReceptiveField, receptive_field
from keras_vsr.layers import Conv3D
from keras_vsr.models import build

pytestmark = pytest.mark.backend

# What a network makes is the same on all backends, which its own tests say; where operations are
# compiled one by one, each size takes seconds, so that only one case is looked at there.
CASES = [
    ("srcnn", {}),
    ("srcnn", {"border": "replicate"}),
    ("fsrcnn", {}),
    ("fsrcnn", {"scale": 3, "border": "zeros"}),
    ("fsrcnn", {"scale": 4, "residual": True}),
    ("fsrcnn_2019", {}),
    ("fsrcnn_2019", {"scale": 3}),
    ("fsrcnn_2019_prelu", {}),
    ("espcn", {"scale": 3}),
    ("srnet3d", {}),
    ("srnet3d", {"order": "as_run"}),
    ("srnet3d_early", {}),
    ("kim_3dsrnet", {"residual": True}),
    ("two_in_one", {"residual": True}),
    ("3d_then_2d", {}),
    ("parallel5", {"residual": True}),
    ("delta", {"recursions_2d": 2}),
    ("delta", {"recursions_3d": 2, "residual": True}),
]


# Of a pixel so large the corners of a deep network's field, of which all weights on the way take a
# part, are still seen among pixels of about 1.
HUGE = 1e30


def all_positive(model):
    """Random weights of which none takes away what another one adds: what is seen is seen."""
    generator = np.random.default_rng(0)
    values = []
    for value in model.get_weights():
        new = generator.uniform(0.5, 1.0, value.shape)
        values.append(0.1 * new if value.ndim == 1 else new / np.prod(value.shape[:-1]))
    model.set_weights(values)
    return model


def seen(model, size):
    """The field as it shows: one pixel is changed, and the output is looked at."""
    shape = geometry(model)
    middle = size // 2
    lead = {"frame": (1,), "window": (1, 5), "clip": (1, 5)}[shape.takes]
    frames = frames_of((*lead, size, size, 1))
    changed = frames.copy()
    changed[..., middle, middle, :] = HUGE
    before, after = predicted(model, frames), predicted(model, changed)
    differs = (before != after).reshape(before.shape[-3:-1])
    sides = []
    for axis in (0, 1):
        outputs = np.flatnonzero(differs.any(axis=1 - axis)) + shape.border
        pixels = outputs // shape.ratio  # in which the outputs lie, and from which they see
        assert pixels[0] > 0
        assert pixels[-1] < size - 1  # the whole field is in the frame
        sides += [pixels[-1] - middle, middle - pixels[0]]
    return ReceptiveField(*(int(side) for side in sides))


@pytest.mark.parametrize(
    ("name", "arguments"), CASES if keras.backend.backend() == "torch" else CASES[-1:]
)
def test_the_field_is_what_changes(name, arguments):
    model = all_positive(small_network(name, **arguments))
    found = receptive_field(model)
    assert found == seen(model, size=2 * max(found) + 5)


def test_a_network_that_pads_before_its_convolutions_sees_as_one_that_pads_in_them():
    def network(layers):
        window = keras.Input((5, None, None, 1))
        x = window
        for layer in layers:
            x = layer(x)
        return keras.Model(window, x[:, 0])

    shape = {"filters": 1, "kernel_size": (5, 3, 5)}
    before = [keras.layers.ZeroPadding3D((0, 1, 2)), keras.layers.Conv3D(**shape)]
    within = [Conv3D(**shape, keeps_frame=True)]
    assert receptive_field(network(before)) == receptive_field(network(within)) == (1, 1, 2, 2)


def test_rows_and_columns_are_told_apart():
    above, below, left, right = receptive_field(small_network("srnet3d", order="as_run"))
    assert above == below
    assert left == right
    # as_run lays the wide kernel as 5 rows by 3 columns, the thin ones as 1 row by 3 columns.
    assert (above, left) == (2 + 1 + 1 + 1 + 1 + 1, 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1)


def test_each_run_of_a_shared_layer_counts():
    once, twice, often = (
        receptive_field(small_network("delta", recursions_3d=count)).above for count in (1, 3, 50)
    )
    # Two layers of 3x3x3 on HR frames: two HR pixels, one LR pixel a run.
    assert twice - once == 2
    assert often - once == 49


def test_networks_as_published():
    # By hand: 2 + 2 + 1 LR pixels of 5x5, transposed 4x4, 3x3; 5x5 on HR frames.
    assert max(receptive_field(build("fsrcnn_2019"))) == 5
    # 5x5, four times 3x3 and a last 3x3 on HR frames.
    assert max(receptive_field(build("srnet3d"))) == 7


def test_networks_that_look_where_things_move():
    model = build("flow4x", filters=3, stem_filters=3, recursions_2d=1, recursions_3d=1)
    with pytest.raises(InputError, match=r"because of its layer flow .*whole frames"):
        receptive_field(model)


def test_a_layer_that_is_not_known():
    frame = keras.Input((None, None, 1))
    model = keras.Model(frame, keras.layers.LayerNormalization(name="norm")(frame))
    with pytest.raises(InputError, match=r"its layer norm \(LayerNormalization\)"):
        receptive_field(model)
