"""Training a flow network: known pairs, losses by hand, a translation found, the phantom's turn."""

import numpy as np
import pytest
from checks import frames_of, predicted
from scipy import ndimage

from keras_vsr.data.phantom import rotating_phantom
from keras_vsr.data.texture import texture
from keras_vsr.errors import InputError
from keras_vsr.models.flow import flow_network
from keras_vsr.training.flow import (
    FlowRecipe,
    endpoint_error,
    endpoint_loss,
    learner,
    photometric_loss,
    smoothness_loss,
    train_flow,
)
from keras_vsr.training.flow_pairs import known_pairs, moved_pairs, neighbouring_pairs
from keras_vsr.weights.initial import initialise

SMALL = {"levels": 2, "filters": (4,), "kernel": 3}
QUICK = {"steps": 3, "batch_size": 2, "patch": 8, "shift": 1.0}


def small(seed=0, **arguments):
    network = flow_network(**SMALL | arguments)
    initialise(network, seed)
    return network


# Pairs


def quadratic(x, y):
    """A frame that cubic splines hold exactly, so that no interpolation is in the comparison."""
    return 0.01 * x * x - 0.02 * x * y + 0.005 * y * y + 0.3 * x - 0.1 * y


def test_moved_pairs_move_as_their_flow_says():
    rows, columns = np.indices((90, 100), dtype=np.float64)
    clip = quadratic(columns, rows)[None]
    motion = {"shift": 3.0, "turn": 0.1, "zoom": 0.05}
    first, second, flow = moved_pairs([clip], 6, 16, np.random.default_rng(0), **motion)
    assert first.shape == second.shape == (6, 16, 16, 1)
    assert flow.shape == (6, 16, 16, 2)
    assert first.dtype == second.dtype == flow.dtype == np.float32
    assert 1.0 < np.abs(flow).max() < 3 * 1.2 + 0.2 * 8
    y, x = np.indices((16, 16), dtype=np.float64)
    for one, other, f in zip(first[..., 0], second[..., 0], flow.astype(float), strict=True):
        # The second patch is a quadratic, too: fitted, it can be looked up between pixels.
        powers = np.stack([x * x, x * y, y * y, x, y, np.ones_like(x)], axis=-1)
        found = np.linalg.lstsq(powers.reshape(-1, 6), other.ravel().astype(float), rcond=None)[0]
        there = x + f[..., 0], y + f[..., 1]
        a, b = there
        looked_up = np.stack([a * a, a * b, b * b, a, b, np.ones_like(a)], axis=-1) @ found
        np.testing.assert_allclose(looked_up, one, atol=2e-3 * np.ptp(one))


def test_a_pure_shift_is_the_same_everywhere():
    still = {"turn": 0.0, "zoom": 0.0}
    clip = [texture(1, 64)[None]]
    first, second, flow = moved_pairs(clip, 4, 16, np.random.default_rng(2), shift=2.0, **still)
    np.testing.assert_allclose(flow, np.broadcast_to(flow[:, :1, :1], flow.shape), atol=1e-5)
    assert np.abs(flow).max() <= 2.0
    for one, other, (dx, dy) in zip(first, second, flow[:, 0, 0], strict=True):
        moved = ndimage.shift(one[..., 0].astype(float), (dy, dx), order=3, mode="nearest")
        assert np.abs(moved - other[..., 0])[5:-5, 5:-5].max() < 0.02
    again = moved_pairs(clip, 4, 16, np.random.default_rng(2), shift=2.0, **still)
    np.testing.assert_array_equal(again[1], second)


def test_neighbouring_pairs_are_patches_of_neighbours():
    clip = np.arange(4 * 9 * 9, dtype=np.float32).reshape(4, 9, 9)
    first, second = neighbouring_pairs([clip], 5, 8, np.random.default_rng(0))
    assert first.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(second - first, 81)
    np.testing.assert_array_equal(first[:, 1] - first[:, 0], 9)


def test_known_pairs_are_patches_with_the_flow_given():
    clip = np.arange(4 * 9 * 9, dtype=np.float32).reshape(4, 9, 9)
    flow = np.stack([clip[:3], -clip[:3]], axis=-1)
    first, second, known = known_pairs([clip], [flow], 5, 8, np.random.default_rng(0))
    np.testing.assert_array_equal(second - first, 81)
    np.testing.assert_array_equal(known, np.concatenate([first, -first], axis=-1))


# Losses, and what the user gets wrong


def test_losses_by_hand():
    truth = np.zeros((1, 2, 2, 2), np.float32)
    flow = np.array([3.0, 4.0], np.float32) * np.ones((1, 2, 2, 1), np.float32)
    assert endpoint_error(truth, flow) == pytest.approx(5.0)
    assert float(endpoint_loss(truth, flow)) == pytest.approx(5.0, rel=1e-6)
    one, other = np.zeros((1, 2, 2, 1), np.float32), np.full((1, 2, 2, 1), -0.25, np.float32)
    assert float(photometric_loss(one, other)) == pytest.approx(0.25, rel=1e-4)
    # dx grows by 1 a column, dy stays: half of the differences to the right are 1, none down.
    ramp = np.zeros((1, 3, 4, 2), np.float32)
    ramp[..., 0] = np.arange(4)
    assert float(smoothness_loss(None, ramp)) == pytest.approx(0.5, abs=2e-3)


@pytest.mark.backend
@pytest.mark.parametrize("loss", ["endpoint", "photometric"])
def test_every_weight_learns_and_a_run_repeats(loss):
    clips = [frames_of((3, 40, 40), seed=4)]
    ends = []
    for _ in range(2):
        network = small()
        # From zero, the last layer's gradient is all there is.
        network.set_weights(
            [np.random.default_rng(1).normal(0, 0.1, w.shape) for w in network.get_weights()]
        )
        before = network.get_weights()
        steps = []
        losses = train_flow(
            network,
            clips,
            FlowRecipe(loss=loss, **QUICK),
            seed=5,
            on_step=lambda step, loss, steps=steps: steps.append((step, loss)),
        )
        assert steps == [*enumerate(losses, start=1)]
        assert len(losses) == 3
        for old, new in zip(before, network.get_weights(), strict=True):
            assert (old != new).mean() > 0.9
        ends.append(network.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.backend
def test_the_first_loss_is_the_mean_length_of_the_flow_at_each_level():
    # Untrained, a network says that nothing moves.
    recipe = FlowRecipe(**QUICK)
    clips = [frames_of((3, 40, 40), seed=4)]
    loss = train_flow(small(), clips, recipe, seed=5)[0]
    motion = {"shift": recipe.shift, "turn": recipe.turn, "zoom": recipe.zoom}
    _, _, flow = moved_pairs(clips, 2, 8, np.random.default_rng([5, 1]), **motion)
    half = (flow[:, ::2, ::2] + flow[:, 1::2, ::2] + flow[:, ::2, 1::2] + flow[:, 1::2, 1::2]) / 8
    by_hand = sum(np.mean(np.hypot(f[..., 0], f[..., 1])) for f in (flow, half))
    assert loss == pytest.approx(by_hand, rel=1e-4)


def test_what_does_not_fit():
    clips = [frames_of((3, 40, 40))]
    with pytest.raises(ValueError, match=r"patch must be a multiple of 4 .* got 10"):
        train_flow(small(), clips, FlowRecipe(patch=10), seed=0)
    with pytest.raises(ValueError, match="loss must be one of endpoint, photometric; got 'l1'"):
        learner(small(), FlowRecipe(loss="l1"))
    with pytest.raises(InputError, match="frames of 20x30 are too small to learn motion from"):
        train_flow(small(), [frames_of((3, 20, 30))], FlowRecipe(**QUICK), seed=0)
    with pytest.raises(InputError, match="a clip has 1 frame"):
        train_flow(small(), [clips[0][:1]], FlowRecipe(loss="photometric", **QUICK), seed=0)
    flows = [np.zeros((2, 40, 39, 2), np.float32)]
    with pytest.raises(InputError, match=r"flow of shape \(2, 40, 39, 2\), but \(2, 40, 40, 2\)"):
        train_flow(small(), clips, FlowRecipe(**QUICK), seed=0, flows=flows)
    with pytest.raises(ValueError, match="flows are for the loss 'endpoint'"):
        train_flow(small(), clips, FlowRecipe(loss="photometric"), seed=0, flows=flows)
    clips[0][1, 2, 3] = np.nan
    with pytest.raises(InputError, match="not a finite number"):
        train_flow(small(), clips, FlowRecipe(**QUICK), seed=0)
    with pytest.raises(InputError, match="lower the learning rate"):
        train_flow(small(), [np.full((3, 40, 40), 1e38)], FlowRecipe(**QUICK), seed=0)


# What a short training gives


@pytest.fixture(scope="module")
def trained():
    network = flow_network(levels=3)
    initialise(network, seed=0)
    clips = [texture(seed, 128)[None] for seed in range(8)]
    train_flow(network, clips, FlowRecipe(), seed=1)
    return network


def found(network, first, second):
    return predicted(network, [first[None, ..., None], second[None, ..., None]])[0]


@pytest.mark.parametrize("motion", [(1.3, -0.7), (-2.3, 1.5), (0.4, 0.2), (0.0, 0.0)])
def test_a_known_translation_is_found_to_a_fifth_of_a_pixel(trained, motion):
    frame = texture(99, 120)  # no frame of the training
    dx, dy = motion
    moved = ndimage.shift(frame, (dy, dx), order=3, mode="nearest")
    flow = found(trained, frame[20:84, 20:84], moved[20:84, 20:84])
    # 8 pixels at the border see what is not in both frames.
    inside = flow[8:-8, 8:-8]
    assert endpoint_error(np.broadcast_to(motion, inside.shape), inside) < 0.2


def test_a_warped_frame_is_nearer_than_the_frame_itself(trained):
    frame = texture(99, 120)
    moved = ndimage.shift(frame, (1.5, -2.3), order=3, mode="nearest")
    first, second = frame[20:84, 20:84], moved[20:84, 20:84]
    flow = found(trained, first, second)
    places = np.indices(first.shape) + np.stack([flow[..., 1], flow[..., 0]])
    warped = ndimage.map_coordinates(second, places, order=1, mode="nearest")
    before, after = np.abs(second - first).mean(), np.abs(warped - first).mean()
    assert after < before / 4


def test_the_field_of_the_turning_phantom(trained):
    # Most of it is flat: there only the whole picture tells the motion, so that the pyramid has a
    # level more, patches are whole frames, and the motion trained on is that of turning pictures,
    # at other rates than the one asked for.
    rates = (-3.0, -2.0, -1.0, 1.0, 1.5, 2.5, 3.0)
    clips, flows = zip(*[rotating_phantom(4, 64, 64, rate) for rate in rates], strict=True)
    network = flow_network(levels=4)
    network.set_weights(trained.get_weights())
    recipe = FlowRecipe(steps=200, batch_size=4, patch=64, learning_rate=2e-3)
    train_flow(network, clips, recipe, seed=2, flows=flows)

    frames, truth = rotating_phantom(4, 64, 64, 2.0)
    made = predicted(network, [frames[:-1, ..., None], frames[1:, ..., None]])
    still = endpoint_error(truth, np.zeros_like(truth))
    assert still == pytest.approx(0.855, abs=0.001)
    assert endpoint_error(truth, made) < 0.65 * still
