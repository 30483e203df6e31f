"""Multiply-adds, counted by hand: taps x channels in x filters, for each pixel of the output."""

import numpy as np
import pytest
from checks import frames_of, predicted, randomise

from keras_vsr.evaluation.cost import multiply_adds
from keras_vsr.models import build

pytestmark = pytest.mark.backend

formats = pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])


@formats
def test_srcnn(data_format):
    # 81 x 64 + 64 x 32 + 25 x 32 = 8,032 for each HR pixel; 9-5-5 has 57,184.
    model = build("srcnn", data_format=data_format)
    assert multiply_adds(model, (1, 20, 30, 1)) == 8_032 * 600
    assert multiply_adds(model, (3, 20, 30, 1)) == 3 * 8_032 * 600
    large = build("srcnn", kernels=(9, 5, 5), data_format=data_format)
    assert multiply_adds(large, (1, 20, 30, 1)) == 57_184 * 600


@formats
def test_fsrcnn_2019(data_format):
    # Four layers on LR pixels, the transposed one from them, the last on HR pixels, 4 times as
    # many: 0.594 thousand million for one frame of 318 x 640.
    each = 25 * 32 + 32 * 8 + 9 * 8 * 8 + 8 * 32 + 16 * 32 * 16 + 4 * 25 * 16
    model = build("fsrcnn_2019", data_format=data_format)
    count = multiply_adds(model, (1, 159, 320, 1))
    assert count == each * 159 * 320
    assert round(count / 1e9, 3) == 0.594


def three_d_part(pixels, inner, narrow, wide, middle_layers, last):
    """The layers that all three 3D networks have, on five maps of `pixels`; `inner` are those of
    the output, between them one 'valid' layer takes two rows and columns and two frames."""
    height, width = pixels
    full, collapsed = 5 * height * width, 3 * (height - 2) * (width - 2)
    out = (height - 4) * (width - 4)
    assert out == inner
    on_full = 75 * wide + 3 * wide * narrow + middle_layers * 27 * narrow**2 + 3 * narrow * wide
    return on_full * full + 27 * wide**2 * (collapsed + out) + last * wide * out


@formats
@pytest.mark.parametrize("last_kernel", [3, 5])
def test_srnet3d(data_format, last_kernel):
    model = build("srnet3d", last_kernel=last_kernel, data_format=data_format)
    expected = three_d_part((14, 18), 10 * 14, 8, 32, 2, last_kernel**2)
    assert multiply_adds(model, (1, 5, 14, 18, 1)) == expected


@pytest.mark.parametrize(("frames", "recursive"), [((3, 4), 2), ((1, 2, 3, 4, 5), 5)])
def test_parallel5(frames, recursive):
    low, high, f = 8 * 10, 16 * 20, 12
    stack = low * (25 * 32 + 32 * f + f * 32 + 16 * 32 * 16) + high * 25 * 16
    block = low * 2 * 9 * f**2
    # Two recursive blocks of two layers, 3 times each, and five layers outside of them.
    volume = three_d_part((16, 20), 12 * 16, 24, 32, 2 * 2 * 3 + 5, 25)
    model = build("parallel5", recursive_frames=frames, recursions_2d=4, recursions_3d=3)
    expected = 5 * stack + recursive * 4 * block + volume
    assert multiply_adds(model, (1, 5, 8, 10, 1)) == expected


def test_delta():
    low, high, f = 8 * 10, 16 * 20, 12
    # Every frame: stem, shrink, Block 3. One frame in Block 1, three in Block 2; each block has two
    # pairs of layers, each pair run 4 times.
    each_frame = low * (9 * 16 + 16 * f + f * 16 + 16 * 16 * 32) + high * 25 * 32
    block = low * 2 * 4 * 2 * 9 * f**2
    volume = three_d_part((16, 20), 12 * 16, 8, 32, 2 * 3, 25)
    model = build("delta", recursions_2d=4, recursions_3d=3)
    expected = 5 * each_frame + (1 + 3) * block + volume
    assert multiply_adds(model, (1, 5, 8, 10, 1)) == expected


def test_cascades():
    # Each frame goes through the 2D network once, each of the three windows through the 3D one.
    two_d = multiply_adds(build("fsrcnn_2019"), (1, 8, 10, 1))
    three_d = multiply_adds(build("srnet3d"), (1, 5, 16, 20, 1))
    assert multiply_adds(build("two_in_one"), (1, 7, 8, 10, 1)) == 7 * two_d + 3 * three_d
    srcnn = 8_032 * 12 * 16
    assert multiply_adds(build("3d_then_2d"), (1, 5, 16, 20, 1)) == three_d + srcnn


def test_bicubic_enlargement_is_not_counted():
    plain, residual = (build("fsrcnn_2019", residual=residual) for residual in (False, True))
    shape = (1, 8, 10, 1)
    assert multiply_adds(plain, shape) == multiply_adds(residual, shape)


def test_counting_leaves_the_network_as_it_was():
    model = randomise(build("fsrcnn_2019"))
    x = frames_of((1, 6, 7, 1))
    before, weights = predicted(model, x), model.get_weights()
    multiply_adds(model, (1, 8, 10, 1))
    for one, other in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(predicted(model, x), before)
