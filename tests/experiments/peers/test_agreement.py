"""The peers are the networks of `keras_vsr`: equal outputs, and equal losses when trained."""

from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from checks import frames_of, predicted, randomise, weights_of  # noqa: E402

from experiments.peers import weights  # noqa: E402
from experiments.peers.delta import Delta  # noqa: E402
from experiments.peers.errata import AS_DESCRIBED, AS_RUN, Errata  # noqa: E402
from experiments.peers.fsrcnn import Fsrcnn  # noqa: E402
from experiments.peers.kim_3dsrnet import Kim3dsrnet  # noqa: E402
from experiments.peers.parallel5 import Parallel5  # noqa: E402
from experiments.peers.srnet3d import Srnet3d  # noqa: E402
from experiments.peers.training import Trainer  # noqa: E402
from keras_vsr.data.degrade import enlarge  # noqa: E402
from keras_vsr.models import build  # noqa: E402
from keras_vsr.training.fit import compile_model  # noqa: E402
from keras_vsr.training.recipe import RECIPES  # noqa: E402
from keras_vsr.weights.initial import initialise  # noqa: E402

pytestmark = pytest.mark.backend

LOW = (8, 10)  # pixels of an LR frame


@dataclass(frozen=True)
class Pair:
    """A peer and its network of `keras_vsr`.

    Attributes:
        peer: The class.
        network: Name of the builder; with `prefix`, put before the names of its layers.
        takes: "frame", "window" or "enlarged", a window of frames at HR size.
        integrated: Whether it is of 2021, with that year's errata.
        border: HR pixels that its output lacks on each side.
        recipe: How it was trained.
        small: Arguments of both for a test of the sums.
        trained: Arguments of both for a training of few seconds.
    """

    peer: type
    network: str
    prefix: str
    takes: str
    recipe: str
    integrated: bool = False
    border: int = 2
    small: dict = field(default_factory=dict)
    trained: dict = field(default_factory=dict)


FEW_DELTA = {"filters": 3, "stem_filters": 4, "upscale_filters": 3, "wide_filters_3d": 4}
FEW_PARALLEL5 = {"filters_2d": 3, "filters_3d": 3, "wide_filters": 4, "upscale_filters": 3}
FEW_PARALLEL5 |= {"recursions_3d": 2}
PAIRS = {
    "fsrcnn": Pair(Fsrcnn, "fsrcnn_2019", "fsrcnn_2019_", "frame", "fsrcnn", border=0),
    "srnet3d": Pair(Srnet3d, "srnet3d", "srnet3d_", "enlarged", "srnet3d_raw"),
    "parallel5": Pair(
        Parallel5,
        "parallel5",
        "",
        "window",
        "integrated_2021",
        integrated=True,
        small=FEW_PARALLEL5,
        trained={"filters_3d": 4, "wide_filters": 8},
    ),
    "delta": Pair(
        Delta, "delta", "", "window", "integrated_2021", integrated=True, small=FEW_DELTA
    ),
    "kim_3dsrnet": Pair(
        Kim3dsrnet,
        "kim_3dsrnet",
        "kim_3dsrnet_",
        "window",
        "kim_3dsrnet",
        border=0,
        small={"filters": 4},
        trained={"filters": 8},
    ),
}


def first_axis_channels(x):
    """From channels last to torch's order, float32."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1), np.float32))


def output(peer, x):
    with torch.no_grad():
        return np.moveaxis(peer(first_axis_channels(x)).numpy(), 1, -1)


def built(pair, arguments, errata=AS_DESCRIBED):
    """The network with random weights and the peer with the same ones."""
    of_keras, of_peer = dict(arguments), dict(arguments)
    if pair.integrated:
        of_peer["errata"] = errata
        of_keras = {"recursions_2d": errata.recursions_2d} | of_keras
    if pair.network == "parallel5":
        of_keras["recursive_frames"] = errata.recursive_frames
    return build(pair.network, **of_keras), pair.peer(**of_peer)


FORWARD = [
    ("fsrcnn", {}, AS_DESCRIBED),
    ("srnet3d", {}, AS_DESCRIBED),
    ("srnet3d", {"order": "as_run", "last_kernel": 5}, AS_DESCRIBED),
    ("srnet3d", {"order": "as_run", "last_kernel": 5, "activation": "linear"}, AS_DESCRIBED),
    ("parallel5", {}, AS_DESCRIBED),
    ("parallel5", {}, Errata(e11=True)),
    ("parallel5", {}, Errata(e13=True)),
    ("parallel5", {"order": "as_run"}, AS_RUN),
    ("parallel5", {"recursions_2d": 1, "recursions_3d": 3, "data_range": None}, AS_RUN),
    ("parallel5", {"order": "as_run", "volume": "srnet3d"}, AS_RUN),
    ("delta", {}, AS_DESCRIBED),
    ("delta", {"order": "as_run"}, Errata(e13=True)),
    ("delta", {"recursions_3d": 2, "first_block": (1, 3, 2, 2, 1)}, AS_RUN),
    ("delta", {"recursions_2d": 1, "first_block": (3, 3, 3, 3, 3)}, AS_RUN),
    ("kim_3dsrnet", {}, AS_DESCRIBED),
    ("kim_3dsrnet", {"residual": False, "scale": 3}, AS_DESCRIBED),
    ("kim_3dsrnet", {"scale": 4}, AS_DESCRIBED),
]


@pytest.mark.parametrize(("name", "arguments", "errata"), FORWARD)
def test_forward(name, arguments, errata):
    pair = PAIRS[name]
    model, peer = built(pair, pair.small | arguments, errata)
    randomise(model)
    weights.load(peer, weights_of(model), pair.prefix)
    shape = (2, 6, 7, 1) if pair.takes == "frame" else (2, 5, 6, 7, 1)
    x = (32 if name == "parallel5" else 1) * frames_of(shape)  # so that its limiter has work to do
    made, truth = output(peer, x), predicted(model, x)
    assert made.shape == truth.shape
    # Float32 sums of hundreds of terms in another order.
    scale = np.abs(truth).max()
    assert np.ptp(truth) > 1e-3 * scale
    assert np.abs(made - truth).max() <= 1e-5 * scale


@pytest.mark.parametrize("name", PAIRS)
def test_a_peer_has_the_parameters_of_its_network(name):
    pair = PAIRS[name]
    model, peer = built(pair, {"recursions_2d": 1} if pair.integrated else {}, AS_RUN)
    used = {path: peer.get_submodule(path) for path in peer.keras_layers()}
    count = sum(value.numel() for module in used.values() for value in module.parameters())
    assert count == model.count_params()


def data(pair, batches, size):
    """Smooth random frames as a network takes them, and their truth, channels last."""
    generator = np.random.default_rng(5)
    recipe = RECIPES[pair.recipe]
    for _ in range(batches):
        high = enlarge(generator.random((size, 5, *LOW)), "bicubic")
        low = high.reshape(size, 5, LOW[0], 2, LOW[1], 2).mean(axis=(3, 5))
        given = enlarge(low, "bicubic") if pair.takes == "enlarged" else low
        inside = slice(pair.border, -pair.border or None)
        given, truth = (given[:, 0], high[:, 0]) if pair.takes == "frame" else (given, high[:, 2])
        truth = truth[:, inside, inside]
        yield tuple((recipe.intensity * x[..., None]).astype(np.float32) for x in (given, truth))


def distance(some, others):
    """Root of the sum of squares over all weights."""
    squares = [
        np.sum((one - other) ** 2)
        for layer in some
        for one, other in zip(some[layer], others[layer], strict=True)
    ]
    return np.sqrt(sum(squares))


# Runs of the recursive blocks, and steps. Each run is traced or compiled by itself, but for torch.
# The full depth multiplies rounding: first weights that are changed in their last bit change the
# losses of Delta by up to 4e-5 in 20 steps and 1e-2 in 50; with two runs by 5e-5, with one by 6e-7.
DEPTHS = [(2, 50), (5, 20)] if keras.backend.backend() == "torch" else [(1, 50)]
TRAININGS = [("fsrcnn", {}, 50), ("srnet3d", {}, 50), ("kim_3dsrnet", {}, 50)]
TRAININGS += [
    (name, {"recursions_2d": recursions, "recursions_3d": recursions}, steps)
    for name in ("parallel5", "delta")
    for recursions, steps in DEPTHS
]


@pytest.mark.parametrize(("name", "depth", "steps"), TRAININGS)
def test_migration(name, depth, steps):
    """From equal weights and equal batches, both have equal losses."""
    pair = PAIRS[name]
    recipe = RECIPES[pair.recipe]
    arguments = pair.trained | depth
    model, peer = built(pair, arguments)
    initialise(model, seed=0, scheme=recipe.initial)
    first = weights_of(model)
    weights.load(peer, first, pair.prefix)
    compile_model(model, recipe)
    trainer = Trainer(
        peer,
        learning_rate=recipe.learning_rate,
        decay=recipe.decay,
        epsilon=recipe.epsilon,
        keras_adam=True,
    )
    ours, theirs = [], []
    for given, truth in data(pair, steps, min(recipe.batch_size, 2)):
        ours.append(float(model.train_on_batch(given, truth)))
        model.reset_metrics()  # so that each value is its own batch's
        theirs.append(trainer.step(first_axis_channels(given), first_axis_channels(truth)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    # Losses are slow to tell where the range limiter makes the first steps small ones. Weights are
    # not, but there some gradients are no more than rounding, and Adam makes whole steps of these.
    ours, theirs = weights_of(model), weights.read(peer, pair.prefix)
    assert distance(theirs, ours) < 0.1 * distance(theirs, first)
