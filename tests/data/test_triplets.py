"""Triplets in folders that the tests write in the public layouts, and cut from clips."""

import numpy as np
import pytest
from PIL import Image

from keras_vsr.data.triplets import cut_triplets, find_ucf101, find_vimeo90k, read_triplets
from keras_vsr.errors import InputError

UCF101 = ("frame_00.png", "frame_01_gt.png", "frame_02.png")


def grey(seed, size=(6, 8)):
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def write(folder, names, seed, size=(6, 8)):
    folder.mkdir(parents=True, exist_ok=True)
    for frame, name in enumerate(names):
        Image.fromarray(grey(10 * seed + frame, size)).save(folder / name)


@pytest.fixture
def vimeo(tmp_path):
    folder = tmp_path / "vimeo_triplet"
    for seed, name in enumerate(("00001/0001", "00001/0002", "00010/0389")):
        write(folder / "sequences" / name, ("im1.png", "im2.png", "im3.png"), seed)
    (folder / "tri_testlist.txt").write_text("00010/0389\n00001/0001\n\n")
    (folder / "tri_trainlist.txt").write_text("00001/0002\r\n")
    return folder


@pytest.fixture
def ucf101(tmp_path):
    folder = tmp_path / "ucf101_interp_ours"
    for seed, name in enumerate(("1", "10", "2")):
        write(folder / name, (*UCF101, "frame_01_ours.png"), seed)
    (folder / "readme.txt").write_text("not a triplet")
    (folder / ".hidden").mkdir()
    return folder


def as_coded(seed):
    return np.stack([grey(10 * seed + frame) for frame in range(3)])


def test_vimeo90k(vimeo):
    read = read_triplets(find_vimeo90k(vimeo))
    assert (read.dtype, read.shape) == (np.float32, (2, 3, 6, 8))
    np.testing.assert_array_equal(np.rint(read * 255), [as_coded(2), as_coded(0)])
    assert read.max() <= 1
    read = read_triplets(find_vimeo90k(str(vimeo), "train"))
    np.testing.assert_array_equal(np.rint(read * 255), [as_coded(1)])


def test_a_list_of_ones_own(vimeo, tmp_path):
    chosen = tmp_path / "mine.txt"
    chosen.write_text("  00001/0002 \n00010/0389")
    read = read_triplets(find_vimeo90k(vimeo, list_file=chosen))
    np.testing.assert_array_equal(np.rint(read * 255), [as_coded(1), as_coded(2)])
    assert len(find_vimeo90k(vimeo, list_file=chosen, count=1)) == 1
    assert len(find_vimeo90k(vimeo, list_file=chosen, count=9)) == 2


def test_ucf101(ucf101, tmp_path):
    found = find_ucf101(ucf101)
    assert [triplet[0].parent.name for triplet in found] == ["1", "2", "10"]
    assert [path.name for path in found[0]] == [*UCF101]
    np.testing.assert_array_equal(
        np.rint(read_triplets(found) * 255), [as_coded(0), as_coded(2), as_coded(1)]
    )
    chosen = tmp_path / "mine.txt"
    chosen.write_text("10\n")
    read = read_triplets(find_ucf101(ucf101, list_file=chosen))
    np.testing.assert_array_equal(np.rint(read * 255), [as_coded(1)])


def test_rgb_is_studio_luma(tmp_path):
    for number, colour in enumerate(((0, 0, 0), (255, 255, 255), (255, 0, 0))):
        Image.new("RGB", (4, 3), colour).save(tmp_path / UCF101[number])
    (read,) = read_triplets([tuple(tmp_path / name for name in UCF101)])
    np.testing.assert_allclose(read[:, 0, 0] * 255, [16, 235, 81.481], atol=1e-4)


def test_folders_that_are_missing_or_empty(vimeo, tmp_path):
    for find in (find_vimeo90k, find_ucf101):
        with pytest.raises(InputError, match="gone is not a folder; check the name"):
            find(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no folders of triplets"):
        find_ucf101(tmp_path / "empty")
    with pytest.raises(InputError, match=r"cannot read the list .*tri_testlist.txt: No such file"):
        find_vimeo90k(tmp_path / "empty")


def test_frames_that_are_missing_or_damaged(vimeo):
    frame = vimeo / "sequences/00001/0001/im2.png"
    whole = frame.read_bytes()
    frame.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"im2\.png cannot be read as an image"):
        read_triplets(find_vimeo90k(vimeo))
    frame.unlink()
    with pytest.raises(InputError, match=r"0001/im2\.png is missing; copy the data set again"):
        find_vimeo90k(vimeo)
    assert len(find_vimeo90k(vimeo, count=1)) == 1  # the first of the list is whole


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs one triplet a line"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe\x00", "is not text"),
        (b"../other/0001", r"names '\.\./other/0001', which is no folder inside"),
        (b"/etc", "names '/etc', which is no folder inside"),
        (b"00001\x00/0001", "which is no folder inside"),
        (b"00099/0001", r"00099/0001/im1\.png is missing"),
    ],
)
def test_lists_that_are_wrong(vimeo, content, message):
    (vimeo / "tri_testlist.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        find_vimeo90k(vimeo)


def test_sizes_that_differ(vimeo):
    write(vimeo / "sequences/00001/0001", ("im3.png",), 7, size=(6, 10))
    with pytest.raises(InputError, match=r"0001/im3\.png is 6x10, but .*0389/im1\.png is 6x8"):
        read_triplets(find_vimeo90k(vimeo))


def test_arguments_that_are_wrong(vimeo):
    with pytest.raises(ValueError, match="part must be one of train, test; got 'validation'"):
        find_vimeo90k(vimeo, "validation")
    with pytest.raises(ValueError, match="count must be 1 or more, or None; got 0"):
        find_vimeo90k(vimeo, count=0)
    with pytest.raises(ValueError, match="at least one triplet"):
        read_triplets([])


def test_triplets_of_a_clip():
    clip = np.arange(7, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)
    cases = {
        (1, 1): [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]],
        (2, 1): [[0, 2, 4], [1, 3, 5], [2, 4, 6]],
        (3, 1): [[0, 3, 6]],
        (1, 2): [[0, 1, 2], [2, 3, 4], [4, 5, 6]],
    }
    for (spacing, step), frames in cases.items():
        cut = cut_triplets(clip, spacing, step)
        assert (cut.dtype, cut.shape[1:]) == (np.float32, (3, 2, 3))
        np.testing.assert_array_equal(cut[:, :, 0, 0], frames)


def test_clips_that_cannot_be_cut():
    clip = np.zeros((4, 2, 3), np.float32)
    with pytest.raises(InputError, match="has 4 frames, a triplet at a spacing of 2 needs 5"):
        cut_triplets(clip, 2)
    clip[3, 1, 2] = np.nan
    with pytest.raises(InputError, match="frame 3 of the clip holds NaN or infinite values"):
        cut_triplets(clip)
    for arguments, name in (({"spacing": 0}, "spacing"), ({"step": 0}, "step")):
        with pytest.raises(ValueError, match=f"{name} must be 1 or more; got 0"):
            cut_triplets(clip, **arguments)
    with pytest.raises(ValueError, match=r"clip must have the shape \(T, H, W\); got \(2, 3\)"):
        cut_triplets(clip[0])
