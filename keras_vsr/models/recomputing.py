"""Training in less memory: what the gradient needs is computed a second time, part by part.

Without it a training step holds the result of every activation until its gradient is due. Here it
holds only the results named, and computes those between two of them again when their gradient is
due: less memory for the time of one more run forward.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import keras

from keras_vsr.models.garbage import clear_arguments
from keras_vsr.models.graph import made_by, tensors_of
from keras_vsr.models.network import Network, Part

RELU_INSIDE = "_relu"  # in the names of a recursive block's ReLUs that its sum leads around
HELD = 1 / 3  # of what is held without
BISECTIONS = 20  # to a millionth of what is held without


class Cost(NamedTuple):
    """What one layer of a chain keeps for the gradient, all in the same unit.

    Attributes:
        name: The layer, whose result is all that the layers behind it take of those before it.
        result: Its result alone.
        work: Its result and all that has been kept since the layer before it in the chain.
    """

    name: str
    result: float
    work: float


@keras.saving.register_keras_serializable(package="keras_vsr")
class RecomputingModel(Network):
    """A functional model that in training keeps the results of a few layers only.

    Layers, names, weights and results are those of `keras.Model(inputs, outputs)`.

    Args:
        inputs: As of `keras.Model`.
        outputs: As of `keras.Model`.
        name: Name of the model.
        kept: Names of layers, each run once and each after those whose results it is made of. What
            lies before them is computed again; what lies behind the last of them, whose gradient is
            due first, is kept.
        **kwargs: As of `keras.Model`.

    Raises:
        ValueError: a layer of `kept` is not in the model, or is run more than once; or a layer
            draws random numbers or counts its runs, so that the second run would be another.
    """

    def __init__(self, inputs, outputs, name=None, **kwargs):
        kept = list(kwargs.pop("kept"))
        super().__init__(inputs, outputs, name=name, **kwargs)
        changing = [layer.name for layer in self.layers if layer.non_trainable_variables]
        if changing:
            raise ValueError(f"{', '.join(changing)} would change when run a second time")
        self.kept = kept
        *self.parts, self.last = _parts(self, kept)
        self.runs = [_recomputed(part) for part in self.parts]

    def call(self, inputs, training=None, mask=None):
        results = self.given(inputs) if training else None
        if results is None:
            return super().call(inputs, training=training, mask=mask)
        for part, run in zip(self.parts, self.runs, strict=True):
            results.append(run(*part.picked(results)))
        made = self.last(*self.last.picked(results), training=True)
        return keras.tree.pack_sequence_as(self.output, made)

    def get_config(self):
        return {**super().get_config(), "kept": list(self.kept)}


def _recomputed(part: Part) -> Callable:
    """A part of one result that keeps what it takes alone, and is run again for its gradient."""

    def run(*given):
        (made,) = part(*given, training=True)
        if not part.straight():
            clear_arguments()
        return made

    if keras.backend.backend() != "torch":
        return keras.remat(run)
    # Torch would leave the second run by an exception as soon as it has all that it needs. That
    # passes through Keras, which makes a longer message of it, which holds what was computed.
    return partial(keras.remat(run), early_stop=False, preserve_rng_state=False)


def _parts(model: keras.Model, kept: Sequence[str]) -> list[Part]:
    """The parts of a model between the results that are kept.

    Raises:
        ValueError: as for `RecomputingModel`.
    """
    made = {}
    for tensor in tensors_of(model):
        made.setdefault(made_by(tensor).operation.name, []).append(tensor)
    known, parts = list(model.inputs), []
    for name in kept:
        if len(made.get(name, ())) != 1:
            raise ValueError(f"kept must name layers of {model.name} that are run once; got {name}")
        parts.append(Part(known, made[name]))
        known += made[name]
    return [*parts, Part(known, model.outputs)]


def chain_costs(model: keras.Model, prefix: str) -> list[Cost]:
    """The layers of a chain of convolutions, ReLUs and recursive blocks, with what they keep.

    Gradients need the results of activations. Those of linear convolutions and of sums they do not
    need: the layers behind these are ReLUs.

    Args:
        model: A network whose layers with that prefix are a chain, at one resolution.
        prefix: Of their names.

    Returns:
        Costs in numbers for each pixel.
    """
    costs, work = [], 0
    for layer in model.layers:
        linear = getattr(layer, "activation", None) is keras.activations.linear
        if not layer.name.startswith(prefix) or linear or isinstance(layer, keras.layers.Add):
            continue
        result = math.prod(size for size in layer.output.shape if size)
        work += result
        if RELU_INSIDE not in layer.name:
            costs.append(Cost(layer.name, result, work))
            work = 0
    return costs


def chosen(costs: Sequence[Cost]) -> list[str]:
    """The layers of a chain whose results are kept, so that no more than `HELD` is held.

    When the gradient of a part is due, what is held are the results kept before it and, computed
    again, all that the part keeps. So the parts become smaller from the first to the last.

    Args:
        costs: The layers of the chain in order.

    Returns:
        Names of some of the layers, in order. Where that is too little for the chain, that with
        which the least is held.
    """
    low, high = HELD * sum(cost.work for cost in costs), float(sum(cost.work for cost in costs))
    best = _within(costs, low)
    if best is not None:
        return best
    best = []
    for _ in range(BISECTIONS):
        limit = (low + high) / 2
        found = _within(costs, limit)
        if found is None:
            low = limit
        else:
            high, best = limit, found
    return best


def _within(costs: Sequence[Cost], limit: float) -> list[str] | None:
    """The layers to keep so that no more than the limit is held; None where there is no way.

    Of the ways there are, one whose last part, which is not computed again, is the longest.
    """
    work = [0.0, *accumulate(cost.work for cost in costs)]
    held = [0.0]  # least that is kept where the layer of this number (from 1) is the last one kept
    before = [0]  # which one is kept before it then
    for last, cost in enumerate(costs, start=1):
        ways = [
            (held[first], first)
            for first in range(last)
            if held[first] + work[last] - work[first] <= limit
        ]
        least, first = min(ways, default=(math.inf, 0))
        held.append(least + cost.result)
        before.append(first)
    for last, kept in enumerate(held):
        if kept + work[-1] - work[last] <= limit:
            names = []
            while last:
                names.append(costs[last - 1].name)
                last = before[last]
            return names[::-1]
    return None
