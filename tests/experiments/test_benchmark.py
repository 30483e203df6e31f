"""The benchmark: its table by hand, its comparison, its clock, and a run of a few pixels."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from experiments import benchmark
from experiments.benchmarking import preset
from experiments.benchmarking.agreement import difference, digest
from experiments.benchmarking.contenders import CONTENDERS
from experiments.benchmarking.timing import time_calls
from keras_vsr.errors import InputError
from keras_vsr.models import NETWORKS, build
from keras_vsr.records import BENCHMARK_CLIP_COLUMNS, BENCHMARK_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.benchmark import (
    TABLE_COLUMNS,
    backend_rows,
    became_worse,
    read_benchmark,
    read_table,
    roof,
    write_backends,
)
from keras_vsr.reporting.targets import TARGET_COLUMNS
from keras_vsr.weights.initial import initialise

TINY = """
summary = "a few pixels"
calls = 1
seconds = 1000

[roof]
sgemm = 8
convolution = [1, 6, 6]
copy_megabytes = 0.1

[clips]
timed = [14, 5, 6]
long = [7, 5, 6]

[models.fsrcnn_2019]
train = [2, 6, 7]
predict = [1, 8, 5]

[models.srnet3d]
train = [2, 5, 8, 10]
predict = [1, 5, 8, 10]
"""


def row(model, task, backend, times, *, layout="channels_last", agrees="yes", **others):
    """Canned measured rows, one for each repetition."""
    cells = dict.fromkeys(BENCHMARK_COLUMNS, "") | {
        "model": model,
        "task": task,
        "backend": backend,
        "layout": layout,
        "device": "a processor",
        "multiply_adds": "40000000",
        "psnr_db": "5.25",
        "peak_mb": "300",
        "agrees": agrees,
    }
    return [cells | {"median_ms": str(time), "repetition": str(i)} | others for i, time in times]


def times(*values):
    return list(enumerate(values, start=1))


def measured():
    """Hand-made rows of one network on four backends."""
    rows = []
    for backend, layout, rates in (
        ("torch", "channels_last", (50, 70, 60)),  # median 60
        ("torch", "contiguous", (99, 20, 30)),  # 30
        ("jax", "channels_last", (10, 12, 80)),  # 12
    ):
        for i, rate in times(*rates):
            rows += row(
                "convolution", "roof", backend, [(i, 1)], layout=layout, gmac_per_s=str(rate)
            )
    rows += row("srnet3d", "predict", "torch", times(30, 10, 20, 50, 40))
    rows += row("srnet3d", "predict", "legacy_tf", times(15, 15, 15, 15, 15))
    rows += row("srnet3d", "predict", "jax", times(4, 4, 4, 4, 4), agrees="no")
    rows += row("srnet3d", "predict", "native_torch", times(100, 100, 100, 100, 100))
    contiguous = times(24, 20, 28, 26, 22)
    rows += row("srnet3d", "predict", "native_torch", contiguous, layout="contiguous")
    rows += row("srnet3d", "train", "torch", times(7, 9))
    return rows


def table():
    return {(line["task"], line["backend"]): line for line in backend_rows(measured())}


def test_columns_and_order_of_the_table():
    rows = backend_rows(measured())
    assert all(tuple(line) == TABLE_COLUMNS for line in rows)
    assert [(line["task"], line["backend"]) for line in rows] == [
        ("train", "torch"),
        ("predict", "torch"),
        ("predict", "jax"),
        ("predict", "legacy_tf"),
        ("predict", "native_torch"),
    ]


def test_medians_percentiles_and_ratios_by_hand():
    line = table()["predict", "torch"]
    assert line["median_ms"] == 30
    # Five values have percentiles 0, 25, 50, 75, 100; the 10th is 0.4 of the way from 10 to 20.
    assert line["p10_ms"] == 14
    assert line["p90_ms"] == 46
    assert line["ratio_to_native_torch"] == 1.25  # 30 / 24, the contiguous layout's
    assert line["ratio_to_plain_tensorflow"] == 2
    assert line["ratio_to_fastest"] == 2  # legacy_tf: JAX made something else
    # 40e6 multiply-adds in 30 ms are 1.333e9 a second, of 60e9.
    assert line["share_of_roof"] == 0.02222
    assert (line["peak_mb"], line["psnr_db"]) == (300, 5.25)


def test_the_faster_layout_counts():
    line = table()["predict", "native_torch"]
    assert (line["median_ms"], line["p10_ms"], line["p90_ms"]) == (24, 20.8, 27.2)
    assert line["ratio_to_native_torch"] == 1


def test_what_is_wrong_has_no_time():
    line = table()["predict", "jax"]
    assert line["median_ms"] == line["ratio_to_fastest"] == line["share_of_roof"] == ""
    assert line["psnr_db"] == 5.25


def test_one_wrong_worker_is_enough():
    rows = row("delta", "train", "torch", times(3, 3)) + row(
        "delta", "train", "torch", [(3, 3)], agrees="no"
    )
    assert backend_rows(rows)[0]["median_ms"] == ""


def test_what_was_not_measured_is_no_measure():
    line = table()["train", "torch"]
    assert (line["median_ms"], line["p10_ms"], line["p90_ms"]) == (8, 7.2, 8.8)
    assert line["ratio_to_native_torch"] == line["ratio_to_plain_tensorflow"] == ""
    assert line["ratio_to_fastest"] == 1


def test_devices_are_not_measured_against_each_other():
    rows = row("delta", "train", "torch", times(2), device="a GPU")
    rows += row("delta", "train", "jax", times(8))
    assert [line["ratio_to_fastest"] for line in backend_rows(rows)] == [1, 1]
    assert all(line["share_of_roof"] == "" for line in backend_rows(rows))


def test_the_roof_is_the_best_median_of_a_library():
    assert roof(measured(), "a processor") == 60
    assert roof(measured(), "a GPU") is None


def test_the_table_as_a_file(tmp_path):
    assert write_backends(tmp_path, tmp_path / "tables") is None
    rows = [line | {"row": str(i)} for i, line in enumerate(measured())]
    write_rows(tmp_path / "benchmark_cpu.csv", BENCHMARK_COLUMNS, rows)
    path = write_backends(tmp_path, tmp_path / "tables")
    assert path.read_text().splitlines()[0] == ",".join(TABLE_COLUMNS)
    read = read_table(path)
    assert [line["median_ms"] for line in read] == ["8", "30", "", "15", "24"]
    first = path.read_bytes()
    write_backends(tmp_path, tmp_path / "tables")
    assert path.read_bytes() == first
    # A second preset on the same device would give the table two rows of one name.
    write_rows(tmp_path / "benchmark_gpu.csv", BENCHMARK_COLUMNS, rows)
    with pytest.raises(InputError, match="two presets"):
        write_backends(tmp_path, tmp_path / "tables")
    assert path.read_bytes() == first


@pytest.mark.parametrize("cells", [{"median_ms": "fast"}, {"median_ms": ""}, {"median_ms": "nan"}])
def test_damaged_rows(tmp_path, cells):
    path = tmp_path / "benchmark_cpu.csv"
    write_rows(path, BENCHMARK_COLUMNS, [measured()[0] | cells])
    with pytest.raises(InputError, match=r"benchmark_cpu\.csv has"):
        read_benchmark(path)


def line(**cells):
    empty = dict.fromkeys(TABLE_COLUMNS, "") | {"model": "delta", "task": "train"}
    return empty | {"backend": "torch", "device": "a processor", "median_ms": "30"} | cells


def test_a_ratio_may_grow_by_a_tenth():
    old = [line(ratio_to_native_torch="1", ratio_to_fastest="2")]
    assert became_worse(old, [line(ratio_to_native_torch="1.1", ratio_to_fastest="1")]) == []
    assert became_worse(old, [line(ratio_to_native_torch="1.2", ratio_to_fastest="2")]) == [
        "delta train on torch: ratio_to_native_torch is 1.2, was 1."
    ]
    both = became_worse(old, [line(ratio_to_native_torch="1.2", ratio_to_fastest="4")])
    assert len(both) == 1
    assert "ratio_to_native_torch is 1.2, was 1; ratio_to_fastest is 4, was 2" in both[0]


def test_rows_and_ratios_that_only_one_table_has_are_passed_over():
    old = [line(ratio_to_fastest="1"), line(task="predict", ratio_to_fastest="1")]
    new = [line(ratio_to_native_torch="9"), line(backend="jax", ratio_to_fastest="9")]
    assert became_worse(old, new) == []
    with pytest.raises(InputError, match="same machine"):
        became_worse(old, [line(device="a GPU", ratio_to_fastest="1")])


def test_a_result_that_went_wrong_is_worse():
    old, new = line(ratio_to_fastest="1"), line(median_ms="")
    assert became_worse([old], [new]) == [
        "delta train on torch: its result is not that of the others any more."
    ]
    assert became_worse([new], [old]) == []


class Clock:
    """Each call takes as long as the list says."""

    def __init__(self, seconds):
        self.seconds, self.now, self.waits = list(seconds), 0.0, 0

    def call(self):
        self.now += self.seconds.pop(0)

    def wait(self):
        self.waits += 1

    def __call__(self):
        return self.now


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        # First call, warm-up, then those that count.
        ([9, 0.5, 0.25, 0.125, 0.375], (9000, 1, 3, 250)),
        # The time is over after the second one that counts.
        ([1, 3, 4, 5, 6], (1000, 1, 2, 4500)),
        # The warm-up takes all the time: it is what counts.
        ([1, 16, 1, 1], (1000, 0, 1, 16000)),
    ],
)
def test_calls_that_count(took, expected):
    clock = Clock(took)
    timing = time_calls(clock.call, clock.wait, calls=3, seconds=10, clock=clock)
    assert tuple(timing) == expected
    # The device was waited for before and after each call.
    assert clock.waits == 2 * (len(took) - len(clock.seconds))


def test_difference():
    losses, frames = np.array([4.0, 8.0]), np.array([[6.0, 8.0]])
    assert difference(losses, losses) == difference(frames, frames) == 0
    assert difference(np.array([4.0, 10.0]), losses) == 0.25  # of 8
    assert difference(np.array([[6.0, 7.0]]), frames) == 0.5  # of 8 - 6
    assert difference(losses, frames) == np.inf
    assert difference(frames * np.nan, frames) == np.inf
    assert difference(frames, np.ones_like(frames)) == np.inf  # where all is even nothing is seen


def stored(folder, name, turn, result, **cells):
    """What a worker leaves, with one result."""
    rows = row("delta", "predict", name, [(turn, 3)], agrees="", weights="w", data="d")
    rows[0] |= {"row": f"{name}{turn}"} | cells
    task = rows[0]["task"]
    write_rows(folder / f"{name}_{turn}.csv", BENCHMARK_COLUMNS, rows)
    np.savez(folder / f"{name}_{turn}.npz", **{f"delta/{task}/channels_last": result})


def test_results_are_held_against_the_first_one(tmp_path):
    truth = np.linspace(0, 2, 12).reshape(3, 4)
    stored(tmp_path, "torch", 1, truth)
    stored(tmp_path, "jax", 1, truth + 1e-4)  # 0.5e-4 of the range
    stored(tmp_path, "torch", 2, truth + 1e-3)
    stored(tmp_path, "jax", 2, truth, weights="others")
    turns = [("torch", 1), ("jax", 1), ("torch", 2), ("jax", 2)]
    rows = benchmark.with_agreement(tmp_path, turns)
    assert [line["agrees"] for line in rows] == ["yes", "yes", "no", "no"]
    assert [float(line["difference"]) for line in rows] == pytest.approx([0, 5e-5, 5e-4, 0])
    sentences = benchmark.disagreements(rows)
    assert len(sentences) == 2
    assert sentences[0].startswith("delta predict on torch, channels_last: its result is 0.0005")


def test_losses_may_be_further_apart_than_frames(tmp_path):
    losses = np.array([1.0, 0.5])
    for name, apart in (("torch", 0), ("jax", 9e-4), ("tensorflow", 1.1e-3)):
        stored(tmp_path, name, 1, losses * (1 - apart), task="train")
    turns = [("torch", 1), ("jax", 1), ("tensorflow", 1)]
    rows = benchmark.with_agreement(tmp_path, turns)
    assert [line["agrees"] for line in rows] == ["yes", "yes", "no"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "srcnn"], "no network is called 'srcnn' here; there are fsrcnn_2019"),
        (["--backends", "torch,mxnet"], "no backend is called 'mxnet'"),
        (["--backends", "legacy_tf", "--models", "delta"], "there is no backend for delta"),
        (["--preset", "phone"], "no benchmark preset is called 'phone'; there are cpu, gpu"),
        (["--repetitions", "0"], "--repetitions is 0"),
        (["--compare", "missing.csv"], "cannot read missing.csv"),
        (["--out", "a_file"], "cannot write to a_file"),
    ],
)
def test_bad_input_is_told_before_anything_is_measured(
    tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.setattr(benchmark, "package_version", lambda *_: "1.0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").write_text("")
    monkeypatch.setattr(benchmark, "start", lambda *_: pytest.fail("measured"))
    given = arguments if "--out" in arguments else [*arguments, "--out", "out"]
    assert benchmark.main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said
    assert said.count("\n") == 1
    assert not list((tmp_path / "out").glob("*"))


def test_a_worker_that_fails_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "prepare", lambda *_: None)
    monkeypatch.setattr(sys, "executable", "false")  # a program that fails and says nothing
    backend = keras.backend.backend()
    assert benchmark.main(["--backends", backend, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert f"benchmark_worker.py on {backend} ended with status 1 (it said nothing)" in said
    assert not list((tmp_path / "out").glob("*"))


def test_every_worker_has_the_same_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    settings = [benchmark.environment(library, tmp_path) for library in ("torch", "jax")]
    assert settings[0] | {"KERAS_BACKEND": "jax"} == settings[1]
    assert settings[0]["OMP_NUM_THREADS"] == settings[0]["MKL_NUM_THREADS"] == "3"
    assert "JAX_DISABLE_MOST_OPTIMIZATIONS" not in settings[0]


@pytest.mark.parametrize("name", preset.names())
def test_presets(name):
    chosen = preset.load(preset.path_of(name))
    assert list(chosen.shapes) == list(preset.RECIPE_NAMES)
    for model, tasks in chosen.shapes.items():
        assert list(tasks) == ["predict", "train"]
        for shape in tasks.values():
            assert len(shape) == (3 if model == "fsrcnn_2019" else 4)
            assert len(shape) == 3 or shape[1] == 5
    assert set(chosen.train_seconds) <= set(chosen.shapes)
    assert all(seconds > chosen.seconds for seconds in chosen.train_seconds.values())


def test_backends_begin_in_turn():
    turns = benchmark.in_turn(["torch", "jax", "legacy_tf"], 2)
    assert [name for name, _ in turns[:3]] == ["torch", "jax", "legacy_tf"]
    assert [name for name, _ in turns[3:]] == ["jax", "legacy_tf", "torch"]
    assert [turn for _, turn in turns] == [1, 1, 1, 2, 2, 2]


def test_seconds_of_a_network_are_of_its_training_alone():
    chosen = replace(preset.load(preset.path_of("cpu")), seconds=0.5, train_seconds={"delta": 2.0})
    assert chosen.seconds_for("delta", "train") == 2.0
    assert chosen.seconds_for("delta", "predict") == chosen.seconds_for("srnet3d", "train") == 0.5


def test_the_program_imports_no_backend():
    code = (
        "import sys, experiments.benchmark; "
        "print(sorted({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=benchmark.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """The whole program on the contenders of one library, with a few pixels."""
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "tiny.toml").write_text(TINY)
    library = keras.backend.backend()
    names = [name for name, contender in CONTENDERS.items() if contender.library == library]
    # Each network is compiled and run but a few times: optimising costs more than it saves.
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    settings = benchmark.environment
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(benchmark, "environment", lambda *given: settings(*given) | quick)
        monkeypatch.setattr(preset, "FOLDER", folder)
        arguments = ["--preset", "tiny", "--backends", ",".join(names), "--repetitions", "1"]
        assert benchmark.main([*arguments, "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.mark.backend
def test_rows_of_a_run(small_run):
    rows = read_rows(small_run / "measured" / "benchmark_tiny.csv", BENCHMARK_COLUMNS)
    assert len({line["row"] for line in rows}) == len(rows)
    networks = [line for line in rows if line["task"] != "roof"]
    layouts = {"torch": 1 + 2, "tensorflow": 1 + 1, "jax": 1}[keras.backend.backend()]
    assert len(networks) == 2 * 2 * layouts
    for one in networks:
        assert one["agrees"] == "yes"
        assert (one["warm_up_calls"], one["calls"], one["tf32"]) == ("1", "1", "off")
        assert float(one["peak_mb"]) > 50
        first, second = float(one["multiply_adds"]), float(one["gmac_per_s"])
        assert second == pytest.approx(first / float(one["median_ms"]) / 1e6)
    parts = {line["model"] for line in rows if line["task"] == "roof"}
    assert parts == {"sgemm", "convolution", "copy"}


@pytest.mark.backend
def test_rows_of_clips(small_run):
    rows = read_rows(small_run / "measured" / "benchmark_clips_tiny.csv", BENCHMARK_CLIP_COLUMNS)
    if keras.backend.backend() != "torch":
        assert rows == []
        return
    assert len({line["row"] for line in rows}) == len(rows)
    values = {(r["model"], r["task"], r["quantity"]): float(r["value"]) for r in rows}
    enlarged = [model for model, task, quantity in values if quantity == "difference"]
    assert enlarged == ["two_in_one", "2d_then_3d"]  # delta and parallel5 were not asked for
    for model in enlarged:
        assert values[model, "enlarge", "difference"] < 1e-4
        rates = [values[model, "enlarge", f"{way}_rate"] for way in ("enlarge", "window_by_window")]
        ratio = values[model, "enlarge", "ratio_to_window_by_window"]
        assert ratio == pytest.approx(rates[0] / rates[1])
        plain = values[model, "enlarge", "plain_window_by_window_rate"]
        ratio = values[model, "enlarge", "ratio_to_plain_window_by_window"]
        assert ratio == pytest.approx(rates[0] / plain)
        assert values[model, "enlarge", "settled_memory"] > 50
        assert values[model, "enlarge", "memory_growth"] < 1
    for model in ("fsrcnn_2019", "srnet3d"):
        share = values[model, "feed", "feed"] / values[model, "feed", "step"]
        assert values[model, "feed", "share_of_step"] == pytest.approx(share)
        assert 1 < values[model, "feed", "memory_of_clip"] < 2
    lines = read_rows(small_run / "tables" / "benchmark_targets_tiny.csv", TARGET_COLUMNS)
    assert all(line["met"] for line in lines if line["task"] == "feed")


@pytest.mark.backend
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="is measured on torch")
@pytest.mark.parametrize("name", ["two_in_one", "2d_then_3d", "delta"])
def test_the_same_network_of_layers_of_keras(name):
    from experiments.benchmarking import keras_clips

    model = build(name)
    initialise(model, seed=1)
    plain = keras_clips.of_keras_layers(model)
    kernels = [layer for layer in plain._flatten_layers() if hasattr(layer, "kernel")]
    assert kernels
    assert all(type(layer).__module__.startswith("keras.") for layer in kernels)
    window = np.random.default_rng(0).random((1, 5, 8, 9, 1), np.float32)
    made, truth = (one.predict_on_batch(window) for one in (plain, model))
    assert np.ptp(truth) > 0
    assert np.abs(made - truth).max() < 1e-5 * np.ptp(truth)


@pytest.mark.backend
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="is measured on torch")
def test_recomputing_is_measured(tmp_path):
    from experiments.benchmarking import keras_clips

    (tmp_path / "tiny.toml").write_text(
        TINY + "[models.parallel5]\ntrain = [2, 5, 4, 4]\npredict = [1, 5, 4, 4]\n"
    )
    chosen = preset.load(tmp_path / "tiny.toml")
    time = {name: value for name, value, _ in keras_clips.recomputing_time(chosen)}
    assert time["time_ratio"] == pytest.approx(time["remat_step"] / time["plain_step"])
    memory = {name: value for name, value, _ in keras_clips.recomputing_memory(chosen)}
    ratio = memory["remat_memory"] / memory["plain_memory"]
    assert memory["memory_ratio"] == pytest.approx(ratio)


@pytest.mark.backend
@pytest.mark.parametrize("model", ["fsrcnn_2019", "srnet3d"])
def test_all_have_the_same_weights_data_and_psnr(small_run, model):
    rows = read_rows(small_run / "measured" / "benchmark_tiny.csv", BENCHMARK_COLUMNS)
    rows = [line for line in rows if line["model"] == model]
    network = build(model)
    initialise(network, seed=0)
    assert {line["weights"] for line in rows} == {digest(network.get_weights())}
    assert {line["parameters"] for line in rows} == {str(network.count_params())}
    for task in ("train", "predict"):
        of_task = [line for line in rows if line["task"] == task]
        assert len({line["data"] for line in of_task}) == 1
        values = [float(line["psnr_db"]) for line in of_task]
        assert np.isfinite(values).all()
        np.testing.assert_allclose(values, values[0], atol=1e-3)


@pytest.mark.backend
def test_files_of_a_run(small_run):
    files = sorted(str(p.relative_to(small_run)) for p in small_run.rglob("*") if p.is_file())
    assert files == [
        "figures/benchmark_tiny.png",
        "figures/benchmark_tiny.svg",
        "measured/benchmark_clips_tiny.csv",
        "measured/benchmark_tiny.csv",
        "tables/backends.csv",
        "tables/benchmark_targets_tiny.csv",
    ]
    rows = read_table(small_run / "tables" / "backends.csv")
    assert {(line["model"], line["task"]) for line in rows} == {
        (model, task) for model in ("fsrcnn_2019", "srnet3d") for task in ("train", "predict")
    }
    assert all(float(line["ratio_to_fastest"]) >= 1 for line in rows)


@pytest.mark.backend
def test_prepared_data_have_the_sizes_of_the_networks(tmp_path):
    from experiments import benchmark_prepare

    (tmp_path / "tiny.toml").write_text(TINY)
    benchmark_prepare.main(tmp_path, tmp_path / "tiny.toml", "fsrcnn_2019", "srnet3d")
    with np.load(tmp_path / "prepared.npz") as file:
        arrays = dict(file)
    assert arrays["fsrcnn_2019/train/inputs"].shape == (2, 6, 7, 1)
    assert arrays["fsrcnn_2019/train/truth"].shape == (2, 12, 14, 1)
    assert arrays["srnet3d/predict/inputs"].shape == (1, 5, 8, 10, 1)
    assert arrays["srnet3d/predict/truth"].shape == (1, 4, 6, 1)
    for name in ("inputs", "truth"):
        values = arrays[f"srnet3d/train/{name}"]
        assert values.dtype == np.float32
        assert 0 <= values.min() < values.max() <= 1
    facts = json.loads((tmp_path / "prepared.json").read_text())
    # Of FSRCNN, 10,577 less 97 biases are weights; of these 8,192 belong to the transposed layer,
    # which like those before it works on LR pixels, and 400 to the last one, on HR pixels.
    low, high = 8 * 5, 16 * 10
    assert facts["fsrcnn_2019"]["predict"] == low * (10_577 - 97 - 400) + high * 400
    assert facts["fsrcnn_2019"]["parameters"] == 10_577


LOW = {"fsrcnn_2019": (2, 6, 7), "srnet3d": (2, 5, 8, 10)}  # of the others (2, 5, 5, 6)


@pytest.mark.backend
@pytest.mark.skipif(keras.backend.backend() != "torch", reason="needs both ways in one process")
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("name", preset.RECIPE_NAMES)
def test_networks_by_hand_make_the_same(name, layout):
    from experiments.benchmark_prepare import first_weights, samples
    from experiments.benchmarking.keras_network import LAYOUTS, KerasNetwork
    from experiments.benchmarking.torch_network import TorchNetwork

    first = first_weights(name)
    names = [path.removesuffix("/kernel") for path in first if path.endswith("/kernel")]
    first = {layer: (first[f"{layer}/kernel"], first[f"{layer}/bias"]) for layer in names}
    given, truth = samples(NETWORKS[name], LOW.get(name, (2, 5, 5, 6)))
    ways = KerasNetwork(name, LAYOUTS[0], first), TorchNetwork(name, layout, first)
    assert digest(ways[0].weights()) == digest(ways[1].weights())
    made, by_hand = (way.predict(given) for way in ways)
    assert made.shape == by_hand.shape == truth.shape
    assert np.ptp(made) > 1e-3
    assert difference(by_hand, made) < 1e-5
    losses, losses_by_hand = (
        np.array([way.train_step(given, truth) for _ in range(2)]) for way in ways
    )
    assert losses[1] != losses[0]
    assert difference(losses_by_hand, losses) < 1e-5
