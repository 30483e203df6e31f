"""What the committed reports of the quick preset must show."""

import pytest

from experiments.readme_numbers import REPORTS
from keras_vsr.records import read_rows

GAINS = {
    (row["backend"], row["model"]): float(row["residual_gain_db"])
    for row in read_rows(REPORTS / "tables" / "gain.csv")
    if row["residual_gain_db"]
}
# Networks of windows that do not stand behind fsrcnn_2019 and so do not borrow its gain.
WINDOW_NETWORKS = ("srnet3d_raw", "3d_then_2d", "two_in_one", "parallel5", "delta")


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_a_residual_frame_network_gains_three_db(backend):
    assert GAINS[backend, "fsrcnn_2019"] >= 3.0


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_a_residual_window_network_gains_half_a_db_more(backend):
    best = max(GAINS[backend, name] for name in WINDOW_NETWORKS)
    assert best >= GAINS[backend, "fsrcnn_2019"] + 0.5


def test_every_cell_of_ours_has_its_row():
    rows = set()
    for kind in ("scores", "epochs"):
        for backend in ("torch", "tensorflow", "jax"):
            rows |= {r["row"] for r in read_rows(REPORTS / "measured" / f"{backend}_{kind}.csv")}
    tables = [*sorted((REPORTS / "tables").glob("table_2019_*.csv"))]
    tables.append(REPORTS / "tables" / "climate_2021.csv")
    assert len(tables) == 8
    for table in tables:
        for row in read_rows(table):
            if row["ours_psnr_db"]:
                assert row["measured_row"] in rows


def test_parameters_are_the_published_ones():
    table = read_rows(REPORTS / "tables" / "parameters_2021.csv")
    counted = [row for row in table if row["ours_parameters"]]
    assert len(counted) >= 8
    assert {row["difference"] for row in counted} == {"0"}
