"""A 2D convolution with what the published networks put around it: border and activation."""

from keras_vsr.layers import Conv2D, EdgePad, ParametricReLU

BORDERS = ("zeros", "replicate")
PARAMETRIC = {"prelu": False, "prelu_shared": True}  # whether one slope serves all channels


def convolve(x, filters, kernel, *, border="zeros", activation=None, data_format, name, **options):
    """A convolution that keeps the size.

    Args:
        x: Features in the inner layout.
        filters: Filters.
        kernel: Kernel size; an odd one where the border is replicated.
        border: "zeros" around the features, or "replicate", their outermost pixels.
        activation: Any of Keras's; "prelu" with a slope for each channel, "prelu_shared" with one
            for the layer.
        data_format: The inner layout.
        name: Name of the convolution; the layers around it are called after it.
        **options: For `keras.layers.Conv2D`.

    Raises:
        ValueError: `border` is neither of the two, or `kernel` is even where it has to be odd.
    """
    if border not in BORDERS:
        raise ValueError(f"border must be one of {', '.join(BORDERS)}; got {border!r}")
    if border == "replicate" and kernel % 2 == 0:
        raise ValueError(f"kernel must be odd where the border is replicated; got {kernel}")
    if border == "replicate" and kernel > 1:
        x = EdgePad(kernel // 2, data_format=data_format, name=f"{name}_border")(x)
    x = Conv2D(
        filters,
        kernel,
        padding="valid" if border == "replicate" else "same",
        activation=None if activation in PARAMETRIC else activation,
        data_format=data_format,
        name=name,
        **options,
    )(x)
    return activate_parametric(x, activation, data_format, name)


def activate_parametric(x, activation, data_format, name):
    """The layer with learned slopes, where `activation` asks for one; else `x` itself."""
    if activation not in PARAMETRIC:
        return x
    return ParametricReLU(PARAMETRIC[activation], data_format=data_format, name=f"{name}_prelu")(x)
