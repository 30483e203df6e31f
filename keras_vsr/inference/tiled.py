"""A network that runs on frames of any size within a given memory."""

import keras
import numpy as np

from keras_vsr.data.clips import packed_windows
from keras_vsr.errors import InputError
from keras_vsr.inference.activation_memory import BYTES, activation_bytes
from keras_vsr.inference.geometry import geometry
from keras_vsr.inference.predict import predict_batches, predict_clip
from keras_vsr.inference.receptive_field import receptive_field
from keras_vsr.inference.tiles import Span, pixels_of, plan
from keras_vsr.window import WINDOW

# Memory is measured on frames of this size, and grows with their pixels.
SAMPLE = 64

# Copies of a batch on its way into the network: packed, scaled, and handed to the backend.
INPUT_COPIES = 3

# With one window at a time torch leaves its fast 3D convolutions.
TILED_BATCH = 2


class TiledNetwork:
    """Runs a network on consecutive frames, in tiles where the memory asks for it.

    How it is cut is settled by the first frames that it is given; all others must be as large.

    Args:
        model: Takes frames, windows or clips, and makes one output.
        batch_size: Output frames at a time, at most.
        memory: Bytes that a run may take, by `activation_memory`; None is without limit.
    """

    def __init__(self, model: keras.Model, batch_size: int, memory: float | None):
        self.model = model
        self.batch_size = batch_size
        self.memory = memory
        self.geometry = geometry(model)
        self.tiles: tuple[list[Span], list[Span]] | None = None

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """The network's output for frames in a row.

        Args:
            frames: (n, h, w, C); n + 4 of them where the network takes windows or clips.

        Returns:
            (n, H, W, C')

        Raises:
            InputError: not even the smallest tile fits.
        """
        height, width = frames.shape[1:3]
        if self.tiles is None:
            self.tiles = self._plan(height, width)
        rows, columns = self.tiles
        if len(rows) == len(columns) == 1:
            return self._run(frames)
        made = None
        for row in rows:
            for column in columns:
                part = self._run(frames[:, row.start : row.stop, column.start : column.stop])
                if made is None:
                    size = [self._size(pixels) for pixels in (height, width)]
                    made = np.empty((len(part), *size, part.shape[-1]), np.float32)
                (down, here_down) = self._kept(row, height)
                (across, here_across) = self._kept(column, width)
                made[:, down, across] = part[:, here_down, here_across]
        return made

    def _run(self, frames: np.ndarray) -> np.ndarray:
        if self.geometry.takes == "clip":
            made = predict_clip(self.model, "clip", frames[..., 0], batch_size=self.batch_size)
            return made[..., None]
        if self.geometry.takes == "window":
            frames = packed_windows(frames, WINDOW)
        return predict_batches(self.model, frames, batch_size=self.batch_size)

    def _plan(self, height: int, width: int) -> tuple[list[Span], list[Span]]:
        """Whole frames, then fewer at a time, then tiles; sets the batch size, too."""
        whole = plan(height, width, 0, height * width)
        if self.memory is None:
            return whole
        for batch_size in range(self.batch_size, 0, -1):
            if height * width * self._bytes_per_pixel(batch_size) <= self.memory:
                self.batch_size = batch_size
                return whole
        halo = max(receptive_field(self.model))
        for batch_size in range(min(TILED_BATCH, self.batch_size), 0, -1):
            per_pixel = self._bytes_per_pixel(batch_size)
            tiles = plan(height, width, halo, self.memory / per_pixel)
            needed = pixels_of(tiles) * per_pixel
            if needed <= self.memory:
                self.batch_size = batch_size
                return tiles
        raise InputError(
            f"frames of {height}x{width} need {needed / 1e6:,.1f} MB even in the smallest tiles "
            f"({self.model.name} sees {halo} pixels around each), and {self.memory / 1e6:,.1f} MB "
            "are left beside the frames that are held; give more memory"
        )

    def _bytes_per_pixel(self, batch_size: int) -> float:
        """Bytes of a run for each pixel of one input frame."""
        lead = (batch_size,)
        if self.geometry.takes == "window":
            lead = (batch_size, WINDOW)
        elif self.geometry.takes == "clip":
            lead = (1, batch_size + WINDOW - 1)
        shape = (*lead, SAMPLE, SAMPLE, self.geometry.channels)
        copies = INPUT_COPIES * BYTES * np.prod(shape)
        return (activation_bytes(self.model, shape) + copies) / SAMPLE**2

    def _size(self, pixels: int) -> int:
        """Pixels of the output along an axis."""
        return self.geometry.ratio * pixels - 2 * self.geometry.border

    def _kept(self, span: Span, size: int) -> tuple[slice, slice]:
        """Where a tile's kept pixels lie in the whole output, and in the tile's own."""
        ratio, border = self.geometry.ratio, self.geometry.border
        first = max(ratio * span.first - border, 0)
        last = min(ratio * span.last - border, self._size(size))
        start = ratio * span.start
        return slice(first, last), slice(first - start, last - start)
