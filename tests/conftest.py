"""Settings of the test run, and folders of published data that lie beside the project."""

import os
from pathlib import Path

import pytest

# Set before anything imports Keras or a backend.
os.environ.setdefault("KERAS_BACKEND", "torch")
# Networks and frames are tiny here: handing them to a second thread takes longer than the sums, and
# on a machine that is busy a hundred times longer.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Each network is compiled and run but a few times: XLA's optimisations cost more than they save.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# The older way of fusing, and one thread, take half the time to compile.
FUSION = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
if os.environ["KERAS_BACKEND"] == "jax":  # TensorFlow reads them, too, and may not know them
    os.environ.setdefault("XLA_FLAGS", FUSION)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, SHARED / name))
    if not path.is_dir():
        pytest.skip(f"no folder {path}; {variable} can name another")
    return path


@pytest.fixture(scope="session")
def fusion() -> str:
    """XLA's flags for a process with JAX."""
    return FUSION


@pytest.fixture(scope="session")
def reference() -> Path:
    """Published numbers and weights."""
    return _folder("KERAS_VSR_REFERENCE", "reference")


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real images and real video."""
    return _folder("KERAS_VSR_TESTDATA", "testdata")
