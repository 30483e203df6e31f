"""Who is compared: a name for each backend and each network by hand."""

import importlib
from types import ModuleType
from typing import NamedTuple

from experiments.benchmarking.preset import RECIPE_NAMES


class Contender(NamedTuple):
    """A way to run the networks.

    Attributes:
        library: What computes: torch, tensorflow or jax.
        way: How its networks are written: keras, tensorflow or torch.
        networks: Those that it has.
    """

    library: str
    way: str
    networks: tuple[str, ...] = tuple(RECIPE_NAMES)

    def library_module(self) -> ModuleType:
        """Settings, device and roof of the library."""
        return importlib.import_module(f"experiments.benchmarking.library_{self.library}")

    def network_module(self) -> ModuleType:
        """Its networks: LAYOUTS and the class."""
        return importlib.import_module(f"experiments.benchmarking.{self.way}_network")

    def network_class(self) -> type:
        """The class of its networks."""
        return getattr(self.network_module(), f"{self.way.capitalize()}Network")


CONTENDERS = {
    "torch": Contender("torch", "keras"),
    "tensorflow": Contender("tensorflow", "keras"),
    "jax": Contender("jax", "keras"),
    "legacy_tf": Contender("tensorflow", "tensorflow", ("fsrcnn_2019", "srnet3d")),
    "native_torch": Contender("torch", "torch"),
}
