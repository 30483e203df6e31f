"""A network by hand in native PyTorch, eager, in either memory layout."""

import numpy as np
import torch
from torch import Tensor

from experiments.benchmarking.library_torch import DEVICE
from experiments.benchmarking.preset import RECIPE_NAMES
from experiments.peers import weights as peer_weights
from experiments.peers.delta import Delta
from experiments.peers.errata import Errata
from experiments.peers.fsrcnn import Fsrcnn
from experiments.peers.kim_3dsrnet import Kim3dsrnet
from experiments.peers.parallel5 import Parallel5
from experiments.peers.srnet3d import Srnet3d
from experiments.peers.training import Trainer
from keras_vsr.training.recipe import RECIPES

# Network: how it is built, and what stands before the names of its layers. Its 259,938 parameters
# are those of 5-parallel with E11.
PEERS = {
    "fsrcnn_2019": (Fsrcnn, {}, "fsrcnn_2019_"),
    "srnet3d": (Srnet3d, {}, "srnet3d_"),
    "parallel5": (Parallel5, {"errata": Errata(e11=True)}, ""),
    "delta": (Delta, {}, ""),
    "kim_3dsrnet": (Kim3dsrnet, {}, "kim_3dsrnet_"),
}
LAYOUTS = ("contiguous", "channels_last")
# By dimensions of a tensor.
FORMATS = {
    "contiguous": {4: torch.contiguous_format, 5: torch.contiguous_format},
    "channels_last": {4: torch.channels_last, 5: torch.channels_last_3d},
}


class TorchNetwork:
    """One network of `experiments.peers`.

    Args:
        name: One of `PEERS`.
        layout: One of `LAYOUTS`: of weights and of the input, and so of all between.
        weights: Kernel and bias of each layer, by its name.
    """

    def __init__(self, name: str, layout: str, weights: dict[str, tuple[np.ndarray, np.ndarray]]):
        recipe = RECIPES[RECIPE_NAMES[name]]
        self.intensity = np.float32(recipe.intensity)
        self.layout = layout
        peer, arguments, self.prefix = PEERS[name]
        self.names = list(weights)
        self.peer = peer(**arguments).to(DEVICE)
        peer_weights.load(self.peer, weights, self.prefix)
        for parameter in self.peer.parameters():
            if parameter.dim() in FORMATS[layout]:
                memory_format = FORMATS[layout][parameter.dim()]
                parameter.data = parameter.data.contiguous(memory_format=memory_format)
        self.trainer = Trainer(
            self.peer,
            learning_rate=recipe.learning_rate,
            decay=recipe.decay,
            epsilon=recipe.epsilon,
            keras_adam=True,
        )

    def weights(self) -> list[np.ndarray]:
        """Kernel and bias of each layer, one after the other."""
        found = peer_weights.read(self.peer, self.prefix)
        return [value for name in self.names for value in found[name]]

    def train_step(self, inputs: np.ndarray, truth: np.ndarray) -> float:
        """One step on a batch in the recipe's intensities; returns the MSE before it."""
        return self.trainer.step(self._given(inputs), self._given(truth))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """What the network makes of one batch, data in [0, 1]."""
        with torch.inference_mode():
            made = self.peer(self._given(inputs * self.intensity))
        return made.movedim(1, -1).cpu().numpy() / self.intensity

    def _given(self, array: np.ndarray) -> Tensor:
        """(batch, ..., 1) as a tensor in the layout; with one channel nothing has to be moved."""
        if self.layout == "channels_last":
            return torch.from_numpy(array).movedim(-1, 1).to(DEVICE)
        return torch.from_numpy(array.reshape(len(array), 1, *array.shape[1:-1])).to(DEVICE)
