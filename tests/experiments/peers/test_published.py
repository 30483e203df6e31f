"""The published checkpoints of 5-parallel in the peer, and in the network of `keras_vsr`."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from checks import predicted  # noqa: E402
from PIL import Image  # noqa: E402

from experiments.peers import weights  # noqa: E402
from experiments.peers.errata import AS_DESCRIBED, AS_RUN, Errata  # noqa: E402
from experiments.peers.parallel5 import Parallel5  # noqa: E402
from keras_vsr.data.images import read_folder  # noqa: E402
from keras_vsr.errors import InputError  # noqa: E402
from keras_vsr.models import build  # noqa: E402
from keras_vsr.weights import load_pth  # noqa: E402

# The earlier checkpoint makes -1e6 of frames in 0..255, all of which the limiter would make 0.
FILES = {
    "deep": ("parallel5_diamond_f12_g24.pth", {"filters_3d": 24}),
    "srnet3d": (
        "parallel5_first_f12_g8.pth",
        {"filters_3d": 8, "volume": "srnet3d", "data_range": None},
    ),
}


def published(reference, volume="deep", errata=AS_RUN):
    file, arguments = FILES[volume]
    peer = Parallel5(order="as_run", errata=errata, **arguments)
    weights.load_published(peer, reference / "2021" / file)
    return peer


def output(peer, window):
    """Channels last in and out."""
    with torch.no_grad():
        return np.moveaxis(peer(torch.from_numpy(np.moveaxis(window, -1, 1))).numpy(), 1, -1)


def diamond(reference):
    """A window (1, 5, 40, 48, 1) of one picture of the stone, 0..255."""
    picture = np.asarray(Image.open(reference / "2021" / "diamond_input.png").convert("L"))
    top, left = (size // 2 - half for size, half in zip(picture.shape, (20, 24), strict=True))
    part = picture[top : top + 40, left : left + 48].astype(np.float32)
    return np.repeat(part[None, None, :, :, None], 5, axis=1)


def test_the_peer_makes_a_picture_with_the_published_weights(reference):
    window = diamond(reference)
    made = output(published(reference), window)
    assert made.shape == (1, 76, 92, 1)
    assert np.isfinite(made).all()
    assert made.min() >= 0
    assert made.max() <= 255
    twice = window[0, 2, :, :, 0].repeat(2, 0).repeat(2, 1)[2:-2, 2:-2]
    assert np.corrcoef(made.ravel(), twice.ravel())[0, 1] > 0.9


def test_the_published_weights_are_of_the_network_as_run(reference):
    for errata in (AS_DESCRIBED, Errata(e13=True)):
        with pytest.raises(InputError, match="build it with the filters"):
            published(reference, errata=errata)
    with pytest.raises(InputError, match="order of taps"):
        weights.load_published(
            Parallel5(errata=AS_RUN), reference / "2021" / "parallel5_diamond_f12_g24.pth"
        )


@pytest.mark.backend
@pytest.mark.parametrize("volume", FILES)
def test_keras_vsr_makes_the_same_of_the_published_weights(reference, testdata, volume):
    file, arguments = FILES[volume]
    peer = published(reference, volume)
    model = build(
        "parallel5",
        order="as_run",
        recursions_2d=AS_RUN.recursions_2d,
        recursive_frames=AS_RUN.recursive_frames,
        **arguments,
    )
    load_pth(model, reference / "2021" / file)
    walk = 255 * read_folder(testdata / "vid4_y15" / "walk")[:5, 100:124, 100:130]
    for window in (walk[None, ..., None], diamond(reference)[:, :, :24, :30]):
        made, truth = predicted(model, window), output(peer, window)
        assert made.shape == truth.shape
        assert np.ptp(truth) > 5
        # In parts of the range, 0..255; without the limiter values are larger.
        assert np.abs(made - truth).max() <= 1e-4 * max(255, np.ptp(truth))
