"""Writes luma as a video: MP4 and Matroska without loss, Y4M, or a folder of PNG images.

Frames are written one at a time, under a temporary name; the video gets its own when it is whole.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from keras_vsr.errors import InputError
from keras_vsr.records import UNFINISHED

CODED = {".mp4": "mp4", ".mkv": "matroska"}  # suffix, and what FFmpeg calls it
Y4M = ".y4m"
RATE = Fraction(25)  # frames a second, where nothing else is known


def check_target(path: Path) -> None:
    """Refuses what `write_video` could not write, before any frame is made.

    Raises:
        InputError: as for `write_video`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix and suffix not in (*CODED, Y4M):
        raise InputError(
            f"{path} is of no kind that can be written; give a name that ends in "
            f"{', '.join((*CODED, Y4M))}, or a folder's name without an ending"
        )
    if suffix and path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file")
    if not suffix and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path} exists; give the name of a new folder for the frames")
    if suffix in CODED:
        _av(path)


def write_video(path: Path, frames: Iterable[np.ndarray], rate: Fraction = RATE) -> int:
    """Writes frames whole or not at all; an old file of that name is replaced only at the end.

    Args:
        path: A file (.mp4, .mkv: H.264 without loss; .y4m: luma alone), or a folder, which must be
            new or empty and gets 000000.png, 000001.png, ...
        frames: uint8 arrays of shape (H, W), all of one size; luma as it is to be coded.
        rate: Frames a second; a folder does not tell it.

    Returns:
        The number of frames.

    Raises:
        InputError: there is no frame, the path is of no kind that can be written, or cannot be
            written, or MP4 is asked for where PyAV is not installed.
    """
    path = Path(path)
    check_target(path)
    suffix = path.suffix.lower()
    if not suffix:
        return _whole(path, True, lambda folder: _write_folder(folder, frames))
    if suffix == Y4M:
        return _whole(path, False, lambda file: _write_y4m(file, frames, rate))
    return _whole(path, False, lambda file: _write_coded(file, CODED[suffix], frames, rate))


def _whole(path: Path, folder: bool, write: Callable[[Path], int]) -> int:
    """Has a file or folder written under a temporary name, and renames it."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        name = {"dir": path.parent, "prefix": f".{path.name}.", "suffix": UNFINISHED}
        if folder:
            temporary = Path(tempfile.mkdtemp(**name))
        else:
            handle, made = tempfile.mkstemp(**name)
            os.close(handle)
            temporary = Path(made)
        count = write(temporary)
        if not count:
            raise InputError(f"there is no frame to write to {path}; give one or more")
        os.chmod(temporary, 0o755 if folder else 0o644)  # made for the owner's eyes alone
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}; choose another folder or free the disk"
        ) from error
    finally:
        if temporary is not None and temporary.is_dir():
            shutil.rmtree(temporary)
        elif temporary is not None:
            temporary.unlink(missing_ok=True)
    return count


def _write_folder(folder: Path, frames: Iterable[np.ndarray]) -> int:
    count = 0
    for frame in frames:
        Image.fromarray(frame).save(folder / f"{count:06d}.png")
        count += 1
    return count


def _write_y4m(path: Path, frames: Iterable[np.ndarray], rate: Fraction) -> int:
    count = 0
    with open(path, "wb") as file:
        for frame in frames:
            if not count:
                height, width = frame.shape
                file.write(
                    f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip A1:1 "
                    "Cmono\n".encode()
                )
            file.write(b"FRAME\n")
            file.write(np.ascontiguousarray(frame))
            count += 1
        _to_disk(file)
    return count


def _write_coded(path: Path, container: str, frames: Iterable[np.ndarray], rate: Fraction) -> int:
    av = _av(path)
    count = 0
    try:
        with av.open(str(path), "w", format=container) as file:
            stream = file.add_stream("libx264", rate=rate, options={"qp": "0"})
            stream.pix_fmt = "gray"
            for frame in frames:
                if not count:
                    stream.height, stream.width = frame.shape
                file.mux(stream.encode(_coded_frame(av, frame)))
                count += 1
            if count:
                file.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error
    return count


def _coded_frame(av, frame: np.ndarray):
    """Luma as it is: PyAV's `from_ndarray` would do, but for widths that rows are padded from."""
    height, width = frame.shape
    made = av.VideoFrame(width, height, "gray")
    (plane,) = made.planes
    rows = np.zeros((plane.height, plane.line_size), np.uint8)
    rows[:, :width] = frame
    plane.update(rows)
    return made


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _av(path: Path):
    try:
        import av  # an extra: nothing else needs it
    except ImportError as error:
        raise InputError(
            f"writing {path} needs PyAV; install it with: pip install 'keras_vsr[video]'"
        ) from error
    return av
