"""The plain TensorFlow programs stand on their own: nothing of Keras can be wrong in them, too."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "legacy_tf").rglob("*.py"))
# What they may take from the project: frames and how they are scored, no network and no training.
ALLOWED = {"data", "metrics", "errors", "window", "cubic"}


def imported(tree):
    """Dotted names of all modules that a file imports, inside functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_there_are_files():
    names = {path.stem for path in FILES}
    assert {"errata", "networks", "pipeline", "training", "scoring"} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports(path):
    for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        assert not {"keras", "tf_keras", "torch", "jax"} & set(parts), name
        if parts[0] == "keras_vsr":
            assert len(parts) > 1, name
            assert parts[1] in ALLOWED, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_keras_is_not_reached_through_tensorflow(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "keras" not in attributes


def test_the_suite_does_not_import_them():
    for path in (ROOT / "keras_vsr").rglob("*.py"):
        names = imported(ast.parse(path.read_text(encoding="utf-8")))
        assert not [name for name in names if name.split(".")[0] == "legacy_tf"], path


def test_the_pipeline_imports_no_backend():
    code = (
        "import sys, legacy_tf.pipeline; "
        "print(sorted({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
