"""Frames too large for the memory in tiles, and every tile with what the network sees around it.

A tile is cut from the frame with a halo on each side that is as wide as the network's receptive
field. Its outermost pixels come out wrong, since the network sees a border there that is none; they
lie in the halo, of which nothing is kept. Where a tile meets the frame's border, so does its cut.
All tiles have one size, so that compiled backends see one shape.
"""

from typing import NamedTuple

SMALLEST = 16  # pixels of a tile inside its halo, along an axis; with less, nearly all is halo


class Span(NamedTuple):
    """A tile along one axis, in pixels of the network's input.

    Attributes:
        start: The first pixel that is cut out.
        stop: The one behind the last that is cut out.
        first: The first pixel whose output is kept.
        last: The one behind the last whose output is kept.
    """

    start: int
    stop: int
    first: int
    last: int


def spans(size: int, count: int, halo: int) -> list[Span]:
    """Covers an axis with overlapping tiles of one length.

    Args:
        size: Pixels along the axis.
        count: Tiles; 1 is the whole axis, without a halo.
        halo: Pixels on each side of a tile that are cut out but not kept.
    """
    length = _length(size, count, halo)
    found = []
    while not found or found[-1].last < size:
        first = found[-1].last if found else 0
        start = min(max(first - halo, 0), size - length)
        stop = start + length
        found.append(Span(start, stop, first, size if stop == size else stop - halo))
    return found


def plan(height: int, width: int, halo: int, pixels: float) -> tuple[list[Span], list[Span]]:
    """Cuts frames into as few tiles as fit, or into the smallest ones where none do.

    Args:
        height: Of the network's input.
        width: Of the network's input.
        halo: As for `spans`.
        pixels: That a tile may have, its halo among them.

    Returns:
        Tiles along the rows and along the columns.
    """
    sizes, counts = (height, width), [1, 1]
    while True:
        lengths = [_length(size, count, halo) for size, count in zip(sizes, counts, strict=True)]
        if lengths[0] * lengths[1] <= pixels:
            break
        # The longer side goes first: squares have the least halo.
        longer = 0 if lengths[0] >= lengths[1] else 1
        cut = [
            axis for axis in (longer, 1 - longer) if _can_shrink(sizes[axis], counts[axis], halo)
        ]
        if not cut:
            break
        counts[cut[0]] += 1
    return spans(height, counts[0], halo), spans(width, counts[1], halo)


def pixels_of(tiles: tuple[list[Span], list[Span]]) -> int:
    """Pixels of each tile of a plan, its halo among them."""
    (rows, *_), (columns, *_) = tiles
    return (rows.stop - rows.start) * (columns.stop - columns.start)


def _length(size: int, count: int, halo: int) -> int:
    """Pixels of each of `count` tiles that together keep all of an axis."""
    return size if count == 1 else -(-(size - 2 * halo) // count) + 2 * halo


def _can_shrink(size: int, count: int, halo: int) -> bool:
    """Whether one tile more along an axis leaves each enough inside its halo."""
    return _length(size, count + 1, halo) >= SMALLEST + 2 * halo
