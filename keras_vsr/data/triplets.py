"""Triplets: three frames of which the middle one is to be found between the others.

Read from the folders of Vimeo-90K (Xue et al., IJCV 2019) and of UCF101 as it is used for frame
interpolation (Liu et al., ICCV 2017), or cut from a clip. Luma as in `images`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_vsr.data.images import read_luma
from keras_vsr.errors import InputError

VIMEO_FRAMES = ("im1.png", "im2.png", "im3.png")
VIMEO_SEQUENCES = "sequences"
VIMEO_LISTS = {"train": "tri_trainlist.txt", "test": "tri_testlist.txt"}

UCF101_FRAMES = ("frame_00.png", "frame_01_gt.png", "frame_02.png")

Triplet = tuple[Path, Path, Path]


def find_vimeo90k(
    folder: Path, part: str = "test", *, count: int | None = None, list_file: Path | None = None
) -> list[Triplet]:
    """Finds triplets of Vimeo-90K: sequences/00001/0001/im1.png to im3.png.

    Args:
        folder: The data set's folder, in which `sequences` and the lists are.
        part: "train" or "test": tri_trainlist.txt or tri_testlist.txt.
        count: Most triplets, from the beginning of the list; None takes all.
        list_file: Another list, one triplet a line, such as 00001/0001.

    Returns:
        Paths of the three frames of each.

    Raises:
        InputError: the folder, the list or a frame is missing, or the list is damaged.
        ValueError: `part` or `count` is not as described.
    """
    if part not in VIMEO_LISTS:
        raise ValueError(f"part must be one of {', '.join(VIMEO_LISTS)}; got {part!r}")
    folder = _existing(folder)
    names = _read_list(Path(list_file) if list_file else folder / VIMEO_LISTS[part])
    return _frames_of(folder / VIMEO_SEQUENCES, names, VIMEO_FRAMES, count)


def find_ucf101(
    folder: Path, *, count: int | None = None, list_file: Path | None = None
) -> list[Triplet]:
    """Finds triplets of UCF101: 1/frame_00.png, 1/frame_01_gt.png and 1/frame_02.png.

    Args:
        folder: The folder in which the triplets' folders are.
        count: Most triplets; None takes all.
        list_file: One triplet's folder a line; None takes all folders, number 2 before number 10.

    Returns:
        Paths of the three frames of each.

    Raises:
        InputError: the folder, the list or a frame is missing, or the list is damaged.
        ValueError: `count` is not as described.
    """
    folder = _existing(folder)
    if list_file is not None:
        names = _read_list(Path(list_file))
    else:
        names = [path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
        names.sort(key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name))
    if not names:
        raise InputError(
            f"{folder} holds no folders of triplets; it needs such as 1/{UCF101_FRAMES[0]}"
        )
    return _frames_of(folder, names, UCF101_FRAMES, count)


def read_triplets(triplets: Sequence[Triplet]) -> np.ndarray:
    """Reads the luma of triplets of one size.

    Returns:
        float32 of shape (n, 3, H, W), in [0, 1].

    Raises:
        InputError: a frame is missing or damaged, or sizes differ.
        ValueError: there are no triplets.
    """
    if not triplets:
        raise ValueError("triplets must have at least one triplet; got none")
    first = read_luma(triplets[0][0])
    read = np.empty((len(triplets), 3, *first.shape), np.float32)
    for number, triplet in enumerate(triplets):
        for frame, path in enumerate(triplet):
            luma = read_luma(path)
            if luma.shape != first.shape:
                sizes = [f"{height}x{width}" for height, width in (luma.shape, first.shape)]
                raise InputError(
                    f"{path} is {sizes[0]}, but {triplets[0][0]} is {sizes[1]}; choose triplets of "
                    "one size by a list"
                )
            read[number, frame] = luma
    return read


def cut_triplets(clip: np.ndarray, spacing: int = 1, step: int = 1) -> np.ndarray:
    """Cuts triplets from a clip: frames i, i + spacing, i + 2 * spacing for i = 0, step, ...

    Args:
        clip: Frames, float32 of shape (T, H, W).
        spacing: Frames from one frame of a triplet to the next.
        step: Frames from one triplet's first frame to the next triplet's.

    Returns:
        Shape (n, 3, H, W), a copy.

    Raises:
        InputError: the clip is too short, or holds a value that is not a finite number.
        ValueError: an argument is not as described.
    """
    for name, value in (("spacing", spacing), ("step", step)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more; got {value}")
    if clip.ndim != 3:
        raise ValueError(f"clip must have the shape (T, H, W); got {clip.shape}")
    needed = 2 * spacing + 1
    if len(clip) < needed:
        raise InputError(
            f"the clip has {len(clip)} frames, a triplet at a spacing of {spacing} needs {needed}; "
            "use a longer clip or a smaller spacing"
        )
    for number, frame in enumerate(clip):
        if not np.isfinite(frame).all():
            raise InputError(
                f"frame {number} of the clip holds NaN or infinite values; mend or cut it"
            )
    starts = np.arange(0, len(clip) - 2 * spacing, step)
    return clip[starts[:, None] + spacing * np.arange(3)]


def _existing(folder: Path) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the name")
    return folder


def _read_list(path: Path) -> list[str]:
    """The lines of a list of triplets, empty ones left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read the list {path}: {error.strerror}; check it") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"the list {path} is not text; it needs one triplet a line, such as 00001/0001"
        ) from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if not names:
        raise InputError(f"the list {path} is empty; it needs one triplet a line")
    for name in names:
        # A list may come from anywhere: it names folders inside the data set, and no others.
        if "\0" in name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(
                f"the list {path} names {name!r}, which is no folder inside the data set; restore "
                "the list"
            )
    return names


def _frames_of(
    folder: Path, names: Sequence[str], frames: tuple[str, str, str], count: int | None
) -> list[Triplet]:
    """The paths of the frames of the first `count` triplets, all of which are there."""
    if count is not None and count < 1:
        raise ValueError(f"count must be 1 or more, or None; got {count}")
    triplets = [tuple(folder / name / frame for frame in frames) for name in names[:count]]
    for path in (path for triplet in triplets for path in triplet):
        try:
            there = path.is_file()
        except OSError as error:  # a name that no file can have
            raise InputError(
                f"the list of triplets in {folder} names a file that cannot be: {error.strerror}; "
                "it needs one triplet a line"
            ) from error
        if not there:
            raise InputError(f"{path} is missing; copy the data set again")
    return triplets
