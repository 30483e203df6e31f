"""Who measured: the columns of backend, versions, device, precision and date that rows share."""

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path

from keras_vsr.errors import InputError

# Backend: the packages that bring it, the first one installed counts.
BACKENDS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
}


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
    return backend


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
