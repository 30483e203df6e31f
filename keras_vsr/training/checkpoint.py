"""The state of a training run in one file, so that no two parts of it can disagree."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from keras_vsr.errors import InputError
from keras_vsr.records import write_bytes

# What comes out of a file with wrong bytes; RuntimeError: they claim that it is encrypted, or
# written by a later version.
_DAMAGED = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, AttributeError),
    zipfile.BadZipFile,
)


@dataclass
class Checkpoint:
    """Where a run stands after an epoch.

    Attributes:
        weights: Of the model, in Keras's order.
        optimizer: All variables of the optimizer: moments, step count, loss scale.
        best: The weights of the best epoch so far.
        best_epoch: That epoch, from 1; 0 before the first.
        waited: Epochs since then.
        finished: Whether the run has ended.
        history: One dictionary an epoch.
    """

    weights: list[np.ndarray] = field(default_factory=list)
    optimizer: list[np.ndarray] = field(default_factory=list)
    best: list[np.ndarray] = field(default_factory=list)
    best_epoch: int = 0
    waited: int = 0
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all.

        Raises:
            InputError: it cannot be written.
        """
        arrays = {
            f"{group}_{index:04d}": array
            for group in ("weights", "optimizer", "best")
            for index, array in enumerate(getattr(self, group))
        }
        state = {
            "best_epoch": self.best_epoch,
            "waited": self.waited,
            "finished": self.finished,
            "history": self.history,
            "arrays": list(arrays),  # their names have no checksum
        }
        buffer = io.BytesIO()
        np.savez(buffer, state=np.array(json.dumps(state)), **arrays)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Reads a file that `save` wrote; each part's checksum is compared.

        Raises:
            InputError: the file is damaged.
        """
        try:
            # Opened here: np.load leaves a damaged file open.
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            state = json.loads(str(arrays.pop("state")))
            if sorted(arrays) != sorted(state.pop("arrays")):
                raise ValueError("arrays are missing or have other names")
            groups = {
                group: [arrays[name] for name in sorted(arrays) if name.startswith(f"{group}_")]
                for group in ("weights", "optimizer", "best")
            }
            return cls(**groups, **state)
        except _DAMAGED as error:
            raise InputError(
                f"{path} is damaged or cannot be read; delete it to train anew"
            ) from error
