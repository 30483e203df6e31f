"""Samples are what a loop over clips and frames would cut out; their order is the seed's."""

import numpy as np
import pytest

from keras_vsr.errors import InputError
from keras_vsr.training.samples import Epochs, Samples

# Clips whose values say where they are from: clip, frame, row and column, in target pixels.
HEIGHT, WIDTH = 16, 24


def clips(lengths, ratio=1):
    made = []
    for number, frames in enumerate(lengths):
        t, y, x = np.meshgrid(np.arange(frames), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
        clip = number + t / 100 + y / 10_000 + x / 1_000_000
        made.append(clip[:, ::ratio, ::ratio].astype(np.float64))
    return made


def samples(takes, lengths=(7, 9), ratio=2, **arguments):
    return Samples(clips(lengths, ratio), clips(lengths), takes, **arguments)


def test_starts_by_hand():
    frames = [(0, t) for t in range(6)] + [(1, t) for t in range(9)]
    assert samples("frame", (6, 9)).starts.tolist() == [[*start] for start in frames]
    windows = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]
    assert samples("window", (6, 9)).starts.tolist() == [[*start] for start in windows]
    # Clips of 7 frames have 3 middle ones: the next clip starts 3 later.
    of_seven = samples("clip", (6, 10, 13), clip_frames=7)
    assert of_seven.starts.tolist() == [[1, 0], [1, 3], [2, 0], [2, 3], [2, 6]]
    assert of_seven.outputs_each() == 3


def naive(chosen, starts, corners=None, patch=None):
    """Inputs and targets pixel by pixel."""
    inputs, targets = [], []
    reach = 0 if chosen.takes == "frame" else 2
    border = 0 if chosen.takes == "frame" else 2
    for number, (clip, start) in enumerate(starts):
        low, high = chosen.inputs[clip], chosen.targets[clip]
        ratio = high.shape[1] // low.shape[1]
        top, left = (0, 0) if corners is None else corners[number]
        height, width = low.shape[1:] if patch is None else (patch // ratio, patch // ratio)
        inputs.append(
            [
                [[[low[start + t, top + y, left + x]] for x in range(width)] for y in range(height)]
                for t in range(chosen.length)
            ]
        )
        rows = range(top * ratio + border, (top + height) * ratio - border)
        columns = range(left * ratio + border, (left + width) * ratio - border)
        targets.append(
            [
                [[[high[t, y, x]] for x in columns] for y in rows]
                for t in range(start + reach, start + chosen.length - reach)
            ]
        )
    inputs, targets = np.array(inputs), np.array(targets)
    if chosen.takes == "frame":
        return inputs[:, 0], targets[:, 0]
    return inputs, targets if chosen.takes == "clip" else targets[:, 0]


@pytest.mark.parametrize("ratio", [1, 2, 4])
@pytest.mark.parametrize("takes", ["frame", "window", "clip"])
def test_gather_equals_the_loop(takes, ratio):
    chosen = samples(takes, ratio=ratio, clip_frames=6)
    starts = chosen.starts[[0, -1, 2]]
    x, y = chosen.gather(starts)
    for made, truth in zip((x, y), naive(chosen, starts), strict=True):
        np.testing.assert_array_equal(made, truth)
    corners = np.array([[0, 0], [(HEIGHT - 8) // ratio, (WIDTH - 8) // ratio], [1, 2]])
    x, y = chosen.gather(starts, corners, patch=8)
    for made, truth in zip((x, y), naive(chosen, starts, corners, 8), strict=True):
        np.testing.assert_array_equal(made, truth)


@pytest.mark.parametrize("takes", ["frame", "window", "clip"])
def test_late_targets_come_a_frame_later(takes):
    late, right = (samples(takes, clip_frames=6, late=frames) for frames in (1, 0))
    if takes == "frame":
        assert late.starts.tolist() == right.starts.tolist()
    # The last window of each clip has no frame to be paired with.
    lengths = {"frame": [7, 9], "window": [2, 4], "clip": [1, 2]}[takes]
    counts = np.bincount(late.starts[:, 0], minlength=2)
    assert counts.tolist() == lengths
    given, truth = late.gather(late.starts)
    same, before = right.gather(late.starts)
    np.testing.assert_array_equal(given, same)
    step = 0.0 if takes == "frame" else 0.01  # what a clip's values grow by from frame to frame
    np.testing.assert_allclose(truth - before, step, atol=1e-9)


class Watched:
    """A clip that says what is read of it."""

    def __init__(self, clip):
        self.clip, self.shape, self.read = clip, clip.shape, []

    def __len__(self):
        return len(self.clip)

    def __getitem__(self, key):
        self.read.append(key)
        return self.clip[key]


def test_nothing_is_read_or_copied_before_the_gather():
    low, high = Watched(clips([9], 2)[0]), Watched(clips([9])[0])
    chosen = Samples([low], [high], "window")
    order = Epochs(chosen, batch_size=2, seed=0, patch=8)
    batches = order.batches(epoch=1)
    assert chosen.inputs[0] is low
    assert not low.read
    assert not high.read
    x, y = next(batches)
    assert len(low.read) == len(high.read) == 2
    for frames, rows, columns in low.read:
        assert frames.stop - frames.start == 5
        assert rows.stop - rows.start == columns.stop - columns.start == 4
    assert not np.shares_memory(x, low.clip)
    assert not np.shares_memory(y, high.clip)


@pytest.mark.parametrize("target", [(7, 16, 23), (6, 16, 24), (7, 15, 24)])
def test_targets_that_are_not_of_the_same_moments_or_sizes(target):
    with pytest.raises(ValueError, match="not the same moments"):
        Samples([np.zeros((7, 8, 12))], [np.zeros(target)], "frame")


def test_clips_too_short_for_a_sample():
    with pytest.raises(InputError, match=r"\[4, 3\] frames, but a sample of this network takes 5"):
        samples("window", (4, 3))
    with pytest.raises(InputError, match="takes 9: give longer clips"):
        samples("clip", (8,), clip_frames=9)


def identities(batches):
    """Clip and first frame of every sample in every batch."""
    return [
        [(int(v), round((v % 1) * 100)) for v in x.reshape(len(x), -1)[:, 0]] for x, _ in batches
    ]


def test_an_epoch_has_every_sample_once():
    order = Epochs(samples("window", (9, 9)), batch_size=2, seed=4)
    drawn = [one for batch in identities(order.batches(1)) for one in batch]
    assert sorted(drawn) == [(clip, start) for clip in (0, 1) for start in range(5)]


def test_order_is_a_function_of_seed_and_epoch_alone():
    def epoch(number, seed=4, times=1):
        order = Epochs(samples("window", (9, 9)), batch_size=2, seed=seed, patch=8, patches=2)
        for _ in range(times):
            batches = list(order.batches(number))
        return batches

    def equal(one, other):
        return all(
            np.array_equal(x, u) and np.array_equal(y, v)
            for (x, y), (u, v) in zip(one, other, strict=True)
        )

    assert equal(epoch(3), epoch(3))
    assert equal(epoch(3), epoch(3, times=3))
    assert not equal(epoch(3), epoch(4))
    assert not equal(epoch(3), epoch(3, seed=5))
    assert identities(epoch(3)) != identities(epoch(4))


@pytest.mark.parametrize(
    ("arguments", "steps", "batch"),
    [
        ({"batch_size": 4}, 2, 4),  # of 10 samples, 2 wait for another epoch
        ({"batch_size": 4, "limit": 9}, 2, 4),
        ({"batch_size": 4, "limit": 3}, 1, 3),
        ({"batch_size": 25}, 1, 10),
        ({"batch_size": 4, "patch": 8, "patches": 3}, 2, 12),
    ],
)
def test_batches_are_full(arguments, steps, batch):
    order = Epochs(samples("window", (9, 9)), seed=0, **arguments)
    batches = list(order.batches(1))
    assert order.steps == len(batches) == steps
    assert {x.shape[0] for x, _ in batches} == {y.shape[0] for _, y in batches} == {batch}


def test_batch_size_counts_target_frames():
    # Clips of 9 frames have 5 target frames: two clips make a batch of 10.
    order = Epochs(samples("clip", (9, 14, 9), clip_frames=9), batch_size=10, seed=0)
    assert [y.shape[:2] for _, y in order.batches(1)] == [(2, 5)] * 2
    small = Epochs(samples("clip", (9, 14, 9), clip_frames=9), batch_size=2, seed=0)
    assert [y.shape[:2] for _, y in small.batches(1)] == [(1, 5)] * 4


def test_samples_left_out_are_drawn_in_other_epochs():
    order = Epochs(samples("window", (9, 9)), batch_size=4, seed=0, limit=4)
    drawn = {one for number in range(1, 9) for b in identities(order.batches(number)) for one in b}
    assert len(drawn) == 10


@pytest.mark.parametrize("takes", ["frame", "window", "clip"])
def test_patches_lie_inside_and_input_and_target_at_one_place(takes):
    order = Epochs(samples(takes), batch_size=4, seed=1, patch=8, patches=5)
    corners = set()
    for number in range(1, 5):
        for x, y in order.batches(number):
            reach, border = (0, 0) if takes == "frame" else (2, 2)
            # The target's first pixel lies `reach` frames after the input's, `border` pixels in.
            offset = reach / 100 + border / 10_000 + border / 1_000_000
            first = x.reshape(len(x), -1)[:, 0]
            np.testing.assert_allclose(y.reshape(len(y), -1)[:, 0], first + offset, atol=1e-9)
            rows = np.round(first * 10_000).astype(int) % 100
            columns = np.round(first * 1_000_000).astype(int) % 100
            corners |= set(zip(rows.tolist(), columns.tolist(), strict=True))
    # Every second pixel, where the LR pixels are; the last corners are used, none beyond.
    assert {row for row, _ in corners} == set(range(0, HEIGHT - 8 + 1, 2))
    assert {column for _, column in corners} == set(range(0, WIDTH - 8 + 1, 2))


@pytest.mark.parametrize("patch", [7, 18, 2])
def test_patches_that_do_not_fit(patch):
    with pytest.raises(ValueError, match=f"patch {patch} "):
        Epochs(samples("window"), batch_size=1, seed=0, patch=patch)
