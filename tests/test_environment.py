"""Who measured: what rows say of the backend and the machine."""

import datetime
import importlib
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from keras_vsr import environment
from keras_vsr.environment import choose_backend, context, device_name, package_version
from keras_vsr.errors import InputError
from keras_vsr.records import CONTEXT_COLUMNS


def test_the_version_of_the_first_package_that_is_installed():
    assert package_version("numpy") == np.__version__
    assert package_version("no-such-package-at-all", "numpy") == np.__version__
    assert package_version("no-such-package-at-all") == ""


def test_torch_where_nothing_is_named(monkeypatch):
    monkeypatch.setitem(environment.BACKENDS, "torch", ("numpy",))  # installed for certain
    monkeypatch.delenv("KERAS_BACKEND")
    assert choose_backend() == "torch"
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_backends_that_are_none(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    with pytest.raises(InputError, match="'mxnet'; it must be one of torch, tensorflow, jax"):
        choose_backend()


def test_backends_that_are_not_installed(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(environment.BACKENDS, "jax", ("no-such-package-at-all",))
    with pytest.raises(InputError, match=r"pip install 'keras_vsr\[jax\]'"):
        choose_backend()


PAGES = """
import resource, sys
import numpy as np
from keras_vsr.environment import choose_backend
choose_backend()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for size in (3, 50):
        np.ones(size << 18, np.float32)  # size MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is a setting of glibc's")
@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, True),
        ({"KERAS_BACKEND": "jax"}, False),
        ({"MALLOC_MMAP_THRESHOLD_": "1000"}, False),
        ({"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1000"}, False),
    ],
)
def test_with_torch_freed_memory_is_kept_unless_the_user_has_set_it(monkeypatch, settings, kept):
    for name in environment.MALLOC_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True)
    # 53 MiB are 13,568 pages of 4 KiB, or 27 of 2 MiB.
    assert (int(done.stdout) < 20) == kept


@pytest.mark.backend
def test_columns():
    backend = choose_backend()
    columns = context(preset="smoke", seed=3, precision="float32", backend=backend)
    assert tuple(columns) == CONTEXT_COLUMNS
    given = ("preset", "seed", "precision", "backend")
    assert [columns[name] for name in given] == ["smoke", 3, "float32", backend]
    version = importlib.import_module(backend).__version__
    assert version.startswith(columns["backend_version"].split("+")[0])
    assert columns["python_version"] == platform.python_version()
    assert abs(datetime.date.fromisoformat(columns["date"]) - datetime.date.today()).days <= 1
    assert columns["device"] == device_name(backend)


@pytest.mark.backend
def test_the_device_is_named_as_the_machine_names_it():
    name = device_name(choose_backend())
    assert name
    if "cores" in name:
        assert f"({len(os.sched_getaffinity(0))} cores)" in name
