"""Real clips of a run: any videos, each cut in time into training, validation and test frames."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.cut_video import cut_video
from experiments.preset import ClipSize
from experiments.study_data import StudyData
from keras_vsr.data.clips import Pair
from keras_vsr.data.degrade import degrade

DEGRADATION = "bicubic"
LEAST = 5  # frames of a split: a window


def prepare_videos(videos: Sequence[Path], size: ClipSize, scale: int = 2) -> StudyData:
    """Reads the clips and cuts them from the middle of their frames, all to one size.

    Args:
        videos: Files or folders that `keras_vsr.data.video.read_video` reads.
        size: Of the frames; of a shorter clip each split gets its share of the frames there are.
        scale: Of the enlargement.

    Raises:
        InputError: a clip cannot be read, or is too short or too small.
    """
    splits: dict[str, list[Pair]] = {"train": [], "validation": [], "test": []}
    wanted = (size.train_frames, size.validation_frames, size.test_frames)
    identity: list[tuple] = [(size, scale)]
    for video in videos:
        part, digest = cut_video(video, size.height, size.width, least=3 * LEAST, most=sum(wanted))
        frames = len(part)
        # A short clip has the same proportions, but no split without a window.
        share = min(1.0, frames / sum(wanted))
        validation, test = (max(LEAST, int(count * share)) for count in wanted[1:])
        train = min(size.train_frames, frames - validation - test)
        first = 0
        for name, count in (("train", train), ("validation", validation), ("test", test)):
            high = part[first : first + count]
            splits[name].append(Pair(degrade(high, DEGRADATION, scale), high, Path(video).name))
            first += count
        identity.append((digest,))
    return StudyData(
        splits=splits,
        data_source="+".join(Path(video).name for video in videos),
        protocol="as_run",
        degradation=DEGRADATION,
        test_hours=np.array([]),
        limits=(0.0, 255.0),
        units="luma",
        identity=tuple(identity),
        dataset="clips",
        field="luma",
    )
