"""Weights: their first values, from NumPy, and published ones, one file per format."""

from keras_vsr.weights.keras2_h5 import load_keras2_h5
from keras_vsr.weights.mat import load_mat
from keras_vsr.weights.pth import load_pth

__all__ = ["load_keras2_h5", "load_mat", "load_pth"]
