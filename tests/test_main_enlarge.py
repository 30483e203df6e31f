"""python -m keras_vsr enlarge: what it writes and says, and what it says of a mistake."""

import re

import numpy as np
import pytest
from checks import enlarged, randomise

from keras_vsr.__main__ import main
from keras_vsr.data.video import read_video, to_code, to_unit, video_facts
from keras_vsr.data.video_writer import write_video
from keras_vsr.models import build


@pytest.fixture
def clip(tmp_path):
    """A small video, by its name."""
    frames = np.random.default_rng(2).integers(16, 236, (3, 8, 10), dtype=np.uint8)
    write_video(tmp_path / "small.y4m", frames)
    return tmp_path / "small.y4m"


@pytest.fixture
def refused(tmp_path, capsys):
    """Runs the program, which must refuse and leave all files as they are; returns what it says."""

    def refuse(*arguments):
        before = sorted(tmp_path.rglob("*"))
        assert main(["enlarge", *map(str, arguments)]) == 2
        assert sorted(tmp_path.rglob("*")) == before
        output = capsys.readouterr()
        assert output.out == ""
        line = output.err.splitlines()[-1]
        assert line.startswith("error: ")
        assert not re.search(r"[.!?]\s+[A-Z]", line)
        return line

    return refuse


@pytest.mark.backend
def test_a_network_that_has_learned_nothing(clip, tmp_path, capsys):
    out = tmp_path / "large.y4m"
    assert main(["enlarge", str(clip), str(out), "--network", "fsrcnn_2019", "--residual"]) == 0
    output = capsys.readouterr()
    assert output.out == f"{out} has 3 frames\n"
    first, last = output.err.splitlines()[-2:]
    assert first == "no --weights: fsrcnn_2019 adds nothing yet to bicubic enlargement"
    assert re.fullmatch(r"3 of 3 frames, \d+\.\d\d frames/s, 0:00:00 left", last)
    bicubic = to_code(enlarged(to_unit(read_video(clip))[..., None])[..., 0])
    assert np.abs(read_video(out).astype(int) - bicubic).max() <= 1  # rounding
    assert video_facts(out) == video_facts(clip)


@pytest.mark.backend
def test_weights_from_a_file(clip, tmp_path, capsys):
    model = randomise(build("fsrcnn_2019"))
    model.save_weights(tmp_path / "a.weights.h5")
    out = tmp_path / "frames"
    arguments = ["enlarge", str(clip), str(out), "--network", "fsrcnn_2019"]
    assert main([*arguments, "--weights", str(tmp_path / "a.weights.h5"), "--memory", "3MB"]) == 0
    assert "no --weights" not in capsys.readouterr().err
    made = model.predict(to_unit(read_video(clip))[..., None], verbose=0)[..., 0]
    assert np.abs(read_video(out).astype(int) - to_code(made)).max() <= 1


@pytest.mark.backend
def test_networks_and_weights_that_will_not_do(clip, tmp_path, refused):
    out = tmp_path / "large.y4m"
    assert "no network is called 'none'; there are srcnn, " in refused(
        clip, out, "--network", "none"
    )
    assert "delta has learned nothing yet; give its weights" in refused(
        clip, out, "--network", "delta"
    )
    assert "there is no file none.h5" in refused(
        clip, out, "--network", "delta", "--weights", "none.h5"
    )
    other = tmp_path / "other.weights.h5"
    build("srcnn").save_weights(other)
    assert "does not hold the weights of the network delta" in refused(
        clip, out, "--network", "delta", "--weights", other
    )
    other.write_bytes(other.read_bytes()[:3000])
    assert "does not hold the weights of the network srcnn" in refused(
        clip, out, "--network", "srcnn", "--weights", other
    )
    assert "does not hold 4 frames of 8x10" in refused(
        clip, out, "--network", "fsrcnn_2019", "--residual", "--memory", "1KB"
    )


@pytest.mark.backend
def test_a_video_that_is_cut_short(clip, tmp_path, refused):
    clip.write_bytes(clip.read_bytes()[:-5])
    line = refused(clip, tmp_path / "large.y4m", "--network", "fsrcnn_2019", "--residual")
    assert "small.y4m is cut short: frame 2 needs 80 bytes, 75 are there" in line


def test_files_that_will_not_do(clip, tmp_path, refused):
    # Before the backend is loaded.
    network = ("--network", "delta", "--residual")
    assert "of no kind that can be written" in refused(clip, tmp_path / "large.gif", *network)
    assert "is missing; check the name" in refused(tmp_path / "no.mp4", tmp_path / "a", *network)
    (tmp_path / "a.yuv").write_bytes(b"1234")
    assert "is raw video and does not say its size; give --size 288x352" in refused(
        tmp_path / "a.yuv", tmp_path / "large", *network
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ["--memory", "much"],
        ["--memory", "0GB"],
        ["--batch", "0"],
        ["--size", "5"],
        ["--size", "0x7"],
        ["--intensity", "-1"],
        ["--intensity", "bright"],
    ],
)
def test_options_that_are_none(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["enlarge", "a.mp4", "b.mp4", "--network", "delta", *wrong])
    assert stopped.value.code == 2
    assert f"argument {wrong[0]}: {wrong[1]!r} is no " in capsys.readouterr().err
