"""The few layers that Keras lacks."""

from keras_vsr.layers.bicubic import BicubicEnlarge
from keras_vsr.layers.convolution import Conv2D, Conv2DTranspose, Conv3D
from keras_vsr.layers.edge_pad import EdgePad
from keras_vsr.layers.layout import default_data_format, drop_depth, to_inner, to_public
from keras_vsr.layers.packing import BatchToFrames, FramesToBatch, PackWindows, UnpackWindows
from keras_vsr.layers.pad_to_multiple import CropLike, PadToMultiple
from keras_vsr.layers.parametric_relu import ParametricReLU
from keras_vsr.layers.pixel_shuffle import PixelShuffle
from keras_vsr.layers.range_limiter import RangeLimiter
from keras_vsr.layers.warp import Warp

__all__ = [
    "BatchToFrames",
    "BicubicEnlarge",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "CropLike",
    "EdgePad",
    "FramesToBatch",
    "PackWindows",
    "PadToMultiple",
    "ParametricReLU",
    "PixelShuffle",
    "RangeLimiter",
    "UnpackWindows",
    "Warp",
    "default_data_format",
    "drop_depth",
    "to_inner",
    "to_public",
]
