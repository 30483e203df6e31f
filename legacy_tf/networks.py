"""The networks of 2019 in plain TensorFlow.

Everything is float32 and channels last. Kernels are (space..., in, out), those of transposed
convolutions (height, width, out, in), and the order of weights is layer by layer kernel, bias,
slopes: a list of arrays fits these networks and the suite's.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from legacy_tf.errata import AS_DESCRIBED, Errata


class Activation:
    """What stands between two layers.

    Args:
        name: "relu", "linear", or "prelu" with one slope for each channel that starts at 0.
        channels: Channels of what it is applied to.

    Raises:
        ValueError: `name` is none of the three.
    """

    def __init__(self, name: str, channels: int):
        if name not in ("relu", "linear", "prelu"):
            raise ValueError(f"activation must be relu, linear or prelu, not {name!r}")
        self.name = name
        self.variables = [tf.Variable(tf.zeros(channels))] if name == "prelu" else []

    def __call__(self, x):
        if self.name == "linear":
            return x
        if self.name == "relu":
            return tf.nn.relu(x)
        return tf.nn.relu(x) - self.variables[0] * tf.nn.relu(-x)


class Convolution:
    """A 2D or 3D convolution with strides of 1, its bias and its activation.

    Args:
        generator: Draws the kernel.
        taps: (height, width) or (depth, height, width) of the kernel.
        channels: Of the input.
        filters: Channels of the output.
        padding: "SAME" puts zeros around, "VALID" keeps to where the kernel lies inside.
        activation: As in `Activation`.
    """

    def __init__(self, generator, taps, channels, filters, padding="SAME", activation="relu"):
        self.kernel = tf.Variable(glorot_uniform(generator, (*taps, channels, filters)))
        self.bias = tf.Variable(tf.zeros(filters))
        self.padding = padding
        self.activation = Activation(activation, filters)
        self.variables = [self.kernel, self.bias, *self.activation.variables]

    def __call__(self, x):
        x = tf.nn.convolution(x, self.kernel, padding=self.padding)
        return self.activation(x + self.bias)


class TransposedConvolution:
    """A 2D transposed convolution that makes frames `stride` times larger, with its activation.

    Where the kernel is as wide as the stride nothing overlaps, and "same" and "valid" padding are
    one.

    Args:
        generator: Draws the kernel.
        taps: (height, width) of the kernel.
        channels: Of the input.
        filters: Channels of the output.
        stride: Output pixels for each input pixel.
        activation: As in `Activation`.
    """

    def __init__(self, generator, taps, channels, filters, stride, activation="relu"):
        self.kernel = tf.Variable(glorot_uniform(generator, (*taps, filters, channels)))
        self.bias = tf.Variable(tf.zeros(filters))
        self.filters, self.stride = filters, stride
        self.activation = Activation(activation, filters)
        self.variables = [self.kernel, self.bias, *self.activation.variables]

    def __call__(self, x):
        batch, height, width, _ = tf.unstack(tf.shape(x))
        size = [batch, height * self.stride, width * self.stride, self.filters]
        x = tf.nn.conv2d_transpose(x, self.kernel, size, strides=self.stride, padding="SAME")
        return self.activation(x + self.bias)


class DropDepth:
    """From a volume of one frame, (batch, 1, H, W, channels), to (batch, H, W, channels)."""

    variables = ()

    def __call__(self, x):
        return tf.squeeze(x, axis=1)


class Network:
    """Layers one behind the other.

    Args:
        name: For messages.
        layers: Callables with a list `variables`.
    """

    def __init__(self, name: str, layers: Sequence):
        self.name = name
        self.layers = list(layers)
        self.variables = [variable for layer in self.layers for variable in layer.variables]
        # Reduced retracing: the last batch is smaller than the others.
        self._forward = tf.function(self.__call__, reduce_retracing=True)

    def __call__(self, x):
        """The output as a tensor; x is a float32 tensor or array."""
        for layer in self.layers:
            x = layer(x)
        return x

    def predict(self, inputs: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """The output as a NumPy array, computed batch by batch."""
        inputs = np.asarray(inputs, np.float32)
        batches = (
            tf.constant(inputs[start : start + batch_size])
            for start in range(0, len(inputs), batch_size)
        )
        return np.concatenate([self._forward(batch).numpy() for batch in batches])

    def count_params(self) -> int:
        """Numbers in all weights."""
        return sum(int(np.prod(variable.shape)) for variable in self.variables)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, layer by layer."""
        return [variable.numpy().copy() for variable in self.variables]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Sets all weights, in the order of `get_weights`.

        Raises:
            ValueError: their number or a shape is another; nothing was set.
        """
        given = [np.shape(value) for value in weights]
        wanted = [tuple(variable.shape) for variable in self.variables]
        if given != wanted:
            raise ValueError(f"weights of {self.name} must have the shapes {wanted}, not {given}")
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)


def srcnn(
    *,
    filters: tuple[int, int] = (64, 32),
    kernels: tuple[int, int, int] = (9, 1, 5),
    middle_layers: int = 1,
    output_activation: str = "linear",
    seed: int = 0,
) -> Network:
    """SRCNN on enlarged frames: 8,129 parameters, or 10,241 with `middle_layers=3`.

    Args:
        filters: Of the first layer and of the middle ones.
        kernels: Sizes of the first, middle and last layers' kernels.
        middle_layers: Layers between the first and the last.
        output_activation: "linear" as in the text, "relu" as in the published files.
        seed: Of the first weights.

    Input shape:
        (batch, H, W, 1)

    Output shape:
        (batch, H, W, 1)
    """
    generator = np.random.default_rng(seed)
    first, middle, last = ((size, size) for size in kernels)
    layers = [Convolution(generator, first, 1, filters[0])]
    for channels in (filters[0], *[filters[1]] * (middle_layers - 1)):
        layers.append(Convolution(generator, middle, channels, filters[1]))
    layers.append(Convolution(generator, last, filters[1], 1, activation=output_activation))
    return Network("srcnn", layers)


def fsrcnn_2019(
    *,
    filters: int = 32,
    mapping_filters: int = 8,
    upscale_filters: int = 16,
    scale: int = 2,
    seed: int = 0,
) -> Network:
    """The network of 10,577 parameters: 16 transposed filters of 4x4, ReLU after every layer.

    Args:
        filters: Filters of the first and fourth layer.
        mapping_filters: Filters of the second and third layer.
        upscale_filters: Filters of the transposed convolution.
        scale: HR size over LR size.
        seed: Of the first weights.

    Input shape:
        (batch, h, w, 1)

    Output shape:
        (batch, scale * h, scale * w, 1)
    """
    generator = np.random.default_rng(seed)
    return Network(
        "fsrcnn_2019",
        [
            Convolution(generator, (5, 5), 1, filters),
            Convolution(generator, (1, 1), filters, mapping_filters),
            Convolution(generator, (3, 3), mapping_filters, mapping_filters),
            Convolution(generator, (1, 1), mapping_filters, filters),
            TransposedConvolution(generator, (4, 4), filters, upscale_filters, scale),
            Convolution(generator, (5, 5), upscale_filters, 1),
        ],
    )


def fsrcnn_2019_prelu(
    *,
    filters: int = 32,
    mapping_filters: int = 5,
    errata: Errata = AS_DESCRIBED,
    seed: int = 0,
) -> Network:
    """The report's text: 32 transposed filters of 2x2, PReLU after every layer but the last.

    6,454 parameters; with E18, where layers are linear but for the ReLU behind the last, the 6,348
    of the published files. The text's 8 mapping filters give 6,897 with E18.

    Args:
        filters: Filters of the wide layers.
        mapping_filters: Filters of the second and third layer.
        errata: E18 applies.
        seed: Of the first weights.

    Input shape:
        (batch, h, w, 1)

    Output shape:
        (batch, 2h, 2w, 1)
    """
    generator = np.random.default_rng(seed)
    activation = "linear" if errata.e18 else "prelu"
    inner = {"activation": activation}
    return Network(
        "fsrcnn_2019_prelu",
        [
            Convolution(generator, (5, 5), 1, filters, **inner),
            Convolution(generator, (1, 1), filters, mapping_filters, **inner),
            Convolution(generator, (3, 3), mapping_filters, mapping_filters, **inner),
            Convolution(generator, (1, 1), mapping_filters, filters, **inner),
            TransposedConvolution(generator, (2, 2), filters, filters, 2, **inner),
            Convolution(generator, (5, 5), filters, 1),
        ],
    )


def srnet3d(
    *,
    filters: int = 32,
    mapping_filters: int = 8,
    last_kernel: int = 3,
    errata: Errata = AS_DESCRIBED,
    seed: int = 0,
) -> Network:
    """3DSRnet on enlarged frames: 63,129 parameters, or 63,641 with `last_kernel=5`.

    Args:
        filters: Filters of the wide layers.
        mapping_filters: Filters of the narrow layers.
        last_kernel: 3 as in the slides' table, 5 as in the text and the published files.
        errata: E3 and E18 apply.
        seed: Of the first weights.

    Input shape:
        (batch, 5, H, W, 1)

    Output shape:
        (batch, H - 4, W - 4, 1), the middle frame without 2 pixels on each side
    """
    generator = np.random.default_rng(seed)
    wide, thin = ((5, 5, 3), (1, 1, 3)) if errata.e3 else ((3, 5, 5), (3, 1, 1))
    inner = {"activation": "linear" if errata.e18 else "relu"}
    cube, last = (3, 3, 3), (last_kernel, last_kernel)
    return Network(
        "srnet3d",
        [
            Convolution(generator, wide, 1, filters, **inner),
            Convolution(generator, thin, filters, mapping_filters, **inner),
            Convolution(generator, cube, mapping_filters, mapping_filters, **inner),
            Convolution(generator, cube, mapping_filters, mapping_filters, **inner),
            Convolution(generator, thin, mapping_filters, filters, **inner),
            Convolution(generator, cube, filters, filters, "VALID", **inner),
            Convolution(generator, cube, filters, filters, "VALID", **inner),
            DropDepth(),
            Convolution(generator, last, filters, 1, activation="linear"),
        ],
    )


def srnet3d_early(*, same_layers: int = 3, filters: int = 32, seed: int = 0) -> Network:
    """The 3D network before 3DSRnet: 111,905 parameters, or 167,265 with `same_layers=5`.

    Args:
        same_layers: 3x3x3 layers that keep the size, before the two that do not.
        filters: Of each.
        seed: Of the first weights.

    Input shape:
        (batch, 5, H, W, 1)

    Output shape:
        (batch, H - 4, W - 4, 1), the middle frame without 2 pixels on each side
    """
    generator = np.random.default_rng(seed)
    cube = (3, 3, 3)
    layers = [
        Convolution(generator, cube, channels, filters)
        for channels in (1, *[filters] * (same_layers - 1))
    ]
    layers += [Convolution(generator, cube, filters, filters, "VALID") for _ in range(2)]
    return Network(
        "srnet3d_early", [*layers, DropDepth(), Convolution(generator, (3, 3), filters, 1)]
    )


def glorot_uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A first kernel as Keras 2 draws it: uniform, of variance 2 / (fan in + fan out).

    Reference:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010.
    """
    taps = np.prod(shape[:-2])
    limit = np.sqrt(6 / (taps * (shape[-2] + shape[-1])))
    return generator.uniform(-limit, limit, shape).astype(np.float32)
