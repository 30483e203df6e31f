"""How much memory one run of a network takes: what it keeps between its layers."""

import math

import keras

BYTES = 4  # of a float32; a network that computes in less is counted as one that does not


def activation_bytes(model: keras.Model, input_shape: tuple[int, ...]) -> int:
    """Bytes of a network's input and of the results of all its layers, in one run.

    An estimate of the peak. Keras keeps every layer's result until a run is over, so that where
    layers run one by one (torch) the sum is what is held; copies within a layer come on top, and
    results that share the memory of others are counted as if they did not. Compiled backends
    (TensorFlow, JAX) free results that are no longer needed, and stay below it.

    Args:
        model: A functional model of one input, models inside it included.
        input_shape: Shape of the input with its batch, every size known.
    """
    return BYTES * (math.prod(input_shape) + _numbers(model, [input_shape]))


def _numbers(model: keras.Model, shapes: list[tuple[int, ...]]) -> int:
    """Numbers in the results of all layers, for inputs of these shapes."""
    total = 0

    def count(layer, *args, **kwargs):
        nonlocal total
        outputs = layer(*args, **kwargs)
        if isinstance(layer, keras.Model):
            total += _numbers(layer, [given.shape for given in keras.tree.flatten(args)])
        else:
            total += sum(math.prod(made.shape) for made in keras.tree.flatten(outputs))
        return outputs

    inputs = [keras.Input(batch_shape=shape) for shape in shapes]
    keras.models.clone_model(  # runs the graph on the shapes, with the same layers
        model,
        input_tensors=inputs if isinstance(model.input, (list, tuple)) else inputs[0],
        clone_function=lambda layer: layer,
        call_function=count,
    )
    return total
