"""The space-time study: streams, refinement, fusion and joint training, one after the other.

The rows are those of supplement Table S2, with the streams alone of Table S1, and interpolation
beside them. Every step goes on where it was.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from functools import partial
from operator import itemgetter
from pathlib import Path

import keras
import numpy as np

from experiments.estimate import BACKWARD, Cost, seconds_for_multiply_add
from experiments.measure_flow import cut_short
from experiments.outputs import SETTINGS, Outputs
from experiments.plan import VARIANTS
from experiments.preset import ClipSize, Preset
from experiments.progress import Progress
from experiments.runner import CHECKPOINT, save_arrays, source_digest
from experiments.studies.space_time import STEPS, Step
from experiments.triplet_data import DEGRADATION, SCALE, Triplets, prepare_triplets
from keras_vsr.data.degrade import enlarge
from keras_vsr.environment import context, package_version
from keras_vsr.evaluation.cost import multiply_adds
from keras_vsr.evaluation.score import INTERPOLATIONS, scores
from keras_vsr.layers import Warp
from keras_vsr.models.dual_stream import dual_stream
from keras_vsr.models.flow import flow_network
from keras_vsr.models.superslomo import superslomo
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, STAGE_COLUMNS
from keras_vsr.training.checkpoint import Checkpoint
from keras_vsr.training.dual_stream import STAGES, DualStreamTrainer, compile_stage
from keras_vsr.training.fit import fit
from keras_vsr.training.flow import FlowRecipe, train_flow
from keras_vsr.training.triplet_samples import HeldTriplets, TripletEpochs
from keras_vsr.weights.initial import initialise

STUDY = "space_time"
# Its score rows are of several sources: those of the test beside that of the training.
SHARED_SETTINGS = tuple(name for name in SETTINGS if name != "data_source")
PROTOCOL = "as_described"  # no test triplet is of a clip that was trained on, but for the turn's
# Programs beside the package that results depend on.
PROGRAMS = ("measure_space_time.py", "triplet_data.py", "studies/space_time.py")


def measure_space_time(preset: Preset, options: argparse.Namespace, outputs: Outputs) -> None:
    """Goes through the study; steps that are stored from an earlier start are not done again.

    Args:
        preset: Sizes and epochs.
        options: Of the program: seed, testdata, video, vimeo90k, ucf101.
        outputs: Where rows and states go.

    Raises:
        InputError: what was given cannot be used.
    """
    size = preset.clip("triplets")
    splits = prepare_triplets(size, options.seed, options)
    study = SpaceTime(splits, preset, size, options.seed, outputs)
    counts = {split: sum(len(one.low) for one in many) for split, many in splits.items()}
    costs = [step_cost(preset, step, counts).total_multiply_adds for step in STEPS]
    study.measure(Progress(costs * len(VARIANTS), seconds_for_multiply_add()))


def build_network(preset: Preset, step: Step, *, residual: bool) -> keras.Model:
    """The network of a step, as wide as the preset says."""
    widths = preset.space_time
    return dual_stream(
        temporal=partial(superslomo, filters=widths.temporal),
        fusion=step.fusion,
        refinement=step.refinement,
        fusion_filters=widths.fusion,
        refinement_filters=widths.refinement,
        scale=SCALE,
        residual=residual,
    )


def step_cost(preset: Preset, step: Step, counts: dict[str, int]) -> Cost:
    """The cost of a step, from shapes alone: nothing is trained.

    Args:
        preset: Sizes and epochs.
        step: The step.
        counts: Triplets of each split.
    """
    size, frame = preset.size(step.stage, STUDY), preset.clip("triplets")
    network = build_network(preset, step, residual=False)
    shape = (1, 2, frame.height // SCALE, frame.width // SCALE, 1)
    each = multiply_adds(network, shape)
    recipe = STAGES[step.stage].recipe
    epochs = size.epochs or recipe.epochs
    used = min(counts["train"], size.samples or counts["train"])
    pixels = frame.height * frame.width
    share = size.patches * size.patch**2 / pixels if size.patch else 1.0
    scored = min(preset.scored_frames or counts["train"], counts["train"])
    training = used * share * (1 + BACKWARD) + 2 * scored
    rows = len(step.rows) * (counts["validation"] + counts["test"])
    return Cost(
        parameters=network.count_params(),
        trained_on=size.trained_on(frame.height, frame.width),
        samples=counts["train"],
        steps=max(1, used // recipe.batch_size),
        epochs=epochs,
        frame_multiply_adds=each,
        total_multiply_adds=round((training * epochs + rows) * each),
    )


class SpaceTime:
    """The study on one backend.

    Attributes:
        picture: Arrays of the triplet that is drawn, as in `Runner.picture_arrays`.

    Args:
        splits: Triplets of each split.
        preset: Epochs.
        size: Of the triplets, for what is stored.
        seed: Of weights and order.
        outputs: Where rows and states go.
    """

    def __init__(
        self,
        splits: dict[str, list[Triplets]],
        preset: Preset,
        size: ClipSize,
        seed: int,
        outputs: Outputs,
    ):
        self.splits, self.preset, self.size = splits, preset, size
        self.seed, self.outputs = seed, outputs
        self.shared = context(
            preset=preset.name, seed=seed, precision="float32", backend=outputs.backend
        )
        self.train_on = splits["train"][0]
        self.picture = picture_arrays(splits["test"][0])

    def measure(self, progress: Progress) -> None:
        """Goes through the steps of both variants, and writes the rows."""
        sources = {one.source for many in self.splits.values() for one in many}
        self.outputs.forget("scores", SCORE_COLUMNS, STUDY, but=sources)
        self.outputs.merge("scores", SCORE_COLUMNS, self.interpolation_rows(), SHARED_SETTINGS)
        for variant in VARIANTS:
            trained: dict[str, DualStreamTrainer] = {}
            for step in STEPS:
                progress.start(f"{STUDY} {step.name} {variant}")
                whole = not (self.place(step, variant) / CHECKPOINT).exists()
                trained[step.name], history = self.train(step, variant, trained, progress)
                rows = self.score_rows(step, variant, trained[step.name], history)
                self.outputs.merge("scores", SCORE_COLUMNS, rows, SHARED_SETTINGS)
                self.outputs.merge("epochs", EPOCH_COLUMNS, self.epoch_rows(step, variant, history))
                best = max(
                    (row for row in rows if row["split"] == "test"), key=itemgetter("psnr_db")
                )
                seconds = progress.finish(
                    f"test {best['psnr_db']:.2f} dB, "
                    f"{best['gain_over_bicubic_db']:+.2f} dB over bicubic",
                    timed=whole,
                )
                if whole:
                    row = self.stage_row(step, variant, seconds)
                    self.outputs.merge("stages", STAGE_COLUMNS, [row])
        name = f"frames_{self.outputs.backend}_{STUDY}.npz"
        save_arrays(self.outputs.measured / name, self.picture)

    def network(self, step: Step, variant: str) -> keras.Model:
        """The network of a step with its first weights."""
        model = build_network(self.preset, step, residual=variant == "residual")
        initialise(model, self.seed)
        return model

    def train(
        self,
        step: Step,
        variant: str,
        trained: dict[str, DualStreamTrainer],
        progress: Progress,
    ) -> tuple[DualStreamTrainer, list[dict[str, float]]]:
        """A step's network, trained or as it was stored, and a row an epoch.

        Args:
            step: The step.
            variant: "plain" or "residual".
            trained: The networks of the steps before it, by the names of the steps.
            progress: Told of every epoch.
        """
        network = self.network(step, variant)
        if step.after:
            before = {layer.name: layer for layer in trained[step.after].network.layers}
            for layer in network.layers:
                if layer.name in before and layer.weights:
                    layer.set_weights(before[layer.name].get_weights())
        trainer = DualStreamTrainer(network, name=f"{network.name}_trainer")
        stage = STAGES[step.stage]
        compile_stage(trainer, stage)
        size = self.preset.size(step.stage, STUDY)
        order = TripletEpochs(
            self.train_on.low,
            self.train_on.high,
            stage.recipe.batch_size,
            self.seed,
            patch=size.patch,
            patches=size.patches,
            limit=size.samples,
        )
        epochs = size.epochs or stage.recipe.epochs
        checkpoint = self.place(step, variant) / CHECKPOINT
        before = len(Checkpoint.load(checkpoint).history) if checkpoint.exists() else 0

        def on_epoch(row: dict) -> None:
            done = row["epoch"] - before
            progress.update(
                f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.3g}  "
                f"validation {row['validation_psnr_db']:.2f} dB  {row['seconds']:.1f} s",
                done / (done + epochs - row["epoch"]),
            )

        state = fit(
            trainer,
            order,
            stage.recipe,
            train=HeldTriplets(*self.scored("train"), step.judged),
            validation=HeldTriplets(*self.scored("validation"), step.judged),
            epochs=epochs,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
        )
        return trainer, state.history

    def scored(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The triplets of a split that are scored after each epoch, LR and HR: of all clips."""
        triplets = self.splits[split][0]
        count = min(self.preset.scored_frames or len(triplets.low), len(triplets.low))
        chosen = np.linspace(0, len(triplets.low) - 1, count).round().astype(int)
        return triplets.low[chosen], triplets.high[chosen]

    def place(self, step: Step, variant: str) -> Path:
        """The step's folder; its name changes with whatever its results depend on."""
        done = STEPS[: STEPS.index(step) + 1]
        depends = {
            "code": source_digest(PROGRAMS),
            "keras": package_version("keras"),
            "backend": (self.outputs.backend, self.shared["backend_version"]),
            "data": [
                hashlib.sha256(self.splits[split][0].high.tobytes()).hexdigest()
                for split in ("train", "validation")  # the best epoch depends on this one
            ],
            "widths": asdict(self.preset.space_time),
            "seed": self.seed,
            "scored_frames": self.preset.scored_frames,
            "steps": [asdict(one) for one in done],
            "sizes": [asdict(self.preset.size(one.stage, STUDY)) for one in done],
        }
        text = json.dumps(depends, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return self.outputs.state / f"{STUDY}-{step.name}-{variant}-{digest}"

    # Rows

    def score_rows(
        self,
        step: Step,
        variant: str,
        trainer: DualStreamTrainer,
        history: list[dict[str, float]],
    ) -> list[dict[str, object]]:
        """The rows of a step's outputs; the picture gets them, too."""
        best = min(range(len(history)), key=lambda epoch: history[epoch]["validation_mse"])
        size = self.preset.size(step.stage, STUDY)
        shared = {
            "variant": variant,
            "parameters": trainer.network.count_params(),
            "trained_on": size.trained_on(*self.train_on.high.shape[2:]),
            "epochs": len(history),
            "best_epoch": best + 1,
        }
        rows = []
        for triplets in (*self.splits["validation"], *self.splits["test"]):
            for model, output in step.rows.items():
                made = HeldTriplets(triplets.low, triplets.high, output).made(trainer)
                rows.append(self._row(triplets, made, shared | {"model": model}))
                if triplets.split == "test":
                    self.picture[f"{model}/{variant}"] = made[picture_number(triplets)]
        return rows

    def interpolation_rows(self) -> list[dict[str, object]]:
        """The mean of both frames, enlarged; and both warped half the way along their flow, for
        which a flow network is trained, at every start anew."""
        empty = dict.fromkeys(("parameters", "trained_on", "epochs", "best_epoch"))
        shared = {"variant": "interpolation", **empty}
        flow = flow_network()
        initialise(flow, self.seed)
        print(f"{STUDY}: flow for interpolation ...", file=sys.stderr, flush=True)
        clips = [enlarge(triplet, "bicubic", SCALE) for triplet in self.train_on.low]
        train_flow(flow, clips, cut_short(FlowRecipe(), self.preset.flow_steps), seed=self.seed)
        rows = []
        for triplets in (*self.splits["validation"], *self.splits["test"]):
            for name in INTERPOLATIONS:
                made = enlarge(triplets.low[:, ::2].mean(axis=1), name, SCALE)
                rows.append(self._row(triplets, made, shared | {"model": name}))
            made = warped_halfway(flow, enlarge(triplets.low, "bicubic", SCALE))
            rows.append(self._row(triplets, made, shared | {"model": "flow_warped"}))
        return rows

    def epoch_rows(
        self, step: Step, variant: str, history: list[dict[str, float]]
    ) -> list[dict[str, object]]:
        """One row an epoch of a step."""
        low, high = self.scored("validation")
        bicubic = scores(high[:, 1], mean_enlarged(low))["psnr_db"]
        return [
            {
                "row": "/".join(
                    (STUDY, step.name, variant, str(row["epoch"]), self.outputs.backend)
                ),
                "study": STUDY,
                "model": step.name,
                "variant": variant,
                "data_source": self.train_on.source,
                "protocol": PROTOCOL,
                "errata": "",
                "bicubic_validation_psnr_db": bicubic,
                **row,
                **self.shared,
            }
            for row in history
        ]

    def stage_row(self, step: Step, variant: str, seconds: float) -> dict[str, object]:
        """How long a step took, from its first epoch to its last score."""
        return {
            "row": "/".join((STUDY, step.name, variant, self.outputs.backend)),
            "study": STUDY,
            "model": step.name,
            "variant": variant,
            "data_source": self.train_on.source,
            "protocol": PROTOCOL,
            "errata": "",
            "seconds": seconds,
            **self.shared,
        }

    def _row(self, triplets: Triplets, made: np.ndarray, cells: dict) -> dict[str, object]:
        truth = triplets.high[:, 1]
        values = scores(truth, made)
        bicubic = scores(truth, mean_enlarged(triplets.low))["psnr_db"]
        stage, area = "output", "whole"
        labels = (STUDY, cells["model"], cells["variant"], stage, triplets.split, area)
        return {
            "row": "/".join((*labels, self.outputs.backend)),
            "study": STUDY,
            "stage": stage,
            "dataset": triplets.dataset,
            "data_source": triplets.source,
            "protocol": PROTOCOL,
            "errata": "",
            "degradation": DEGRADATION,
            "scale": SCALE,
            "split": triplets.split,
            "area": area,
            "frames": len(truth),
            "height": truth.shape[1],
            "width": truth.shape[2],
            **values,
            "bicubic_psnr_db": bicubic,
            "gain_over_bicubic_db": values["psnr_db"] - bicubic,
            **cells,
            **self.shared,
        }


def mean_enlarged(low: np.ndarray) -> np.ndarray:
    """The mean of the outer frames of LR triplets (n, 3, h, w), enlarged bicubically."""
    return enlarge(low[:, ::2].mean(axis=1), "bicubic", SCALE)


def picture_number(triplets: Triplets) -> int:
    """The triplet that is drawn: of the first clip, the turning diamond where it is generated."""
    return len(triplets.low) // 4


def picture_arrays(triplets: Triplets) -> dict[str, np.ndarray]:
    """What is drawn beside the networks' frames: the mean of the LR frames, the truth, bicubic."""
    number = picture_number(triplets)
    low = triplets.low[number : number + 1]
    return {
        "low": low[0, ::2].mean(axis=0),
        "high": triplets.high[number, 1],
        "bicubic": mean_enlarged(low)[0],
        "dataset": np.array(triplets.dataset),
        "data_source": np.array(triplets.source),
        "hour": np.array(""),
        "field": np.array("luma"),
        "units": np.array("luma"),
        "limits": np.array((0.0, 255.0)),
    }


def warped_halfway(flow: keras.Model, frames: np.ndarray) -> np.ndarray:
    """The outer frames of triplets, each moved half the way to the other, and their mean.

    Args:
        flow: A trained flow network.
        frames: (n, 3, H, W).

    Returns:
        (n, H, W)
    """
    first, last = frames[:, 0, ..., None], frames[:, 2, ..., None]
    there, back = (flow.predict_on_batch(pair) for pair in ([first, last], [last, first]))
    warp = Warp()
    # A point halfway has moved half the flow, as if the motion there were that at both ends.
    made = [
        keras.ops.convert_to_numpy(warp([frame, -keras.ops.convert_to_numpy(motion) / 2]))
        for frame, motion in ((first, there), (last, back))
    ]
    return np.mean(made, axis=0)[..., 0].astype(np.float32)
