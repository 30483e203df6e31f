"""A brilliant-cut diamond, filmed by a camera that turns about it: a stand-in for *Diamond*.

The 2021 report's clip shows one stone, the camera turning about it at constant angular speed: 300
frames of 300x450, luma 0..255. This module renders such a clip by ray tracing. The stone is the
convex body cut out by the planes of its facets. A ray that meets it is partly reflected; the rest
is refracted and goes from facet to facet inside, and at each of them a part leaves and sees the
surroundings: lamps overhead, or the patterned ground, out of focus, that the stone stands on.

Lengths are in radii of the girdle, the stone's widest place; z is up, the table on top, and the
upper edge of the girdle lies at z = 0. Azimuths count from the x axis towards the y axis.

Reference:
    Gemological Institute of America (2009), "Estimating a cut grade using the GIA diamond cut
    grading system": names of the proportions and their usual values.
    Born, M., Wolf, E. (1999). Principles of Optics, 7th edition, 1.5: Snell's law and Fresnel's
    formulae.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from keras_vsr.errors import InputError

REFRACTIVE_INDEX = 2.417  # of diamond, for yellow light (589 nm)

SYMMETRY = 8  # a round brilliant repeats itself every 45 degrees
STEP = 2 * math.pi / SYMMETRY

# Half a turn in 300 frames. The report gives no speed; at this one the girdle moves by up to 1.5
# pixels of 450 from frame to frame, and what is seen in the facets by more. At twice the speed
# neighbouring frames have less in common than a frame and its degraded copy.
DEGREES_PER_FRAME = 0.6
# Above the plane of the girdle. In the published frame the girdle is an ellipse of 1 : 0.68, and
# asin(0.68) = 43 degrees.
ELEVATION = 43.0
STONE_SHARE = 0.62  # of the frame's width that the stone takes, as in the published frame
CAMERA_DISTANCE = 8.0  # radii, from the middle of the girdle

# At this many facets light is followed inside. A quarter of what came in is still there then: it is
# let out straight on, so that none is lost.
BOUNCES = 5
RAYS_AT_ONCE = 16384  # a third of them meets the stone: times 73 facets, 1.6 MB

# The surroundings, chosen by eye beside the published frame, and by numbers. Its luma has mean 0.48
# and deviation 0.29; enlarged by bicubic interpolation after "gaussian_bicubic" it keeps 21.7 dB,
# after "bicubic" 32.1 dB. First frames of seeds 0 to 3: 0.42 to 0.51, 0.26 to 0.31, 21.4 to 22.4 dB
# and 32.0 to 33.1 dB.
GROUND_EXTENT = 4.5  # radii from the axis to each side; mirrored beyond
DEFOCUS = 0.01  # radii: deviation of the Gaussian that puts the ground out of focus
PIXELS_PER_TEXEL = 2.0  # of the ground: it is out of focus
GRAZING = 0.1  # sine: flatter rays see the ground where rays at this angle do
PETALS = 90  # patches of the ground's pattern
PETAL_STRETCH = 0.45  # distances along the radius count less, so that patches point at the stone
PETAL_GAP = 0.05  # radians: over which a patch fades at its rim
PETAL_LUMINANCE = (0.05, 1.25)  # of the patches, as luma
VEINS = (1.0, 10.0)  # stripes in a patch, per radius
VEIN_DEPTH = (0.5, 1.0)  # share of the light that they take away
VEIN_BEND = 0.06  # radii: how far they swing to either side
SHADE_RADIUS = 1.0  # radii: the ground under the stone is dark

SKY_SIZE = 512  # texels
LAMPS = 16
LAMP_RADIUS = (5.0, 25.0)  # degrees
LAMP_LUMINANCE = 3.0  # of the brightest; 1 is white
LAMP_FALL = 2.0  # the k-th of n lamps has (k/n)^2 of it
LAMP_EDGE = 0.3  # share of a lamp's radius over which it falls off
DOME = (0.03, 0.12)  # luminance between the lamps, at the horizon and overhead

LENS_BLUR = 0.5  # pixels: deviation of the Gaussian of lens and sensor
GAMMA = 2.2  # of the screens that luma is made for

Surroundings = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InputError(f"{name} must be a number from {least} to {most}, got {value}")


def _check_whole(name: str, value: int, least: int, most: int) -> None:
    if not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}, got {value}")


@dataclass(frozen=True)
class Cut:
    """Proportions of a round brilliant; defaults are a usual excellent cut.

    Attributes:
        table: Width of the table from corner to corner, as a share of the girdle's diameter.
        crown_angle: Between the eight bezel facets and the girdle's plane, degrees.
        pavilion_angle: Between the eight pavilion main facets and the girdle's plane, degrees.
        star_length: How far the stars reach from the table's edge to the girdle, as a share, seen
            from above.
        lower_half_length: How far the lower halves reach from the girdle to the culet, likewise.
        girdle_thickness: As a share of the diameter.
        culet: Width of the culet from side to side as a share of the diameter; 0 is a point.

    Raises:
        InputError: a proportion is out of its range.
    """

    table: float = 0.57
    crown_angle: float = 34.5
    pavilion_angle: float = 40.75
    star_length: float = 0.5
    lower_half_length: float = 0.77
    girdle_thickness: float = 0.035
    culet: float = 0.0

    def __post_init__(self):
        _check_range("table", self.table, 0.4, 0.7)
        _check_range("crown_angle", self.crown_angle, 25, 45)
        _check_range("pavilion_angle", self.pavilion_angle, 38, 45)
        _check_range("star_length", self.star_length, 0.3, 0.7)
        _check_range("lower_half_length", self.lower_half_length, 0.6, 0.9)
        _check_range("girdle_thickness", self.girdle_thickness, 0.005, 0.2)
        _check_range("culet", self.culet, 0, 0.1)


@dataclass(frozen=True, eq=False)
class Stone:
    """A convex body: all points x with normals @ x <= offsets.

    Attributes:
        normals: Outward unit normals of the facets, float32, shape (F, 3).
        offsets: Distances of the facets from the origin, float32, shape (F,).
        kinds: What each facet is called; F names.
    """

    normals: np.ndarray
    offsets: np.ndarray
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class DiamondSettings:
    """What a clip depends on besides its size and seed.

    Attributes:
        degrees_per_frame: By which the camera turns; a negative number turns it the other way.
        elevation: Of the camera above the plane of the girdle, degrees.
        stone_share: Of the frame's width that the stone takes. More than 1 shows a part of the
            stone, so that a small frame has as many pixels for a facet as a large one.
        samples: Rays for a pixel along each axis.
        bounces: Number of facets at which light that entered the stone is followed. What is still
            inside then goes straight on, through the last of them.
        cut: Proportions of the stone.

    Raises:
        InputError: a setting is out of its range.
    """

    degrees_per_frame: float = DEGREES_PER_FRAME
    elevation: float = ELEVATION
    stone_share: float = STONE_SHARE
    samples: int = 2
    bounces: int = BOUNCES
    cut: Cut = Cut()

    def __post_init__(self):
        _check_range("degrees_per_frame", self.degrees_per_frame, -45, 45)
        _check_range("elevation", self.elevation, 20, 90)
        _check_range("stone_share", self.stone_share, 0.3, 4)
        _check_whole("samples", self.samples, 1, 8)
        _check_whole("bounces", self.bounces, 1, 64)


def diamond(
    frames: int = 300,
    height: int = 300,
    width: int = 450,
    *,
    seed: int = 0,
    settings: DiamondSettings | None = None,
) -> np.ndarray:
    """The clip as one array; arguments as of `diamond_frames`.

    Returns:
        Float32 array of shape (frames, height, width) in [0, 1].

    Raises:
        InputError: an argument is out of its range.
    """
    return np.stack(list(diamond_frames(frames, height, width, seed=seed, settings=settings)))


def diamond_frames(
    frames: int = 300,
    height: int = 300,
    width: int = 450,
    *,
    seed: int = 0,
    settings: DiamondSettings | None = None,
) -> Iterator[np.ndarray]:
    """Renders the clip frame by frame.

    Stone, lamps and ground stand still and the camera goes round, so a longer clip begins with
    the shorter one.

    Args:
        frames: Number of frames.
        height: Of a frame, pixels.
        width: Of a frame, pixels. The stone's size follows it.
        seed: Of the lamps and the ground's pattern. The stone is always the same.
        settings: None stands for the defaults.

    Returns:
        An iterator of float32 frames of shape (height, width): luma as a video file holds it, in
        whole numbers 0..255, divided by 255.

    Raises:
        InputError: an argument is out of its range.
    """
    settings = DiamondSettings() if settings is None else settings
    _check_whole("frames", frames, 1, 100_000)
    _check_whole("height", height, 8, 4096)
    _check_whole("width", width, 8, 4096)
    _check_whole("seed", seed, 0, 2**63 - 1)
    return _render(frames, height, width, seed, settings)


def brilliant(cut: Cut) -> Stone:
    """The planes of a round brilliant: 57 facets, or 58 with a culet, and 16 of the girdle.

    Each plane goes through points that the proportions fix. Seen from above, the girdle is a
    polygon with 16 corners at radius 1: bezels and pavilion mains meet it at every second corner,
    and between two corners lies the edge of one upper and one lower half.
    """
    half = STEP / 2
    girdle = 2 * cut.girdle_thickness  # in radii
    crown = math.tan(math.radians(cut.crown_angle))
    pavilion = math.tan(math.radians(cut.pavilion_angle))

    # A bezel falls by `crown` per radius along its own azimuth, a pavilion main rises likewise; the
    # tips of stars and halves lie half-way between two of them.
    table_height = (1 - cut.table) * crown
    table_edge = cut.table * math.cos(half)
    star_radius = table_edge + cut.star_length * (1 - table_edge)
    star_height = (1 - star_radius * math.cos(half)) * crown
    lower_radius = 1 - cut.lower_half_length
    lower_height = -girdle - (1 - lower_radius * math.cos(half)) * pavilion

    planes = [("table", (0.0, 0.0, 1.0), table_height)]
    for azimuth in STEP * np.arange(SYMMETRY):
        middle, following = azimuth + half, azimuth + STEP
        star_tip = _point(star_radius, middle, star_height)
        lower_tip = _point(lower_radius, middle, lower_height)
        planes += [
            _slope("bezel", azimuth, cut.crown_angle, _point(1, azimuth, 0)),
            _slope("pavilion main", azimuth, -cut.pavilion_angle, _point(1, azimuth, -girdle)),
            _through(
                "star",
                _point(cut.table, azimuth, table_height),
                _point(cut.table, following, table_height),
                star_tip,
            ),
        ]
        for side in (azimuth, following):
            top, bottom = _point(1, side, 0), _point(1, side, -girdle)
            planes += [
                _through("upper half", star_tip, top, _point(1, middle, 0)),
                _through("lower half", lower_tip, bottom, _point(1, middle, -girdle)),
                _through("girdle", top, bottom, _point(1, middle, 0)),
            ]
    if cut.culet:
        planes.append(("culet", (0.0, 0.0, -1.0), girdle + (1 - cut.culet) * pavilion))

    kinds, normals, offsets = zip(*planes, strict=True)
    return Stone(np.array(normals, np.float32), np.array(offsets, np.float32), kinds)


def refract(direction: np.ndarray, normal: np.ndarray, ratio: float) -> np.ndarray:
    """Snell's law.

    Args:
        direction: Unit vectors of the rays, shape (3, N).
        normal: Unit normals of the surface, on the side the rays go to, shape (3, N).
        ratio: Refractive index where rays come from over that where they go.

    Returns:
        Unit vectors of shape (3, N); where reflection is total, along the surface.
    """
    along = ratio * (direction - _dot(direction, normal) * normal)
    bent = along + np.sqrt(np.maximum(1 - _dot(along, along), 0)) * normal
    return bent / np.sqrt(_dot(bent, bent))


def reflectance(cosine: np.ndarray, ratio: float) -> np.ndarray:
    """Fresnel's formulae for unpolarised light.

    Args:
        cosine: Of the angle between ray and surface normal, 0 to 1.
        ratio: Refractive index where rays come from over that where they go.

    Returns:
        Share of the light that is reflected, of the shape of `cosine`; 1 where reflection is total.
    """
    other = np.sqrt(np.maximum(1 - ratio**2 * (1 - cosine**2), 0))
    # At grazing incidence both cosines may be 0, and everything is reflected.
    tiny = np.finfo(np.float32).tiny
    across = (ratio * cosine - other) / (ratio * cosine + other + tiny)
    along = (cosine - ratio * other) / (cosine + ratio * other + tiny)
    return np.where(other > 0, (across**2 + along**2) / 2, 1).astype(cosine.dtype)


def enter(
    stone: Stone, eye: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rays from one point outside meet the stone, and where.

    Args:
        stone: The body.
        eye: Where the rays start, float32, shape (3,), outside the stone.
        direction: Their unit vectors, float32, shape (3, N).

    Returns:
        Of the M rays that meet it: their index, the index of the facet, the distance, shape (M,).
    """
    gap = stone.offsets - stone.normals @ eye
    gap[gap == 0] = np.finfo(np.float32).eps  # a facet seen edge-on is not seen
    front, back = np.flatnonzero(gap < 0), np.flatnonzero(gap >= 0)
    # 1 / distance to each plane: where a ray has passed all the planes that face the eye is the
    # largest of their distances, if none is behind it, and it leaves at the smallest of the others.
    inward = (stone.normals[front] / gap[front, np.newaxis]) @ direction
    entry = inward.min(axis=0)
    ray = np.flatnonzero(entry > 0)
    entry = entry[ray]
    outward = (stone.normals[back] / gap[back, np.newaxis]) @ direction[:, ray]
    met = np.flatnonzero(outward.max(axis=0) < entry)
    ray = ray[met]
    return ray, front[inward[:, ray].argmin(axis=0)], 1 / entry[met]


def leave(stone: Stone, point: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rays inside the stone meet its surface.

    Args:
        stone: The body.
        point: Where they start, float32, shape (3, N).
        direction: Their unit vectors, float32, shape (3, N).

    Returns:
        Index of the facet and distance, both of shape (N,).
    """
    gap = point.T @ stone.normals.T
    np.subtract(stone.offsets, gap, out=gap)
    # A start on a facet, or beyond it by rounding, is inside.
    np.maximum(gap, np.finfo(np.float32).eps, out=gap)
    inverse = direction.T @ stone.normals.T
    inverse /= gap  # 1 / distance, and negative for planes that lie behind
    facet = inverse.argmax(axis=1)
    return facet, 1 / inverse[np.arange(len(facet)), facet]


def trace(
    stone: Stone,
    eye: np.ndarray,
    direction: np.ndarray,
    surroundings: Surroundings,
    bounces: int = BOUNCES,
) -> np.ndarray:
    """Luminance that rays from one point outside the stone see.

    Args:
        stone: The body.
        eye: Where the rays start, float32, shape (3,).
        direction: Their unit vectors, float32, shape (3, N).
        surroundings: From points and unit vectors, both of shape (3, M), the luminance that such
            rays see where no stone is in their way, shape (M,).
        bounces: Number of facets at which light inside is followed.

    Returns:
        Luminances, float32, shape (N,).
    """
    seen = np.empty(direction.shape[1], np.float32)
    ray, facet, distance = enter(stone, eye, direction)
    past = np.ones(len(seen), bool)
    past[ray] = False
    eye = eye[:, np.newaxis]
    seen[past] = surroundings(eye, direction[:, past])

    direction = direction[:, ray]
    point = eye + distance * direction
    normal = stone.normals.T[:, facet]
    cosine = _dot(direction, normal)
    share = reflectance(-cosine, 1 / REFRACTIVE_INDEX)
    inside = share * surroundings(point, direction - 2 * cosine * normal)
    direction = refract(direction, -normal, 1 / REFRACTIVE_INDEX)

    weight = 1 - share
    for _ in range(bounces):
        facet, distance = leave(stone, point, direction)
        point = point + distance * direction
        normal = stone.normals.T[:, facet]
        cosine = np.clip(_dot(direction, normal), 0, 1)
        share = reflectance(cosine, REFRACTIVE_INDEX)

        out = np.flatnonzero(share < 1)
        outward = refract(direction[:, out], normal[:, out], REFRACTIVE_INDEX)
        inside[out] += weight[out] * (1 - share[out]) * surroundings(point[:, out], outward)
        weight = weight * share
        last, direction = direction, direction - 2 * cosine * normal
    seen[ray] = inside + weight * surroundings(point, last)
    return seen


class LampsAndGround:
    """Lamps overhead, and a patterned ground under the stone.

    Args:
        seed: Of both.
        ground_height: z of the ground, radii.
        pixels_per_radius: Of the frames that it will be seen in.
    """

    def __init__(self, seed: int, ground_height: float, pixels_per_radius: float):
        sky_seed, ground_seed = np.random.SeedSequence(seed).spawn(2)
        self.ground_height = ground_height
        self.sky = _sky(np.random.default_rng(sky_seed))
        # Texels of half the defocus hold all there is to see.
        texel = max(PIXELS_PER_TEXEL / pixels_per_radius, DEFOCUS / 2)
        self.ground = _ground(
            np.random.default_rng(ground_seed), math.ceil(2 * GROUND_EXTENT / texel)
        )

    def __call__(self, point: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Luminance, shape (N,), seen from points along unit vectors, both of shape (3, N)."""
        seen = np.empty(direction.shape[1], np.float32)
        point = np.broadcast_to(point, direction.shape)
        up, down = np.flatnonzero(direction[2] >= 0), np.flatnonzero(direction[2] < 0)
        x, y, z = direction[:, up]
        seen[up] = _look_up(self.sky, x / (1 + z), y / (1 + z))
        point, direction = point[:, down], direction[:, down]
        distance = (self.ground_height - point[2]) / np.minimum(direction[2], -GRAZING)
        distance = np.maximum(distance, 0)
        x, y = (point[:2] + distance * direction[:2]) / GROUND_EXTENT
        seen[down] = _look_up(self.ground, x, y)
        return seen


def camera_rays(height: int, width: int, settings: DiamondSettings) -> np.ndarray:
    """The rays of a pinhole camera, in its own axes: right, up, back.

    Args:
        height: Of the frame, pixels.
        width: Of the frame, pixels.
        settings: Its stone_share and samples are used.

    Returns:
        Unit vectors, float32, shape (3, height * samples * width * samples), row by row from the
        top left.
    """
    # On the plane through the middle of the girdle.
    spacing = 2 / (settings.stone_share * width * settings.samples)
    rows, columns = (
        spacing * (np.arange(size * settings.samples) + 0.5 - size * settings.samples / 2)
        for size in (height, width)
    )
    rays = np.stack(np.broadcast_arrays(columns, -rows[:, np.newaxis], -CAMERA_DISTANCE))
    rays /= np.linalg.norm(rays, axis=0)
    return rays.reshape(3, -1).astype(np.float32)


def camera_pose(azimuth: float, settings: DiamondSettings) -> tuple[np.ndarray, np.ndarray]:
    """A camera that looks at the middle of the girdle, upright.

    Args:
        azimuth: Of the camera, degrees.
        settings: Its elevation and cut are used.

    Returns:
        Where the camera is, float32, shape (3,), and its axes right, up and back, float32, the
        columns of an array of shape (3, 3).
    """
    turn, tilt = math.radians(azimuth), math.radians(settings.elevation)
    back = np.array(_point(math.cos(tilt), turn, math.sin(tilt)))
    right = np.array(_point(1, turn + math.pi / 2, 0))
    eye = CAMERA_DISTANCE * back - (0, 0, settings.cut.girdle_thickness)
    axes = np.stack((right, np.cross(back, right), back), axis=1)
    return eye.astype(np.float32), axes.astype(np.float32)


def _render(
    frames: int, height: int, width: int, seed: int, settings: DiamondSettings
) -> Iterator[np.ndarray]:
    stone = brilliant(settings.cut)
    culet_depth = 2 * settings.cut.girdle_thickness + math.tan(
        math.radians(settings.cut.pavilion_angle)
    )
    surroundings = LampsAndGround(seed, -culet_depth, settings.stone_share * width / 2)
    samples = settings.samples
    rays = camera_rays(height, width, settings)
    bands = np.split(rays, range(RAYS_AT_ONCE, rays.shape[1], RAYS_AT_ONCE), axis=1)
    for frame in range(frames):
        eye, axes = camera_pose(frame * settings.degrees_per_frame, settings)
        seen = np.concatenate(
            [trace(stone, eye, axes @ band, surroundings, settings.bounces) for band in bands]
        )
        # Cut off at white before the mean, or one ray to a lamp makes its whole pixel white.
        seen = np.minimum(seen, 1).reshape(height, samples, width, samples).mean(axis=(1, 3))
        seen = gaussian_filter(seen, LENS_BLUR)
        yield (np.rint(255 * seen ** (1 / GAMMA)) / 255).astype(np.float32)


def _sky(draw: np.random.Generator) -> np.ndarray:
    """Luminance of the upper half-space, seen in stereographic projection from straight below."""
    axis = (np.arange(SKY_SIZE) + 0.5) / SKY_SIZE * 2 - 1
    square = axis[:, np.newaxis] ** 2 + axis**2
    z = (1 - square) / (1 + square)
    direction = np.stack(
        (np.tile(axis, (SKY_SIZE, 1)) * (1 + z), axis[:, np.newaxis] * (1 + z), z), axis=-1
    )
    sky = DOME[0] + (DOME[1] - DOME[0]) * np.clip(z, 0, 1)
    # Heights and luminances are spread evenly, so that no seed has a dark or a glaring sky.
    heights = (draw.permutation(LAMPS) + draw.random(LAMPS)) / LAMPS
    for lamp, height in enumerate(heights):
        luminance = LAMP_LUMINANCE * ((lamp + 1) / LAMPS) ** LAMP_FALL
        middle = _point(math.sqrt(1 - height**2), draw.uniform(0, 2 * math.pi), height)
        radius = math.radians(draw.uniform(*LAMP_RADIUS))
        distance = np.arccos(np.clip(direction @ middle, -1, 1))
        sky += luminance * _smooth_step((radius - distance) / (LAMP_EDGE * radius))
    return sky.astype(np.float32)


def _ground(draw: np.random.Generator, size: int) -> np.ndarray:
    """A pattern of veined petals about the stone, out of focus; `size` texels square."""
    axis = GROUND_EXTENT * ((np.arange(size) + 0.5) / size * 2 - 1)
    x, y = (values.ravel() for values in np.meshgrid(axis, axis))
    radius = np.hypot(x, y)

    # Each texel belongs to the nearest of the petals' middles, in azimuth and logarithm of radius.
    outermost = math.hypot(GROUND_EXTENT, GROUND_EXTENT)
    reach = PETAL_STRETCH * math.log(1 + outermost)
    middles = draw.uniform((0, 0), (2 * math.pi, reach), (PETALS, 2))
    place = np.stack((np.arctan2(y, x) % (2 * math.pi), PETAL_STRETCH * np.log1p(radius)), axis=-1)
    distance, nearest = cKDTree(middles, boxsize=(2 * math.pi, 0)).query(place, k=2)
    petal = nearest[:, 0]
    inside = _smooth_step((distance[:, 1] - distance[:, 0]) / PETAL_GAP)

    brightness = draw.permutation(np.linspace(*PETAL_LUMINANCE, PETALS) ** GAMMA)[petal]
    depth = draw.uniform(*VEIN_DEPTH, PETALS)[petal]
    frequency = 2 * math.pi * draw.uniform(*VEINS, PETALS)[petal]
    angle = draw.uniform(0, math.pi, PETALS)[petal]
    across = x * np.cos(angle) + y * np.sin(angle)
    along = y * np.cos(angle) - x * np.sin(angle)
    vein = np.sin(frequency * (across + VEIN_BEND * np.sin(2 * math.pi * along)))
    pattern = brightness * inside * (1 - depth * (1 + vein) / 2)
    pattern *= 1 - 0.9 * np.exp(-((radius / SHADE_RADIUS) ** 2))

    texel = 2 * GROUND_EXTENT / size
    # At least half a texel: on small frames the finest veins are narrower than that.
    sigma = max(DEFOCUS / texel, 0.5)
    return gaussian_filter(pattern.reshape(size, size), sigma, mode="mirror").astype(np.float32)


def _look_up(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear values of a square picture whose columns x and rows y go from -1 to 1."""
    texel = (np.stack((y, x)) + 1) * (len(picture) / 2) - 0.5
    return map_coordinates(picture, texel, order=1, mode="mirror")


def _smooth_step(x: np.ndarray) -> np.ndarray:
    """0 up to x = 0, 1 from x = 1 on, without a corner."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->j", a, b)


def _point(radius: float, azimuth: float, height: float) -> tuple[float, float, float]:
    return radius * math.cos(azimuth), radius * math.sin(azimuth), height


def _slope(kind: str, azimuth: float, angle: float, point: tuple):
    """The plane through a point that leans outwards along an azimuth.

    `angle` is that between the plane and the girdle's, degrees, negative below the girdle.
    """
    tilt = math.radians(abs(angle))
    normal = _point(math.sin(tilt), azimuth, math.copysign(math.cos(tilt), angle))
    return kind, normal, float(np.dot(normal, point))


def _through(kind: str, a: tuple, b: tuple, c: tuple):
    """The plane through three points, facing away from the stone's axis."""
    a, b, c = (np.array(point) for point in (a, b, c))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal)
    if normal[:2] @ (a + b + c)[:2] < 0:
        normal = -normal
    return kind, tuple(normal), float(normal @ a)
