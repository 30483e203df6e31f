"""The peers stand beside the networks that they are compared with, not on them."""

import sys

import pytest
from test_imports import imported, python_files

LEAVES = ("data", "metrics", "errors", "window", "cubic")
ALLOWED = {f"keras_vsr.{leaf}" for leaf in LEAVES}


@pytest.mark.parametrize("path", python_files("experiments/peers"), ids=lambda path: path.name)
def test_peers_import_neither_keras_nor_the_networks(path):
    for name in imported(path):
        root = name.split(".")[0]
        if root == "keras_vsr":
            assert ".".join(name.split(".")[:2]) in ALLOWED
        elif root == "experiments":
            assert name.startswith("experiments.peers.")
        else:
            assert root in {"torch", "numpy"} | sys.stdlib_module_names
