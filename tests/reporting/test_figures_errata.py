"""Figures of the errata: looked at as Figure objects, and as files."""

from pathlib import Path

import matplotlib
import matplotlib.text
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from keras_vsr.errors import InputError
from keras_vsr.records import EPOCH_COLUMNS, PUBLISHED_COLUMNS, SCORE_COLUMNS, write_rows
from keras_vsr.reporting import figures_errata
from keras_vsr.reporting.errata import errata_rows, read_described, read_errata_runs

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"
ALL = "E1+E2+E3+E4+E5+E10+E13+E14+E18"
# Name of a figure: what draws it from the measured rows into a folder.
WRITERS = {
    "errata_cost": lambda rows, out: figures_errata.write_errata_cost(rows, PUBLISHED, out),
    "errata_e2_gap": figures_errata.write_errata_e2_gap,
    "errata_e1_sheared": figures_errata.write_errata_e1_sheared,
    "table4_curve": lambda rows, out: figures_errata.write_table4_curve(rows, PUBLISHED, out),
}

# (label, model, stage, PSNR).
COSTS = (
    ("", "bicubic", "output", 42.0),
    ("", "srcnn", "output", 33.0),
    ("", "fsrcnn_2019", "output", 32.0),
    ("", "srnet3d_raw", "output", 38.0),
    ("", "parallel5", "output", 35.0),
    ("", "delta", "output", 36.0),
    ("E1", "raw", "output", 15.0),
    ("E1", "srnet3d_raw", "output", 16.5),
    ("E2", "raw", "output", 39.5),
    ("E2", "srnet3d_raw", "output", 37.0),
    ("E2", "srnet3d_raw", "against_middle", 34.0),
    ("E1+E2", "raw", "output", 14.5),
    ("E1+E2", "srnet3d_raw", "output", 16.25),
    ("E1+E2", "srnet3d_raw", "against_middle", 16.0),
    ("E3", "raw", "output", 42.0),
    ("E3", "srnet3d_raw", "output", 37.9),
    ("E3", "delta", "output", 36.2),
    ("E5", "fsrcnn_2019", "output", 33.5),
    ("not E9", "parallel5", "output", 36.0),
    ("E9", "parallel5", "output", 34.0),
    ("E10", "delta", "output", np.nan),
    ("not E11", "parallel5", "output", 35.5),
    ("E14", "srcnn", "output", 30.0),
    (ALL, "raw", "output", 13.8),
    (ALL, "srnet3d_raw", "output", 15.1),
    (ALL, "2d_then_3d_raw", "output", 20.0),
)


def scores(backend, shift):
    rows = []
    for label, model, stage, psnr_db in COSTS:
        interpolated = model in ("raw", "bicubic")
        cells = dict.fromkeys(SCORE_COLUMNS, "") | {
            "row": f"{model}/{stage}/{backend}/{label}",
            "model": model,
            "variant": "interpolation" if interpolated else "plain",
            "stage": stage,
            "errata": label,
            "split": "test",
            "area": "middle",
            "psnr_db": psnr_db if interpolated or not label else psnr_db + shift,
            "bicubic_psnr_db": 42.0,
            "backend": backend,
        }
        rows.append(cells)
    return rows if backend == "torch" else [row for row in rows if row["errata"] != "E14"]


def gaps(backend, values):
    return [
        dict.fromkeys(PUBLISHED_COLUMNS, "")
        | {
            "row": f"gap/{seconds}/{backend}",
            "weights": "a.h5",
            "quantity": "next_less_middle_db",
            "seconds_between": seconds,
            "value": value,
            "backend": backend,
        }
        for seconds, value in values
    ]


def epochs(backend, psnrs, **cells):
    return [
        dict.fromkeys(EPOCH_COLUMNS, "")
        | {
            "row": f"container_2019/{number}/{backend}/{cells}",
            "study": "container_2019",
            "model": "srnet3d_early",
            "variant": "plain",
            "data_source": "container",
            "epoch": number,
            "train_psnr_db": psnr_db + 1,
            "validation_psnr_db": psnr_db,
            "bicubic_validation_psnr_db": 27.5,
            "backend": backend,
        }
        | cells
        for number, psnr_db in enumerate(psnrs, start=1)
    ]


def frames():
    """A wave on 16x32 pixels, its bicubic frame 0.01 off, its sheared frame 0.1 off."""
    rows, columns = np.mgrid[:16, :32]
    high = (0.5 + 0.3 * np.sin(columns / 3) * np.cos(rows / 5)).astype(np.float32)
    checks = np.where((rows + columns) % 2, 1, -1).astype(np.float32)
    return {
        "high": high,
        "bicubic": high + 0.01 * checks,
        "sheared": high + 0.1 * checks,
        "limits": np.array("-12.0, 16.0"),
        "units": np.array("1e-5 1/s"),
    }


@pytest.fixture
def measured(tmp_path):
    """Everything that is drawn, on two backends."""
    folder = tmp_path / "measured"
    for backend, shift in (("torch", 0.0), ("tensorflow", 0.25)):
        write_rows(folder / f"{backend}_errata_scores.csv", SCORE_COLUMNS, scores(backend, shift))
        write_rows(
            folder / f"{backend}_published_weights.csv",
            PUBLISHED_COLUMNS,
            gaps(backend, [("2592", 5.2), ("432", 0.4), ("864", 2.5)]),
        )
        rows = epochs(backend, (16.0, 21.0, 26.0))
        rows += epochs(backend, (5.0, 5.0), errata="E2")
        rows += epochs(backend, (6.0, 6.0), study="climate_2019")
        write_rows(folder / f"{backend}_epochs.csv", EPOCH_COLUMNS, rows)
    np.savez(folder / "frames_errata_e1.npz", **frames())
    return folder


def cost_figure(measured):
    lines = errata_rows(read_errata_runs(measured), read_described(PUBLISHED))
    return figures_errata.errata_cost_figure(lines)


def texts(figure):
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return [text for text in found if text]


def check_nothing_is_cut(figure):
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.01
    assert drawn.y0 > -0.01
    assert drawn.x1 < width + 0.01
    assert drawn.y1 < height + 0.01


@pytest.mark.parametrize("name", WRITERS)
def test_files_are_drawn_and_the_same_again(name, measured, tmp_path):
    assert WRITERS[name](measured, tmp_path / "a") is True
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": None}):
        assert WRITERS[name](measured, tmp_path / "b") is True
    assert {path.name for path in (tmp_path / "a").iterdir()} == {f"{name}.png", f"{name}.svg"}
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    with Image.open(tmp_path / "a" / f"{name}.png") as picture:
        assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert np.asarray(picture.convert("L")).std() > 5
    assert "dc:date" not in (tmp_path / "a" / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_measured_draws_nothing(name, tmp_path):
    assert WRITERS[name](tmp_path, tmp_path / "out") is False
    assert not (tmp_path / "out").exists()


def test_bars_are_as_long_as_the_costs(measured):
    torch, tensorflow = cost_figure(measured).axes
    lengths = [bar.get_width() for bar in torch.patches if bar.get_hatch() is None]
    expected = [-21.5, -1.0, -0.1, 0.2, 1.5, -2.0, -0.5, -3.0, -21.75, -22.9]
    assert lengths == pytest.approx(expected)
    inputs = [bar.get_width() for bar in torch.patches if bar.get_hatch()]
    assert inputs == pytest.approx([-27.0, -2.5, -27.5, -28.2])
    assert tensorflow.patches[0].get_width() == pytest.approx(-21.25)
    marks = [line.get_xdata()[0] for line in torch.lines if line.get_marker() == "D"]
    assert marks == pytest.approx([-4.0, -22.0])  # 34 and 16 less 38


def test_cost_figure_names_everything(measured):
    figure = cost_figure(measured)
    shown = texts(figure)
    for text in (
        *("PyTorch", "TensorFlow", "-21.50", "+1.50", "E9: 5-parallel", "diverged"),
        *("all: 3D on raw frames", "what the 3D network is given", "E1+E2", "not measured"),
        *("network trained with it", "input, against bicubic", "scored against the middle frame"),
        "change of PSNR when switched on, test frames (dB)",
    ):
        assert text in shown
    assert shown.count("not measured") == 1  # E14 on TensorFlow
    assert "all: 2D, then 3D (raw)" not in shown  # never run without errata
    assert ALL not in shown
    check_nothing_is_cut(figure)
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_a_backend_without_costs_is_drawn(measured):
    """Its run was stopped before the networks without errata were trained."""
    rows = [row for row in scores("jax", 0.0) if row["errata"]]
    write_rows(measured / "jax_errata_scores.csv", SCORE_COLUMNS, rows)
    figure = cost_figure(measured)
    # E14 on TensorFlow; on JAX all eleven networks but E9, whose off is a run of its own, and the
    # four inputs.
    assert texts(figure).count("not measured") == 1 + 10 + 4
    check_nothing_is_cut(figure)


def test_gap_is_drawn_against_the_time_between_frames():
    rows = gaps("jax", [("2592", 5.2), ("432", -0.4), ("864", 2.5)])
    figure = figures_errata.e2_gap_figure(rows)
    (axes,) = figure.axes
    line = next(line for line in axes.get_lines() if line.get_label() == "JAX")
    assert list(line.get_xdata()) == [432, 864, 2592]
    assert list(line.get_ydata()) == [-0.4, 2.5, 5.2]
    assert any(list(line.get_ydata()) == [0, 0] for line in axes.get_lines())
    assert axes.get_xlabel() == "time between frames (s)"
    assert "less against the middle frame (dB)" in axes.get_ylabel()
    assert axes.get_ylim()[0] < -0.4
    check_nothing_is_cut(figure)


def test_gap_lines_differ_without_colour():
    rows = [row for b in ("torch", "tensorflow", "jax") for row in gaps(b, [("1", 1), ("2", 2)])]
    (axes,) = figures_errata.e2_gap_figure(rows).axes
    looks = {(line.get_linestyle(), line.get_marker()) for line in axes.get_lines()[:3]}
    assert len(looks) == 3


def test_sheared_frame_shows_its_quality():
    figure = figures_errata.e1_sheared_figure(frames())
    shown = texts(figure)
    assert "truth" in shown
    assert "bicubic, 40.00 dB" in shown  # -20 log10(0.01)
    assert "as the 2019 program enlarged it, 20.00 dB" in shown
    assert r"vorticity ($10^{-5}\,\mathrm{s}^{-1}$)" in shown
    assert "as published in 2019 (another frame)" not in shown
    pictures = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(pictures) == 3
    made = frames()
    expected = peak_signal_noise_ratio(made["high"], made["sheared"], data_range=1)
    assert f"as the 2019 program enlarged it, {expected:.2f} dB" in shown
    np.testing.assert_allclose(pictures[0].get_array(), made["high"] * 28.0 - 12, atol=1e-5)
    assert len({image.get_clim() for image in pictures}) == 1
    check_nothing_is_cut(figure)


def test_published_picture_stands_beside_without_its_margins():
    picture = np.full((12, 20, 3), 255, np.uint8)
    picture[3:9, 5:13] = 40
    figure = figures_errata.e1_sheared_figure(frames() | {"published": picture})
    assert "as published in 2019 (another frame)" in texts(figure)
    assert figure.axes[3].images[0].get_array().shape == (6, 8, 3)
    blank = figures_errata.e1_sheared_figure(frames() | {"published": picture[:3]})
    assert blank.axes[3].images[0].get_array().shape == (3, 20, 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sheared": None}, "lacks sheared"),
        ({"sheared": np.zeros((3, 4), np.float32)}, "different sizes"),
    ],
)
def test_frames_that_do_not_fit_are_named(tmp_path, change, words):
    arrays = {name: array for name, array in (frames() | change).items() if array is not None}
    np.savez(tmp_path / "frames_errata_e1.npz", **arrays)
    with pytest.raises(InputError, match=words):
        figures_errata.write_errata_e1_sheared(tmp_path, tmp_path / "out")


def test_damaged_frames_are_named(tmp_path):
    (tmp_path / "frames_errata_e1.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match="damaged"):
        figures_errata.write_errata_e1_sheared(tmp_path, tmp_path / "out")


def training_logs(path):
    """Three published epochs among those of another run."""
    path.write_text(
        "run,epoch,mse,ssim,psnr_db,val_mse,val_ssim,val_psnr_db\n"
        "trail0_3d,1,1,0.5,11.0,1,0.5,12.0\n"
        "trail1_3d,1,1,0.5,16.5,1,0.5,21.0\n"
        "trail1_3d,2,1,0.5,20.3,1,0.5,20.9\n"
        "trail1_3d,100,1,0.5,28.2,1,0.5,27.2\n",
        encoding="utf-8",
    )
    return path


def test_table4_draws_ours_and_the_printed_numbers(tmp_path):
    log = figures_errata.read_training_log(training_logs(tmp_path / "logs.csv"))
    printed = [
        {"stage": "epoch 0", "psnr_db": "16.4601"},
        {"stage": "epoch 100", "psnr_db": "28.2013"},
    ]
    figure = figures_errata.table4_figure({"torch": epochs("torch", (16, 26))}, printed, log)
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(lines["published, validation"].get_xdata()) == [1, 2, 100]
    assert list(lines["published, validation"].get_ydata()) == [21.0, 20.9, 27.2]
    assert list(lines["published, train"].get_ydata()) == [16.5, 20.3, 28.2]
    assert list(lines["ours, validation"].get_ydata()) == [16, 26]
    assert list(lines["ours, train"].get_ydata()) == [17, 27]
    assert list(lines["bicubic, ours"].get_ydata()) == [27.5, 27.5]
    assert list(lines["Table 4"].get_xdata()) == [1, 100]
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel() == "PSNR (dB)"
    assert axes.get_title("left") == "PyTorch, on container"
    looks = {(line.get_linestyle(), line.get_marker()) for line in lines.values()}
    assert len(looks) == len(lines) == 6
    check_nothing_is_cut(figure)


def test_table4_takes_the_rows_of_its_run_only(measured, tmp_path, monkeypatch):
    drawn = {}

    def spy(ours, printed, log):
        drawn.update(ours=ours, printed=printed, log=log)
        return figures_errata.e1_sheared_figure(frames())

    monkeypatch.setattr(figures_errata, "table4_figure", spy)
    logs = training_logs(tmp_path / "logs.csv")
    assert figures_errata.write_table4_curve(measured, PUBLISHED, tmp_path / "out", logs) is True
    assert [row["validation_psnr_db"] for row in drawn["ours"]["torch"]] == ["16", "21", "26"]
    assert [row["psnr_db"] for row in drawn["printed"]] == [
        *("16.4601", "20.9809", "28.2013", "27.1830"),
    ]
    assert len(drawn["log"]) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("trail1", "trail7", "no run trail1_3d"), ("21.0", "x", "could not convert")],
)
def test_logs_that_are_not_the_published_ones_are_named(tmp_path, old, new, words):
    path = training_logs(tmp_path / "logs.csv")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=words):
        figures_errata.read_training_log(path)
