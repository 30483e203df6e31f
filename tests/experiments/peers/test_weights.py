"""Kernels as torch lays them, and weights that do not fit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from checks import assert_close, correlate, transposed  # noqa: E402
from torch.nn import functional  # noqa: E402

from experiments.peers import weights  # noqa: E402
from experiments.peers.delta import Delta  # noqa: E402
from experiments.peers.errata import AS_RUN  # noqa: E402
from experiments.peers.fsrcnn import Fsrcnn  # noqa: E402
from experiments.peers.kim_3dsrnet import Kim3dsrnet  # noqa: E402
from experiments.peers.parallel5 import Parallel5  # noqa: E402
from experiments.peers.srnet3d import Srnet3d  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402


def random(shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def channels_last(x):
    return np.moveaxis(x.numpy(), 1, -1)


def test_kernel_of_a_3d_convolution():
    x, kernel = random((2, 5, 6, 7, 3), 0), random((3, 1, 3, 3, 4), 1)
    inner = torch.from_numpy(np.moveaxis(x, -1, 1).copy())
    made = functional.conv3d(inner, weights.to_torch(kernel), padding="same")
    assert_close(channels_last(made), correlate(x, kernel))


def test_kernel_of_a_transposed_convolution():
    # No axis alike, so that a flip or an exchange of axes is seen.
    x, kernel = random((2, 5, 6, 3), 2), random((4, 4, 2, 3), 3)
    inner = torch.from_numpy(np.moveaxis(x, -1, 1).copy())
    made = functional.conv_transpose2d(inner, weights.to_torch(kernel), stride=2, padding=1)
    assert_close(channels_last(made), transposed(x, kernel, 0.0, 2))


@pytest.mark.parametrize(
    ("peer", "count"),
    [
        (Fsrcnn(), 10_577),
        (Srnet3d(), 63_129),
        (Srnet3d(last_kernel=5, order="as_run"), 63_641),
        (Delta(), 83_702),
        (Kim3dsrnet(), 451_332),
        (Kim3dsrnet(scale=3), 459_977),
        (Parallel5(filters_3d=8, volume="srnet3d", errata=AS_RUN), 127_986),
    ],
    ids=["fsrcnn", "srnet3d", "srnet3d-5x5", "delta", "kim", "kim-x3", "parallel5-first"],
)
def test_parameters(peer, count):
    # 127,986: with the recursive blocks of stacks 1, 2 and 5, which are never run.
    assert sum(value.numel() for value in peer.parameters()) == count


def test_read_is_the_way_back():
    peer, other = Delta(recursions_2d=1), Delta(recursions_2d=1)
    weights.load(other, weights.read(peer))
    for name, value in peer.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_weights_of_another_network():
    of_delta = weights.read(Delta())
    with pytest.raises(ValueError, match=r"only one of the two has .*stem"):
        weights.load(Srnet3d(), of_delta, prefix="volume_")
    described, run = Srnet3d(), Srnet3d(order="as_run")
    with pytest.raises(ValueError, match=r"extract.*same arguments"):
        weights.load(run, weights.read(described, "a_"), "a_")


def test_order_activation_and_frames_that_are_none():
    with pytest.raises(ValueError, match="order must be one of"):
        Srnet3d(order="as_meant")
    with pytest.raises(ValueError, match="activation must be one of"):
        Srnet3d(activation="tanh")
    with pytest.raises(ValueError, match="volume must be one of"):
        Parallel5(volume="flat")
    with pytest.raises(ValueError, match="five numbers from 1 to 3"):
        Delta(first_block=(3, 2, 0, 2, 3))


def test_published_files_that_do_not_fit(tmp_path):
    with pytest.raises(InputError, match=r"missing\.pth is missing"):
        weights.load_published(Fsrcnn(), tmp_path / "missing.pth")

    whole = tmp_path / "whole.pth"
    torch.save(Fsrcnn().state_dict(), whole)
    weights.load_published(Fsrcnn(), whole)
    with pytest.raises(InputError, match=r"whole\.pth does not hold the weights of this Srnet3d"):
        weights.load_published(Srnet3d(), whole)

    for keep in (0, 10, whole.stat().st_size // 2):
        cut = tmp_path / "cut.pth"
        cut.write_bytes(whole.read_bytes()[:keep])
        with pytest.raises(InputError, match=r"cut\.pth cannot be read"):
            weights.load_published(Fsrcnn(), cut)

    number = tmp_path / "number.pth"
    torch.save(3, number)
    with pytest.raises(InputError, match=r"number\.pth does not hold the weights"):
        weights.load_published(Fsrcnn(), number)
