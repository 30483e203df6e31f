"""The phantom of a run: one clip for the test, others for training, each from a seed of its own."""

import numpy as np

from experiments.preset import ClipSize
from experiments.study_data import StudyData
from keras_vsr.data.clips import Pair
from keras_vsr.data.degrade import degrade
from keras_vsr.data.phantom import phantom

DEGRADATION = "bicubic"


def prepare_phantom(size: ClipSize, seed: int, scale: int = 2) -> StudyData:
    """Draws the clips.

    Args:
        size: Of the frames and clips.
        seed: Clip n is drawn from (seed, n); clip 0 is the test's.
        scale: Of the enlargement.
    """

    def clip(number: int, frames: int) -> np.ndarray:
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        return phantom(frames, size.height, size.width, seed=own)

    def pair(high: np.ndarray) -> Pair:
        return Pair(degrade(high, DEGRADATION, scale), high, "generated")

    train = [
        clip(number, size.train_frames + size.validation_frames)
        for number in range(1, size.train_clips + 1)
    ]
    cut = size.train_frames
    return StudyData(
        splits={
            "train": [pair(frames[:cut]) for frames in train],
            "validation": [pair(frames[cut:]) for frames in train],
            "test": [pair(clip(0, size.test_frames))],
        },
        data_source="generated",
        protocol="as_described",
        degradation=DEGRADATION,
        test_hours=np.array([]),
        limits=(0.0, 1.0),
        units="",
        identity=(size, seed, scale),
        dataset="phantom",
        field="intensity",
    )
