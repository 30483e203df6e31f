"""5-parallel: printed parameter counts, and the sums of its definition."""

import keras
import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    predicted,
    randomise,
    recursive,
    relu,
    transposed,
    weights_of,
)

from keras_vsr.models import build

pytestmark = pytest.mark.backend

ALL = (1, 2, 3, 4, 5)
SMALL = {
    "filters_2d": 3,
    "filters_3d": 3,
    "wide_filters": 4,
    "upscale_filters": 3,
    "recursions_2d": 2,
    "recursions_3d": 2,
}


@pytest.mark.parametrize(("frames", "parameters"), [((3, 4), 259_938), (ALL, 267_786)])
def test_parameters(frames, parameters):
    # Recursions share their weights, so that few of them have as many.
    model = build("parallel5", recursive_frames=frames, recursions_2d=1, recursions_3d=1)
    assert model.count_params() == parameters


def test_parameters_as_built():
    assert build("parallel5").count_params() == 259_938


def maps_in_numpy(window, w, *, recursive_frames, recursions, residual=False):
    """The 2D stacks: one map for each frame, as a volume; residual ones add to bicubic frames."""
    maps = []
    for number in ALL:
        x = relu(correlate(window[:, number - 1], *w[f"frame{number}_stem"]))
        x = relu(correlate(x, *w[f"frame{number}_shrink"]))
        if number in recursive_frames:
            block = [w[f"frame{number}_block{i}"] for i in (1, 2)]
            x = recursive(x, block, recursions)
        x = relu(correlate(x, *w[f"frame{number}_expand"]))
        x = relu(transposed(x, *w[f"frame{number}_upscale"], 2))
        x = correlate(x, *w[f"frame{number}_map"])
        maps.append(x + enlarged(window[:, number - 1]) if residual else relu(x))
    return np.stack(maps, axis=1)


def parallel5_in_numpy(
    window, w, *, recursive_frames, recursions_2d, recursions_3d, residual=False
):
    """The 2D stacks, the 3D part and the last convolution, without what comes behind it; a residual
    one adds to the middle frame that its stacks made."""
    maps = maps_in_numpy(
        window,
        w,
        recursive_frames=recursive_frames,
        recursions=recursions_2d,
        residual=residual,
    )
    x = volume_in_numpy(maps, w, recursions_3d)
    return x + maps[:, 2, 2:-2, 2:-2] if residual else x


def volume_in_numpy(x, w, recursions_3d):
    x = relu(correlate(x, *w["volume_extract"]))
    x = relu(correlate(x, *w["volume_shrink"]))
    x = recursive(x, [w["volume_block1_1"], w["volume_block1_2"]], recursions_3d)
    x = relu(correlate(x, *w["volume_between1"]))
    x = relu(correlate(x, *w["volume_between2"]))
    x = recursive(x, [w["volume_block2_1"], w["volume_block2_2"]], recursions_3d)
    for name in ("volume_after1", "volume_after2", "volume_after3", "volume_expand"):
        x = relu(correlate(x, *w[name]))
    x = relu(correlate(x, *w["volume_collapse1"], "valid"))
    x = relu(correlate(x, *w["volume_collapse2"], "valid"))
    return correlate(x[:, 0], *w["reconstruct"])


@pytest.mark.parametrize("order", ["as_described", "as_run"])
@pytest.mark.parametrize("frames", [(3, 4), ALL])
def test_forward(frames, order):
    model = randomise(build("parallel5", **SMALL, recursive_frames=frames, order=order))
    wide, thin = ((3, 5, 5), (3, 1, 1)) if order == "as_described" else ((5, 5, 3), (1, 1, 3))
    w = weights_of(model)
    assert w["volume_extract"][0].shape[:3] == wide
    assert w["volume_shrink"][0].shape[:3] == w["volume_expand"][0].shape[:3] == thin

    window = 255 * frames_of((2, 5, 5, 6, 1))
    x = parallel5_in_numpy(window, w, recursive_frames=frames, recursions_2d=2, recursions_3d=2)
    assert np.ptp(x) > 50  # so that the limiter has something to do
    assert_close(predicted(model, window), 255 / (1 + np.exp(-x / 100)))


@pytest.mark.parametrize("residual", [False, True])
def test_without_the_limiter(residual):
    arguments = SMALL | {"recursions_2d": 1, "recursions_3d": 3}
    model = randomise(build("parallel5", **arguments, data_range=None, residual=residual))
    window = frames_of((1, 5, 5, 6, 1))
    truth = parallel5_in_numpy(
        window,
        weights_of(model),
        recursive_frames=(3, 4),
        recursions_2d=1,
        recursions_3d=3,
        residual=residual,
    )
    assert_close(predicted(model, window), truth)


def test_parameters_with_the_3d_part_of_2019():
    model = build(
        "parallel5",
        volume="srnet3d",
        filters_3d=8,
        recursive_frames=ALL,
        recursions_2d=1,
        recursions_3d=1,
    )
    assert model.count_params() == 127_986
    volume = [layer for layer in model.layers if layer.name.startswith("volume_")]
    assert sum(layer.count_params() for layer in volume) == 63_641


@pytest.mark.parametrize(("order", "residual"), [("as_described", True), ("as_run", False)])
def test_forward_with_the_3d_part_of_2019(order, residual):
    model = randomise(
        build(
            "parallel5", **SMALL, volume="srnet3d", order=order, data_range=None, residual=residual
        )
    )
    w, window = weights_of(model), frames_of((2, 5, 5, 6, 1))
    maps = maps_in_numpy(window, w, recursive_frames=(3, 4), recursions=2, residual=residual)
    x = relu(correlate(maps, *w["volume_extract"]))
    x = relu(correlate(x, *w["volume_shrink"]))
    x = recursive(x, [w["volume_map1"], w["volume_map2"]], 2)
    x = relu(correlate(x, *w["volume_expand"]))
    x = relu(correlate(x, *w["volume_collapse1"], "valid"))
    x = relu(correlate(x, *w["volume_collapse2"], "valid"))
    assert w["volume_reconstruct"][0].shape[:2] == (5, 5)
    truth = correlate(x[:, 0], *w["volume_reconstruct"])
    if residual:
        truth += maps[:, 2, 2:-2, 2:-2]
    assert_close(predicted(model, window), truth)


def test_3d_parts_that_are_none():
    with pytest.raises(ValueError, match="volume must be one of deep, srnet3d; got '3d'"):
        build("parallel5", volume="3d")


@pytest.mark.parametrize("residual", [False, True])
def test_the_2d_map_of_the_middle_frame_as_second_output(residual):
    model = randomise(build("parallel5", **SMALL, residual=residual, auxiliary=True))
    alone = randomise(build("parallel5", **SMALL, residual=residual))
    window = frames_of((2, 5, 5, 6, 1))
    made = [keras.ops.convert_to_numpy(output) for output in model(window)]
    maps = maps_in_numpy(
        window, weights_of(model), recursive_frames=(3, 4), recursions=2, residual=residual
    )
    np.testing.assert_array_equal(made[0], predicted(alone, window))
    assert_close(made[1], maps[:, 2])


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_the_auxiliary_loss(alpha):
    model = randomise(build("parallel5", **SMALL, data_range=None, auxiliary=True))
    window, truth = frames_of((2, 5, 5, 6, 1)), frames_of((2, 10, 12, 1), seed=1)
    frame, middle_map = (keras.ops.convert_to_numpy(output) for output in model(window))
    inside = truth[:, 2:-2, 2:-2]
    by_hand = np.mean((frame - inside) ** 2) + alpha * np.mean((middle_map - truth) ** 2)
    model.compile(keras.optimizers.SGD(1e-3), ["mse", "mse"], loss_weights=[1.0, alpha])
    loss = model.train_on_batch(window, [inside, truth])[0]
    np.testing.assert_allclose(loss, by_hand, rtol=1e-5)
