"""Networks: Keras's functional models, which on torch run from layer to layer without a detour.

For every layer that it runs Keras finds out anew how the layer is called, what is to be converted,
masked or cast, and under which name: 0.1 to 0.2 ms of Python, however small the frame. Compiled
backends do so once. Torch does so at every step, and for the 144 layers of `parallel5` that is half
as much again as PyTorch itself takes on a small frame.
"""

import inspect
from collections.abc import Sequence

import keras

from keras_vsr.models.graph import made_by, tensors_between

POLICY = "float32"  # in which nothing is to be cast between a layer's arguments, weights and result


@keras.saving.register_keras_serializable(package="keras_vsr")
class Network(keras.Model):
    """A functional model that is fast on torch.

    Layers, names, weights and results are those of `keras.Model(inputs, outputs)`. Where a layer
    has another number format than float32, takes a mask, or adds a loss of its own, and where torch
    compiles or exports, it runs as Keras's model does. Torch's hooks on layers are not called.

    Args:
        inputs: As of `keras.Model`.
        outputs: As of `keras.Model`.
        name: Name of the model.
        **kwargs: As of `keras.Model`.
    """

    def __init__(self, inputs, outputs, name=None, **kwargs):
        super().__init__(inputs, outputs, name=name, **kwargs)
        self.whole = Part(self.inputs, self.outputs)

    def call(self, inputs, training=None, mask=None):
        given = self.given(inputs) if mask is None and self.whole.straight() else None
        if given is None:
            return super().call(inputs, training=training, mask=mask)
        made = self.whole(*self.whole.picked(given), training=training)
        return keras.tree.pack_sequence_as(self.output, made)

    def given(self, inputs) -> list | None:
        """The inputs as tensors, in order; None where they are such that Keras has to see to them:
        given by name, or of another shape than the model takes."""
        values = keras.tree.flatten(inputs)
        if isinstance(inputs, dict) or len(values) != len(self.inputs):
            return None
        pairs = list(zip(values, self.inputs, strict=True))
        if not all(_fits(value, tensor) for value, tensor in pairs):
            return None
        return [keras.ops.convert_to_tensor(value, dtype=tensor.dtype) for value, tensor in pairs]


def _steps_on_torch() -> bool:
    """Whether torch runs step by step, not to compile or to export what it does."""
    if keras.backend.backend() != "torch":
        return False
    import torch

    return not torch.compiler.is_compiling()


def _fits(value, tensor) -> bool:
    """Whether a value has the shape of the model's tensor."""
    return len(value.shape) == len(tensor.shape) and all(
        size in (None, found) for size, found in zip(tensor.shape, value.shape, strict=True)
    )


class Part:
    """What lies between known tensors of a model and others, run layer by layer.

    Unlike a model in the same place it lets go of each result after its last use: a linear
    convolution's result is not needed any more when it has been added.

    Args:
        known: Tensors of the model.
        outputs: Tensors that are made of them.
    """

    def __init__(self, known: Sequence, outputs: Sequence):
        calls = {}  # a call that makes several tensors stands here once
        for tensor in tensors_between(known, outputs):
            call = made_by(tensor)
            calls.setdefault(id(call.made[0]), call)
        self.calls = list(calls.values())
        self.outputs = [id(tensor) for tensor in outputs]
        taken = {id(one) for call in self.calls for one in call.tensors} | set(self.outputs)
        self.takes = [place for place, tensor in enumerate(known) if id(tensor) in taken]
        self.given = [id(known[place]) for place in self.takes]
        self.made = [
            [(place, id(one)) for place, one in enumerate(call.made) if id(one) in taken]
            for call in self.calls
        ]
        last_use = {id(one): step for step, call in enumerate(self.calls) for one in call.tensors}
        self.spent = [
            [key for key, last in last_use.items() if last == step and key not in self.outputs]
            for step in range(len(self.calls))
        ]
        accepted = [inspect.signature(call.operation.call).parameters for call in self.calls]
        self.trains = ["training" in names for names in accepted]
        operations = [call.operation for call in self.calls]
        self.layers = [one for one in operations if isinstance(one, keras.Layer)]
        self.special = any(
            "mask" in names and not isinstance(one, keras.Model)
            for one, names in zip(operations, accepted, strict=True)
        ) or any(one.dtype != POLICY for call in self.calls for one in call.tensors)

    def straight(self) -> bool:
        """Whether layers are run straight: on torch, where Keras has nothing to do for them."""
        return (
            _steps_on_torch()
            and not self.special
            and all(
                layer.dtype_policy.name == POLICY and layer.activity_regularizer is None
                for layer in self.layers
            )
        )

    def picked(self, known: Sequence) -> list:
        """What it takes of values of the known tensors."""
        return [known[place] for place in self.takes]

    def __call__(self, *given, training: bool | None = None) -> list:
        """Runs it.

        Args:
            *given: Values of those of the known tensors that it takes, as `picked` gives them.
            training: Whether layers that behave differently in training do so.

        Returns:
            Values of the outputs.
        """
        straight = self.straight()
        results = dict(zip(self.given, given, strict=True))
        steps = zip(self.calls, self.made, self.spent, self.trains, strict=True)
        for call, made, spent, trains in steps:
            args, kwargs = (_filled(each, results) for each in call.arguments)
            if trains and training is not None:
                kwargs["training"] = training
            run = call.operation.call if straight else call.operation
            found = keras.tree.flatten(run(*args, **kwargs))
            results.update((key, found[place]) for place, key in made)
            del found, args, kwargs
            for key in spent:
                del results[key]
        return [results[key] for key in self.outputs]


def _filled(argument, results: dict[int, object]):
    """An argument with values in the place of the model's tensors."""
    if isinstance(argument, (list, tuple)):
        inside = [_filled(one, results) for one in argument]
        return tuple(inside) if isinstance(argument, tuple) else inside
    if isinstance(argument, dict):
        return {key: _filled(one, results) for key, one in argument.items()}
    return results.get(id(argument), argument)
