"""Clips at two sizes, and windows as indices into them.

A clip is `(T, H, W)` once. A window is `window` consecutive frames and belongs to its middle
frame, so a clip of T frames has T - 4 windows of 5, centred on frames 2 to T - 3.
"""

from dataclasses import dataclass

import numpy as np

from keras_vsr.errors import InputError


def window_centres(frames: int, window: int = 5) -> np.ndarray:
    """Middle frames of all windows of a clip.

    Args:
        frames: Number of frames in the clip, T.
        window: Number of frames in a window, odd.

    Returns:
        Integers of shape (T - window + 1,), from window // 2 to T - 1 - window // 2.

    Raises:
        InputError: the clip has fewer frames than a window.
        ValueError: `window` is not odd.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window must be an odd number of frames, not {window}")
    if frames < window:
        raise InputError(
            f"the clip has {frames} frames, a window needs {window}; use a longer clip"
        )
    return np.arange(window // 2, frames - window // 2)


def window_indices(frames: int, window: int = 5) -> np.ndarray:
    """Frames of all windows of a clip.

    Args:
        frames: Number of frames in the clip, T.
        window: Number of frames in a window, odd.

    Returns:
        Integers of shape (T - window + 1, window): row i is i, i + 1, ...

    Raises:
        InputError: the clip has fewer frames than a window.
        ValueError: `window` is not odd.
    """
    offsets = np.arange(window) - window // 2
    return window_centres(frames, window)[:, np.newaxis] + offsets


def packed_windows(clip: np.ndarray, window: int = 5) -> np.ndarray:
    """All windows of a clip, as a read-only view: no frame is copied.

    Args:
        clip: Frames of shape (T, h, w).
        window: Number of frames in a window, odd.

    Returns:
        Shape (T - window + 1, window, h, w); row i is centred on frame i + window // 2.

    Raises:
        InputError: the clip has fewer frames than a window.
    """
    window_centres(len(clip), window)
    view = np.lib.stride_tricks.sliding_window_view(clip, window, axis=0)
    return np.moveaxis(view, -1, 1)


@dataclass(frozen=True, eq=False)  # eq: `==` of arrays has no truth value
class Pair:
    """One clip at both sizes. The frames are held as they are given, and never copied.

    Args:
        low: LR frames, float32 of shape (T, h, w).
        high: HR frames, float32 of shape (T, h * scale, w * scale).
        source: Where the frames come from: "generated", or the name of a published file.

    Raises:
        InputError: a value is not finite, or the HR size is not a whole multiple, 2 or more, of
            the LR size (for scale 2, an odd size).
        ValueError: an argument is not as described.
    """

    low: np.ndarray
    high: np.ndarray
    source: str

    def __post_init__(self):
        for name, clip in (("low", self.low), ("high", self.high)):
            if clip.ndim != 3 or clip.size == 0:
                raise ValueError(f"{name} must have the shape (T, H, W), not {clip.shape}")
            if clip.dtype != np.float32:
                raise ValueError(f"{name} must be float32, not {clip.dtype}")
            for index, frame in enumerate(clip):
                if not np.isfinite(frame).all():
                    raise InputError(
                        f"{self.source}: frame {index} of {name} holds NaN or infinite values"
                    )
        if len(self.low) != len(self.high):
            raise ValueError(
                f"low and high must have as many frames, not {len(self.low)} and {len(self.high)}"
            )
        height, width = self.low.shape[1:]
        if self.scale < 2 or self.high.shape[1:] != (height * self.scale, width * self.scale):
            high = "x".join(str(size) for size in self.high.shape[1:])
            raise InputError(
                f"{self.source}: HR frames of {high} are not a whole multiple of LR frames of "
                f"{height}x{width}; crop the HR frames to a multiple of the scale first"
            )

    @property
    def scale(self) -> int:
        """HR pixels for each LR pixel, along one axis."""
        return self.high.shape[1] // self.low.shape[1]

    @property
    def frames(self) -> int:
        """Number of frames, T."""
        return len(self.low)

    def windows(self, centres: np.ndarray, window: int = 5) -> np.ndarray:
        """Gathers the LR windows around the frames named, as a copy.

        Args:
            centres: Integers of shape (N,), a choice of `window_centres(frames, window)`.
            window: Number of frames in a window, odd.

        Returns:
            float32 of shape (N, window, h, w).

        Raises:
            InputError: the clip has fewer frames than a window.
            ValueError: a window would reach beyond the clip.
        """
        centres = np.asarray(centres)
        allowed = window_centres(self.frames, window)
        wrong = centres[(centres < allowed[0]) | (centres > allowed[-1])]
        if wrong.size:
            raise ValueError(
                f"centres must lie in {allowed[0]} to {allowed[-1]} for windows of {window} in "
                f"{self.frames} frames, not {wrong[0]}"
            )
        return self.packed(window)[centres - window // 2]

    def packed(self, window: int = 5) -> np.ndarray:
        """All LR windows, as a read-only view: no frame is copied.

        Args:
            window: Number of frames in a window, odd.

        Returns:
            float32 of shape (T - window + 1, window, h, w); row i is centred on frame
            i + window // 2.

        Raises:
            InputError: the clip has fewer frames than a window.
        """
        return packed_windows(self.low, window)
