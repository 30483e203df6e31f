"""JAX's convolutions on a processor equal the plain sums, and so do their gradients."""

import keras
import numpy as np
import pytest
from checks import assert_close, correlate, transposed
from keras import ops

from keras_vsr.layers import jax_convolution
from keras_vsr.layers.jax_convolution import convolve, convolve_transposed

pytestmark = pytest.mark.backend
on_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="the functions compute with JAX only"
)

# Channels and filters for each form: a single channel, few of them, few filters, many of both.
SIZES = [(1, 5), (3, 4), (32, 1), (20, 2), (20, 18)]
TAPS_2D = [(1, 1), (3, 3), (5, 5), (2, 4)]
TAPS_3D = [(1, 1, 1), (3, 1, 1), (1, 1, 3), (3, 5, 5), (3, 3, 3), (5, 5, 3), (2, 2, 4)]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def gradients_in_numpy(gradient, x, kernel, padding):
    """What `correlate` adds to the gradients to x and to the kernel, tap by tap in float64."""
    gradient, x, kernel = (np.asarray(each, np.float64) for each in (gradient, x, kernel))
    taps = kernel.shape[:-2]
    around = [((tap - 1) // 2, tap // 2) if padding == "same" else (0, 0) for tap in taps]
    x = np.pad(x, [(0, 0), *around, (0, 0)])
    to_x, to_kernel = np.zeros_like(x), np.zeros_like(kernel)
    places = list(range(x.ndim - 1))
    for tap in np.ndindex(*taps):
        sizes = gradient.shape[1:-1]
        seen = (
            slice(None),
            *(slice(first, first + size) for first, size in zip(tap, sizes, strict=True)),
        )
        to_x[seen] += gradient @ kernel[tap].T
        to_kernel[tap] = np.tensordot(x[seen], gradient, (places, places))
    inside = (
        slice(before, to_x.shape[axis] - after) for axis, (before, after) in enumerate(around, 1)
    )
    return to_x[(slice(None), *inside)], to_kernel


def with_gradients(function, x, kernel, gradient):
    """What the function makes, and its gradients to x and to the kernel."""
    import jax

    def run(x, kernel, gradient):
        made, back = jax.vjp(function, x, kernel)
        return made, *back(gradient)

    return [np.asarray(each) for each in jax.jit(run)(x, kernel, gradient)]


def check(x, kernel, padding):
    made = correlate(x, kernel, padding=padding)
    gradient = normal(*made.shape, seed=2)
    truth = [made, *gradients_in_numpy(gradient, x, kernel, padding)]
    ours = with_gradients(lambda *given: convolve(*given, padding), x, kernel, gradient)
    for one, other in zip(ours, truth, strict=True):
        assert_close(one, other)


@on_jax
@pytest.mark.parametrize("taps", TAPS_2D)
@pytest.mark.parametrize("sizes", SIZES)
def test_2d(sizes, taps):
    check(normal(2, 7, 6, sizes[0]), normal(*taps, *sizes, seed=1), "same")


@on_jax
@pytest.mark.parametrize("taps", [(3, 3, 3), (3, 1, 1)])
@pytest.mark.parametrize("sizes", SIZES)
def test_3d(sizes, taps):
    check(normal(2, 5, 7, 6, sizes[0]), normal(*taps, *sizes, seed=1), "same")


@on_jax
@pytest.mark.parametrize("sizes", [(3, 4), (20, 18)])
@pytest.mark.parametrize("taps", TAPS_3D)
def test_kernels_of_every_shape_without_padding(taps, sizes):
    check(normal(2, 5, 7, 6, sizes[0]), normal(*taps, *sizes, seed=1), "valid")


@on_jax
@pytest.mark.parametrize("space", [(7, 6), (5, 7, 6)])
def test_equals_the_operation_of_keras(space):
    x, kernel = normal(2, *space, 20), normal(*(3 for _ in space), 20, 18, seed=1)
    gradient = normal(2, *space, 18, seed=2)
    ours = with_gradients(lambda *given: convolve(*given, "same"), x, kernel, gradient)
    plain = with_gradients(lambda *given: ops.conv(*given, padding="same"), x, kernel, gradient)
    for one, other in zip(ours, plain, strict=True):
        assert_close(one, other)


@on_jax
@pytest.mark.parametrize("frames", [1, 20])
def test_volumes_of_one_frame_and_of_many(frames):
    check(normal(1, frames, 4, 5, 20), normal(3, 3, 3, 20, 18, seed=1), "same")


@on_jax
@pytest.mark.parametrize(
    ("size", "stride"), [(4, 2), (2, 2), (3, 2), (9, 3), (4, 4), (5, 1), (2, 3), ((4, 3), 2)]
)
def test_transposed(size, stride):
    taps = size if isinstance(size, tuple) else (size, size)
    x, kernel = normal(2, 4, 5, 3), normal(*taps, 2, 3, seed=1)
    truth = transposed(x, kernel, 0.0, stride)
    gradient = normal(*truth.shape, seed=2)
    made, to_x, to_kernel = with_gradients(
        lambda *given: convolve_transposed(*given, stride), x, kernel, gradient
    )
    assert_close(made, truth)
    # It is linear in each: the gradient to a tap is what the tap alone makes, times the gradient.
    for place in [(0, 0, 0, 0), (1, 1, 1, 2), (taps[0] - 1, taps[1] - 1, 0, 1)]:
        one = np.zeros_like(kernel)
        one[place] = 1
        assert to_kernel[place] == pytest.approx(
            (transposed(x, one, 0.0, stride) * gradient).sum(), rel=1e-4, abs=1e-4
        )
    for place in [(0, 0, 0, 0), (1, 3, 4, 2), (0, 2, 1, 1)]:
        one = np.zeros_like(x)
        one[place] = 1
        assert to_x[place] == pytest.approx(
            (transposed(one, kernel, 0.0, stride) * gradient).sum(), rel=1e-4, abs=1e-4
        )


@on_jax
@pytest.mark.parametrize("sizes", SIZES)
def test_half_precision_stays_half(sizes):
    import jax.numpy as jnp

    x, kernel = normal(2, 5, 7, 6, sizes[0]), normal(3, 3, 3, *sizes, seed=1)
    gradient = normal(2, 5, 7, 6, sizes[1], seed=2)
    half = [jnp.asarray(each, jnp.bfloat16) for each in (x, kernel, gradient)]
    made = with_gradients(lambda *given: convolve(*given, "same"), *half)
    truth = [correlate(x, kernel), *gradients_in_numpy(gradient, x, kernel, "same")]
    for one, other in zip(made, truth, strict=True):
        assert one.dtype == jnp.bfloat16
        assert_close(one.astype(np.float64), other, tolerance=2e-2)


@on_jax
def test_sizes_that_are_not_known_yet():
    kernel = normal(3, 3, 3, 2, 4)
    layer = keras.layers.Lambda(lambda x: convolve(x, kernel, "valid"))
    assert layer(keras.Input((5, None, None, 2))).shape == (None, 3, None, None, 4)
    kernel = normal(4, 4, 3, 2)
    layer = keras.layers.Lambda(lambda x: convolve_transposed(x, kernel, 2))
    assert layer(keras.Input((None, None, 2))).shape == (None, None, None, 3)


@on_jax
def test_refuses_another_padding():
    with pytest.raises(ValueError, match="padding must be same or valid; got 'full'"):
        convolve(normal(1, 4, 4, 1), normal(3, 3, 1, 1), "full")


def test_is_for_jax_on_a_processor_only(monkeypatch):
    if keras.backend.backend() != "jax":
        assert not jax_convolution.wanted()
        return
    import jax

    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert jax_convolution.wanted()
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not jax_convolution.wanted()
