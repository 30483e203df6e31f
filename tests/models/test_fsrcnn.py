"""FSRCNN of 2016: parameter counts, where kernels land, and the sums of its definition."""

import numpy as np
import pytest
from checks import (
    assert_close,
    correlate,
    enlarged,
    frames_of,
    predicted,
    prelu,
    randomise,
    weights_of,
)

from keras_vsr.models import build
from keras_vsr.models.fsrcnn import landing

pytestmark = pytest.mark.backend

SMALL = {"d": 5, "s": 3, "m": 2}
LANDING = {2: 0, 3: 1, 4: 0}  # HR pixel under the middle of LR pixel 0's kernel


@pytest.mark.parametrize("residual", [False, True])
def test_parameters(residual):
    model = build("fsrcnn", residual=residual)
    # Printed for the kernels alone: 12,464.
    sizes = {4: 0, 1: 0}
    for value in model.get_weights():
        sizes[value.ndim] += value.size
    assert sizes == {4: 12_464, 1: 173 + 7}
    slopes = [layer.alpha.shape for layer in model.layers if layer.name.endswith("_prelu")]
    assert slopes == [(1,)] * 7
    assert model.count_params() == 12_644
    assert model.get_layer("fsrcnn_upscale").kernel.shape == (9, 9, 1, 56)


def test_parameters_of_the_small_one():
    model = build("fsrcnn_s")
    assert model.count_params() == 4_016
    assert sum(value.size for value in model.get_weights() if value.ndim == 4) == 3_937


@pytest.mark.parametrize(("scale", "low", "high"), [(2, 10, 19), (3, 7, 19), (4, 6, 21)])
def test_landing_follows_from_how_the_training_images_were_cut(scale, low, high):
    # The transposed convolution of their training takes 4 pixels from each side, so that the first
    # LR pixel's kernel is centred on the first HR pixel, and low pixels become high ones.
    assert scale * (low - 1) + 9 - 2 * 4 == high
    for x in (1, 2, 8, 15, 101):  # LR row from 1; the HR image cut for it begins at row
        first = scale * (x + np.floor((low - 1) / 2)) - np.floor((high + scale) / 2 - 1)
        assert (first - 1) - scale * (x - 1) == landing(scale) == LANDING[scale]


@pytest.mark.parametrize("scale", [1, 5, 2.5])
def test_scales_without_training_images(scale):
    with pytest.raises(ValueError, match=rf"scale must be one of \[2, 3, 4\]; got {scale}"):
        build("fsrcnn", **SMALL, scale=scale)


def spread(x, kernel, bias, scale, border):
    """Adds each LR pixel's 9x9 kernel to the HR frame, its middle on scale * pixel + landing."""
    height, width = x.shape[1:3]
    beyond = 5 if border == "replicate" else 0  # LR pixels outside; kernels reach less far
    margin = 4 * 5 + 4 + 4  # HR pixels, room for all of them
    high = np.zeros((len(x), scale * height + 2 * margin, scale * width + 2 * margin))
    for row in range(-beyond, height + beyond):
        for column in range(-beyond, width + beyond):
            pixel = x[:, np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
            top, left = (margin + scale * at + LANDING[scale] - 4 for at in (row, column))
            high[:, top : top + 9, left : left + 9] += np.einsum(
                "bc,hwc->bhw", pixel, kernel[:, :, 0]
            )
    return high[:, margin:-margin, margin:-margin, None] + bias


def fsrcnn_in_numpy(frames, w, scale, border):
    """The layers of FSRCNN(d, s, 2), without what is added behind them."""
    padding = "replicate" if border == "replicate" else "same"
    x = frames
    for name in ("extract", "shrink", "map1", "map2", "expand"):
        x = correlate(x, *w[f"fsrcnn_{name}"], padding)
        x = prelu(x, *w[f"fsrcnn_{name}_prelu"])
    return spread(x, *w["fsrcnn_upscale"], scale, border)


@pytest.mark.parametrize("border", ["replicate", "zeros"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_forward(scale, border):
    model = randomise(build("fsrcnn", **SMALL, scale=scale, border=border))
    frames = frames_of((2, 6, 5, 1))
    assert_close(
        predicted(model, frames), fsrcnn_in_numpy(frames, weights_of(model), scale, border)
    )


@pytest.mark.parametrize("scale", [3, 4])
def test_residual(scale):
    model = build("fsrcnn", **SMALL, scale=scale, residual=True)
    frames = frames_of((1, 6, 5, 1))
    bicubic = enlarged(frames, scale)
    np.testing.assert_allclose(predicted(model, frames), bicubic, rtol=0, atol=1e-6)
    made = predicted(randomise(model), frames)
    assert_close(made, fsrcnn_in_numpy(frames, weights_of(model), scale, "replicate") + bicubic)
