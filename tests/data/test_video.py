"""Luma of videos: of files that the tests write themselves, and of real ones."""

import sys

import numpy as np
import pytest
from PIL import Image

from keras_vsr.data.video import iter_video, read_video, to_unit
from keras_vsr.errors import InputError

HEIGHT, WIDTH, FRAMES = 48, 64, 6


def luma(frames=FRAMES, height=HEIGHT, width=WIDTH):
    """Noise, with every 8-bit value: a change of range would show."""
    return np.random.default_rng(4).integers(0, 256, (frames, height, width), dtype=np.uint8)


def chroma(frame, samples):
    """Bytes of chroma that differ from the luma."""
    return bytes((17 * (i + int(frame[0, 0]))) % 256 for i in range(samples))


def write_raw(path, clip):
    samples = 2 * (-(-clip.shape[1] // 2)) * (-(-clip.shape[2] // 2))
    path.write_bytes(b"".join(frame.tobytes() + chroma(frame, samples) for frame in clip))
    return path


def write_y4m(path, clip, tags="C420jpeg", chroma_samples=None, frame_tags=""):
    height, width = clip.shape[1:]
    if chroma_samples is None:
        chroma_samples = 2 * (-(-height // 2)) * (-(-width // 2))
    data = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 {tags}\n".encode()
    for frame in clip:
        data += f"FRAME{frame_tags}\n".encode() + frame.tobytes() + chroma(frame, chroma_samples)
    path.write_bytes(data)
    return path


def write_mp4(path, clip, pixels="yuv420p", faststart=False):
    """H.264 without loss, by PyAV."""
    av = pytest.importorskip("av")
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.height, stream.width = clip.shape[1:]
        stream.pix_fmt = pixels
        for values in clip:
            frame = av.VideoFrame(clip.shape[2], clip.shape[1], pixels)
            for index, plane in enumerate(frame.planes):
                rows = np.full((plane.height, plane.line_size), 90, np.uint8)
                if index == 0:
                    rows[:, : clip.shape[2]] = values
                plane.update(rows.tobytes())
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_folder(path, clip):
    path.mkdir()
    for index, frame in enumerate(clip):
        Image.fromarray(frame).save(path / f"{index}.png")
    return path


def write_any(kind, folder, clip):
    """Returns the path, and the options to read it with."""
    if kind == "yuv":
        return write_raw(folder / "a.yuv", clip), {"size": clip.shape[1:]}
    if kind == "y4m":
        return write_y4m(folder / "a.y4m", clip), {}
    if kind == "mp4":
        return write_mp4(folder / "a.mp4", clip), {}
    return write_folder(folder / "frames", clip), {}


KINDS = ["yuv", "y4m", "mp4", "folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_luma_is_exact(tmp_path, kind):
    path, options = write_any(kind, tmp_path, luma())
    clip = read_video(path, **options)
    assert clip.dtype == np.uint8
    assert np.array_equal(clip, luma())
    assert np.array_equal(read_video(str(path), first=2, count=3, **options), luma()[2:5])
    assert np.array_equal(read_video(path, first=4, **options), luma()[4:])
    assert np.array_equal(np.stack(list(iter_video(path, **options))), luma())
    assert np.array_equal(read_video(path, size=(HEIGHT, WIDTH)), luma())


@pytest.mark.parametrize("kind", KINDS)
def test_more_frames_than_there_are(tmp_path, kind):
    path, options = write_any(kind, tmp_path, luma())
    with pytest.raises(InputError, match="holds 6 frames, but frames 4 to 6 "):
        read_video(path, first=4, count=3, **options)
    with pytest.raises(InputError, match="holds 6 frames, but frames 6 to the end "):
        read_video(path, first=6, **options)


@pytest.mark.parametrize("kind", ["y4m", "mp4", "folder"])
def test_another_size_than_said(tmp_path, kind):
    path, _ = write_any(kind, tmp_path, luma())
    with pytest.raises(InputError, match=r"frame 0 of .* is 48x64 .*, not 64x48 "):
        read_video(path, size=(WIDTH, HEIGHT))


@pytest.mark.parametrize("kind", ["yuv", "y4m"])
def test_odd_sizes_round_chroma_up(tmp_path, kind):
    clip = luma(3, 7, 9)
    path, options = write_any(kind, tmp_path, clip)
    assert np.array_equal(read_video(path, **options), clip)


@pytest.mark.parametrize(
    ("tags", "samples"),
    [
        ("", 2 * 24 * 32),  # no tag means 4:2:0
        ("C420", 2 * 24 * 32),
        ("C420mpeg2", 2 * 24 * 32),
        ("C420paldv XYSCSS=420PALDV XCOLORRANGE=LIMITED", 2 * 24 * 32),
        ("C422", 2 * 48 * 32),
        ("C444", 2 * 48 * 64),
        ("Cmono", 0),
    ],
)
def test_y4m_colour_spaces(tmp_path, tags, samples):
    path = write_y4m(tmp_path / "a.y4m", luma(), tags, samples, frame_tags=" Ip")
    assert np.array_equal(read_video(path), luma())


@pytest.mark.parametrize("tag", ["C420p10", "C444p16", "Cmono12", "C444alpha", "C411"])
def test_y4m_colour_spaces_that_are_refused(tmp_path, tag):
    with pytest.raises(InputError, match=rf"a\.y4m has the colour space {tag[1:]}; convert"):
        read_video(write_y4m(tmp_path / "a.y4m", luma(), tag))


@pytest.mark.parametrize("pixels", ["yuv422p", "yuv444p", "yuvj420p"])
def test_mp4_pixel_formats(tmp_path, pixels):
    assert np.array_equal(read_video(write_mp4(tmp_path / "a.mp4", luma(), pixels)), luma())


def test_mp4_of_ten_bits_is_refused(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p10le"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p10le")))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="coded as yuv420p10le; encode it again with 8-bit luma"):
        read_video(path)


def test_mp4_without_video(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="holds no video"):
        read_video(path)


def test_rgb_folder_is_rounded_studio_luma(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    Image.new("RGB", (4, 2), (255, 0, 0)).save(folder / "0.png")  # 81.481
    assert np.array_equal(read_video(folder), np.full((1, 2, 4), 81, np.uint8))


def cut(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    return path


@pytest.mark.parametrize("missing", [1, 100, 4608])
def test_raw_cut_short(tmp_path, missing):
    path = write_raw(tmp_path / "a.yuv", luma())
    total = path.stat().st_size
    if missing == 4608:  # a whole frame: nothing in a raw file can tell
        assert len(read_video(cut(path, total - missing), size=(HEIGHT, WIDTH))) == FRAMES - 1
        return
    message = rf"a\.yuv has {total - missing} bytes, .* 48x64 .* \(4608 bytes each"
    with pytest.raises(InputError, match=message):
        read_video(cut(path, total - missing), size=(HEIGHT, WIDTH))


def test_raw_with_no_or_wrong_size(tmp_path):
    path = write_raw(tmp_path / "a.yuv", luma())
    with pytest.raises(
        InputError, match=r"convert it to \.y4m, or read it with size=\(height, width\)"
    ):
        read_video(path)
    with pytest.raises(InputError, match="the size is wrong or the file is cut short"):
        read_video(path, size=(HEIGHT, WIDTH + 6))
    with pytest.raises(ValueError, match="size must be"):
        read_video(path, size=(0, WIDTH))


def test_y4m_cut_short(tmp_path):
    path = write_y4m(tmp_path / "a.y4m", luma())
    total = path.stat().st_size
    with pytest.raises(InputError, match=r"a\.y4m is cut short: frame 5 needs 4608 bytes, 4607 "):
        read_video(cut(path, total - 1))
    assert len(read_video(path, count=5)) == 5  # what lies before the cut can be had
    with pytest.raises(InputError, match=r"frame 4 of .* does not begin with FRAME"):
        read_video(cut(path, total - 2 * 4608 - 6 - 3))
    with pytest.raises(InputError, match="does not begin with a YUV4MPEG2 line"):
        read_video(cut(path, 20))


def test_y4m_damaged_header(tmp_path):
    path = tmp_path / "a.y4m"
    for header, message in [
        (b"RIFF....", "does not begin with a YUV4MPEG2 line"),
        (b"YUV4MPEG2 W64 C420\nFRAME\n", "names no width and height"),
        (b"YUV4MPEG2 Wx H48\nFRAME\n", "names no width and height"),
        (b"YUV4MPEG2 W0 H48\nFRAME\n", "names no width and height"),
        (b"YUV4MPEG2 W999999999 H999999999\nFRAME\n12", "cut short: frame 0 needs .* bytes, 2 are"),
    ]:
        path.write_bytes(header)
        with pytest.raises(InputError, match=message):
            read_video(path)


@pytest.mark.parametrize("faststart", [False, True])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.97])
def test_mp4_cut_short(tmp_path, faststart, keep):
    path = write_mp4(tmp_path / "a.mp4", luma(), faststart=faststart)
    cut(path, int(path.stat().st_size * keep))
    with pytest.raises(InputError, match=r"a\.mp4 .*damaged or cut short"):
        read_video(path)


def test_mp4_that_is_something_else(tmp_path):
    pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    path.write_text("a letter " * 100)
    with pytest.raises(InputError, match=r"a\.mp4 cannot be decoded after 0 frames"):
        read_video(path)


@pytest.mark.parametrize("name", ["a.yuv", "a.y4m", "a.mp4"])
def test_no_frames(tmp_path, name):
    if name == "a.y4m":
        path = write_y4m(tmp_path / name, luma(0))
    else:
        path = tmp_path / name
        path.write_bytes(b"")
    if name == "a.mp4":
        pytest.importorskip("av")
    with pytest.raises(InputError, match=r"holds no frame|cannot be decoded after 0 frames"):
        read_video(path, size=(HEIGHT, WIDTH))


def test_folder_of_nothing_and_of_several_sizes(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        read_video(tmp_path)
    Image.fromarray(luma()[0]).save(tmp_path / "0.png")
    Image.fromarray(luma()[0, 2:]).save(tmp_path / "1.png")
    with pytest.raises(InputError, match=r"frame 1 of .* is 46x64 .*, not 48x64 "):
        read_video(tmp_path)


def test_missing_and_unknown_files(tmp_path):
    for name in ("a.mp4", "a.y4m", "a.yuv", "frames"):
        with pytest.raises(InputError, match=f"{name} is missing"):
            read_video(tmp_path / name)
    (tmp_path / "a.doc").write_text("a letter")
    with pytest.raises(InputError, match=r"a\.doc is of no kind .* \.mp4, .*\.y4m, \.yuv"):
        read_video(tmp_path / "a.doc")


def test_missing_pyav_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.mp4").write_bytes(b"anything")
    with pytest.raises(InputError, match=r"pip install 'keras_vsr\[video\]'"):
        read_video(tmp_path / "a.mp4")


def test_first_and_count_out_of_range(tmp_path):
    with pytest.raises(ValueError, match="first must be 0 or more, not -1"):
        read_video(tmp_path, first=-1)
    with pytest.raises(ValueError, match="count must be 1 or more, or None, not 0"):
        read_video(tmp_path, count=0)


def test_to_unit():
    unit = to_unit(np.array([[0, 51, 255]], np.uint8))
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [[0, 0.2, 1]], rtol=1e-7)
    with pytest.raises(ValueError, match="uint8, not float32"):
        to_unit(unit)


@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("akiyo_cif_h264.mp4", 300, (288, 352)),
        ("foreman_cif_mpeg4.mp4", 300, (288, 352)),
        ("carphone_qcif_h264_nearlossless.mp4", 120, (144, 176)),
    ],
)
def test_real_mp4(testdata, name, frames, size):
    """All frames, against PyAV's own conversion to an array of all planes."""
    av = pytest.importorskip("av")
    clip = read_video(testdata / "video" / name)
    assert clip.shape == (frames, *size)
    with av.open(str(testdata / "video" / name)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            assert frame.format.name == "yuv420p"
            if index % 25 == 0:
                assert np.array_equal(clip[index], frame.to_ndarray()[: size[0]])
    assert index == frames - 1


def foreman_packets(testdata):
    """The file's bytes, and start and size of each coded frame in them."""
    av = pytest.importorskip("av")
    path = testdata / "video" / "foreman_cif_mpeg4.mp4"
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    assert packets == sorted(packets)
    return path.read_bytes(), packets


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (0.0, "cut short: its index names 300 frames, 299 are there"),
        (0.5, "damaged or cut short near frame 300"),
    ],
)
def test_real_mp4_cut_in_its_last_frame(testdata, tmp_path, part, message):
    """Its index lies in front, so it opens, and the decoder fills what is missing with guesses."""
    data, packets = foreman_packets(testdata)
    position, size = packets[-1]
    path = tmp_path / "a.mp4"
    path.write_bytes(data[: position + size])  # what follows is no video
    whole = read_video(path)
    assert len(whole) == 300
    cut(path, position + int(size * part))
    with pytest.raises(InputError, match=message):
        read_video(path)
    assert np.array_equal(read_video(path, count=150), whole[:150])


def test_real_mp4_damaged_in_the_middle(testdata, tmp_path):
    data, packets = foreman_packets(testdata)
    position, size = packets[60]
    path = tmp_path / "a.mp4"
    path.write_bytes(data[: position + size // 2] + bytes(40) + data[position + size // 2 + 40 :])
    with pytest.raises(InputError, match="damaged or cut short near frame 6"):
        read_video(path)


def test_real_y4m(testdata):
    path = testdata / "video" / "park_joy_420_720p50_frm0to9_480x270.y4m"
    clip = read_video(path)
    assert clip.shape == (10, 270, 480)
    # Counted from the end of the file: luma of the last frame lies before its chroma.
    data, chroma_bytes = path.read_bytes(), 2 * 135 * 240
    last = data[-chroma_bytes - 270 * 480 : -chroma_bytes]
    assert clip[-1].tobytes() == last


def test_real_raw(testdata):
    path = testdata / "video" / "CiscoVT2people_320x192_12fps.yuv"
    clip = read_video(path, size=(192, 320))
    frames = np.fromfile(path, np.uint8).reshape(9, 288, 320)
    assert np.array_equal(clip, frames[:, :192])
