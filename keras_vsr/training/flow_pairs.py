"""Pairs of frames that a flow network is trained on."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from keras_vsr.errors import InputError

MARGIN = 6  # pixels around a patch that is moved, so that its spline does not feel the cut


def moved_pairs(
    clips: Sequence[np.ndarray],
    count: int,
    patch: int,
    generator: np.random.Generator,
    *,
    shift: float,
    turn: float,
    zoom: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws patches, and the same moved by a random motion that is known exactly.

    Args:
        clips: (T, H, W) each.
        count: Pairs.
        patch: Height and width, in pixels.
        generator: Of frames, places and motions.
        shift: Largest displacement of a patch's centre along each axis, in pixels.
        turn: Largest rotation about it, in radians.
        zoom: Largest part by which it grows or shrinks.

    Returns:
        First and second patches, (count, patch, patch, 1), and the flow between them, (count,
        patch, patch, 2): (dx, dy) in pixels with first(y, x) = second(y + dy, x + dx). All float32.

    Raises:
        InputError: the frames are too small for such patches.
    """
    margin = MARGIN + int(np.ceil(shift + (turn + zoom) * patch))
    side = patch + 2 * margin
    places = np.stack(np.mgrid[:patch, :patch], axis=-1) - (patch - 1) / 2  # from the centre
    pairs = []
    for _ in range(count):
        frame = _draw(_draw(clips, generator), generator)
        top, left = _corner(frame, side, generator)
        around = frame[top : top + side, left : left + side]
        angle, growth = generator.uniform(-turn, turn), generator.uniform(-zoom, zoom)
        matrix = np.array([[1 + growth, -angle], [angle, 1 + growth]])
        offset = generator.uniform(-shift, shift, 2)
        # second(p) = first(matrix @ p + offset), so the flow is what the inverse adds to a place.
        inverse = np.linalg.inv(matrix)
        flow = (places - offset) @ inverse.T - places
        centre = (side - 1) / 2
        second = ndimage.affine_transform(
            around,
            matrix,
            offset=matrix @ np.full(2, margin - centre) + offset + centre,
            output_shape=(patch, patch),
            order=3,
            mode="nearest",
        )
        first = around[margin : margin + patch, margin : margin + patch]
        pairs.append((first[..., None], second[..., None], flow[..., ::-1]))
    return tuple(np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True))


def neighbouring_pairs(
    clips: Sequence[np.ndarray], count: int, patch: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws patches of consecutive frames.

    Args:
        clips: (T, H, W) each, of 2 frames or more.
        count: Pairs.
        patch: Height and width, in pixels.
        generator: Of frames and places.

    Returns:
        First and second patches, (count, patch, patch, 1), float32.

    Raises:
        InputError: the frames are too small for such patches, or a clip has one frame.
    """
    pairs = []
    for _ in range(count):
        clip = _draw(clips, generator)
        if len(clip) < 2:
            raise InputError("a clip has 1 frame, but there is no motion in fewer than 2")
        frame = generator.integers(len(clip) - 1)
        top, left = _corner(clip[frame], patch, generator)
        pairs.append(clip[frame : frame + 2, top : top + patch, left : left + patch, None])
    drawn = np.stack(pairs).astype(np.float32)
    return drawn[:, 0], drawn[:, 1]


def known_pairs(
    clips: Sequence[np.ndarray],
    flows: Sequence[np.ndarray],
    count: int,
    patch: int,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws patches of consecutive frames whose flow is known.

    Args:
        clips: (T, H, W) each, of 2 frames or more.
        flows: For each clip (T - 1, H, W, 2), from each frame to the next, in pixels.
        count: Pairs.
        patch: Height and width, in pixels.
        generator: Of frames and places.

    Returns:
        First and second patches, (count, patch, patch, 1), and their flow, (count, patch, patch,
        2), float32.

    Raises:
        InputError: the frames are too small for such patches, or a flow is not of its clip's shape.
    """
    for clip, flow in zip(clips, flows, strict=True):
        if flow.shape != (len(clip) - 1, *clip.shape[1:], 2):
            raise InputError(
                f"a clip of shape {clip.shape} has a flow of shape {flow.shape}, but "
                f"{(len(clip) - 1, *clip.shape[1:], 2)} is needed"
            )
    pairs = []
    for _ in range(count):
        number = generator.integers(len(clips))
        clip, frame = clips[number], generator.integers(len(flows[number]))
        top, left = _corner(clip[frame], patch, generator)
        inside = np.s_[top : top + patch, left : left + patch]
        part = clip[frame : frame + 2, *inside, None]
        pairs.append((part[0], part[1], flows[number][frame][inside]))
    return tuple(np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True))


def _draw(things, generator):
    return things[generator.integers(len(things))]


def _corner(frame, side, generator) -> tuple[int, int]:
    """Where a square of that side begins, at random."""
    height, width = frame.shape
    if min(height, width) < side:
        raise InputError(
            f"frames of {height}x{width} are too small to learn motion from: {side}x{side} pixels "
            "are needed; give larger frames, or choose a smaller patch"
        )
    return generator.integers(height - side + 1), generator.integers(width - side + 1)
