"""Number formats of a network: float32, or half precision with float32 weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers built inside compute as `policy` says; compiled inside, "mixed_float16" has its loss
    scaled dynamically, so that small gradients do not become zero.

    Args:
        policy: "float32", "mixed_float16" or "mixed_bfloat16".
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
