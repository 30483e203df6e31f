"""Panels of pictures: looked at as Figure objects."""

import itertools

import matplotlib.text
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from keras_vsr.reporting import panel_parts, saved_frames
from keras_vsr.reporting.picture_panels import picture_panel_figure


def make_frames(scale=2, **cells):
    """Stripes on 24x32 pixels, each row brighter than the one above; networks with known errors."""
    rows, columns = np.mgrid[:24, :32]
    high = (0.1 + rows / 40 + 0.1 * (columns % 2)).astype(np.float32)
    checks = np.where((rows + columns) % 2, 1, -1).astype(np.float32)
    middle = np.s_[2:-2, 2:-2]
    frames = {
        "low": high.reshape(24 // scale, scale, 32 // scale, scale).mean((1, 3)),
        "high": high[middle],
        "bicubic": (high + 0.1 * checks)[middle],
        "delta/plain": (high - 0.01 * checks)[middle],
        "kim_3dsrnet/residual": (high + 0.001 * checks)[middle],
        "dataset": "clips",
        "hour": "",
        "field": "luma",
        "units": "luma",
        "limits": (0.0, 255.0),
    } | cells
    return {name: np.asarray(value) for name, value in frames.items()}


def texts(figure):
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return [text for text in found if text]


def columns_of(figure, count=5):
    """Axes by column: whole, detail, error of each frame."""
    grid = np.array(figure.axes[: 3 * count]).reshape(3, count)
    return dict(zip(("high", "low", "bicubic", "best", "plain"), grid.T, strict=True))


def test_everything_is_named():
    shown = texts(picture_panel_figure(make_frames(data_source="city")))
    for text in (
        *("clips, city, luma", "truth (HR)\n24 x 32", "input (LR)\n12 x 16", "luma"),
        *("bicubic\n20.00 dB", "Delta\nplain, 40.00 dB"),
        *("3DSRnet (Kim et al.)\nresidual, 60.00 dB", "estimate - truth\n(luma)"),
    ):
        assert text in shown
    assert not any("latitude" in text or "longitude" in text for text in shown)
    assert "clips, luma" in texts(picture_panel_figure(make_frames()))
    phantom = make_frames(dataset="phantom", field="intensity", units="", limits=(0.0, 1.0))
    shown = texts(picture_panel_figure(phantom))
    assert {"phantom, intensity", "intensity", "estimate - truth\n(intensity)"} <= set(shown)


def test_quality_is_that_of_scikit_image():
    frames = make_frames()
    expected = peak_signal_noise_ratio(frames["high"], frames["delta/plain"], data_range=1)
    assert saved_frames.frame_psnr(frames, "delta/plain") == pytest.approx(expected, abs=1e-6)


def test_pictures_stand_upright_in_grey_and_in_units_of_luma():
    frames = make_frames()
    columns = columns_of(picture_panel_figure(frames))
    truth = columns["high"][0]
    image = truth.images[0]
    np.testing.assert_allclose(image.get_array(), frames["high"] * 255.0, rtol=1e-6)
    assert image.get_cmap().name == "gray"
    assert image.get_clim() == (0, 255)
    # The first row is the one on top: 2 of 24 rows and of 32 columns are missing on each side.
    assert image.origin == "upper"
    assert image.get_extent() == [2, 30, 22, 2]
    assert (truth.get_xlim(), truth.get_ylim()) == ((0, 32), (24, 0))
    assert truth.get_aspect() == 1
    low = columns["low"][0].images[0]
    assert low.get_extent() == [0, 32, 24, 0]
    assert low.get_array().shape == (12, 16)
    # Brighter rows are drawn further down.
    figure = truth.figure
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., 0].astype(float)
    box = truth.get_window_extent()
    left, right = round(box.x0), round(box.x1)
    top, bottom = drawn.shape[0] - round(box.y1), drawn.shape[0] - round(box.y0)
    inside = drawn[top:bottom, left:right]
    height = inside.shape[0]
    upper, lower = inside[height // 5 : height // 4], inside[-height // 4 : -height // 5]
    assert np.median(lower) > np.median(upper) + 30


def test_errors_share_one_scale_set_by_bicubic():
    columns = columns_of(picture_panel_figure(make_frames()))
    errors = {name: columns[name][2].images[0] for name in ("bicubic", "best", "plain")}
    assert all(image.get_cmap() is panel_parts.ERROR_COLOURS for image in errors.values())
    limits = {image.get_clim() for image in errors.values()}
    ((low, high),) = limits
    assert high == -low == pytest.approx(25.5, rel=1e-4)  # 0.1 of 255
    assert np.abs(errors["plain"].get_array()).max() == pytest.approx(2.55, rel=1e-3)
    frames = make_frames()
    for name, network in (("plain", "delta/plain"), ("bicubic", "bicubic")):
        signed = 255.0 * (frames[network].astype(float) - frames["high"])
        np.testing.assert_allclose(errors[name].get_array(), signed, atol=1e-4)
    far = make_frames()
    far["delta/plain"] = far["high"] + np.float32(0.5)
    assert "100% off the scale" in texts(picture_panel_figure(far))


def test_zoom_is_where_it_is_marked():
    columns = columns_of(picture_panel_figure(make_frames(), zoom=(3, 5, 6, 8)))
    whole, detail, _ = columns["best"]
    best = make_frames()["kim_3dsrnet/residual"]
    np.testing.assert_allclose(detail.images[0].get_array(), 255.0 * best, rtol=1e-6)
    box = whole.patches[-1]
    assert (*box.get_xy(), box.get_width(), box.get_height()) == (7, 5, 8, 6)
    assert (detail.get_xlim(), detail.get_ylim()) == ((7, 15), (11, 5))


def test_scale_four():
    figure = picture_panel_figure(make_frames(scale=4))
    assert "truth (HR)\n24 x 32" in texts(figure)
    assert "input (LR)\n6 x 8" in texts(figure)
    assert columns_of(figure)["low"][0].images[0].get_extent() == [0, 32, 24, 0]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("cut", [0, 4])
def test_the_whole_size_is_known_from_a_few_pixels_on(scale, cut):
    high = np.zeros((6 * scale - cut, 5 * scale - cut))
    frames = {"low": np.zeros((6, 5)), "high": high}
    assert saved_frames.full_size(frames) == (6 * scale, 5 * scale)


def test_nothing_is_cut_and_no_title_runs_into_the_next():
    frames = make_frames()
    better = frames["high"] + np.float32(1e-4)
    for name in ("2d_then_3d_processed/residual", "srnet3d_processed/residual"):
        better = better + np.float32(1e-5)
        frames[name] = better
    for shown in (frames, {name: frames[name] for name in frames if "/" not in name}):
        figure = picture_panel_figure(shown)
        figure.canvas.draw()
        drawn, size = figure.get_tightbbox(), figure.get_size_inches()
        assert drawn.x0 > -0.01
        assert drawn.y0 > -0.01
        assert drawn.x1 < size[0] + 0.01
        assert drawn.y1 < size[1] + 0.01
        count = 3 + len(saved_frames.choose_networks(shown))
        titles = [axes._left_title.get_window_extent() for axes in figure.axes[:count]]
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(titles))
