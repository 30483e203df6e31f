"""What Keras on torch leaves behind, cleared away at once."""

import gc

import keras

YOUNG = 1  # generation of objects, as Python's collector counts: older ones take longer to look at


def clear_arguments() -> None:
    """Frees the tensors that layers were given.

    Keras 3.15 on torch leaves each call's arguments in a circle of references. All results between
    layers would be held until Python happens to look for such circles, which it does by the number
    of objects, however large they are. About a millisecond; on the other backends there is nothing
    to do.
    """
    if keras.backend.backend() == "torch":
        gc.collect(YOUNG)
