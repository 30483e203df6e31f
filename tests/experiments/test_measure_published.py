"""The study of published weights: its protocols, and what it does where files are missing."""

import os

import numpy as np
import pytest
from checks import frames_of

from experiments import run
from experiments.measure_published import _difference, _holds, _set5, _vid4
from keras_vsr.data.images import read_luma
from keras_vsr.models import build
from keras_vsr.weights import load_mat

BACKEND = os.environ["KERAS_BACKEND"]


def test_what_holds():
    def holds(value, expected, tolerance):
        return _holds({"value": value, "expected": expected, "tolerance": tolerance})

    assert holds(36.33, 36.34, 0.02) == "yes"
    assert holds(36.37, 36.34, 0.02) == "no"
    assert holds(41.9, 42.0, None) == "no"  # at least
    assert holds(55.0, 42.0, None) == "yes"
    assert holds(10.7, None, None) == ""


def test_differences_are_parts_of_the_range():
    truth = np.array([0.0, 100.0])
    off = np.array([0.0, 0.5])
    assert _difference(truth + off, truth) == pytest.approx(0.005)
    assert _difference(truth / 100 + off, truth / 100) == pytest.approx(0.5)
    assert _difference(np.array([0.4, 0.6]), np.array([0.5, 0.6])) == pytest.approx(0.1)


def test_nothing_is_there(tiny, tmp_path, capsys):
    arguments = ["--preset", "tiny", "--study", "published_weights", "--out", str(tmp_path / "out")]
    nowhere = ["--reference", str(tmp_path / "no"), "--testdata", str(tmp_path / "no")]
    assert run.main([*arguments, *nowhere]) == 0
    said = capsys.readouterr().err
    assert f"skipped, no {tmp_path / 'no'}" in said
    assert "--reference and --testdata name other folders" in said
    assert not list((tmp_path / "out" / "measured").iterdir())


@pytest.mark.backend
def test_srcnn_gives_its_printed_psnr(reference, testdata):
    """36.34 dB on Set5 at scale 2: Dong et al. 2016."""
    model = build("srcnn", border="replicate")
    load_mat(model, reference / "srcnn_authors" / "9-1-5_91_x2.mat")
    value, bicubic, images = _set5(model, testdata / "set5", 2, enlarged=True)
    assert value == pytest.approx(36.34, abs=0.02)
    assert bicubic == pytest.approx(33.66, abs=0.02)
    assert images == 5


@pytest.mark.backend
@pytest.mark.parametrize(("scale", "printed"), [(2, 36.57), (3, 32.61)])
def test_fsrcnn_s_gives_its_printed_psnr(reference, testdata, scale, printed):
    """On Set5: Dong et al. 2016, Table 3. A pixel in the wrong place costs 6 dB."""
    model = build("fsrcnn_s", scale=scale)
    load_mat(model, reference / "fsrcnn_authors" / f"FSRCNN-s_x{scale}.mat")
    value, _, _ = _set5(model, testdata / "set5", scale, enlarged=False)
    assert value == pytest.approx(printed, abs=0.02)


@pytest.mark.backend
def test_vid4_is_the_mean_of_the_clips_middle_frames(tmp_path):
    """With a network that is bicubic enlargement, both values are bicubic's."""
    from PIL import Image

    for clip, seed in (("a", 1), ("b", 2)):
        (tmp_path / clip).mkdir()
        for number, frame in enumerate(frames_of((15, 16, 24), seed)):
            image = Image.fromarray((frame * 255).astype(np.uint8))
            image.save(tmp_path / clip / f"{number:03}.png")
    value, bicubic, frames = _vid4(build("kim_3dsrnet", filters=2), tmp_path, 2)
    assert frames == 22  # 3 to 13 of each
    assert value == pytest.approx(bicubic, abs=1e-3)
    assert 5 < bicubic < 20
    assert read_luma(tmp_path / "a" / "000.png").shape == (16, 24)
