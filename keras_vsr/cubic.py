"""The cubic convolution kernel: of the degradations on one side, of a layer on the other.

Reference:
    Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29,
    1981.
"""

import numpy as np

# Free parameter of the kernel. Keys, MATLAB, Pillow, TensorFlow and JAX use -0.5;
# OpenCV's INTER_CUBIC and torch use -0.75 (torch only where it does not antialias).
KEYS_A = -0.5
OPENCV_A = -0.75


def cubic_kernel(distance: np.ndarray, a: float = KEYS_A) -> np.ndarray:
    """Cubic convolution kernel at distances in pixels; zero from 2 pixels on."""
    x = np.abs(distance)
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
