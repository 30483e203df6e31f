"""The modules of `legacy_tf` that import TensorFlow, imported only where a test asks for them.

A run of the other tests on another backend is not made to load TensorFlow.
"""

import pytest


@pytest.fixture(scope="session")
def networks():
    pytest.importorskip("tensorflow")
    from legacy_tf import networks

    return networks


@pytest.fixture(scope="session")
def training(networks):
    from legacy_tf import training

    return training


@pytest.fixture(scope="session")
def scoring(networks):
    from legacy_tf import scoring

    return scoring
