"""The climate data of a run: generated, or from a published file, split as a protocol says."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from experiments.preset import Preset
from keras_vsr.data import climate
from keras_vsr.data.clips import Pair
from keras_vsr.errors import InputError

PROTOCOLS = ("as_described", "as_run")
DEGRADATION = "bicubic"


@dataclass(frozen=True, eq=False)
class ClimateData:
    """Clips at both sizes for each split, and where they came from.

    Attributes:
        splits: "train", "validation", "test", each with one clip or more.
        data_source: "generated" or the name of the published file.
        protocol: How it was split.
        degradation: How LR frames were made; "in the file" where they were read.
        test_hours: Hours of the simulation of each test frame; empty if not known.
        limits: Field values that 0 and 1 stand for.
        units: Of the field.
        identity: What a stored result must have been made from to be used again.
    """

    splits: dict[str, list[Pair]]
    data_source: str
    protocol: str
    degradation: str
    test_hours: np.ndarray
    limits: tuple[float, float]
    units: str
    identity: tuple


def settings(preset: Preset, protocol: str, seed: int) -> dict[str, list[climate.ClimateSettings]]:
    """What is generated for each split. As described, each split has runs of its own, with the bump
    moved; as run, one run with the published bump is cut into the published frames."""
    if protocol not in PROTOCOLS:
        raise InputError(f"no protocol is called {protocol!r}; there are {', '.join(PROTOCOLS)}")
    size = preset.climate
    shared = {
        "height": size.height,
        "width": size.width,
        "truncation": size.truncation,
        "time_step": size.time_step,
        "seed": seed,
        "degradation": DEGRADATION,
    }
    step = size.time_step / 3600  # hours
    if protocol == "as_run":  # one run that ends with the sixth day, as close as the solver steps
        between = max(1, int(144 / size.as_run_frames / step)) * step
        first = round((144 - between * (size.as_run_frames - 1)) / step) * step
        whole = {"first_hour": first, "hours_between": between, "frames": size.as_run_frames}
        return {"all": [climate.ClimateSettings(**shared | whole)]}
    # Run 0, with the published bump, is the unseen one: its jet can be held beside the picture.
    runs = {"test": [0], "validation": [1], "train": list(range(2, 2 + size.train_runs))}
    frames = {
        "test": size.test_frames,
        "validation": size.validation_frames,
        "train": size.train_frames,
    }
    first = {
        split: round((size.middle_hour - size.hours_between * count / 2) / step) * step
        for split, count in frames.items()
    }
    return {
        split: [
            climate.ClimateSettings(
                **shared,
                first_hour=first[split],
                hours_between=size.hours_between,
                frames=frames[split],
                run=run,
            )
            for run in numbers
        ]
        for split, numbers in runs.items()
    }


def prepare(
    preset: Preset,
    *,
    protocol: str,
    seed: int,
    published: Path | None,
    cache: Path,
    progress: Callable[[str, int, int], None],
) -> ClimateData:
    """Generates or reads the data of a run.

    Args:
        preset: Sizes.
        protocol: "as_described" or "as_run"; a published file is one run, always split as run.
        seed: Of the moved bumps.
        published: `H_Field_Nl5.mat`, `climate_data.h5` or a file of that layout; None generates.
        cache: Folder of generated files.
        progress: Called with the name of a file, frames done and frames in all.

    Raises:
        InputError: the file cannot be used, or the cache cannot be written.
    """
    field = climate.FIELDS["vorticity"]
    if published is not None:
        parts = climate.split_as_run(climate.frame_count(published))
        frames = {split: climate.read(published, part) for split, part in parts.items()}
        stat = published.stat()
        return ClimateData(
            splits={split: [_pair(part)] for split, part in frames.items()},
            data_source=frames["test"].source,
            protocol="as_run",
            degradation="in the file",
            test_hours=np.array([]),
            limits=(0.0, 1.0),
            units="scaled",
            identity=(str(published.resolve()), stat.st_size, stat.st_mtime_ns),
        )
    wanted = settings(preset, protocol, seed)
    paths = {
        split: [climate.generate(one, cache, partial(progress, split)) for one in many]
        for split, many in wanted.items()
    }
    if protocol == "as_run":
        path, one = paths["all"][0], wanted["all"][0]
        parts = climate.split_as_run(one.frames)
        splits = {split: [_pair(climate.read(path, part))] for split, part in parts.items()}
        test = [(one, parts["test"])]
    else:
        splits = {
            split: [_pair(climate.read(path)) for path in many] for split, many in paths.items()
        }
        test = [(one, range(one.frames)) for one in wanted["test"]]
    hours = [one.first_hour + one.hours_between * np.array(part) for one, part in test]
    return ClimateData(
        splits=splits,
        data_source=climate.GENERATED,
        protocol=protocol,
        degradation=DEGRADATION,
        test_hours=np.concatenate(hours),
        limits=(field.minimum, field.maximum),
        units=field.unit,
        identity=tuple(sorted(path.name for many in paths.values() for path in many)),
    )


def sizes(
    preset: Preset, *, protocol: str, seed: int, published: Path | None
) -> dict[str, list[Pair]]:
    """The splits of `prepare` with empty frames that take no memory: for a plan.

    Raises:
        InputError: the published file cannot be used.
    """
    if published is not None:
        total = climate.frame_count(published)
        one = climate.read(published, range(climate.MINIMUM_FRAMES))
        counts = {split: [len(part)] for split, part in climate.split_as_run(total).items()}
        height, width = one.high.shape[1:]
    else:
        wanted = settings(preset, protocol, seed)
        counts = {split: [one.frames for one in many] for split, many in wanted.items()}
        if "all" in counts:
            parts = climate.split_as_run(counts["all"][0])
            counts = {split: [len(part)] for split, part in parts.items()}
        height, width = preset.climate.height, preset.climate.width

    def empty(*shape: int) -> np.ndarray:
        return np.broadcast_to(np.float32(0), shape)

    return {
        split: [
            Pair(empty(count, height // 2, width // 2), empty(count, height, width), "plan")
            for count in many
        ]
        for split, many in counts.items()
    }


def _pair(frames: climate.ClimateFrames) -> Pair:
    return Pair(low=frames.low, high=frames.high, source=frames.source)
