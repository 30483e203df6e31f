"""JAX: its settings, its device, and the most that it reaches on this machine."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarking import memory

GPU = jax.default_backend() != "cpu"
PRECISION = "highest"  # products of float32 are those of float32


def configure(threads: int) -> None:
    """Pins precision. Threads are as many as cores that the process may use; the number that is
    given is not JAX's to take."""
    jax.config.update("jax_default_matmul_precision", PRECISION)


def tf32() -> str:
    """Whether TF32 is on."""
    return "off" if jax.config.jax_default_matmul_precision == PRECISION else "on"


def wait() -> None:
    """Returns when the device has done all that it was given.

    Devices do one program after the other, so that of a new one is the last.
    """
    jax.block_until_ready(jnp.zeros(()) + 1)


def reset_peak() -> None:
    """Counts the peak of memory anew; on a GPU it cannot, and the peak is that since the start."""
    memory.reset_peak()


def peak_bytes() -> int:
    """The peak of memory: on a GPU that of its tensors, else that of the process."""
    if GPU:
        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    return memory.peak_bytes()


def sgemm(factor: np.ndarray) -> Callable[[], object]:
    """The product of a matrix with itself."""
    matrix = jax.device_put(factor)
    multiply = jax.jit(jnp.matmul)
    return lambda: multiply(matrix, matrix).block_until_ready()


def convolutions(
    images: np.ndarray, kernel: np.ndarray
) -> Iterator[tuple[str, Callable[[], object]]]:
    """A 2D convolution in each memory layout: XLA chooses its own.

    Args:
        images: (batch, H, W, C).
        kernel: (rows, columns, C, filters).
    """
    x, w = jax.device_put(images), jax.device_put(kernel)
    convolve = jax.jit(
        lambda x, w: jax.lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
    )
    yield "channels_last", lambda: convolve(x, w).block_until_ready()


def copy(array: np.ndarray) -> Callable[[], object]:
    """An addition to each number, which reads and writes as a copy does."""
    source = jax.device_put(array)
    add = jax.jit(lambda x: x + 1)
    return lambda: add(source).block_until_ready()
