"""The graph of a network, read from its end: which operation made a tensor, and of what."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras


class Call(NamedTuple):
    """One run of an operation.

    Attributes:
        operation: The layer, the model, or the operation of `keras.ops`.
        tensors: All tensors that it was given, in order.
        listed: Whether they were given as a list.
        made: All tensors that it made, in order.
        place: Which of these the tensor is.
        arguments: Those of the call, by position and by name, with tensors among them.
    """

    operation: Any
    tensors: list
    listed: bool
    made: list
    place: int
    arguments: tuple[tuple, dict]


def made_by(tensor) -> Call:
    """The call that made a tensor of a functional model.

    A layer that is run several times has made several tensors: each remembers its own call.
    """
    operation, call, place = tensor._keras_history
    node = operation._inbound_nodes[call]
    listed = isinstance(node.arguments.args[0], (list, tuple))
    arguments = node.arguments.args, node.arguments.kwargs
    return Call(operation, node.input_tensors, listed, node.outputs, place, arguments)


def kind(operation) -> str:
    """The name of an operation's class; Keras does not make those of `keras.ops` public."""
    return type(operation).__name__


def output_of(model: keras.Model):
    """The enlarged frame: the first output, where networks have auxiliary ones behind it."""
    return model.outputs[0]


def tensors_of(model: keras.Model) -> list:
    """All tensors between the model's inputs and its enlarged frame, each after those it is of.

    The inputs are not among them, nor what is inside models that it is made of.
    """
    return tensors_between(model.inputs, [output_of(model)])


def tensors_between(inputs: Iterable, outputs: Iterable) -> list:
    """All tensors that the outputs are made of, the outputs included, each after those it is of.

    The inputs, and what is before them, are not among them.
    """
    done = {id(tensor) for tensor in inputs}
    found, waiting = [], list(outputs)
    while waiting:
        tensor = waiting[-1]
        missing = [one for one in made_by(tensor).tensors if id(one) not in done]
        if id(tensor) in done or not missing:
            waiting.pop()
            if id(tensor) not in done:
                done.add(id(tensor))
                found.append(tensor)
        waiting += missing
    return found
