"""A small part of a real clip, split in time: report_2019's Table 4, and the errata on a clip."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.cut_video import cut_video
from experiments.study_data import StudyData
from keras_vsr.data.clips import Pair
from keras_vsr.data.degrade import degrade

DEGRADATION = "bicubic"
LEAST_TEST = 5  # frames: a window


@dataclass(frozen=True)
class Part:
    """What is cut out of a clip, from the middle of its frames.

    Attributes:
        height: HR rows.
        width: HR columns.
        train: The first frames.
        validation: Those after them.
        test: Most frames after those; the validation frames again where fewer than five are left.
    """

    height: int
    width: int
    train: int
    validation: int
    test: int


# 236 frames of 64x64, of which 188 were trained on and 48 were validated on; which pixels is not
# said. The rest of a clip is for the test.
TABLE_4 = Part(height=64, width=64, train=188, validation=48, test=1000)
# Not square, since a square frame is not sheared by E1, and not twice as wide as high either.
FOR_ERRATA = Part(height=64, width=96, train=48, validation=16, test=24)


def prepare_clip(video: Path, part: Part) -> StudyData:
    """Reads the frames of a clip and cuts them out.

    Args:
        video: A file or folder that `keras_vsr.data.video.read_video` reads.
        part: Of its frames and pixels.

    Raises:
        InputError: the clip cannot be read, or is too short or too small.
    """
    known = part.train + part.validation
    high, digest = cut_video(video, part.height, part.width, least=known, most=known + part.test)
    low = degrade(high, DEGRADATION)
    splits = {"train": slice(0, part.train), "validation": slice(part.train, known)}
    enough = len(high) - known >= LEAST_TEST
    splits["test"] = slice(known, None) if enough else splits["validation"]
    name = Path(video).name
    return StudyData(
        splits={split: [Pair(low[cut], high[cut], name)] for split, cut in splits.items()},
        data_source=name,
        protocol="as_run",
        degradation=DEGRADATION,
        test_hours=np.array([]),
        limits=(0.0, 255.0),
        units="luma",
        identity=(digest, part),
        dataset="clip",
        field="luma",
    )
