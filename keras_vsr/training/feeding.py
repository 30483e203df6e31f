"""Batches on their way to a network: checked, and in its range, without a copy more than needed."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from keras_vsr.errors import InputError


class Batches(Protocol):
    """The order of samples, as `samples.Epochs` or `triplet_samples.TripletEpochs`."""

    def batches(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]: ...


def fed(
    order: Batches, epoch: int, intensity: float, network: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The batches of an epoch as a network takes them.

    One batch is held at a time if whoever takes it lets go of it before asking for the next.

    Args:
        order: Gives the batches in [0, 1], each a copy of its own.
        epoch: From 1.
        intensity: The network's range, that the batches are multiplied by.
        network: Its name, for the message.

    Yields:
        An input and a target.

    Raises:
        InputError: the data are not finite numbers.
    """
    scale = np.float32(intensity)
    step = 0  # not of `enumerate`, which would hold the batch before while the next one is made
    for inputs, targets in order.batches(epoch):
        step += 1  # noqa: SIM113
        # Not left to the loss: TensorFlow's ReLU makes zeros of NaN, and the weights would be lost.
        if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
            raise InputError(
                f"the training data of {network} hold a value that is not a finite number in "
                f"epoch {epoch}, batch {step}: look for NaN in the clips"
            )
        inputs *= scale
        targets *= scale
        yield inputs, targets
        del inputs, targets
