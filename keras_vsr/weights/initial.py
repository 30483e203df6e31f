"""First weights from NumPy and a seed: the same numbers on every backend.

The same seed gives Keras's own initialisers other numbers on each backend, so that no two backends
could be compared. Here each kernel has a generator of its own, seeded with the run's seed and the
layer's name, so that a layer's weights do not depend on which other layers a network has.
"""

import zlib
from collections.abc import Iterator

import keras
import numpy as np

from keras_vsr.errors import InputError


def glorot_uniform(generator, kernel_shape, bias_shape):
    """Keras's own default: uniform kernels of variance 2 / (fan in + fan out), biases zero."""
    fan_in, fan_out = _fans(kernel_shape)
    limit = np.sqrt(6 / (fan_in + fan_out))
    return generator.uniform(-limit, limit, kernel_shape), np.zeros(bias_shape)


def torch_default(generator, kernel_shape, bias_shape):
    """PyTorch's default for convolutions: kernels and biases uniform within 1 / sqrt(fan in)."""
    limit = 1 / np.sqrt(_fans(kernel_shape)[0])
    kernel = generator.uniform(-limit, limit, kernel_shape)
    return kernel, generator.uniform(-limit, limit, bias_shape)


SCHEMES = {"glorot_uniform": glorot_uniform, "torch_default": torch_default}


def initialise(model: keras.Model, seed: int, scheme: str = "glorot_uniform") -> None:
    """Sets every kernel and bias of a model; kernels that its builder zeroed stay zero.

    Args:
        model: A built model of convolutions, models inside it included.
        seed: Any whole number from 0 on.
        scheme: A key of `SCHEMES`.

    Raises:
        InputError: no scheme has that name.
    """
    if scheme not in SCHEMES:
        raise InputError(
            f"no initial weights are called {scheme!r}; there are {', '.join(SCHEMES)}"
        )
    for path, layer in convolutions(model):
        kernel, bias = layer.kernel, layer.bias
        generator = np.random.default_rng([seed, zlib.crc32(path.encode())])
        new_kernel, new_bias = SCHEMES[scheme](generator, kernel.shape, bias.shape)
        if isinstance(layer.kernel_initializer, keras.initializers.Zeros):
            new_kernel, new_bias = np.zeros(kernel.shape), np.zeros(bias.shape)
        kernel.assign(new_kernel.astype("float32"))
        bias.assign(new_bias.astype("float32"))


def convolutions(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Each layer that has a kernel, with its path through the models around it."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if isinstance(layer, keras.Model):
            yield from convolutions(layer, f"{path}/")
        elif hasattr(layer, "kernel"):
            yield path, layer


def _fans(shape) -> tuple[int, int]:
    """Numbers that go into and come out of one output pixel: kernels are (space..., in, out)."""
    taps = int(np.prod(shape[:-2]))
    return taps * int(shape[-2]), taps * int(shape[-1])
