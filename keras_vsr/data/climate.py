"""The climate frames: generated from the shallow-water jet, or read from the published files.

The published field is the relative vorticity of the jet of Galewsky, Scott and Polvani on the
northern hemisphere: rows are latitudes from the equator (row 0) to the pole (last row), columns all
longitudes. Frames are scaled to [0, 1] with limits that belong to the field, not to the clip, so
that numbers from two clips can be compared.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

import keras_vsr
from keras_vsr.data import shallow_water
from keras_vsr.data.degrade import DEGRADATIONS, degrade
from keras_vsr.data.shallow_water import Bump, ShallowWater
from keras_vsr.data.spherical import RegularGrid
from keras_vsr.errors import InputError
from keras_vsr.records import UNFINISHED

# Part of a generated file's name. Raise it when the same settings come to give other numbers.
FORMAT_VERSION = 1
STORED_TYPE = "<f4"
GENERATED = "generated"  # source of frames that this module made

MINIMUM_FRAMES = 5  # one window

# How far runs differ from the published bump. They must differ in more than longitude: the same
# bump on another meridian makes the same flow, shifted. Laid over each other at the best longitude,
# the waves of two runs at T85 correlate at 0.92, 0.81, 0.69 and 0.49 (median of 21 pairs) at hours
# 72, 96, 120 and 144: all runs grow the jet's own most unstable waves, and drift apart from there.
# Factors up to 1.4 gave 0.98, 0.95, 0.86 and 0.76; with factors up to 3 some runs do not break.
BUMP_LATITUDE_SPREAD = 10.0  # degrees to either side
BUMP_FACTOR = 2.0  # height and both widths are divided or multiplied by up to this

# The published matrix holds values in (-10, 10), in 1e-5 1/s.
MATRIX_NAME = "H_Field"
MATRIX_LIMITS = (-10.0, 10.0)
# The published processed file has 1000 of the matrix's 2000 frames. Which ones (every second, the
# first half) is not written anywhere; the first ones are taken unless others are asked for.
MATRIX_FRAMES = 1000
FRAMES_AT_ONCE = 50  # of the matrix in memory as float64: 80 MB

# Published split, of 1000 frames.
SPLIT_TOTAL = 1000
SPLIT_TEST_START = 650
SPLIT_TEST_FRAMES = 50
SPLIT_LAST_FRAMES = 120
SPLIT_TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Field:
    """A physical quantity, its unit, and the limits that become 0 and 1."""

    unit: str
    minimum: float
    maximum: float


FIELDS = {
    # -9.8 to 11.2 at the start. By hour 144, over the published bump and drawn ones, -10.8 to 13.7
    # at T85, -10.6 to 14.1 at T106 and -11.0 to 15.95 at T213.
    "vorticity": Field("1e-5 1/s", -12.0, 16.0),
    # Depth of the fluid: 9070 (pole) to 10160 at the start; by hour 144 the vortices reach down to
    # 8580, and waves in the tropics up to 10290. Round numbers with 100 m and more to spare.
    "height": Field("m", 8400.0, 10400.0),
}


@dataclass(frozen=True)
class ClimateSettings:
    """All that generated frames depend on.

    Attributes:
        height: HR rows, from 0 to 90 degrees north.
        width: HR columns, all longitudes.
        truncation: Highest order and degree of the solver's harmonics.
        time_step: Of the solver, s; 46000 s / truncation is stable.
        field: "vorticity" (relative vorticity, 1e-5 1/s) or "height" (depth of the fluid, m).
        first_hour: Of the first frame, counted from the initial state. The first 72 hardly change.
        hours_between: From frame to frame; like `first_hour`, a whole number of steps.
        frames: Number of frames.
        run: 0: the published bump; n > 0: a bump drawn from (seed, n).
        seed: Of the drawn bumps.
        degradation: How the LR frames are made, a name that `degrade` knows.
        scale: HR size over LR size.
        dtype: The solver's precision, "float32" or "float64".

    Raises:
        InputError: a setting is not as described.
    """

    height: int = 80
    width: int = 160
    truncation: int = 85
    time_step: float = 540.0
    field: str = "vorticity"
    first_hour: float = 72.0
    hours_between: float = 0.75
    frames: int = 97
    run: int = 0
    seed: int = 0
    degradation: str = "bicubic"
    scale: int = 2
    dtype: str = "float32"

    def __post_init__(self):
        for name in ("time_step", "first_hour", "hours_between"):  # 72 and 72.0 are one setting
            object.__setattr__(self, name, float(getattr(self, name)))
        self._check_choice("field", FIELDS)
        self._check_choice("degradation", DEGRADATIONS)
        self._check_choice("dtype", ("float32", "float64"))
        self._check_least("frames", MINIMUM_FRAMES)
        self._check_least("truncation", 1)
        self._check_least("scale", 2)
        self._check_least("run", 0)
        self._check_least("seed", 0)
        for name in ("height", "width"):
            self._check_least(name, self.scale)
            if getattr(self, name) % self.scale:
                raise InputError(
                    f"{name} must be a multiple of scale = {self.scale}, got {getattr(self, name)}"
                )
        if not 0 < self.time_step < float("inf"):
            raise InputError(f"time_step must be a positive number of s, got {self.time_step:g}")
        self._check_whole_steps("first_hour", least=0)
        self._check_whole_steps("hours_between", least=1)

    @property
    def steps(self) -> range:
        """Numbers of solver steps at which there is a frame."""
        first = round(self.first_hour * 3600 / self.time_step)
        between = round(self.hours_between * 3600 / self.time_step)
        return range(first, first + self.frames * between, between)

    @property
    def bump(self) -> Bump:
        """What sets off the instability in this run."""
        if self.run == 0:
            return Bump()
        draw = np.random.default_rng((self.seed, self.run)).uniform
        published = Bump()
        return Bump(
            longitude=draw(0, 360),
            latitude=published.latitude + draw(-BUMP_LATITUDE_SPREAD, BUMP_LATITUDE_SPREAD),
            height=published.height * BUMP_FACTOR ** draw(-1, 1),
            alpha=published.alpha * BUMP_FACTOR ** draw(-1, 1),
            beta=published.beta * BUMP_FACTOR ** draw(-1, 1),
        )

    @property
    def file_name(self) -> str:
        """Name of the file with these frames, the same only for equal settings."""
        text = json.dumps([FORMAT_VERSION, asdict(self)], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"climate_{self.field}_{self.height}x{self.width}_run{self.run}_{key}.h5"

    def _check_choice(self, name: str, choices) -> None:
        if getattr(self, name) not in choices:
            raise InputError(
                f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}"
            )

    def _check_least(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be a whole number of at least {least}, got {value}")

    def _check_whole_steps(self, name: str, least: int) -> None:
        steps = getattr(self, name) * 3600 / self.time_step
        if steps < least or abs(steps - round(steps)) > 1e-6:
            near = max(least, round(steps)) * self.time_step / 3600
            raise InputError(
                f"{name} must be a whole number of steps of {self.time_step:g} s and at least "
                f"{least} of them, got {getattr(self, name):g} hours; {near:.9g} would do"
            )


@dataclass(frozen=True, eq=False)
class ClimateFrames:
    """Consecutive frames in [0, 1].

    Attributes:
        low: LR frames, float32, shape (T, h, w).
        high: HR frames, float32, shape (T, H, W).
        source: "generated", or the name of the published file.
        degradation: How the LR frames were made; "in the file" where they were read, and it does
            not say how.
        limits: Field values that 0 and 1 stand for; 0 and 1 where the file does not say.
        unit: Of the limits; "scaled" where the file does not say.
    """

    low: np.ndarray
    high: np.ndarray
    source: str
    degradation: str
    limits: tuple[float, float]
    unit: str


def simulate(settings: ClimateSettings) -> Iterator[tuple[float, np.ndarray]]:
    """Yields (hours, frame): float32, shape (height, width), in the field's unit."""
    solver = ShallowWater(settings.truncation, settings.time_step, settings.dtype)
    grid = RegularGrid(settings.truncation, settings.height, settings.width, dtype=settings.dtype)
    for hours, (vorticity, _, geopotential) in solver.run(
        solver.initial_state(settings.bump), settings.steps
    ):
        if settings.field == "vorticity":
            frame = 1e5 * grid.evaluate(vorticity[None])[0]
        else:
            departure = grid.evaluate(geopotential[None])[0] / shallow_water.GRAVITY
            frame = shallow_water.MEAN_DEPTH + departure
        yield hours, frame.astype(np.float32, copy=False)


def generate(
    settings: ClimateSettings,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Makes the file with these frames, unless the cache has it.

    The file is laid out as the published one: `train` (N, h, w, 1) and `label` (N, H, W, 1),
    float32; its attributes say how it was made. It appears under its name only when it is
    finished. One process at a time writes to a cache; others wait, and then find the file.

    Args:
        settings: What to make.
        cache: Folder for generated files, made if there is none.
        progress: Called with (frames done, frames in all) after each frame.

    Returns:
        The file's path.

    Raises:
        InputError: the folder cannot be written, the disk is full, the flow becomes unstable, or
            leaves the field's limits.
    """
    path = Path(cache) / settings.file_name
    if _is_finished(path, settings):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_writer(path.parent):
            if not _is_finished(path, settings):
                _remove_unfinished(path.parent)
                _write(settings, path, progress)
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {_reason(error)}; make its folder writable or free the disk"
        ) from error
    return path


def read(
    path: Path, frames: range | None = None, degradation: str = "bicubic", scale: int = 2
) -> ClimateFrames:
    """Reads frames from a published or a generated file; which one it is, its content says.

    * `train` and `label`, as in climate_data.h5 and in generated files: frames as they are.
    * `H_Field`, as in H_Field_Nl5.mat (MATLAB 7.3): transposed to (T, 318, 640) and scaled from
      [-10, 10] to [0, 1]; should a frame go beyond, from the generated vorticity's wider limits.

    Args:
        path: The file.
        frames: Which frames; only these are read. None: all, of `H_Field` the first 1000.
        degradation: How LR frames are made where the file has none.
        scale: HR size over LR size where the file has no LR frames.

    Raises:
        InputError: the file or its content is not as described; the text says what.
        ValueError: `frames` runs backwards.
    """
    path = Path(path)
    with _opened(path) as file:
        chosen = _check_frames(path, frames, *_counts(path, file))
        if MATRIX_NAME in file:
            high, limits = _read_matrix(path, file[MATRIX_NAME], chosen, scale)
            low = degrade(high, degradation, scale)
            unit = FIELDS["vorticity"].unit
            return ClimateFrames(low, high, path.name, degradation, limits, unit)
        _check_pair(path, file["train"], file["label"])
        low, high = _read_part(path, file["train"], chosen), _read_part(path, file["label"], chosen)
        _check_unit_range(path, high)
        said = file.attrs.get  # by generated files; the published ones say nothing
        return ClimateFrames(
            low,
            high,
            source=str(said("data_source", path.name)),
            degradation=str(said("degradation", "in the file")),
            limits=(float(said("field_minimum", 0)), float(said("field_maximum", 1))),
            unit=str(said("field_unit", "scaled")),
        )


def frame_count(path: Path) -> int:
    """How many frames `read` gives from a file when it is not asked for particular ones.

    Raises:
        InputError: the file cannot be read, or holds other datasets.
    """
    path = Path(path)
    with _opened(path) as file:
        return _counts(path, file)[1]


def split_as_run(total: int, source: str = "one run") -> dict[str, range]:
    """The published split of one run: training frames, validation frames, test frames.

    Of the last 120 frames the first 80 % train and the rest validates; 50 frames from frame 650 of
    1000 on are the test. With another total the test starts at the same fraction of it.

    Args:
        total: Frames of the run.
        source: What is split, for an error's text.

    Raises:
        InputError: the test would overlap the last 120 frames.
    """
    start = SPLIT_TEST_START * total // SPLIT_TOTAL
    last = total - SPLIT_LAST_FRAMES
    if start + SPLIT_TEST_FRAMES > last:
        raise InputError(
            f"the published split of {source} needs at least {_least_split_total()} frames, got "
            f"{total}; use a longer run"
        )
    train_end = last + round(SPLIT_TRAIN_SHARE * SPLIT_LAST_FRAMES)
    return {
        "train": range(last, train_end),
        "validation": range(train_end, total),
        "test": range(start, start + SPLIT_TEST_FRAMES),
    }


def _least_split_total() -> int:
    """The least total whose part after the test's start holds the test and the last frames."""
    reserved = SPLIT_TEST_FRAMES + SPLIT_LAST_FRAMES
    return (reserved - 1) * SPLIT_TOTAL // (SPLIT_TOTAL - SPLIT_TEST_START) + 1


def _write(
    settings: ClimateSettings, path: Path, progress: Callable[[int, int], None] | None
) -> None:
    # HDF5 crashes the whole process when the disk fills up under it. So it only says what to put
    # where, and all goes to the disk with plain writes, whose errors can be handled.
    pieces, train, label = _lay_out(settings)
    temporary = path.with_suffix(UNFINISHED)
    try:
        with open(temporary, "wb") as file:
            for start, data in pieces:
                file.seek(start)
                file.write(data)
            for index, (hours, frame) in enumerate(simulate(settings)):
                high = _scale_to_unit(frame, settings.field, hours)
                low = degrade(high, settings.degradation, settings.scale)
                for start, array in ((train, low), (label, high)):
                    data = array.astype(STORED_TYPE).tobytes()
                    file.seek(start + index * len(data))
                    file.write(data)
                if progress is not None:
                    progress(index + 1, settings.frames)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _lay_out(settings: ClimateSettings) -> tuple[list[tuple[int, bytes]], int, int]:
    """All of the HDF5 file but its arrays, and the places in it where `train` and `label` start."""
    frames, height, width, scale = (
        getattr(settings, name) for name in ("frames", "height", "width", "scale")
    )
    notes = _WriteNotes()
    with h5py.File(notes, "w") as file:
        file.attrs.update(_attributes(settings))
        train = _reserve(file, "train", (frames, height // scale, width // scale, 1))
        label = _reserve(file, "label", (frames, height, width, 1))
    return notes.pieces, train, label


def _reserve(file: h5py.File, name: str, shape: tuple[int, ...]) -> int:
    """Adds a dataset in one piece, without writing it; returns where in the file it starts."""
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    layout.set_obj_track_times(False)  # the same settings give the same bytes
    kind = h5py.h5t.py_create(np.dtype(STORED_TYPE))
    space = h5py.h5s.create_simple(shape)
    return h5py.h5d.create(file.id, name.encode(), kind, space, dcpl=layout).get_offset()


class _WriteNotes:
    """A file object that notes what is written to it, and where.

    HDF5 reserves gigabytes in it that take no memory.

    Attributes:
        pieces: (start in bytes, data) in the order of writing; later ones win where they overlap.
    """

    def __init__(self):
        self.pieces: list[tuple[int, bytes]] = []
        self._position = 0
        self._size = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        self._position = origin[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def write(self, data) -> int:
        self.pieces.append((self._position, bytes(data)))
        self._position += len(data)
        self._size = max(self._size, self._position)
        return len(data)

    def read(self, size: int) -> bytes:
        found = bytearray(size)
        for start, data in self.pieces:
            first = max(start, self._position)
            last = min(start + len(data), self._position + size)
            if first < last:
                here = first - self._position
                found[here : here + last - first] = data[first - start : last - start]
        self._position += size
        return bytes(found)

    def truncate(self, size: int) -> int:
        self._size = size
        return size

    def flush(self) -> None:
        pass


def _scale_to_unit(frame: np.ndarray, name: str, hours: float) -> np.ndarray:
    field = FIELDS[name]
    lowest, highest = float(frame.min()), float(frame.max())
    if lowest < field.minimum or highest > field.maximum:
        raise InputError(
            f"the {name} at hour {hours:.1f} spans {lowest:.5g} to {highest:.5g} {field.unit}, "
            f"beyond the limits {field.minimum:g} to {field.maximum:g}; use earlier hours"
        )
    return (frame - field.minimum) / (field.maximum - field.minimum)


def _attributes(settings: ClimateSettings) -> dict[str, object]:
    """How a generated file was made, each value under the name it has in the code."""
    field = FIELDS[settings.field]
    constants = ("GRAVITY", "EARTH_RADIUS", "ROTATION_RATE", "MEAN_DEPTH", "JET_SPEED", "JET_SOUTH")
    constants += ("JET_NORTH", "FILTER_STRENGTH", "FILTER_SHARE", "DAMPING_TIME", "DAMPING_ORDER")
    return {
        "data_source": GENERATED,
        "keras_vsr_version": keras_vsr.__version__,
        "format_version": FORMAT_VERSION,
        "layout": "train: LR, label: HR; row 0 is the equator, the last row the north pole",
        "field_unit": field.unit,
        "field_minimum": field.minimum,  # became 0
        "field_maximum": field.maximum,  # became 1
        **asdict(settings),
        **{f"bump_{name}": value for name, value in asdict(settings.bump).items()},
        **{name.lower(): getattr(shallow_water, name) for name in constants},
    }


def _is_finished(path: Path, settings: ClimateSettings) -> bool:
    """Whether the file is there and whole; a damaged one is made again."""
    try:
        return frame_count(path) == settings.frames
    except InputError:
        return False


def _remove_unfinished(folder: Path) -> None:
    """Removes what stopped processes left; there is no other kind while the folder is locked."""
    for left in folder.glob(f"*{UNFINISHED}"):
        left.unlink()


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Holds the folder's lock. The system lets go of it when the process ends, however it ends."""
    with open(folder / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Opens a file for reading; whatever HDF5 reports while it is open becomes an InputError."""
    if not os.path.isfile(path):  # Path.is_file() raises where a name is too long
        raise InputError(f"there is no file {path}; give the path of a climate data file")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", None):
            raise InputError(
                f"cannot read {path}: {_reason(error)}; check its permissions and the disk"
            ) from error
        raise InputError(
            f"{path} cannot be read as HDF5 ({_reason(error)}): it is damaged, cut short or of "
            "another format; fetch it again"
        ) from error


def _reason(error: OSError | RuntimeError) -> str:
    # The messages of HDF5 are long and full of internals; where the system has a name for what
    # happened, that is clearer.
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error).split("\n")[0]


def _counts(path: Path, file: h5py.File) -> tuple[int, int]:
    """Frames in the file, and frames that are read when none are asked for."""
    if isinstance(file.get(MATRIX_NAME), h5py.Dataset):
        _check_axes(path, file[MATRIX_NAME], 3)
        total = file[MATRIX_NAME].shape[0]
        return total, min(total, MATRIX_FRAMES)
    if all(isinstance(file.get(name), h5py.Dataset) for name in ("train", "label")):
        for name in ("train", "label"):
            _check_axes(path, file[name], 4)
        total = file["label"].shape[0]
        return total, total
    found = ", ".join(sorted(file)) or "nothing"
    raise InputError(
        f"{path} holds {found}; it must hold the datasets train and label, or {MATRIX_NAME}"
    )


def _check_axes(path: Path, dataset: h5py.Dataset, axes: int) -> None:
    name = dataset.name.lstrip("/")
    if dataset.ndim != axes or not np.issubdtype(dataset.dtype, np.floating):
        raise InputError(
            f"{name} in {path} has shape {dataset.shape} and type {dataset.dtype}; it must have "
            f"{axes} axes and hold floating-point numbers"
        )


def _check_frames(path: Path, frames: range | None, total: int, default: int) -> range:
    frames = range(default) if frames is None else frames
    if frames.step < 1:
        raise ValueError(f"frames must run forwards, got {frames}")
    if len(frames) < MINIMUM_FRAMES:
        raise InputError(
            f"{len(frames)} frames of {path} are too few; a window takes {MINIMUM_FRAMES}"
        )
    if frames[0] < 0 or frames[-1] >= total:
        raise InputError(
            f"{path} has frames 0 to {total - 1}, not frames {frames[0]} to {frames[-1]}"
        )
    return frames


def _check_pair(path: Path, train: h5py.Dataset, label: h5py.Dataset) -> None:
    scale = label.shape[1] // max(train.shape[1], 1)
    count, height, width, channels = train.shape
    if scale < 2 or channels != 1 or label.shape != (count, scale * height, scale * width, 1):
        raise InputError(
            f"label {label.shape} and train {train.shape} in {path} do not fit: label must have "
            "the same frames, a whole number of times larger, and both one channel"
        )


def _read_part(path: Path, dataset: h5py.Dataset, frames: range) -> np.ndarray:
    """Frames of `train` or `label`, float32, shape (T, H, W)."""
    part = dataset[frames.start : frames.stop : frames.step, ..., 0].astype(np.float32, copy=False)
    _check_numbers(path, dataset.name.lstrip("/"), part, frames)
    return part


def _read_matrix(
    path: Path, dataset: h5py.Dataset, frames: range, scale: int
) -> tuple[np.ndarray, tuple[float, float]]:
    """Frames of `H_Field` in [0, 1], float32, shape (T, H, W); and what 0 and 1 stand for."""
    _, width, height = dataset.shape
    if height % scale or width % scale:
        raise InputError(
            f"frames of {height}x{width} in {path} cannot be made {scale} times smaller; "
            f"both sizes must be multiples of {scale}"
        )
    matrix = np.empty((len(frames), height, width), np.float32)
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        part = frames[start : start + FRAMES_AT_ONCE]
        block = dataset[part.start : part.stop : part.step]
        _check_numbers(path, MATRIX_NAME, block, part)
        matrix[start : start + FRAMES_AT_ONCE] = block.transpose(0, 2, 1)
    lowest, highest = _matrix_limits(path, float(matrix.min()), float(matrix.max()))
    matrix -= lowest
    matrix /= highest - lowest
    return matrix, (lowest, highest)


def _matrix_limits(path: Path, lowest: float, highest: float) -> tuple[float, float]:
    """The narrowest of the known limits that hold all values.

    Not the values' own: two parts of one clip should be scaled alike.
    """
    wide = (FIELDS["vorticity"].minimum, FIELDS["vorticity"].maximum)
    for limits in (MATRIX_LIMITS, wide):
        if limits[0] <= lowest and highest <= limits[1]:
            return limits
    raise InputError(
        f"{MATRIX_NAME} in {path} spans {lowest:.5g} to {highest:.5g}; it must be a vorticity "
        f"between {wide[0]:g} and {wide[1]:g}, in 1e-5 1/s"
    )


def _check_numbers(path: Path, name: str, block: np.ndarray, frames: range) -> None:
    finite = np.isfinite(block).all(axis=(1, 2))
    if not finite.all():
        raise InputError(
            f"frame {frames[int(np.argmin(finite))]} of {name} in {path} holds NaN or infinity; "
            "mend the file or leave that frame out"
        )


def _check_unit_range(path: Path, high: np.ndarray) -> None:
    # LR frames are not checked: bicubic filtering may overshoot.
    if high.min() < 0 or high.max() > 1:
        raise InputError(
            f"label in {path} spans {high.min():.5g} to {high.max():.5g}; scale it to [0, 1]"
        )
