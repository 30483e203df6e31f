"""A native training loop: MSE, Adam with Keras 2's decay, mixed precision, early stopping."""

import copy
import math
from collections.abc import Callable, Iterable
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from experiments.peers.adam import settings_like_keras
from experiments.peers.errata import AS_DESCRIBED, Errata
from keras_vsr.errors import InputError


class Trainer:
    """One network with its optimizer.

    Args:
        peer: The network; trained where its parameters are.
        learning_rate: Adam's rate at the first step.
        decay: Keras 2's `decay`: at step t (from 0) the rate is learning_rate / (1 + decay * t).
        epsilon: Adam's epsilon.
        keras_adam: Steps as Keras's Adam does, with which the networks of 2019 were trained; those
            of 2021 were trained with torch's own. See `adam`.
        mixed: Computes in float16 where torch finds it safe, with dynamic loss scaling; pays on a
            GPU only.
    """

    def __init__(
        self,
        peer: nn.Module,
        *,
        learning_rate: float,
        decay: float = 0.0,
        epsilon: float = 1e-8,
        keras_adam: bool = False,
        mixed: bool = False,
    ):
        self.peer = peer
        self.learning_rate = learning_rate
        self.decay = decay
        self.epsilon = epsilon
        self.keras_adam = keras_adam
        self.steps = 0
        self.device = next(peer.parameters()).device.type
        self.mixed = mixed
        self.optimizer = torch.optim.Adam(peer.parameters())
        self.scaler = torch.amp.GradScaler(self.device, enabled=mixed)

    def step(self, inputs: Tensor, targets: Tensor) -> float:
        """One step on one batch.

        Args:
            inputs: As the network takes them, float32, on its device.
            targets: As it gives them.

        Returns:
            The MSE before the step.
        """
        rate, epsilon = self.learning_rate / (1 + self.decay * self.steps), self.epsilon
        for group in self.optimizer.param_groups:
            if self.keras_adam:
                rate, epsilon = settings_like_keras(rate, epsilon, group["betas"], self.steps + 1)
            group["lr"], group["eps"] = rate, epsilon
        self.optimizer.zero_grad()
        half = torch.autocast(self.device, torch.float16) if self.mixed else nullcontext()
        with half:
            made = self.peer(inputs)
        loss = mse_loss(made.to(targets.dtype), targets)
        self.scaler.scale(loss).backward()
        before = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.scaler.get_scale() >= before:  # else gradients overflowed, and no step was made
            self.steps += 1
        return loss.item()


def fit(
    trainer: Trainer,
    batches: Callable[[int], Iterable[tuple[Tensor, Tensor]]],
    validate: Callable[[nn.Module], float],
    *,
    epochs: int,
    patience: int | None,
    errata: Errata = AS_DESCRIBED,
) -> list[dict[str, float]]:
    """Trains until the last epoch or until the validation MSE has not fallen for `patience` epochs.

    Args:
        trainer: At the end its network has the weights of the best epoch.
        batches: Called with the epoch (from 1), gives its inputs and targets.
        validate: Called after each epoch with the network, gives its validation MSE.
        epochs: Most epochs.
        patience: Epochs without a lower validation MSE after which training stops; None never.
        errata: With E10 the count of such epochs is set back in each, and training never stops.

    Returns:
        One row an epoch: epoch, loss (mean over its batches), validation_mse.

    Raises:
        InputError: a loss is not a finite number.
    """
    history: list[dict[str, float]] = []
    lowest, best, waited = float("inf"), copy.deepcopy(trainer.peer.state_dict()), 0
    for epoch in range(1, epochs + 1):
        losses = [_finite_step(trainer, *batch, epoch) for batch in batches(epoch)]
        reached = validate(trainer.peer)
        mean = sum(losses) / len(losses)
        history.append({"epoch": epoch, "loss": mean, "validation_mse": reached})
        if reached < lowest:
            lowest, best, waited = reached, copy.deepcopy(trainer.peer.state_dict()), 0
        else:
            waited += 1
        if errata.e10:
            waited = 0
        if patience is not None and waited >= patience:
            break
    trainer.peer.load_state_dict(best)
    return history


def _finite_step(trainer: Trainer, inputs: Tensor, targets: Tensor, epoch: int) -> float:
    loss = trainer.step(inputs, targets)
    if not math.isfinite(loss):
        raise InputError(
            f"the loss of {type(trainer.peer).__name__} became {loss} in epoch {epoch}: lower the "
            "learning rate, and look for values in the clips that are not finite numbers"
        )
    return loss
