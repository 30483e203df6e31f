"""The format of a file of published weights, by its first bytes."""

import os
from pathlib import Path

from keras_vsr.errors import InputError

MAX_BYTES = 64 * 2**20  # the largest published file has 2 MB
HEADER = 520

FORMATS = {
    "mat5": "MATLAB v5",
    "mat73": "MATLAB v7.3",
    "keras2_h5": "Keras 2",
    "pth": "torch",
}
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
# Text of 116 bytes, version and byte order; HDF5 follows at byte 512 in version 7.3.
MATLAB_5, MATLAB_73 = b"\x00\x01IM", b"\x00\x02IM"


def format_of(path: Path, expected: tuple[str, ...] = tuple(FORMATS)) -> str:
    """Finds out the format from the content; the file's name does not matter.

    Args:
        path: The file.
        expected: Keys of `FORMATS` that will do.

    Raises:
        InputError: the file cannot be read, is too large, or has none of those formats.
    """
    wanted = " or ".join(FORMATS[one] for one in expected)
    if not os.path.exists(path):
        raise InputError(f"there is no file {path}; give a file of {wanted}")
    if not os.path.isfile(path):  # a pipe would be waited for
        raise InputError(f"{path} is no file; give a file of {wanted}")
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(HEADER)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; change its permissions") from error
    if size > MAX_BYTES:
        raise InputError(
            f"{path} has {size:,} bytes, more than any published network; give a file of {wanted} "
            f"of {MAX_BYTES:,} bytes at most"
        )
    found = _format(start)
    if found is None:
        raise InputError(f"{path} does not begin like a file of {wanted}; give one that does")
    if found not in expected:
        raise InputError(
            f"{path} is a file of {FORMATS[found]}, whatever its name; give a file of {wanted}"
        )
    return found


def _format(start: bytes) -> str | None:
    if start.startswith(HDF5):
        return "keras2_h5"
    if start.startswith(ZIP):
        return "pth"
    if start.startswith(b"MATLAB"):
        if start[124:128] == MATLAB_5:
            return "mat5"
        if start[124:128] == MATLAB_73 and start[512:520] == HDF5:
            return "mat73"
    return None
