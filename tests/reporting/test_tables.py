"""Tables against rows made here, whose numbers are known by construction."""

import csv
import shutil
from pathlib import Path

import pytest

from keras_vsr.errors import InputError
from keras_vsr.records import EPOCH_COLUMNS, SCORE_COLUMNS, write_rows
from keras_vsr.reporting import published, tables

PUBLISHED = Path(__file__).parents[2] / "reports" / "published"
BICUBIC = 50.0

CONTEXT = {
    "preset": "smoke",
    "seed": 0,
    "backend_version": "1.0",
    "keras_version": "3.15.1",
    "numpy_version": "2.4",
    "python_version": "3.11",
    "device": "processor",
    "precision": "float32",
    "date": "2020-02-02",
}


# Parameters of the networks in these rows; the one that differs from the printed number is wanted.
PARAMETERS = {"fsrcnn_2019": 10577, "srnet3d_raw": 63129, "parallel5": 259000}


def score(
    study,
    model,
    variant,
    backend,
    psnr_db,
    *,
    stage="output",
    split="test",
    area="middle",
    **cells,
):
    network = variant != "interpolation"
    row = {
        "row": f"{study}/{model}/{variant}/{stage}/{split}/{area}/{backend}",
        "study": study,
        "model": model,
        "variant": variant,
        "stage": stage,
        "dataset": "climate",
        "data_source": "generated",
        "protocol": "as_described",
        "errata": "",
        "degradation": "bicubic",
        "scale": 2,
        "split": split,
        "area": area,
        "frames": 4,
        "height": 12,
        "width": 28,
        "mae": 0.001,
        "mse": 10 ** (-psnr_db / 10),
        "ssim_uniform7": psnr_db / 100,
        "ssim_gaussian11": 0.5,
        "psnr_db": psnr_db,
        "bicubic_psnr_db": BICUBIC,
        "gain_over_bicubic_db": psnr_db - BICUBIC,
        "parameters": PARAMETERS.get(model, 70000) if network else None,
        "trained_on": "frames 16x32" if network else None,
        "epochs": 9 if network else None,
        "best_epoch": 8 if network else None,
        "backend": backend,
        **CONTEXT,
    }
    return row | cells


def epoch(study, model, variant, backend, number, psnr_db, seconds=2.0):
    return {
        "row": f"{study}/{model}/{variant}/{number}/{backend}",
        "study": study,
        "model": model,
        "variant": variant,
        "data_source": "generated",
        "protocol": "as_described",
        "errata": "",
        "epoch": number,
        "learning_rate": 1e-3,
        "loss": 0.5,
        "train_frames": 6,
        "validation_frames": 6,
        "train_mse": 10 ** (-(psnr_db + 1) / 10),
        "train_ssim": 0.75,
        "train_psnr_db": psnr_db + 1,
        "validation_mse": 10 ** (-psnr_db / 10),
        "validation_ssim": 0.5,
        "validation_psnr_db": psnr_db,
        "bicubic_validation_psnr_db": BICUBIC + 2,
        "seconds": seconds,
        "backend": backend,
        **CONTEXT,
    }


def epochs(model, variant, backend, psnrs, *, study="climate_2019", seconds=2.0):
    return [
        epoch(study, model, variant, backend, number, psnr_db, seconds)
        for number, psnr_db in enumerate(psnrs, start=1)
    ]


def full_run(backend, shift=0.0):
    """Score and epoch rows of one backend, none of Delta."""
    scores, history = [], []
    for study in ("climate_2019", "climate_2021"):
        for number, model in enumerate(("nearest", "bilinear", "bicubic")):
            psnr_db = BICUBIC - 2 + number
            scores.append(score(study, model, "interpolation", backend, psnr_db))
    for variant, start in (("plain", 40.0 + shift), ("residual", 50.0 + shift)):
        for number, model in enumerate(("fsrcnn_2019", "srnet3d_raw", "srnet3d_processed")):
            scores.append(score("climate_2019", model, variant, backend, start + number))
            # Best in epoch 3, so patience 5 ends the run after epoch 8 of 9.
            gains = (0, 1, 2, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4)
            history += epochs(model, variant, backend, [start + gain for gain in gains])
        for number, model in enumerate(("2d_then_3d_raw", "2d_then_3d_processed")):
            place = ("climate_2019", model, variant, backend)
            scores.append(score(*place, start + number))
            scores.append(score(*place, start - 1, stage="2d", area="whole"))
            scores.append(score(*place, start - 2, stage="2d", area="middle"))
        scores.append(score("climate_2021", "parallel5", variant, backend, start + 5))
    return scores, history


def other_studies(backend):
    """Score and epoch rows of studies on pictures; luma of 0..255 is measured in 0..1."""
    stone = {"dataset": "diamond", "data_source": "stone.mp4"}
    clip = {"dataset": "clip", "data_source": "generated"}
    real = {"dataset": "clip", "data_source": "foreman.mp4", "area": "whole"}
    made_up = {"dataset": "generated", "area": "whole"}
    scores = [
        score("zebra", "bicubic", "interpolation", backend, 20.0, dataset="stripes"),
        score("space_time", "flow_warped", "interpolation", backend, 31.0, **made_up),
        score("space_time", "joint", "plain", backend, 33.0, **made_up),
        score(
            "space_time", "flow_warped", "interpolation", backend, 21.0, split="test_real", **real
        ),
        score("space_time", "joint", "plain", backend, 22.0, split="test_real", **real),
        score("container_2019", "srnet3d_early", "plain", backend, 30.0, **clip),
        score("diamond_2021", "bicubic", "interpolation", backend, 22.0, **stone),
        score("diamond_2021", "delta", "plain", backend, 24.0, **stone),
        score("diamond_2021", "parallel5", "plain", backend, 25.0, **stone),
        score("diamond_2021", "parallel5_wide", "plain", backend, 26.0, **stone),
        score("phantom", "kim_3dsrnet", "residual", backend, 27.0, dataset="phantom"),
        score("phantom", "srnet3d_raw", "residual", backend, 26.0, dataset="phantom"),
    ]
    history = epochs("srnet3d_early", "plain", backend, (20.0, 25.0), study="container_2019")
    return scores, history


def write_run(folder, backend, scores, history=()):
    write_rows(folder / f"{backend}_scores.csv", SCORE_COLUMNS, scores)
    write_rows(folder / f"{backend}_epochs.csv", EPOCH_COLUMNS, history)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def find(rows, **cells):
    """The one row with these cells."""
    found = [row for row in rows if all(row[name] == value for name, value in cells.items())]
    assert len(found) == 1, f"{len(found)} rows with {cells}"
    return found[0]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Rows of two backends, those of Delta of TensorFlow alone."""
    folder = tmp_path_factory.mktemp("measured")
    write_run(folder, "torch", *full_run("torch"))
    scores, history = full_run("tensorflow", shift=0.25)
    for variant, psnr_db in (("plain", 46.0), ("residual", 56.0)):
        scores.append(score("climate_2021", "delta", variant, "tensorflow", psnr_db))
    write_run(folder, "tensorflow", scores, history)
    return folder


@pytest.fixture(scope="module")
def written(measured, tmp_path_factory):
    out = tmp_path_factory.mktemp("tables")
    paths = tables.write_tables(measured, PUBLISHED, out)
    return {path.stem: read(path) for path in paths}


@pytest.fixture(scope="module")
def of_all_studies(tmp_path_factory):
    """Tables where other studies stand in the files of the climate studies."""
    folder = tmp_path_factory.mktemp("measured")
    scores, history = full_run("torch")
    more_scores, more_history = other_studies("torch")
    write_run(folder, "torch", more_scores + scores, more_history + history)
    paths = tables.write_tables(folder, PUBLISHED, folder / "tables")
    return {path.stem: read(path) for path in paths}


def test_every_table_is_written_with_its_columns(written):
    names = {f"table_2019_{number}" for number in "12345678"}
    names |= {"climate_2021", "diamond_2021", "space_time", "parameters_2021"}
    names |= {"gain", "backend_psnr", "backend_seconds"}
    assert set(written) == names
    assert tuple(written["gain"][0]) == tables.GAIN_COLUMNS
    assert tuple(written["table_2019_1"][0]) == tables.RESULT_TABLE_COLUMNS


def test_one_row_per_printed_row_variant_and_backend(written):
    # Tables 1, 2, 4, 5 and 6 print four rows, 7 and 8 three; Table 3 prints a raw row and, with the
    # slides' one, five of the network; the raw rows have no variants.
    counts = {"1": 4, "2": 4, "3": 5, "4": 4, "5": 4, "6": 4, "7": 3, "8": 3}
    for number, count in counts.items():
        raw = 2 if number == "3" else 0
        assert len(written[f"table_2019_{number}"]) == count * 2 * 2 + raw
    assert len(written["climate_2021"]) == len(written["diamond_2021"]) == 3 * 2 * 2 + 2
    assert len(written["parameters_2021"]) == 4 * 2


def test_printed_figures_stand_as_printed(written):
    row = find(written["table_2019_7"], variant="plain", stage="after re-packing", backend="torch")
    assert row["published_mse"] == "8.124760623839217e-05"
    assert row["published_ssim"] == "0.9846107211562674"
    assert row["published_psnr_db"] == "40.9071674094057"


def test_differences_are_ours_less_published(written):
    row = find(
        written["table_2019_2"],
        variant="plain",
        stage="epoch 150",
        split="validation",
        backend="torch",
    )
    # 40 dB + 1.4 dB after the last epoch; printed 41.5278.
    assert float(row["ours_psnr_db"]) == pytest.approx(41.4, abs=1e-6)
    assert float(row["difference_psnr_db"]) == pytest.approx(41.4 - 41.5278, abs=1e-6)
    assert float(row["ours_mse"]) == pytest.approx(10**-4.14, rel=1e-6)
    assert float(row["difference_mse"]) == pytest.approx(10**-4.14 - 7.0370e-5, rel=1e-6)
    assert float(row["difference_ssim"]) == pytest.approx(0.5 - 0.9859, abs=1e-6)
    assert float(row["bicubic_psnr_db"]) == 52
    assert float(row["gain_over_bicubic_db"]) == pytest.approx(41.4 - 52, abs=1e-6)
    assert (row["epochs_published"], row["epochs_ours"]) == ("150", "9")


def test_train_rows_have_the_training_figures_and_no_bicubic(written):
    row = find(
        written["table_2019_2"], variant="plain", stage="epoch 0", split="train", backend="torch"
    )
    assert float(row["ours_psnr_db"]) == 41
    assert row["ours_ssim"] == "0.75"
    assert row["bicubic_psnr_db"] == row["gain_over_bicubic_db"] == ""
    assert row["epochs_ours"] == "1"


@pytest.mark.parametrize(
    ("table", "stage", "number"),
    [
        ("1", "epoch 0", "1"),
        ("1", "epoch 100", "6"),  # two thirds of 9
        ("2", "epoch 150", "9"),
        ("3", "epoch 100", "9"),
        ("5", "epoch 67 (early stop)", "8"),  # best in 3, then 5 without improvement
        ("6", "epoch 80", "9"),
    ],
)
def test_printed_epochs_have_their_counterparts(written, table, stage, number):
    rows = [row for row in written[f"table_2019_{table}"] if row["stage"] == stage]
    assert {row["epochs_ours"] for row in rows} == {number}
    assert {row["measured_row"].split("/")[3] for row in rows} == {number}


@pytest.mark.parametrize(
    ("losses", "number"),
    [
        ((5, 4, 3, 2, 1), 5),  # always better: the last
        ((1, 2, 2, 2, 2, 2, 0), 6),  # a better one comes after the stop
        ((1, 2, 2, 2, 2, 0, 2), 7),  # the better one comes in time
        ((1, 1, 1, 1, 1, 1), 6),  # equal is no improvement
        ((1, "nan", "nan", "nan", "nan", "nan", "nan"), 6),
    ],
)
def test_early_stopping(losses, number):
    rows = [{"epoch": n, "validation_mse": str(x)} for n, x in enumerate(losses, start=1)]
    assert published.stopped_after_5(rows)["epoch"] == number


@pytest.mark.parametrize(("count", "number"), [(1, 1), (2, 1), (3, 2), (30, 20), (150, 100)])
def test_two_thirds_of_the_run(count, number):
    assert published.two_thirds([{"epoch": n} for n in range(1, count + 1)])["epoch"] == number


def test_stages_of_the_cascade(written):
    rows = written["table_2019_8"]
    expected = {"2D network": 39.25, "after re-packing": 38.25, "3D network": 41.25}
    for stage, psnr_db in expected.items():
        row = find(rows, variant="plain", stage=stage, backend="tensorflow")
        assert float(row["ours_psnr_db"]) == psnr_db


def test_raw_row_is_our_interpolated_input(written):
    row = find(written["table_2019_3"], model="raw", backend="torch")
    assert row["variant"] == "interpolation"
    assert row["published_psnr_db"] == "13.8458"
    assert float(row["ours_psnr_db"]) == BICUBIC
    assert "E1" in row["note"]
    assert row["trained_on"] == row["epochs_ours"] == ""


def test_residual_rows_say_that_they_are_beyond_the_paper(written):
    for row in written["table_2019_6"]:
        assert row["note"].startswith("beyond the paper") == (row["variant"] == "residual")


def test_2021_rows(written):
    rows = written["climate_2021"]
    previous = find(rows, model="previous", variant="plain", backend="torch")
    assert float(previous["ours_psnr_db"]) == 41
    parallel = find(rows, model="parallel5 (preliminary)", variant="residual", backend="torch")
    assert float(parallel["gain_over_bicubic_db"]) == 5
    raw = find(rows, model="raw", backend="torch")
    assert raw["measured_row"].startswith("climate_2021/bicubic/interpolation/")


def test_what_was_not_measured_is_empty_and_says_so(written):
    row = find(
        written["climate_2021"], model="delta (preliminary)", variant="plain", backend="torch"
    )
    for column in ("ours_mse", "ours_psnr_db", "difference_psnr_db", "measured_row", "preset"):
        assert row[column] == ""
    assert "not measured on torch" in row["note"]
    assert row["published_psnr_db"] == "46.0013"
    gain = find(written["gain"], model="delta", backend="torch")
    assert gain["plain_psnr_db"] == gain["residual_row"] == gain["bicubic_psnr_db"] == ""
    assert gain["note"] == "plain: not measured on torch; residual: not measured on torch"
    assert (gain["dataset"], gain["data_source"]) == ("climate", "")


def test_space_time_rows_are_of_the_networks_that_there_are(of_all_studies):
    rows = of_all_studies["space_time"]
    assert {row["model"] for row in rows if row["table"] == "S1"} == {"ESPCN + SuperSloMo"}
    joint = find(rows, model="all jointly fine-tuned", dataset="Vimeo-90K", variant="plain")
    assert (joint["published_psnr_db"], joint["ours_psnr_db"]) == ("32.85", "33")
    assert joint["measured_row"].startswith("space_time/joint/plain/output/test/whole/")
    # Generated triplets do not stand beside those of UCF101.
    of_ucf101 = find(rows, model="all jointly fine-tuned", dataset="UCF101", variant="plain")
    assert (of_ucf101["published_psnr_db"], of_ucf101["ours_psnr_db"]) == ("31.54", "")


def test_diamond_rows_have_mse_in_units_of_luma(of_all_studies):
    rows = of_all_studies["diamond_2021"]
    raw = find(rows, model="raw")
    # 22 dB are an MSE of 10 ** -2.2 in 0..1, of 65025 times that in 0..255; printed 9193.6647.
    assert float(raw["ours_mse"]) == pytest.approx(65025 * 10**-2.2, rel=1e-6)
    assert float(raw["difference_mse"]) == pytest.approx(65025 * 10**-2.2 - 9193.6647, rel=1e-5)
    assert float(raw["difference_psnr_db"]) == 22 - 8.5
    assert (raw["variant"], raw["data_source"]) == ("interpolation", "stone.mp4")
    assert "0..255" in raw["note"]
    assert "E1" in raw["note"]
    delta = find(rows, model="delta", variant="plain")
    assert float(delta["ours_psnr_db"]) == 24  # of this study, not of the climate's
    assert delta["measured_row"].startswith("diamond_2021/delta/plain/")
    wide = find(rows, table="diamond 300", variant="plain")
    assert (wide["published_psnr_db"], wide["ours_psnr_db"]) == ("27.6", "26")
    assert wide["published_mse"] == wide["difference_mse"] == ""
    assert "f = g = 24" in wide["note"]
    assert "fewer frames" in wide["note"]
    missing = find(rows, table="diamond 300", variant="residual")
    assert missing["ours_psnr_db"] == ""
    assert "0..255" not in missing["note"].split("published:")[0]


def test_table_4_has_the_first_and_last_epoch_in_units_of_luma(of_all_studies):
    rows = of_all_studies["table_2019_4"]
    first = find(rows, stage="epoch 0", split="validation", variant="plain")
    last = find(rows, stage="epoch 100", split="train", variant="plain")
    assert (first["epochs_ours"], last["epochs_ours"]) == ("1", "2")
    assert float(first["ours_mse"]) == pytest.approx(65025 * 10**-2.0, rel=1e-6)
    assert float(first["difference_mse"]) == pytest.approx(650.25 - 518.8638, rel=1e-6)
    assert float(last["ours_mse"]) == pytest.approx(65025 * 10**-2.6, rel=1e-6)
    assert last["measured_row"] == "container_2019/srnet3d_early/plain/2/torch"
    assert last["data_source"] == "generated"


def test_gain_holds_every_study_in_order(of_all_studies):
    rows = of_all_studies["gain"]
    studies = list(dict.fromkeys(row["study"] for row in rows))
    assert studies == [
        *("climate_2019", "climate_2021", "phantom", "diamond_2021"),
        *("container_2019", "space_time", "zebra"),
    ]
    wide = find(rows, model="parallel5_wide")
    assert (wide["dataset"], wide["data_source"]) == ("diamond", "stone.mp4")
    assert wide["plain_psnr_db"] == "26"
    stone = [row["model"] for row in rows if row["study"] == "diamond_2021"]
    assert stone == ["bicubic", "parallel5", "parallel5_wide", "delta"]
    phantom = [row["model"] for row in rows if row["study"] == "phantom"]
    assert phantom == ["srnet3d_raw", "kim_3dsrnet"]
    # What no backend has measured has no line.
    climate = [row["model"] for row in rows if row["study"] == "climate_2021"]
    assert climate == ["nearest", "bilinear", "bicubic", "parallel5"]


def test_gain_takes_whole_frames_where_there_is_no_middle_and_a_second_test(of_all_studies):
    rows = [row for row in of_all_studies["gain"] if row["study"] == "space_time"]
    cells = [(row["dataset"], row["model"], row["plain_psnr_db"]) for row in rows]
    assert cells == [
        *(("generated", "flow_warped", "31"), ("generated", "joint", "33")),
        *(("clip", "flow_warped", "21"), ("clip", "joint", "22")),
    ]
    assert rows[2]["data_source"] == "foreman.mp4"
    backends = [row for row in of_all_studies["backend_psnr"] if row["study"] == "space_time"]
    assert [row["psnr_db_torch"] for row in backends] == ["31", "33"]  # not of the second test


def test_climate_tables_are_the_same_with_other_studies_beside(of_all_studies, tmp_path):
    write_run(tmp_path, "torch", *full_run("torch"))
    for path in tables.write_tables(tmp_path, PUBLISHED, tmp_path / "tables"):
        if path.stem.startswith(("table_2019", "climate")) and path.stem != "table_2019_4":
            assert read(path) == of_all_studies[path.stem]


def test_a_run_of_one_study_on_pictures_only(tmp_path):
    write_rows(
        tmp_path / "torch_scores.csv",
        SCORE_COLUMNS,
        [score("flow4x", "flow4x", "residual", "torch", 31.0, dataset="phantom", scale=4)],
    )
    paths = tables.write_tables(tmp_path, PUBLISHED, tmp_path / "tables")
    rows = {path.stem: read(path) for path in paths}
    assert all(row["ours_psnr_db"] == "" for row in rows["climate_2021"] + rows["table_2019_4"])
    (gain,) = rows["gain"]
    assert (gain["dataset"], gain["residual_psnr_db"]) == ("phantom", "31")
    assert "flow4x" in tables.summary(tmp_path / "tables")


def test_every_measured_row_named_exists(measured, written):
    keys = {row["row"] for path in measured.glob("*_*.csv") for row in read(path) if "row" in row}
    named = 0
    for rows in written.values():
        for row in rows:
            for column in ("measured_row", "plain_row", "residual_row"):
                cell = row.get(column, "")
                for key in cell.replace(" .. ", "; ").split("; ") if cell else ():
                    assert key in keys
                    named += 1
            # No number of ours without the row it came from.
            if row.get("ours_psnr_db") or row.get("ours_parameters"):
                assert row["measured_row"]
    assert named > 100


def test_parameters(written):
    rows = written["parameters_2021"]
    same = find(rows, model="fsrcnn_2019", backend="torch")
    assert (same["published_parameters"], same["ours_parameters"]) == ("10577", "10577")
    assert same["difference"] == "0"
    alone = find(rows, model="srnet3d", backend="torch")  # not counted with its 2D network
    assert (alone["ours_parameters"], alone["difference"]) == ("63129", "0")
    other = find(rows, model="parallel5", backend="torch")
    assert other["difference"] == str(259000 - 259938)
    missing = find(rows, model="delta", backend="torch")
    assert missing["ours_parameters"] == missing["difference"] == ""


def test_gain(written):
    row = find(written["gain"], model="srnet3d_raw", backend="tensorflow")
    assert float(row["plain_psnr_db"]) == 41.25
    assert float(row["plain_gain_db"]) == -8.75
    assert float(row["residual_gain_db"]) == 1.25
    assert row["residual_row"] == "climate_2019/srnet3d_raw/residual/output/test/middle/tensorflow"
    assert row["trained_on"] == "frames 16x32"
    nearest = find(written["gain"], model="nearest", backend="torch", study="climate_2019")
    assert float(nearest["plain_gain_db"]) == -2
    assert nearest["parameters"] == nearest["residual_psnr_db"] == nearest["note"] == ""
    models = [row["model"] for row in written["gain"] if row["backend"] == "torch"]
    assert models[:4] == ["nearest", "bilinear", "bicubic", "fsrcnn_2019"]


def test_backends(written):
    row = find(written["backend_psnr"], model="fsrcnn_2019", variant="plain")
    assert (row["psnr_db_torch"], row["psnr_db_tensorflow"], row["psnr_db_jax"]) == (
        "40",
        "40.25",
        "",
    )
    assert row["largest_difference_db"] == "0.25"
    assert row["note"] == "not measured on jax"
    missing = find(written["backend_psnr"], model="delta", variant="plain")
    assert missing["largest_difference_db"] == ""
    assert missing["note"] == "not measured on torch; not measured on jax"


def test_seconds_are_medians_and_ratios_to_tensorflow(tmp_path):
    for backend, seconds in (("torch", (9, 1, 3)), ("tensorflow", (9, 2, 2))):
        rows = [
            epoch("climate_2019", "srcnn", "plain", backend, number, 40, duration)
            for number, duration in enumerate(seconds, start=1)
        ]
        write_run(tmp_path, backend, [], rows)
    (row,) = tables.seconds_rows(tables.read_measured(tmp_path))
    assert (row["seconds_torch"], row["seconds_tensorflow"], row["seconds_jax"]) == (3, 2, "")
    assert (row["ratio_torch"], row["ratio_jax"]) == (1.5, "")


def test_no_seconds_and_no_dates_outside_the_timing_table(written):
    for name, rows in written.items():
        assert not any("2020-02-02" in cell for row in rows for cell in row.values())
        if name != "backend_seconds":
            assert not any("seconds" in column for column in rows[0])


def test_same_rows_give_same_bytes_in_any_order_and_on_any_day(measured, tmp_path):
    shuffled = tmp_path / "measured"
    shutil.copytree(measured, shuffled)
    for path in shuffled.glob("*.csv"):
        header, *lines = path.read_text().splitlines()
        text = "\n".join([header, *reversed(lines)]) + "\n"
        path.write_text(text.replace("2020-02-02", "2021-03-03"))
    for name, folder in (("a", measured), ("b", measured), ("c", shuffled)):
        tables.write_tables(folder, PUBLISHED, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
        assert path.read_bytes() == (tmp_path / "c" / path.name).read_bytes()


def test_a_run_with_scores_of_one_network_only(tmp_path):
    write_rows(
        tmp_path / "jax_scores.csv",
        SCORE_COLUMNS,
        [score("climate_2019", "fsrcnn_2019", "plain", "jax", 41.0)],
    )
    paths = tables.write_tables(tmp_path, PUBLISHED, tmp_path / "tables")
    rows = {path.stem: read(path) for path in paths}
    assert all(row["ours_psnr_db"] == "" for row in rows["table_2019_1"])
    assert all("not measured on jax" in row["note"] for row in rows["table_2019_1"])
    (gain,) = rows["gain"]
    assert gain["plain_psnr_db"] == "41"
    assert gain["note"] == "residual: not measured on jax"


def test_summary(measured, tmp_path):
    tables.write_tables(measured, PUBLISHED, tmp_path)
    text = tables.summary(tmp_path)
    lines = text.splitlines()
    (line,) = [x for x in lines if x.split()[:3] == ["torch", "climate_2019", "srnet3d_raw"]]
    assert line.split()[3:] == ["63129", "41.00", "-9.00", "51.00", "+1.00"]
    assert any("delta" in line and "not measured on torch" in line for line in lines)
    assert not text.endswith("\n")


def test_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="no measured rows"):
        tables.write_tables(tmp_path, PUBLISHED, tmp_path / "tables")
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("psnr_db,", "psnr,", "other columns"),
        (",generated,", ",", "cut off"),
        (",41,", ",fast,", "'fast' as psnr_db, not a number"),
        ("", "", "twice"),
    ],
)
def test_damaged_rows_are_named(tmp_path, old, new, message):
    path = tmp_path / "torch_scores.csv"
    row = score("climate_2019", "srcnn", "plain", "torch", 41.0)
    write_rows(path, SCORE_COLUMNS, [row] if old else [row, row])
    path.write_text(path.read_text().replace(old, new) if old else path.read_text())
    with pytest.raises(InputError, match=message) as caught:
        tables.write_tables(tmp_path, PUBLISHED, tmp_path / "tables")
    assert str(path) in str(caught.value)


def test_missing_and_changed_published_files_are_named(measured, tmp_path):
    with pytest.raises(InputError, match=r"results\.csv"):
        tables.write_tables(measured, tmp_path, tmp_path / "tables")
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / "results.csv"
    path.write_text(path.read_text().replace("epoch 100", "epoch 99"))
    with pytest.raises(InputError, match="epoch 99"):
        tables.write_tables(measured, tmp_path / "published", tmp_path / "tables")


def test_every_printed_row_of_the_tables_here_has_a_counterpart():
    wanted = [pair for pairs in published.TABLES_2019.values() for pair in pairs]
    wanted += published.TABLE_2021 + published.TABLE_DIAMOND + published.TABLES_SPACE_TIME
    rows = published.read_results(PUBLISHED, wanted)
    used = {(row["table"], row["model"], row["stage"]) for row in rows}
    assert used == set(published.COUNTERPARTS)
