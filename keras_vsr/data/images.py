"""Luma of image files and of folders of them.

Luma is float32 in [0, 1], where 1 is the coded value 255. A grey image's values are taken as they
are coded. An RGB image's luma is that of BT.601 in studio range,
(16 + 65.481 R + 128.553 G + 24.966 B) / 255 with R, G, B in [0, 1], so it lies in 16/255 to
235/255: MATLAB's `rgb2ycbcr`, on which the field computes its PSNR. It is not rounded.
"""

import re
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from keras_vsr.errors import InputError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")

# BT.601, studio range: offset, and weights of R, G and B in [0, 1], in 8-bit code values.
LUMA_OFFSET = 16.0
LUMA_WEIGHTS = (65.481, 128.553, 24.966)


def read_luma(path: Path) -> np.ndarray:
    """Reads the luma of one grey or RGB image of 8 bits.

    Args:
        path: The file.

    Returns:
        float32 of shape (H, W), in [0, 1].

    Raises:
        InputError: the file is missing, is no image, is cut short, or is of another kind.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            mode = image.mode
            if mode == "P":  # a palette is only a way to store RGB
                image = image.convert("RGB")
            pixels = np.asarray(image)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; check the name") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not an image; choose a PNG, JPEG, BMP or TIFF") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as an image: {error}; save it anew") from error

    if mode == "L":
        return pixels.astype(np.float32) / np.float32(255)
    if mode in ("RGB", "P"):
        luma = LUMA_OFFSET + pixels @ (np.array(LUMA_WEIGHTS) / 255)
        return (luma / 255).astype(np.float32)
    raise InputError(f"{path} has pixels of kind {mode}; save it as grey or RGB with 8 bits")


def list_images(folder: Path) -> list[Path]:
    """Image files of a folder in natural order: frame 2 comes before frame 10.

    Other files and hidden ones are passed over.

    Raises:
        InputError: the folder is missing, or holds no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the name")
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]
    if not paths:
        raise InputError(f"{folder} holds no image; it needs files named {', '.join(SUFFIXES)}")
    return sorted(paths, key=_natural)


def read_images(folder: Path) -> list[np.ndarray]:
    """Reads the luma of a folder of images, each of its own size, as Set5 is.

    Returns:
        float32 arrays of shape (H, W), in [0, 1], in the order of `list_images`.

    Raises:
        InputError: the folder is missing or empty, or a file cannot be read.
    """
    return [read_luma(path) for path in list_images(folder)]


def read_folder(folder: Path) -> np.ndarray:
    """Reads the luma of a folder of frames as a clip.

    Returns:
        float32 of shape (T, H, W), in [0, 1], in the order of `list_images`.

    Raises:
        InputError: the folder is missing or empty, a file cannot be read, or sizes differ.
    """
    paths = list_images(folder)
    first = read_luma(paths[0])
    clip = np.empty((len(paths), *first.shape), np.float32)
    clip[0] = first
    for index, path in enumerate(paths[1:], start=1):
        frame = read_luma(path)
        if frame.shape != first.shape:
            sizes = [f"{height}x{width}" for height, width in (frame.shape, first.shape)]
            raise InputError(
                f"{path} is {sizes[0]}, but {paths[0].name} is {sizes[1]}; the frames of a clip "
                "must have one size"
            )
        clip[index] = frame
    return clip


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key that compares runs of digits as numbers."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]
