"""Training of the space-time networks: a loss on every intermediate frame, and stages.

wacv2021: L1 losses on the interpolated LR frame, both enlarged frames, both streams' results, the
fused and the refined frame; first F with fixed streams at a rate of 1e-4, then all at once, M_S and
M_T at 1e-5. The stage before, in which M_S and M_T learn, is this project's: there they came with
their authors' weights. How the losses are weighted is not said; they are added.

`fit` trains it as any other network, stopped and continued at any epoch: a `DualStreamTrainer`,
compiled by `compile_stage`, batches from `TripletEpochs`, scores from `HeldTriplets`. Batches
should have two triplets or more: for a single small one torch falls back to a convolution of its
own that has no gradient for R's last layer, and says so.
"""

from dataclasses import dataclass

import keras
from keras import ops

from keras_vsr.models.dual_stream import stream_networks
from keras_vsr.training.fit import check_paths
from keras_vsr.training.recipe import Recipe
from keras_vsr.training.two_rate_adam import TwoRateAdam

STREAMS, FUSION = "streams", "fusion"  # M_S and M_T; F and R

SOURCE = "wacv2021"


@dataclass(frozen=True)
class Stage:
    """What learns, and how fast.

    Attributes:
        recipe: Its learning rate is that of F and R, or where these are fixed of the streams.
        learns: `STREAMS`, `FUSION` or both.
        stream_factor: Rate of M_S and M_T over the recipe's.
    """

    recipe: Recipe
    learns: tuple[str, ...]
    stream_factor: float = 1.0


def _recipe(learning_rate: float) -> Recipe:
    """Batch, epochs and patience are not said."""
    return Recipe(
        learning_rate=learning_rate, batch_size=4, epochs=100, patience=None, source=SOURCE
    )


# In the order in which they are run. The last two rates are published; at them, networks that start
# from nothing have learned next to nothing after a hundred steps, hence the first one.
STAGES: dict[str, Stage] = {
    "streams": Stage(_recipe(1e-3), (STREAMS,)),
    "fusion": Stage(_recipe(1e-4), (FUSION,)),
    "joint": Stage(_recipe(1e-4), (STREAMS, FUSION), stream_factor=0.1),
}

# Frame of the LR or the HR triplet that an output is compared with; others with the HR middle one.
LOW_TARGETS = {"low_middle": 1}
HIGH_TARGETS = {"high_before": 0, "high_after": 2}


@keras.saving.register_keras_serializable(package="keras_vsr")
class DualStreamTrainer(keras.Model):
    """A space-time network between whole triplets, with its loss.

    It is given all three LR frames, so that one array holds the network's input and the target of
    the interpolated LR frame; the network sees the outer two.

    Args:
        network: Of `dual_stream`.

    Input shape:
        (batch, 3, h, w, channels), with targets of shape (batch, 3, scale * h, scale * w, channels)

    Output shape:
        The dictionary of `dual_stream`.
    """

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network

    def call(self, low, training=None):
        return self.network(low[:, ::2], training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sum over outputs of the mean absolute difference."""
        losses = []
        for output, made in y_pred.items():
            if output in LOW_TARGETS:
                target = x[:, LOW_TARGETS[output]]
            else:
                target = y[:, HIGH_TARGETS.get(output, 1)]
            losses.append(ops.mean(ops.abs(ops.cast(target, made.dtype) - made)))
        return sum(losses[1:], start=losses[0])

    def get_config(self):
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
        }

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("network")), **config)


def compile_stage(trainer: DualStreamTrainer, stage: Stage) -> None:
    """Fixes what does not learn, and gives the rest its optimizer.

    Losses of fixed outputs are still added to the loss; they are constants.

    Raises:
        ValueError: nothing would learn, or two variables have one path.
    """
    network = trainer.network
    streams = stream_networks(network)
    for layer in network.layers:
        layer.trainable = (STREAMS if layer in streams else FUSION) in stage.learns
    variables = trainer.trainable_variables
    if not variables:
        raise ValueError(f"{network.name} has nothing that learns in a stage of {stage.learns}")
    check_paths(network)
    trainer.compile(
        optimizer=TwoRateAdam(
            stage.recipe.learning_rate,
            slow_paths=[v.path for stream in streams for v in stream.trainable_variables],
            slow_factor=stage.stream_factor,
            epsilon=stage.recipe.epsilon,
        ),
        jit_compile=keras.backend.backend() == "jax",  # as in `fit.compile_model`
    )
    trainer.optimizer.build(variables)
