"""Who measured: the columns of backend, versions, device, precision and date that rows share."""

import ctypes
import datetime
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from keras_vsr.errors import InputError

# Backend: the packages that bring it, the first one installed counts.
BACKENDS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
}

# Of glibc's malloc.h, and the variables by which its users set them.
TRIM_THRESHOLD, MMAP_MAX = -1, -4
MALLOC_VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_")


def choose_backend() -> str:
    """The backend that `KERAS_BACKEND` names, torch where it names none; sets it for Keras, with
    what must be set before the backend is loaded.

    Raises:
        InputError: it is none of the three, or is not installed.
    """
    # Threads of torch that wait for each other by spinning take the processor from the one they
    # wait for: beside any other busy process its small convolutions become 20 times slower.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    backend = os.environ.setdefault("KERAS_BACKEND", "torch")
    if backend not in BACKENDS:
        raise InputError(f"KERAS_BACKEND is {backend!r}; it must be one of {', '.join(BACKENDS)}")
    if not package_version(*BACKENDS[backend]):
        raise InputError(f"{backend} is not installed: pip install 'keras_vsr[{backend}]'")
    if backend == "torch":
        keep_freed_memory()
    return backend


def keep_freed_memory() -> None:
    """Has this process keep what it frees, for the next time that it needs as much.

    Torch takes the result of each layer from the C library, and gives it back to it. Where glibc
    hands that on to the system, each page is cleared again when the next layer writes to it, which
    takes as long as a layer of few channels. Settings in the environment stay as they are; other C
    libraries are left alone.
    """
    tuned = "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if sys.platform != "linux" or tuned or any(name in os.environ for name in MALLOC_VARIABLES):
        return
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(TRIM_THRESHOLD, -1)  # never
        change(MMAP_MAX, 0)  # no blocks that are the system's own, and go back to it


def package_version(*names: str) -> str:
    """The version of the first of these packages that is installed; empty if none is."""
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def device_name(backend: str) -> str:
    """The GPU that the backend computes on, or the processor."""
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name(0)
    elif backend == "jax":
        import jax

        if jax.default_backend() != "cpu":
            return jax.devices()[0].device_kind
    elif backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    return processor_name()


def processor_name() -> str:
    """The processor's model, with the number of cores in use."""
    name = platform.processor() or platform.machine()
    description = Path("/proc/cpuinfo")
    if description.exists():
        for line in description.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return (
        f"{name} ({len(os.sched_getaffinity(0))} cores)"
        if hasattr(os, "sched_getaffinity")
        else f"{name} ({os.cpu_count()} cores)"
    )


def context(*, preset: str, seed: int, precision: str, backend: str) -> dict[str, object]:
    """The shared columns of measured rows, `records.CONTEXT_COLUMNS`."""
    return {
        "preset": preset,
        "seed": seed,
        "backend": backend,
        "backend_version": package_version(*BACKENDS[backend]),
        "keras_version": package_version("keras"),
        "numpy_version": package_version("numpy"),
        "python_version": platform.python_version(),
        "device": device_name(backend),
        "precision": precision,
        "date": datetime.date.today().isoformat(),
    }
