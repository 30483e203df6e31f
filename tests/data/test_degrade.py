"""Resizing against Pillow, torch, plain loops and the published files of Set5."""

import math

import numpy as np
import pytest
from PIL import Image

from keras_vsr.data.degrade import (
    BORDERS,
    DEGRADATIONS,
    ENLARGEMENTS,
    degrade,
    enlarge,
    resize_bicubic,
)
from keras_vsr.errors import InputError
from keras_vsr.metrics import psnr

SIZES = [(12, 20), (8, 10), (17, 23), (48, 80), (51, 67), (24, 100), (5, 7)]


def frame(height=24, width=40, dtype=np.float64):
    return np.random.default_rng(7).random((height, width)).astype(dtype)


def pillow(image, height, width, method=Image.Resampling.BICUBIC):
    return np.asarray(Image.fromarray(image.astype(np.float32)).resize((width, height), method))


def keys(x):
    """Keys' cubic kernel, a = -0.5, with the coefficients multiplied out."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    if x < 2:
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return 0.0


def resize_line(line, target, antialias):
    """MATLAB's imresize of one line, pixel by pixel: symmetric border, wide kernel to shrink."""
    source = len(line)
    scale = target / source
    stretch = min(scale, 1.0) if antialias else 1.0
    result = []
    for i in range(target):
        centre = (i + 0.5) / scale - 0.5
        total = weights = 0.0
        for j in range(math.floor(centre - 2 / stretch), math.ceil(centre + 2 / stretch) + 1):
            weight = keys(stretch * (j - centre))
            inside = j
            while not 0 <= inside < source:
                inside = -1 - inside if inside < 0 else 2 * source - 1 - inside
            total += weight * line[inside]
            weights += weight
        result.append(total / weights)
    return result


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(12, 20), (36, 60), (7, 53), (3, 4)])
def test_bicubic_is_the_plain_loop(size, antialias):
    image = frame()
    rows = np.array([resize_line(line, size[1], antialias) for line in image])
    expected = np.array([resize_line(line, size[0], antialias) for line in rows.T]).T
    np.testing.assert_allclose(resize_bicubic(image, *size, antialias), expected, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_bicubic_with_renormalised_border_is_pillow(size):
    image = frame(dtype=np.float32)
    ours = resize_bicubic(image, *size, border="renormalise")
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, pillow(image, *size), atol=1e-6)


@pytest.mark.parametrize("size", [(12, 20), (48, 80), (16, 25)])
def test_bicubic_with_mirrored_border_is_pillow_inside(size):
    image = frame(dtype=np.float32)
    difference = np.abs(resize_bicubic(image, *size) - pillow(image, *size))
    assert difference[4:-4, 4:-4].max() < 1e-6
    assert difference.max() > 1e-3  # the borders do differ


def test_bilinear_enlargement_is_pillow():
    image = frame(dtype=np.float32)
    expected = pillow(image, 48, 80, Image.Resampling.BILINEAR)
    np.testing.assert_allclose(enlarge(image, "bilinear"), expected, atol=1e-6)


def test_gaussian_bicubic_is_a_plain_blur_and_torch_bicubic():
    # OpenCV is not among the dependencies. torch's bicubic without antialiasing has OpenCV's
    # a = -0.75, pixel centres and borders; the blur is OpenCV's formula: 19 taps that sum to one,
    # the frame reflected about its outermost pixels.
    torch = pytest.importorskip("torch")
    image = frame(32, 36)
    taps = np.exp(-(np.arange(-9, 10) ** 2) / (2 * 3.0**2))
    taps /= taps.sum()
    padded = np.pad(image, 9, mode="reflect")
    blurred = np.zeros_like(image)
    for i in range(19):
        for j in range(19):
            blurred += taps[i] * taps[j] * padded[i : i + 32, j : j + 36]
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(blurred)[None, None], size=(16, 18), mode="bicubic", align_corners=False
    )
    np.testing.assert_allclose(
        degrade(image, "gaussian_bicubic"), expected[0, 0].numpy(), atol=1e-12
    )


def test_plain_bicubic_to_half_has_the_known_taps():
    # Halfway between two pixels Keys' kernel is -1/16, 9/16, 9/16, -1/16.
    line = np.zeros(16)
    line[6] = 16.0
    expected = [0, 0, -1, 9, 0, 0, 0, 0]  # LR pixel i lies between 2 i and 2 i + 1
    small = degrade(np.tile(line, (4, 1)), "bicubic_plain")
    np.testing.assert_allclose(small[0], expected, atol=1e-14)


def test_nearest_drops_and_repeats_pixels():
    image = np.arange(24.0).reshape(4, 6)
    assert np.array_equal(degrade(image, "nearest"), [[0, 2, 4], [12, 14, 16]])
    large = enlarge(np.array([[1.0, 2.0]]), "nearest", scale=3)
    assert np.array_equal(large, [[1, 1, 1, 2, 2, 2]] * 3)


@pytest.mark.parametrize("name", ENLARGEMENTS)
def test_enlarging_keeps_constants_and_size(name):
    large = enlarge(np.full((2, 5, 6), 3.25, np.float32), name, scale=3)
    assert large.shape == (2, 15, 18)
    np.testing.assert_allclose(large, 3.25, rtol=1e-6)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degrading_keeps_constants_and_size(name):
    small = degrade(np.full((2, 12, 18), 3.25, np.float32), name, scale=3)
    assert small.shape == (2, 4, 6)
    np.testing.assert_allclose(small, 3.25, rtol=1e-6)


@pytest.mark.parametrize("border", BORDERS)
def test_bicubic_keeps_a_ramp_inside(border):
    ramp = np.tile(np.arange(40.0), (24, 1))
    large = resize_bicubic(ramp, 48, 80, border=border)
    expected = (np.arange(80) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(large[24, 4:-4], expected[4:-4], atol=1e-12)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_clip_is_its_frames_and_keeps_its_type(name):
    clip = np.random.default_rng(1).random((2, 3, 8, 12)).astype(np.float32)
    before = clip.copy()
    small = degrade(clip, name)
    assert small.dtype == np.float32
    assert small.shape == (2, 3, 4, 6)
    assert np.array_equal(small[1, 2], degrade(clip[1, 2], name))
    assert np.array_equal(clip, before)
    assert not np.shares_memory(small, clip)


def test_unknown_names_are_listed():
    with pytest.raises(InputError, match="bicubic, bicubic_plain, nearest, gaussian_bicubic"):
        degrade(frame(), "lanczos")
    with pytest.raises(InputError, match="nearest, bilinear, bicubic"):
        enlarge(frame(), "lanczos")


def test_odd_size_says_what_to_crop_to():
    with pytest.raises(InputError, match=r"25x41 cannot be made 2 times smaller; crop.*24x40"):
        degrade(frame(25, 41), "bicubic")


def test_programming_mistakes():
    with pytest.raises(ValueError, match=r"no channel axis, not \(3, 8, 8, 1\)"):
        enlarge(np.zeros((3, 8, 8, 1)), "bicubic")
    with pytest.raises(ValueError, match="uint8"):
        degrade(np.zeros((8, 8), np.uint8), "bicubic")
    with pytest.raises(ValueError, match="scale must be"):
        degrade(frame(), "bicubic", scale=0)
    with pytest.raises(ValueError, match="border must be one of"):
        resize_bicubic(frame(), 8, 8, border="wrap")
    with pytest.raises(ValueError, match="height and width"):
        resize_bicubic(frame(), 0, 8)


def set5(testdata):
    paths = sorted((testdata / "set5").glob("*_HR.png"))
    assert len(paths) == 5
    return paths


def rgb(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def crop(image, scale):
    height, width = image.shape[-2:]
    return image[..., : height - height % scale, : width - width % scale]


@pytest.mark.parametrize(("scale", "published"), [(2, 33.65), (3, 30.39)])
def test_set5_bicubic_psnr(testdata, scale, published):
    """The value printed for bicubic on Set5, by its protocol: LR frames not rounded, truth and
    result rounded to 8 bits, `scale` pixels at the border left out."""
    values = []
    for path in set5(testdata):
        luma = crop(16 + rgb(path) / 255 @ [65.481, 128.553, 24.966], scale)
        result = enlarge(degrade(luma, "bicubic", scale), "bicubic", scale)
        truth, result = (np.rint(x)[scale:-scale, scale:-scale] for x in (luma, result))
        values.append(psnr(truth, np.clip(result, 0, 255), data_range=255))
    assert np.mean(values) == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize(
    ("border", "area"),
    [
        ("replicate", np.s_[:, :, :]),  # what made the files
        ("mirror", np.s_[:, 3:-3, 3:-3]),  # the default differs at the border, there only
    ],
)
def test_set5_published_low_resolution_files(testdata, scale, border, area):
    """Every pixel of the published files, with the rounding that made them: rows are resized
    first and rounded to 8 bits, then columns."""
    for path in set5(testdata):
        name = path.name.replace("SRF_2_HR", f"SRF_{scale}_LR")
        published = rgb(path.parent / f"x{scale}" / name).transpose(2, 0, 1)
        image = crop(rgb(path).transpose(2, 0, 1), scale)
        height, width = published.shape[1:]
        for size in ((height, image.shape[2]), (height, width)):
            image = resize_bicubic(image, *size, border=border)
            image = np.clip(np.floor(image + 0.5), 0, 255)
        assert np.array_equal(image[area], published[area])
