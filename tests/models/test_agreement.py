"""The three backends make the same of the same network, weights and data."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_vsr.environment import BACKENDS, package_version
from keras_vsr.models import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("agreement_worker.py")
SECONDS = 600  # until a worker is given up

# Of the worker; those that are in NETWORKS have two variants.
OTHERS = ("flow_network", "superslomo", "fusion_network", "refinement_network", "dual_stream")
BUILT = [*itertools.product(NETWORKS, ("plain", "residual")), *((name, "plain") for name in OTHERS)]
pairs = pytest.mark.parametrize(("one", "other"), [*itertools.combinations(BACKENDS, 2)])
built = pytest.mark.parametrize(("name", "variant"), BUILT)
# What the worker trains.
UNTRAINED = (
    *("two_in_one", "fsrcnn_s", "srnet3d_early_deep"),
    *("flow4x", "superslomo", "fusion_network", "dual_stream"),
)
TRAINED = [(name, "plain") for name in (*NETWORKS, *OTHERS) if name not in UNTRAINED]
TRAINED += [("fsrcnn_2019", "residual"), ("srnet3d", "residual")]
trained = pytest.mark.parametrize(("name", "variant"), TRAINED)


@pytest.fixture(scope="module")
def results(tmp_path_factory, fusion):
    """By backend, what its worker found; the workers run side by side."""
    folder = tmp_path_factory.mktemp("agreement")
    installed = [name for name, packages in BACKENDS.items() if package_version(*packages)]
    workers = {}
    for backend in installed:
        # XLA's optimisations are on here, as in a real run, but for its newer way of fusing, which
        # takes twice as long to compile.
        settings = {name: v for name, v in os.environ.items() if not name.startswith("JAX_")}
        if backend == "jax":
            settings["XLA_FLAGS"] = fusion
        folders = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        settings |= {"KERAS_BACKEND": backend, "PYTHONPATH": folders}
        with open(folder / f"{backend}.log", "w") as log:
            workers[backend] = subprocess.Popen(
                [sys.executable, str(WORKER), str(folder / f"{backend}.npz")],
                env=settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
    found = {}
    try:
        for backend, worker in workers.items():
            worker.wait(timeout=SECONDS)
            log = (folder / f"{backend}.log").read_text(encoding="utf-8")
            assert worker.returncode == 0, f"the {backend} worker failed:\n{log[-3000:]}"
            with np.load(folder / f"{backend}.npz") as file:
                found[backend] = dict(file)
    finally:
        for worker in workers.values():
            worker.kill()
            worker.wait()
    return found


def both(results, one, other, key):
    for backend in (one, other):
        if backend not in results:
            pytest.skip(f"{backend} is not installed")
    return results[one][key], results[other][key]


@built
@pairs
def test_first_weights_are_the_same_numbers(results, one, other, name, variant):
    first, second = both(results, one, other, f"{name}/{variant}/digest")
    assert first == second


@built
@pairs
def test_outputs_agree(results, one, other, name, variant):
    prefix = f"{name}/{variant}/output/"
    parts = [key for key in next(iter(results.values())) if key.startswith(prefix)]
    assert len(parts) == (7 if name == "dual_stream" else 1)
    for part in parts:
        first, second = both(results, one, other, part)
        assert first.shape == second.shape
        # Parts of the output's scale: float32 sums of hundreds of terms in another order.
        assert np.abs(first - second).max() <= 1e-5 * np.abs(first).max(), part


@trained
@pairs
def test_losses_agree(results, one, other, name, variant):
    first, second = both(results, one, other, f"{name}/{variant}/losses")
    assert len(first) == 20
    np.testing.assert_allclose(first, second, rtol=1e-3)


@trained
def test_the_losses_fall(results, name, variant):
    # So that agreement is not that of networks in which nothing happens. The range limiter makes
    # the first steps of parallel5 small ones.
    losses = next(iter(results.values()))[f"{name}/{variant}/losses"]
    assert losses[-1] < 0.9995 * losses[0]
