"""Which data a study is run on, made or read when its turn comes."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments import climate_data
from experiments.clip_data import TABLE_4, prepare_clip
from experiments.diamond_data import prepare_diamond
from experiments.phantom_data import prepare_phantom
from experiments.preset import Preset
from experiments.study_data import StudyData
from experiments.video_data import prepare_videos
from keras_vsr.data.clips import Pair
from keras_vsr.errors import InputError

# Name: what it is, a line for a list.
DATASETS = {
    "climate": "shallow-water jet, relative vorticity: generated, or --data H_Field_Nl5.mat or "
    "climate_data.h5",
    "phantom": "Shepp-Logan phantom that changes from frame to frame: generated",
    "phantom4x": "the same, four times smaller LR frames: generated",
    "diamond": "brilliant with the camera turning about it: generated, or a video given by --video",
    "clips": "luma of real video: Vid4 and foreman of --testdata, or a video given by --video",
    "table4": "64x64 pixels of a video: akiyo of --testdata, or one given by --video",
    "triplets": "three frames in a row, generated, and of foreman of --testdata or --video; "
    "or those of --vimeo90k and --ucf101",
}

# Of the folder of test data: clips that any network can be tried on.
TEST_CLIPS = (
    *(f"vid4_y15/{name}" for name in ("calendar", "city", "foliage", "walk")),
    "video/foreman_cif_mpeg4.mp4",
)
TABLE_4_CLIP = "video/akiyo_cif_h264.mp4"


def data_for(kind: str, options: argparse.Namespace, preset: Preset, cache: Path) -> StudyData:
    """Makes or reads the data of a study.

    Args:
        kind: A key of `DATASETS`, but for "triplets", which have functions of their own.
        options: Of the program: seed, protocol, data, video, testdata.
        preset: Sizes.
        cache: Folder of generated files.

    Raises:
        InputError: what was given cannot be used.
    """
    makers: dict[str, Callable[[], StudyData]] = {
        "climate": lambda: _climate(options, preset, cache),
        "phantom": lambda: prepare_phantom(preset.clip("phantom"), options.seed),
        "phantom4x": lambda: prepare_phantom(preset.clip("phantom4x"), options.seed, scale=4),
        "diamond": lambda: prepare_diamond(preset.clip("diamond"), options.seed, options.video),
        "clips": lambda: prepare_videos(clips(options), preset.clip("clips")),
        "table4": lambda: prepare_clip(table_4_clip(options), TABLE_4),
    }
    return makers[kind]()


def sizes_for(kind: str, options: argparse.Namespace, preset: Preset) -> dict[str, list[Pair]]:
    """The splits of `data_for` with empty frames that take no memory: for a plan.

    Raises:
        InputError: what was given cannot be used.
    """
    if kind == "climate":
        return climate_data.sizes(
            preset, protocol=options.protocol, seed=options.seed, published=options.data
        )
    if kind == "table4":
        part = TABLE_4
        counts = (part.train, part.validation, part.validation)
        return _empty((part.height, part.width), counts, 1, 2)
    size = preset.clip(kind)
    number = {"clips": lambda: len(clips(options))}.get(kind, lambda: size.train_clips)()
    counts = (size.train_frames, size.validation_frames, size.test_frames)
    return _empty((size.height, size.width), counts, number, 4 if kind == "phantom4x" else 2)


def _empty(
    size: tuple[int, int], counts: tuple[int, int, int], clips: int, scale: int
) -> dict[str, list[Pair]]:
    height, width = size

    def pair(frames: int) -> Pair:
        zero = np.float32(0)
        low = np.broadcast_to(zero, (frames, height // scale, width // scale))
        return Pair(low, np.broadcast_to(zero, (frames, height, width)), "plan")

    names = ("train", "validation", "test")
    return {name: [pair(count)] * clips for name, count in zip(names, counts, strict=True)}


def clips(options: argparse.Namespace) -> list[Path]:
    """The real clips of a run: the one that is given, or those of the test data that are there.

    Raises:
        InputError: there is none.
    """
    if options.video:
        return [options.video]
    found = [options.testdata / name for name in TEST_CLIPS if (options.testdata / name).exists()]
    if not found:
        raise InputError(
            f"{options.testdata} has none of the test clips ({', '.join(TEST_CLIPS)}); name their "
            "folder with --testdata, or give a clip of your own with --video"
        )
    return found


def table_4_clip(options: argparse.Namespace) -> Path:
    """The clip of report_2019's Table 4: the one that is given, or one like it of the test data.

    Raises:
        InputError: there is none.
    """
    path = options.video or options.testdata / TABLE_4_CLIP
    if not path.exists():
        raise InputError(f"there is no {path}; give a clip with --video")
    return path


def lacking(kind: str, options: argparse.Namespace) -> str:
    """Why there is no data of a kind; empty where there is some, or where it is generated."""
    try:
        if kind == "clips":
            clips(options)
        if kind == "table4":
            table_4_clip(options)
    except InputError as error:
        return str(error)
    return ""


def _climate(options: argparse.Namespace, preset: Preset, cache: Path) -> StudyData:
    """The climate data, with a line for each file that is made."""

    def progress(name: str, done: int, total: int) -> None:
        if done == total or sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\rclimate data, {name}: {done} of {total} frames", end=end, file=sys.stderr)

    return climate_data.prepare(
        preset,
        protocol=options.protocol,
        seed=options.seed,
        published=options.data,
        cache=cache / "climate",
        progress=progress,
    )
