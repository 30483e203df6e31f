"""Whole clips: every frame and every pixel, against the network on one window after the other."""

import gc
import weakref
from functools import cache
from itertools import pairwise

import keras
import numpy as np
import pytest
from checks import assert_close, enlarged, frames_of, randomise
from small_networks import small_network

from keras_vsr.errors import InputError
from keras_vsr.inference.activation_memory import activation_bytes
from keras_vsr.inference.enlarge import enlarge
from keras_vsr.inference.receptive_field import receptive_field
from keras_vsr.inference.tiled import TiledNetwork
from keras_vsr.inference.tiles import SMALLEST

pytestmark = pytest.mark.backend

# One size for most clips: each is compiled for anew.
SIZE = (7, 9)
KINDS = ["fsrcnn_2019", "srnet3d", "two_in_one", "parallel5", "delta"]


@cache
def network(name, **arguments):
    """A small network with random weights, which no test changes."""
    return randomise(small_network(name, **arguments))


def truth(model, name, clip, scale=2, intensity=1.0):
    """The network on the frame, or the window, that belongs to each frame of the clip."""
    ready, crop = clip, 0
    if name == "srnet3d":
        ready = enlarged(clip[..., None], scale)[..., 0].astype(np.float32)
        ready = np.pad(ready, ((0, 0), (2, 2), (2, 2)), "edge")
    elif name != "fsrcnn_2019":
        ready = np.pad(clip, ((0, 0), (1, 1), (1, 1)), "edge")
        crop = scale - 2
    made = []
    for number in range(len(clip)):
        if name == "fsrcnn_2019":
            given = ready[number][None]
        else:
            places = np.clip(np.arange(number - 2, number + 3), 0, len(clip) - 1)
            given = ready[places][None]
        given = np.float32(intensity) * given[..., None]
        out = keras.ops.convert_to_numpy(model.predict_on_batch(given))
        made.append(out.reshape(out.shape[-3:-1]) / intensity)
    made = np.array(made)
    height, width = made.shape[1:]
    return made[:, crop : height - crop, crop : width - crop]


def whole(*arguments, **options):
    return np.array(list(enlarge(*arguments, **options)))


def handing_on(place):
    """A network of windows that gives back one of the five frames."""
    window = keras.Input((5, None, None, 1))
    return keras.Model(window, keras.layers.Identity()(window[:, place]))


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_in_full_size(name):
    model = network(name)
    clip = frames_of((6, *SIZE))  # odd sizes
    made = whole(model, clip, batch_size=3)
    assert made.dtype == np.float32
    assert made.shape == (6, 14, 18)
    assert_close(made, truth(model, name, clip))


@pytest.mark.parametrize("name", ["parallel5", "delta"])
def test_other_scales_and_ranges(name):
    # Three HR pixels around each LR pixel that is repeated, of which the network takes two.
    model = network(name, scale=3)
    clip = frames_of((2, *SIZE))
    made = whole(model, clip, intensity=255.0)
    assert made.shape == (2, 21, 27)
    assert_close(made, truth(model, name, clip, scale=3, intensity=255.0))


def test_frames_that_are_enlarged_before():
    model = network("srnet3d")
    clip = frames_of((2, *SIZE))
    made = whole(model, clip, scale=3)
    assert made.shape == (2, 21, 27)
    assert_close(made, truth(model, "srnet3d", clip, scale=3))


@pytest.mark.parametrize("batch_size", [1, 3, 4])
@pytest.mark.parametrize("frames", [1, 2, 4, 5, 6, 23])
def test_lengths(frames, batch_size):
    clip = frames_of((frames, 5, 6))
    made = whole(handing_on(2), clip, scale=1, batch_size=batch_size)
    np.testing.assert_array_equal(made, clip)


def test_the_clip_stands_still_at_its_ends():
    clip = frames_of((6, 5, 6))
    for place in range(5):
        at = np.clip(np.arange(6) + place - 2, 0, 5)
        np.testing.assert_array_equal(whole(handing_on(place), clip, scale=1), clip[at])


@pytest.mark.parametrize("name", ["two_in_one", "delta"])
def test_ends_are_those_of_a_clip_with_repeated_ends(name):
    model = network(name)
    clip = frames_of((5, *SIZE))
    longer = clip[[0, 0, 0, 1, 2, 3, 4, 4, 4]]
    assert_close(whole(model, clip), whole(model, longer)[2:-2])


@pytest.mark.parametrize("name", ["two_in_one", "delta"])
def test_frames_once_or_five_times(name):
    model = network(name, residual=True)
    clip = frames_of((9, *SIZE))
    made = whole(model, clip)
    assert_close(made, whole(model, clip, split_frames=False))


def test_a_residual_network_that_has_learned_nothing_is_bicubic():
    clip = frames_of((3, 8, 9))
    made = whole(small_network("delta", residual=True), clip)
    bicubic = enlarged(clip[..., None])[..., 0]
    np.testing.assert_allclose(made[:, 2:-2, 2:-2], bicubic[:, 2:-2, 2:-2], rtol=0, atol=1e-6)
    # Nearer to the border pixels are repeated, not mirrored.
    np.testing.assert_allclose(made, bicubic, rtol=0, atol=0.2)


def test_the_enlarged_frame_is_the_first_of_several_outputs():
    model = network("delta", auxiliary=True)
    clip = frames_of((2, *SIZE))
    single = keras.Model(model.inputs[0], model.outputs[0])
    assert_close(whole(model, clip), truth(single, "delta", clip))


# Tiles


def tile_memory(model, size, lead=(1,)):
    """Bytes for tiles of this size, and some for copies."""
    return 1.5 * activation_bytes(model, (*lead, size, size, 1))


@pytest.mark.parametrize("name", ["fsrcnn_2019", "srnet3d", "parallel5", "delta"])
def test_tiles_are_the_whole(name):
    model = network(name)
    smallest = SMALLEST + 2 * max(receptive_field(model))
    lead = (1,) if name == "fsrcnn_2019" else (1, 5)
    tiled = TiledNetwork(model, 2, tile_memory(model, smallest, lead))
    height, width = smallest + SMALLEST + 3, smallest + 2 * SMALLEST + 9
    frames = frames_of((len(lead) * 4 - 3, height, width, 1))  # one window of them, or one frame
    made = tiled(frames)
    assert len(tiled.tiles[0]) > 1
    assert len(tiled.tiles[1]) > 1
    assert_close(made, TiledNetwork(model, 2, None)(frames))


@pytest.mark.parametrize("split_frames", [True, False])
def test_clips_in_tiles(split_frames):
    model = network("two_in_one")
    clip = frames_of((3, 60, 61))
    options = {"batch_size": 1, "split_frames": split_frames}
    held = 2 * 4 * 5 * 62 * 63 * (1 + 4 + (4 if split_frames else 0))
    part = small_network("srnet3d") if split_frames else model
    size = 60 if split_frames else 45
    made = whole(model, clip, memory=held + tile_memory(part, size, (1, 5)), **options)
    assert_close(made, whole(model, clip, **options))


def test_less_memory_takes_fewer_frames_at_a_time():
    model = small_network("fsrcnn_2019")
    tiled = TiledNetwork(model, 8, 4 * activation_bytes(model, (1, 20, 20, 1)))
    tiled(frames_of((8, 20, 20, 1)))
    assert tiled.batch_size == 3  # four, but for the copies of the input
    assert len(tiled.tiles[0]) == len(tiled.tiles[1]) == 1


def test_less_memory_than_a_tile():
    model = small_network("delta")
    with pytest.raises(InputError, match=r"frames of 8\dx9\d need .* even in the smallest tiles"):
        whole(model, frames_of((2, 80, 90)), memory=8.5e6)
    with pytest.raises(InputError, match="does not hold 8 frames of 82x92"):
        whole(model, frames_of((2, 80, 90)), memory=1e6)


# Streams


class Frame(np.ndarray):
    """An array that can be watched."""


class Source:
    """Yields frames, counts them, and keeps none."""

    def __init__(self, frames, size=(5, 6)):
        self.frames, self.size = frames, size
        self.read = 0
        self.given = []

    def __iter__(self):
        for number in range(self.frames):
            self.read += 1
            frame = np.full(self.size, number, np.float32).view(Frame)
            self.given.append(weakref.ref(frame))
            yield frame
            del frame

    def alive(self):
        return sum(frame() is not None for frame in self.given)


@pytest.mark.parametrize("name", ["fsrcnn_2019", "delta"])
def test_few_frames_are_read_ahead(name):
    batch_size, source = 3, Source(23)
    yielded, most = 0, 0
    for _ in enlarge(small_network(name), source, batch_size=batch_size):
        assert source.read - yielded <= batch_size + 4
        yielded += 1
        gc.collect()
        most = max(most, source.alive())
    assert yielded == 23
    assert most <= 2  # the frames themselves are let go as soon as they are padded


def test_nothing_is_read_before_it_is_asked_for():
    source = Source(5)
    made = enlarge(handing_on(2), source, scale=1)
    assert source.read == 0
    next(made)
    assert source.read == 5


def test_what_is_held_does_not_grow(monkeypatch):
    held = []
    run = TiledNetwork._run

    def watched(self, frames):
        held.append(len(frames))
        return run(self, frames)

    monkeypatch.setattr(TiledNetwork, "_run", watched)
    made = enlarge(handing_on(2), Source(40), scale=1, batch_size=4)
    assert [frame[0, 0] for frame in made] == list(range(40))
    assert set(held) == {8}


def test_frames_done_are_told():
    done = []
    made = enlarge(handing_on(2), frames_of((9, 5, 6)), scale=1, on_frames=done.append)
    for number, _ in enumerate(made, start=1):
        assert done[-1] == number
    assert all(later - earlier == 1 for earlier, later in pairwise(done))


# Mistakes


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers(value):
    clip = frames_of((4, 5, 6))
    clip[2, 3, 3] = value
    with pytest.raises(InputError, match="frame 2 of the clip holds NaN or infinite values"):
        whole(handing_on(2), clip, scale=1)


def test_clips_that_cannot_be_enlarged():
    with pytest.raises(InputError, match="the clip has no frame; give one or more"):
        whole(handing_on(2), [])
    with pytest.raises(InputError, match=r"frame 1 of the clip is 5x7 .*, but frame 0 is 5x6 "):
        whole(handing_on(2), [frames_of((5, 6)), frames_of((5, 7))])
    with pytest.raises(InputError, match=r"are 1x6 .*; they need 2 pixels or more each way"):
        whole(handing_on(2), frames_of((3, 1, 6)))


def test_arguments_that_are_mistakes():
    clip = frames_of((3, 5, 6))
    with pytest.raises(ValueError, match="batch_size must be 1 or more"):
        enlarge(handing_on(2), clip, batch_size=0)
    with pytest.raises(ValueError, match="memory must be a positive number"):
        enlarge(handing_on(2), clip, memory=0)
    with pytest.raises(ValueError, match="scale must be 2, as the network has it; got 3"):
        enlarge(small_network("fsrcnn_2019"), clip, scale=3)
    with pytest.raises(ValueError, match="floating-point numbers"):
        whole(handing_on(2), (255 * clip).astype(np.uint8))
    window = keras.Input((5, None, None, 3))
    with pytest.raises(ValueError, match="one channel"):
        enlarge(keras.Model(window, keras.layers.Identity()(window[:, 2])), clip)
