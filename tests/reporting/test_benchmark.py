"""The figure of a benchmark, from canned rows: looked at as a Figure object, and as files."""

import matplotlib.text
import pytest
from PIL import Image

from keras_vsr.records import BENCHMARK_COLUMNS, write_rows
from keras_vsr.reporting.figures_benchmark import benchmark_figure, write_benchmark_figures

# Milliseconds by network, task and backend, and 1e9 multiply-adds.
TIMES = {
    ("fsrcnn_2019", "train"): ({"torch": 40, "legacy_tf": 30, "native_torch": 35}, 1.6),
    ("fsrcnn_2019", "predict"): ({"torch": 50, "legacy_tf": 45, "native_torch": 60}, 2.4),
    ("parallel5", "train"): ({"torch": 900, "jax": 4000, "native_torch": 1000}, 29.0),
    ("parallel5", "predict"): ({"torch": 800, "jax": 1100, "native_torch": 3000}, 27.0),
}
RATE = 200.0  # 1e9 multiply-adds a second, of the roof


def rows():
    empty = dict.fromkeys(BENCHMARK_COLUMNS, "")
    empty |= {"device": "a processor", "agrees": "yes", "layout": "contiguous", "peak_mb": 300}
    empty |= {"psnr_db": 5.2, "preset": "cpu", "median_ms": 12}
    found = [
        empty
        | {"row": "roof", "model": "convolution", "task": "roof", "backend": "torch"}
        | {"gmac_per_s": RATE}
    ]
    for (model, task), (times, gmac) in TIMES.items():
        for backend, time in times.items():
            for turn in (0.9, 1.0, 1.2):
                cells = {"row": f"{model}/{task}/{backend}/{turn}", "model": model, "task": task}
                cells |= {"backend": backend, "median_ms": turn * time, "multiply_adds": gmac * 1e9}
                found.append(empty | cells)
    return [{column: str(value) for column, value in row.items()} for row in found]


def texts(figure):
    return {text.get_text() for text in figure.findobj(matplotlib.text.Text)}


def test_labels():
    assert {
        "FSRCNN",
        "5-parallel",
        "Keras on PyTorch",
        "Keras on JAX",
        "plain TensorFlow",
        "PyTorch by hand",
        "one training step",
        "one prediction",
        "median (ms)",
        "a processor",
        "the same sums at the rate of the dense convolution",
    } <= texts(benchmark_figure(rows()))


def test_backends_that_were_not_measured_are_not_named():
    assert "Keras on TensorFlow" not in texts(benchmark_figure(rows()))


def test_a_benchmark_in_which_all_is_wrong():
    wrong = [row | {"agrees": "no"} for row in rows()]
    assert "FSRCNN" not in texts(benchmark_figure(wrong))


def test_a_bar_ends_at_its_median():
    figure = benchmark_figure(rows())
    for axes, task in zip(figure.axes, ("train", "predict"), strict=True):
        assert axes.get_xscale() == "log"
        ends = sorted(bar.get_x() + bar.get_width() for bar in axes.patches)
        wanted = sorted(
            t for (_, at), (times, _) in TIMES.items() if at == task for t in times.values()
        )
        assert ends == pytest.approx(wanted)


def test_the_roof_stands_at_its_time():
    figure = benchmark_figure(rows())
    for axes, task in zip(figure.axes, ("train", "predict"), strict=True):
        marks = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 2]
        # 1e9 multiply-adds at 200e9 a second take 5 ms.
        assert marks == pytest.approx(
            [5 * TIMES[name, task][1] for name in ("fsrcnn_2019", "parallel5")]
        )


def test_without_colour_backends_differ_in_hatch():
    figure = benchmark_figure(rows())
    hatches = {patch.get_hatch() for axes in figure.axes for patch in axes.patches}
    assert len(hatches) == 4


def test_files(tmp_path):
    assert write_benchmark_figures(tmp_path, tmp_path / "figures") == []
    write_rows(tmp_path / "benchmark_cpu.csv", BENCHMARK_COLUMNS, rows())
    write_rows(tmp_path / "benchmark_gpu.csv", BENCHMARK_COLUMNS, rows())
    paths = write_benchmark_figures(tmp_path, tmp_path / "figures")
    names = [path.name for path in paths]
    assert names == ["benchmark.png", "benchmark.svg", "benchmark_gpu.png", "benchmark_gpu.svg"]
    with Image.open(paths[0]) as image:
        assert image.width > 800
    first = paths[0].read_bytes(), paths[1].read_bytes()
    write_benchmark_figures(tmp_path, tmp_path / "figures")
    assert (paths[0].read_bytes(), paths[1].read_bytes()) == first
