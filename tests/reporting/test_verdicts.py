"""Verdicts: each printed row has one, and it follows from the rows that it names."""

from pathlib import Path

import pytest

from keras_vsr.records import (
    EPOCH_COLUMNS,
    PUBLISHED_COLUMNS,
    SCORE_COLUMNS,
    read_rows,
    write_rows,
)
from keras_vsr.reporting import verdicts
from keras_vsr.reporting.verdicts import (
    COLUMNS,
    MIDDLE,
    NEXT,
    VERDICTS,
    WEIGHTS_2D,
    WEIGHTS_3D,
    write_verdicts,
)

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"


def score(model, psnr_db, *, study="climate_2019", variant="plain", stage="output", **cells):
    row = dict.fromkeys(SCORE_COLUMNS, "1")
    row |= {"study": study, "model": model, "variant": variant, "stage": stage, "split": "test"}
    row |= {"area": "middle", "backend": "torch", "psnr_db": psnr_db, "data_source": "generated"}
    row |= {"errata": "", **cells}
    row["row"] = "/".join(str(row[n]) for n in ("study", "model", "variant", "stage", "area"))
    return row


def epoch(model, number, psnr_db, *, study="climate_2019", **cells):
    row = dict.fromkeys(EPOCH_COLUMNS, "1")
    row |= {"study": study, "model": model, "variant": "plain", "epoch": number, "errata": ""}
    row |= {"backend": "torch", "data_source": "generated"}
    row |= {"train_psnr_db": psnr_db, "validation_psnr_db": psnr_db, **cells}
    row["row"] = f"{study}/{model}/{number}"
    return row


def weights(name, quantity, value, seconds=""):
    row = dict.fromkeys(PUBLISHED_COLUMNS, "")
    row |= {"weights": name, "quantity": quantity, "value": value, "seconds_between": seconds}
    return row | {"row": f"{name}/{quantity}/{seconds}"}


@pytest.fixture
def folders(tmp_path):
    """Rows of both protocols; `write` adds files to them."""

    def write(folder, kind, columns, rows):
        write_rows(tmp_path / folder / f"torch_{kind}.csv", columns, rows)

    write(
        "described",
        "scores",
        SCORE_COLUMNS,
        [score("bicubic", 42.0, variant="interpolation"), score("srnet3d_raw", 41.0)],
    )
    write(
        "described",
        "epochs",
        EPOCH_COLUMNS,
        [epoch("fsrcnn_2019", n, 7.0 + n) for n in (1, 2, 3)]
        + [epoch("srnet3d_raw", n, 30.0 + n) for n in (1, 2, 3)],
    )
    return tmp_path, write


def made(folder):
    assert write_verdicts(folder / "described", folder / "as_run", PUBLISHED, folder / "tables")
    rows = read_rows(folder / "tables" / "verdicts.csv", COLUMNS)
    return {(row["table"], row["model"], row["stage"], row["split"]): row for row in rows}, rows


def test_no_row_is_without_a_verdict_and_a_reason(folders):
    _, rows = made(folders[0])
    assert len(rows) == 54
    printed = read_rows(PUBLISHED / "results.csv")
    assert [row["published_psnr_db"] for row in rows] == [row["psnr_db"] for row in printed]
    assert all(row["verdict"] in VERDICTS and row["because"] for row in rows)
    for row in rows:  # what is explained is shown
        assert bool(row["shown_by"]) or row["verdict"] == "not run here"


def test_what_the_3d_network_saw_is_explained_by_the_errata_on_the_same_frames(folders):
    folder, write = folders
    raw = ("3", "raw", "", "all")  # printed: 13.8458 dB
    trained = ("3", "srnet3d raw", "epoch 100", "train")  # 16.4686 dB
    assert made(folder)[0][raw]["verdict"] == "not run here"
    # Three quarters of the way from 42 to 13.8458 end at 20.88.
    for value, verdict in ((17.0, "explained"), (20.8, "explained"), (20.95, "contradicted")):
        rows = [
            score("bicubic", 42.0, variant="interpolation"),
            score("raw", value, variant="interpolation", errata="E1"),
            score("srnet3d_raw", 40.0),
            score("srnet3d_raw", value - 1, errata="E1+E2"),
        ]
        for row in rows:
            row["row"] += row["errata"]
        write("described", "errata_scores", SCORE_COLUMNS, rows)
        found = made(folder)[0]
        assert found[raw]["verdict"] == verdict
        assert f"42.00 dB without and {value:.2f} with" in found[raw]["because"]
        assert found[raw]["shown_by"] == rows[1]["row"]
        assert f"40.00 dB without and {value - 1:.2f} with" in found[trained]["because"]
    write("as_run", "scores", SCORE_COLUMNS, [rows[1]])
    assert made(folder)[0][raw]["as_run_psnr_db"] == "20.95"


def test_networks_are_explained_by_the_authors_own_weights(folders):
    folder, write = folders
    last = ("2", "fsrcnn_2019", "epoch 150", "train")  # printed: 41.8839 dB
    assert made(folder)[0][last]["verdict"] == "not run here"
    for value, verdict in ((43.4, "explained"), (36.9, "explained"), (36.8, "contradicted")):
        rows = [weights(WEIGHTS_2D, "psnr_db", value)]
        write("described", "published_weights", PUBLISHED_COLUMNS, rows)
        row = made(folder)[0][last]
        assert (row["verdict"], row["shown_by"]) == (verdict, rows[0]["row"])
        assert f"gives {value:.2f} dB" in row["because"]
        assert row["described_psnr_db"] == "10"  # of the last epoch
        assert "ours has 10.00 dB after 3 epochs" in row["because"]


@pytest.mark.parametrize(
    ("following", "middle", "verdict"),
    [
        ((46.9, 42.0), (44.4, 36.7), "explained"),  # 43.4010 printed
        ((46.9, 45.0), (44.4, 36.7), "contradicted"),  # never so low
        ((46.9, 42.0), (44.4, 42.5), "contradicted"),  # nearer to the middle frame once
    ],
)
def test_the_3d_network_is_explained_by_what_its_weights_do(folders, following, middle, verdict):
    folder, write = folders
    rows = [
        weights(WEIGHTS_3D, name, value, spacing)
        for name, values in ((NEXT, following), (MIDDLE, middle))
        for spacing, value in zip(("864", "2592"), values, strict=True)
    ]
    write("described", "published_weights", PUBLISHED_COLUMNS, rows)
    row = made(folder)[0]["6", "srnet3d processed", "epoch 80", "train"]
    assert row["verdict"] == verdict
    assert "864 to 2592 s apart" in row["because"]


def test_the_first_epoch(folders):
    found = made(folders[0])[0]
    near = found["1", "fsrcnn_2019", "epoch 0", "train"]  # 7.6772 printed, 8 ours
    assert (near["verdict"], near["shown_by"]) == ("explained", "climate_2019/fsrcnn_2019/1")
    assert found["5", "srnet3d processed", "epoch 0", "train"]["verdict"] == "not run here"


def test_the_same_data_can_reproduce(folders):
    folder, write = folders
    printed = {"train_ssim": 0.985, "data_source": "climate_data.h5"}
    rows = [epoch("fsrcnn_2019", 1, 41.5, **printed)]
    write("as_run", "epochs", EPOCH_COLUMNS, rows)
    of_file = score("fsrcnn_2019", 41.5, data_source="climate_data.h5")
    write("as_run", "scores", SCORE_COLUMNS, [of_file])
    row = made(folder)[0]["2", "fsrcnn_2019", "epoch 150", "train"]  # 41.8839 dB, 0.9871
    assert row["verdict"] == "reproduced"
    rows = [epoch("fsrcnn_2019", 1, 41.5, **printed | {"train_ssim": 0.9}, errata="E1")]
    write("as_run", "epochs", EPOCH_COLUMNS, rows)
    row = made(folder)[0]["2", "fsrcnn_2019", "epoch 150", "train"]
    assert row["verdict"] != "reproduced"


def test_the_clip_of_table_4(folders):
    folder, write = folders
    shared = {"study": "container_2019", "data_source": "akiyo.y4m"}
    rows = [epoch("srnet3d_early", n, 20.0 + n, **shared) for n in (10, 1, 2)]
    assert (
        "--study container_2019"
        in made(folder)[0]["4", "srnet3d_early", "epoch 0", "train"]["because"]
    )
    write("described", "epochs", EPOCH_COLUMNS, rows)
    found = made(folder)[0]
    for stage, value in (("epoch 0", "21"), ("epoch 100", "30")):
        row = found["4", "srnet3d_early", stage, "train"]
        assert (row["described_psnr_db"], row["verdict"]) == (value, "not run here")
        assert "ours are of akiyo.y4m" in row["because"]


def test_the_clip_itself_can_reproduce_or_contradict(folders):
    folder, write = folders
    for psnr_db, verdict in ((28.2013, "reproduced"), (20.0, "contradicted")):
        shared = {"study": "container_2019", "data_source": "container.y4m", "train_ssim": 0.8788}
        rows = [epoch("srnet3d_early", 100, psnr_db, **shared)]
        write("described", "epochs", EPOCH_COLUMNS, rows)
        row = made(folder)[0]["4", "srnet3d_early", "epoch 100", "train"]
        assert row["verdict"] == verdict


def stone(model, psnr_db, **cells):
    variant = "interpolation" if model == "bicubic" else "plain"
    return score(model, psnr_db, study="diamond_2021", variant=variant, **cells)


@pytest.mark.parametrize(
    ("kind", "without", "with_it", "verdict"),
    [
        # Three quarters of the way from 30 to the printed 8.5 end at 13.875.
        ("errata_clip", 30.0, 13.8, "explained"),
        ("errata_clip", 30.0, 13.9, "not run here"),
        # And from 42 at 16.875.
        ("errata", 42.0, 16.8, "explained"),
        ("errata", 42.0, 17.0, "not run here"),
    ],
)
def test_what_was_fed_of_the_diamond_is_explained_by_e1_on_other_frames(
    folders, kind, without, with_it, verdict
):
    folder, write = folders
    raw = ("diamond", "raw", "", "test")
    missing = made(folder)[0][raw]
    assert missing["verdict"] == "not run here"
    assert "--study diamond_2021 --preset paper --video FILE" in missing["because"]
    write("described", "scores", SCORE_COLUMNS, [stone("bicubic", 22.0)])
    assert "--study errata" in made(folder)[0][raw]["because"]
    rows = [
        score("bicubic", without, variant="interpolation", data_source="foreman"),
        score("raw", with_it, variant="interpolation", errata="E1", data_source="foreman"),
    ]
    write("described", f"{kind}_scores", SCORE_COLUMNS, rows)
    write("as_run", "scores", SCORE_COLUMNS, [score("raw", 15.0, variant="interpolation")])
    row = made(folder)[0][raw]
    assert (row["verdict"], row["shown_by"]) == (verdict, rows[1]["row"])
    assert (row["described_psnr_db"], row["as_run_psnr_db"]) == ("22", "")  # no climate frame's
    for words in ("was not published", "22.00 dB on ours", "foreman", f"{with_it:.2f} with"):
        assert words in row["because"]


def test_a_real_clip_comes_before_climate_frames_for_the_diamond(folders):
    folder, write = folders
    write("described", "scores", SCORE_COLUMNS, [stone("bicubic", 22.0)])
    for kind, with_it in (("errata", 16.0), ("errata_clip", 10.0)):
        rows = [
            score("bicubic", 30.0, variant="interpolation"),
            score("raw", with_it, variant="interpolation", errata="E1"),
        ]
        write("described", f"{kind}_scores", SCORE_COLUMNS, rows)
    assert "10.00 with" in made(folder)[0]["diamond", "raw", "", "test"]["because"]


def test_networks_on_the_diamond(folders):
    folder, write = folders
    quick = [
        stone("delta", 24.0, preset="quick"),
        stone("parallel5", 25.0, preset="quick"),
        stone("parallel5_wide", 26.0, preset="quick"),
        score("delta", 40.0, study="climate_2021", preset="quick"),
    ]
    write("described", "scores", SCORE_COLUMNS, quick)
    found = made(folder)[0]
    for place, value in (
        (("diamond", "delta", "", "test"), "24"),
        (("diamond", "parallel5", "", "test"), "25"),
        (("diamond 300", "parallel5", "", "test"), "26"),
    ):
        row = found[place]
        assert (row["described_psnr_db"], row["verdict"]) == (value, "not run here")
        assert "a generated stone" in row["because"]
        assert "--study diamond_2021 --preset paper --video FILE" in row["because"]
    # 27.1675 printed; five dB are what other frames may make.
    for value, verdict in ((22.2, "explained"), (22.1, "contradicted")):
        rows = [stone("delta", value, preset="paper", data_source="mine.mp4", bicubic_psnr_db=21)]
        write("described", "scores", SCORE_COLUMNS, rows)
        row = made(folder)[0]["diamond", "delta", "", "test"]
        assert (row["verdict"], row["shown_by"]) == (verdict, rows[0]["row"])
        assert "on mine.mp4 ours has" in row["because"]
        assert "bicubic has 21.00 dB" in row["because"]


def test_what_space_and_time_wait_for(folders):
    _, rows = made(folders[0])
    words = {row["model"]: row["because"] for row in rows if row["dataset"] == "Vimeo-90K"}
    assert "no RBPN and no DAIN" in words["RBPN + DAIN"]
    assert "no SAN" in words["SAN + SuperSloMo"]
    assert "--study space_time" in words["ESPCN + SuperSloMo"]


def test_rows_with_errata_are_never_those_described(folders):
    folder, write = folders
    write("described", "scores", SCORE_COLUMNS, [score("srnet3d_raw", 41.0, errata="E1")])
    assert not write_verdicts(folder / "described", folder, PUBLISHED, folder / "tables")
    assert not (folder / "tables").exists()


def test_every_printed_row_has_a_kind_of_reason():
    for row in read_rows(PUBLISHED / "results.csv"):
        assert callable(verdicts.reason_for(row))


def of_triplets(model, psnr_db, **cells):
    cells = {"study": "space_time", "area": "whole", "preset": "paper"} | cells
    return score(model, psnr_db, ssim_uniform7=0.94, **cells)


def test_space_and_time_needs_all_of_its_data(folders):
    folder, write = folders
    last = "all jointly fine-tuned"
    for source in ("generated", "Vimeo-90K"):
        write(
            "described", "scores", SCORE_COLUMNS, [of_triplets("joint", 32.5, data_source=source)]
        )
        rows = [row for row in made(folder)[1] if (row["table"], row["model"]) == ("S2", last)]
        (vimeo,) = (row for row in rows if row["dataset"] == "Vimeo-90K")
        (ucf101,) = (row for row in rows if row["dataset"] == "UCF101")
        assert (vimeo["verdict"], vimeo["described_psnr_db"]) == ("not run here", "32.5")
        assert (ucf101["verdict"], ucf101["described_psnr_db"]) == ("not run here", "")
        assert "--ucf101 DIR" in ucf101["because"]
    with_san = [row for row in made(folder)[1] if row["table"] == "S1" and "SAN" in row["model"]]
    assert {row["because"] for row in with_san if "DAIN" not in row["model"]} == {
        "the suite has no SAN"
    }
