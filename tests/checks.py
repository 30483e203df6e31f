"""What the networks are made of, in plain NumPy and float64: the truth that tests compare with.

Everything is channels last. Written from the definitions, with one loop over the taps of a kernel
or over the pixels of a frame; nothing here is imported from the layers or the models.
"""

import keras
import numpy as np

from keras_vsr.data import degrade


def correlate(x, kernel, bias=0.0, padding="same"):
    """What Keras calls a convolution, with strides of 1, in any number of dimensions.

    Args:
        x: (batch, *space, channels).
        kernel: (*taps, channels, filters).
        bias: (filters,).
        padding: "same" puts zeros around, "replicate" the outermost pixels, "valid" keeps to where
            the kernel lies inside.

    Returns:
        (batch, *space, filters), or with less space where `padding` is "valid".
    """
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    taps = kernel.shape[:-2]
    if padding != "valid":
        around = [(0, 0), *(((tap - 1) // 2, tap // 2) for tap in taps), (0, 0)]
        x = np.pad(x, around, mode={"same": "constant", "replicate": "edge"}[padding])
    sizes = [size - tap + 1 for size, tap in zip(x.shape[1:-1], taps, strict=True)]
    total = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for tap in np.ndindex(*taps):
        under_tap = tuple(
            slice(first, first + size) for first, size in zip(tap, sizes, strict=True)
        )
        total += x[(slice(None), *under_tap)] @ kernel[tap]
    return total + bias


def transposed(x, kernel, bias, stride):
    """Keras's transposed 2D convolution with "same" padding.

    Each input pixel adds its kernel to the output, `stride` pixels further each; of the kernel's
    size beyond the stride, the smaller half is cut at the top and the left.

    Args:
        x: (batch, h, w, channels).
        kernel: (kh, kw, filters, channels), as Keras stores it.
        bias: (filters,).
        stride: Output pixels for each input pixel.

    Returns:
        (batch, stride * h, stride * w, filters)
    """
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    batch, height, width, _ = x.shape
    kernel_height, kernel_width, filters, _ = kernel.shape
    full = np.zeros(
        (batch, height * stride + kernel_height, width * stride + kernel_width, filters)
    )
    for row, column in np.ndindex(height, width):
        down = slice(row * stride, row * stride + kernel_height)
        right = slice(column * stride, column * stride + kernel_width)
        full[:, down, right] += np.einsum("bc,hwfc->bhwf", x[:, row, column], kernel)
    top, left = (max(size - stride, 0) // 2 for size in (kernel_height, kernel_width))
    return full[:, top : top + height * stride, left : left + width * stride] + bias


def relu(x):
    return np.maximum(x, 0.0)


def prelu(x, slopes):
    """x where it is positive, elsewhere x times the slope of its channel, or of all channels."""
    return np.where(x > 0, x, slopes * x)


def pixel_shuffle(x, scale):
    """Channel k of each pixel becomes the pixel (k // scale, k % scale) inside it."""
    batch, height, width, channels = x.shape
    made = np.zeros((batch, scale * height, scale * width, 1))
    for row, column, channel in np.ndindex(height, width, channels):
        down, right = divmod(channel, scale)
        made[:, scale * row + down, scale * column + right, 0] = x[:, row, column, channel]
    return made


def recursive(x, layers, times, border="same"):
    """x <- ReLU(B(x) + x), where B is two convolutions with a ReLU between them."""
    first, second = layers
    for _ in range(times):
        x = relu(correlate(relu(correlate(x, *first, border)), *second, border) + x)
    return x


def enlarged(frames, scale=2):
    """Bicubic enlargement of frames (..., h, w, 1)."""
    return degrade.enlarge(np.asarray(frames, np.float64)[..., 0], "bicubic", scale)[..., None]


def windows(clips):
    """Every 5 consecutive frames of clips (batch, T, ...): (batch, T - 4, 5, ...)."""
    return np.array([[clip[first : first + 5] for first in range(len(clip) - 4)] for clip in clips])


def frames_of(shape, seed=0):
    """Random intensities in [0, 1], float32."""
    return np.random.default_rng(seed).random(shape, np.float32)


def randomise(model, seed=0):
    """Gives every weight of a network a random value.

    Kernels have the spread that keeps a signal's size from ReLU to ReLU, so that the first layers
    are seen at the output as well as the last; biases are positive, so that few ReLUs are dead.
    """
    generator = np.random.default_rng(seed)
    values = []
    for value in model.get_weights():
        if value.ndim == 1:
            values.append(generator.uniform(0.02, 0.1, value.shape))
        else:
            spread = np.sqrt(2 / np.prod(value.shape[:-1]))
            values.append(generator.normal(0, spread, value.shape))
    model.set_weights(values)
    return model


def weights_of(model):
    """Kernel and bias, or slopes, of each layer by name; by (model, layer) for models inside."""
    found = {}
    for layer in model.layers:
        if hasattr(layer, "layers"):
            found |= {(layer.name, name): pair for name, pair in weights_of(layer).items()}
        elif layer.get_weights():
            found[layer.name] = [value.astype(np.float64) for value in layer.get_weights()]
    return found


def predicted(model, x):
    """The model's output as NumPy; layer by layer, so that nothing is compiled for a single use."""
    return keras.ops.convert_to_numpy(model(x, training=False))


def outputs_by_name(model, x):
    """The outputs of a network of very many layers as NumPy, by name.

    Layer by layer, too, but on JAX, which compiles an operation before it runs it: all of them at
    once take half the time.
    """
    if keras.config.backend() == "jax":
        return model.predict_on_batch(x)
    return {name: keras.ops.convert_to_numpy(y) for name, y in model(x, training=False).items()}


def assert_close(made, truth, tolerance=1e-5):
    """Compares shapes, then values, to a part of the distance from the least to the largest."""
    assert made.shape == truth.shape
    worst, extent = np.abs(made - truth).max(), np.ptp(truth)
    assert worst <= tolerance * extent, f"{worst} apart, where values differ by {extent}"
