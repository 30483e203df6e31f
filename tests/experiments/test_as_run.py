"""Runs with the mistakes switched on: the protocol as_run and the study of errata."""

import os
from dataclasses import replace

import numpy as np
import pytest

from experiments import climate_data, measure_errata, report, run
from keras_vsr.records import FILTER_COLUMNS, SCORE_COLUMNS, read_rows

BACKEND = os.environ["KERAS_BACKEND"]


def scores(folder, kind="scores"):
    return read_rows(folder / "measured" / f"{BACKEND}_{kind}.csv", SCORE_COLUMNS)


@pytest.fixture(scope="module")
def as_run(tiny_for_module, tmp_path_factory):
    out = tmp_path_factory.mktemp("as_run")
    command = ["--preset", "tiny", "--protocol", "as_run", "--models", "srnet3d_raw"]
    assert run.main([*command, "--out", str(out)]) == 0
    return out / "as_run"  # never among the rows without errata


def test_as_run_has_all_errata_and_no_residual_networks(as_run):
    rows = scores(as_run)
    assert {row["protocol"] for row in rows} == {"as_run"}
    assert {row["errata"] for row in rows} == {"E1+E2+E3+E4+E5+E10+E13+E14+E18"}
    assert {row["variant"] for row in rows} == {"plain", "interpolation"}
    (network,) = {row["parameters"] for row in rows if row["model"] == "srnet3d_raw"}
    assert network == "63641"  # as in the checkpoints
    stages = {row["stage"] for row in rows if row["model"] == "srnet3d_raw"}
    assert stages == {"output", "against_middle"}
    assert "raw" in {row["model"] for row in rows}


def test_errata_can_be_switched_off_by_name(tiny, tmp_path):
    command = ["--preset", "tiny", "--protocol", "as_run", "--models", "srcnn", "--errata", "none"]
    assert run.main([*command, "--out", str(tmp_path)]) == 0
    rows = scores(tmp_path)
    assert {row["errata"] for row in rows} == {""}
    assert {row["variant"] for row in rows} == {"plain", "residual", "interpolation"}


@pytest.fixture(scope="module")
def errata(tiny_for_module, tmp_path_factory, reference):
    out = tmp_path_factory.mktemp("errata")
    # The frame that is drawn: of the published size, but sooner made.
    small = replace(
        climate_data.PUBLISHED_SIZE,
        truncation=21,
        time_step=900.0,
        first_hour=125.0,
        hours_between=0.5,
        frames=5,
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(climate_data, "PUBLISHED_SIZE", small)
    patch.setattr(measure_errata, "PUBLISHED_SIZE", small)
    command = ["--preset", "tiny", "--study", "errata", "--models", "srcnn", "--out", str(out)]
    assert run.main([*command, "--reference", str(reference)]) == 0
    yield out, command
    patch.undo()


def test_each_erratum_stands_beside_the_run_without_it(errata):
    rows = scores(errata[0], "errata_scores")
    found = {row["errata"] for row in rows if row["model"] == "srcnn"}
    assert found == {"", "E14", "E16", "not E16", "E1+E2+E3+E4+E5+E10+E13+E14+E18"}
    keys = [row["row"] for row in rows]
    assert len(set(keys)) == len(keys)
    right, nearest = (
        next(
            row
            for row in rows
            if (row["model"], row["errata"], row["split"], row["area"])
            == ("srcnn", name, "test", "whole")
        )
        for name in ("", "E14")
    )
    assert right["psnr_db"] != nearest["psnr_db"]
    assert right["bicubic_psnr_db"] == nearest["bicubic_psnr_db"]
    filters = read_rows(errata[0] / "measured" / f"{BACKEND}_errata_filters.csv", FILTER_COLUMNS)
    assert {row["errata"] for row in filters} == found - {""}
    assert all(abs(float(row["mean_cosine"])) <= 1 for row in filters)


def test_a_second_start_trains_nothing(errata, monkeypatch):
    out, command = errata

    def never(*_, **__):
        raise AssertionError("trained again")

    kept = {path: path.read_bytes() for path in out.rglob("*.csv")}
    monkeypatch.setattr("experiments.runner.fit", never)
    assert run.main(command) == 0
    assert {path: path.read_bytes() for path in out.rglob("*.csv")} == kept


def test_the_sheared_frame_is_kept_for_its_figure(errata):
    with np.load(errata[0] / "measured" / "frames_errata_e1.npz") as file:
        arrays = dict(file)
    assert arrays["high"].shape == arrays["bicubic"].shape == arrays["sheared"].shape == (318, 640)
    near, far = (np.abs(arrays[n] - arrays["high"]).mean() for n in ("bicubic", "sheared"))
    assert near < far / 2


def test_tables_are_made_anew_from_rows_alone(errata, capsys):
    out, _ = errata
    table = out / "tables" / "errata.csv"
    before = table.read_bytes()
    table.unlink()
    assert report.main(["--out", str(out)]) == 0
    assert table.read_bytes() == before


def test_a_folder_that_cannot_be_reported_on(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert report.main(["--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write the output folder")
