"""Convolutions that take another route where a backend's own is slow on a processor.

Weights, names, arguments and results are those of the Keras layers. Which route is taken is settled
here: that of `torch_convolution`, `tensorflow_convolution` or `jax_convolution`; on a GPU, and for
arguments that these do not know, Keras's own.
"""

import keras

from keras_vsr.layers import jax_convolution, tensorflow_convolution, torch_convolution


def _on_torch(layer, inputs) -> bool:
    return (
        keras.backend.backend() == "torch"
        and layer.data_format == "channels_first"
        and torch_convolution.wanted(inputs)
    )


def _on_tensorflow(layer) -> bool:
    return tensorflow_convolution.wanted() and layer.data_format == "channels_last"


def _on_jax(layer) -> bool:
    return jax_convolution.wanted() and layer.data_format == "channels_last"


def _is_plain(layer) -> bool:
    """Neither dilated nor in groups."""
    return layer.dilation_rate == (1,) * layer.rank and layer.groups == 1


class _Convolution:
    """What the 2D and the 3D layer share."""

    def call(self, inputs):
        if self._has_route() and _on_torch(self, inputs):
            bias = self.bias if self.use_bias else None
            relu = self.activation is keras.activations.relu
            made = torch_convolution.convolve(inputs, self.kernel, bias, self._border(), relu)
            return made if relu else self.activation(made)
        inputs = self._with_frame(inputs)
        if _on_tensorflow(self) and self.use_bias:
            made = self.convolution_op(inputs, self.kernel)
            return self.activation(tensorflow_convolution.add_bias(made, self.bias))
        return super().call(inputs)

    def convolution_op(self, inputs, kernel):
        if self._has_route() and _on_jax(self):
            return jax_convolution.convolve(inputs, kernel, self.padding)
        if self._has_route() and self.rank == 2 and _on_tensorflow(self):
            return tensorflow_convolution.convolve(inputs, kernel, self.padding)
        return super().convolution_op(inputs, kernel)

    def _has_route(self):
        odd = all(size % 2 == 1 for size in self.kernel_size)
        return odd and self.strides == (1,) * self.rank and _is_plain(self)

    def _border(self) -> list[int]:
        """Zeros around each axis that has taps."""
        return [size // 2 if self.padding == "same" else 0 for size in self.kernel_size]

    def _with_frame(self, inputs):
        """The inputs with such zeros around them as `padding` does not stand for."""
        return inputs


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv2D(_Convolution, keras.layers.Conv2D):
    """`keras.layers.Conv2D`, faster on a processor."""


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv3D(_Convolution, keras.layers.Conv3D):
    """`keras.layers.Conv3D`, faster on a processor.

    Args:
        *args: As of `keras.layers.Conv3D`.
        keeps_frame: Whether frames keep their height and width, by zeros around them, where
            `padding` is "valid" and frames are lost at each end.
        **kwargs: As of `keras.layers.Conv3D`.

    Raises:
        ValueError: with `keeps_frame`, `padding` is not "valid", or the kernel's height or width is
            even.
    """

    def __init__(self, *args, keeps_frame=False, **kwargs):
        super().__init__(*args, **kwargs)
        if keeps_frame and (self.padding != "valid" or 0 in (n % 2 for n in self.kernel_size[1:])):
            raise ValueError(
                'keeps_frame is for padding="valid" and odd kernels; got '
                f"padding={self.padding!r} and a kernel of {self.kernel_size}"
            )
        self.keeps_frame = keeps_frame

    def _border(self):
        if not self.keeps_frame:
            return super()._border()
        return [0, *(size // 2 for size in self.kernel_size[1:])]

    def _with_frame(self, inputs):
        if not self.keeps_frame:
            return inputs
        zeros = [(size, size) for size in self._border()]
        channels_first = self.data_format == "channels_first"
        around = [(0, 0), (0, 0), *zeros] if channels_first else [(0, 0), *zeros, (0, 0)]
        return keras.ops.pad(inputs, around)

    def compute_output_shape(self, input_shape):
        if not self.keeps_frame:
            return super().compute_output_shape(input_shape)
        first = 2 if self.data_format == "channels_first" else 1
        sizes = list(input_shape)
        for axis, size in enumerate(self._border(), start=first):
            if sizes[axis] is not None:
                sizes[axis] += 2 * size
        return super().compute_output_shape(tuple(sizes))

    def get_config(self):
        return {**super().get_config(), "keeps_frame": self.keeps_frame}


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, faster on a processor."""

    def call(self, inputs):
        bias = self.bias if self.use_bias else None
        if self._has_route() and _on_torch(self, inputs):
            relu = self.activation is keras.activations.relu
            made = torch_convolution.convolve_transposed(
                inputs, self.kernel, bias, self.strides, relu
            )
            return made if relu else self.activation(made)
        if self._has_route() and _on_jax(self):
            made = jax_convolution.convolve_transposed(inputs, self.kernel, self.strides[0])
            return self.activation(made if bias is None else made + bias)
        return super().call(inputs)

    def _has_route(self):
        alike = len(set(self.strides)) == 1
        over = [size - step for size, step in zip(self.kernel_size, self.strides, strict=True)]
        even = all(pixels >= 0 and pixels % 2 == 0 for pixels in over)
        same = self.padding == "same" and self.output_padding is None
        return alike and even and same and self.dilation_rate == (1, 1)
