"""Figures and panels: looked at as Figure objects, and as files."""

import subprocess
import sys

import matplotlib
import matplotlib.text
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from keras_vsr.errors import InputError
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, write_rows
from keras_vsr.reporting import figures, panels, saved_frames
from keras_vsr.reporting.tables import gain_rows, read_measured

BICUBIC = 50.0
LIMITS = (-12.0, 16.0)


def score(study, model, variant, backend, psnr_db, dataset="climate"):
    cells = dict.fromkeys(SCORE_COLUMNS, "")
    return cells | {
        "row": f"{study}/{model}/{variant}/output/test/middle/{backend}",
        "study": study,
        "model": model,
        "variant": variant,
        "stage": "output",
        "split": "test",
        "area": "middle",
        "dataset": dataset,
        "parameters": "" if variant == "interpolation" else 10577,
        "mse": 10 ** (-psnr_db / 10),
        "ssim_uniform7": 0.9,
        "psnr_db": psnr_db,
        "bicubic_psnr_db": BICUBIC,
        "gain_over_bicubic_db": psnr_db - BICUBIC,
        "backend": backend,
    }


def history(study, model, variant, backend, psnrs):
    rows = []
    for number, psnr_db in enumerate(psnrs, start=1):
        cells = dict.fromkeys(EPOCH_COLUMNS, "")
        rows.append(
            cells
            | {
                "row": f"{study}/{model}/{variant}/{number}/{backend}",
                "study": study,
                "model": model,
                "variant": variant,
                "epoch": number,
                "train_mse": 0.1,
                "train_ssim": 0.9,
                "train_psnr_db": psnr_db + 0.5,
                "validation_mse": 0.1,
                "validation_ssim": 0.9,
                "validation_psnr_db": psnr_db,
                "bicubic_validation_psnr_db": BICUBIC,
                "seconds": 1.0,
                "backend": backend,
            }
        )
    return rows


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Two backends; on jax the 2021 study was not run, and one network has no residual run."""
    folder = tmp_path_factory.mktemp("measured")
    for backend in ("torch", "jax"):
        scores, epochs = [], []
        scores.append(score("climate_2019", "bicubic", "interpolation", backend, BICUBIC))
        for model in ("srcnn", "fsrcnn_2019"):
            scores.append(score("climate_2019", model, "plain", backend, 42.0))
            epochs += history("climate_2019", model, "plain", backend, (8.0, 30.0, 41.0, 42.0))
        scores.append(score("climate_2019", "srcnn", "residual", backend, 51.5))
        epochs += history("climate_2019", "srcnn", "residual", backend, (50.0, 51.0, 51.5))
        epochs += history("climate_2019", "two_in_one", "plain", backend, (8.0, 9.0, 10.0))
        if backend == "torch":
            scores.append(score("climate_2021", "delta", "plain", backend, 43.0))
            epochs += history("climate_2021", "delta", "plain", backend, (20.0, 43.0))
        write_rows(folder / f"{backend}_scores.csv", SCORE_COLUMNS, scores)
        write_rows(folder / f"{backend}_epochs.csv", EPOCH_COLUMNS, epochs)
    return folder


def make_frames():
    """A wave on 16x32 pixels; each network's frame is it plus a known error."""
    rows, columns = np.mgrid[:16, :32]
    high = (0.5 + 0.4 * np.sin(columns / 3) * np.cos(rows / 5)).astype(np.float32)
    checks = np.where((rows + columns) % 2, 1, -1).astype(np.float32)
    low = high.reshape(8, 2, 16, 2).mean((1, 3))
    middle = np.s_[2:-2, 2:-2]
    networks = {
        "srcnn/plain": 0.02,
        "fsrcnn_2019/plain": 0.03,
        "srcnn/residual": 0.005,
        "fsrcnn_2019/residual": 0.004,
        "srnet3d_raw/residual": 0.003,
        "delta/residual": 0.002,
    }
    return {
        "low": low,
        "high": high,
        "bicubic": (high + 0.01 * checks)[middle],
        **{name: (high + size * checks)[middle] for name, size in networks.items()},
        "dataset": np.array("climate"),
        "hour": np.array("126"),
        "field": np.array("vorticity"),
        "units": np.array("1e-5 1/s"),
        "limits": np.array(f"{LIMITS[0]}, {LIMITS[1]}"),
    }


@pytest.fixture(scope="module")
def frames():
    return make_frames()


def texts(figure):
    """Every text that the figure shows, in any of its axes and legends."""
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return [text for text in found if text]


def check_drawn(paths):
    """Files exist, PNGs are pictures with something on them, SVGs have no date."""
    assert paths
    for path in paths:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
                assert "Software" not in picture.info
                assert np.asarray(picture.convert("L")).std() > 5
        else:
            text = path.read_text()
            assert text.rstrip().endswith("</svg>")
            assert "dc:date" not in text


def test_write_figures(measured, tmp_path):
    paths = figures.write_figures(measured, tmp_path / "new")
    names = {"gain_over_bicubic", "psnr_climate_2021_torch"}
    names |= {f"psnr_climate_2019_{backend}" for backend in ("torch", "jax")}
    assert {path.name for path in paths} == {f"{n}.{s}" for n in names for s in ("png", "svg")}
    check_drawn(paths)


def test_every_study_has_its_curves_and_every_data_set_its_gains(tmp_path):
    epochs = history("container_2019", "srnet3d_early", "plain", "torch", (20.0, 25.0))
    epochs += history("of_ones_own", "srcnn", "residual", "torch", (20.0, 25.0))
    scores = [
        score("climate_2019", "srcnn", "plain", "torch", 42.0),
        score("phantom", "bicubic", "interpolation", "torch", BICUBIC, "phantom"),
        score("phantom", "kim_3dsrnet", "residual", "torch", 51.25, "phantom"),
        score("flow4x", "flow4x", "residual", "torch", 52.5, "phantom"),
        score("diamond_2021", "parallel5_wide", "plain", "torch", 47.0, "diamond"),
    ]
    write_rows(tmp_path / "torch_scores.csv", SCORE_COLUMNS, scores)
    write_rows(tmp_path / "torch_epochs.csv", EPOCH_COLUMNS, epochs)
    # What a backend did not run at all is no panel.
    on_jax = score("climate_2019", "srcnn", "plain", "jax", 42.0)
    write_rows(tmp_path / "jax_scores.csv", SCORE_COLUMNS, [on_jax])
    paths = figures.write_figures(tmp_path, tmp_path / "out")
    assert [path.stem for path in paths if path.suffix == ".png"] == [
        *("psnr_container_2019_torch", "psnr_of_ones_own_torch", "gain_over_bicubic"),
        *("gain_over_bicubic_phantom", "gain_over_bicubic_diamond"),
    ]
    check_drawn(paths)
    rows = read_measured(tmp_path)
    gains = figures._by_dataset(gain_rows(rows))
    shown = texts(figures.gain_figure(gains["phantom"]))
    for text in ("phantom", "3DSRnet (Kim et al.)", "phantom, 4 times larger", "+1.25", "+2.50"):
        assert text in shown
    assert "5-parallel, wider" not in shown
    assert "JAX" not in shown
    assert "JAX" in texts(figures.gain_figure(gains["climate"]))
    assert "of_ones_own, PyTorch" in texts(figures.history_figure(rows, "of_ones_own", "torch"))
    for figure in (
        figures.gain_figure(gains["diamond"]),
        figures.history_figure(rows, "container_2019", "torch"),
    ):
        check_nothing_is_cut(figure)


def test_figures_are_the_same_bytes_again_whatever_the_users_settings(measured, tmp_path):
    first = figures.write_figures(measured, tmp_path / "a")
    with matplotlib.rc_context({"font.size": 20, "svg.hashsalt": None, "axes.grid": True}):
        second = figures.write_figures(measured, tmp_path / "b")
        assert matplotlib.rcParams["font.size"] == 20  # and they are left as they were
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_history_figure_shows_rows_and_labels(measured):
    figure = figures.history_figure(read_measured(measured), "climate_2019", "torch")
    shown = texts(figure)
    for text in ("SRCNN", "FSRCNN", "PSNR (dB)", "epoch", "bicubic, validation"):
        assert text in shown
    assert "plain, train" in shown
    assert "residual, validation" in shown
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    residual = [x for x in lines if x.get_label() == "residual, validation"]
    assert [list(line.get_ydata()) for line in residual] == [[50.0, 51.0, 51.5]]
    assert [list(line.get_xdata()) for line in residual] == [[1, 2, 3]]
    train = next(x for x in lines if x.get_label() == "residual, train")
    assert list(train.get_ydata()) == [50.5, 51.5, 52.0]


def test_lines_differ_without_colour(measured):
    figure = figures.history_figure(read_measured(measured), "climate_2019", "torch")
    handles = figure.legends[0].legend_handles
    looks = {(h.get_linestyle(), h.get_marker(), str(h.get_markerfacecolor())) for h in handles}
    markers = {(h.get_linestyle(), h.get_marker()) for h in handles}
    assert len(looks) == len(markers) == len(handles) == 5


def test_a_run_below_the_axis_and_one_not_run_are_told_in_words(measured):
    shown = texts(figures.history_figure(read_measured(measured), "climate_2019", "torch"))
    assert "below the axis, ends at 10.0 dB" in shown
    assert shown.count("not measured") == 2  # residual runs of two networks


def check_nothing_is_cut(figure):
    """Everything drawn lies on the figure; a hundredth of an inch is a line's own width."""
    figure.canvas.draw()
    drawn = figure.get_tightbbox()  # in inches
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.01
    assert drawn.y0 > -0.01
    assert drawn.x1 < width + 0.01
    assert drawn.y1 < height + 0.01


def test_legends_cover_no_data_and_nothing_is_cut(measured):
    rows = read_measured(measured)
    alone = [row for row in gain_rows(rows) if row["backend"] == "torch"]
    for figure in (
        figures.history_figure(rows, "climate_2019", "torch"),
        figures.history_figure(rows, "climate_2021", "torch"),
        figures.gain_figure(gain_rows(rows)),
        figures.gain_figure(alone),
    ):
        check_nothing_is_cut(figure)
        legend = figure.legends[0].get_window_extent()
        assert not any(legend.overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_gain_figure_shows_numbers_and_labels(measured):
    figure = figures.gain_figure(gain_rows(read_measured(measured)))
    shown = texts(figure)
    for text in ("PyTorch", "JAX", "SRCNN", "Delta", "bicubic", "-8.00", "+1.50", "+0.00"):
        assert text in shown
    assert any("dB" in text for text in shown)
    assert "not measured" in shown  # delta on jax
    assert {"plain", "residual over bicubic", "interpolation"} <= set(shown)


def test_histories_that_are_not_finite_are_drawn(tmp_path):
    rows = history("climate_2019", "srcnn", "plain", "torch", (np.nan, np.nan))
    rows += history("climate_2019", "fsrcnn_2019", "plain", "torch", (40.0, np.inf))
    write_rows(tmp_path / "torch_epochs.csv", EPOCH_COLUMNS, rows)
    check_drawn(figures.write_figures(tmp_path, tmp_path / "out"))


def test_error_colours_rise_in_lightness_about_a_neutral_grey():
    red, green, blue = panels.ERROR_COLOURS(np.linspace(0, 1, 64))[:, :3].T
    lightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # ITU-R BT.709
    assert (np.diff(lightness) > 0).all()
    middle = panels.ERROR_COLOURS(0.5)[:3]
    assert max(middle) - min(middle) < 0.03


def test_psnr_of_a_frame_is_that_of_the_shared_area(frames):
    # A checkerboard of +-0.01 has an MSE of 1e-4 on every area: 40 dB.
    assert saved_frames.frame_psnr(frames, "bicubic") == pytest.approx(40, abs=1e-3)
    outside = dict(frames)
    outside["high"] = frames["high"].copy()
    outside["high"][:2] = 0
    assert saved_frames.frame_psnr(outside, "bicubic") == pytest.approx(40, abs=1e-3)
    inside = frames["high"][2:-2, 2:-2]
    expected = peak_signal_noise_ratio(inside, frames["srcnn/plain"], data_range=1)
    assert saved_frames.frame_psnr(frames, "srcnn/plain") == pytest.approx(expected, abs=1e-3)


def test_best_networks_and_one_plain(frames):
    assert saved_frames.choose_networks(frames) == [
        "delta/residual",
        "srnet3d_raw/residual",
        "fsrcnn_2019/residual",
        "srcnn/plain",
    ]
    assert saved_frames.choose_networks(frames, 1) == ["delta/residual"]
    failed = frames | {"delta/residual": np.full((12, 28), np.nan, np.float32)}
    assert saved_frames.choose_networks(failed, 1) == ["srnet3d_raw/residual"]


def test_panel_shows_fields_errors_and_quality(frames):
    figure = panels.panel_figure(frames)
    shown = texts(figure)
    assert "bicubic, 40.00 dB" in shown
    assert "Delta, residual, 53.98 dB" in shown  # 20 log10(1 / 0.002)
    assert "SRCNN, plain, 33.98 dB" in shown
    assert "truth (HR), 16 x 32" in shown
    assert "input (LR), 8 x 16" in shown
    for text in ("longitude (° E)", "latitude (° N)"):
        assert text in shown
    assert r"vorticity ($10^{-5}\,\mathrm{s}^{-1}$)" in shown
    assert r"error ($10^{-5}\,\mathrm{s}^{-1}$)" in shown
    images = [axes.images[0] for axes in figure.axes if axes.images]
    errors = [image for image in images if image.get_cmap() is panels.ERROR_COLOURS]
    assert len(errors) == 5
    assert len({image.get_clim() for image in errors}) == 1
    low, high = errors[0].get_clim()
    # The checkerboard of +-0.01, in units of the field.
    assert high == -low == pytest.approx(0.01 * (LIMITS[1] - LIMITS[0]), rel=1e-3)


def test_panel_is_drawn_in_units_with_north_up(frames):
    figure = panels.panel_figure(frames)
    truth = figure.axes[0].images[0]
    expected = frames["high"][2:-2, 2:-2] * (LIMITS[1] - LIMITS[0]) + LIMITS[0]
    np.testing.assert_allclose(truth.get_array(), expected, atol=1e-5)
    assert truth.origin == "lower"
    # 2 of 16 rows are 11.25 degrees of latitude, 2 of 32 columns 22.5 of longitude.
    assert truth.get_extent() == pytest.approx([22.5, 337.5, 11.25, 78.75])
    assert figure.axes[0].get_xlim() == (0, 360)
    assert figure.axes[0].get_ylim() == (0, 90)
    low = figure.axes[3].images[0]
    assert low.get_extent() == pytest.approx([0, 360, 0, 90])


def test_zoom_is_where_it_is_marked(frames):
    figure = panels.panel_figure(frames, zoom=(1, 4, 6, 8))
    whole, detail = figure.axes[:2]
    box = whole.patches[-1]
    assert box.get_xy() == pytest.approx((22.5 + 4 * 11.25, 11.25 + 1 * 5.625))
    assert (box.get_width(), box.get_height()) == pytest.approx((8 * 11.25, 6 * 5.625))
    assert detail.get_xlim() == pytest.approx((67.5, 157.5))
    assert detail.get_ylim() == pytest.approx((16.875, 50.625))


def test_zoom_finds_the_largest_error(frames):
    error = np.zeros((12, 28))
    error[5, 20] = 1
    row, column, height, width = saved_frames.hardest_square(error)
    assert (height, width) == (4, 4)
    assert row <= 5 < row + height <= 12
    assert column <= 20 < column + width <= 28


def test_recovered_figure(frames):
    figure = panels.recovered_figure(frames)
    shown = texts(figure)
    assert "truth, 16 x 32" in shown
    assert "input, 8 x 16" in shown
    assert "recovered by Delta, residual" in shown
    assert "error: PSNR 53.98 dB, bicubic 40.00 dB" in shown
    check_nothing_is_cut(figure)
    left, right = (axes._left_title.get_window_extent() for axes in figure.axes[2:4])
    assert not left.overlaps(right)


def test_heading_without_an_hour(frames):
    assert "climate, vorticity, hour 126" in texts(panels.recovered_figure(frames))
    assert "climate, vorticity" in texts(panels.recovered_figure(frames | {"hour": np.array("")}))


def test_longest_names_stay_on_the_panel(frames):
    longest = {"2d_then_3d_processed/residual": frames["delta/residual"]}
    check_nothing_is_cut(panels.panel_figure(frames | longest))


def test_write_panels(tmp_path):
    np.savez(tmp_path / "frames_torch_climate_2019.npz", **make_frames())
    first = panels.write_panels(tmp_path, tmp_path / "a")
    assert {path.name for path in first} == {
        f"{name}.{suffix}"
        for name in ("panel_climate_2019_torch", "recovered")
        for suffix in ("png", "svg")
    }
    check_drawn(first)
    for one, other in zip(first, panels.write_panels(tmp_path, tmp_path / "b"), strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_panels_of_every_study_and_the_recovered_climate_frame(tmp_path):
    np.savez(tmp_path / "frames_torch_climate_2019.npz", **make_frames())
    # Its networks are better than any on climate frames.
    better = make_frames() | {"dataset": np.array("clips"), "field": np.array("luma")}
    better["srcnn/residual"] = better["high"][2:-2, 2:-2] + np.float32(1e-4)
    np.savez(tmp_path / "frames_jax_real_video.npz", **better)
    np.savez(tmp_path / "frames_jax_of_ones_own.npz", **better)
    np.savez(tmp_path / "frames_errata_e1.npz", high=np.zeros((4, 4)))  # no backend's
    paths = panels.write_panels(tmp_path, tmp_path / "out")
    assert [path.stem for path in paths if path.suffix == ".png"] == [
        *("panel_climate_2019_torch", "panel_real_video_jax", "panel_of_ones_own_jax", "recovered"),
    ]
    check_drawn(paths)
    recovered = (tmp_path / "out" / "recovered.png").read_bytes()
    alone = panels.write_recovered(make_frames(), tmp_path / "alone")
    assert alone[0].read_bytes() == recovered


def test_nothing_saved_gives_nothing(tmp_path):
    assert panels.write_panels(tmp_path, tmp_path / "out") == []


def test_damaged_frames_are_named(tmp_path):
    path = tmp_path / "frames_jax_climate_2019.npz"
    with pytest.raises(InputError, match="no such file"):
        saved_frames.read_frames(path)
    np.savez(path, **make_frames())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="damaged"):
        saved_frames.read_frames(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        saved_frames.read_frames(path)
    np.savez(path, low=np.zeros((4, 4)))
    with pytest.raises(InputError, match="lacks high"):
        saved_frames.read_frames(path)


@pytest.mark.parametrize("limits", ["", "12", "16, -12", "none to all"])
def test_limits_that_are_not_limits_are_named(frames, limits):
    with pytest.raises(InputError, match="limits"):
        panels.panel_figure(frames | {"limits": np.array(limits)})


@pytest.mark.parametrize("limits", ["-12..16", "[-12. 16.]", "-12.0 16.0", np.array(LIMITS)])
def test_limits_are_read(frames, limits):
    assert saved_frames.physical(frames | {"limits": np.array(limits)}) == (28, -12)


def test_pyplot_is_not_used():
    code = "import keras_vsr.reporting.panels, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("rounding", [0.0, 1e-15])
def test_rounding_in_the_layout_changes_no_svg(rounding, tmp_path):
    def drawn(name, left):
        figure = figures.Figure(figsize=(2, 2))
        figures.FigureCanvasAgg(figure)
        for bottom in (0.1, 0.6):
            figure.add_axes((left, bottom, 0.8, 0.3)).plot([0, 1], [1, 0])
        return figures.save_figure(figure, tmp_path / name)[1].read_text(encoding="utf-8")

    svg = drawn("one", 0.1)
    assert svg == drawn("other", 0.1 * (1 + rounding))
    assert 'id="clip2"' in svg
    assert svg.count("url(#clip1)") == svg.count("url(#clip2)") >= 1
