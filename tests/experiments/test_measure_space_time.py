"""The space-time study: its rows, what is stored, and interpolation along the flow."""

import os
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from experiments import preset
from experiments.measure_space_time import (
    STUDY,
    build_network,
    measure_space_time,
    step_cost,
    warped_halfway,
)
from experiments.outputs import Outputs
from experiments.preset import ClipSize, ModelSize, SpaceTimeWidths
from experiments.studies.space_time import STEPS
from experiments.triplet_data import prepare_triplets, triplet_counts
from keras_vsr.data.degrade import enlarge
from keras_vsr.models.dual_stream import dual_stream
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, STAGE_COLUMNS, read_rows
from keras_vsr.training.dual_stream import STAGES

BACKEND = os.environ["KERAS_BACKEND"]
SIZE = ClipSize(64, 64, train_frames=6, validation_frames=5, test_frames=5)
# Of a row each, in the order of the steps.
MODELS = (
    *("t_then_s", "s_then_t", "t_then_s_refined", "s_then_t_refined"),
    *("fused", "fused_refined", "joint"),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    video = folder / "clip.y4m"  # a gradient that moves
    y, x = np.indices((64, 64))
    with open(video, "wb") as file:
        file.write(b"YUV4MPEG2 W64 H64 F25:1 Ip A1:1 Cmono\n")
        for time in range(5):
            file.write(b"FRAME\n" + (2 * x + y + 3 * time).astype(np.uint8).tobytes())
    return Namespace(seed=0, video=video, testdata=folder, vimeo90k=None, ucf101=None)


@pytest.fixture(scope="module")
def tiny():
    size = ModelSize(epochs=1, samples=2, patch=32)
    return replace(
        preset.load("smoke"),
        clips={"triplets": SIZE},
        scored_frames=2,
        models={f"{STUDY}/{stage}": size for stage in STAGES},
        space_time=SpaceTimeWidths(temporal=1, fusion=1, refinement=2),
        flow_steps=2,
    )


@pytest.fixture(scope="module")
def outputs(tiny, options, tmp_path_factory):
    """The folder of a finished run."""
    outputs = Outputs(tmp_path_factory.mktemp("out"), BACKEND)
    measure_space_time(tiny, options, outputs)
    return outputs


@pytest.fixture(scope="module")
def scores(outputs):
    return read_rows(outputs.path("scores"), SCORE_COLUMNS)


def test_every_output_and_interpolation_has_its_row(scores):
    for split, frames, source in (
        ("validation", "2", "generated"),
        ("test", "2", "generated"),
        ("test_real", "1", "clip.y4m"),
    ):
        rows = [row for row in scores if row["split"] == split]
        networks = {(row["model"], row["variant"]) for row in rows if row["parameters"]}
        assert networks == {(name, kind) for name in MODELS for kind in ("plain", "residual")}
        others = {row["model"] for row in rows if not row["parameters"]}
        assert others == {"nearest", "bilinear", "bicubic", "flow_warped"}
        names = ("frames", "height", "width", "data_source")
        assert {tuple(row[name] for name in names) for row in rows} == {
            (frames, "64", "64", source)
        }
    for row in scores:
        gain = float(row["psnr_db"]) - float(row["bicubic_psnr_db"])
        assert float(row["gain_over_bicubic_db"]) == pytest.approx(
            gain, abs=1e-6
        )  # of rounded cells


def test_bicubic_is_that_of_the_mean_of_both_frames(scores, options):
    (row,) = (r for r in scores if (r["model"], r["split"]) == ("bicubic", "test"))
    test, _ = prepare_triplets(SIZE, 0, options)["test"]
    mean = (test.low[:, 0].astype(float) + test.low[:, 2]) / 2
    truth = test.high[:, 1].astype(float)
    made = enlarge(mean.astype(np.float32), "bicubic")
    by_frame = [
        peak_signal_noise_ratio(one, other.astype(float), data_range=1.0)
        for one, other in zip(truth, made, strict=True)
    ]
    assert float(row["psnr_db"]) == pytest.approx(np.mean(by_frame), abs=1e-3)


def test_epochs_stages_and_picture(outputs):
    runs = {(step.name, kind) for step in STEPS for kind in ("plain", "residual")}
    for kind, columns in (("epochs", EPOCH_COLUMNS), ("stages", STAGE_COLUMNS)):
        rows = read_rows(outputs.path(kind), columns)
        assert sorted((row["model"], row["variant"]) for row in rows) == sorted(runs)
    with np.load(outputs.measured / f"frames_{BACKEND}_{STUDY}.npz") as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files if "/" in name}
        assert shapes == {f"{m}/{kind}": (64, 64) for m in MODELS for kind in ("plain", "residual")}
        assert arrays["low"].shape == (32, 32)


def test_a_second_start_trains_nothing_and_gives_the_same_rows(
    tiny, options, outputs, scores, monkeypatch
):
    stages = outputs.path("stages").read_bytes()

    def trained(*_, **__):
        raise AssertionError("a step was trained again")

    monkeypatch.setattr("keras_vsr.training.fit._train_epoch", trained)
    monkeypatch.setattr(
        "experiments.measure_space_time.train_flow", lambda *_, **__: None
    )  # is never stored: it takes seconds
    measure_space_time(tiny, options, outputs)
    again = read_rows(outputs.path("scores"), SCORE_COLUMNS)
    kept = [row for row in scores if row["model"] != "flow_warped"]
    assert [row for row in again if row["model"] != "flow_warped"] == kept
    assert outputs.path("stages").read_bytes() == stages


def test_each_step_starts_where_the_one_before_it_ended(outputs):
    # Streams are fixed while F and R learn, so that what the streams make stays what it was.
    from keras_vsr.training.checkpoint import Checkpoint

    ends = {}
    for path in sorted(outputs.state.glob("space_time-*-residual-*/checkpoint.npz")):
        ends[path.parent.name.split("-")[1]] = Checkpoint.load(path).best
    streams = [array.tobytes() for array in ends["streams"]]
    for name in ("refined_streams", "fusion", "refined"):
        assert set(streams) <= {array.tobytes() for array in ends[name]}
    joint = {array.tobytes() for array in ends["joint"]}
    assert not set(streams) <= joint
    fusion = {array.tobytes() for array in ends["fusion"]} - set(streams)
    assert fusion - {array.tobytes() for array in ends["refined"]}  # F goes on learning with R


def test_warping_half_the_way_along_a_known_flow():
    # A ramp that moves by (2, 4) pixels from the first frame to the last.
    y, x = np.indices((16, 20), dtype=np.float32)
    ramp = (3 * x + 5 * y) / 255
    moved = (3 * (x - 2) + 5 * (y - 4)) / 255
    frames = np.stack([ramp, np.zeros_like(ramp), moved])[None]

    class Known:
        def predict_on_batch(self, pair):
            sign = 1 if np.array_equal(pair[0][0, ..., 0], ramp) else -1
            return np.full((1, 16, 20, 2), (2.0 * sign, 4.0 * sign), np.float32)

    made = warped_halfway(Known(), frames)
    inside = (slice(4, -4), slice(3, -3))
    halfway = (3 * (x - 1) + 5 * (y - 2)) / 255
    np.testing.assert_allclose(made[0][inside], halfway[inside], atol=1e-5)


def test_the_paper_preset_has_the_published_widths(options):
    paper = preset.load("paper")
    joint = STEPS[-1]
    assert (joint.fusion, joint.refinement) == (True, True)
    cost = step_cost(paper, joint, triplet_counts(paper.clips["triplets"], options))
    assert cost.parameters == 60_330_192
    assert cost.epochs == 100
    assert cost.total_multiply_adds > cost.frame_multiply_adds * cost.samples * cost.epochs * 3


def test_the_preset_sets_the_widths():
    quick = preset.load("quick")
    network = build_network(quick, STEPS[-1], residual=False)
    assert 1e6 < network.count_params() < dual_stream().count_params() / 10


def test_rows_on_other_data_go(outputs):  # the last test, since it does away with them
    before = read_rows(outputs.path("scores"), SCORE_COLUMNS)
    outputs.forget("scores", SCORE_COLUMNS, "phantom", but=set())
    assert read_rows(outputs.path("scores"), SCORE_COLUMNS) == before
    outputs.forget("scores", SCORE_COLUMNS, STUDY, but={"generated"})
    left = read_rows(outputs.path("scores"), SCORE_COLUMNS)
    assert 0 < len(left) < len(before)
    assert left == [row for row in before if row["data_source"] == "generated"]
