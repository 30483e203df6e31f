"""Triplets of a run: three frames in a row, of which the middle one is to be found."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.cut_video import cut_video
from experiments.preset import ClipSize
from keras_vsr.data.degrade import degrade
from keras_vsr.data.diamond import diamond
from keras_vsr.data.phantom import phantom
from keras_vsr.data.triplets import cut_triplets, find_ucf101, find_vimeo90k, read_triplets
from keras_vsr.errors import InputError

DATASET = "triplets"  # those that are not of a data set with a name
DEGRADATION = "bicubic"
SCALE = 2
# Frames from one of a triplet to the next: twice the motion that the clips have.
SPACING = 2
LEAST_SIDE = 64  # pixels: the patches of the presets
REAL = "video/foreman_cif_mpeg4.mp4"  # of the test data


@dataclass(frozen=True, eq=False)
class Triplets:
    """Triplets at both sizes.

    Attributes:
        low: LR, float32 of shape (n, 3, h, w) in [0, 1].
        high: HR, (n, 3, H, W).
        split: "train", "validation" or "test"; "test_real" and "test_ucf101" beside it.
        dataset: "triplets", "triplets_real", "vimeo90k" or "ucf101".
        source: "generated", or where they come from.
    """

    low: np.ndarray
    high: np.ndarray
    split: str
    dataset: str
    source: str


def prepare_triplets(
    size: ClipSize, seed: int, options: argparse.Namespace
) -> dict[str, list[Triplets]]:
    """Triplets of each split; "test" has one set for each kind of data that is there.

    Without Vimeo-90K, the training triplets are of generated clips: phantoms and a turning diamond.
    The test has phantoms and a part of the turn that no training frame shows; beside it a real clip
    and UCF101, where they are there.

    Args:
        size: Of frames and clips. Of Vimeo-90K and UCF101 it says how many triplets are read.
        seed: Of the clips.
        options: Of the program: vimeo90k, ucf101, testdata, video.

    Raises:
        InputError: what was given cannot be used.
    """
    splits = _vimeo90k(size, options.vimeo90k) if options.vimeo90k else _generated(size, seed)
    beside = _real(size, options)
    if options.ucf101:
        high = read_triplets(find_ucf101(options.ucf101, count=size.test_frames))
        beside.append(_degraded(_even(high, options.ucf101), "test_ucf101", "ucf101", "UCF101"))
    return {split: [one] for split, one in splits.items()} | {"test": [splits["test"], *beside]}


def triplet_counts(size: ClipSize, options: argparse.Namespace) -> dict[str, int]:
    """How many triplets `prepare_triplets` has in each split at most, for a plan."""
    counts = {
        "train": size.train_frames,
        "validation": size.validation_frames,
        "test": size.test_frames,
    }
    if options.vimeo90k:
        return counts | {"test": 2 * size.test_frames}
    clips = {"train": 1 + size.train_clips, "validation": 2, "test": 3}
    return {split: clips[split] * (count - 2 * SPACING) for split, count in counts.items()}


def _vimeo90k(size: ClipSize, folder: Path) -> dict[str, Triplets]:
    known = size.train_frames + size.validation_frames
    train = _even(read_triplets(find_vimeo90k(folder, "train", count=known)), folder)
    test = _even(read_triplets(find_vimeo90k(folder, "test", count=size.test_frames)), folder)
    kept = len(train) - size.validation_frames
    if kept < 1:
        raise InputError(
            f"the training list of {folder} has {len(train)} triplets, but "
            f"{size.validation_frames + 1} or more are needed: give a longer list"
        )
    parts = {"train": train[:kept], "validation": train[kept:], "test": test}
    return {split: _degraded(high, split, "vimeo90k", "Vimeo-90K") for split, high in parts.items()}


def _generated(size: ClipSize, seed: int) -> dict[str, Triplets]:
    counts = {
        "train": size.train_frames,
        "validation": size.validation_frames,
        "test": size.test_frames,
    }
    turn = diamond(sum(counts.values()), size.height, size.width, seed=seed)
    splits, first = {}, 0
    for number, (split, count) in enumerate(counts.items()):
        clips = [turn[first : first + count]]
        for clip in range(size.train_clips if split == "train" else 1):
            own = np.random.SeedSequence([seed, number, clip]).generate_state(1)[0]
            clips.append(phantom(count, size.height, size.width, seed=int(own)))
        high = np.concatenate([cut_triplets(clip, SPACING) for clip in clips])
        splits[split] = _degraded(high, split, DATASET, "generated")
        first += count
    return splits


def _real(size: ClipSize, options: argparse.Namespace) -> list[Triplets]:
    """Triplets of the real clip that is given, or of that of the test data; none without."""
    path: Path = options.video or options.testdata / REAL
    if not options.video and not path.exists():
        return []
    part, _ = cut_video(path, size.height, size.width, least=2 * SPACING + 1, most=size.test_frames)
    return [_degraded(cut_triplets(part, SPACING), "test_real", f"{DATASET}_real", path.name)]


def _even(high: np.ndarray, source: Path) -> np.ndarray:
    """Without the last row or column where there is an odd one, so that frames can be halved.

    Raises:
        InputError: the frames are smaller than what networks are trained on.
    """
    height, width = (side - side % SCALE for side in high.shape[2:])
    if min(height, width) < LEAST_SIDE:
        raise InputError(
            f"the frames of {source} are {high.shape[2]}x{high.shape[3]}, but "
            f"{LEAST_SIDE}x{LEAST_SIDE} or more are needed: give larger ones"
        )
    return high[:, :, :height, :width]


def _degraded(high: np.ndarray, split: str, dataset: str, source: str) -> Triplets:
    return Triplets(degrade(high, DEGRADATION, SCALE), high, split, dataset, source)
