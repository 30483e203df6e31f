"""The space-time study: streams, refinement, fusion and joint training, one after the other.

The rows are those of supplement Table S2, with the streams alone of Table S1, and interpolation
beside them. Every stage goes on where it was.
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from experiments.outputs import Outputs
from experiments.plan import VARIANTS
from experiments.preset import ClipSize, Preset
from experiments.progress import Progress
from experiments.runner import source_digest
from experiments.triplet_data import SCALE, Triplets, prepare_triplets
from keras_vsr.data.degrade import enlarge
from keras_vsr.environment import context
from keras_vsr.evaluation.score import scores
from keras_vsr.layers.warp import Warp
from keras_vsr.models.dual_stream import dual_stream
from keras_vsr.models.flow import flow_network
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS
from keras_vsr.training.dual_stream import STAGES, DualStreamTrainer, compile_stage
from keras_vsr.training.fit import fit
from keras_vsr.training.flow import FlowRecipe, train_flow
from keras_vsr.training.triplet_samples import HeldTriplets, TripletEpochs
from keras_vsr.weights.initial import initialise

STUDY = "space_time"


def measure_space_time(preset: Preset, options: argparse.Namespace, outputs: Outputs) -> None:
    """Goes through the study; what is stored from an earlier start is not done again.

    Args:
        preset: Sizes and epochs.
        options: Of the program: seed, testdata, video, vimeo90k.
        outputs: Where rows and states go.
    """
    size = preset.clips["triplets"]
    splits = prepare_triplets(size, options.seed, options)
    study = SpaceTime(splits, preset, size, options.seed, outputs)
    study.measure(Progress([1] * len(VARIANTS) * len(STEPS), 1.0))


@dataclass(frozen=True)
class Step:
    """One training run of the study.

    Attributes:
        name: Of its file.
        stage: A key of `STAGES`.
        network: Arguments of `dual_stream`: which of F and R there are.
        after: The step whose streams, and F where it has one, it starts from.
        judged: The output whose validation decides which epoch is the best.
        rows: Model of a row: the output that it is.
    """

    name: str
    stage: str
    network: dict[str, bool]
    after: str | None
    judged: str
    rows: dict[str, str]


STEPS = (
    Step(
        "streams",
        "streams",
        {"fusion": False, "refinement": False},
        None,
        "t_then_s",
        {"t_then_s": "t_then_s", "s_then_t": "s_then_t"},
    ),
    Step(
        "refined_streams",
        "fusion",
        {"fusion": False, "refinement": True},
        "streams",
        "t_then_s_refined",
        {"t_then_s_refined": "t_then_s_refined", "s_then_t_refined": "s_then_t_refined"},
    ),
    Step(
        "fusion",
        "fusion",
        {"fusion": True, "refinement": False},
        "streams",
        "fused",
        {"fused": "fused"},
    ),
    Step(
        "refined",
        "fusion",
        {"fusion": True, "refinement": True},
        "fusion",
        "refined",
        {"fused_refined": "refined"},
    ),
    Step(
        "joint",
        "joint",
        {"fusion": True, "refinement": True},
        "refined",
        "refined",
        {"joint": "refined"},
    ),
)


class SpaceTime:
    """The study on one backend.

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

    def measure(self, progress: Progress) -> None:
        """Goes through the steps of both variants, and writes the rows."""
        rows = self.interpolation_rows()
        epochs = []
        for variant in VARIANTS:
            states: dict[str, DualStreamTrainer] = {}
            for step in STEPS:
                progress.start(f"{STUDY} {step.name} {variant}")
                trainer, history = self.train(step, variant, states, progress)
                states[step.name] = trainer
                made = self.score_rows(step, variant, trainer, history)
                rows += made
                epochs += self.epoch_rows(step, variant, history)
                best = max(float(row["psnr_db"]) for row in made if row["split"] == "test")
                progress.finish(f"test {best:.2f} dB", timed=False)
        self.outputs.merge("scores", SCORE_COLUMNS, rows)
        self.outputs.merge("epochs", EPOCH_COLUMNS, epochs)

    def network(self, step: Step, variant: str) -> keras.Model:
        model = dual_stream(**step.network, scale=SCALE, residual=variant == "residual")
        initialise(model, self.seed)
        return model

    def train(self, step, variant, states, progress):
        """A step's network, trained or as it was stored, and its history."""
        network = self.network(step, variant)
        if step.after:
            before = {layer.name: layer for layer in states[step.after].network.layers}
            for layer in network.layers:
                if layer.name in before and layer.weights:
                    layer.set_weights(before[layer.name].get_weights())
        trainer = DualStreamTrainer(network, name=f"{network.name}_trainer")
        stage = STAGES[step.stage]
        compile_stage(trainer, stage)
        size = self.preset.size(step.stage, STUDY)
        count = self.preset.scored_frames or len(self.splits["validation"][0].low)
        train, validation = self.splits["train"][0], self.splits["validation"][0]
        order = TripletEpochs(
            train.low,
            train.high,
            stage.recipe.batch_size,
            self.seed,
            patch=size.patch,
            patches=size.patches,
            limit=size.samples,
        )
        epochs = size.epochs or stage.recipe.epochs

        def on_epoch(row: dict) -> None:
            progress.update(
                f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.3g}  "
                f"validation {row['validation_psnr_db']:.2f} dB  {row['seconds']:.1f} s",
                row["epoch"] / epochs,
            )

        state = fit(
            trainer,
            order,
            stage.recipe,
            train=HeldTriplets(train.low[:count], train.high[:count], step.judged),
            validation=HeldTriplets(validation.low[:count], validation.high[:count], step.judged),
            epochs=epochs,
            checkpoint=self.place(step, variant) / "checkpoint.npz",
            on_epoch=on_epoch,
        )
        return trainer, state.history

    def place(self, step: Step, variant: str) -> Path:
        """The step's folder; its name changes with whatever its results depend on."""
        done = STEPS[: STEPS.index(step) + 1]
        depends = {
            "code": source_digest(),
            "backend": (self.outputs.backend, self.shared["backend_version"]),
            "data": [(one.source, asdict(self.size)) for one in self.splits["train"]],
            "seed": self.seed,
            "scored_frames": self.preset.scored_frames,
            "steps": [asdict(one) for one in done],
            "sizes": [asdict(self.preset.size(one.stage, STUDY)) for one in done],
        }
        text = json.dumps(depends, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return self.outputs.state / f"{STUDY}-{step.name}-{variant}-{digest}"

    # Rows

    def score_rows(self, step, variant, trainer, history) -> list[dict[str, object]]:
        best = min(range(len(history)), key=lambda epoch: history[epoch]["validation_mse"])
        size = self.preset.size(step.stage, STUDY)
        shared = {
            "variant": variant,
            "parameters": trainer.network.count_params(),
            "trained_on": size.trained_on(self.size.height, self.size.width),
            "epochs": len(history),
            "best_epoch": best + 1,
        }
        rows = []
        for split in ("validation", "test"):
            for triplets in self.splits[split]:
                for model, output in step.rows.items():
                    made = HeldTriplets(triplets.low, triplets.high, output).made(trainer)
                    rows.append(self._row(triplets, split, made, shared | {"model": model}))
        return rows

    def interpolation_rows(self) -> list[dict[str, object]]:
        """The mean of both frames, enlarged; and both warped half the way along their flow."""
        empty = dict.fromkeys(("parameters", "trained_on", "epochs", "best_epoch"))
        shared = {"variant": "interpolation", **empty}
        flow = flow_network()
        initialise(flow, self.seed)
        train = self.splits["train"][0]
        clips = [enlarge(triplet, "bicubic", SCALE) for triplet in train.low]
        train_flow(flow, clips, FlowRecipe(), seed=self.seed)
        rows = []
        for split in ("validation", "test"):
            for triplets in self.splits[split]:
                for name in ("nearest", "bilinear", "bicubic"):
                    made = enlarge(triplets.low[:, ::2].mean(axis=1), name, SCALE)
                    rows.append(self._row(triplets, split, made, shared | {"model": name}))
                made = warped_halfway(flow, enlarge(triplets.low, "bicubic", SCALE))
                rows.append(self._row(triplets, split, made, shared | {"model": "flow_warped"}))
        return rows

    def epoch_rows(self, step, variant, history) -> list[dict[str, object]]:
        validation = self.splits["validation"][0]
        count = self.preset.scored_frames or len(validation.low)
        mean = enlarge(validation.low[:count, ::2].mean(axis=1), "bicubic", SCALE)
        bicubic = scores(validation.high[:count, 1], mean)["psnr_db"]
        return [
            {
                "row": "/".join(
                    (STUDY, step.name, variant, str(row["epoch"]), self.outputs.backend)
                ),
                "study": STUDY,
                "model": step.name,
                "variant": variant,
                "data_source": validation.source,
                "protocol": "as_described",
                "errata": "",
                "bicubic_validation_psnr_db": bicubic,
                **row,
                **self.shared,
            }
            for row in history
        ]

    def _row(self, triplets: Triplets, split: str, made: np.ndarray, cells: dict) -> dict:
        truth = triplets.high[:, 1]
        values = scores(truth, made)
        mean = enlarge(triplets.low[:, ::2].mean(axis=1), "bicubic", SCALE)
        bicubic = scores(truth, mean)["psnr_db"]
        split = f"{split}_real" if triplets.dataset == "clip" else split
        stage, area = "output", "whole"
        labels = (STUDY, cells["model"], cells["variant"], stage, split, area)
        return {
            "row": "/".join((*labels, self.outputs.backend)),
            "study": STUDY,
            "stage": stage,
            "dataset": triplets.dataset,
            "data_source": triplets.source,
            "protocol": "as_described",
            "errata": "",
            "degradation": "bicubic",
            "scale": SCALE,
            "split": split,
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
