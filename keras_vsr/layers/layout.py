"""Where the layout inside a network is decided.

Every public door is channels last: image (H, W, 1), window (5, H, W, 1). Inside, the layout is a
matter of speed only. Keras on torch copies the whole input twice or three times for each
channels-last convolution and not at all for a channels-first one; TensorFlow and JAX are at home
in channels last. With one channel the change at the doors moves no data.
"""

import keras


def default_data_format() -> str:
    """The faster layout on the backend in use: `channels_first` on torch, else `channels_last`."""
    return "channels_first" if keras.backend.backend() == "torch" else "channels_last"


def to_inner(x, data_format: str, name: str):
    """From channels last to the inner layout; x is (batch, H, W, C) or (batch, D, H, W, C)."""
    if data_format == "channels_last":
        return x
    rank = len(x.shape) - 1
    return keras.layers.Permute((rank, *range(1, rank)), name=name)(x)


def to_public(x, data_format: str, name: str):
    """From the inner layout back to channels last, and to float32 where layers compute in less."""
    if data_format == "channels_last":
        return keras.layers.Identity(dtype="float32", name=name)(x)
    rank = len(x.shape) - 1
    return keras.layers.Permute((*range(2, rank + 1), 1), dtype="float32", name=name)(x)


def drop_depth(x, data_format: str):
    """Volumes of one frame, in the inner layout, to frames: (batch, 1, H, W, C) to (batch, H, W,
    C), or (batch, C, 1, H, W) to (batch, C, H, W)."""
    return x[:, :, 0] if data_format == "channels_first" else x[:, 0]
