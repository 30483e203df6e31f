"""TensorFlow: its settings, its device, and the most that it reaches on this machine."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from experiments.benchmarking import memory

GPU = "GPU:0"
GPUS = tf.config.list_physical_devices("GPU")


def configure(threads: int) -> None:
    """Pins threads and precision."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_tensor_float_32_execution(False)


def tf32() -> str:
    """Whether TF32 is on."""
    return "on" if tf.config.experimental.tensor_float_32_execution_enabled() else "off"


def wait() -> None:
    """Returns when the device has done all that it was given."""
    tf.test.experimental.sync_devices()


def reset_peak() -> None:
    """Counts the peak of memory anew."""
    memory.reset_peak()
    if GPUS:
        tf.config.experimental.reset_memory_stats(GPU)


def peak_bytes() -> int:
    """The peak of memory: on a GPU that of its tensors, else that of the process."""
    if GPUS:
        return tf.config.experimental.get_memory_info(GPU)["peak"]
    return memory.peak_bytes()


def sgemm(factor: np.ndarray) -> Callable[[], object]:
    """The product of a matrix with itself."""
    matrix = tf.constant(factor)
    return lambda: tf.linalg.matmul(matrix, matrix)


def convolutions(
    images: np.ndarray, kernel: np.ndarray
) -> Iterator[tuple[str, Callable[[], object]]]:
    """A 2D convolution in each memory layout: TensorFlow has one.

    Args:
        images: (batch, H, W, C).
        kernel: (rows, columns, C, filters).
    """
    x, w = tf.constant(images), tf.constant(kernel)
    yield "channels_last", lambda: tf.nn.conv2d(x, w, strides=1, padding="SAME")


def copy(array: np.ndarray) -> Callable[[], object]:
    """An addition to each number, which reads and writes as a copy does: `tf.identity` copies
    nothing."""
    source = tf.constant(array)
    return lambda: tf.add(source, 1.0)
