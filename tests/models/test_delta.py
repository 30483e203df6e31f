"""Delta: the printed parameter count, and the sums of the reading that fits it."""

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

SMALL = {
    "filters": 3,
    "stem_filters": 4,
    "upscale_filters": 3,
    "filters_3d": 3,
    "wide_filters_3d": 4,
    "recursions_2d": 2,
    "recursions_3d": 2,
}


def test_parameters():
    model = build("delta")
    parts = {True: 0, False: 0}
    for layer in model.layers:
        parts[layer.name.startswith("volume_")] += layer.count_params()
    assert model.count_params() == 83_702
    assert parts == {True: 63_641, False: 20_061}


def delta_in_numpy(window, w, *, first_block, times_2d, times_3d):
    """Each frame by itself through the blocks that are its own, then the 3D network."""
    maps = []
    for frame, first in enumerate(first_block):
        x = relu(correlate(window[:, frame], *w["stem"]))
        x = relu(correlate(x, *w["shrink"]))
        for block in (1, 2):
            if block >= first:
                for pair in (1, 2):
                    layers = [w[f"block{block}_pair{pair}_{i}"] for i in (1, 2)]
                    x = recursive(x, layers, times_2d)
        x = relu(correlate(x, *w["block3_expand"]))
        x = relu(transposed(x, *w["block3_upscale"], 2))
        maps.append(correlate(x, *w["block3_map"]))
    x = np.stack(maps, axis=1)
    x = relu(correlate(x, *w["volume_extract"]))
    x = relu(correlate(x, *w["volume_shrink"]))
    x = recursive(x, [w["volume_map1"], w["volume_map2"]], times_3d)
    x = relu(correlate(x, *w["volume_expand"]))
    x = relu(correlate(x, *w["volume_collapse1"], "valid"))
    x = relu(correlate(x, *w["volume_collapse2"], "valid"))
    return correlate(x[:, 0], *w["volume_reconstruct"])


@pytest.mark.parametrize(
    ("arguments", "first_block"),
    [
        ({}, (3, 2, 1, 2, 3)),  # middle through all, neighbours through 2 and 3, outer through 3
        ({"order": "as_run", "residual": True}, (3, 2, 1, 2, 3)),
        ({"first_block": (1, 2, 3, 2, 1)}, (1, 2, 3, 2, 1)),
        ({"first_block": (2, 3, 3, 1, 2), "recursions_2d": 1, "recursions_3d": 3}, (2, 3, 3, 1, 2)),
        ({"first_block": (3, 3, 3, 3, 3)}, (3, 3, 3, 3, 3)),
    ],
)
def test_forward(arguments, first_block):
    arguments = SMALL | arguments
    model = randomise(build("delta", **arguments))
    window = frames_of((2, 5, 5, 6, 1))
    w = weights_of(model)
    truth = delta_in_numpy(
        window,
        w,
        first_block=first_block,
        times_2d=arguments["recursions_2d"],
        times_3d=arguments["recursions_3d"],
    )
    if arguments.get("residual"):
        assert w["volume_extract"][0].shape[:3] == (5, 5, 3)
        truth += enlarged(window[:, 2])[:, 2:-2, 2:-2]
    assert_close(predicted(model, window), truth)


@pytest.mark.parametrize("first_block", [(3, 2, 1), (3, 2, 0, 2, 3), (4, 2, 1, 2, 3)])
def test_first_blocks_that_are_none(first_block):
    with pytest.raises(ValueError, match="five numbers from 1 to 3"):
        build("delta", first_block=first_block)


@pytest.mark.parametrize("residual", [False, True])
def test_the_2d_map_of_the_middle_frame_as_second_output(residual):
    model = randomise(build("delta", **SMALL, residual=residual, auxiliary=True))
    alone = randomise(build("delta", **SMALL, residual=residual))
    window, w = frames_of((2, 5, 5, 6, 1)), weights_of(model)
    made = [keras.ops.convert_to_numpy(output) for output in model(window)]
    np.testing.assert_array_equal(made[0], predicted(alone, window))
    # The middle frame, through all blocks.
    x = relu(correlate(relu(correlate(window[:, 2], *w["stem"])), *w["shrink"]))
    for block, pair in ((1, 1), (1, 2), (2, 1), (2, 2)):
        x = recursive(x, [w[f"block{block}_pair{pair}_{i}"] for i in (1, 2)], 2)
    x = relu(transposed(relu(correlate(x, *w["block3_expand"])), *w["block3_upscale"], 2))
    assert_close(made[1], correlate(x, *w["block3_map"]))


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_the_auxiliary_loss(alpha):
    model = randomise(build("delta", **SMALL, auxiliary=True))
    window, truth = frames_of((2, 5, 5, 6, 1)), frames_of((2, 10, 12, 1), seed=1)
    frame, middle_map = (keras.ops.convert_to_numpy(output) for output in model(window))
    inside = truth[:, 2:-2, 2:-2]
    by_hand = np.mean((frame - inside) ** 2) + alpha * np.mean((middle_map - truth) ** 2)
    model.compile(keras.optimizers.SGD(1e-3), ["mse", "mse"], loss_weights=[1.0, alpha])
    loss = model.train_on_batch(window, [inside, truth])[0]
    np.testing.assert_allclose(loss, by_hand, rtol=1e-5)
