"""The phantom against scikit-image's, sums over fine grids, and the mathematics of ellipses."""

import math

import numpy as np
import pytest
from scipy.ndimage import map_coordinates, maximum_filter, minimum_filter
from skimage.data import shepp_logan_phantom

from keras_vsr.data.phantom import (
    BRAIN,
    ELLIPSES,
    SKULL,
    PhantomChanges,
    changed_ellipses,
    coverage,
    phantom,
    rotating_phantom,
)
from keras_vsr.errors import InputError

STILL = PhantomChanges(axes=0, angle=0, centre=0, intensity=0)
MOST = PhantomChanges(axes=0.12, angle=10, centre=0.04, intensity=0.5, period=10)

# intensity, semi-axes, centre, angle
WHOLE = (1.0, 0.6, 0.25, 0.12, -0.2, 33.0)
INSIDE_A_PIXEL = (1.0, 0.02, 0.03, 0.21, 0.13, 70.0)
CUT_OFF = (1.0, 0.5, 0.3, 0.8, 0.7, -20.0)
LARGER_THAN_THE_FRAME = (1.0, 9.0, 8.0, 0.3, 0.0, 10.0)


def sampled_coverage(ellipse, height, width, fine):
    """Share of fine x fine points of each pixel that satisfy the equation of the ellipse."""
    _, a, b, x0, y0, degrees = ellipse
    half = min(height, width) / 2
    x = ((np.arange(width * fine) + 0.5) / fine - width / 2) / half - x0
    y = -((np.arange(height * fine) + 0.5) / fine - height / 2)[:, np.newaxis] / half - y0
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    inside = ((x * c + y * s) / a) ** 2 + ((y * c - x * s) / b) ** 2 <= 1
    return inside.reshape(height, fine, width, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("ellipse", [WHOLE, INSIDE_A_PIXEL, CUT_OFF, LARGER_THAN_THE_FRAME])
@pytest.mark.parametrize("size", [(16, 16), (13, 20), (21, 9)])
def test_coverage_is_that_of_fine_sampling(ellipse, size):
    # The edge crosses about 2 x fine of a pixel's fine x fine cells, and half of each is wrong with
    # random sign: far below 1 / fine.
    expected = sampled_coverage(ellipse, *size, fine=200)
    np.testing.assert_allclose(coverage(ellipse, *size), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("ellipse", [WHOLE, INSIDE_A_PIXEL])
@pytest.mark.parametrize("size", [(16, 16), (64, 64), (24, 33)])
def test_covered_area_is_pi_a_b_at_any_size(ellipse, size):
    area = coverage(ellipse, *size).sum() / (min(size) / 2) ** 2
    assert area == pytest.approx(math.pi * ellipse[1] * ellipse[2], rel=1e-9)


@pytest.mark.parametrize("size", [32, 64, 101])
def test_mean_of_the_still_phantom_is_the_sum_of_areas_times_intensities(size):
    mean = phantom(1, size, size, changes=STILL).mean(dtype=np.float64)
    intensity, a, b = ELLIPSES[:, :3].T
    assert mean == pytest.approx((math.pi * a * b * intensity).sum() / 4, rel=1e-5)


def test_the_still_phantom_is_scikit_images_away_from_edges():
    published = shepp_logan_phantom()  # 400 x 400, without antialiasing
    ours = phantom(1, *published.shape, changes=STILL)[0]
    flat = maximum_filter(published, 5) - minimum_filter(published, 5) < 1e-3
    assert flat.mean() > 0.9
    # Of 8 bits, so half a step off.
    np.testing.assert_allclose(ours[flat], published[flat], rtol=0, atol=0.5 / 255 + 1e-6)


def test_a_frame_of_any_shape_holds_the_phantom_in_its_middle():
    square = phantom(1, 32, 32, changes=STILL)[0]
    wide = phantom(1, 32, 50, changes=STILL)[0]
    tall = phantom(1, 44, 32, changes=STILL)[0]
    np.testing.assert_allclose(wide[:, 9:-9], square, rtol=0, atol=1e-6)
    np.testing.assert_allclose(tall[6:-6], square, rtol=0, atol=1e-6)
    assert not wide[:, :9].any()
    assert not tall[:6].any()


def test_clips_are_float32_from_0_to_1():
    clip = phantom(5, 33, 40, seed=3)
    assert clip.shape == (5, 33, 40)
    assert clip.dtype == np.float32
    assert clip.min() == 0
    assert 0.9 < clip.max() <= 1  # the skull is thinner than a pixel


def test_the_seed_and_nothing_else_makes_the_clip():
    np.testing.assert_array_equal(phantom(3, 24, 24, seed=5), phantom(3, 24, 24, seed=5))
    assert np.abs(phantom(3, 24, 24, seed=5) - phantom(3, 24, 24, seed=6)).max() > 0.1


def test_a_longer_clip_begins_with_the_shorter_one():
    np.testing.assert_array_equal(phantom(6, 24, 24)[:4], phantom(4, 24, 24))


@pytest.mark.parametrize("seed", range(4))
def test_changes_are_within_their_amounts_and_every_one_is_used(seed):
    changes = PhantomChanges()
    ellipses = changed_ellipses(400, seed, changes)
    axes = np.abs(ellipses[..., 1:3] / ELLIPSES[:, 1:3] - 1).max(axis=0)
    centre = np.abs(ellipses[..., 3:5] - ELLIPSES[:, 3:5]).max(axis=0)
    angle = np.abs(ellipses[..., 5] - ELLIPSES[:, 5]).max(axis=0)
    kept = ellipses[..., 0] / ELLIPSES[:, 0]
    for reached, most in ((axes, changes.axes), (centre, changes.centre), (angle, changes.angle)):
        # Over 400 frames the tops of two sines nearly meet.
        assert (reached[BRAIN + 1 :] > 0.8 * most).all()
        assert (reached[BRAIN + 1 :] <= most * (1 + 1e-9)).all()
        assert (reached[:2] > 0.2 * most).all()
        assert (reached[:2] <= most / 3 * (1 + 1e-9)).all()
    assert (kept[:, SKULL] == 1).all()
    assert kept.max() <= 1
    assert kept.min() == pytest.approx(1 - changes.intensity, abs=0.02)


def test_every_parameter_goes_its_own_way():
    ellipses = changed_ellipses(400, 0, PhantomChanges())
    ways = ellipses[:, BRAIN + 1 :].reshape(400, -1)
    alike = np.corrcoef(ways.T) - np.eye(ways.shape[1])
    assert np.abs(alike).max() < 0.99


def test_every_parameter_is_smooth_in_time():
    # A swing of amplitude 1 and period p has slopes up to 2 pi / p and bends up to (2 pi / p)^2.
    changes = PhantomChanges(period=20)
    steepest = 2 * math.pi / changes.period
    amounts = ELLIPSES[:, 1] * changes.axes, changes.centre, changes.angle
    ellipses = changed_ellipses(100, 0, changes)
    for column, amount in zip((1, 3, 5), amounts, strict=True):
        values = ellipses[..., column]
        assert (np.abs(np.diff(values, axis=0)) <= steepest * amount + 1e-12).all()
        assert (np.abs(np.diff(values, 2, axis=0)) <= steepest**2 * amount + 1e-12).all()


def test_frames_change_little_by_little():
    clip = phantom(30, 48, 48, seed=1)
    near = np.sqrt(np.mean((clip[1:] - clip[:-1]) ** 2, axis=(1, 2)))
    far = np.sqrt(np.mean((clip[12:] - clip[:-12]) ** 2, axis=(1, 2)))
    assert near.min() > 0.003  # it never stands still
    assert near.max() < 0.06
    assert far.mean() > 2 * near.mean()


@pytest.mark.parametrize("seed", range(3))
def test_at_most_change_everything_stays_where_it_belongs(seed):
    for ellipses in changed_ellipses(60, seed, MOST)[::6]:
        skull, brain, *small = (coverage(ellipse, 60, 60) for ellipse in ellipses)
        # Nothing of the skull lies beyond the frame.
        whole = math.pi * ellipses[SKULL, 1] * ellipses[SKULL, 2]
        assert skull.sum() / 30**2 == pytest.approx(whole, rel=1e-9)
        assert (brain <= skull + 1e-9).all()
        assert (np.max(small, axis=0) <= brain + 1e-9).all()


def test_the_flow_is_that_of_a_rigid_rotation():
    degrees, height, width = 7.0, 20, 31
    _, flow = rotating_phantom(3, height, width, degrees)
    assert flow.shape == (2, height, width, 2)
    assert flow.dtype == np.float32
    middle = complex((width - 1) / 2, (height - 1) / 2)
    for y, x in ((0, 0), (3, 17), (19, 30), (10, 15)):
        # Counter-clockwise as seen is clockwise in coordinates whose y axis points down.
        turned = (complex(x, y) - middle) * np.exp(-1j * math.radians(degrees)) + middle
        expected = (turned.real - x, turned.imag - y)
        np.testing.assert_allclose(flow[0, y, x], expected, atol=1e-5)
        np.testing.assert_array_equal(flow[0, y, x], flow[1, y, x])


@pytest.mark.parametrize("degrees", [4.0, -11.0])
def test_the_flow_takes_each_frame_to_the_next(degrees):
    frames, flow = rotating_phantom(3, 96, 120, degrees)
    y, x = np.mgrid[:96, :120]
    for now, following, (dx, dy) in zip(
        frames[:-1], frames[1:], np.moveaxis(flow, -1, 1), strict=True
    ):
        warped = map_coordinates(following, (y + dy, x + dx), order=1)
        error = np.sqrt(np.mean((warped - now) ** 2))
        # Interpolation blurs the edges of the skull; the wrong flow leaves more than no flow does.
        backwards = map_coordinates(following, (y - dy, x - dx), order=1)
        assert error < 0.4 * np.sqrt(np.mean((following - now) ** 2))
        assert np.sqrt(np.mean((backwards - now) ** 2)) > 3 * error


def test_quarter_turns_are_those_of_the_array():
    frames, _ = rotating_phantom(4, 40, 40, 90.0)
    for quarter, frame in enumerate(frames):
        np.testing.assert_allclose(frame, np.rot90(frames[0], quarter), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("axes", 0.2),
        ("axes", -0.1),
        ("angle", 11),
        ("centre", math.nan),
        ("intensity", 2),
        ("period", math.inf),
    ],
)
def test_bad_changes_are_named(name, value):
    with pytest.raises(InputError, match=f"{name} must be a number from .* got {value}"):
        PhantomChanges(**{name: value})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"frames": 0}, "frames"),
        ({"height": 0}, "height"),
        ({"width": 2.5}, "width"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    with pytest.raises(InputError, match=f"{name} must be a whole number"):
        phantom(**({"frames": 1, "height": 8, "width": 8} | arguments))


def test_a_rotation_needs_two_frames_and_a_number():
    with pytest.raises(InputError, match="frames must be a whole number of at least 2"):
        rotating_phantom(1, 8, 8, 1.0)
    with pytest.raises(InputError, match="degrees_per_frame"):
        rotating_phantom(2, 8, 8, math.nan)
