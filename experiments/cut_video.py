"""The middle of the frames of a user's video, read as far as it is needed."""

import hashlib
from itertools import islice
from pathlib import Path

import numpy as np

from keras_vsr.data.video import iter_video, to_unit
from keras_vsr.errors import InputError


def cut_video(
    video: Path, height: int, width: int, *, least: int, most: int
) -> tuple[np.ndarray, str]:
    """Reads the first frames of a video and cuts them from their middle.

    Args:
        video: A file or folder that `keras_vsr.data.video.read_video` reads.
        height: Of what is cut out.
        width: Of what is cut out.
        least: Frames that are needed.
        most: Frames that are read.

    Returns:
        float32 of shape (T, height, width) in [0, 1], and a digest of it: what a file is called and
        when it was changed does not tell what is in it.

    Raises:
        InputError: the video cannot be read, or is too short or too small.
    """
    frames = []
    for frame in islice(iter_video(video), most):
        if frame.shape[0] < height or frame.shape[1] < width:
            raise InputError(
                f"the frames of {video} are {frame.shape[0]}x{frame.shape[1]}, but "
                f"{height}x{width} or more are needed: give a larger video"
            )
        top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
        frames.append(frame[top : top + height, left : left + width])
    if len(frames) < least:
        raise InputError(
            f"{video} ends after frame {len(frames)}, but {least} are needed: give a longer video"
        )
    cut = np.stack(frames)
    return to_unit(cut), hashlib.sha256(cut.tobytes()).hexdigest()
