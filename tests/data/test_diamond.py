"""The stone against its proportions, its optics against the laws, and the clip's motion."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.spatial import HalfspaceIntersection

from keras_vsr.data.degrade import degrade, enlarge
from keras_vsr.data.diamond import (
    REFRACTIVE_INDEX,
    Cut,
    DiamondSettings,
    LampsAndGround,
    brilliant,
    camera_pose,
    camera_rays,
    diamond,
    diamond_frames,
    enter,
    leave,
    reflectance,
    refract,
    trace,
)
from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr

SMALL = {"frames": 2, "height": 24, "width": 36}
FEW_RAYS = DiamondSettings(samples=1)


def corners(stone):
    """Corners of the body, shape (V, 3), by another library's intersection of half-spaces."""
    halfspaces = np.c_[stone.normals, -stone.offsets].astype(np.float64)
    points = HalfspaceIntersection(halfspaces, np.array([0.0, 0.0, -0.1])).intersections
    _, first = np.unique(points.round(4), axis=0, return_index=True)
    return points[first]


def corners_of(stone, kind, points):
    """For each facet of a kind, the corners that lie on it."""
    return [
        points[np.abs(points @ normal - offset) < 1e-4]
        for name, normal, offset in zip(stone.kinds, stone.normals, stone.offsets, strict=True)
        if name == kind
    ]


def tilts(stone, kind):
    """Angles in degrees between facets of a kind and the girdle's plane."""
    z = stone.normals[np.array(stone.kinds) == kind, 2]
    return np.degrees(np.arccos(np.abs(z)))


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=0)


def rays(azimuth, height, width, settings=FEW_RAYS):
    eye, axes = camera_pose(azimuth, settings)
    return eye, axes @ camera_rays(height, width, settings)


def white(point, direction):
    return np.ones(direction.shape[1], np.float32)


def rays_inside(count=200):
    draw = np.random.default_rng(0)
    start = draw.uniform(-0.25, 0.25, (3, count)) - [[0], [0], [0.2]]
    return start.astype(np.float32), unit(draw.normal(size=(3, count))).astype(np.float32)


def test_a_round_brilliant_has_57_facets_and_its_girdle():
    assert Counter(brilliant(Cut()).kinds) == {
        "table": 1,
        "star": 8,
        "bezel": 8,
        "upper half": 16,
        "girdle": 16,
        "lower half": 16,
        "pavilion main": 8,
    }
    assert Counter(brilliant(Cut(culet=0.02)).kinds)["culet"] == 1


@pytest.mark.parametrize(
    "cut", [Cut(), Cut(table=0.62, crown_angle=32, pavilion_angle=41.6, star_length=0.6)]
)
def test_every_plane_is_a_facet_with_as_many_corners_as_it_should_have(cut):
    stone = brilliant(cut)
    points = corners(stone)
    expected = {"table": 8, "star": 3, "bezel": 4, "upper half": 3, "lower half": 3}
    expected |= {"girdle": 4, "pavilion main": 4}
    for kind, count in expected.items():
        assert {len(facet) for facet in corners_of(stone, kind, points)} == {count}
    # Table 8, tips of stars 8, girdle 2 x 16, tips of lower halves 8, culet: and Euler's formula.
    assert len(points) == 57
    edges = sum(len(f) for kind in expected for f in corners_of(stone, kind, points)) / 2
    assert len(points) - edges + len(stone.kinds) == 2


def test_no_corner_lies_outside_of_any_plane():
    stone = brilliant(Cut())
    assert (corners(stone) @ stone.normals.T <= stone.offsets + 1e-5).all()


def test_the_proportions_are_those_asked_for():
    stone = brilliant(Cut())
    points = corners(stone)
    radius = np.hypot(points[:, 0], points[:, 1])
    np.testing.assert_allclose(tilts(stone, "bezel"), 34.5, atol=1e-4)
    np.testing.assert_allclose(tilts(stone, "pavilion main"), 40.75, atol=1e-4)
    (table,) = corners_of(stone, "table", points)
    np.testing.assert_allclose(np.hypot(table[:, 0], table[:, 1]), 0.57, atol=1e-5)
    assert radius.max() == pytest.approx(1, abs=1e-5)
    girdle = points[radius > 0.999]
    assert np.ptp(girdle[:, 2]) / 2 == pytest.approx(0.035, abs=1e-5)
    # Printed for these angles (GIA's chart): crown height 15 %, pavilion depth 43 % of diameter.
    assert table[0, 2] / 2 == pytest.approx(0.15, abs=0.005)
    assert -(points[:, 2].min() + 0.07) / 2 == pytest.approx(0.43, abs=0.005)


def test_stars_and_lower_halves_reach_as_far_as_asked_for():
    stone = brilliant(Cut())
    points = corners(stone)
    edge = 0.57 * math.cos(math.pi / 8)
    for star in corners_of(stone, "star", points):
        tip = np.hypot(star[:, 0], star[:, 1]).max()
        assert (tip - edge) / (1 - edge) == pytest.approx(0.5, abs=1e-4)
    for half in corners_of(stone, "lower half", points):
        assert 1 - np.hypot(half[:, 0], half[:, 1]).min() == pytest.approx(0.77, abs=1e-4)
    # A usual stone's halves are steeper than its mains by 1 to 2 degrees below and 5 to 8 above.
    assert tilts(stone, "lower half").max() - 40.75 == pytest.approx(1.3, abs=0.8)
    assert tilts(stone, "upper half").max() - 34.5 == pytest.approx(6.5, abs=1.5)


def test_a_culet_is_as_wide_as_asked_for():
    stone = brilliant(Cut(culet=0.05))
    (culet,) = corners_of(stone, "culet", corners(stone))
    assert len(culet) == 8
    inner = np.hypot(*culet[:, :2].T).mean() * math.cos(math.pi / 8)
    assert inner == pytest.approx(0.05, abs=1e-4)


def test_rays_are_bent_by_snells_law():
    angle = np.radians(np.linspace(0, 85, 12))
    direction = np.stack((np.sin(angle), 0 * angle, -np.cos(angle)))
    down = np.tile([[0.0], [0.0], [-1.0]], (1, 12))
    bent = refract(direction, down, 1 / REFRACTIVE_INDEX)
    np.testing.assert_allclose(bent[0], np.sin(angle) / 2.417, atol=1e-12)  # x is the sine
    np.testing.assert_allclose(np.linalg.norm(bent, axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(refract(bent, down, REFRACTIVE_INDEX), direction, atol=1e-9)


def test_refraction_stays_in_the_plane_of_incidence():
    draw = np.random.default_rng(1)
    direction, normal = unit(draw.normal(size=(2, 3, 50)).transpose(1, 0, 2)).transpose(1, 0, 2)
    normal = normal * np.sign((direction * normal).sum(axis=0))
    bent = refract(direction, normal, 1 / REFRACTIVE_INDEX)
    np.testing.assert_allclose(
        np.cross(bent.T, normal.T), np.cross(direction.T, normal.T) / 2.417, atol=1e-12
    )


def test_reflectance_is_that_of_fresnel():
    straight = ((2.417 - 1) / (2.417 + 1)) ** 2  # 17 %
    for ratio in (REFRACTIVE_INDEX, 1 / REFRACTIVE_INDEX):
        assert reflectance(np.array([1.0]), ratio)[0] == pytest.approx(straight, rel=1e-12)
    # At Brewster's angle only one polarisation is reflected: sin^2(a - b), a + b = 90 degrees.
    brewster = math.atan(2.417)
    expected = math.sin(brewster - (math.pi / 2 - brewster)) ** 2 / 2
    measured = reflectance(np.array([math.cos(brewster)]), 1 / REFRACTIVE_INDEX)[0]
    assert measured == pytest.approx(expected, rel=1e-9)
    assert reflectance(np.array([0.0]), 1 / REFRACTIVE_INDEX)[0] == 1


def test_reflection_is_the_same_from_both_sides():
    cosine = np.linspace(0.05, 1, 20)
    inside = np.sqrt(1 - (1 - cosine**2) / REFRACTIVE_INDEX**2)
    np.testing.assert_allclose(
        reflectance(cosine, 1 / REFRACTIVE_INDEX), reflectance(inside, REFRACTIVE_INDEX), atol=1e-9
    )


def test_reflection_is_total_beyond_the_critical_angle():
    critical = math.asin(1 / 2.417)  # 24.4 degrees
    angle = critical + np.radians([-0.5, -1e-3, 1e-3, 0.5, 30])
    share = reflectance(np.cos(angle), REFRACTIVE_INDEX)
    assert (share[:2] < 1).all()
    assert (share[2:] == 1).all()


def test_rays_leave_where_marching_in_small_steps_leaves():
    stone = brilliant(Cut())
    start, direction = rays_inside()
    facet, distance = leave(stone, start, direction)
    for ray in range(0, 200, 10):
        steps = np.arange(0, 3, 1e-3)[:, np.newaxis]
        along = start[:, ray] + steps * direction[:, ray]
        inside = (along @ stone.normals.T <= stone.offsets).all(axis=1)
        assert distance[ray] == pytest.approx(steps[inside].max(), abs=2e-3)
    end = start + distance * direction
    gaps = stone.offsets[:, np.newaxis] - stone.normals @ end
    np.testing.assert_allclose(gaps[facet, np.arange(200)], 0, atol=1e-5)
    assert gaps.min() > -1e-5


def test_rays_enter_where_the_first_of_many_points_is_inside():
    stone = brilliant(Cut())
    eye, direction = rays(20.0, 12, 18)
    ray, facet, distance = enter(stone, eye, direction)
    steps = np.arange(6.5, 9.5, 2e-3)[:, np.newaxis]
    met = {}
    for index in range(direction.shape[1]):
        along = eye + steps * direction[:, index]
        inside = (along @ stone.normals.T <= stone.offsets).all(axis=1)
        if inside.any():
            met[index] = steps[inside].min()
    assert sorted(met) == sorted(ray)
    np.testing.assert_allclose(distance, [met[index] for index in ray], atol=5e-3)
    end = eye[:, np.newaxis] + distance * direction[:, ray]
    np.testing.assert_allclose(
        (stone.normals[facet] * end.T).sum(axis=1), stone.offsets[facet], atol=1e-4
    )


@pytest.mark.parametrize("bounces", [1, 4])
def test_a_clear_stone_cannot_be_seen_where_all_is_equally_bright(bounces):
    eye, direction = rays(33.0, 30, 45)
    seen = trace(brilliant(Cut()), eye, direction, white, bounces)
    np.testing.assert_allclose(seen, 1, atol=1e-5)


def test_light_takes_the_path_that_the_laws_give_it():
    # A long way through facets, one ray, plain loops, float64.
    stone = brilliant(Cut())
    eye, direction = rays(12.0, 9, 13)

    def glow(point, direction):
        return (0.5 + 0.5 * np.sin(3 * direction[0] + 2 * direction[2])).astype(np.float32)

    def exits(point, ray):
        return [
            ((h - n @ point) / (n @ ray), n)
            for n, h in zip(normals, offsets, strict=True)
            if n @ ray > 1e-9
        ]

    def shine(ray):
        return float(glow(None, ray))

    def split(ray, normal, ratio):
        """Transmitted direction (or None) and share reflected; `normal` along the ray."""
        cosine = ray @ normal
        square = 1 - ratio**2 * (1 - cosine**2)
        if square <= 0:
            return None, 1.0
        other = math.sqrt(square)
        s = (ratio * cosine - other) / (ratio * cosine + other)
        p = (cosine - ratio * other) / (cosine + ratio * other)
        return ratio * ray + (other - ratio * cosine) * normal, (s * s + p * p) / 2

    normals, offsets = stone.normals.astype(float), stone.offsets.astype(float)
    ray_index, facets, distances = enter(stone, eye, direction)
    seen = trace(stone, eye, direction, glow, bounces=3)
    agreeing = 0
    for index, facet, distance in zip(ray_index, facets, distances, strict=True):
        ray = direction[:, index].astype(float)
        point = eye + distance * ray
        normal = normals[facet]
        mirrored = ray - 2 * (ray @ normal) * normal
        ray, share = split(ray, -normal, 1 / 2.417)
        total, weight = share * shine(mirrored), 1 - share
        for _ in range(3):
            step, normal = min(exits(point - 1e-6 * normal, ray), key=lambda hit: hit[0])
            point = point + step * ray
            out, share = split(ray, normal, 2.417)
            if out is not None:
                total += weight * (1 - share) * shine(out)
            weight *= share
            last, ray = ray, ray - 2 * (ray @ normal) * normal
        total += weight * shine(last)
        agreeing += abs(seen[index] - total) < 1e-3
    # A ray that grazes an edge may take another way in float32.
    assert len(ray_index) > 20
    assert agreeing >= len(ray_index) - 1


@pytest.mark.parametrize("azimuth", [45, 90, -135])
def test_the_outline_repeats_itself_every_45_degrees(azimuth):
    stone = brilliant(Cut())
    first = enter(stone, *rays(7.0, 90, 135))[0]
    turned = enter(stone, *rays(7.0 + azimuth, 90, 135))[0]
    between = enter(stone, *rays(7.0 + 22.5, 90, 135))[0]
    assert len(np.setxor1d(first, turned)) <= 2  # rays that graze an edge
    assert len(np.setxor1d(first, between)) > 2


def test_the_stone_takes_its_share_of_the_width_in_the_middle_of_the_frame():
    settings = DiamondSettings(samples=1, elevation=90)
    ray = enter(brilliant(Cut()), *rays(0.0, 150, 225, settings))[0]
    rows, columns = np.divmod(ray, 225)
    # Seen from above; the girdle's upper edge is 0.035 nearer than its middle.
    assert (np.ptp(columns) + 1) / 225 == pytest.approx(0.62, abs=0.01)
    assert (np.ptp(rows) + 1) / 225 == pytest.approx(0.62, abs=0.01)
    assert rows.mean() == pytest.approx(74.5, abs=0.5)
    assert columns.mean() == pytest.approx(112, abs=0.5)


def test_the_camera_goes_round_at_constant_speed():
    settings = DiamondSettings(degrees_per_frame=2.5)
    eyes = np.array([camera_pose(2.5 * frame, settings)[0] for frame in range(6)])
    steps = np.diff(np.arctan2(eyes[:, 1], eyes[:, 0]))
    np.testing.assert_allclose(steps, math.radians(2.5), rtol=1e-5)  # of float32
    np.testing.assert_allclose(eyes[:, 2], eyes[0, 2])
    middle = [0, 0, -0.035]
    np.testing.assert_allclose(np.linalg.norm(eyes - middle, axis=1), 8, rtol=1e-6)
    slow = diamond(5, 24, 36, settings=DiamondSettings(degrees_per_frame=2))
    fast = diamond(3, 24, 36, settings=DiamondSettings(degrees_per_frame=4))
    np.testing.assert_array_equal(slow[::2], fast)


def test_a_full_turn_comes_back_to_the_first_frame():
    clip = diamond(9, 24, 36, settings=DiamondSettings(degrees_per_frame=45))
    assert np.abs(clip[8] - clip[0]).mean() < 1e-3
    # The stone repeats itself every 45 degrees; what it reflects does not.
    assert np.abs(clip[1] - clip[0]).mean() > 0.05


def test_axes_of_the_camera_are_a_right_handed_upright_frame():
    _, axes = camera_pose(70.0, FEW_RAYS)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    assert np.linalg.det(axes) == pytest.approx(1, abs=1e-6)
    assert axes[2, 0] == 0  # right is level
    assert axes[2, 1] > 0  # up is up


def test_frames_are_8_bit_luma_divided_by_255():
    clip = diamond(**SMALL)
    assert clip.shape == (2, 24, 36)
    assert clip.dtype == np.float32
    levels = 255 * clip.astype(np.float64)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    assert levels.min() >= 0
    assert levels.max() <= 255
    assert np.ptp(levels) > 150


def test_the_same_seed_gives_the_same_clip_and_another_other_surroundings():
    np.testing.assert_array_equal(diamond(**SMALL, seed=4), diamond(**SMALL, seed=4))
    assert np.abs(diamond(**SMALL, seed=4) - diamond(**SMALL, seed=5)).mean() > 0.05


def test_a_longer_clip_begins_with_the_shorter_one_frame_by_frame():
    longer = diamond_frames(100, 24, 36)
    for frame in diamond(**SMALL):
        np.testing.assert_array_equal(next(longer), frame)


def test_facets_flash():
    # So near that the frame holds nothing but the crown. Within a turn of 6 degrees many places go
    # from dark to bright or back, by steps and not little by little.
    near = DiamondSettings(stone_share=2)
    clip = diamond(11, 48, 72, settings=near)
    assert (np.ptp(clip, axis=0) > 0.5).mean() > 0.03
    assert (np.abs(np.diff(clip, axis=0)).max(axis=0) > 0.25).mean() > 0.01


def test_more_samples_come_nearer_to_the_true_mean():
    best = diamond(1, 24, 36, settings=DiamondSettings(samples=8))
    errors = [
        np.sqrt(np.mean((diamond(1, 24, 36, settings=DiamondSettings(samples=n)) - best) ** 2))
        for n in (1, 2, 4)
    ]
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def test_enlarging_a_degraded_frame_loses_as_much_as_on_the_published_one():
    # Taken from its plotted picture, the published frame gives 21.7 dB, and 32.1 dB without blur.
    frame = diamond(1, 300, 450, settings=FEW_RAYS)[0]
    for way, least, most in (("gaussian_bicubic", 20, 23), ("bicubic", 28, 34)):
        enlarged = enlarge(degrade(frame, way), "bicubic")
        assert least < psnr(frame, enlarged, data_range=1.0) < most


def test_lamps_are_above_and_the_ground_below():
    surroundings = LampsAndGround(0, ground_height=-1.0, pixels_per_radius=40)
    start = np.array([[0.3], [0.1], [0.5]], np.float32)
    direction = unit(np.array([[0.4], [0.2], [-0.6]])).astype(np.float32)
    # Along a ray to the ground nothing changes: it meets the same place.
    nearer = start + 0.5 * direction
    np.testing.assert_allclose(
        surroundings(start, direction), surroundings(nearer, direction), atol=1e-3
    )
    # Lamps are far away: only the direction counts.
    up = -direction
    np.testing.assert_array_equal(surroundings(start, up), surroundings(start + 1, up))


@pytest.mark.parametrize("values", [{"elevation": 10}, {"stone_share": math.nan}, {"samples": 0}])
def test_bad_settings_are_named(values):
    (name,) = values
    with pytest.raises(InputError, match=f"{name} must be a .* from "):
        DiamondSettings(**values)


@pytest.mark.parametrize("values", [{"table": 0.9}, {"pavilion_angle": 30}, {"culet": -0.1}])
def test_bad_proportions_are_named(values):
    (name,) = values
    with pytest.raises(InputError, match=f"{name} must be a number from "):
        Cut(**values)


@pytest.mark.parametrize(
    "values", [{"frames": 0}, {"height": 2}, {"width": 36.5}, {"seed": -1}, {"frames": None}]
)
def test_bad_sizes_are_named_before_the_first_frame(values):
    (name,) = values
    with pytest.raises(InputError, match=f"{name} must be a whole number from "):
        diamond_frames(**(SMALL | values))
