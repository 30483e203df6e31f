"""What a network costs: multiply-adds."""

import math

import keras


def multiply_adds(model: keras.Model, input_shape: tuple[int, ...] | list[tuple]) -> int:
    """Multiply-adds of the convolutions of one forward pass.

    A layer that is run several times counts as often. Bicubic enlargement, additions and
    activations, a few for each pixel, are left out.

    Args:
        model: A functional model, models inside it included.
        input_shape: Shape of the input with its batch, every size known; a list of shapes where
            there are several inputs.

    Returns:
        Multiplications of a weight and a number.
    """
    total = 0

    def count(layer, *args, **kwargs):
        nonlocal total
        outputs = layer(*args, **kwargs)
        if isinstance(layer, keras.Model):
            given = args[0]
            several = isinstance(given, (list, tuple))
            shapes = [tuple(one.shape) for one in given] if several else tuple(given.shape)
            total += multiply_adds(layer, shapes)
        elif hasattr(layer, "kernel"):
            total += _of_call(layer, args[0].shape, outputs.shape)
        return outputs

    keras.models.clone_model(  # runs the graph on the shape, with the same layers
        model,
        input_tensors=[keras.Input(batch_shape=shape) for shape in input_shape]
        if isinstance(input_shape, list)
        else keras.Input(batch_shape=input_shape),
        clone_function=lambda layer: layer,
        call_function=count,
    )
    return total


def _of_call(layer, input_shape, output_shape) -> int:
    """Each weight is used once for each output pixel, or, where the convolution is transposed,
    once for each input pixel."""
    transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    shape = input_shape if transposed else output_shape
    batch, pixels = shape[0], shape[2:] if layer.data_format == "channels_first" else shape[1:-1]
    return batch * math.prod(pixels) * math.prod(layer.kernel.shape)
