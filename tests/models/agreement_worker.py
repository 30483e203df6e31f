"""What one backend makes of every network; run by test_agreement.py with KERAS_BACKEND set.

    python agreement_worker.py RESULT.npz

The file holds, for each network and variant: a digest of the first weights, an output, and the
losses of the first training steps. Data and weights come from NumPy, so that they are the same on
every backend.
"""

import hashlib
import sys

import keras
import numpy as np

from keras_vsr.data.degrade import enlarge
from keras_vsr.models import NETWORKS, Network, build
from keras_vsr.training.fit import compile_model
from keras_vsr.training.recipe import Recipe
from keras_vsr.weights.initial import initialise

LOW = (8, 10)  # pixels of an LR frame
FRAMES = 6
STEPS = 20
# Which networks are trained here, too, with the residual over bicubic frames. The plain ones all
# are but three, which are built by the builders of "2d_then_3d", "fsrcnn" and "srnet3d_early".
RESIDUAL_TRAINED = ("fsrcnn_2019", "srnet3d")
VARIANTS = ("two_in_one", "fsrcnn_s", "srnet3d_early_deep")
PLAIN_TRAINED = tuple(name for name in NETWORKS if name not in VARIANTS)


def data(network: Network, intensity: float) -> tuple[np.ndarray, np.ndarray]:
    """Smooth random frames as a network takes them, and its truth."""
    generator = np.random.default_rng(5)
    high = enlarge(generator.random((2, FRAMES, *LOW)), "bicubic")
    low = high.reshape(2, FRAMES, LOW[0], 2, LOW[1], 2).mean(axis=(3, 5))
    given = enlarge(low, "bicubic") if network.enlarged else low
    if network.takes == "frame":
        given, truth = given[:, 0], high[:, 0]
    elif network.takes == "window":
        given, truth = given[:, :5], high[:, 2]
    else:
        truth = high[:, 2:-2]
    inside = slice(network.border, -network.border or None)
    truth = truth[..., inside, inside]
    return tuple((intensity * x[..., None]).astype(np.float32) for x in (given, truth))


def fill_zeros(model: keras.Model) -> None:
    """Gives last layers that start at zero small weights, so that the layers before are seen."""
    generator = np.random.default_rng(6)
    model.set_weights(
        [
            generator.normal(0, 0.02, value.shape) if value.ndim > 1 and not value.any() else value
            for value in model.get_weights()
        ]
    )


def measure(name: str, residual: bool) -> dict[str, np.ndarray]:
    network = NETWORKS[name]
    intensity = 255.0 if name == "parallel5" and not residual else 1.0  # its range limiter's
    model = build(name, residual=residual)
    initialise(model, seed=0)
    first = model.get_weights()
    fill_zeros(model)
    given, truth = data(network, intensity)
    found = {
        "digest": np.array(hashlib.sha256(b"".join(w.tobytes() for w in first)).hexdigest()),
        "output": keras.ops.convert_to_numpy(model(given, training=False)),
    }
    if name in (RESIDUAL_TRAINED if residual else PLAIN_TRAINED):
        recipe = Recipe(learning_rate=5e-4, batch_size=2, epochs=1, patience=None, source="a test")
        model.set_weights(first)
        compile_model(model, recipe)
        losses = []
        for _ in range(STEPS):
            losses.append(float(model.train_on_batch(given, truth)))
            model.reset_metrics()
        found["losses"] = np.array(losses)
    return found


def main(path: str) -> None:
    results = {}
    for name in NETWORKS:
        for variant in ("plain", "residual"):
            for part, value in measure(name, variant == "residual").items():
                results[f"{name}/{variant}/{part}"] = value
    np.savez(path, **results)


if __name__ == "__main__":
    main(sys.argv[1])
