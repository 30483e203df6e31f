"""Who measured: what rows say of the backend and the machine."""

import datetime
import importlib
import os
import platform

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
