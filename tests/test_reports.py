"""What the committed reports of the quick preset must show."""

import pytest

from experiments.readme_numbers import REPORTS
from experiments.story import NOTHING
from keras_vsr.records import read_rows

GAINS = {
    (row["backend"], row["model"]): float(row["residual_gain_db"])
    for row in read_rows(REPORTS / "tables" / "gain.csv")
    if row["residual_gain_db"] and row["study"].startswith("climate")
}
BACKENDS = ("torch", "tensorflow", "jax")
# Networks of windows that do not stand behind fsrcnn_2019 and so do not borrow its gain.
WINDOW_NETWORKS = ("srnet3d_raw", "3d_then_2d", "two_in_one", "parallel5", "delta")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_residual_frame_network_gains_three_db(backend):
    assert GAINS[backend, "fsrcnn_2019"] >= 3.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_residual_window_network_gains_half_a_db_more(backend):
    best = max(GAINS[key] for name in WINDOW_NETWORKS if (key := (backend, name)) in GAINS)
    assert best >= GAINS[backend, "fsrcnn_2019"] + 0.5


@pytest.mark.parametrize("study", ["phantom", "diamond_2021", "real_video", "flow4x"])
def test_residual_networks_gain_on_other_frames(study):
    rows = read_rows(REPORTS / "tables" / "gain.csv")
    gains = {
        row["model"]: float(row["residual_gain_db"])
        for row in rows
        if (row["backend"], row["study"]) == ("torch", study) and row["residual_gain_db"]
    }
    assert len(gains) >= 2
    assert {model for model, gain in gains.items() if gain < NOTHING} == set()


def test_flow_finds_a_translation_to_a_fifth_of_a_pixel():
    rows = read_rows(REPORTS / "tables" / "flow.csv")
    shifts = [row for row in rows if row["case"] == "translation"]
    assert len(shifts) == 4
    for row in shifts:
        assert all(float(row[f"endpoint_error_px_{backend}"]) < 0.2 for backend in BACKENDS)


def test_every_cell_of_ours_has_its_row():
    rows = set()
    for kind in ("scores", "epochs"):
        for backend in BACKENDS:
            rows |= {r["row"] for r in read_rows(REPORTS / "measured" / f"{backend}_{kind}.csv")}
    tables = [*sorted((REPORTS / "tables").glob("table_2019_*.csv"))]
    tables += [
        REPORTS / "tables" / f"{name}.csv"
        for name in ("climate_2021", "diamond_2021", "space_time")
    ]
    assert len(tables) >= 9
    for table in tables:
        for row in read_rows(table):
            if row["ours_psnr_db"]:
                assert row["measured_row"] in rows


def test_parameters_are_the_published_ones():
    table = read_rows(REPORTS / "tables" / "parameters_2021.csv")
    counted = [row for row in table if row["ours_parameters"]]
    assert len(counted) >= 8
    assert {row["difference"] for row in counted} == {"0"}


# The authors' own weights


WEIGHTS = read_rows(REPORTS / "tables" / "published_weights.csv")


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_that_is_asked_of_published_weights_holds(backend):
    asked = [row for row in WEIGHTS if row["expected"]]
    assert {row[f"holds_{backend}"] for row in asked} == {"yes"}
    files = {row["weights"] for row in asked if row["quantity"] == "psnr_db"}
    # Six of SRCNN, four of FSRCNN, one of Kim et al., and the 2019 one of 6,348 parameters.
    assert len(files) == 12
    equal = [row for row in asked if row["quantity"] == "difference_from_legacy_tf"]
    assert len(equal) == 10  # every file of 2019
    assert [row["quantity"] for row in asked].count("difference_from_native_torch") == 1


def test_the_authors_3d_network_is_nearer_to_the_next_frame():
    gaps = {
        int(row["seconds_between"]): float(row["value_torch"])
        for row in WEIGHTS
        if row["quantity"] == "next_less_middle_db"
    }
    assert len(gaps) == 5
    assert all(gap > 0 for gap in gaps.values())
    assert gaps[2592] > gaps[432] + 3  # the further frames are apart, the more it shows


# Errata and verdicts


ERRATA = {
    (row["erratum"], row["model"]): row for row in read_rows(REPORTS / "tables" / "errata.csv")
}


def test_sheared_frames_have_what_the_papers_call_raw():
    for erratum in ("E1", "E1+E2"):
        row = ERRATA[erratum, "srnet3d_raw"]
        assert 12 < float(row["raw_psnr_db_on"]) < 20
        assert float(row["raw_psnr_db_off"]) > 30


def test_it_was_the_data():
    row = ERRATA["E1+E2", "srnet3d_raw"]
    assert float(row["psnr_db_off"]) > 30
    assert 12 < float(row["psnr_db_on"]) < 25


def test_every_erratum_that_can_be_run_has_its_rows():
    wanted = ("E1", "E2", "E3", "E4", "E5", "E9", "E10", "E11", "E13", "E14", "E16", "E18")
    assert set(wanted) <= {erratum for erratum, _ in ERRATA}


def test_every_printed_row_has_a_verdict():
    rows = read_rows(REPORTS / "tables" / "verdicts.csv")
    assert len(rows) == 54
    assert all(row["verdict"] and row["because"] for row in rows)
    raw = [row for row in rows if (row["table"], row["model"]) == ("3", "raw")]
    assert 12 < float(raw[0]["as_run_psnr_db"]) < 20
    assert float(raw[0]["described_psnr_db"]) > 30
