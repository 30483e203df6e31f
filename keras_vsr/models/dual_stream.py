"""Space-time super-resolution by two streams: the HR frame between two LR frames.

wacv2021, "Dual-Stream Fusion Network for Spatiotemporal Video Super-Resolution". One stream makes
the middle frame first and enlarges it (T->S); the other enlarges both frames first and makes the
middle one of them (S->T). A network F weighs the two, a network R refines the result. That both
streams use one spatial network M_S and one temporal network M_T, with the same weights, is not said
in so many words; the paper names one of each.

Any network is a spatial one that takes (batch, h, w, channels) to `scale` times its size, and a
temporal one that takes (batch, 2, H, W, channels) to the frame between; each pads what it must.
Further ones are a builder and a line in `SPATIAL` or `TEMPORAL`.
"""

from collections.abc import Callable

import keras

from keras_vsr.models.espcn import espcn
from keras_vsr.models.fusion import fuse, fusion_network, refinement_network
from keras_vsr.models.network import Network
from keras_vsr.models.superslomo import superslomo

# Builders take scale, channels, residual, data_format and name.
SPATIAL: dict[str, Callable[..., keras.Model]] = {"espcn": espcn}

# Builders take channels, residual, data_format and name.
TEMPORAL: dict[str, Callable[..., keras.Model]] = {"superslomo": superslomo}


def dual_stream(
    *,
    spatial: Callable[..., keras.Model] = espcn,
    temporal: Callable[..., keras.Model] = superslomo,
    fusion: bool = True,
    refinement: bool = True,
    scale: int = 2,
    channels: int = 1,
    fusion_filters: int = 32,
    refinement_filters: int = 128,
    residual: bool = False,
    data_format: str | None = None,
    name: str = "dual_stream",
) -> keras.Model:
    """Builds both streams and what comes after them: 60,330,192 parameters at scale 2.

    Args:
        spatial: Builder of M_S, one of `SPATIAL` or alike. `functools.partial` sets its own
            arguments.
        temporal: Builder of M_T, one of `TEMPORAL` or alike.
        fusion: Whether F joins the streams.
        refinement: Whether R comes last: after F, or where there is no F one R after each stream.
        scale: Whole number by which frames grow.
        channels: Channels of a frame, 1 for luma.
        fusion_filters: Of F's first level.
        refinement_filters: Of R.
        residual: Starts as interpolation: M_S at bicubic, M_T at the mean of its frames, F at the
            mean of the streams, R at the identity.
        data_format: Layout inside M_S, M_T, F and R; None takes the backend's faster one.
        name: Name of the model; put before the names of the networks inside.

    Input shape:
        (batch, 2, h, w, channels), the LR frames at t - 1 and t + 1 in [0, 1], of any size

    Output shape:
        A dictionary: "low_middle" (batch, h, w, channels), the LR frame at t; and, of shape
        (batch, scale * h, scale * w, channels), "high_before" and "high_after", the enlarged
        frames; "t_then_s" and "s_then_t", the streams' frames at t; then "fused" and "refined", or
        "t_then_s_refined" and "s_then_t_refined", where there are such.
    """
    shared = {"channels": channels, "residual": residual, "data_format": data_format}
    enlarge = spatial(scale=scale, name=f"{name}_spatial", **shared)
    interpolate = temporal(name=f"{name}_temporal", **shared)

    pair = keras.Input((2, None, None, channels), name="pair")
    made = {"low_middle": interpolate(pair)}
    made["high_before"], made["high_after"] = enlarge(pair[:, 0]), enlarge(pair[:, 1])
    made["t_then_s"] = enlarge(made["low_middle"])
    made["s_then_t"] = interpolate(
        keras.ops.stack([made["high_before"], made["high_after"]], axis=1)
    )
    last = {"t_then_s_refined": made["t_then_s"], "s_then_t_refined": made["s_then_t"]}
    if fusion:
        weigh = fusion_network(filters=fusion_filters, name=f"{name}_fusion", **shared)
        streams = made["t_then_s"], made["s_then_t"]
        made["fused"] = fuse(weigh(keras.ops.concatenate(streams, axis=-1)), *streams)
        last = {"refined": made["fused"]}
    if refinement:
        for output, frame in last.items():
            refine = refinement_network(
                filters=refinement_filters, name=f"{name}_{output}", **shared
            )
            made[output] = refine(frame)
    return Network(pair, made, name=name)


def stream_networks(model: keras.Model) -> list[keras.Model]:
    """M_S and M_T of a model that `dual_stream` built."""
    return [model.get_layer(f"{model.name}_{part}") for part in ("spatial", "temporal")]


def single_output(model: keras.Model, output: str) -> keras.Model:
    """The same network, weights shared, with one frame as its output.

    Args:
        model: Of `dual_stream`.
        output: A key of its outputs.

    Raises:
        ValueError: it has no such output.
    """
    pair = keras.Input(model.input_shape[1:], name="pair")
    made = model(pair)
    if output not in made:
        raise ValueError(f"output must be one of {', '.join(made)}; got {output!r}")
    return Network(pair, made[output], name=f"{model.name}_{output}_only")
