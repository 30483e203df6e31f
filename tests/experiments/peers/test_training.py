"""The native loop: its rates, its first step, half precision, and losses that are no numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from experiments.peers.fsrcnn import Fsrcnn  # noqa: E402
from experiments.peers.parallel5 import Parallel5  # noqa: E402
from experiments.peers.training import Trainer, fit  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402


class Slope(torch.nn.Module):
    """y = slope * x."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.slope * x


def test_adam_with_the_decay_of_keras_2():
    # Adam by hand, in float64: slope towards 3, loss (slope - 3)^2.
    peer = Slope()
    trainer = Trainer(peer, learning_rate=0.2, decay=0.5, epsilon=1e-3)
    one, three = torch.ones(4), torch.full((4,), 3.0)
    slope = first = second = 0.0
    for step in range(10):
        gradient = 2 * (slope - 3)
        assert trainer.step(one, three) == pytest.approx((slope - 3) ** 2, rel=1e-5)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        mean, spread = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
        slope -= 0.2 / (1 + 0.5 * step) * mean / (np.sqrt(spread) + 1e-3)
        assert peer.slope.item() == pytest.approx(slope, rel=1e-5)


def test_adam_of_keras():
    # As Kingma and Ba write it with epsilon hat: it is added to the root of v as it is. A gradient
    # of 2e-6 shows it; by torch's own Adam the first step would be 0.19 long.
    peer = Slope()
    trainer = Trainer(peer, learning_rate=0.2, epsilon=1e-7, keras_adam=True)
    given, target = torch.ones(1), torch.full((1,), 1e-6)
    slope = first = second = 0.0
    for step in range(1, 6):
        gradient = 2 * (slope - 1e-6)
        trainer.step(given, target)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        rate = 0.2 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        slope -= rate * first / (np.sqrt(second) + 1e-7)
        if step == 1:
            assert slope == pytest.approx(0.2 * 0.632 / (0.632 + 1), rel=1e-3)
        # Keras's rate is rounded to float32 in the course of it.
        assert peer.slope.item() == pytest.approx(slope, abs=1e-5)


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches():
    peer = Slope()
    one = torch.ones(2)
    seen = []

    def batches(epoch):
        seen.append(epoch)
        return [(one, one), (one, 3 * one)]

    history = fit(Trainer(peer, learning_rate=0.0), batches, lambda _: 1.0, epochs=2, patience=None)
    assert seen == [1, 2]
    assert history == [{"epoch": e, "loss": 5.0, "validation_mse": 1.0} for e in (1, 2)]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_mixed_precision_comes_near_float32(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU")
    generator = torch.Generator().manual_seed(0)
    window = 255 * torch.rand(1, 1, 5, 4, 5, generator=generator)
    target = 255 * torch.rand(1, 1, 4, 6, generator=generator)
    trainers, losses = {}, {}
    for mixed in (False, True):
        torch.manual_seed(0)
        peer = Parallel5(recursions_2d=1, recursions_3d=1, filters_3d=4, wide_filters=8).to(device)
        trainer = trainers[mixed] = Trainer(peer, learning_rate=5e-4, mixed=mixed)
        losses[mixed] = [trainer.step(window.to(device), target.to(device)) for _ in range(12)]
        assert all(value.dtype == torch.float32 for value in peer.parameters())
    assert losses[True] != losses[False]
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-2)
    # The first scale of 65,536 is too large for intensities in 0..255: steps are left out.
    made = trainers[True].steps
    assert 0 < made < trainers[False].steps == 12
    assert trainers[True].optimizer.state[next(peer.parameters())]["step"].item() == made


def test_a_loss_that_is_no_number():
    frames = torch.ones(1, 1, 4, 4)
    frames[0, 0, 1, 2] = float("nan")
    target = torch.ones(1, 1, 8, 8)
    with pytest.raises(InputError, match="the loss of Fsrcnn became nan in epoch 1"):
        fit(
            Trainer(Fsrcnn(), learning_rate=1e-3),
            lambda epoch: [(frames, target)],
            lambda _: 1.0,
            epochs=1,
            patience=None,
        )
