"""Sizes of a benchmark, read from presets/*.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from keras_vsr.errors import InputError

FOLDER = Path(__file__).parent / "presets"

# Network: the recipe that it is trained by, a key of `training.recipe.RECIPES`.
RECIPE_NAMES = {
    "fsrcnn_2019": "fsrcnn",
    "srnet3d": "srnet3d_raw",
    "parallel5": "integrated_2021",
    "delta": "integrated_2021",
    "kim_3dsrnet": "kim_3dsrnet",
}
TASKS = ("predict", "train")  # in the order in which a worker measures them


@dataclass(frozen=True)
class Preset:
    """What is timed, and how often.

    Attributes:
        name: Of the file.
        calls: Timed calls of a task in a worker, at most.
        seconds: After which no further call is begun.
        sgemm: Rows and columns of the roof's matrices.
        convolution: (images, rows, columns) of the roof's convolution.
        copy_megabytes: Of the roof's copy.
        clip: (frames, height, width) of the LR clip that is enlarged for its time.
        long_clip: Of the one that is enlarged once, with its memory watched.
        shapes: For each network and task, (batch, rows, columns) or (batch, frames, rows, columns)
            of its input.
        train_seconds: What `seconds` is for training a network, where it is not that.
    """

    name: str
    calls: int
    seconds: float
    sgemm: int
    convolution: tuple[int, ...]
    copy_megabytes: float
    clip: tuple[int, ...]
    long_clip: tuple[int, ...]
    shapes: dict[str, dict[str, tuple[int, ...]]]
    train_seconds: dict[str, float]

    def seconds_for(self, model: str, task: str) -> float:
        """After which no further call of a network's task is begun."""
        return self.train_seconds.get(model, self.seconds) if task == "train" else self.seconds


def names() -> list[str]:
    """The presets that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def path_of(name: str) -> Path:
    """The file of a preset.

    Raises:
        InputError: there is none of that name.
    """
    if name not in names():
        raise InputError(f"no benchmark preset is called {name!r}; there are {', '.join(names())}")
    return FOLDER / f"{name}.toml"


def load(path: Path) -> Preset:
    """Reads the file of a preset."""
    with open(path, "rb") as file:
        given = tomllib.load(file)
    return Preset(
        name=Path(path).stem,
        calls=given["calls"],
        seconds=given["seconds"],
        sgemm=given["roof"]["sgemm"],
        convolution=tuple(given["roof"]["convolution"]),
        copy_megabytes=given["roof"]["copy_megabytes"],
        clip=tuple(given["clips"]["timed"]),
        long_clip=tuple(given["clips"]["long"]),
        shapes={
            model: {task: tuple(tasks[task]) for task in TASKS}
            for model, tasks in given["models"].items()
        },
        train_seconds={
            model: tasks["train_seconds"]
            for model, tasks in given["models"].items()
            if "train_seconds" in tasks
        },
    )
