"""What a network is trained on: indices into clips, gathered into batches when they are needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.window import BORDER, WINDOW


@dataclass(frozen=True)
class Samples:
    """Input clips with their targets, and how a network takes them.

    Attributes:
        inputs: Clips (T, a, b), float32 in [0, 1]: LR frames, enlarged frames, or the outputs of a
            network that comes before.
        targets: Their HR clips (T, H, W), frame by frame the same moments; H is a times `ratio`.
        takes: "frame", "window" or "clip", as in `models.NETWORKS`.
        clip_frames: T of the clips that a network with `takes="clip"` is given.
        border: Target pixels that the network loses on each side; None takes what `takes` says: 2,
            or none for frames.
        late: Frames by which the targets of windows and clips come after their middle frames: 0 but
            where an erratum is reproduced.
    """

    inputs: Sequence[np.ndarray]
    targets: Sequence[np.ndarray]
    takes: str
    clip_frames: int = WINDOW
    border: int | None = None
    late: int = 0

    def __post_init__(self):
        if self.border is None:
            object.__setattr__(self, "border", 0 if self.takes == "frame" else BORDER)
        for given, target in zip(self.inputs, self.targets, strict=True):
            height, width = given.shape[1:]
            ratio = self.ratio
            if target.shape != (len(given), height * ratio, width * ratio):
                raise ValueError(
                    f"inputs {given.shape} and targets {target.shape} are not the same moments at "
                    f"sizes 1 and {ratio}"
                )
        if not len(self.starts):
            raise InputError(
                f"the clips have {[len(clip) for clip in self.inputs]} frames, but a sample of "
                f"this network takes {self.length}: give longer clips"
            )

    @property
    def ratio(self) -> int:
        """How many times larger a target is than its input."""
        return self.targets[0].shape[1] // self.inputs[0].shape[1]

    @property
    def length(self) -> int:
        """Input frames of one sample."""
        return {"frame": 1, "window": WINDOW, "clip": self.clip_frames}[self.takes]

    @cached_property  # asked for in every step, and long clips have many
    def starts(self) -> np.ndarray:
        """(clip, first frame) of each sample, read only. Clips for `takes="clip"` overlap by 4
        frames only, so that each target frame is in one sample."""
        step = self.length - WINDOW + 1 if self.takes == "clip" else 1
        late = 0 if self.takes == "frame" else self.late
        starts = np.array(
            [
                (clip, start)
                for clip, frames in enumerate(self.inputs)
                for start in range(0, len(frames) - self.length - late + 1, step)
            ]
        ).reshape(-1, 2)
        starts.setflags(write=False)
        return starts

    def outputs_each(self) -> int:
        """Target frames of one sample."""
        return self.clip_frames - WINDOW + 1 if self.takes == "clip" else 1

    def gather(
        self, starts: np.ndarray, corners: np.ndarray | None = None, patch: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Copies samples out of their clips.

        Args:
            starts: (n, 2), rows of `starts`.
            corners: (n, 2), first row and column of each patch, in input pixels.
            patch: Height and width of the patches in target pixels; None takes whole frames.

        Returns:
            The network's input, (n, a, b, 1) or (n, frames, a, b, 1), and its target, (n, H, W, 1)
            or (n, frames, H, W, 1), cropped as the network crops.
        """
        side = None if patch is None else patch // self.ratio
        inputs, targets = [], []
        for sample, (clip, start) in enumerate(starts):
            top, left = (0, 0) if patch is None else corners[sample]
            rows = slice(top, None if side is None else top + side)
            columns = slice(left, None if side is None else left + side)
            inputs.append(self.inputs[clip][start : start + self.length, rows, columns])
            targets.append(self._target(clip, start, top, left, patch))
        x, y = np.stack(inputs)[..., None], np.stack(targets)[..., None]
        if self.takes == "frame":
            return x[:, 0], y[:, 0]
        return (x, y[:, 0]) if self.takes == "window" else (x, y)

    def _target(self, clip, start, top, left, patch) -> np.ndarray:
        reach, late = (0, 0) if self.takes == "frame" else (WINDOW // 2, self.late)
        high = self.targets[clip][start + reach + late : start + self.length - reach + late]
        if patch is not None:
            top, left = top * self.ratio, left * self.ratio
            high = high[:, top : top + patch, left : left + patch]
        cut = slice(self.border, -self.border or None)
        return high[:, cut, cut]


@dataclass(frozen=True)
class Epochs:
    """The order of samples: a function of seed and epoch alone.

    Attributes:
        samples: What is drawn from.
        batch_size: Target frames in a batch, patches not counted.
        seed: Seed of the run.
        patch: Height and width of random patches, in target pixels; None trains on whole frames.
        patches: Patches drawn from each sample.
        limit: Most samples in an epoch; None takes all.

    Raises:
        ValueError: patches of that size cannot be cut.
    """

    samples: Samples
    batch_size: int
    seed: int
    patch: int | None = None
    patches: int = 1
    limit: int | None = None

    def __post_init__(self):
        if self.patch is None:
            return
        ratio, lost = self.samples.ratio, 2 * self.samples.border
        height, width = self.samples.targets[0].shape[1:]
        if self.patch % ratio or not lost < self.patch <= min(height, width):
            raise ValueError(
                f"patch {self.patch} must be a multiple of {ratio}, more than {lost} and no more "
                f"than the frames have, {height}x{width}"
            )

    @property
    def samples_each_step(self) -> int:
        """Samples in a batch: a clip counts as many as it has target frames."""
        wanted = max(1, self.batch_size // self.samples.outputs_each())
        return min(wanted, self.samples_each_epoch)

    @property
    def samples_each_epoch(self) -> int:
        count = len(self.samples.starts)
        return count if self.limit is None else min(count, self.limit)

    @property
    def steps(self) -> int:
        """Batches in an epoch; what does not fill the last one waits for another epoch, so that all
        batches have one shape."""
        return self.samples_each_epoch // self.samples_each_step

    def batches(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of one epoch (from 1), each an input and a target."""
        generator = np.random.default_rng([self.seed, epoch])
        starts = self.samples.starts
        order = generator.permutation(len(starts))[: self.samples_each_epoch]
        rows, columns = self.samples.inputs[0].shape[1:]
        for step in range(self.steps):
            size = self.samples_each_step
            chosen = np.repeat(starts[order[step * size : (step + 1) * size]], self.patches, axis=0)
            if self.patch is None:
                yield self.samples.gather(chosen)
                continue
            side = self.patch // self.samples.ratio
            corners = generator.integers(0, [rows - side + 1, columns - side + 1], (len(chosen), 2))
            yield self.samples.gather(chosen, corners, self.patch)
