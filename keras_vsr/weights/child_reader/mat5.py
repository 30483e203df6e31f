"""MATLAB v5 files: a walk through all that they declare, then SciPy's reader.

Reference:
    MathWorks, MAT-File Format, "Level 5 MAT-File Format": elements are a tag (type, size) and a
    payload.
"""

import math
import struct
import zlib
from itertools import islice

from limits import MAX_ARRAYS, MAX_ELEMENTS, MAX_TEXT, Budget, RefusedError, limit_memory, printable

HEADER = 128  # bytes of text, version and byte order
UINT32, INT32, MATRIX, COMPRESSED = 6, 5, 14, 15  # types of elements
CELL = 1  # classes of arrays
NUMBERS = range(6, 16)  # double, single, integers
COMPLEX = 0x0800  # flag of an array


def read_mat5(path):
    """Numeric arrays, and those of cell arrays, which are called "name/0", "name/1", ..."""
    check(path.read_bytes())
    from scipy.io import loadmat

    limit_memory()
    arrays = {}
    for name, value in loadmat(path).items():
        if name.startswith("__"):  # loadmat's own notes
            continue
        if value.dtype == object:
            arrays |= {f"{name}/{index}": item for index, item in enumerate(value.ravel())}
        else:
            arrays[name] = value
    return arrays, {}


def check(data):
    """Walks through the whole file by its tags; what it lets pass is small and flat.

    Raises:
        RefusedError: it is cut off, or holds anything but real numbers, or too many.
    """
    budget = Budget()
    left = 8 * MAX_ELEMENTS + MAX_TEXT  # bytes that compressed parts may unpack to
    for kind, payload in elements(memoryview(data)[HEADER:]):
        if kind == COMPRESSED:
            inflater = zlib.decompressobj()
            inflated = inflater.decompress(payload, left)
            left -= len(inflated)
            if left <= 0:
                raise RefusedError("unpacks to more than any network")
            if not inflater.eof:
                raise RefusedError("is cut off")
            kind, payload = next(elements(memoryview(inflated)), (0, b""))
        if kind != MATRIX:
            raise RefusedError(f"holds an element of type {kind} where an array should be")
        check_array(payload, budget, in_cell=False)


def elements(data):
    """The (type, payload) of each element in a run of them.

    Raises:
        RefusedError: one ends after the run.
    """
    position = 0
    while position < len(data):
        if len(data) - position < 8:
            raise RefusedError("is cut off")
        kind, size = struct.unpack_from("<II", data, position)
        if kind >> 16:  # four bytes or less, within the tag
            kind, size = kind & 0xFFFF, kind >> 16
            start, following = position + 4, position + 8
        else:
            start = position + 8
            padding = 0 if kind == COMPRESSED else -size % 8
            following = start + size + padding
        if start + size > min(following, len(data)):
            raise RefusedError("is cut off")
        yield kind, data[start : start + size]
        position = following


def check_array(payload, budget, in_cell):
    """Compares what an array declares with the limits and with the bytes that are there.

    Raises:
        RefusedError: it is too large, incomplete, or of anything but real numbers.
    """
    if in_cell and not payload:  # MATLAB writes an empty cell so
        budget.take("", (0,), least=0)
        return
    parts = elements(payload)
    (flags_kind, flags), (shape_kind, sizes), (_, name) = (next(parts, (0, b"")) for _ in range(3))
    if (flags_kind, shape_kind) != (UINT32, INT32) or len(flags) != 8 or len(sizes) % 4:
        raise RefusedError("holds an array without a shape")
    name = bytes(name).decode("ascii", "replace")
    flag = struct.unpack_from("<I", flags)[0]
    kind = flag & 0xFF
    shape = struct.unpack(f"<{len(sizes) // 4}i", sizes)
    budget.take(name, shape, least=0 if in_cell else 1)  # FSRCNN's last slopes are empty
    values = list(islice(parts, MAX_ARRAYS + 1))
    if kind == CELL and not in_cell:
        if len(values) != math.prod(shape):
            raise RefusedError(f"declares {printable(name)} with more cells than it holds")
        for item_kind, item in values:
            if item_kind != MATRIX:
                raise RefusedError(f"holds a cell of {printable(name)} that is no array")
            check_array(item, budget, in_cell=True)
    elif kind in NUMBERS and not flag & COMPLEX:
        if len(values) != 1 or len(values[0][1]) < math.prod(shape):
            raise RefusedError(f"declares {printable(name)} with more numbers than it holds")
    else:
        raise RefusedError(f"holds {printable(name)}, neither real numbers nor a list of such")
