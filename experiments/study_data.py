"""What a study is run on: clips at both sizes, split, and where they came from."""

from dataclasses import dataclass, replace

import numpy as np

from keras_vsr.data.clips import Pair

PUBLISHED_SLIP = 4  # pixels that each row of a sheared frame slips by


@dataclass(frozen=True, eq=False)
class StudyData:
    """Clips at both sizes for each split, and where they came from.

    Attributes:
        splits: "train", "validation", "test", each with one clip or more.
        data_source: "generated" or the name of the published file.
        protocol: How it was split.
        degradation: How LR frames were made; "in the file" where they were read.
        test_hours: Hours of the simulation of each test frame; empty if not known.
        limits: Field values that 0 and 1 stand for.
        units: Of the field.
        field: What is shown: "vorticity", or "luma" or "intensity" of pictures.
        identity: What a stored result must have been made from to be used again.
        dataset: Of the rows: "climate", or "clip" for a part of a video.
    """

    splits: dict[str, list[Pair]]
    data_source: str
    protocol: str
    degradation: str
    test_hours: np.ndarray
    limits: tuple[float, float]
    units: str
    identity: tuple
    dataset: str = "climate"
    field: str = "vorticity"


def with_published_slip(data: StudyData) -> StudyData:
    """Frames of such a height that E1 shears them as it did the published ones.

    There, 318 rows of 640 pixels, each row slips by 640 - 2 * 318 = 4 pixels. Frames exactly twice
    as wide as high would not be sheared at all. Rows are cut from the end, which is the pole.
    """
    splits = {}
    for split, pairs in data.splits.items():
        rows = (pairs[0].high.shape[2] - PUBLISHED_SLIP) // 2
        rows -= rows % pairs[0].scale
        splits[split] = [
            Pair(pair.low[:, : rows // pair.scale], pair.high[:, :rows], pair.source)
            for pair in pairs
        ]
    return replace(data, splits=splits, identity=(*data.identity, "published slip"))
