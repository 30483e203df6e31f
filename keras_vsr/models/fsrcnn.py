"""FSRCNN as published, which enlarges in its last layer.

Dong, Loy, Tang: Accelerating the Super-Resolution Convolutional Neural Network, ECCV 2016. The
paper leaves open where in the HR frame an LR pixel's 9x9 kernel is centred, and that matters by 6
dB; it follows from how the authors cut their training images (`landing`).
"""

from functools import partial

import keras

from keras_vsr.layers import Conv2DTranspose, EdgePad, default_data_format, to_inner, to_public
from keras_vsr.models.convolve import convolve
from keras_vsr.models.network import Network
from keras_vsr.models.residual import add_bicubic

KERNEL = 9  # of the transposed convolution

# Sizes in pixels of the LR and HR training images by scale: ECCV 2016, section 4.1.
TRAINING_SIZES = {2: (10, 19), 3: (7, 19), 4: (6, 21)}


def landing(scale: int) -> int:
    """The HR pixel on which the kernel of LR pixel 0 is centred, in rows and in columns.

    A transposed convolution without a border puts LR pixel 0 on the first pixel of the HR training
    image. The authors' program cut that image at the row (from 1, for the LR row x = 1)

        scale * (x + floor((low - 1) / 2)) - floor((high + scale) / 2 - 1)

    which is 1 for even sizes of the LR image and (scale + 1) / 2 for odd ones: HR pixel 0 at scales
    2 and 4, HR pixel 1 at scale 3.

    Raises:
        ValueError: the paper has no training images for this scale.
    """
    if scale not in TRAINING_SIZES:
        raise ValueError(f"scale must be one of {sorted(TRAINING_SIZES)}; got {scale}")
    low, high = TRAINING_SIZES[scale]
    from_one = scale * (1 + (low - 1) // 2) - ((high + scale - 2) // 2)
    return from_one - 1


def fsrcnn(
    *,
    d: int = 56,
    s: int = 12,
    m: int = 4,
    scale: int = 2,
    border: str = "replicate",
    residual: bool = False,
    data_format: str | None = None,
    name: str = "fsrcnn",
) -> keras.Model:
    """Builds FSRCNN(d, s, m): 12,644 parameters with the published values, 7 slopes among them.

    Args:
        d: Filters of the first layer and of the last but one.
        s: Filters of the mapping layers.
        m: Number of mapping layers.
        scale: 2, 3 or 4: stride of the transposed convolution.
        border: "replicate" repeats the outermost pixels, as the authors' tests do; "zeros".
        residual: Adds the bicubic enlargement of the frame, and starts the last layer at zero.
        data_format: Layout inside; None takes the backend's faster one.
        name: Name of the model; put before the names of its layers that have weights.

    Input shape:
        (batch, h, w, 1), an LR frame

    Output shape:
        (batch, scale * h, scale * w, 1)

    Raises:
        ValueError: `scale` or `border` is none of those.
    """
    data_format = data_format or default_data_format()
    conv = partial(convolve, border=border, activation="prelu_shared", data_format=data_format)
    frame = keras.Input((None, None, 1), name="frame")
    x = to_inner(frame, data_format, "enter")
    x = conv(x, d, 5, name=f"{name}_extract")
    x = conv(x, s, 1, name=f"{name}_shrink")
    for layer in range(1, m + 1):
        x = conv(x, s, 3, name=f"{name}_map{layer}")
    x = conv(x, d, 1, name=f"{name}_expand")
    x = _enlarge(x, scale, border, residual, data_format, f"{name}_upscale")
    x = to_public(x, data_format, "leave")
    if residual:
        x = add_bicubic(x, frame, scale)
    return Network(frame, x, name=name)


def fsrcnn_s(*, name: str = "fsrcnn_s", **arguments) -> keras.Model:
    """FSRCNN-s, the small one: `fsrcnn` with d = 32, s = 5, m = 1."""
    return fsrcnn(d=32, s=5, m=1, name=name, **arguments)


def _enlarge(x, scale, border, zero, data_format, name):
    """The transposed convolution, cut so that LR pixel 0 lies at HR pixel `landing(scale)`."""
    reach, phase = KERNEL // 2, landing(scale)
    # LR pixels outside the frame whose kernels reach into it.
    outside = -(-(reach + phase) // scale) if border == "replicate" else 0
    if outside:
        x = EdgePad(outside, data_format=data_format, name=f"{name}_border")(x)
    x = Conv2DTranspose(
        1,
        KERNEL,
        strides=scale,
        padding="valid",
        kernel_initializer="zeros" if zero else "glorot_uniform",
        data_format=data_format,
        name=name,
    )(x)
    before = scale * outside + reach - phase
    after = scale * (outside - 1) + KERNEL - reach + phase
    return keras.layers.Cropping2D(
        ((before, after), (before, after)), data_format=data_format, name=f"{name}_crop"
    )(x)
