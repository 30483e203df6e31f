"""Records are written whole or not at all, and read with their columns checked."""

import os

import pytest

from keras_vsr.errors import InputError
from keras_vsr.records import (
    CONTEXT_COLUMNS,
    EPOCH_COLUMNS,
    SCORE_COLUMNS,
    format_cell,
    read_rows,
    write_bytes,
    write_rows,
)

COLUMNS = ("row", "note", "psnr_db")


def row(name="a", note="", value=1.5):
    return {"row": name, "note": note, "psnr_db": value}


def no_space(*_, **__):
    raise OSError(28, "No space left on device")


def test_round_trip(tmp_path):
    notes = ["plain", "a, b", 'he said "5-parallel"', "two\nlines", "dB ± 0.1"]
    rows = [row(str(index), note, 0.1 * index) for index, note in enumerate(notes)]
    path = tmp_path / "new" / "folder" / "a.csv"
    write_rows(path, COLUMNS, rows)
    read = read_rows(path, COLUMNS)
    assert [line["note"] for line in read] == notes
    assert [float(line["psnr_db"]) for line in read] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert path.read_bytes().startswith(b"row,note,psnr_db\n0,plain,0\n")
    assert path.stat().st_mode & 0o777 == 0o644


def test_columns_keep_their_order_and_none_is_empty(tmp_path):
    path = tmp_path / "a.csv"
    write_rows(path, COLUMNS, [{"psnr_db": 2, "note": None, "row": "x"}])
    assert path.read_text() == "row,note,psnr_db\nx,,2\n"


def test_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a.csv", "b.csv"):
        write_rows(tmp_path / name, COLUMNS, [row(value=1 / 3)])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (259938, "259938"),
        (33.65, "33.65"),
        (1 / 3, "0.333333333"),
        (float("inf"), "inf"),
        ("as_run", "as_run"),
    ],
)
def test_format_cell(value, text):
    assert format_cell(value) == text


@pytest.mark.parametrize("target", ["os.fsync", "os.replace", "tempfile.mkstemp"])
def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch, target):
    path = tmp_path / "a.csv"
    write_rows(path, COLUMNS, [row("old")])
    monkeypatch.setattr(target, no_space)
    with pytest.raises(InputError, match=r"cannot write .*a\.csv: No space left on device; "):
        write_rows(path, COLUMNS, [row("new")])
    assert read_rows(path)[0]["row"] == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_stop_while_writing_keeps_the_old_file(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    path = tmp_path / "a.csv"
    write_bytes(path, b"old")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_new_bytes_are_on_the_disk_before_they_take_the_name(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *a: (calls.append("replace"), replace(*a)))
    write_bytes(tmp_path / "a.csv", b"new")
    assert calls == ["fsync", "replace"]


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    with pytest.raises(InputError, match=r"cannot write .*a\.csv: .*; choose another folder"):
        write_bytes(tmp_path / "file" / "a.csv", b"new")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*a\.csv: "):
        write_bytes(tmp_path / "a.csv", b"new")
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "file"]


def test_rows_that_differ_from_their_schema_write_nothing(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(ValueError, match=r"\['note'\] for a\.csv"):
        write_rows(path, COLUMNS, [{"row": "a", "psnr_db": 1}])
    with pytest.raises(ValueError, match=r"\['ssim'\] for a\.csv"):
        write_rows(path, COLUMNS, [row(), {**row(), "ssim": 1}])
    assert not path.exists()


def test_reading_a_file_that_is_missing_or_has_other_columns(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(InputError, match=r"cannot read .*a\.csv"):
        read_rows(path)
    write_rows(path, COLUMNS, [row()])
    assert read_rows(path) == [{"row": "a", "note": "", "psnr_db": "1.5"}]
    with pytest.raises(InputError, match=r"a\.csv has other columns than expected"):
        read_rows(path, ("row", "psnr_db", "note"))
    path.write_text("")
    with pytest.raises(InputError, match="other columns"):
        read_rows(path, COLUMNS)


@pytest.mark.parametrize("columns", [SCORE_COLUMNS, EPOCH_COLUMNS])
def test_schemas_name_each_column_once(columns):
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("columns", [SCORE_COLUMNS, EPOCH_COLUMNS])
def test_measured_rows_begin_with_their_key_and_say_where_they_come_from(columns):
    assert columns[0] == "row"
    assert columns[-len(CONTEXT_COLUMNS) :] == CONTEXT_COLUMNS
