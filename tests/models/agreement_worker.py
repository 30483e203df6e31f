"""What one backend makes of every network; run by test_agreement.py with KERAS_BACKEND set.

    python agreement_worker.py RESULT.npz

The file holds, for each network and variant: a digest of the first weights, its output or outputs,
and the losses of the first training steps. Data and weights come from NumPy, so that they are the
same on every backend.
"""

import hashlib
import sys
from functools import partial

import keras
import numpy as np
from checks import randomise

from keras_vsr.data.degrade import enlarge
from keras_vsr.models import NETWORKS, build
from keras_vsr.models.dual_stream import dual_stream
from keras_vsr.models.espcn import espcn
from keras_vsr.models.flow import flow_network
from keras_vsr.models.fusion import fusion_network, refinement_network
from keras_vsr.models.superslomo import superslomo
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import Recipe
from keras_vsr.weights.initial import initialise

LOW = (8, 10)  # pixels of an LR frame
FRAMES = 6
SCALES = {"flow4x": 4}  # of the others, 2
STEPS = 20
RECIPE = Recipe(learning_rate=5e-4, batch_size=2, epochs=1, patience=None, source="a test")
# Which networks are not trained here: three that the builders of "2d_then_3d", "fsrcnn" and
# "srnet3d_early" build, and those whose training XLA compiles for long; of these last ones the
# outputs are compared.
UNTRAINED = (
    *("two_in_one", "fsrcnn_s", "srnet3d_early_deep"),
    *("flow4x", "superslomo", "fusion_network", "dual_stream"),
)
RESIDUAL_TRAINED = ("fsrcnn_2019", "srnet3d")  # with the residual over bicubic frames, too
# What the networks of NETWORKS are not, but are made of or come together in; narrower ones.
OTHERS = {
    "flow_network": partial(flow_network, levels=3, filters=(6, 5), kernel=3),
    "superslomo": partial(superslomo, filters=2),
    "fusion_network": partial(fusion_network, filters=2),
    "refinement_network": partial(refinement_network, filters=4),
    "dual_stream": partial(
        dual_stream,
        spatial=partial(espcn, filters=(5, 4, 3)),
        temporal=partial(superslomo, filters=2),
        fusion_filters=2,
        refinement_filters=4,
    ),
}


def clips(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random LR frames (2, FRAMES, *LOW, 1), and HR frames."""
    generator = np.random.default_rng(5)
    high = enlarge(generator.random((2, FRAMES, *LOW)), "bicubic", scale)
    low = high.reshape(2, FRAMES, LOW[0], scale, LOW[1], scale).mean(axis=(3, 5))
    return low[..., None], high[..., None]


def data(name: str, intensity: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames as a network of NETWORKS takes them, and its truth."""
    network, scale = NETWORKS[name], SCALES.get(name, 2)
    low, high = clips(scale)
    given = enlarge(low[..., 0], "bicubic", scale)[..., None] if network.enlarged else low
    if network.takes == "frame":
        given, truth = given[:, 0], high[:, 0]
    elif network.takes == "window":
        given, truth = given[:, :5], high[:, 2]
    else:
        truth = high[:, 2:-2]
    inside = slice(network.border, -network.border or None)
    truth = truth[..., inside, inside, :]
    return tuple((intensity * x).astype(np.float32) for x in (given, truth))


def data_of_other(name: str):
    """What one of OTHERS takes, and what it is to learn where it is trained."""
    low = clips(2)[0].astype(np.float32)
    first, last = low[:, 0], low[:, 2]
    both = np.concatenate([first, last], axis=-1)
    return {
        "flow_network": ([first, last], np.ones_like(both)),
        "superslomo": (low[:, (0, 2)], None),
        "fusion_network": (both, None),
        "refinement_network": (first, last),
        "dual_stream": (low[:, (0, 2)], None),
    }[name]


def fill_zeros(model: keras.Model) -> None:
    """Gives last layers that start at zero small weights, so that the layers before are seen."""
    generator = np.random.default_rng(6)
    model.set_weights(
        [
            generator.normal(0, 0.02, value.shape) if value.ndim > 1 and not value.any() else value
            for value in model.get_weights()
        ]
    )


def digest(model: keras.Model) -> np.ndarray:
    values = b"".join(value.tobytes() for value in model.get_weights())
    return np.array(hashlib.sha256(values).hexdigest())


def outputs(model: keras.Model, given) -> dict[str, np.ndarray]:
    made = model(given, training=False)
    if not isinstance(made, dict):
        made = {"frame": made}
    return {f"output/{part}": keras.ops.convert_to_numpy(x) for part, x in made.items()}


def losses(model: keras.Model, given, truth) -> np.ndarray:
    found = []
    for _ in range(STEPS):
        found.append(float(model.train_on_batch(given, truth)))
        model.reset_metrics()
    return np.array(found)


def measure(name: str, residual: bool) -> dict[str, np.ndarray]:
    """Of a network of NETWORKS."""
    intensity = 255.0 if name == "parallel5" and not residual else 1.0  # its range limiter's
    model = build(name, residual=residual)
    initialise(model, seed=0)
    first = model.get_weights()
    found = {"digest": digest(model)}
    fill_zeros(model)
    given, truth = data(name, intensity)
    found |= outputs(model, given)
    if name in RESIDUAL_TRAINED if residual else name not in UNTRAINED:
        model.set_weights(first)
        compile_model(model, RECIPE)
        found["losses"] = losses(model, given, truth)
    return found


def measure_other(name: str) -> dict[str, np.ndarray]:
    """Of one of OTHERS; its output is that of weights that move pixels by a few."""
    model = OTHERS[name]()
    initialise(model, seed=0)
    first = model.get_weights()
    found = {"digest": digest(model)}
    given, truth = data_of_other(name)
    found |= outputs(randomise(model), given)
    if name not in UNTRAINED:
        model.set_weights(first)
        compile_model(model, RECIPE)
        found["losses"] = losses(model, given, truth)
    return found


def main(path: str) -> None:
    results = {
        (name, variant): measure(name, variant == "residual")
        for name in NETWORKS
        for variant in ("plain", "residual")
    }
    results |= {(name, "plain"): measure_other(name) for name in OTHERS}
    flat = {
        f"{name}/{variant}/{part}": value
        for (name, variant), found in results.items()
        for part, value in found.items()
    }
    np.savez(path, **flat)


if __name__ == "__main__":
    main(sys.argv[1])
