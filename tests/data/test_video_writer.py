"""Videos that are written are read back bit for bit, or are not there."""

import errno
import os
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from keras_vsr.data import video_writer
from keras_vsr.data.video import VideoFacts, read_video, video_facts
from keras_vsr.data.video_writer import write_video
from keras_vsr.errors import InputError

NTSC = Fraction(30000, 1001)
KINDS = ["a.mp4", "a.mkv", "a.y4m", "frames"]


def luma(frames=4, height=15, width=21):
    """Noise with every 8-bit value, in a size that no codec likes."""
    return np.random.default_rng(1).integers(0, 256, (frames, height, width), dtype=np.uint8)


def read(path):
    if path.suffix != ".mkv":
        return read_video(path)
    av = pytest.importorskip("av")
    with av.open(str(path)) as file:
        return np.array([values(frame.planes[0]) for frame in file.decode(video=0)])


def values(plane):
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def needs_av(name):
    if name.endswith((".mp4", ".mkv")):
        pytest.importorskip("av")


@pytest.mark.parametrize("name", KINDS)
def test_what_is_written_is_read(tmp_path, name):
    needs_av(name)
    path = tmp_path / "new" / name
    assert write_video(path, iter(luma()), NTSC) == 4
    np.testing.assert_array_equal(read(path), luma())
    assert [made.name for made in path.parent.iterdir()] == [name]  # nothing temporary
    assert path.stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("name", ["a.mp4", "a.y4m", "frames"])
def test_facts_are_those_that_were_written(tmp_path, name):
    needs_av(name)
    path = tmp_path / name
    write_video(path, luma(), NTSC)
    assert video_facts(path) == VideoFacts(4, None if name == "frames" else NTSC)


def test_facts_of_raw_files_and_of_none(tmp_path):
    raw = tmp_path / "a.yuv"
    raw.write_bytes(bytes(3 * (4 * 6 + 2 * 2 * 3)))
    assert video_facts(raw, size=(4, 6)) == VideoFacts(3, None)
    for path in (raw, tmp_path / "none.mp4", tmp_path / "none.y4m"):
        assert video_facts(path) == VideoFacts(None, None)
    (tmp_path / "no.mp4").write_bytes(b"no video")
    assert video_facts(tmp_path / "no.mp4") == VideoFacts(None, None)
    (tmp_path / "odd.y4m").write_bytes(b"YUV4MPEG2 W2 H2 F0:0 Cmono\nFRAME\n1234")
    assert video_facts(tmp_path / "odd.y4m") == VideoFacts(1, None)


def stopping(error):
    yield from luma(frames=2)
    raise error


@pytest.mark.parametrize("error", [InputError("bad frame"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", KINDS)
def test_whole_or_not_at_all(tmp_path, name, error):
    needs_av(name)
    path = tmp_path / name
    if path.suffix:
        path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_video(path, stopping(error))
    assert [left.name for left in tmp_path.iterdir()] == [name] * bool(path.suffix)
    assert not path.suffix or path.read_bytes() == b"old"
    if path.suffix:
        write_video(path, luma())
        np.testing.assert_array_equal(read(path), luma())


@pytest.mark.parametrize("name", KINDS)
def test_no_frames(tmp_path, name):
    needs_av(name)
    with pytest.raises(InputError, match="there is no frame to write"):
        write_video(tmp_path / name, [])
    assert not list(tmp_path.iterdir())


def test_names_that_will_not_do(tmp_path):
    def refused(name):
        with pytest.raises(InputError) as raised:
            write_video(tmp_path / name, luma())
        return str(raised.value)

    assert "is of no kind that can be written; give a name that ends in" in refused("a.avi")
    (tmp_path / "folder.y4m").mkdir()
    assert "is a folder; give the name of a file" in refused("folder.y4m")
    (tmp_path / "full").mkdir()
    Image.fromarray(luma()[0]).save(tmp_path / "full" / "mine.png")
    assert "exists; give the name of a new folder" in refused("full")
    (tmp_path / "file").write_bytes(b"")
    assert "exists; give the name of a new folder" in refused("file")
    assert "cannot write" in refused("file/a.y4m")


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "frames").mkdir()
    write_video(tmp_path / "frames", luma())
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == [
        f"00000{number}.png" for number in range(4)
    ]


def test_a_full_disk(tmp_path, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(video_writer, "_to_disk", full)
    with pytest.raises(InputError, match="No space left on device; choose another folder"):
        write_video(tmp_path / "a.y4m", luma())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_without_pyav(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"needs PyAV; install it with: pip install"):
        write_video(tmp_path / name, luma())
    assert not list(tmp_path.iterdir())
