"""Trains and scores the networks of a plan, each step stored when it is done."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import keras
import numpy as np

import keras_vsr
from experiments import errata
from experiments.plan import Task, choose_tasks, trained_on
from experiments.preset import Preset
from experiments.studies import STUDIES
from experiments.study_data import StudyData
from keras_vsr import metrics
from keras_vsr.data.clips import Pair
from keras_vsr.data.errata import FRAMES_LATE, enlarge_sheared
from keras_vsr.environment import context, package_version
from keras_vsr.errors import InputError
from keras_vsr.evaluation.score import INTERPOLATIONS, interpolate, middle, scores
from keras_vsr.inference.predict import predict_clip
from keras_vsr.models import NETWORKS, build
from keras_vsr.records import SCORE_COLUMNS, read_rows, write_bytes, write_rows
from keras_vsr.training.checkpoint import Checkpoint
from keras_vsr.training.fit import compile_model, fit
from keras_vsr.training.precision import precision
from keras_vsr.training.recipe import RECIPES, Recipe
from keras_vsr.training.samples import Epochs, Samples
from keras_vsr.training.validation import Held
from keras_vsr.weights.initial import initialise
from keras_vsr.window import BORDER

SPLITS_SCORED = ("validation", "test")
CLIP_FRAMES = 9  # of the clips that a network of clips is trained on: five frames come out of them
CHECKPOINT, SCORES, PICTURE = "checkpoint.npz", "scores.csv", "picture.npy"  # in a task's folder
# Programs beside the package that results depend on.
PROGRAMS = (
    *("runner.py", "errata.py", "measure_errata.py", "study_data.py"),
    *("clip_data.py", "video_data.py", "phantom_data.py", "diamond_data.py"),
)
PICTURE_HOUR = 126  # the test frame that is drawn: the moment of the published picture


class Runner:
    """The networks of a run on one backend.

    Args:
        data: Clips of each split.
        preset: Sizes and epochs.
        seed: Of the weights and of the order of samples.
        backend: The backend that Keras has loaded.
        folder: Where each task keeps its state and its rows.
        mixed: Whether recipes published with mixed precision are run with it.
        switched_on: Mistakes of the published programs to reproduce, keys of `errata.ERRATA`.
        start: Gives a new network other first weights; which ones, `switched_on` must say.
    """

    def __init__(
        self,
        data: StudyData,
        preset: Preset,
        seed: int,
        backend: str,
        folder: Path,
        mixed: bool = False,
        switched_on: frozenset[str] = frozenset(),
        start: Callable[["Runner", Task, keras.Model], None] | None = None,
    ):
        self.data = data
        self.switched_on = switched_on
        self.start = start
        self.mixed = mixed
        self.preset = preset
        self.seed = seed
        self.backend = backend
        self.folder = folder
        self.shared = context(preset=preset.name, seed=seed, precision="", backend=backend)
        self.picture = self._picture_frame()
        self._enlarged: dict[str, list[dict[str, np.ndarray]]] = {}
        self._bicubic: dict[tuple[str, str], float] = {}
        self._states: dict[str, Checkpoint] = {}
        self._models: dict[str, keras.Model] = {}
        self._kept: dict[tuple[str, ...], list[np.ndarray]] = {}  # what other networks go on from

    def enlarged(self, split: str) -> list[dict[str, np.ndarray]]:
        """The clips of a split, enlarged in each way of interpolation."""
        if split not in self._enlarged:
            pairs = self.data.splits[split]
            self._enlarged[split] = [interpolate(pair.low, pair.scale) for pair in pairs]
        return self._enlarged[split]

    # What a task is made of

    def recipe(self, task: Task) -> Recipe:
        recipe = errata.changed_recipe(self.switched_on, task.job, RECIPES[task.job.recipe])
        if self.mixed and recipe.published_mixed:
            return replace(recipe, precision="mixed_float16")
        return recipe

    def network(self, task: Task) -> keras.Model:
        """The network of a task with its first weights, compiled."""
        recipe = self.recipe(task)
        name, arguments = errata.network(self.switched_on, task.job)
        with precision(recipe.precision):
            model = build(name, residual=task.variant == "residual", **arguments)
            initialise(model, self.seed, recipe.initial)
            if self.start:
                self.start(self, task, model)
            compile_model(model, recipe)
        return model

    def place(self, task: Task) -> Path:
        """The task's folder; its name changes with whatever its results depend on."""
        depends = {
            "code": source_digest(),
            "keras": package_version("keras"),
            "backend": (self.backend, self.shared["backend_version"]),
            "data": self.data.identity,
            "protocol": self.data.protocol,
            "seed": self.seed,
            "scored_frames": self.preset.scored(task.job.model, task.study),
            "chain": [
                {
                    "network": errata.network(self.switched_on, link.job),
                    "errata": errata.label(errata.touching(self.switched_on, link.job.model)),
                    "recipe": asdict(self.recipe(link)),
                    "size": asdict(self.preset.size(link.job.model, link.study)),
                }
                for link in task.chain
            ],
        }
        text = json.dumps(depends, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return self.folder / f"{task.study}-{task.job.model}-{task.variant}-{digest}"

    # Training

    def epochs(self, task: Task) -> int:
        """Most epochs of the task's own network; 0 where it trains none."""
        if not task.job.network:
            return 0
        return self.preset.size(task.job.model, task.study).epochs or self.recipe(task).epochs

    def epochs_stored(self, task: Task) -> int:
        """Epochs of the task's own network that earlier starts have left."""
        checkpoint = self.place(task) / CHECKPOINT
        if not task.job.network or not checkpoint.exists():
            return 0
        return len(Checkpoint.load(checkpoint).history)

    def is_scored(self, task: Task) -> bool:
        """Whether an earlier start has left the task's rows."""
        return (self.place(task) / SCORES).exists()

    def order(self, task: Task) -> Epochs:
        """The batches that the task's own network is trained on."""
        size = self.preset.size(task.job.model, task.study)
        return Epochs(
            self.samples(task, "train"),
            batch_size=self.recipe(task).batch_size,
            seed=self.seed,
            patch=size.patch,
            patches=size.patches,
            limit=size.samples,
        )

    def samples(self, task: Task, split: str) -> Samples:
        """What the task's own network is given, with its truth."""
        given = self._given(task.chain, split)
        truth = [pair.high for pair in self.data.splits[split]]
        shortest = min(len(clip) for clip in given)
        return Samples(
            given,
            _like(given, truth),
            NETWORKS[task.job.network].takes,
            clip_frames=min(CLIP_FRAMES, shortest),
            border=NETWORKS[task.job.network].border,
            late=self._late(task),
        )

    def train(self, task: Task, on_epoch: Callable[[dict], None] = lambda row: None) -> Checkpoint:
        """Trains the task's own network, or goes on where it was; at once if it is trained."""
        if task.title not in self._states:
            checkpoint = self.place(task) / CHECKPOINT
            state = Checkpoint.load(checkpoint) if checkpoint.exists() else None
            if not (state and state.finished):
                recipe, model = self.recipe(task), self.network(task)
                count = self.preset.scored(task.job.model, task.study)
                state = fit(
                    model,
                    self.order(task),
                    recipe,
                    train=Held(self.samples(task, "train"), count, recipe.intensity),
                    validation=Held(self.samples(task, "validation"), count, recipe.intensity),
                    epochs=self.epochs(task),
                    checkpoint=checkpoint,
                    on_epoch=on_epoch,
                )
                self._models[task.title] = model
            self._states[task.title] = state
        return self._states[task.title]

    def trained(self, task: Task) -> keras.Model:
        """The task's own network with the weights of its best epoch."""
        state = self.train(task)
        if task.title not in self._models:
            self._models[task.title] = self.network(task)
            self._models[task.title].set_weights(state.best)
        return self._models[task.title]

    def outputs(self, links: list[Task], split: str) -> list[np.ndarray]:
        """What the networks of a chain make, one after the other, of each clip of a split."""
        key = (split, *(link.title for link in links))
        if key in self._kept:
            return self._kept[key]
        last = links[-1]
        model, intensity = self.trained(last), self.recipe(last).intensity
        takes = NETWORKS[last.job.network].takes
        made = [
            predict_clip(model, takes, clip, intensity=intensity)
            for clip in self._given(links, split)
        ]
        if any(last.job.model in job.after for job in STUDIES[last.study].jobs):
            self._kept[key] = made
        return made

    def _given(self, links: list[Task], split: str) -> list[np.ndarray]:
        """What the last network of a chain is given: one array (T, a, b) for each clip."""
        *before, last = links
        if before:
            return self.outputs(before, split)
        if NETWORKS[last.job.network].enlarged:
            return self.raw(split, errata.touching(self.switched_on, last.job.model))
        return [pair.low for pair in self.data.splits[split]]

    def raw(self, split: str, switched_on: frozenset[str]) -> list[np.ndarray]:
        """The enlarged clips of a split that a network is given under some errata."""
        way = "nearest" if "E14" in switched_on else "bicubic"
        if "E1" in switched_on:
            pairs = self.data.splits[split]
            return [enlarge_sheared(pair.low, way, pair.scale) for pair in pairs]
        return [ways[way] for ways in self.enlarged(split)]

    def _late(self, task: Task) -> int:
        """Frames by which the truth that a task is trained and scored against comes after the
        middle frames of its windows."""
        late = any("E2" in errata.touching(self.switched_on, link.job.model) for link in task.chain)
        takes = NETWORKS[task.chain[-1].job.network].takes
        return FRAMES_LATE if late and takes != "frame" else 0

    # Rows

    def score_rows(self, task: Task) -> list[dict[str, object]]:
        """The task's score rows, read where they are stored, else made and stored."""
        stored = self.place(task) / SCORES
        if stored.exists():
            return [self._labelled(row) for row in read_rows(stored, SCORE_COLUMNS)]
        chain = task.chain
        frame = self.data.splits["train"][0].high.shape[1:]
        shared = {
            "study": task.study,
            "model": task.job.model,
            "variant": task.variant,
            "parameters": sum(self.trained(link).count_params() for link in chain),
            "trained_on": trained_on(self.preset, task, *frame),
            "epochs": len(self.train(chain[-1]).history),
            "best_epoch": self.train(chain[-1]).best_epoch,
            **self._context(task),
        }
        ends = {"output": len(chain)}
        ends |= {stage: end for end, stage in enumerate(task.job.stages, start=1)}
        late = self._late(task)
        rows = []
        for split in SPLITS_SCORED:
            for stage, end in ends.items():
                made = self.outputs(chain[:end], split)
                behind = late if stage == "output" else 0
                rows += self._rows(made, split, shared | {"stage": stage}, behind)
                if behind:  # and as it should have been scored
                    rows += self._rows(made, split, shared | {"stage": "against_middle"})
                if split == "test" and stage == "output":
                    self._store_picture(task, made)
        write_rows(stored, SCORE_COLUMNS, rows)
        return rows

    def interpolation_rows(self, study: str) -> list[dict[str, object]]:
        """Rows of nearest, bilinear and bicubic enlargement, on the same frames as the networks."""
        empty = dict.fromkeys(("parameters", "trained_on", "epochs", "best_epoch"))
        exact = self.shared | {"precision": "float64"}  # of the sums; no network is involved
        rows = []
        for name in INTERPOLATIONS:
            shared = {"study": study, "model": name, "variant": "interpolation", "stage": "output"}
            for split in SPLITS_SCORED:
                made = [ways[name] for ways in self.enlarged(split)]
                rows += self._rows(made, split, shared | empty | exact)
        on = errata.touching(self.switched_on, errata.RAW[0])
        if on:  # the published "raw" rows: what the 3D network is given, scored as it is scored
            shared = {"study": study, "model": "raw", "variant": "interpolation", "stage": "output"}
            late = FRAMES_LATE if "E2" in on else 0
            for split in SPLITS_SCORED:
                made = [middle(clip) for clip in self.raw(split, on)]
                rows += self._rows(made, split, shared | empty | exact, late)
        return rows

    def epoch_rows(self, task: Task) -> list[dict[str, object]]:
        """One row for each epoch of the task's own training."""
        if not task.job.network:
            return []
        bicubic = self._bicubic_validation(task)
        return [
            {
                "row": self._key(task.study, task.job.model, task.variant, str(row["epoch"])),
                "study": task.study,
                "model": task.job.model,
                "variant": task.variant,
                "data_source": self.data.data_source,
                "protocol": self.data.protocol,
                "errata": errata.label(self.switched_on),
                "bicubic_validation_psnr_db": bicubic,
                **row,
                **self._context(task),
            }
            for row in self.train(task).history
        ]

    def stage_row(self, task: Task, seconds: float) -> dict[str, object]:
        """How long a task took, from its first epoch to its last score."""
        return {
            "row": self._key(task.study, task.job.model, task.variant),
            "study": task.study,
            "model": task.job.model,
            "variant": task.variant,
            "data_source": self.data.data_source,
            "protocol": self.data.protocol,
            "errata": errata.label(self.switched_on),
            "seconds": seconds,
            **self._context(task),
        }

    def picture_arrays(self, study: str) -> dict[str, np.ndarray]:
        """The test frame that is drawn: LR, bicubic, HR and what each scored network of the study
        made of it."""
        clip, frame = self.picture
        pair = self.data.splits["test"][clip]
        arrays = {
            "low": pair.low[frame + 2],
            "high": middle(pair.high)[frame],
            "bicubic": middle(self.enlarged("test")[clip]["bicubic"])[frame],
        }
        for task in choose_tasks([STUDIES[study]], []):
            stored = self.place(task) / PICTURE
            if stored.exists():
                arrays[f"{task.job.model}/{task.variant}"] = load_array(stored)
        hours = self.data.test_hours
        arrays["dataset"] = np.array(self.data.dataset)
        arrays["data_source"] = np.array(pair.source)
        arrays["hour"] = np.array(f"{hours[frame + 2]:g}" if len(hours) else "")
        arrays["field"] = np.array(self.data.field)
        arrays["units"] = np.array(self.data.units)
        arrays["limits"] = np.array(self.data.limits)
        return arrays

    def _key(self, *labels: str) -> str:
        """A row's key; errata that were switched on stand behind."""
        on = errata.label(self.switched_on)
        return "/".join((*labels, self.backend, *([on] if on else [])))

    def _labelled(self, row: dict[str, str]) -> dict[str, str]:
        """A stored row with all errata of this run: those that do not touch its network may have
        been others when it was made."""
        labels = ("study", "model", "variant", "stage", "split", "area")
        key = self._key(*(row[name] for name in labels))
        return row | {"row": key, "errata": errata.label(self.switched_on)}

    def _context(self, task: Task) -> dict[str, object]:
        """The shared columns of a task's rows."""
        return self.shared | {"precision": self.recipe(task.chain[-1]).precision}

    def _rows(
        self, made: list[np.ndarray], split: str, shared: dict, late: int = 0
    ) -> list[dict[str, object]]:
        """One row for each area that outputs of this size have; with `late`, the outputs of windows
        are compared with frames that come so much later."""
        pairs = self.data.splits[split]
        whole = all(len(clip) == pair.frames for clip, pair in zip(made, pairs, strict=True))
        parts = {"middle": [middle(clip) for clip in made] if whole else _cropped(made, pairs)}
        truths = {"middle": [middle(pair.high) for pair in pairs]}
        if whole:
            parts["whole"], truths["whole"] = made, [pair.high for pair in pairs]
        if late:
            parts["middle"] = [clip[:-late] for clip in parts["middle"]]
            truths["middle"] = [clip[late:] for clip in truths["middle"]]
        rows = []
        for area, clips in parts.items():
            truth, estimate = np.concatenate(truths[area]), np.concatenate(clips)
            values = scores(truth, estimate)
            bicubic = self._bicubic_psnr(split, area)
            labels = (shared["study"], shared["model"], shared["variant"], shared["stage"])
            rows.append(
                {
                    "row": self._key(*labels, split, area),
                    **shared,
                    "dataset": self.data.dataset,
                    "data_source": self.data.data_source,
                    "protocol": self.data.protocol,
                    "errata": errata.label(self.switched_on),
                    "degradation": self.data.degradation,
                    "scale": pairs[0].scale,
                    "split": split,
                    "area": area,
                    "frames": len(truth),
                    "height": truth.shape[1],
                    "width": truth.shape[2],
                    **values,
                    "bicubic_psnr_db": bicubic,
                    "gain_over_bicubic_db": values["psnr_db"] - bicubic,
                }
            )
        return rows

    def _bicubic_psnr(self, split: str, area: str) -> float:
        if (split, area) not in self._bicubic:
            cut = middle if area == "middle" else np.asarray
            truth = np.concatenate([cut(pair.high) for pair in self.data.splits[split]])
            made = np.concatenate([cut(ways["bicubic"]) for ways in self.enlarged(split)])
            self._bicubic[split, area] = metrics.psnr(truth, made, data_range=1.0)
        return self._bicubic[split, area]

    def _bicubic_validation(self, task: Task) -> float:
        """PSNR of bicubic enlargement on the very frames that each epoch is scored on."""
        samples = self.samples(task, "validation")
        enlarged = [ways["bicubic"] for ways in self.enlarged("validation")]
        bicubic = replace(samples, targets=_like(samples.inputs, enlarged))
        count = self.preset.scored(task.job.model, task.study)
        truth, made = (Held(one, count, 1.0).truth for one in (samples, bicubic))
        return metrics.psnr(truth, made, data_range=1.0)

    def _picture_frame(self) -> tuple[int, int]:
        """(clip, frame among the middle ones) of the picture."""
        middle_frames = self.data.splits["test"][0].frames - 4
        hours = self.data.test_hours
        if not len(hours):
            return 0, middle_frames // 2
        return 0, int(np.argmin(np.abs(hours[2 : 2 + middle_frames] - PICTURE_HOUR)))

    def _store_picture(self, task: Task, made: list[np.ndarray]) -> None:
        clip, frame = self.picture
        outputs = made[clip]
        if len(outputs) == self.data.splits["test"][clip].frames:
            outputs = middle(outputs)
        buffer = io.BytesIO()
        np.save(buffer, outputs[frame])
        write_bytes(self.place(task) / PICTURE, buffer.getvalue())


@cache
def source_digest(programs: tuple[str, ...] = PROGRAMS) -> str:
    """A digest of the code that results depend on: what an older version stored is not used."""
    package = Path(keras_vsr.__file__).parent
    digest = hashlib.sha256()
    for name in programs:
        digest.update((Path(__file__).parent / name).read_bytes())
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] != "reporting":
            digest.update(path.read_bytes())
    return digest.hexdigest()


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes an .npz file whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def load_array(path: Path) -> np.ndarray:
    """Reads an .npy file.

    Raises:
        InputError: it is damaged.
    """
    try:
        with open(path, "rb") as file:  # np.load leaves a damaged file open
            return np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path} is damaged or cut short; delete its folder to train anew"
        ) from error


def _cropped(made: list[np.ndarray], pairs: list[Pair]) -> list[np.ndarray]:
    """Outputs of windows without the pixels that other networks of windows lack."""
    cut = slice(BORDER, -BORDER)
    return [
        clip[:, cut, cut] if clip.shape[1:] == pair.high.shape[1:] else clip
        for clip, pair in zip(made, pairs, strict=True)
    ]


def _like(given: list[np.ndarray], truth: list[np.ndarray]) -> list[np.ndarray]:
    """The truth of what was given: its middle part where a 3D network has gone before."""
    return [
        middle(frames) if len(part) < len(frames) else frames
        for part, frames in zip(given, truth, strict=True)
    ]
