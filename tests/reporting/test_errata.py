"""The table of errata against rows whose costs were worked out by hand."""

from pathlib import Path

import pytest

from keras_vsr.errors import InputError
from keras_vsr.records import FILTER_COLUMNS, SCORE_COLUMNS, read_rows, write_rows
from keras_vsr.reporting import errata

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"
ALL = "E1+E2+E3"
BICUBIC = "42.00"


def score(label, model, psnr_db, backend="torch", stage="output", **cells):
    key = (model, stage, "test", "middle", backend, label)
    return (
        dict.fromkeys(SCORE_COLUMNS, "")
        | {
            "row": "/".join(part for part in key if part),
            "model": model,
            "variant": "interpolation" if model in ("raw", "bicubic") else "plain",
            "stage": stage,
            "errata": label,
            "split": "test",
            "area": "middle",
            "psnr_db": psnr_db,
            "bicubic_psnr_db": BICUBIC,
            "backend": backend,
            "preset": "quick",
        }
        | cells
    )


def filters(label, model, cosine, backend="torch"):
    return dict.fromkeys(FILTER_COLUMNS, "") | {
        "row": f"{model}/{backend}/{label}",
        "model": model,
        "errata": label,
        "backend": backend,
        "mean_cosine": cosine,
    }


TORCH = [
    score("", "bicubic", BICUBIC),
    score("", "srnet3d_raw", "38.00", parameters="63129", epochs="24", best_epoch="20"),
    score("", "srnet3d_raw", "1.00", split="validation", row="not looked at"),
    score("", "srnet3d_raw", "2.00", area="whole", row="nor this"),
    score("", "parallel5", "40.00"),
    score("E1", "raw", "15.00"),
    score("E1", "srnet3d_raw", "16.50", parameters="63129", epochs="24", best_epoch="7"),
    score("E2", "srnet3d_raw", "36.00"),
    score("E2", "srnet3d_raw", "35.00", stage="against_middle"),
    score("E1+E2", "raw", "14.50"),
    score("E1+E2", "srnet3d_raw", "16.25"),
    score("E1+E2", "srnet3d_raw", "16.00", stage="against_middle"),
    score(ALL, "srnet3d_raw", "16.00"),
    score("not E9", "parallel5", "41.00"),
    score("E9", "parallel5", "39.00"),
    score("not E11", "parallel5", "40.50", parameters="259900"),
]


@pytest.fixture
def measured(tmp_path):
    write_rows(tmp_path / "torch_errata_scores.csv", SCORE_COLUMNS, TORCH)
    cosines = [filters("E1", "srnet3d_raw", "0.25"), filters("E9", "parallel5", "0.5")]
    write_rows(tmp_path / "torch_errata_filters.csv", FILTER_COLUMNS, cosines)
    return tmp_path


@pytest.fixture
def lines(measured):
    runs = errata.read_errata_runs(measured)
    rows = errata.errata_rows(runs, errata.read_described(PUBLISHED))
    return {row["erratum"]: row for row in rows}


def test_one_line_for_each_erratum_in_the_order_of_numbers(lines):
    assert list(lines) == ["E1", "E2", "E9", "E11", "E1+E2", ALL]


def test_costs_are_the_hand_made_ones(lines):
    costs = {name: row["difference_psnr_db"] for name, row in lines.items()}
    assert costs == pytest.approx(
        {"E1": -21.5, "E2": -2.0, "E9": -2.0, "E11": -0.5, "E1+E2": -21.75, ALL: -22.0}
    )


def test_cells_are_the_measured_ones(lines):
    row = lines["E1"]
    cells = {
        "model": "srnet3d_raw",
        "backend": "torch",
        "preset": "quick",
        "psnr_db_off": "38.00",
        "psnr_db_on": "16.50",
        "psnr_db_on_against_middle": "",
        "raw_psnr_db_off": "42.00",
        "raw_psnr_db_on": "15.00",
        "bicubic_psnr_db": "42.00",
        "parameters_off": "63129",
        "parameters_on": "63129",
        "epochs_off": "24",
        "epochs_on": "24",
        "best_epoch_off": "20",
        "best_epoch_on": "7",
        "mean_cosine": "0.25",
        "measured_row_off": "srnet3d_raw/output/test/middle/torch",
        "measured_row_on": "srnet3d_raw/output/test/middle/torch/E1",
        "other_rows": "bicubic/output/test/middle/torch; raw/output/test/middle/torch/E1; "
        "srnet3d_raw/torch/E1",
        "note": "",
    }
    assert {name: row[name] for name in cells} == cells
    assert row["summary"].startswith('"raw data quality 13.85 dB"')
    assert "in fact the enlarged frame was made with width and height exchanged" in row["summary"]


def test_one_frame_late_is_scored_both_ways(lines):
    assert lines["E2"]["psnr_db_on"] == "36.00"
    assert lines["E2"]["psnr_db_on_against_middle"] == "35.00"
    assert "against the next frame" in lines["E2"]["note"]


def test_off_is_what_should_have_been_where_that_is_another_run(lines):
    assert lines["E9"]["measured_row_off"].endswith("/not E9")
    assert lines["E9"]["measured_row_on"].endswith("/E9")
    assert "off is the run 'not E9'" in lines["E9"]["note"]
    assert lines["E9"]["mean_cosine"] == "0.5"
    assert "starts from neither" in lines["E9"]["note"]
    assert lines["E11"]["measured_row_off"].endswith("/not E11")
    assert lines["E11"]["measured_row_on"] == "parallel5/output/test/middle/torch"
    assert lines["E11"]["parameters_off"] == "259900"
    assert "on is the suite's own network" in lines["E11"]["note"]


def test_a_label_of_several_joins_their_sentences(lines):
    assert lines["E1+E2"]["summary"].startswith("E1: ")
    assert (
        "; E2: 2019: windows paired with their middle frame: in fact" in lines["E1+E2"]["summary"]
    )
    assert lines[ALL]["note"].startswith("all together")


def test_the_open_question_is_answered_from_the_numbers(lines):
    note = lines["E1+E2"]["note"]
    for words in ("16.25 dB", "14.50 dB", "38.00 dB", "costs 21.75 dB", "4.00 dB are left"):
        assert words in note
    assert note.endswith("it fails because of its data, not of its hyperparameters")
    assert not any("open question" in row["note"] for name, row in lines.items() if name != "E1+E2")


@pytest.mark.parametrize(
    ("off", "on", "verdict"),
    [
        ("20.00", "16.00", "the data explains the smaller part of it"),
        ("16.00", "17.00", "the data is not why it fails"),
        ("nan", "17.00", "has no answer here"),
    ],
)
def test_other_numbers_give_other_answers(tmp_path, off, on, verdict):
    rows = [
        score("", "srnet3d_raw", off),
        score("E1+E2", "raw", "14.50"),
        score("E1+E2", "srnet3d_raw", on),
    ]
    write_rows(
        tmp_path / "jax_errata_scores.csv", SCORE_COLUMNS, [r | {"backend": "jax"} for r in rows]
    )
    runs = errata.read_errata_runs(tmp_path)
    (row,) = errata.errata_rows(runs, errata.read_described(PUBLISHED))
    assert row["note"].endswith(verdict)


def test_what_is_missing_is_said(measured):
    rows = [score("E1", "srnet3d_raw", "16.00", "jax"), score("E9", "parallel5", "39.0", "jax")]
    write_rows(measured / "jax_errata_scores.csv", SCORE_COLUMNS, rows)
    runs = errata.read_errata_runs(measured)
    table = errata.errata_rows(runs, errata.read_described(PUBLISHED))
    notes = {row["erratum"]: row["note"] for row in table if row["backend"] == "jax"}
    assert notes["E1"] == "not measured on jax: the run without errata"
    assert notes["E9"].endswith("not measured on jax: not E9")
    assert notes["E2"].startswith("not measured on jax: the run without errata; ")
    assert notes["E2"].endswith("not measured on jax: E2")
    costs = [row["difference_psnr_db"] for row in table if row["backend"] == "jax"]
    assert set(costs) == {""}


def test_write_errata_is_the_same_again(measured, tmp_path):
    for name in ("one", "two"):
        assert errata.write_errata(measured, PUBLISHED, tmp_path / name) is True
    one, two = (tmp_path / name / "errata.csv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    rows = read_rows(one, errata.TABLE_COLUMNS)
    assert [row["difference_psnr_db"] for row in rows][:2] == ["-21.5", "-2"]


def test_nothing_measured_writes_nothing(tmp_path):
    assert errata.write_errata(tmp_path, PUBLISHED, tmp_path / "out") is False
    assert not (tmp_path / "out").exists()


def test_an_erratum_that_is_not_described_is_named(tmp_path):
    rows = [score("E99", "srcnn", "30")]
    write_rows(tmp_path / "torch_errata_scores.csv", SCORE_COLUMNS, rows)
    with pytest.raises(InputError, match="does not describe E99"):
        errata.write_errata(tmp_path, PUBLISHED, tmp_path / "out")


def test_a_damaged_number_is_named(tmp_path):
    write_rows(tmp_path / "torch_errata_scores.csv", SCORE_COLUMNS, [score("E1", "srcnn", "x")])
    with pytest.raises(InputError, match="line 2 has 'x' as psnr_db"):
        errata.read_errata_runs(tmp_path)


def test_all_together_is_the_longest_label():
    assert errata.all_together(["E1", "E1+E2", "E1+E2+E14", "E18"]) == "E1+E2+E14"
    assert errata.all_together(["E1", "E1+E2"]) == ""
    assert errata.all_together([]) == ""


def test_every_erratum_is_described():
    rows = read_rows(PUBLISHED / "errata.csv", errata.DESCRIBED_COLUMNS)
    assert [row["erratum"] for row in rows] == [f"E{number}" for number in range(1, 19)]
    assert all(row["published"] and row["what_is_so"] and row["source"] for row in rows)
    sources = " ".join(row["source"] for row in rows)
    words = sources.replace(";", "").split()
    papers = {word for word in words if word[-5:-4] == "_" or word.startswith("wacv")}
    assert papers <= {"report_2019", "slides_2019", "report_2021", "poster_2021", "wacv2021"}


def test_how_far_backends_are_apart_is_asked_of_climate_studies_only(tmp_path):
    for backend, psnr_db in (("torch", 40.0), ("jax", 40.25)):
        rows = [
            score("", "srcnn", psnr_db, backend, study="climate_2019")
            | {"mse": 1e-4, "ssim_uniform7": 0.9, "gain_over_bicubic_db": 0.0},
            score("", "srcnn", 10 * psnr_db, backend, study="real_video")
            | {"mse": 1e-4, "ssim_uniform7": 0.9, "gain_over_bicubic_db": 0.0},
        ]
        rows[1]["row"] += "/real_video"
        write_rows(tmp_path / f"{backend}_scores.csv", SCORE_COLUMNS, rows)
    assert errata.read_errata_runs(tmp_path).apart == {"srcnn": 0.25}
