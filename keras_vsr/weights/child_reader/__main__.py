"""Reads one file of published weights in a process of its own, for `child.py`.

    python -I .../child_reader FORMAT FILE > RESULT.npz

The libraries that read MATLAB, HDF5 and torch files are not made for files from strangers: a
crafted one can crash them or ask for any amount of memory. So they run here, under limits, where
the worst that happens is that this process ends. What a file declares is compared with the limits
before its numbers are read, wherever the format lets one look first.

The result is a plain .npz: arrays "0", "1", ..., and "header", which is JSON: their names, and what
else the file says of its layers. Exit status 3 means that the file was refused, 4 that a library is
missing; the output is the reason, or the library's name, then. This folder stands alone: nothing in
it imports Keras or the project around it.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np
from keras2 import read_keras2_h5
from limits import MAX_NAME, MEMORY, RefusedError, limit_process
from mat5 import read_mat5
from mat73 import read_mat73
from torch_archive import read_pth

REFUSED, NO_LIBRARY = 3, 4

READERS = {
    "mat5": read_mat5,
    "mat73": read_mat73,
    "keras2_h5": read_keras2_h5,
    "pth": read_pth,
}


def main(kind, path):
    """Reads `path` as `kind` to the standard output; returns the exit status."""
    limit_process()
    try:
        result = packed(*READERS[kind](Path(path)))
    except RefusedError as error:
        print(error)
        return REFUSED
    except ImportError as error:
        print(error.name)
        return NO_LIBRARY
    except MemoryError:
        print(f"needs more than {MEMORY >> 20} MiB to be read")
        return REFUSED
    except RecursionError:
        print("is nested too deeply")
        return REFUSED
    sys.stdout.buffer.write(result)
    return 0


def packed(arrays, notes):
    """The .npz of arrays by name and of notes about them."""
    names = [*arrays, *(layer["name"] for layer in notes.get("layers", ()))]
    if not all(len(name) <= MAX_NAME and name.isprintable() for name in names):
        raise RefusedError("has names that cannot be printed")
    header = np.array(json.dumps({"names": list(arrays), **notes}))
    numbered = {str(index): array for index, array in enumerate(arrays.values())}
    result = io.BytesIO()
    np.savez(result, header=header, **numbered)
    return result.getvalue()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
