"""The climate data of a run: generated, or from a published file, split as a protocol says."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from experiments.preset import Preset
from experiments.study_data import StudyData
from keras_vsr.data import climate
from keras_vsr.data.clips import Pair
from keras_vsr.errors import InputError

PROTOCOLS = ("as_described", "as_run")
DEGRADATION = "bicubic"

# A few frames of the published size around the published moment, for what no preset is needed for.
PUBLISHED_SIZE = climate.ClimateSettings(
    height=318,
    width=640,
    truncation=106,
    time_step=432.0,
    first_hour=124.2,
    hours_between=0.12,
    frames=46,
)


def published_size_frames(cache: Path) -> climate.ClimateFrames:
    """The frames of `PUBLISHED_SIZE`, generated where they are not in the cache."""
    return climate.read(
        climate.generate(PUBLISHED_SIZE, cache / "climate", lambda done, total: None)
    )


def check_protocol(name: str) -> None:
    """Raises InputError where no protocol has that name."""
    if name not in PROTOCOLS:
        raise InputError(f"no protocol is called {name!r}; there are {', '.join(PROTOCOLS)}")


def settings(preset: Preset, protocol: str, seed: int) -> dict[str, list[climate.ClimateSettings]]:
    """What is generated. As described, the test run is one that no other split has a frame of, and
    each training run, its bump moved, ends with its validation frames, as published. As run, one
    run with the published bump is cut into the published frames."""
    check_protocol(protocol)
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
    lengths = {"test": size.test_frames, "train": size.train_frames + size.validation_frames}
    runs = {"test": [0], "train": list(range(1, 1 + size.train_runs))}
    wanted = {}
    for part, frames in lengths.items():
        first = round((size.middle_hour - size.hours_between * frames / 2) / step) * step
        span = {"first_hour": first, "hours_between": size.hours_between, "frames": frames}
        wanted[part] = [
            climate.ClimateSettings(**shared | span, run=number) for number in runs[part]
        ]
    return wanted


def frames_of_splits(
    preset: Preset, protocol: str, frames: dict[str, list[int]]
) -> dict[str, list[tuple]]:
    """Which frames of which generated file each split is made of.

    Args:
        preset: Sizes.
        protocol: As in `settings`.
        frames: Frames of each file, by the keys of `settings`.

    Returns:
        For each split, (key of `settings`, number of the file there, range of its frames).
    """
    if protocol == "as_run":
        return {
            split: [("all", 0, part)]
            for split, part in climate.split_as_run(frames["all"][0]).items()
        }
    cut = preset.climate.train_frames
    return {
        "train": [("train", i, range(cut)) for i in range(len(frames["train"]))],
        "validation": [("train", i, range(cut, n)) for i, n in enumerate(frames["train"])],
        "test": [("test", i, range(n)) for i, n in enumerate(frames["test"])],
    }


def prepare(
    preset: Preset,
    *,
    protocol: str,
    seed: int,
    published: Path | None,
    cache: Path,
    progress: Callable[[str, int, int], None],
) -> StudyData:
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
        parts = climate.split_as_run(climate.frame_count(published), str(published))
        # Read at once, so that all splits are scaled with the same limits.
        first = min(part.start for part in parts.values())
        whole = climate.read(published, range(first, max(part.stop for part in parts.values())))
        stat = published.stat()
        return StudyData(
            splits={
                split: [_pair(whole, slice(part.start - first, part.stop - first))]
                for split, part in parts.items()
            },
            data_source=whole.source,
            protocol="as_run",
            degradation=whole.degradation,
            test_hours=np.array([]),
            limits=whole.limits,
            units=whole.unit,
            identity=(str(published.resolve()), stat.st_size, stat.st_mtime_ns),
        )
    wanted = settings(preset, protocol, seed)
    paths = {
        split: [climate.generate(one, cache, partial(progress, split)) for one in many]
        for split, many in wanted.items()
    }
    lengths = {key: [one.frames for one in many] for key, many in wanted.items()}
    chosen = frames_of_splits(preset, protocol, lengths)
    splits = {
        split: [_pair(climate.read(paths[key][number], part)) for key, number, part in many]
        for split, many in chosen.items()
    }
    hours = [
        wanted[key][number].first_hour + wanted[key][number].hours_between * np.array(part)
        for key, number, part in chosen["test"]
    ]
    return StudyData(
        splits=splits,
        data_source=climate.GENERATED,
        protocol=protocol,
        degradation=DEGRADATION,
        test_hours=np.concatenate(hours),
        limits=(field.minimum, field.maximum),
        units=field.unit,
        identity=(*sorted(path.name for many in paths.values() for path in many), str(chosen)),
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
        parts = climate.split_as_run(total, str(published))
        counts = {split: [len(part)] for split, part in parts.items()}
        height, width = climate.read(published, range(climate.MINIMUM_FRAMES)).high.shape[1:]
    else:
        wanted = settings(preset, protocol, seed)
        lengths = {key: [one.frames for one in many] for key, many in wanted.items()}
        chosen = frames_of_splits(preset, protocol, lengths)
        counts = {split: [len(part) for *_, part in many] for split, many in chosen.items()}
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


def _pair(frames: climate.ClimateFrames, part: slice = slice(None)) -> Pair:
    return Pair(low=frames.low[part], high=frames.high[part], source=frames.source)
