"""Programs of the package.

    python -m keras_vsr convert FSRCNN_x2.mat fsrcnn_x2.weights.h5

reads published weights (MATLAB files of SRCNN, FSRCNN and 3DSRnet, HDF5 of Keras 2, state
dictionaries of torch) and writes them so that Keras 3 loads them on every backend.

    python -m keras_vsr enlarge small.mp4 large.mp4 --network delta --weights delta.weights.h5

sends the luma of a video through a network, of any length and frame size, in the memory given.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

from keras_vsr.environment import choose_backend
from keras_vsr.errors import InputError

UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}  # bytes
MEMORY = "2GB"


def main(arguments: list[str] | None = None) -> int:
    """The program.

    Returns:
        Exit status: 0, or 2 where something given is not as needed.
    """
    options = parse(arguments)
    try:
        print(options.run(options), flush=True)
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
    parser = argparse.ArgumentParser(
        prog="python -m keras_vsr", description="Published weights, and videos through networks."
    )
    programs = parser.add_subparsers(required=True, metavar="PROGRAM")
    program = programs.add_parser("convert", help="published weights to those of Keras 3")
    program.add_argument("source", type=Path, metavar="IN", help="published file, of any format")
    program.add_argument("out", type=Path, metavar="OUT", help="file to write, NAME.weights.h5")
    program.set_defaults(run=lambda options: convert(options.source, options.out))

    program = programs.add_parser("enlarge", help="a video's luma through a network")
    program.add_argument(
        "source", type=Path, metavar="IN", help=".mp4, .y4m, .yuv, or a folder of images"
    )
    program.add_argument(
        "out", type=Path, metavar="OUT", help=".mp4, .mkv, .y4m, or a new folder for PNG images"
    )
    program.add_argument("--network", required=True, metavar="NAME", help="delta, for example")
    program.add_argument("--weights", type=Path, metavar="FILE", help="of Keras 3: .weights.h5")
    program.add_argument(
        "--residual", action="store_true", help="the variant that adds to bicubic enlargement"
    )
    program.add_argument(
        "--intensity",
        type=_positive,
        default=1.0,
        metavar="MAX",
        help="of the frames that the weights were trained on (1; 255 for those of 2021)",
    )
    program.add_argument(
        "--size", type=_size, metavar="HxW", help="height and width of raw video, 288x352"
    )
    program.add_argument(
        "--memory", type=_bytes, default=MEMORY, metavar="BYTES", help=f"for the run ({MEMORY})"
    )
    program.add_argument(
        "--batch", type=_count, default=4, metavar="N", help="frames at a time, at most (4)"
    )
    program.set_defaults(run=enlarge)
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


def enlarge(options: argparse.Namespace) -> str:
    """Enlarges a video; returns what was written, in a line.

    Raises:
        InputError: a file, an option or the backend is not as needed.
    """
    from keras_vsr.data.video import RAW_SUFFIXES, iter_video, to_code, to_unit, video_facts
    from keras_vsr.data.video_writer import RATE, check_target, write_video

    check_target(options.out)
    if options.size is None and options.source.suffix.lower() in RAW_SUFFIXES:
        raise InputError(
            f"{options.source} is raw video and does not say its size; give --size 288x352, for "
            "example (height x width)"
        )
    frames = iter_video(options.source, size=options.size)
    facts = video_facts(options.source, size=options.size)
    choose_backend()
    from keras_vsr.inference.enlarge import enlarge as enlarge_clip  # loads the backend
    from keras_vsr.inference.load import load

    model = load(options.network, options.weights, residual=options.residual)
    if options.weights is None:
        print(
            f"no --weights: {options.network} adds nothing yet to bicubic enlargement",
            file=sys.stderr,
        )
    progress = _Progress(facts.frames)
    made = enlarge_clip(
        model,
        (to_unit(frame) for frame in frames),
        intensity=options.intensity,
        memory=options.memory,
        batch_size=options.batch,
        on_frames=progress.update,
    )
    try:
        count = write_video(options.out, map(to_code, made), facts.rate or RATE)
    finally:
        progress.close()
    return f"{options.out} has {count} frames"


class _Progress:
    """A line on stderr that is written over: frames done, frames a second, time left.

    Args:
        frames: In all; None where the video does not say.
    """

    def __init__(self, frames: int | None):
        self.frames = frames
        self.terminal = sys.stderr.isatty()
        self.begun = self.last = time.monotonic()
        self.shown = False

    def update(self, done: int) -> None:
        now = time.monotonic()
        if now - self.last < (0.2 if self.terminal else 15.0) and done != self.frames:
            return
        self.last = now
        rate = done / max(now - self.begun, 1e-9)
        text = f"{done} frames, {rate:.2f} frames/s"
        if self.frames:
            seconds = round(max(self.frames - done, 0) / rate)
            left = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            text = f"{done} of {self.frames} frames, {rate:.2f} frames/s, {left} left"
        if self.terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
            self.shown = True
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leaves the line."""
        if self.shown:
            print(file=sys.stderr, flush=True)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMG]B)?", text.strip().upper())
    number = float(found[1]) * UNITS[found[2] or ""] if found else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no memory; give 500MB or 2GB, for example")
    return int(number)


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found or "0" in found.groups():
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give 288x352, for example")
    return int(found[1]), int(found[2])


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of frames; give 1 or more")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no intensity; give 1 or 255")
    return number


if __name__ == "__main__":
    sys.exit(main())
