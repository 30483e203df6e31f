"""The frames of Table 4, cut out of a clip."""

import numpy as np
import pytest

from experiments.clip_data import FOR_ERRATA, TABLE_4, prepare_clip
from keras_vsr.data.degrade import degrade
from keras_vsr.errors import InputError

FRAMES = 236  # of Table 4


@pytest.fixture
def write_raw(tmp_path):
    """Writes a Y4M clip whose luma says where it is from; returns its path and its frames."""

    def write(frames, height=70, width=81):
        t, row, column = np.ogrid[:frames, :height, :width]
        luma = ((t * 7 + row * 3 + column * 2) % 251).astype(np.uint8)
        path = tmp_path / "clip.y4m"
        with open(path, "wb") as file:
            file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 Cmono\n" % (width, height))
            for frame in luma:
                file.write(b"FRAME\n" + frame.tobytes())
        return path, luma

    return write


def test_splits_are_the_published_ones(write_raw):
    path, luma = write_raw(FRAMES + 10)
    data = prepare_clip(path, TABLE_4)
    middle = luma[:, 3:67, 8:72].astype(np.float32) / np.float32(255)
    lengths = {name: pairs[0].frames for name, pairs in data.splits.items()}
    assert lengths == {"train": 188, "validation": 48, "test": 10}
    assert (data.data_source, data.dataset) == ("clip.y4m", "clip")
    for name, part in {"train": middle[:188], "validation": middle[188:236]}.items():
        (pair,) = data.splits[name]
        np.testing.assert_array_equal(pair.high, part)
        np.testing.assert_array_equal(pair.low, degrade(part, "bicubic"))


def test_a_clip_of_no_more_frames_is_tested_on_its_validation_frames(write_raw):
    data = prepare_clip(write_raw(FRAMES + 4)[0], TABLE_4)
    (test,), (validation,) = data.splits["test"], data.splits["validation"]
    np.testing.assert_array_equal(test.high, validation.high)


@pytest.mark.parametrize(
    ("frames", "height", "message"),
    [
        (FRAMES - 1, 70, "ends after frame 235, but 236 are needed: give a longer video"),
        (FRAMES, 63, "are 63x81, but 64x64 or more are needed: give a larger video"),
    ],
)
def test_clips_that_will_not_do(write_raw, frames, height, message):
    path, _ = write_raw(frames, height)
    with pytest.raises(InputError, match=message):
        prepare_clip(path, TABLE_4)


def test_another_clip_of_the_same_name_is_other_data(write_raw):
    path, _ = write_raw(FRAMES, 64)
    first = prepare_clip(path, TABLE_4).identity
    assert prepare_clip(path, TABLE_4).identity == first
    content = bytearray(path.read_bytes())
    content[-32 * 81 + 40] ^= 1  # in the middle of the last frame
    path.write_bytes(bytes(content))
    assert prepare_clip(path, TABLE_4).identity != first


def test_the_part_for_the_errata(write_raw):
    data = prepare_clip(write_raw(120, 66, 100)[0], FOR_ERRATA)
    shapes = {name: pairs[0].high.shape for name, pairs in data.splits.items()}
    assert shapes == {"train": (48, 64, 96), "validation": (16, 64, 96), "test": (24, 64, 96)}
