"""The table of published weights against rows whose lines were worked out by hand."""

import pytest

from keras_vsr.errors import InputError
from keras_vsr.records import PUBLISHED_COLUMNS, read_rows, write_rows
from keras_vsr.reporting.published_weights import (
    TABLE_COLUMNS,
    published_weights_rows,
    read_published_weights,
    write_published_weights,
)


def row(backend, weights, quantity, value, holds="", *, expected="", tolerance="", seconds=""):
    cells = dict.fromkeys(PUBLISHED_COLUMNS, "") | {
        "row": f"{weights}/{quantity}/{seconds}/{backend}",
        "weights": weights,
        "network": "srcnn",
        "arguments": "border=replicate",
        "parameters": "8129",
        "dataset": "Set5",
        "seconds_between": seconds,
        "quantity": quantity,
        "value": value,
        "expected": expected,
        "tolerance": tolerance,
        "holds": holds,
        "backend": backend,
    }
    return cells


ASKED = {"expected": "36.34", "tolerance": "0.02"}


@pytest.fixture
def measured(tmp_path):
    """Two of three backends; one quantity holds on both, one on torch only, one asks nothing."""
    by_backend = {
        "torch": [
            row("torch", "a.mat", "psnr_db", "36.34", "yes", **ASKED),
            row("torch", "b.mat", "psnr_db", "36.33", "yes", **ASKED),
            row("torch", "c.h5", "psnr_db", "12.2857977"),
            row("torch", "c.h5", "gap", "0.4", "yes", expected="0", seconds="432"),
            row("torch", "c.h5", "gap", "2.5", "yes", expected="0", seconds="864"),
        ],
        "jax": [
            row("jax", "b.mat", "psnr_db", "36.1", "no", **ASKED),
            row("jax", "a.mat", "psnr_db", "36.35", "yes", **ASKED),
            row("jax", "c.h5", "psnr_db", "12.2857978"),
        ],
    }
    for backend, rows in by_backend.items():
        write_rows(tmp_path / f"{backend}_published_weights.csv", PUBLISHED_COLUMNS, rows)
    return tmp_path


def test_lines_are_the_hand_made_ones(measured, tmp_path):
    out = tmp_path / "out"
    assert write_published_weights(measured, out) is True
    lines = read_rows(out / "published_weights.csv", TABLE_COLUMNS)
    told = [
        (li["weights"], li["seconds_between"], li["value_torch"], li["value_jax"], li["holds"])
        for li in lines
    ]
    assert told == [
        ("a.mat", "", "36.34", "36.35", "yes"),
        ("b.mat", "", "36.33", "36.1", "no"),
        ("c.h5", "", "12.2857977", "12.2857978", ""),
        ("c.h5", "432", "0.4", "", "yes"),
        ("c.h5", "864", "2.5", "", "yes"),
    ]
    assert [li["holds_torch"] for li in lines] == ["yes", "yes", "", "yes", "yes"]
    assert [li["holds_jax"] for li in lines] == ["yes", "no", "", "", ""]
    assert {li["value_tensorflow"] + li["holds_tensorflow"] for li in lines} == {""}
    assert lines[0]["expected"] == "36.34"
    assert lines[0]["tolerance"] == "0.02"
    assert lines[0]["parameters"] == "8129"
    assert lines[0]["measured_row"] == "a.mat/psnr_db//torch; a.mat/psnr_db//jax"
    assert lines[0]["note"] == "not measured on tensorflow"
    assert lines[2]["note"] == "as it is: nothing is asked of it; not measured on tensorflow"
    assert lines[3]["note"] == "not measured on tensorflow, jax"


def test_the_same_rows_give_the_same_bytes(measured, tmp_path):
    for name in ("one", "two"):
        write_published_weights(measured, tmp_path / name)
    one, two = (tmp_path / name / "published_weights.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_what_differs_between_backends_is_shown():
    rows = [row("torch", "a", "q", "1", "yes"), row("jax", "a", "q", "1", "yes")]
    rows[1]["parameters"] = "8130"
    assert published_weights_rows(rows)[0]["parameters"] == "8129 / 8130"


def test_nothing_measured_writes_nothing(tmp_path):
    assert write_published_weights(tmp_path, tmp_path / "out") is False
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("column", ["value", "expected", "seconds_between"])
def test_a_damaged_number_is_named(tmp_path, column):
    wrong = row("jax", "a", "q", "1") | {column: "36,3x"}
    write_rows(tmp_path / "jax_published_weights.csv", PUBLISHED_COLUMNS, [wrong])
    with pytest.raises(InputError, match=rf"line 2 has '36,3x' as {column}"):
        read_published_weights(tmp_path)
