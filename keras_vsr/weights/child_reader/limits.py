"""What a file of weights may hold, and what the process that reads it may use."""

import math
import resource
from pathlib import Path

# The largest published file has 120 arrays and 472,080 numbers.
MAX_ARRAYS = 512
MAX_ELEMENTS = 8 * 2**20  # of all arrays together
MAX_RANK = 5
MAX_NAME = 200  # characters
MAX_TEXT = 2**20  # bytes of a network's description
MEMORY = 2**30  # bytes beyond what Python and the libraries take
PROCESSOR_SECONDS = 60


class RefusedError(Exception):
    """What is wrong with the file: the rest of a sentence that begins with its name."""


class Budget:
    """Counts what a file declares, array by array, before it is read."""

    def __init__(self):
        self.arrays = 0
        self.elements = 0

    def take(self, name, shape, least=1):
        """Accepts one more array, none of whose sizes is below `least`.

        Raises:
            RefusedError: it is empty, or it, or all together, is more than any network here has.
        """
        if len(shape) > MAX_RANK or any(size < 0 or size > MAX_ELEMENTS for size in shape):
            sizes = " x ".join(map(str, shape[: MAX_RANK + 1]))
            raise RefusedError(f"declares {printable(name)} as {sizes}, larger than any kernel")
        if any(size < least for size in shape):
            sizes = " x ".join(map(str, shape))
            raise RefusedError(f"declares {printable(name)} as {sizes}, which is empty")
        self.arrays += 1
        self.elements += math.prod(shape)
        if self.arrays > MAX_ARRAYS:
            raise RefusedError(f"holds more than {MAX_ARRAYS} arrays")
        if self.elements > MAX_ELEMENTS:
            raise RefusedError(f"declares more than {MAX_ELEMENTS:,} numbers")


def printable(text):
    """A name from a file for a message: on one line, and not long."""
    return repr(text[:MAX_NAME])


def limit_process():
    """Bounds processor time; no file can be written, no memory image is left by a crash."""
    for kind, limit in (
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _set_limit(kind, limit)


def limit_memory():
    """Lets this process have `MEMORY` more than it has now: called when libraries are loaded."""
    status = Path("/proc/self/statm")
    if status.exists():  # Linux; elsewhere the other limits remain
        used = int(status.read_text().split()[0]) * resource.getpagesize()
        _set_limit(resource.RLIMIT_AS, used + MEMORY)


def _set_limit(kind, limit):
    """Lowers a limit, never above what the process was started with."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(kind, (limit, limit))
