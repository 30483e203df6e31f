"""The data of report_2019's Table 4: a small part of a real clip, split as published."""

from pathlib import Path

import numpy as np

from experiments.climate_data import ClimateData
from keras_vsr.data.clips import Pair
from keras_vsr.data.degrade import degrade
from keras_vsr.data.video import read_video, to_unit
from keras_vsr.errors import InputError

DEGRADATION = "bicubic"
# 236 frames of 64x64, of which 188 windows were trained on and 48 were validated on. Which part of
# the picture the frames are is not said: the middle.
SIDE = 64
TRAIN_FRAMES, FRAMES = 188, 236
LEAST_TEST = 5  # frames beyond those, for a test split of their own


def prepare_clip(video: Path) -> ClimateData:
    """Reads the frames of a clip and cuts them out.

    Args:
        video: A file or folder that `keras_vsr.data.video.read_video` reads, of 236 frames or more.

    Returns:
        Train and validation frames as published; test frames are those that come after them, or,
        where there are fewer than five, the validation frames again.

    Raises:
        InputError: the clip cannot be read, or is too short or too small.
    """
    frames = read_video(video)
    height, width = frames.shape[1:]
    if len(frames) < FRAMES or min(height, width) < SIDE:
        raise InputError(
            f"{video} has {len(frames)} frames of {height}x{width}; Table 4 needs {FRAMES} of "
            f"{SIDE}x{SIDE} at least: give a longer or larger clip"
        )
    top, left = (height - SIDE) // 2, (width - SIDE) // 2
    high = to_unit(frames[:, top : top + SIDE, left : left + SIDE])
    low = degrade(high, DEGRADATION)
    parts = {"train": slice(0, TRAIN_FRAMES), "validation": slice(TRAIN_FRAMES, FRAMES)}
    rest = len(frames) - FRAMES
    parts["test"] = slice(FRAMES, None) if rest >= LEAST_TEST else parts["validation"]
    stat = Path(video).stat()
    return ClimateData(
        splits={
            name: [Pair(low[part], high[part], Path(video).name)] for name, part in parts.items()
        },
        data_source=Path(video).name,
        protocol="as_run",
        degradation=DEGRADATION,
        test_hours=np.array([]),
        limits=(0.0, 255.0),
        units="luma",
        identity=(str(Path(video).resolve()), stat.st_size, stat.st_mtime_ns),
        dataset="clip",
    )
