"""The cascades: parameter counts, and packing as a loop over clips and frames would do it."""

import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    frames_of,
    predicted,
    randomise,
    relu,
    transposed,
    weights_of,
    windows,
)

from keras_vsr.models import build

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("2d_then_3d", 73_706), ("two_in_one", 73_706), ("3d_then_2d", 71_258)],
)
def test_parameters(name, parameters):
    assert build(name).count_params() == parameters


def fsrcnn(frames, w, name):
    x = frames
    for layer in ("extract", "shrink", "map", "expand"):
        x = relu(correlate(x, *w[name, f"{name}_{layer}"]))
    x = relu(transposed(x, *w[name, f"{name}_upscale"], 2))
    return relu(correlate(x, *w[name, f"{name}_reconstruct"]))


def srnet3d(window, w, name):
    x = window
    for layer in ("extract", "shrink", "map1", "map2", "expand"):
        x = relu(correlate(x, *w[name, f"{name}_{layer}"]))
    for layer in ("collapse1", "collapse2"):
        x = relu(correlate(x, *w[name, f"{name}_{layer}"], "valid"))
    return correlate(x[:, 0], *w[name, f"{name}_reconstruct"])


@pytest.mark.parametrize(("name", "batch", "frames"), [("2d_then_3d", 1, 5), ("two_in_one", 2, 7)])
def test_2d_then_3d(name, batch, frames):
    two_d = build("fsrcnn_2019", filters=4, mapping_filters=3, upscale_filters=3)
    three_d = build("srnet3d", filters=4, mapping_filters=3)
    model = randomise(build(name, two_d=two_d, three_d=three_d))
    clips, w = frames_of((batch, frames, 5, 6, 1)), weights_of(model)
    enlarged = np.array([[fsrcnn(f[None], w, "fsrcnn_2019")[0] for f in clip] for clip in clips])
    truth = np.array(
        [[srnet3d(one[None], w, "srnet3d")[0] for one in clip] for clip in windows(enlarged)]
    )
    assert truth.shape == (batch, frames - 4, 6, 8, 1)
    assert_close(predicted(model, clips), truth)


def test_the_networks_given_are_the_ones_trained():
    two_d = build("fsrcnn_2019", filters=4, mapping_filters=3, upscale_filters=3)
    three_d = build("srnet3d", filters=4, mapping_filters=3)
    model = build("two_in_one", two_d=two_d, three_d=three_d)
    before = two_d.get_weights()
    randomise(model)
    assert all((one != other).any() for one, other in zip(before, two_d.get_weights(), strict=True))


def test_3d_then_2d():
    three_d = build("srnet3d", filters=4, mapping_filters=3)
    two_d = build("srcnn", filters=(5, 4), kernels=(5, 1, 3))
    model = randomise(build("3d_then_2d", two_d=two_d, three_d=three_d))
    window, w = frames_of((2, 5, 10, 11, 1)), weights_of(model)
    x = srnet3d(window, w, "srnet3d")
    x = relu(correlate(x, *w["srcnn", "srcnn_extract"]))
    x = relu(correlate(x, *w["srcnn", "srcnn_map"]))
    assert_close(predicted(model, window), correlate(x, *w["srcnn", "srcnn_reconstruct"]))
