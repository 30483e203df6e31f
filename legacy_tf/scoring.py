"""Scores of a network, frame by frame, by the metrics of the suite."""

import numpy as np

from keras_vsr import metrics
from legacy_tf.networks import Network


def frame_scores(
    truth: np.ndarray, estimate: np.ndarray, *, data_range: float
) -> list[dict[str, float]]:
    """All metrics of each frame.

    Args:
        truth: (T, H, W, 1), or without the channel axis.
        estimate: The same shape.
        data_range: Largest possible value minus smallest possible value.

    Returns:
        One row a frame: "frame" (from 0), "mae", "mse", "ssim_uniform7", "ssim_gaussian11" and
        "psnr_db".

    Raises:
        InputError: a value is not finite, or the frames are smaller than a window of SSIM.
        ValueError: the shapes differ.
    """
    if truth.shape != estimate.shape:
        raise ValueError(
            f"truth and estimate must have the same shape, not {truth.shape} and {estimate.shape}"
        )
    shared = {"data_range": data_range}
    return [
        {
            "frame": number,
            "mae": metrics.mae(x, y, **shared),
            "mse": metrics.mse(x, y, **shared),
            "ssim_uniform7": metrics.ssim(x, y, window="uniform7", **shared),
            "ssim_gaussian11": metrics.ssim(x, y, window="gaussian11", **shared),
            "psnr_db": metrics.psnr(x, y, **shared),
        }
        for number, (x, y) in enumerate(zip(truth, estimate, strict=True))
    ]


def score(
    network: Network, inputs: np.ndarray, targets: np.ndarray, *, data_range: float = 1.0
) -> list[dict[str, float]]:
    """Rows of `frame_scores` for what a network makes of samples.

    Args:
        network: A network of this package.
        inputs: As `pipeline.frames` or `pipeline.windows` give them; so E2 moves the truth, too.
        targets: Likewise.
        data_range: As in `frame_scores`.
    """
    return frame_scores(targets, network.predict(inputs), data_range=data_range)
