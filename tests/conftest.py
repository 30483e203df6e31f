"""Folders of published data that lie beside the project, and are not part of it."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, SHARED / name))
    if not path.is_dir():
        pytest.skip(f"no folder {path}; {variable} can name another")
    return path


@pytest.fixture(scope="session")
def reference() -> Path:
    """Published numbers and weights."""
    return _folder("KERAS_VSR_REFERENCE", "reference")


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real images and real video."""
    return _folder("KERAS_VSR_TESTDATA", "testdata")
