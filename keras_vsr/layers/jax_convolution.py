"""Convolutions of JAX on a processor, in the forms that XLA is fast with there.

XLA has two fast routines on a CPU: the 2D convolution of more than a few channels, and the product
of matrices. Its 3D and its transposed convolutions, and the gradients of all of them to the
weights, run in loops up to 200 times slower. Here each is put together from the two, and so is its
gradient. Everything is channels last with strides of 1; results are those of `ops.conv` and of
`ops.conv_transpose` up to rounding.
"""

import functools

import keras
import numpy as np
from keras import ops

FEW_CHANNELS = 16  # up to which the depth taps of a 3D kernel are laid side by side as channels
FEW_MAPS = 32  # filters times taps, up to which the product comes first and the taps are added up
FEW_FRAMES = 16  # up to which a sum over frames is written out


def wanted() -> bool:
    """Whether layers should come here: on JAX, and where it computes on a processor."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "cpu"


def convolve(x, kernel, padding):
    """A 2D or 3D convolution with strides of 1.

    Args:
        x: (batch, H, W, C) or (batch, D, H, W, C).
        kernel: (kh, kw, C, filters) or (kd, kh, kw, C, filters), of any sizes.
        padding: "same" or "valid".

    Returns:
        (batch, H', W', filters) or (batch, D', H', W', filters), equal to `ops.conv`.

    Raises:
        ValueError: `padding` is neither of the two.
    """
    if padding not in ("same", "valid"):
        raise ValueError(f"padding must be same or valid; got {padding!r}")
    same = padding == "same"
    around = tuple(((tap - 1) // 2, tap // 2) if same else (0, 0) for tap in kernel.shape[:-2])
    return _differentiable()(ops.convert_to_tensor(x), ops.convert_to_tensor(kernel), around)


def convolve_transposed(x, kernel, stride):
    """A transposed 2D convolution with "same" padding.

    Each `stride` x `stride` block of the output depends on a few input pixels only. So all of its
    pixels are filters of one convolution over the input, which are then laid side by side.

    Args:
        x: (batch, h, w, C).
        kernel: (kh, kw, filters, C), as Keras stores it.
        stride: Output pixels for each input pixel, along both axes.

    Returns:
        (batch, stride * h, stride * w, filters), equal to `ops.conv_transpose`.
    """
    import jax.numpy as jnp

    x, kernel = ops.convert_to_tensor(x), ops.convert_to_tensor(kernel)
    batch, height, width, channels = x.shape
    *sizes, filters, _ = kernel.shape
    blocks = [-(-size // stride) for size in sizes]
    surplus = [(0, stride * count - size) for count, size in zip(blocks, sizes, strict=True)]
    kernel = jnp.pad(kernel, [*surplus, (0, 0), (0, 0)])
    # Tap i * stride + row of an input pixel falls i blocks further: seen from the block, i back.
    kernel = kernel.reshape(blocks[0], stride, blocks[1], stride, filters, channels)[::-1, :, ::-1]
    kernel = kernel.transpose(0, 2, 5, 1, 3, 4)
    kernel = kernel.reshape(*blocks, channels, stride * stride * filters)
    around = tuple((count - 1, count - 1) for count in blocks)
    x = _differentiable()(x, kernel, around)
    rows, columns = x.shape[1:3]
    x = x.reshape(batch, rows, columns, stride, stride, filters).transpose(0, 1, 3, 2, 4, 5)
    x = x.reshape(batch, rows * stride, columns * stride, filters)
    top, left = (max(size - stride, 0) // 2 for size in sizes)
    return x[:, top : top + stride * height, left : left + stride * width]


@functools.cache
def _differentiable():
    """`_correlate` with `_to_features` and `_to_kernel` as its gradients, compiled as one step."""
    import jax

    correlate = jax.custom_vjp(_correlate, nondiff_argnums=(2,))

    def gradients(around, kept, gradient):
        x, kernel = kept
        return _to_features(gradient, kernel, around), _to_kernel(gradient, x, kernel, around)

    correlate.defvjp(
        lambda x, kernel, around: (_correlate(x, kernel, around), (x, kernel)), gradients
    )
    return jax.jit(correlate, static_argnums=2)


def _correlate(x, kernel, around):
    """The convolution, in the form that suits its sizes.

    Args:
        x: (batch, *space, C).
        kernel: (*taps, C, filters).
        around: Zeros before and after, for each axis of space.

    Returns:
        (batch, *space', filters)
    """
    taps, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    if all(tap == 1 for tap in taps):
        return _pad(x, around) @ kernel.reshape(channels, filters)
    if channels > filters and filters * np.prod(taps) <= FEW_MAPS:
        return _product_first(x, kernel, around)
    if len(taps) == 3 and taps[0] == 1:
        return _merge_frames(x, kernel[0], around)
    if len(taps) == 3 and (channels <= FEW_CHANNELS or x.shape[1] > FEW_FRAMES):
        return _depth_as_channels(x, kernel, around)
    if len(taps) == 3:
        return _sum_over_frames(x, kernel, around)
    if channels == 1:
        return _sum_over_taps(x, kernel, around)
    return _convolve_2d(x, kernel, around)


def _to_features(gradient, kernel, around):
    """The gradient to x: the convolution with the kernel turned round."""
    turned = kernel[(slice(None, None, -1),) * (kernel.ndim - 2)].swapaxes(-1, -2)
    around = tuple(
        (tap - 1 - before, tap - 1 - after)
        for tap, (before, after) in zip(kernel.shape[:-2], around, strict=True)
    )
    return _correlate(gradient, turned, around)


def _to_kernel(gradient, x, kernel, around):
    """The gradient to the kernel, (*taps, C, filters)."""
    import jax
    import jax.numpy as jnp

    taps, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    if all(tap == 1 for tap in taps):
        return _product_over_places(_pad(x, around), gradient).reshape(kernel.shape)
    if channels == 1 or (len(taps) == 2 and max(channels, filters) <= FEW_CHANNELS):
        by_tap = _convolve_2d if len(taps) == 2 else _sum_over_depth
        return jax.linear_transpose(lambda kernel: by_tap(x, kernel, around), kernel)(gradient)[0]
    if len(taps) == 2:
        made = _to_kernel(gradient[:, None], x[:, None], kernel[None], ((0, 0), *around))
        return made[0]

    def add_sample(total, sample):
        return total + _to_kernel_of_sample(*sample, taps, around), None

    total = jnp.zeros(kernel.shape, jnp.promote_types(kernel.dtype, jnp.float32))
    # One sample after another, so that what is laid side by side stays in the processor's cache.
    return jax.lax.scan(add_sample, total, (gradient, x))[0].astype(kernel.dtype)


def _to_kernel_of_sample(gradient, x, taps, around):
    """What one sample adds to the gradient to the kernel: one product for each depth tap.

    The product of two matrices over all places pairs every column of the one with every column of
    the other. So x is laid side by side as the vertical taps see it, the gradient as the horizontal
    ones do, and each pair is a tap.

    Args:
        gradient: (D', H', W', filters).
        x: (D, H, W, C).
        taps: Of the kernel.
        around: Zeros around x along each axis.

    Returns:
        (kd, kh, kw, C, filters)
    """
    import jax.numpy as jnp

    depth, height, width = gradient.shape[:3]
    (front, _), *around = around
    x = jnp.pad(x, [(0, 0), *around, (0, 0)])
    rows = jnp.concatenate([x[:, tap : tap + height] for tap in range(taps[1])], -1)
    beside = taps[2] - 1
    gradient = jnp.pad(gradient, [(0, 0), (0, 0), (beside, beside), (0, 0)])
    columns = [
        gradient[:, :, beside - tap : beside - tap + width + beside] for tap in range(taps[2])
    ]
    columns = jnp.concatenate(columns, -1)
    by_depth = []
    for tap in range(taps[0]):
        first, last = max(0, front - tap), min(depth, len(x) + front - tap)
        seen = rows[first + tap - front : last + tap - front]
        by_depth.append(_product_over_places(seen, columns[first:last]))
    channels, filters = x.shape[-1], gradient.shape[-1]
    made = jnp.stack(by_depth).reshape(taps[0], taps[1], channels, taps[2], filters)
    return made.transpose(0, 1, 3, 2, 4)


def _product_first(x, kernel, around):
    """One product makes a map for each tap and filter; the maps are shifted and added up."""
    import jax.numpy as jnp
    from jax import lax

    taps, (channels, filters) = kernel.shape[:-2], kernel.shape[-2:]
    precise = jnp.promote_types(x.dtype, jnp.float32)
    maps = jnp.matmul(
        x,
        kernel.reshape(-1, channels, filters).swapaxes(0, 1).reshape(channels, -1),
        preferred_element_type=precise,
    )
    zero = jnp.zeros((), precise)
    total = zero
    for number, tap in enumerate(np.ndindex(*taps)):
        shifts = [
            (before - place, after - (size - 1 - place), 0)
            for place, size, (before, after) in zip(tap, taps, around, strict=True)
        ]
        one = maps[..., number * filters : (number + 1) * filters]
        total = total + lax.pad(one, zero, [(0, 0, 0), *shifts, (0, 0, 0)])
    return total.astype(x.dtype)


def _sum_over_taps(x, kernel, around):
    """The one channel, shifted for each tap, times the tap's filters: one pass over the output."""
    taps = kernel.shape[:-2]
    x = _pad(x, around)
    sizes = [size - tap + 1 for size, tap in zip(x.shape[1:-1], taps, strict=True)]
    total = 0
    for tap in np.ndindex(*taps):
        seen = tuple(slice(first, first + size) for first, size in zip(tap, sizes, strict=True))
        total = total + x[(slice(None), *seen)] * kernel[tap][0]
    return total


def _merge_frames(x, kernel, around):
    """A 3D convolution with one depth tap: frames are further samples."""
    x = _pad(x, (around[0], (0, 0), (0, 0)))
    batch, depth = x.shape[:2]
    x = _correlate(x.reshape(batch * depth, *x.shape[2:]), kernel, around[1:])
    return x.reshape(batch, depth, *x.shape[1:])


def _depth_as_channels(x, kernel, around):
    """A 3D convolution as a 2D one: what the depth taps see, laid side by side as channels."""
    import jax.numpy as jnp

    taps = kernel.shape[0]
    x = _pad(x, (around[0], (0, 0), (0, 0)))
    depth = x.shape[1] - taps + 1
    x = jnp.concatenate([x[:, tap : tap + depth] for tap in range(taps)], -1)
    kernel = jnp.moveaxis(kernel, 0, 2)
    kernel = kernel.reshape(1, *kernel.shape[:2], -1, kernel.shape[-1])
    return _correlate(x, kernel, ((0, 0), *around[1:]))


def _sum_over_frames(x, kernel, around):
    """A 3D convolution, each frame of it a sum of 2D ones; nothing is copied to pad the depth."""
    import jax.numpy as jnp

    taps, (front, back) = kernel.shape[0], around[0]
    frames = [x[:, place] for place in range(x.shape[1])]
    made = []
    for place in range(len(frames) + front + back - taps + 1):
        seen = {tap: place + tap - front for tap in range(taps)}
        terms = [
            _correlate(frames[frame], kernel[tap], around[1:])
            for tap, frame in seen.items()
            if 0 <= frame < len(frames)
        ]
        made.append(sum(terms[1:], terms[0]))
    return jnp.stack(made, 1)


def _sum_over_depth(x, kernel, around):
    """A 3D convolution as a sum over its depth taps."""
    x = _pad(x, (around[0], (0, 0), (0, 0)))
    batch, frames = x.shape[:2]
    taps = kernel.shape[0]
    depth = frames - taps + 1
    total = 0
    for tap in range(taps):
        slab = x[:, tap : tap + depth].reshape(batch * depth, *x.shape[2:])
        total = total + _convolve_2d(slab, kernel[tap], around[1:])
    return total.reshape(batch, depth, *total.shape[1:])


def _convolve_2d(x, kernel, around):
    """XLA's own 2D convolution.

    It is five times slower where the rows have no zeros around them: then they get some, and the
    columns that those make are cut off.
    """
    from jax import lax

    columns = kernel.shape[1]
    bare = around[1] == (0, 0) and columns > 1
    given = (around[0], ((columns - 1) // 2, columns // 2)) if bare else around
    made = lax.conv_general_dilated(
        x, kernel, (1, 1), given, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    if not bare:
        return made
    first = (columns - 1) // 2
    return made[:, :, first : first + x.shape[2] - columns + 1]


def _product_over_places(one, other):
    """The sum over all places of each channel of the one times each of the other, (C, filters)."""
    import jax.numpy as jnp

    return jnp.matmul(
        one.reshape(-1, one.shape[-1]).T,
        other.reshape(-1, other.shape[-1]),
        preferred_element_type=jnp.promote_types(one.dtype, jnp.float32),
    )


def _pad(x, around):
    """Zeros around each axis of space."""
    import jax.numpy as jnp

    if all(zeros == (0, 0) for zeros in around):
        return x
    return jnp.pad(x, [(0, 0), *around, (0, 0)])
