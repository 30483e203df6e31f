"""Whether all workers made the same, so that none is fast and wrong."""

import hashlib
from collections.abc import Iterable

import numpy as np

# By task, as a part of the frames' range, or of the loss. Frames: float32 sums of hundreds of terms
# in another order stay below a tenth of it. The loss after a step: Adam's first step moves each
# weight by the whole rate, up or down by the sign of its gradient, and where that is no more than
# rounding the sign is chance; PyTorch's two layouts alone are 1.3e-4 apart with `parallel5`.
TOLERANCES = {"predict": 1e-4, "train": 1e-3}


def difference(result: np.ndarray, other: np.ndarray) -> float:
    """The largest difference.

    Args:
        result: Frames (batch, H, W, 1), or losses (steps,).
        other: What it is held against.

    Returns:
        Of frames as a part of the range of `other`, of losses as a part of their largest; infinite
        where the shapes differ, a value is not a finite number, or the frames are even.
    """
    if result.shape != other.shape or not np.isfinite(result).all():
        return float("inf")
    extent = np.ptp(other) if other.ndim > 1 else np.abs(other).max()
    if not extent > 0:
        return float("inf")
    return float(np.abs(result - other).max() / extent)


def digest(arrays: Iterable[np.ndarray]) -> str:
    """Twelve hexadecimal digits that are the same for the same numbers."""
    values = b"".join(np.ascontiguousarray(array, np.float32).tobytes() for array in arrays)
    return hashlib.sha256(values).hexdigest()[:12]
