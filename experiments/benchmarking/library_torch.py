"""PyTorch: its settings, its device, and the most that it reaches on this machine."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn.functional import conv2d

from experiments.benchmarking import memory

CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")


def configure(threads: int) -> None:
    """Pins threads and precision; cuDNN tries its algorithms, as the other libraries do."""
    torch.set_num_threads(threads)
    torch.backends.fp32_precision = "ieee"
    torch.backends.cudnn.benchmark = True


def tf32() -> str:
    """Whether TF32 is on."""
    precisions = {
        torch.backends.cuda.matmul.fp32_precision,
        torch.backends.cudnn.conv.fp32_precision,
    }
    return "off" if precisions == {"ieee"} else "on"


def wait() -> None:
    """Returns when the device has done all that it was given."""
    if CUDA:
        torch.cuda.synchronize()


def reset_peak() -> None:
    """Counts the peak of memory anew."""
    memory.reset_peak()
    if CUDA:
        torch.cuda.reset_peak_memory_stats()


def peak_bytes() -> int:
    """The peak of memory: on a GPU that of its tensors, else that of the process."""
    return torch.cuda.max_memory_allocated() if CUDA else memory.peak_bytes()


def most_allocated(call: Callable[[], object]) -> int:
    """Bytes that a call's tensors take at most, beside those that there were before it."""
    if CUDA:
        wait()
        before = torch.cuda.memory_allocated()
        reset_peak()
        call()
        wait()
        return peak_bytes() - before
    with torch.profiler.profile(profile_memory=True) as profiler:
        call()
    events = profiler.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return max(itertools.accumulate(size for _, size in changes))


def sgemm(factor: np.ndarray) -> Callable[[], object]:
    """The product of a matrix with itself."""
    matrix = torch.from_numpy(factor).to(DEVICE)
    return lambda: torch.mm(matrix, matrix)


def convolutions(
    images: np.ndarray, kernel: np.ndarray
) -> Iterator[tuple[str, Callable[[], object]]]:
    """A 2D convolution in each memory layout.

    Args:
        images: (batch, H, W, C).
        kernel: (rows, columns, C, filters).
    """
    x = torch.from_numpy(images).to(DEVICE).permute(0, 3, 1, 2)
    w = torch.from_numpy(kernel).to(DEVICE).permute(3, 2, 0, 1)
    layouts = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
    for name, layout in layouts.items():
        given, taps = x.contiguous(memory_format=layout), w.contiguous(memory_format=layout)
        yield name, lambda given=given, taps=taps: conv2d(given, taps, padding=1)


def copy(array: np.ndarray) -> Callable[[], object]:
    """A copy into memory that is there already."""
    source = torch.from_numpy(array).to(DEVICE)
    target = torch.empty_like(source).copy_(source)
    return lambda: target.copy_(source)
