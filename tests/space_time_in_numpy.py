"""The space-time networks in plain NumPy, from the tables and the papers' equations.

Each function takes the weights by layer name, as `flat_weights` gives them, and the name that is
put before. Nothing is imported from the layers or the models.
"""

import numpy as np
from checks import correlate, enlarged, pixel_shuffle, relu, weights_of
from scipy.ndimage import map_coordinates


def flat_weights(model):
    """Kernel and bias of each layer by its name, however deep inside."""
    found = {}
    for key, pair in weights_of(model).items():
        while isinstance(key, tuple):
            key = key[1]
        found[key] = pair
    return found


def leaky(x, slope=0.1):
    return np.where(x > 0, x, slope * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pooled(x):
    """The mean of each 2x2 pixels."""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def doubled(x):
    """Bilinear enlargement by 2, pixel centres in the middle of pixels, borders going on."""
    for axis in (1, 2):
        size = x.shape[axis]
        place = np.clip((np.arange(2 * size) + 0.5) / 2 - 0.5, 0, size - 1)
        before = np.floor(place).astype(int)
        after = np.minimum(before + 1, size - 1)
        along = (place - before).reshape([-1 if a == axis else 1 for a in range(4)])
        x = (1 - along) * x.take(before, axis) + along * x.take(after, axis)
    return x


def unet(x, w, name, linear_layers=0):
    """Table 3 row by row, without the last activation; padded to a multiple of 32 and cropped."""
    height, width = x.shape[1:3]
    x = np.pad(x, [(0, 0), (0, -height % 32), (0, -width % 32), (0, 0)], mode="edge")

    def conv(x, part):
        return correlate(x, *w[f"{name}_conv{part}"])

    beside = {}
    for level in range(1, 7):
        if level > 1:
            x = pooled(x)
        for part in (1, 2):
            x = conv(x, f"{level}_{part}")
            if 2 * (level - 1) + part > linear_layers:
                x = leaky(x)
        beside[level] = x
    for level in range(7, 12):
        x = leaky(conv(doubled(x), f"{level}_1"))
        x = leaky(conv(np.concatenate([x, beside[12 - level]], axis=-1), f"{level}_2"))
    return conv(x, "12_1")[:, :height, :width]


def warped(frames, flow):
    """SciPy's bilinear interpolation at y + dy, x + dx."""
    made = np.empty(np.broadcast_shapes(frames.shape, (*flow.shape[:3], 1)))
    rows, columns = np.indices(frames.shape[1:3])
    for number, channel in np.ndindex(len(frames), frames.shape[-1]):
        places = [rows + flow[number, ..., 1], columns + flow[number, ..., 0]]
        made[number, ..., channel] = map_coordinates(
            frames[number, ..., channel], places, order=1, mode="nearest"
        )
    return made


def superslomo(pair, w, name, t=0.5):
    """Jiang et al.: flow, guess, correction and visibility, mixture."""
    i0, i1 = np.asarray(pair[:, 0], np.float64), np.asarray(pair[:, 1], np.float64)
    flow = unet(np.concatenate([i0, i1], axis=-1), w, f"{name}_flow")
    f01, f10 = flow[..., :2], flow[..., 2:]
    ft0 = -(1 - t) * t * f01 + t**2 * f10
    ft1 = (1 - t) ** 2 * f01 - t * (1 - t) * f10
    given = [i0, i1, f01, f10, ft0, ft1, warped(i0, ft0), warped(i1, ft1)]
    x = unet(np.concatenate(given, axis=-1), w, f"{name}_interpolation")
    ft0, ft1, v0 = ft0 + x[..., :2], ft1 + x[..., 2:4], sigmoid(x[..., 4:])
    v1 = 1 - v0
    z = (1 - t) * v0 + t * v1
    return ((1 - t) * v0 * warped(i0, ft0) + t * v1 * warped(i1, ft1)) / z


def espcn(frames, w, name, scale=2, residual=False):
    x = frames
    for layer in (1, 2, 3):
        x = np.tanh(correlate(x, *w[f"{name}_conv{layer}"]))
    x = correlate(x, *w[f"{name}_conv4"])
    maps = scale * scale
    x = np.concatenate(
        [pixel_shuffle(x[..., k : k + maps], scale) for k in range(0, x.shape[-1], maps)], axis=-1
    )
    if not residual:
        return sigmoid(x)
    each = [enlarged(frames[..., k : k + 1], scale) for k in range(frames.shape[-1])]
    return x + np.concatenate(each, axis=-1)


def fused(one, other, w, name, linear_layers=2):
    masks = sigmoid(unet(np.concatenate([one, other], axis=-1), w, name, linear_layers))
    return masks[..., :1] * one + masks[..., 1:] * other


def refined(frame, w, name):
    x = frame
    for part in ("1_1", "2_1", "2_2", "3_1", "3_2", "4_1", "4_2"):
        x = relu(correlate(x, *w[f"{name}_conv{part}"]))
    return frame + correlate(x, *w[f"{name}_conv5_1"])
