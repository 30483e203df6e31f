"""Convolutions of torch on a processor, in the layout and by the routes that oneDNN is fast with.

Names of axes are channels first, memory is channels last, as torch's `channels_last` formats have
it: the result of one layer is laid out as the next one wants it, and nothing is copied but kernels.

Three things make torch's own functions slower. Given contiguous tensors they keep that layout, in
which oneDNN is up to seven times slower. For one frame or window of few channels they leave oneDNN
for a loop that is up to twenty times slower. And oneDNN itself works on 16 channels at a time: a
kernel over one channel, or one that makes one map, uses a sixteenth of each instruction. Here rows
of taps are laid beside each other then, as channels or as filters.
"""

import functools
import math

import numpy as np
from keras import ops

FEW_FILTERS = 4  # up to which rows of taps become filters; from 8 on the detour costs time


def wanted(x) -> bool:
    """Whether tensor `x` is one that the functions of this file are faster for."""
    import torch

    return (
        isinstance(x, torch.Tensor)
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and not torch.compiler.is_compiling()  # nor exporting: it has no shapes for oneDNN's
    )


def convolve(x, kernel, bias, border, relu):
    """A 2D or 3D convolution with strides of 1.

    Args:
        x: (batch, C, H, W) or (batch, C, D, H, W).
        kernel: (kh, kw, C, filters) or (kd, kh, kw, C, filters).
        bias: (filters,), or None.
        border: Zeros around each axis that has taps.
        relu: Whether a ReLU follows.

    Returns:
        (batch, filters, ...), channels last in memory, equal to `ops.conv` of `x` and its
        border up to rounding.
    """
    kernel = ops.convert_to_tensor(kernel)
    bias = None if bias is None else ops.convert_to_tensor(bias)
    *taps, channels, filters = kernel.shape
    if math.prod(taps[:-1]) > 1 and channels == 1:
        return _rows_as_channels(x, kernel, bias, border, relu)
    if len(taps) == 2 and taps[0] > 1 and filters <= FEW_FILTERS:
        return _rows_as_filters(x, kernel, bias, border, relu)
    return _onednn(x, kernel, bias, border, relu)


def convolve_transposed(x, kernel, bias, stride, relu):
    """A 2D transposed convolution, padding "same".

    Args:
        x: (batch, C, H, W).
        kernel: (kh, kw, filters, C), both sizes as much above the stride as below it, or by an even
            number above.
        bias: (filters,), or None.
        stride: (rows, columns).
        relu: Whether a ReLU follows.

    Returns:
        (batch, filters, stride * H, stride * W), channels last in memory, equal to
        `ops.conv_transpose` up to rounding.
    """
    import torch

    weight = ops.convert_to_tensor(kernel).permute(3, 2, 0, 1)
    made = torch.nn.functional.conv_transpose2d(
        x.contiguous(memory_format=torch.channels_last),
        weight.contiguous(memory_format=torch.channels_last),
        None if bias is None else ops.convert_to_tensor(bias),
        stride=stride,
        padding=[(size - step) // 2 for size, step in zip(kernel.shape, stride, strict=False)],
    )
    return torch.relu_(made) if relu else made


def _onednn(x, kernel, bias, border, relu):
    """Straight to oneDNN, whatever the size of the batch."""
    import torch

    rank = len(border)
    layout = torch.channels_last if rank == 2 else torch.channels_last_3d
    weight = kernel.permute(rank + 1, rank, *range(rank)).contiguous(memory_format=layout)
    once = [1] * rank
    # Not with oneDNN's own ReLU, which makes 0 of NaN: a damaged frame would come out whole.
    made = torch.mkldnn_convolution(x, weight, bias, border, once, once, 1)
    # In place, where no gradient needs what was there before: not behind a change of shape, which
    # makes torch copy it all.
    return torch.relu_(made) if relu else made


def _rows_as_channels(x, kernel, bias, border, relu):
    """Of one channel: each row of taps gets a shifted copy of the frames as its channel."""
    *taps, width, _, filters = kernel.shape
    lay, _ = _differentiable()
    copies = lay.apply(x[:, 0, ..., None], taps, border[:-1], False)
    batch, *sizes, count = copies.shape
    weight = kernel.reshape(count, 1, width, filters).movedim(0, 2)
    given = copies.reshape(-1, *sizes[-2:], count).permute(0, 3, 1, 2)
    made = _onednn(given, weight, bias, [0, border[-1]], relu)
    return made.permute(0, 2, 3, 1).reshape(batch, *sizes[:-1], -1, filters).movedim(-1, 1)


def _rows_as_filters(x, kernel, bias, border, relu):
    """Of few filters: each row of taps is filters of its own, whose maps are shifted and added."""
    *taps, width, channels, filters = kernel.shape
    count = math.prod(taps)
    weight = kernel.reshape(count, width, channels, filters).permute(1, 2, 0, 3)
    weight = weight.reshape(1, width, channels, count * filters)
    volume = x.movedim(1, -1)
    batch, *sizes, _ = volume.shape
    given = volume.reshape(-1, *sizes[-2:], channels).permute(0, 3, 1, 2)
    maps = _onednn(given, weight, None, [0, border[-1]], False)
    maps = maps.permute(0, 2, 3, 1).reshape(batch, *sizes[:-1], -1, count * filters)
    _, add = _differentiable()
    made = add.apply(maps, taps, border[:-1], False)
    if bias is not None:
        made = made + bias
    return (made.relu() if relu else made).movedim(-1, 1)


@functools.cache
def _differentiable():
    """`_lay` and `_add` as functions with gradients: each is that of the other.

    Torch's own, of slices, fill a whole array with zeros for each row of taps.
    """
    import torch

    class Lay(torch.autograd.Function):
        @staticmethod
        def forward(context, volume, taps, border, backwards):
            context.arguments = taps, border, backwards
            return _lay(volume, taps, border, backwards)

        @staticmethod
        def backward(context, gradient):
            taps, border, backwards = context.arguments
            return _add(gradient, taps, _rest(taps, border), not backwards), None, None, None

    class Add(torch.autograd.Function):
        @staticmethod
        def forward(context, maps, taps, border, backwards):
            context.arguments = taps, border, backwards
            return _add(maps, taps, border, backwards)

        @staticmethod
        def backward(context, gradient):
            taps, border, backwards = context.arguments
            return _lay(gradient, taps, _rest(taps, border), not backwards), None, None, None

    return Lay, Add


def _rest(taps, border):
    return [size - 1 - zeros for size, zeros in zip(taps, border, strict=True)]


def _places(taps, backwards):
    """Rows of taps in the order of the kernel, or the other way round."""
    places = list(np.ndindex(*taps))
    return places[::-1] if backwards else places


def _lay(volume, taps, border, backwards):
    """Shifted copies beside each other.

    Args:
        volume: (batch, ..., W, C).
        taps: Along each axis between batch and W.
        border: Zeros put around each of them.
        backwards: Whether the copies are in the other order.

    Returns:
        (batch, ..., W, rows of taps * C)
    """
    import torch

    zeros = [number for size in reversed(border) for number in (size, size)]
    volume = torch.nn.functional.pad(volume, [0, 0, 0, 0, *zeros])
    sizes = [size - tap + 1 for size, tap in zip(volume.shape[1:], taps, strict=False)]
    copies = []
    for place in _places(taps, backwards):
        seen = (slice(a, a + size) for a, size in zip(place, sizes, strict=True))
        copies.append(volume[(slice(None), *seen)])
    return torch.cat(copies, dim=-1)


def _add(maps, taps, border, backwards):
    """The sum of maps, each shifted by its place among the taps; the other way of `_lay`.

    Args:
        maps: (batch, ..., W, rows of taps * C).
        taps: Along each axis between batch and W.
        border: Zeros taken to be around each of them.
        backwards: Whether the maps are in the other order.

    Returns:
        (batch, ..., W, C)
    """
    batch, *given, width, channels = maps.shape
    channels //= math.prod(taps)
    sizes = [
        size + 2 * zeros - tap + 1 for size, tap, zeros in zip(given, taps, border, strict=True)
    ]
    total = maps.new_zeros(batch, *sizes, width, channels)
    for number, place in enumerate(_places(taps, backwards)):
        to, of = [slice(None)], [slice(None)]
        for size, made, shift, zeros in zip(given, sizes, place, border, strict=True):
            first, last = max(0, zeros - shift), min(made, size + zeros - shift)
            to.append(slice(first, last))
            of.append(slice(first + shift - zeros, last + shift - zeros))
        own = slice(number * channels, (number + 1) * channels)
        total[tuple(to)] += maps[(*of, ..., own)]
    return total
