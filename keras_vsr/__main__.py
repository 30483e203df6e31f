"""Programs of the package.

    python -m keras_vsr convert FSRCNN_x2.mat fsrcnn_x2.weights.h5

reads published weights (MATLAB files of SRCNN, FSRCNN and 3DSRnet, HDF5 of Keras 2, state
dictionaries of torch) and writes them so that Keras 3 loads them on every backend.
"""

import argparse
import os
import sys
from pathlib import Path

from keras_vsr.environment import choose_backend
from keras_vsr.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """The program.

    Returns:
        Exit status: 0, or 2 where something given is not as needed.
    """
    options = parse(arguments)
    try:
        print(convert(options.source, options.out), flush=True)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader stopped reading; the file is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("\nstopped; nothing was written", file=sys.stderr)
        return 130
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m keras_vsr", description="Published weights.")
    programs = parser.add_subparsers(required=True, metavar="PROGRAM")
    program = programs.add_parser("convert", help="published weights to those of Keras 3")
    program.add_argument("source", type=Path, metavar="IN", help="published file, of any format")
    program.add_argument("out", type=Path, metavar="OUT", help="file to write, NAME.weights.h5")
    return parser.parse_args(arguments)


def convert(source: Path, out: Path) -> str:
    """Converts a file; returns what was found, in a few lines.

    Raises:
        InputError: a file, or the backend, is not as needed.
    """
    choose_backend()
    from keras_vsr.weights.convert import convert as convert_file  # loads the backend
    from keras_vsr.weights.signature import FORMATS

    found = convert_file(source, out)
    arguments = "".join(f", {name}={value!r}" for name, value in found.arguments.items())
    lines = [
        f"{source} is a file of {FORMATS[found.kind]}",
        f'{out} has the {found.parameters:,} parameters of build("{found.network}"{arguments})',
    ]
    if found.scales:
        *others, last = found.scales
        scales = f"{', '.join(map(str, others))} or {last}"
        lines.append(f"the file does not say its scale: give build(..., scale={scales})")
    if found.unused:
        lines.append(f"not used: {', '.join(found.unused)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
