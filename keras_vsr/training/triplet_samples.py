"""Triplets in batches, and triplets held for scoring: `Epochs` and `Held` for two frames."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from keras_vsr.training.validation import epoch_scores


@dataclass(frozen=True, eq=False)  # eq: `==` of arrays has no truth value
class TripletEpochs:
    """Batches of triplets; their order is a function of seed and epoch alone.

    Attributes:
        low: LR triplets, float32 of shape (n, 3, h, w), in [0, 1].
        high: The same moments at HR size, (n, 3, scale * h, scale * w).
        batch_size: Triplets in a batch, patches not counted.
        seed: Seed of the run.
        patch: Height and width of random patches, in HR pixels; None trains on whole frames.
        patches: Patches drawn from each triplet.
        limit: Most triplets in an epoch; None takes all.

    Raises:
        ValueError: sizes do not belong together, or such patches cannot be cut.
    """

    low: np.ndarray
    high: np.ndarray
    batch_size: int
    seed: int
    patch: int | None = None
    patches: int = 1
    limit: int | None = None

    def __post_init__(self):
        count, frames, height, width = self.low.shape
        expected = (count, 3, height * self.scale, width * self.scale)
        if frames != 3 or not count or self.high.shape != expected:
            raise ValueError(
                f"low {self.low.shape} and high {self.high.shape} must be (n, 3, h, w) and "
                "(n, 3, scale * h, scale * w)"
            )
        if self.patch is None:
            return
        if self.patch % self.scale or not 0 < self.patch <= min(self.high.shape[2:]):
            raise ValueError(
                f"patch {self.patch} must be a multiple of {self.scale}, more than 0 and no more "
                f"than the frames have, {self.high.shape[2]}x{self.high.shape[3]}"
            )

    @property
    def scale(self) -> int:
        """HR pixels for each LR pixel, along one axis."""
        return self.high.shape[2] // self.low.shape[2]

    @property
    def triplets_each_epoch(self) -> int:
        return len(self.low) if self.limit is None else min(len(self.low), self.limit)

    @property
    def triplets_each_step(self) -> int:
        return min(self.batch_size, self.triplets_each_epoch)

    @property
    def steps(self) -> int:
        """Batches in an epoch; what does not fill the last one waits for another epoch."""
        return self.triplets_each_epoch // self.triplets_each_step

    def batches(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of one epoch (from 1): (b, 3, h, w, 1) and (b, 3, H, W, 1)."""
        generator = np.random.default_rng([self.seed, epoch])
        order = generator.permutation(len(self.low))
        size = self.triplets_each_step
        for step in range(self.steps):
            chosen = np.repeat(order[step * size : (step + 1) * size], self.patches)
            if self.patch is None:
                yield self.low[chosen][..., None], self.high[chosen][..., None]
                continue
            side = self.patch // self.scale
            last = np.array(self.low.shape[2:]) - side
            corners = generator.integers(0, last + 1, (len(chosen), 2))
            yield (
                self._cut(self.low, chosen, corners, side),
                self._cut(self.high, chosen, corners * self.scale, self.patch),
            )

    @staticmethod
    def _cut(triplets, chosen, corners, side) -> np.ndarray:
        patches = [
            triplets[number, :, top : top + side, left : left + side]
            for number, (top, left) in zip(chosen, corners, strict=True)
        ]
        return np.stack(patches)[..., None]


class HeldTriplets:
    """Whole triplets held for scoring.

    Args:
        low: LR triplets, (n, 3, h, w), in [0, 1].
        high: HR triplets; the middle frames are compared.
        output: Which of the network's outputs is scored, a frame at HR size.
        intensity: Range of the network.
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, output: str, intensity: float = 1.0):
        self.low, self.truth = low[..., None], high[:, 1]
        self.output = output
        self.intensity = np.float32(intensity)

    def made(self, trainer: keras.Model) -> np.ndarray:
        """The network's frames, (n, H, W), one triplet at a time."""
        frames = []
        for triplet in self.low:
            made = trainer.predict_on_batch(triplet[None] * self.intensity)[self.output]
            frames.append(keras.ops.convert_to_numpy(made)[0, ..., 0] / self.intensity)
        return np.stack(frames)

    def score(self, trainer: keras.Model) -> dict[str, float]:
        """MSE, SSIM (7x7 uniform window) and PSNR, data in [0, 1], means over the frames."""
        return epoch_scores(self.truth, self.made(trainer))
