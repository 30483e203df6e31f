"""The graph of imports runs one way."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room, and what of the project it may import besides itself.
LEAVES = {"errors", "records", "environment", "metrics", "window", "cubic"}
ROOMS = {
    "errors": set(),
    "window": set(),
    "cubic": set(),
    "records": {"errors"},
    "environment": {"errors"},
    "metrics": {"errors"},
    "data": LEAVES,
    "layers": LEAVES,
    "models": LEAVES | {"layers"},
    "weights": LEAVES | {"layers", "models"},
    "inference": LEAVES | {"data", "layers", "models", "weights"},
    "training": LEAVES | {"data", "layers", "models", "weights", "inference"},
    "evaluation": LEAVES | {"data", "layers", "models", "weights", "inference", "training"},
    "reporting": LEAVES,
    "__main__": {"errors", "environment", "weights", "data", "inference"},
}
BACKENDS = {"keras", "torch", "tensorflow", "jax"}
KERAS_ROOMS = {"layers", "models", "weights", "inference", "training", "evaluation"}


def python_files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path, top_level_only=False):
    """Dotted names of all modules that a file imports, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def room_of(path):
    return path.relative_to(ROOT / "keras_vsr").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", python_files("keras_vsr"), ids=lambda path: str(path.name))
def test_each_room_imports_only_what_lies_below(path):
    room = room_of(path)
    if room == "__init__":
        assert not imported(path)
        return
    below = {
        parts[1]
        for name in imported(path)
        if (parts := name.split("."))[0] == "keras_vsr" and len(parts) > 1
    }
    assert below - {"__version__"} <= ROOMS[room] | {room}


@pytest.mark.parametrize("path", python_files("keras_vsr"), ids=lambda path: str(path.name))
def test_only_the_rooms_for_it_import_keras(path):
    if room_of(path) in KERAS_ROOMS:
        return
    at_import = {name.split(".")[0] for name in imported(path, top_level_only=True)}
    assert not at_import & BACKENDS


@pytest.mark.parametrize(
    "path", python_files("keras_vsr/weights/child_reader"), ids=lambda path: str(path.name)
)
def test_the_child_that_reads_files_stands_alone(path):
    siblings = {sibling.stem for sibling in path.parent.glob("*.py")}
    names = {name.split(".")[0] for name in imported(path)}
    assert names - siblings <= sys.stdlib_module_names | {"numpy", "scipy", "h5py", "torch"}
    # Each is slow to load, and is there for one format.
    at_import = {name.split(".")[0] for name in imported(path, top_level_only=True)}
    assert not at_import & {"scipy", "h5py", "torch"}
    # What the folder calls its files must not be what a library imports as its own.
    assert not siblings & (sys.stdlib_module_names | {"torch", "h5py", "scipy", "numpy"})


def test_only_the_child_imports_torch_in_the_room_of_weights():
    for path in python_files("keras_vsr/weights"):
        if path.parent.name != "child_reader":
            assert "torch" not in {name.split(".")[0] for name in imported(path)}


def test_nothing_imports_the_experiments():
    for path in python_files("keras_vsr"):
        assert not [name for name in imported(path) if name.split(".")[0] == "experiments"]


def test_no_file_imports_pickle_or_a_shell():
    for path in python_files("keras_vsr") + python_files("experiments"):
        assert not {"pickle", "shelve", "marshal"} & {n.split(".")[0] for n in imported(path)}
        assert "shell=True" not in path.read_text(encoding="utf-8")
        assert "os.system" not in path.read_text(encoding="utf-8")


def test_every_module_is_in_a_known_room():
    assert {room_of(path) for path in python_files("keras_vsr")} <= set(ROOMS) | {"__init__"}
