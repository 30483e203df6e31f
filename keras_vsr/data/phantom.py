"""The Shepp-Logan phantom, its ellipses changing slightly from frame to frame.

Ten ellipses are added up: the skull, the brain that fills it, and eight small ones. They have the
modified contrast of Toft, because the original's tissues differ by 0.5 to 1 % of the skull's value,
which nothing scored in dB would show. Sums lie in [0, 1] already, so values are not scaled.

A pixel is the mean of the picture over its square, from the exact area of the square that each
ellipse covers: edges are antialiased at any size, and ellipses smaller than a pixel keep their
weight.

Reference:
    Shepp, L. A., Logan, B. F. (1974). The Fourier reconstruction of a head section. IEEE
    Transactions on Nuclear Science 21, 21-43: the ellipses.
    Toft, P. (1996). The Radon Transform: Theory and Implementation. PhD thesis, Technical
    University of Denmark, appendix B: the contrast.
"""

import math
from dataclasses import dataclass

import numpy as np

from keras_vsr.errors import InputError

# Intensity, semi-axis along x, along y, centre x, y, angle (degrees, from x towards y). Lengths are
# in half-widths of the picture; y points up.
ELLIPSES = np.array(
    [
        (1.0, 0.69, 0.92, 0.0, 0.0, 0.0),
        (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0.0),
        (-0.2, 0.11, 0.31, 0.22, 0.0, -18.0),
        (-0.2, 0.16, 0.41, -0.22, 0.0, 18.0),
        (0.1, 0.21, 0.25, 0.0, 0.35, 0.0),
        (0.1, 0.046, 0.046, 0.0, 0.1, 0.0),
        (0.1, 0.046, 0.046, 0.0, -0.1, 0.0),
        (0.1, 0.046, 0.023, -0.08, -0.605, 0.0),
        (0.1, 0.023, 0.023, 0.0, -0.606, 0.0),
        (0.1, 0.023, 0.046, 0.06, -0.605, 0.0),
    ]
)
SKULL, BRAIN = 0, 1

# The skull and the brain in it move alike, and less than what is inside: 10 % of its axes would
# push the skull out of the picture.
HEAD_SHARE = 1 / 3

# Each parameter swings as the mean of two sines does: smooth and bounded, at any length of a clip.
# Their periods are drawn from these ranges, times `period`; were they nearly equal, two sines might
# cancel each other for a whole clip.
PERIODS = ((1.0, 1.4), (1.6, 2.0))


@dataclass(frozen=True)
class PhantomChanges:
    """How far, and how fast, the ellipses change.

    At the defaults and 64x64, edges move by up to a pixel from frame to frame. Up to the limits,
    the skull stays inside the picture and the small ellipses inside the brain.

    Attributes:
        axes: Largest change of a semi-axis, as a share of it, 0 to 0.12.
        angle: Largest turn, degrees, 0 to 10.
        centre: Largest shift along x and along y, in half-widths of the picture, 0 to 0.04.
        intensity: Largest share of its intensity that an ellipse loses, 0 to 0.5. The skull keeps
            all of its, to which the others are relative.
        period: Of the fastest swing, frames, at least 4.

    Raises:
        InputError: a number is out of its range.
    """

    axes: float = 0.1
    angle: float = 8.0
    centre: float = 0.03
    intensity: float = 0.15
    period: float = 24.0

    def __post_init__(self):
        for name, least, most in (
            ("axes", 0, 0.12),
            ("angle", 0, 10),
            ("centre", 0, 0.04),
            ("intensity", 0, 0.5),
            ("period", 4, 1e6),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"{name} must be a number from {least} to {most:g}, got {value}")


def phantom(
    frames: int,
    height: int,
    width: int,
    *,
    seed: int = 0,
    changes: PhantomChanges | None = None,
) -> np.ndarray:
    """A clip of the changing phantom, which fills the frame's shorter side.

    A longer clip begins with the shorter one.

    Args:
        frames: Number of frames.
        height: Of a frame, pixels.
        width: Of a frame, pixels.
        seed: Of the changes.
        changes: None stands for the defaults.

    Returns:
        Float32 array of shape (frames, height, width) in [0, 1].

    Raises:
        InputError: an argument is out of its range.
    """
    _check_size(frames, height, width, least_frames=1)
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number of at least 0, got {seed}")
    changes = PhantomChanges() if changes is None else changes
    return _draw(changed_ellipses(frames, seed, changes), height, width)


def rotating_phantom(
    frames: int, height: int, width: int, degrees_per_frame: float
) -> tuple[np.ndarray, np.ndarray]:
    """The phantom turning about the middle of the frame, and its exact optical flow.

    Args:
        frames: Number of frames, at least 2.
        height: Of a frame, pixels.
        width: Of a frame, pixels.
        degrees_per_frame: Counter-clockwise as seen; the first frame is upright.

    Returns:
        The frames, float32, shape (frames, height, width), in [0, 1], and the flow, float32, shape
        (frames - 1, height, width, 2): at each pixel (dx, dy) in pixels, x to the right and y
        down, such that frame t at (y, x) is frame t + 1 at (y + dy, x + dx). The background turns
        too.

    Raises:
        InputError: an argument is out of its range.
    """
    _check_size(frames, height, width, least_frames=2)
    if not -180 <= degrees_per_frame <= 180:
        raise InputError(
            f"degrees_per_frame must be a number from -180 to 180, got {degrees_per_frame}"
        )
    ellipses = np.repeat(ELLIPSES[np.newaxis], frames, axis=0)
    turn = np.radians(degrees_per_frame * np.arange(frames))[:, np.newaxis]
    x, y = ELLIPSES[:, 3], ELLIPSES[:, 4]
    ellipses[..., 3] = np.cos(turn) * x - np.sin(turn) * y
    ellipses[..., 4] = np.sin(turn) * x + np.cos(turn) * y
    ellipses[..., 5] += np.degrees(turn)

    step = math.radians(degrees_per_frame)
    right = np.arange(width) - (width - 1) / 2
    down = (np.arange(height) - (height - 1) / 2)[:, np.newaxis]
    flow = np.empty((height, width, 2), np.float32)
    flow[..., 0] = (math.cos(step) - 1) * right + math.sin(step) * down
    flow[..., 1] = (math.cos(step) - 1) * down - math.sin(step) * right
    return _draw(ellipses, height, width), np.repeat(flow[np.newaxis], frames - 1, axis=0)


def changed_ellipses(frames: int, seed: int, changes: PhantomChanges) -> np.ndarray:
    """The parameters of all ellipses over time.

    Args:
        frames: Number of frames.
        seed: Of the changes.
        changes: How far and how fast.

    Returns:
        Array of shape (frames, 10, 6) with the columns of `ELLIPSES`.
    """
    draw = np.random.default_rng(seed)
    shape = (*ELLIPSES.shape, len(PERIODS))
    period = changes.period * draw.uniform(*np.transpose(PERIODS), shape)
    phase = draw.uniform(0, 2 * math.pi, shape)
    time = np.arange(frames).reshape(-1, 1, 1, 1)
    swing = np.sin(2 * math.pi * time / period + phase).mean(axis=-1)  # -1 to 1
    swing[:, BRAIN, 1:] = swing[:, SKULL, 1:]
    swing[:, (SKULL, BRAIN), 1:] *= HEAD_SHARE

    intensity, long, wide, x, y, angle = np.moveaxis(swing, -1, 0)
    faded = changes.intensity * (1 + intensity) / 2
    faded[:, SKULL] = 0
    ellipses = np.repeat(ELLIPSES[np.newaxis], frames, axis=0)
    ellipses[..., 0] *= 1 - faded
    ellipses[..., 1] *= 1 + changes.axes * long
    ellipses[..., 2] *= 1 + changes.axes * wide
    ellipses[..., 3] += changes.centre * x
    ellipses[..., 4] += changes.centre * y
    ellipses[..., 5] += changes.angle * angle
    return ellipses


def coverage(ellipse: np.ndarray, height: int, width: int) -> np.ndarray:
    """Share of each pixel's area that lies inside an ellipse, exact but for rounding.

    The ellipse becomes the unit circle, and pixels become parallelograms. By Green's theorem, the
    area that a polygon shares with the circle is the sum, over its edges, of what the circle shares
    with the triangle of the edge and the circle's middle; neighbours share an edge.

    Args:
        ellipse: Numbers as in a row of `ELLIPSES`.
        height: Of the frame, pixels.
        width: Of the frame, pixels.

    Returns:
        Float64 array of shape (height, width) in [0, 1].
    """
    _, long, wide, centre_x, centre_y, angle = ellipse
    half = min(height, width) / 2  # pixels in one unit of length
    x = (np.arange(width + 1) - width / 2) / half - centre_x
    y = (height / 2 - np.arange(height + 1))[:, np.newaxis] / half - centre_y
    turn = math.radians(angle)
    corners = np.stack(
        (
            (x * math.cos(turn) + y * math.sin(turn)) / long,
            (y * math.cos(turn) - x * math.sin(turn)) / wide,
        )
    )
    along_rows = _shared_with_circle(corners[:, :, :-1], corners[:, :, 1:])
    along_columns = _shared_with_circle(corners[:, :-1], corners[:, 1:])
    # Counter-clockwise: the lower edge, the right one upwards, the upper backwards, the left down.
    area = along_rows[1:] - along_columns[:, 1:] - along_rows[:-1] + along_columns[:, :-1]
    # Rounded, so that pixels outside are 0 and not 1e-15.
    return np.clip(area * long * wide * half**2, 0, 1).round(12)


def _shared_with_circle(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Area that the unit circle shares with the triangles (0, start, end), shape (2, ...).

    It is positive where the triangle goes counter-clockwise.
    """
    edge = end - start
    # Where the edge's line meets the circle, as shares of the edge: start + share * edge.
    length = (edge**2).sum(axis=0)
    middle = -(start * edge).sum(axis=0) / length
    root = np.sqrt(np.maximum(middle**2 - ((start**2).sum(axis=0) - 1) / length, 0))
    enters = start + np.clip(middle - root, 0, 1) * edge
    leaves = start + np.clip(middle + root, 0, 1) * edge
    # A sector of the circle up to the circle, a triangle inside it, and a sector again.
    return (_angle(start, enters) + _cross(enters, leaves) + _angle(leaves, end)) / 2


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.arctan2(_cross(a, b), (a * b).sum(axis=0))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[0] * b[1] - a[1] * b[0]


def _draw(ellipses: np.ndarray, height: int, width: int) -> np.ndarray:
    frames = np.empty((len(ellipses), height, width), np.float32)
    for frame, frame_ellipses in zip(frames, ellipses, strict=True):
        layers = (ellipse[0] * coverage(ellipse, height, width) for ellipse in frame_ellipses)
        # Sums below 0 are where the two dark ellipses have come to overlap: no darker than empty.
        frame[:] = np.clip(sum(layers), 0, 1)
    return frames


def _check_size(frames: int, height: int, width: int, least_frames: int) -> None:
    for name, value, least in (
        ("frames", frames, least_frames),
        ("height", height, 1),
        ("width", width, 1),
    ):
        if not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}, got {value}")
