"""Luma of video: MP4, Y4M, raw I420, and folders of images.

Luma is read as it is coded, 8 bits, without conversion between limited and full range: what an
encoder was given losslessly comes back bit for bit.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from keras_vsr.data.images import list_images, read_luma
from keras_vsr.errors import InputError

MP4_SUFFIXES = (".mp4", ".m4v", ".mov")
Y4M_SUFFIXES = (".y4m",)
RAW_SUFFIXES = (".yuv", ".i420")

# Decoded formats whose first plane is luma of 8 bits.
LUMA_FORMATS = (
    "gray",
    "nv12",
    "yuv420p",
    "yuv422p",
    "yuv444p",
    "yuvj420p",
    "yuvj422p",
    "yuvj444p",
)

# Y4M colour spaces of 8 bits: luma pixels for each chroma pixel, down and across.
Y4M_CHROMA = {
    "420": (2, 2),
    "420jpeg": (2, 2),
    "420mpeg2": (2, 2),
    "420paldv": (2, 2),
    "422": (1, 2),
    "444": (1, 1),
    "mono": None,
}

LONGEST_Y4M_LINE = 4096  # bytes; headers have some 60


def read_video(
    path: Path, *, first: int = 0, count: int | None = None, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Reads the luma of a video.

    Args:
        path: A file (.mp4, .m4v, .mov; .y4m; .yuv, .i420) or a folder of images.
        first: Number of the first frame to return, from 0.
        count: Number of frames to return; None takes all to the end.
        size: (height, width) in pixels. Raw files need it; others are checked against it.

    Returns:
        uint8 of shape (T, H, W), values as coded. RGB images in a folder are converted to
        BT.601 studio luma (see `images`) and rounded.

    Raises:
        InputError: the file is missing, cut short, of an unknown kind, of another size, holds
            fewer frames than asked for, or MP4 is read where PyAV is not installed.
        ValueError: `first` or `count` is out of range.
    """
    return np.stack(list(iter_video(path, first=first, count=count, size=size)))


def iter_video(
    path: Path, *, first: int = 0, count: int | None = None, size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Reads the luma of a video one frame at a time, for videos larger than memory.

    A file that is cut short raises when the cut is reached, after the frames before it.

    Args:
        path: As for `read_video`, and so are the others.
        first: Number of the first frame to yield.
        count: Number of frames to yield.
        size: (height, width) in pixels.

    Yields:
        uint8 arrays of shape (H, W), values as coded.

    Raises:
        InputError: as for `read_video`.
        ValueError: `first` or `count` is out of range.
    """
    if first < 0:
        raise ValueError(f"first must be 0 or more, not {first}")
    if count is not None and count < 1:
        raise ValueError(f"count must be 1 or more, or None, not {count}")
    path = Path(path)
    return _cut(path, _frames(path, size), first, count, size)


class VideoFacts(NamedTuple):
    """What a video says of itself.

    Attributes:
        frames: How many there are; None where it does not say.
        rate: Frames a second; None where it does not say.
    """

    frames: int | None
    rate: Fraction | None


def video_facts(path: Path, *, size: tuple[int, int] | None = None) -> VideoFacts:
    """Length and speed of a video, without reading its frames.

    Args:
        path: As for `read_video`; a file that could not be read has no facts.
        size: (height, width) in pixels, which raw files need.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        return VideoFacts(len(list_images(path)), None)
    if suffix in MP4_SUFFIXES and path.exists():
        return _mp4_facts(path)
    if suffix in Y4M_SUFFIXES and path.exists():
        return _y4m_facts(path)
    if suffix in RAW_SUFFIXES and path.exists() and size is not None:
        height, width = size
        frame_bytes = height * width + 2 * _ceil(height, 2) * _ceil(width, 2)
        return VideoFacts(path.stat().st_size // frame_bytes, None)
    return VideoFacts(None, None)


def to_unit(frames: np.ndarray) -> np.ndarray:
    """Scales 8-bit frames to float32 in [0, 1]: the coded value 255 becomes 1."""
    if frames.dtype != np.uint8:
        raise ValueError(f"frames must be uint8, not {frames.dtype}")
    return frames.astype(np.float32) / np.float32(255)


def to_code(frames: np.ndarray) -> np.ndarray:
    """The way back from `to_unit`: rounds to 8 bits, and values beyond them to the nearest one."""
    return np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)


def _cut(
    path: Path,
    frames: Iterator[np.ndarray],
    first: int,
    count: int | None,
    size: tuple[int, int] | None,
) -> Iterator[np.ndarray]:
    number = 0
    for frame in frames:
        size = tuple(size or frame.shape)
        if frame.shape != size:
            raise InputError(
                f"frame {number} of {path} is {_text(frame.shape)}, not {_text(size)}; all frames "
                "must have one size, the one that is given or that of the first"
            )
        number += 1
        if number <= first:
            continue
        yield frame
        if count is not None and number == first + count:
            return
    if number == 0:
        raise InputError(f"{path} holds no frame; choose another file")
    if number <= first or count is not None:
        last = "the end" if count is None else first + count - 1
        raise InputError(
            f"{path} holds {number} frames, but frames {first} to {last} (from 0) were asked for; "
            "ask for fewer"
        )


def _frames(path: Path, size: tuple[int, int] | None) -> Iterator[np.ndarray]:
    """All frames of a file or folder, by the kind that its name says."""
    suffix = path.suffix.lower()
    if path.is_dir():
        return _folder_frames(path)
    if not path.exists():
        raise InputError(f"{path} is missing; check the name")
    if suffix in MP4_SUFFIXES:
        return _mp4_frames(path)
    if suffix in Y4M_SUFFIXES:
        return _y4m_frames(path)
    if suffix in RAW_SUFFIXES:
        return _raw_frames(path, size)
    known = ", ".join((*MP4_SUFFIXES, *Y4M_SUFFIXES, *RAW_SUFFIXES))
    raise InputError(
        f"{path} is of no kind that can be read; convert it to a file named {known}, or to a "
        "folder of images"
    )


def _folder_frames(path: Path) -> Iterator[np.ndarray]:
    for image in list_images(path):
        yield np.rint(read_luma(image) * 255).astype(np.uint8)


def _mp4_frames(path: Path) -> Iterator[np.ndarray]:
    try:
        import av  # an extra: nothing else needs it
    except ImportError as error:
        raise InputError(
            f"reading {path} needs PyAV; install it with: pip install 'keras_vsr[video]'"
        ) from error

    packets = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InputError(f"{path} holds no video; choose another file")
            stream = container.streams.video[0]
            expected = stream.frames  # as the file's index says; 0 where it does not
            for packet in container.demux(stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    # Decoders invent what they cannot read, and say so in this flag only.
                    if frame.is_corrupt:
                        raise InputError(
                            f"{path} is damaged or cut short near frame {packets}; copy or "
                            "encode it again"
                        )
                    yield _luma_plane(path, frame)
    except (av.FFmpegError, OSError) as error:
        raise InputError(
            f"{path} cannot be decoded after {packets} frames ({error.strerror}): it is damaged "
            "or cut short; copy or encode it again"
        ) from error
    if packets < expected:
        raise InputError(
            f"{path} is cut short: its index names {expected} frames, {packets} are there; copy "
            "or encode it again"
        )


def _mp4_facts(path: Path) -> VideoFacts:
    unknown = VideoFacts(None, None)  # reading its frames will say why
    try:
        import av
    except ImportError:
        return unknown
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return unknown
            stream = container.streams.video[0]
            return VideoFacts(stream.frames or None, stream.average_rate or None)
    except (av.FFmpegError, OSError):
        return unknown


def _luma_plane(path: Path, frame) -> np.ndarray:
    """The coded luma; PyAV's `to_ndarray(format="gray")` would stretch it to full range."""
    if frame.format.name not in LUMA_FORMATS:
        raise InputError(
            f"{path} is coded as {frame.format.name}; encode it again with 8-bit luma (yuv420p)"
        )
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()


def _y4m_frames(path: Path) -> Iterator[np.ndarray]:
    with _open(path) as file:
        height, width, chroma_bytes = _read_y4m_header(path, file)
        number = 0
        while line := file.readline(LONGEST_Y4M_LINE):
            if not line.startswith(b"FRAME"):
                raise InputError(
                    f"frame {number} of {path} does not begin with FRAME: the file is damaged or "
                    "cut short; copy it again"
                )
            yield _read_planes(path, file, number, height, width, chroma_bytes)
            number += 1


def _read_y4m_header(path: Path, file: BinaryIO) -> tuple[int, int, int]:
    """Returns height, width, and the bytes of chroma in each frame."""
    line = file.readline(LONGEST_Y4M_LINE)
    if not line.startswith(b"YUV4MPEG2") or not line.endswith(b"\n"):
        raise InputError(f"{path} does not begin with a YUV4MPEG2 line; choose a Y4M file")
    # Tags that may come more than once (X, comments) are not among those used.
    tags = {field[:1]: field[1:] for field in line.decode("latin-1").split()[1:]}
    try:
        height, width = int(tags["H"]), int(tags["W"])
    except (KeyError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise InputError(f"{path} names no width and height in its first line; copy it again")
    colour = tags.get("C", "420")
    if colour not in Y4M_CHROMA:
        raise InputError(
            f"{path} has the colour space {colour}; convert it to one with 8 bits: "
            f"{', '.join(Y4M_CHROMA)}"
        )
    if Y4M_CHROMA[colour] is None:
        return height, width, 0
    down, across = Y4M_CHROMA[colour]
    return height, width, 2 * _ceil(height, down) * _ceil(width, across)


def _y4m_facts(path: Path) -> VideoFacts:
    with _open(path) as file:
        height, width, chroma_bytes = _read_y4m_header(path, file)
        begun = file.tell()
        line = len(file.readline(LONGEST_Y4M_LINE))
        file.seek(0)
        tags = file.readline(LONGEST_Y4M_LINE).decode("latin-1").split()
    # Frames may have tags in their first lines: they are taken to be alike.
    frames = (path.stat().st_size - begun) // (line + height * width + chroma_bytes)
    return VideoFacts(frames, next((_rate(tag[1:]) for tag in tags if tag[0] == "F"), None))


def _rate(text: str) -> Fraction | None:
    """Frames a second from "30000:1001"; None where there is no sense in it."""
    try:
        rate = Fraction(text.replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate > 0 else None


def _raw_frames(path: Path, size: tuple[int, int] | None) -> Iterator[np.ndarray]:
    if size is None:
        raise InputError(
            f"{path} is raw video and does not say its size; convert it to .y4m, or read it with "
            "size=(height, width)"
        )
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"size must be (height, width) of 1 or more, not {size}")
    chroma_bytes = 2 * _ceil(height, 2) * _ceil(width, 2)
    file_bytes, frame_bytes = path.stat().st_size, height * width + chroma_bytes
    if file_bytes % frame_bytes:
        raise InputError(
            f"{path} has {file_bytes} bytes, which is no whole number of frames of {_text(size)} "
            f"({frame_bytes} bytes each, I420): the size is wrong or the file is cut short"
        )
    return _raw_planes(path, height, width, chroma_bytes, file_bytes // frame_bytes)


def _raw_planes(
    path: Path, height: int, width: int, chroma_bytes: int, count: int
) -> Iterator[np.ndarray]:
    with _open(path) as file:
        for number in range(count):
            yield _read_planes(path, file, number, height, width, chroma_bytes)


def _read_planes(
    path: Path, file: BinaryIO, number: int, height: int, width: int, chroma_bytes: int
) -> np.ndarray:
    """Reads the luma of one frame and passes over its chroma."""
    needed = height * width + chroma_bytes
    # Asked first: a damaged header may name more bytes than memory holds.
    there = path.stat().st_size - file.tell()
    if there < needed:
        raise InputError(
            f"{path} is cut short: frame {number} needs {needed} bytes, {there} are there; copy "
            "it again"
        )
    luma = np.frombuffer(file.read(height * width), np.uint8).reshape(height, width)
    file.seek(chroma_bytes, 1)
    return luma


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; check its permissions") from error


def _ceil(size: int, parts: int) -> int:
    return -(-size // parts)


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} (height x width)"
