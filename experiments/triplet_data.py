"""Triplets of a run: three frames in a row, of which the middle one is to be found."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.preset import ClipSize
from keras_vsr.data.degrade import degrade
from keras_vsr.data.diamond import diamond
from keras_vsr.data.phantom import phantom
from keras_vsr.data.triplets import cut_triplets, find_vimeo90k, read_triplets
from keras_vsr.data.video import read_video, to_unit
from keras_vsr.errors import InputError

DEGRADATION = "bicubic"
SCALE = 2
# Frames from one of a triplet to the next: twice the motion that the clips have.
SPACING = 2
REAL = "video/foreman_cif_mpeg4.mp4"  # of the test data


@dataclass(frozen=True, eq=False)
class Triplets:
    """Triplets at both sizes.

    Attributes:
        low: LR, float32 of shape (n, 3, h, w) in [0, 1].
        high: HR, (n, 3, H, W).
        dataset: "generated", "vimeo90k" or "clip".
        source: Where they come from.
    """

    low: np.ndarray
    high: np.ndarray
    dataset: str
    source: str


def prepare_triplets(
    size: ClipSize, seed: int, options: argparse.Namespace
) -> dict[str, list[Triplets]]:
    """Triplets of each split; "test" has one set for each kind of data that is there.

    Without Vimeo-90K, the training triplets are of generated clips: phantoms and a turning diamond.
    The test has phantoms and a part of the turn that no training frame shows, and a real clip where
    there is one.

    Args:
        size: Of frames and clips.
        seed: Of the clips.
        options: Of the program: vimeo90k, testdata, video.

    Raises:
        InputError: what was given cannot be used.
    """
    if options.vimeo90k:
        train = read_triplets(find_vimeo90k(options.vimeo90k, "train", count=size.train_frames))
        test = read_triplets(find_vimeo90k(options.vimeo90k, "test", count=size.test_frames))
        kept = len(train) - size.validation_frames
        if kept < 1:
            raise InputError(f"{options.vimeo90k} has too few triplets: {len(train)}")
        return {
            "train": [_degraded(train[:kept], "vimeo90k", "Vimeo-90K")],
            "validation": [_degraded(train[kept:], "vimeo90k", "Vimeo-90K")],
            "test": [_degraded(test, "vimeo90k", "Vimeo-90K"), *_real(size, options)],
        }
    counts = (size.train_frames, size.validation_frames, size.test_frames)
    turn = diamond(sum(counts), size.height, size.width, seed=seed)
    parts: dict[str, list[np.ndarray]] = {}
    first = 0
    for number, (split, count) in enumerate(
        zip(("train", "validation", "test"), counts, strict=True)
    ):
        clips = [turn[first : first + count]]
        for clip in range(size.train_clips if split == "train" else 1):
            own = np.random.SeedSequence([seed, number, clip]).generate_state(1)[0]
            clips.append(phantom(count, size.height, size.width, seed=int(own)))
        parts[split] = [cut_triplets(clip, SPACING) for clip in clips]
        first += count
    splits = {
        split: [_degraded(np.concatenate(many), "generated", "generated")]
        for split, many in parts.items()
    }
    splits["test"] += _real(size, options)
    return splits


def _real(size: ClipSize, options: argparse.Namespace) -> list[Triplets]:
    """Triplets of the real clip that is given, or of that of the test data; none without."""
    path: Path = options.video or options.testdata / REAL
    if not path.exists():
        return []
    frames = read_video(path, count=size.test_frames)
    if frames.shape[1] < size.height or frames.shape[2] < size.width:
        raise InputError(
            f"{path} has frames of {frames.shape[1]}x{frames.shape[2]}, but {size.height}x"
            f"{size.width} are needed: give a larger clip"
        )
    top, left = (frames.shape[1] - size.height) // 2, (frames.shape[2] - size.width) // 2
    part = to_unit(frames[:, top : top + size.height, left : left + size.width])
    return [_degraded(cut_triplets(part, SPACING), "clip", path.name)]


def _degraded(high: np.ndarray, dataset: str, source: str) -> Triplets:
    return Triplets(degrade(high, DEGRADATION, SCALE), high, dataset, source)
