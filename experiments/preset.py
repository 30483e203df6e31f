"""Presets: the sizes and epochs of a run, read from presets/*.toml."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path

from keras_vsr.errors import InputError

FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class ClimateSize:
    """How much climate data is generated; units as in `data.climate.ClimateSettings`.

    Runs of any length are centred on `middle_hour`, so that the flow is as far in all of them.
    """

    height: int
    width: int
    truncation: int
    time_step: float
    middle_hour: float
    hours_between: float
    train_runs: int
    train_frames: int
    validation_frames: int
    test_frames: int
    as_run_frames: int


@dataclass(frozen=True)
class ClipSize:
    """How much of clips, generated or real, a study sees.

    Attributes:
        height: HR rows.
        width: HR columns.
        train_frames: The first ones of each training clip.
        validation_frames: Those after them.
        test_frames: Of a clip of its own, or the ones after those.
        train_clips: How many clips are generated for training.
    """

    height: int
    width: int
    train_frames: int
    validation_frames: int
    test_frames: int
    train_clips: int = 1


@dataclass(frozen=True)
class ModelSize:
    """How long a network is trained and on what.

    Attributes:
        epochs: None takes the recipe's.
        samples: Most samples in an epoch; None takes all.
        patch: Side of random patches in HR pixels; None trains on whole frames.
        patches: Patches of each sample. A batch holds as many samples as the recipe says, each seen
            through so many patches.
        scored_frames: Frames scored after each epoch, at most; None takes the preset's, as all
            stages of `space_time` do, which are compared with each other.
    """

    epochs: int | None = None
    samples: int | None = None
    patch: int | None = None
    patches: int = 1
    scored_frames: int | None = None

    def trained_on(self, height: int, width: int) -> str:
        """Where training pixels come from, for rows and plans."""
        side = self.patch
        return f"patches {side}x{side}" if side else f"frames {height}x{width}"


@dataclass(frozen=True)
class SpaceTimeWidths:
    """Filters of the space-time networks; a full one takes half a minute for a step on two cores.

    Attributes:
        temporal: Of the first level of both U-Nets of SuperSloMo; 32 is published.
        fusion: Of F's first level; 32 is published.
        refinement: Of R; 128 is published.
    """

    temporal: int = 32
    fusion: int = 32
    refinement: int = 128


@dataclass(frozen=True)
class Preset:
    """Sizes and epochs; nothing else of a recipe changes with it, and no network but one.

    Attributes:
        name: File name without its ending.
        summary: One line for a list.
        climate: Sizes of the climate data.
        clips: Sizes of the other data, by its name: one of `data_of_studies.DATASETS`.
        scored_frames: Training and validation frames scored after each epoch, at most; None scores
            all of them.
        models: Sizes by model, where they differ from the recipe's; "study/model" for one study.
        flow_steps: Most steps of each training of the flow study; None takes the recipe's.
        space_time: Filters of the networks of the study `space_time`.
    """

    name: str
    summary: str
    climate: ClimateSize
    clips: dict[str, ClipSize] = field(default_factory=dict)
    scored_frames: int | None = None
    models: dict[str, ModelSize] = field(default_factory=dict)
    flow_steps: int | None = None
    space_time: SpaceTimeWidths = SpaceTimeWidths()

    def clip(self, kind: str) -> ClipSize:
        """The size of one kind of data.

        Raises:
            InputError: the preset has none.
        """
        if kind not in self.clips:
            raise InputError(
                f"the preset {self.name} has no sizes of {kind}: add [clips.{kind}] to its file"
            )
        return self.clips[kind]

    def size(self, model: str, study: str) -> ModelSize:
        """How long a model is trained in a study, and on what."""
        return self.models.get(f"{study}/{model}") or self.models.get(model, ModelSize())

    def scored(self, model: str, study: str) -> int | None:
        """Training and validation frames scored after each epoch, at most; None: all of them."""
        return self.size(model, study).scored_frames or self.scored_frames

    def within(self, study: str) -> "Preset":
        """The preset for a study that trains other studies' models: its own sizes come first."""
        own = f"{study}/"
        sizes = {
            name.removeprefix(own): size
            for name, size in self.models.items()
            if name.startswith(own)
        }
        return replace(self, models=self.models | sizes)


def names() -> list[str]:
    """The presets, the smallest first."""
    return sorted((path.stem for path in FOLDER.glob("*.toml")), key="smoke quick paper".find)


def load(name: str) -> Preset:
    """Reads a preset.

    Raises:
        InputError: no preset has that name, or its file has other entries than it must have.
    """
    if name not in names():
        raise InputError(f"no preset is called {name!r}; there are {', '.join(names())}")
    path = FOLDER / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is no TOML file: {error}") from error
    models = {
        model: _filled(ModelSize, path, size) for model, size in content.pop("models", {}).items()
    }
    clips = {kind: _filled(ClipSize, path, size) for kind, size in content.pop("clips", {}).items()}
    read = {
        "name": name,
        "climate": _filled(ClimateSize, path, content.pop("climate", {})),
        "clips": clips,
        "models": models,
        "space_time": _filled(SpaceTimeWidths, path, content.pop("space_time", {})),
    }
    return _filled(Preset, path, content | read)


def _filled(kind: type, path: Path, entries: dict[str, object]):
    """One of the classes above from the entries of a table.

    Raises:
        InputError: an entry is unknown or missing.
    """
    known = {entry.name: entry for entry in fields(kind)}
    unknown = [name for name in entries if name not in known]
    if unknown:
        raise InputError(f"{path} has the unknown entry {unknown[0]}; there are {', '.join(known)}")
    for name, entry in known.items():
        if name not in entries and entry.default is entry.default_factory is MISSING:
            raise InputError(f"{path} lacks the entry {name}; add it")
    return kind(**entries)
