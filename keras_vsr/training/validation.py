"""The scores of each epoch: the suite's own metrics on a fixed choice of samples."""

import keras
import numpy as np

from keras_vsr import metrics
from keras_vsr.inference.predict import BATCH, predict_batches
from keras_vsr.training.samples import Samples


def epoch_scores(truth: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """What a row of an epoch says of frames (n, H, W): data in [0, 1], means over the frames."""
    return {
        "frames": len(truth),
        "mse": metrics.mse(truth, made, data_range=1.0),
        "ssim": metrics.ssim(truth, made, data_range=1.0),
        "psnr_db": metrics.psnr(truth, made, data_range=1.0),
    }


class Held:
    """Whole frames held for scoring, evenly spaced among the samples.

    Args:
        samples: What to choose from.
        count: Most frames; None takes all.
        intensity: Range of the network.
    """

    def __init__(self, samples: Samples, count: int | None, intensity: float):
        starts = samples.starts
        wanted = len(starts) if count is None else max(1, count // samples.outputs_each())
        count = min(wanted, len(starts))
        chosen = np.unique(np.linspace(0, len(starts) - 1, count).round().astype(int))
        self.inputs, targets = samples.gather(starts[chosen])
        self.truth = targets.reshape(-1, *targets.shape[-3:-1])
        self.intensity = intensity
        self.batch_size = max(1, BATCH // samples.outputs_each())

    def score(self, model: keras.Model) -> dict[str, float]:
        """MSE, SSIM (7x7 uniform window) and PSNR, data in [0, 1], means over the frames."""
        made = predict_batches(
            model, self.inputs, intensity=self.intensity, batch_size=self.batch_size
        )
        made = made.reshape(self.truth.shape)
        return epoch_scores(self.truth, made)
