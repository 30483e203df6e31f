"""Luma of image files that the tests write themselves."""

import numpy as np
import pytest
from PIL import Image

from keras_vsr.data.images import list_images, read_folder, read_images, read_luma
from keras_vsr.errors import InputError


def grey(height=6, width=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def test_grey_values_are_taken_as_coded(tmp_path):
    Image.fromarray(grey()).save(tmp_path / "a.png")
    luma = read_luma(tmp_path / "a.png")
    assert luma.dtype == np.float32
    assert np.array_equal(luma, grey().astype(np.float32) / 255)
    assert np.array_equal(np.rint(luma * 255).astype(np.uint8), grey())


@pytest.mark.parametrize(
    ("colour", "luma"),  # 8-bit codes of BT.601 in studio range
    [
        ((0, 0, 0), 16.0),
        ((255, 255, 255), 235.0),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
    ],
)
def test_rgb_is_studio_luma(tmp_path, colour, luma):
    Image.new("RGB", (5, 3), colour).save(tmp_path / "a.png")
    read = read_luma(tmp_path / "a.png")
    assert read.shape == (3, 5)
    np.testing.assert_allclose(read * 255, luma, atol=1e-4)


def test_palette_is_rgb(tmp_path):
    Image.new("RGB", (5, 3), (255, 0, 0)).save(tmp_path / "a.bmp")
    Image.new("RGB", (5, 3), (255, 0, 0)).quantize(4).save(tmp_path / "b.png")
    assert np.array_equal(read_luma(tmp_path / "a.bmp"), read_luma(tmp_path / "b.png"))


def test_folder_is_in_natural_order_and_passes_over_other_files(tmp_path):
    for number in (10, 2, 1):
        Image.fromarray(grey(seed=number)).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("not a frame")
    (tmp_path / "._frame1.png").write_bytes(b"left by another system")
    assert [path.name for path in list_images(tmp_path)] == [
        "frame1.png",
        "frame2.png",
        "frame10.png",
    ]
    clip = read_folder(tmp_path)
    assert clip.dtype == np.float32
    expected = np.stack([grey(seed=number) for number in (1, 2, 10)])
    assert np.array_equal(np.rint(clip * 255), expected)


def test_images_of_several_sizes(tmp_path):
    Image.fromarray(grey(6, 8)).save(tmp_path / "a.png")
    Image.fromarray(grey(4, 10)).save(tmp_path / "b.png")
    assert [image.shape for image in read_images(tmp_path)] == [(6, 8), (4, 10)]
    with pytest.raises(InputError, match=r"b\.png is 4x10, but a\.png is 6x8"):
        read_folder(tmp_path)


def test_missing_and_empty(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png is missing"):
        read_luma(tmp_path / "gone.png")
    for function in (read_folder, read_images):
        with pytest.raises(InputError, match="holds no image"):
            function(tmp_path)
        with pytest.raises(InputError, match="gone is not a folder"):
            function(tmp_path / "gone")


def test_files_that_are_no_whole_image(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("a letter")
    with pytest.raises(InputError, match=r"a\.png is not an image"):
        read_luma(path)
    for suffix in ("png", "jpg", "bmp", "tif"):
        path = tmp_path / f"b.{suffix}"
        Image.fromarray(grey(64, 64)).save(path)
        path.write_bytes(path.read_bytes()[:1200])
        with pytest.raises(InputError, match=f"b.{suffix} cannot be read as an image"):
            read_luma(path)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "CMYK", "1"])
def test_other_kinds_of_pixels(tmp_path, mode):
    path = tmp_path / "a.tif"
    Image.new(mode, (5, 3)).save(path)
    with pytest.raises(InputError, match=rf"a\.tif has pixels of kind {mode}"):
        read_luma(path)


def test_set5_and_vid4(testdata):
    assert len(read_images(testdata / "set5")) == 5
    clip = read_folder(testdata / "vid4_y15" / "walk")
    assert len(clip) == 15
    assert clip.min() >= 0
    assert clip.max() <= 1
