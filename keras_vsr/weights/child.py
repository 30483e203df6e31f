"""Reading of published files in a child process, whose crash or hunger for memory does no harm."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from keras_vsr.errors import InputError

PROGRAM = Path(__file__).with_name("child_reader")
REFUSED, NO_LIBRARY = 3, 4  # its exit statuses; the output says why, or which
TIMEOUT = 180  # seconds; loading torch alone takes ten on a busy machine


def read_in_child(kind: str, path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Reads a file in a process of its own, under limits; see `child_reader/__main__.py`.

    Args:
        kind: A format, as `signature.format_of` names them.
        path: The file.

    Returns:
        The arrays by the names that they have in the file, and what else it says of its layers.

    Raises:
        InputError: the file is damaged, too large, or holds something else than weights.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROGRAM), kind, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{path} was not read within {TIMEOUT} seconds; get the published file again"
        ) from None
    if done.returncode in (REFUSED, NO_LIBRARY):
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode == NO_LIBRARY:
            raise InputError(f"{path} cannot be read without {said}: pip install {said}")
        raise InputError(f"{path} {said}; get the published file again")
    if done.returncode != 0:
        raise InputError(f"{path} is damaged and cannot be read; get the published file again")
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
        header = json.loads(str(archive["header"]))
        names = header.pop("names")
        return {name: archive[str(index)] for index, name in enumerate(names)}, header
