"""How low-resolution (LR) frames are made from high-resolution (HR) ones, and enlarged again.

Every way has a name, because results made in different ways cannot be compared: on the climate
frames, bicubic enlargement gains 13 dB where the LR frames were filtered and not merely thinned
out by dropping pixels.

Frames are `(..., H, W)` floating-point arrays, a clip is `(T, H, W)`; there is no channel axis.
Sums are in float64, results in the type of the input, and no frame is rounded or clipped. Clips
are worked on frame by frame, so that nothing larger than one frame is held in float64.

Reference:
    Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29,
    1981: the cubic kernel with a = -0.5, as in MATLAB's `imresize` and in Pillow.
"""

from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_array

from keras_vsr.cubic import OPENCV_A, cubic_kernel
from keras_vsr.errors import InputError

# The 2021 report says "Gaussian filter with sigma = 3" and no more. OpenCV, left to choose, takes
# 3 sigma on each side for 8-bit frames, which these were: a 19x19 kernel.
GAUSSIAN_SIGMA = 3.0
GAUSSIAN_RADIUS = 9

BORDERS = ("mirror", "renormalise", "replicate")


def linear_kernel(distance: np.ndarray) -> np.ndarray:
    """Triangle kernel at distances in pixels; zero from 1 pixel on."""
    return np.maximum(1 - np.abs(distance), 0.0)


# Name: kernel, and the distance in pixels from which it is zero.
KERNELS = {
    "cubic": (cubic_kernel, 2),
    "cubic_opencv": (partial(cubic_kernel, a=OPENCV_A), 2),
    "linear": (linear_kernel, 1),
}


@lru_cache(maxsize=64)
def weight_matrix(
    source: int, target: int, *, kernel: str = "cubic", antialias: bool = True, border: str
) -> csr_array:
    """Interpolation along one axis as a sparse matrix; do not change it, it is cached.

    The middle of target pixel i lies at (i + 0.5) * source / target - 0.5 in source pixels.

    Args:
        source: Number of pixels before.
        target: Number of pixels after.
        kernel: A name of `KERNELS`.
        antialias: Whether the kernel is widened by source / target when there are fewer pixels
            after than before, so that it filters what the smaller frame cannot hold.
        border: What lies beyond the first and last pixel: "mirror" (MATLAB: the same pixels in
            reverse, the outermost one twice), "replicate" (OpenCV, torch, and the program that
            made the published LR files of Set5: the outermost one again and again) or
            "renormalise" (Pillow, TensorFlow, JAX: nothing, the weights inside are scaled to
            sum to one).

    Returns:
        A float64 matrix of shape (target, source) whose rows sum to one.
    """
    function, reach = KERNELS[kernel]
    widen = max(source / target, 1.0) if antialias else 1.0
    centre = (np.arange(target) + 0.5) * source / target - 0.5
    taps = int(np.ceil(2 * reach * widen)) + 2
    first = np.floor(centre - reach * widen).astype(int)
    pixel = first[:, np.newaxis] + np.arange(taps)
    weight = function((pixel - centre[:, np.newaxis]) / widen)

    if border == "mirror":
        pixel = pixel % (2 * source)
        pixel = np.where(pixel < source, pixel, 2 * source - 1 - pixel)
    else:
        if border == "renormalise":
            weight = np.where((pixel >= 0) & (pixel < source), weight, 0.0)
        pixel = np.clip(pixel, 0, source - 1)
    weight /= weight.sum(axis=1, keepdims=True)

    row = np.repeat(np.arange(target), taps)
    matrix = csr_array((weight.ravel(), (row, pixel.ravel())), shape=(target, source))
    matrix.eliminate_zeros()
    return matrix


def resize_bicubic(
    frames: np.ndarray, height: int, width: int, antialias: bool = True, border: str = "mirror"
) -> np.ndarray:
    """Bicubic resizing with a = -0.5, by default exactly as MATLAB's `imresize`.

    Args:
        frames: Floating-point array of shape (..., H, W).
        height: Height of the result in pixels, larger or smaller than H.
        width: Width of the result in pixels.
        antialias: Whether the kernel is widened when shrinking. Enlarging is the same with both.
        border: "mirror" (MATLAB), "renormalise" (Pillow, TensorFlow, JAX) or "replicate".

    Returns:
        Array of shape (..., height, width), of the type of `frames`.

    Raises:
        ValueError: an argument is not as described.
    """
    return _resize(frames, height, width, kernel="cubic", antialias=antialias, border=border)


def degrade(frames: np.ndarray, name: str, scale: int = 2) -> np.ndarray:
    """Makes LR frames from HR frames.

    Args:
        frames: Floating-point array of shape (..., H, W), H and W multiples of `scale`.
        name: One of `DEGRADATIONS`:
            "bicubic": antialiased bicubic, the field's standard;
            "bicubic_plain": bicubic without antialiasing;
            "nearest": pixel dropping, rows and columns 0, scale, 2 * scale, ... are kept;
            "gaussian_bicubic": Gaussian blur with sigma 3, then bicubic without antialiasing, as
            the 2021 report made the *Diamond* frames with OpenCV. So the cubic kernel has
            OpenCV's a = -0.75, the blur reflects frames about the outermost pixel, and the
            resizing replicates it.
        scale: Whole number by which frames shrink.

    Returns:
        Array of shape (..., H / scale, W / scale), of the type of `frames`.

    Raises:
        InputError: the name is unknown, or the size is not a multiple of `scale`.
        ValueError: an argument is not as described.
    """
    function = _named(DEGRADATIONS, name, "degradation")
    _check(frames, scale)
    height, width = frames.shape[-2:]
    if height % scale or width % scale:
        raise InputError(
            f"frames of {height}x{width} cannot be made {scale} times smaller; crop them to "
            f"{height - height % scale}x{width - width % scale}"
        )
    return function(frames, scale)


def enlarge(frames: np.ndarray, name: str, scale: int = 2) -> np.ndarray:
    """Enlarges LR frames by interpolation: the baseline that a network has to beat.

    Args:
        frames: Floating-point array of shape (..., h, w).
        name: One of `ENLARGEMENTS`: "nearest" (every pixel repeated), "bilinear", or "bicubic"
            (a = -0.5), the last two with MATLAB's pixel centres and mirrored borders.
        scale: Whole number by which frames grow.

    Returns:
        Array of shape (..., h * scale, w * scale), of the type of `frames`.

    Raises:
        InputError: the name is unknown.
        ValueError: an argument is not as described.
    """
    function = _named(ENLARGEMENTS, name, "enlargement")
    _check(frames, scale)
    return function(frames, scale)


def _resize(
    frames: np.ndarray, height: int, width: int, *, kernel: str, antialias: bool, border: str
) -> np.ndarray:
    _check(frames, scale=1)
    if border not in BORDERS:
        raise ValueError(f"border must be one of {', '.join(BORDERS)}, not {border!r}")
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be 1 or more, not {height} and {width}")
    options = {"kernel": kernel, "antialias": antialias, "border": border}
    rows = weight_matrix(frames.shape[-2], height, **options)
    columns = weight_matrix(frames.shape[-1], width, **options)

    result = np.empty((*frames.shape[:-2], height, width), frames.dtype)
    for index in np.ndindex(frames.shape[:-2]):
        frame = frames[index].astype(np.float64)
        # The axis that shrinks the most goes first: less is left to do for the other.
        if height * frame.shape[1] <= width * frame.shape[0]:
            result[index] = (columns @ (rows @ frame).T).T
        else:
            result[index] = rows @ (columns @ frame.T).T
    return result


def _shrink(frames: np.ndarray, scale: int, *, kernel: str, antialias: bool, border: str):
    height, width = (size // scale for size in frames.shape[-2:])
    return _resize(frames, height, width, kernel=kernel, antialias=antialias, border=border)


def _grow(frames: np.ndarray, scale: int, *, kernel: str):
    height, width = (size * scale for size in frames.shape[-2:])
    return _resize(frames, height, width, kernel=kernel, antialias=False, border="mirror")


def _drop_pixels(frames: np.ndarray, scale: int) -> np.ndarray:
    return frames[..., ::scale, ::scale].copy()


def _repeat_pixels(frames: np.ndarray, scale: int) -> np.ndarray:
    return frames.repeat(scale, axis=-2).repeat(scale, axis=-1)


def _blur_and_shrink(frames: np.ndarray, scale: int) -> np.ndarray:
    height, width = (size // scale for size in frames.shape[-2:])
    result = np.empty((*frames.shape[:-2], height, width), frames.dtype)
    for index in np.ndindex(frames.shape[:-2]):
        frame = frames[index].astype(np.float64)
        for axis in (0, 1):
            frame = gaussian_filter1d(
                frame, GAUSSIAN_SIGMA, axis=axis, mode="mirror", radius=GAUSSIAN_RADIUS
            )
        result[index] = _resize(
            frame, height, width, kernel="cubic_opencv", antialias=False, border="replicate"
        )
    return result


def _named(functions: dict, name: str, what: str):
    if name not in functions:
        raise InputError(f"unknown {what} {name!r}; choose one of {', '.join(functions)}")
    return functions[name]


def _check(frames: np.ndarray, scale: int) -> None:
    if frames.ndim < 2 or 0 in frames.shape or frames.shape[-1] == 1:
        raise ValueError(
            f"frames must have the shape (..., H, W) with no channel axis, not {frames.shape}"
        )
    if not np.issubdtype(frames.dtype, np.floating):
        raise ValueError(f"frames must be floating-point numbers, not {frames.dtype}")
    if scale != int(scale) or scale < 1:
        raise ValueError(f"scale must be a whole number of 1 or more, not {scale}")


DEGRADATIONS = {
    "bicubic": partial(_shrink, kernel="cubic", antialias=True, border="mirror"),
    "bicubic_plain": partial(_shrink, kernel="cubic", antialias=False, border="mirror"),
    "nearest": _drop_pixels,
    "gaussian_bicubic": _blur_and_shrink,
}

ENLARGEMENTS = {
    "nearest": _repeat_pixels,
    "bilinear": partial(_grow, kernel="linear"),
    "bicubic": partial(_grow, kernel="cubic"),
}
