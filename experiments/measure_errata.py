"""The study of errata: trains the networks that a mistake touches with it and without it."""

from pathlib import Path

import keras
import numpy as np

from experiments import errata
from experiments.climate_data import PUBLISHED_SIZE, published_size_frames
from experiments.estimate import cost, seconds_for_multiply_add
from experiments.measure import measure_task
from experiments.outputs import SETTINGS, Outputs
from experiments.plan import Task, choose_studies, choose_tasks
from experiments.preset import Preset
from experiments.progress import Progress
from experiments.runner import PICTURE_HOUR, Runner, save_arrays
from experiments.studies import STUDIES
from experiments.study_data import StudyData, with_published_slip
from keras_vsr.data import climate
from keras_vsr.data.degrade import enlarge
from keras_vsr.data.errata import enlarge_sheared
from keras_vsr.errors import InputError
from keras_vsr.records import FILTER_COLUMNS, SCORE_COLUMNS
from keras_vsr.weights import load_mat
from keras_vsr.weights.initial import convolutions

# Errata together -> the models that are trained under them. The first one is none of them.
PLAN: dict[tuple[str, ...], tuple[str, ...]] = {
    (): (
        *("srcnn", "fsrcnn_2019", "srnet3d_raw", "srnet3d_processed"),
        *("2d_then_3d_raw", "2d_then_3d_processed", "parallel5", "delta"),
    ),
    ("E1",): ("srnet3d_raw",),
    ("E2",): ("srnet3d_raw", "srnet3d_processed"),
    ("E1", "E2"): ("srnet3d_raw",),
    ("E3",): ("srnet3d_raw", "delta"),
    ("E4",): ("srnet3d_raw",),
    ("E5",): ("fsrcnn_2019",),
    ("not E9",): ("parallel5",),
    ("E9",): ("parallel5",),
    ("E10",): ("delta",),
    ("not E11",): ("parallel5",),
    ("E13",): ("delta",),
    ("E14",): ("srcnn", "srnet3d_raw"),
    ("not E16",): ("srcnn",),
    ("E16",): ("srcnn",),
    ("E18",): ("fsrcnn_2019", "srnet3d_raw"),
    ("E5", "E18"): ("fsrcnn_2019",),
    tuple(name for name in errata.ERRATA if name in errata.AS_RUN): (
        *("srcnn", "fsrcnn_2019", "srnet3d_raw", "srnet3d_processed"),
        *("2d_then_3d_raw", "2d_then_3d_processed", "parallel5", "delta"),
    ),
}
# On a clip: those in the data, and in the networks that are trained on frames alone.
ON_CLIP = {
    (): ("fsrcnn_2019", "srnet3d_raw"),
    **{(name,): ("srnet3d_raw",) for name in ("E1", "E2", "E3", "E4", "E14")},
    ("E1", "E2"): ("srnet3d_raw",),
    ("E18",): ("fsrcnn_2019", "srnet3d_raw"),
}
FILES = {"climate": "errata_", "clip": "errata_clip_"}  # begin the names of the study's files
SHEARED_FRAME = "frames_errata_e1.npz"
SHARED_SETTINGS = tuple(name for name in SETTINGS if name != "errata")
SRCNN_FIRST = "srcnn_extract"
SRCNN_WEIGHTS = {"E16": "9-1-5_imagenet_x3.mat", "not E16": "9-1-5_91_x2.mat"}


def measure_errata(
    data: StudyData,
    preset: Preset,
    seed: int,
    outputs: Outputs,
    models: list[str],
    reference: Path,
    cache: Path,
) -> None:
    """Goes through the plan; what is stored from an earlier start is not done again.

    Args:
        data: Of the run.
        preset: Sizes and epochs.
        seed: Of weights and order.
        outputs: Where rows and states go.
        models: Only these; none takes all.
        reference: Folder of the published weights that E16 starts from; it is left out without.
        cache: Folder of generated files.

    Raises:
        InputError: no model of the study has a name given.
    """
    preset = preset.within("errata")
    wanted = PLAN if data.dataset == "climate" else ON_CLIP
    files = FILES[data.dataset]
    if data.dataset == "climate":
        data = with_published_slip(data)
    known = list(dict.fromkeys(model for names in wanted.values() for model in names))
    for name in models:
        if name not in known:
            raise InputError(f"no model is called {name!r} here; there are {', '.join(known)}")
    studies = choose_studies([])
    plan = {}
    for names, touched in wanted.items():
        asked = [model for model in touched if not models or model in models]
        if set(names) & set(SRCNN_WEIGHTS) and not _srcnn_file(reference, names[0]).exists():
            print(f"{names[0]}: skipped, no {_srcnn_file(reference, names[0])}; give --reference")
            asked = []
        if asked:
            plan[frozenset(names)] = choose_tasks(studies, asked, variants=("plain",))
    costs = [
        cost(preset, task, data.splits).total_multiply_adds
        for tasks in plan.values()
        for task in tasks
    ]
    if data.dataset == "climate":
        save_arrays(outputs.measured / SHEARED_FRAME, sheared_frame(cache))
    progress = Progress(costs, seconds_for_multiply_add())
    right: dict[str, keras.Model] = {}
    for switched_on, tasks in plan.items():
        start = starting_from(reference)
        runner = Runner(
            data, preset, seed, outputs.backend, outputs.state, False, switched_on, start
        )
        rows = runner.interpolation_rows("climate_2019")
        outputs.merge(f"{files}scores", SCORE_COLUMNS, rows, SHARED_SETTINGS)
        for task in tasks:
            measure_task(task, runner, progress, outputs, files, SHARED_SETTINGS)
            if not (task.asked and task.job.network):
                continue
            model = runner.trained(task)
            if not switched_on:
                right[task.job.model] = model
            else:
                row = filter_row(runner, task, right[task.job.model], model)
                outputs.merge(f"{files}filters", FILTER_COLUMNS, [row], SHARED_SETTINGS)


def sheared_frame(cache: Path) -> dict[str, np.ndarray]:
    """The frame that is drawn: as it is, enlarged, and enlarged as the 2019 program did.

    Of the published size, whatever the preset's: with frames exactly twice as wide as high the
    rows do not slip, and the picture only appears twice.
    """
    field = climate.FIELDS[PUBLISHED_SIZE.field]
    clip = published_size_frames(cache)
    hours = PUBLISHED_SIZE.first_hour + PUBLISHED_SIZE.hours_between * np.arange(len(clip.high))
    frame = int(np.argmin(np.abs(hours - PICTURE_HOUR)))
    low = clip.low[frame]
    return {
        "high": clip.high[frame],
        "bicubic": enlarge(low, "bicubic"),
        "sheared": enlarge_sheared(low, "nearest"),
        "hour": np.array(f"{hours[frame]:g}"),
        "units": np.array(field.unit),
        "limits": np.array((field.minimum, field.maximum)),
    }


def starting_from(reference: Path):
    """What gives networks the first weights that E9 and E16 are about; see `Runner`."""

    def start(runner: Runner, task: Task, model: keras.Model) -> None:
        on = errata.touching(runner.switched_on, task.job.model)
        if on & {"E9", "not E9"}:
            (fsrcnn,) = (
                one
                for one in choose_tasks([STUDIES["climate_2019"]], ["fsrcnn_2019"], ("plain",))
                if one.job.model == "fsrcnn_2019"
            )
            kernel, bias = runner.trained(fsrcnn).get_layer("fsrcnn_2019_extract").get_weights()
            if "E9" in on:  # (5, 5, 1, 32) read as (32, 1, 5, 5), which torch has as out, in, h, w
                kernel = kernel.reshape(32, 1, 5, 5).transpose(2, 3, 1, 0)
            for frame in (1, 2, 3, 4, 5):
                model.get_layer(f"frame{frame}_stem").set_weights([kernel, bias])
        for name in on & set(SRCNN_WEIGHTS):
            load_mat(model, _srcnn_file(reference, name))
            model.get_layer(SRCNN_FIRST).trainable = name != "E16"

    return start


def filter_row(
    runner: Runner, task: Task, right: keras.Model, wrong: keras.Model
) -> dict[str, object]:
    """How far the first layer's learned filters are from those learned without the erratum."""
    (path, one), (_, other) = (next(convolutions(model)) for model in (right, wrong))
    kernels = [keras.ops.convert_to_numpy(layer.kernel) for layer in (one, other)]
    cosine = None
    if kernels[0].shape == kernels[1].shape:
        flat = [kernel.reshape(-1, kernel.shape[-1]).astype(np.float64) for kernel in kernels]
        norms = np.linalg.norm(flat[0], axis=0) * np.linalg.norm(flat[1], axis=0)
        cosine = float(np.mean(np.sum(flat[0] * flat[1], axis=0)[norms > 0] / norms[norms > 0]))
    on = errata.label(runner.switched_on)
    return {
        "row": f"{task.study}/{task.job.model}/{task.variant}/{path}/{runner.backend}/{on}",
        "study": task.study,
        "model": task.job.model,
        "variant": task.variant,
        "errata": on,
        "data_source": runner.data.data_source,
        "protocol": runner.data.protocol,
        "layer": path,
        "shape": "x".join(str(size) for size in kernels[1].shape),
        "mean_cosine": cosine,
        **runner.shared,
        "precision": "float32",
    }


def _srcnn_file(reference: Path, name: str) -> Path:
    return reference / "srcnn_authors" / SRCNN_WEIGHTS[name]
