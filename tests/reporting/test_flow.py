"""The table and the figure of the flow study, from rows and flows made here."""

import itertools

import matplotlib.quiver
import matplotlib.text
import numpy as np
import pytest

from keras_vsr.errors import InputError
from keras_vsr.records import FLOW_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.flow import (
    TABLE_COLUMNS,
    flow_figure,
    flow_rows,
    read_field,
    read_flow,
    write_flow,
)

BEFORE, AFTER = "textures", "textures, then turning phantoms with their flow"


def row(backend, case, motion, error, *, trained_on=BEFORE, still="0.855", seconds="12.5"):
    return dict.fromkeys(FLOW_COLUMNS, "") | {
        "row": f"flow/{case}/{motion}/{trained_on}/{backend}",
        "study": "flow",
        "case": case,
        "trained_on": trained_on,
        "motion": motion,
        "frames": "3",
        "height": "64",
        "width": "64",
        "endpoint_error_px": error,
        "still_endpoint_error_px": still,
        "levels": "4",
        "parameters": "11642",
        "steps": "500",
        "seconds": seconds,
        "backend": backend,
    }


def make_field(**cells):
    """A frame of 24x32 pixels that turns about its middle; the flow found is 0.3 px off in x, 0.4
    in y."""
    rows, columns = np.mgrid[:24, :32]
    disc = (np.hypot(rows - 11.5, columns - 15.5) < 9).astype(np.float32)
    flow = 0.1 * np.stack([rows - 11.5, 15.5 - columns], axis=-1).astype(np.float32)
    off = np.float32((0.3, -0.4))
    return {
        "first": disc,
        "second": 1 - disc,
        "true_flow": flow,
        "found_flow": flow + off,
        "motion": np.array("5.7 degrees a frame"),
    } | cells


@pytest.fixture
def measured(tmp_path):
    """Two of three backends; the second training on one of them."""
    folder = tmp_path / "measured"
    phantom = ("turning_phantom", "2 degrees a frame")
    by_backend = {
        "tensorflow": [
            row("tensorflow", "translation", "1.3 -0.7 px", "0.1", still="1.47"),
            row("tensorflow", *phantom, "0.84"),
            row("tensorflow", *phantom, "0.355", trained_on=AFTER, seconds="19"),
        ],
        "jax": [
            row("jax", *phantom, "0.85", seconds="30"),
            row("jax", "translation", "1.3 -0.7 px", "0.12", still="1.47"),
        ],
    }
    for backend, rows in by_backend.items():
        write_rows(folder / f"{backend}_flow.csv", FLOW_COLUMNS, rows)
    np.savez_compressed(folder / "flow_field_tensorflow.npz", **make_field())
    return folder


def test_lines_are_the_hand_made_ones(measured, tmp_path):
    assert write_flow(measured, tmp_path / "tables", tmp_path / "figures") is True
    lines = read_rows(tmp_path / "tables" / "flow.csv", TABLE_COLUMNS)
    cells = ("case", "trained_on", "still_endpoint_error_px")
    errors = tuple(f"endpoint_error_px_{backend}" for backend in ("torch", "tensorflow", "jax"))
    assert [tuple(line[name] for name in (*cells, *errors)) for line in lines] == [
        ("translation", BEFORE, "1.47", "", "0.1", "0.12"),
        ("turning_phantom", BEFORE, "0.855", "", "0.84", "0.85"),
        ("turning_phantom", AFTER, "0.855", "", "0.355", ""),
    ]
    assert lines[0]["motion"] == "1.3 -0.7 px"
    assert (lines[1]["frames"], lines[1]["height"], lines[1]["width"]) == ("3", "64", "64")
    assert (lines[1]["levels"], lines[1]["parameters"], lines[1]["steps"]) == ("4", "11642", "500")
    assert (lines[1]["seconds_tensorflow"], lines[1]["seconds_jax"]) == ("12.5", "30")
    assert lines[0]["measured_row"] == (
        "flow/translation/1.3 -0.7 px/textures/tensorflow; "
        "flow/translation/1.3 -0.7 px/textures/jax"
    )
    assert lines[1]["note"] == "not measured on torch"
    assert lines[2]["note"] == "not measured on torch, jax"


def test_the_same_rows_give_the_same_bytes(measured, tmp_path):
    for name in ("one", "two"):
        write_flow(measured, tmp_path / name, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["flow.csv", "flow_phantom.png", "flow_phantom.svg"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_differs_between_backends_is_shown():
    rows = [row("torch", "translation", "1 1 px", "0.1"), row("jax", "translation", "1 1 px", "0")]
    rows[1]["steps"] = "20"
    assert flow_rows(rows)[0]["steps"] == "500 / 20"


def test_nothing_measured_writes_nothing(tmp_path):
    np.savez_compressed(tmp_path / "flow_field_torch.npz", **make_field())
    assert write_flow(tmp_path, tmp_path / "out", tmp_path / "out") is False
    assert not (tmp_path / "out").exists()


# What is damaged


@pytest.mark.parametrize("column", ["endpoint_error_px", "still_endpoint_error_px", "seconds"])
def test_a_damaged_number_is_named(tmp_path, column):
    wrong = row("jax", "translation", "1 1 px", "0.1") | {column: "0,1x"}
    write_rows(tmp_path / "jax_flow.csv", FLOW_COLUMNS, [wrong])
    with pytest.raises(InputError, match=rf"jax_flow\.csv line 2 has '0,1x' as {column}, not a n"):
        read_flow(tmp_path)


def test_a_file_that_is_cut_off_or_of_another_version_is_named(tmp_path):
    path = tmp_path / "torch_flow.csv"
    write_rows(path, FLOW_COLUMNS, [row("torch", "translation", "1 1 px", "0.1")])
    whole = path.read_text()
    path.write_text(whole[: whole.rindex(",0.1,")])
    with pytest.raises(InputError, match=r"torch_flow\.csv line 2 is cut off or too long"):
        read_flow(tmp_path)
    path.write_text(whole.replace("seconds,", "minutes,", 1))
    with pytest.raises(InputError, match=r"has other columns than expected \(minutes, seconds\)"):
        read_flow(tmp_path)


def test_a_missing_or_damaged_flow_is_named_and_nothing_is_written(measured, tmp_path):
    path, out = measured / "flow_field_tensorflow.npz", tmp_path / "out"
    whole = path.read_bytes()
    for content, message in (
        (None, r"cannot read .*flow_field_tensorflow\.npz: there is no such file; run the study"),
        (whole[:-100], r"flow_field_tensorflow\.npz is damaged or no \.npz file"),
        (b"", r"flow_field_tensorflow\.npz is damaged or no \.npz file"),
    ):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            write_flow(measured, out, out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"found_flow": np.zeros((24, 31, 2))}, r"has found_flow of shape \(24, 31, 2\) beside fr"),
        ({"first": np.zeros(24)}, r"has first of shape \(24,\) beside frames of shape \(24,\)"),
        ({"true_flow": np.full((24, 32, 2), np.nan)}, r"value in true_flow that is not a finite"),
    ],
)
def test_a_flow_that_does_not_fit_its_frames_is_named(tmp_path, cells, message):
    np.savez_compressed(tmp_path / "flow.npz", **make_field(**cells))
    with pytest.raises(InputError, match=message):
        read_field(tmp_path / "flow.npz")


def test_a_flow_that_lacks_something_is_named(tmp_path):
    field = make_field()
    del field["found_flow"]
    np.savez_compressed(tmp_path / "flow.npz", **field)
    with pytest.raises(InputError, match=r"flow\.npz lacks found_flow; run the study again"):
        read_field(tmp_path / "flow.npz")


# The figure


def test_everything_is_named():
    found = flow_figure(make_field(), "jax").findobj(matplotlib.text.Text)
    shown = {text.get_text() for text in found}
    # The mean distance from the middle of the frame, by hand: a tenth of it is the flow's length.
    rows, columns = np.mgrid[:24, :32]
    length = 0.1 * np.mean(np.sqrt((rows - 11.5) ** 2 + (columns - 15.5) ** 2))
    assert {
        "phantom turning by 5.7 degrees a frame, JAX",
        "(a) first frame",
        f"(b) true flow, mean {length:.2f} px",
        "(c) flow found, mean error 0.50 px",
        "(d) error of (c), at most 0.50 px",
        *("x (px)", "y (px)", "intensity", "end-point error (px)"),
    } <= shown


def test_arrows_start_where_they_should_and_point_as_the_flow_does():
    field = make_field()
    panels = flow_figure(field, "torch").axes[:4]
    arrows = [axes.findobj(matplotlib.quiver.Quiver) for axes in panels]
    assert [len(found) for found in arrows] == [0, 1, 1, 0]
    (true,), (found,) = arrows[1:3]
    assert true.scale == found.scale
    for one, name in ((true, "true_flow"), (found, "found_flow")):
        x, y = one.XY.T.astype(int)
        np.testing.assert_array_equal(one.U, field[name][y, x, 0])
        np.testing.assert_array_equal(one.V, field[name][y, x, 1])
        # As far from each border as from the opposite one, but for a pixel.
        assert abs(x.min() - (31 - x.max())) <= 1
        assert abs(y.min() - (23 - y.max())) <= 1
        # In data coordinates, with row 0 on top, dy > 0 is drawn downwards.
        assert (one.angles, one.scale_units) == ("xy", "xy")
    assert panels[1].yaxis_inverted()
    np.testing.assert_array_equal(panels[0].images[0].get_array(), field["first"])
    assert true.scale == 1  # the flow is long enough here to be drawn as it is
    for axes in panels[1:3]:
        (key,) = axes.findobj(matplotlib.quiver.QuiverKey)
        assert (key.U, key.label) == (1, "1 px")
    # The longest true arrow is no longer than from one arrow to the next, or hardly.
    step = np.diff(np.unique(true.XY[:, 0]))[0]
    assert 0.5 * step < np.hypot(true.U, true.V).max() / true.scale <= 1.1 * step


def test_errors_are_the_distance_of_the_flows():
    field = make_field()
    field["found_flow"] = field["true_flow"].copy()
    field["found_flow"][5, 7] += np.float32((0.6, 0.8))
    image = flow_figure(field, "torch").axes[3].images[0]
    expected = np.zeros((24, 32))
    expected[5, 7] = 1
    np.testing.assert_allclose(image.get_array(), expected, atol=1e-6)
    assert image.get_clim() == pytest.approx((0, 1), abs=1e-6)
    # Darker is larger, so that it is read without colour, too.
    red_green_blue = image.get_cmap()(np.linspace(0, 1, 20))[:, :3]
    assert (np.diff(red_green_blue @ (0.2126, 0.7152, 0.0722)) < 0).all()


@pytest.mark.parametrize("moves", [True, False])
def test_nothing_is_cut_and_no_title_runs_into_the_next(moves):
    field = make_field()
    if not moves:
        field["true_flow"] = field["found_flow"] = np.zeros_like(field["true_flow"])
    figure = flow_figure(field, "tensorflow")
    figure.canvas.draw()
    drawn, size = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 > -0.01
    assert drawn.y0 > -0.01
    assert drawn.x1 < size[0] + 0.01
    assert drawn.y1 < size[1] + 0.01
    titles = [axes._left_title.get_window_extent() for axes in figure.axes[:4]]
    for left, right in (titles[:2], titles[2:]):
        assert left.x1 < right.x0
    boxes = [axes.get_window_extent() for axes in figure.axes[:4]]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for axes in figure.axes[1:3]:  # the keys stand below their panel's label and in the picture
        (key,) = axes.findobj(matplotlib.quiver.QuiverKey)
        box = key.text.get_window_extent()
        assert box.y1 < axes.xaxis.label.get_window_extent().y0
        assert box.y0 > 0
        assert box.x1 < axes.get_window_extent().x1
