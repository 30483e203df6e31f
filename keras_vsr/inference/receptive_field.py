"""How far a network sees: what a tile needs around it.

Along one axis, pixel o of any tensor inside these networks sees the input's pixels from
floor((o + first) / scale) to floor((o + last) / scale). Every layer turns such a rule into another
one of the same form, and where two tensors meet the wider view counts, so that the numbers are
exact and not a bound. A layer that is run several times counts each time.
"""

from typing import NamedTuple

import keras

from keras_vsr.errors import InputError
from keras_vsr.inference.geometry import geometry
from keras_vsr.layers import BicubicEnlarge, EdgePad, PixelShuffle
from keras_vsr.models.graph import kind, made_by, output_of, tensors_of

ROWS, COLUMNS = 0, 1

# Of these each pixel of the output sees the same pixel of each input: they work on values, on the
# order of axes, or on frames and channels. The networks index and join no rows and no columns.
POINTWISE = {
    "Activation",
    "Add",
    "BatchToFrames",
    "Concatenate",
    "FramesToBatch",
    "GetItem",
    "Identity",
    "ParametricReLU",
    "Permute",
    "RangeLimiter",
    "ReLU",
    "Split",
    "Stack",
}
PACKING = {"PackWindows", "UnpackWindows"}  # pointwise; their second input only tells a length

CUBIC_REACH = 2  # pixels of an LR frame on each side at which the cubic kernel is zero


class ReceptiveField(NamedTuple):
    """Pixels of the input that are seen around the pixel that an output pixel lies in.

    Attributes:
        above: Rows above.
        below: Rows below.
        left: Columns to the left.
        right: Columns to the right.
    """

    above: int
    below: int
    left: int
    right: int


class _View(NamedTuple):
    """Pixel o sees the input from floor((o + first) / scale) to floor((o + last) / scale)."""

    first: int
    last: int
    scale: int

    def through(self, first: int, last: int, scale: int = 1) -> "_View":
        """The view of a tensor whose pixel o sees floor((o + first) / scale) to floor((o + last) /
        scale) of this one."""
        return _View(first + scale * self.first, last + scale * self.last, scale=scale * self.scale)


def receptive_field(model: keras.Model) -> ReceptiveField:
    """How far a network sees in the input's pixels; time is not counted.

    Args:
        model: A functional model of convolutions, of the layers of `keras_vsr.layers` but `Warp`,
            and of models of those.

    Returns:
        What the output's pixels that lie in one pixel of the input see around it. Of an output with
        a border, pixel 0 lies `border` pixels inside.

    Raises:
        InputError: a layer sees as far as its input says, or is not known here.
    """
    shape = geometry(model)
    sides = []
    for axis in (ROWS, COLUMNS):
        view = _view(model, axis)
        sides += [
            -((view.first - shape.border) // view.scale),
            (view.last - shape.border + shape.ratio - 1) // view.scale,
        ]
    return ReceptiveField(*(max(side, 0) for side in sides))


def _view(model: keras.Model, axis: int) -> _View:
    """What the model's output sees of its input."""
    views = {id(model.inputs[0]): _View(0, 0, 1)}
    for tensor in tensors_of(model):
        layer, tensors, *_ = made_by(tensor)
        if kind(layer) in PACKING:
            tensors = tensors[:1]
        views[id(tensor)] = _after(layer, [views[id(one)] for one in tensors], axis)
    return views[id(output_of(model))]


def _after(layer, views: list[_View], axis: int) -> _View:
    """What a layer's output sees, by what its inputs see."""
    if kind(layer) in POINTWISE | PACKING:
        (scale,) = {view.scale for view in views}
        first, last = min(view.first for view in views), max(view.last for view in views)
        return _View(first, last, scale)
    view = views[0]
    if len(views) > 1:
        pass  # a layer or a model that joins tensors, and is none of the above
    elif isinstance(layer, keras.Model):
        inner = _view(layer, axis)
        return view.through(inner.first, inner.last, inner.scale)
    elif isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv3D)):
        if set(layer.strides) | set(layer.dilation_rate) == {1}:
            taps = layer.kernel_size[-2:][axis]
            keeps = layer.padding == "same" or getattr(layer, "keeps_frame", False)
            before = (taps - 1) // 2 if keeps else 0
            return view.through(-before, taps - 1 - before)
    elif isinstance(layer, keras.layers.Conv2DTranspose):
        taps, stride = layer.kernel_size[axis], layer.strides[axis]
        cut = max(taps - stride, 0) // 2 if layer.padding == "same" else 0
        # The input's pixel i adds to the pixels from stride * i - cut on, `taps` of them.
        return view.through(cut - taps + stride, cut, stride)
    elif isinstance(layer, keras.layers.Cropping2D):
        before = layer.cropping[axis][0]
        return view.through(before, before)
    elif isinstance(layer, (keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D)):
        before = layer.padding[-2:][axis][0]
        return view.through(-before, -before)
    elif isinstance(layer, EdgePad):
        return view.through(-layer.border, -layer.border)
    elif isinstance(layer, PixelShuffle):
        return view.through(0, 0, layer.scale)
    elif isinstance(layer, BicubicEnlarge):
        # Around the middle (o + 1/2) / scale - 1/2 of pixel o, less than two pixels away.
        scale = layer.scale
        nearest = (1 + scale - 2 * CUBIC_REACH * scale) // 2
        return view.through(nearest, -nearest, scale)
    raise InputError(
        f"how far the network sees is not known, because of its layer {layer.name} "
        f"({kind(layer)}), so that frames cannot be cut into tiles; give it the memory for whole "
        "frames"
    )
