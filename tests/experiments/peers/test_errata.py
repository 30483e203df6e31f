"""The switches of the peers, against counts, permutations and weights from outside."""

import h5py
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from experiments.peers import weights  # noqa: E402
from experiments.peers.errata import AS_DESCRIBED, AS_RUN, Errata  # noqa: E402
from experiments.peers.parallel5 import Parallel5  # noqa: E402
from experiments.peers.training import Trainer, fit  # noqa: E402

FSRCNN = "2019/fsrcnn_climate_10577.h5"
FIRST_KERNEL = "model_weights/conv2d_1/conv2d_1/kernel:0"


def test_each_switch_is_off_as_described_and_on_as_run():
    assert Errata() == AS_DESCRIBED
    assert Errata(e9=True, e10=True, e11=True, e13=True) == AS_RUN
    assert (AS_DESCRIBED.recursions_2d, AS_RUN.recursions_2d) == (5, 4)
    assert AS_DESCRIBED.recursive_frames == (1, 2, 3, 4, 5)
    assert AS_RUN.recursive_frames == (3, 4)


def test_e9_scrambles_the_first_filters():
    # Each number says where it lies: 10,000 row + 100 column + filter.
    row, column, _, filter_ = np.ogrid[:5, :5, :1, :32]
    kernel = (10_000 * row + 100 * column + filter_).astype(np.float32)
    right = weights.stem_filters(kernel, e9=False).numpy()
    scrambled = weights.stem_filters(kernel, e9=True).numpy()
    assert right.shape == scrambled.shape == (32, 1, 5, 5)
    assert right[7, 0, 2, 3] == 20_307
    # By hand: number 25 f + 5 r + c of the array, whose filters change fastest, is tap
    # (25 f + 5 r + c) // 32 of filter (25 f + 5 r + c) % 32. For f = 7, r = 2, c = 3 that is 188,
    # tap 5 (row 1, column 0) of filter 28.
    assert scrambled[7, 0, 2, 3] == 10_028
    for place, (f, _, r, c) in enumerate(np.ndindex(32, 1, 5, 5)):
        tap, of = divmod(place, 32)
        assert scrambled[f, 0, r, c] == 10_000 * (tap // 5) + 100 * (tap % 5) + of
    assert sorted(right.ravel()) == sorted(scrambled.ravel())


@pytest.mark.parametrize("e9", [False, True])
def test_e9_starts_the_five_stems(e9):
    kernel = np.random.default_rng(0).normal(size=(5, 5, 1, 4)).astype(np.float32)
    bias = np.arange(4, dtype=np.float32)
    peer = Parallel5(wide_filters=4, errata=Errata(e9=e9))
    weights.start_stems(peer, kernel, bias)
    truth = kernel.reshape(4, 1, 5, 5) if e9 else np.moveaxis(kernel, (3, 2), (0, 1))
    for frame in range(1, 6):
        stem = peer.get_submodule(f"first2dConv{frame}")
        np.testing.assert_array_equal(stem.weight.detach().numpy(), truth)
        np.testing.assert_array_equal(stem.bias.detach().numpy(), bias)


@pytest.mark.parametrize("name", ["parallel5_diamond_f12_g24", "parallel5_first_f12_g8"])
def test_e9_is_in_the_published_weights(reference, name):
    # Training moved the stems little: they are still those of the array reshaped.
    with h5py.File(reference / FSRCNN) as file:
        kernel = file[FIRST_KERNEL][()]
    state = torch.load(reference / "2021" / f"{name}.pth", map_location="cpu", weights_only=True)
    for frame in range(1, 6):
        published = state[f"first2dConv{frame}.weight"].numpy().ravel()
        likeness = {
            e9: np.corrcoef(weights.stem_filters(kernel, e9=e9).numpy().ravel(), published)[0, 1]
            for e9 in (False, True)
        }
        assert likeness[True] > 0.9
        assert abs(likeness[False]) < 0.1


class Slope(torch.nn.Module):
    """y = slope * x."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.slope * x


@pytest.mark.parametrize(("e10", "epochs"), [(False, 5), (True, 40)])
def test_e10_never_stops(e10, epochs):
    # The slope goes up towards 1 by about 0.1 an epoch. Its validation error falls in the first two
    # epochs only, so that patience 3 ends the fifth, with the weights of the second.
    one = torch.ones(1)
    peer = Slope()
    after = []

    def validate(network):
        after.append(network.slope.item())
        return (network.slope.item() - 0.2) ** 2

    history = fit(
        Trainer(peer, learning_rate=0.1),
        lambda epoch: [(one, one)],
        validate,
        epochs=40,
        patience=3,
        errata=Errata(e10=e10),
    )
    assert len(history) == epochs
    assert [row["epoch"] for row in history] == list(range(1, epochs + 1))
    assert peer.slope.item() == after[1]


def parameters(peer, used):
    modules = [peer.get_submodule(path) for path in peer.keras_layers()] if used else [peer]
    return sum(value.numel() for module in modules for value in module.parameters())


@pytest.mark.parametrize(
    ("e11", "used", "held"), [(False, 267_786, 267_786), (True, 259_938, 267_812)]
)
def test_e11_changes_what_is_used(e11, used, held):
    peer = Parallel5(errata=Errata(e11=e11), recursions_2d=1, recursions_3d=1)
    assert parameters(peer, used=True) == used
    assert parameters(peer, used=False) == held
    peer(torch.rand(1, 1, 5, 3, 4)).mean().backward()
    run = {value for path in peer.keras_layers() for value in peer.get_submodule(path).parameters()}
    assert {value for value in peer.parameters() if value.grad is not None} == run


@pytest.mark.parametrize(("e13", "runs"), [(False, 5), (True, 4)])
def test_e13_changes_how_often_the_2d_block_is_run(e13, runs):
    peer = Parallel5(errata=Errata(e13=e13), wide_filters=4, filters_3d=3, recursions_3d=1)
    counts = {frame: 0 for frame in range(1, 6)}

    def count(frame):
        def hook(module, inputs, output):
            counts[frame] += 1

        return hook

    for frame in counts:
        peer.get_submodule(f"twodConvBlock{frame}2").register_forward_hook(count(frame))
    peer(torch.rand(1, 1, 5, 3, 4))
    assert set(counts.values()) == {runs}
