"""The turning diamond of a run, or a video in its place: report_2021, "Diamond"."""

from pathlib import Path

import numpy as np

from experiments.cut_video import cut_video
from experiments.preset import ClipSize
from experiments.study_data import StudyData
from keras_vsr.data.clips import Pair
from keras_vsr.data.degrade import degrade
from keras_vsr.data.diamond import diamond

DEGRADATION = "gaussian_bicubic"
# Between the validation frames and those of the test: published are 0 to 239 and 245 to 294.
GAP = 5


def prepare_diamond(size: ClipSize, seed: int, video: Path | None) -> StudyData:
    """Renders the stone or reads the video.

    Published, 15 % of the training windows, drawn at random, were for validation; here they are the
    last of the training frames, so that none of their frames is trained on.

    Args:
        size: Of the frames. Frames of a video are cut from its middle.
        seed: Of the stone's surroundings.
        video: A file or folder that `keras_vsr.data.video.read_video` reads; None renders.

    Raises:
        InputError: the video cannot be read, or is too short or too small.
    """
    known = size.train_frames + size.validation_frames
    frames = known + GAP + size.test_frames
    if video is None:
        high = diamond(frames, size.height, size.width, seed=seed)
        source, identity = "generated", (size, seed)
    else:
        high, digest = cut_video(video, size.height, size.width, least=frames, most=frames)
        source, identity = Path(video).name, (digest, size)
    low = degrade(high, DEGRADATION)
    parts = {
        "train": slice(0, size.train_frames),
        "validation": slice(size.train_frames, known),
        "test": slice(known + GAP, frames),
    }
    return StudyData(
        splits={name: [Pair(low[part], high[part], source)] for name, part in parts.items()},
        data_source=source,
        protocol="as_run",
        degradation=DEGRADATION,
        test_hours=np.array([]),
        limits=(0.0, 255.0),
        units="luma",
        identity=identity,
        dataset="diamond",
        field="luma",
    )
