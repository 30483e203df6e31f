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
        if _on_tensorflow(self) and self.use_bias:
            made = self.convolution_op(inputs, self.kernel)
            return self.activation(tensorflow_convolution.add_bias(made, self.bias))
        if self._has_route() and _on_torch(self, inputs):
            bias = self.bias if self.use_bias else None
            relu = self.activation is keras.activations.relu
            made = torch_convolution.convolve(inputs, self.kernel, bias, self.padding, relu)
            return made if relu else self.activation(made)
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


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv2D(_Convolution, keras.layers.Conv2D):
    """`keras.layers.Conv2D`, faster on a processor."""


@keras.saving.register_keras_serializable(package="keras_vsr")
class Conv3D(_Convolution, keras.layers.Conv3D):
    """`keras.layers.Conv3D`, faster on a processor."""


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
