"""What a network is fed with: the batches in its range, and little memory beside the clips."""

import tracemalloc

import numpy as np
import pytest

from keras_vsr.errors import InputError
from keras_vsr.training.feeding import fed
from keras_vsr.training.samples import Epochs, Samples


def epochs(takes, frames, ratio, **arguments):
    generator = np.random.default_rng(0)
    low = generator.random((frames, 12, 16), dtype=np.float32)
    high = generator.random((frames, 12 * ratio, 16 * ratio), dtype=np.float32)
    return Epochs(Samples([low], [high], takes), batch_size=4, seed=1, **arguments)


@pytest.mark.parametrize("patch", [None, 8])
def test_batches_are_in_the_range_of_the_network(patch):
    order = epochs("window", 20, 2, patch=patch)
    clips = [order.samples.inputs[0].copy(), order.samples.targets[0].copy()]
    given = list(order.batches(2))
    made = list(fed(order, 2, 255.0, "network"))
    assert len(made) == len(given) == order.steps
    for (x, y), (inputs, targets) in zip(made, given, strict=True):
        np.testing.assert_array_equal(x, inputs * np.float32(255))
        np.testing.assert_array_equal(y, targets * np.float32(255))
    # Nothing was multiplied in place that another epoch will take.
    np.testing.assert_array_equal(order.samples.inputs[0], clips[0])
    np.testing.assert_array_equal(order.samples.targets[0], clips[1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("part", ["inputs", "targets"])
def test_what_is_not_finite_is_found_in_its_batch(part, value):
    order = epochs("frame", 20, 2)
    getattr(order.samples, part)[0][7, 3, 4] = value
    found = [not np.isfinite(x.sum() + y.sum()) for x, y in order.batches(1)].index(True)
    with pytest.raises(InputError, match=f"of network hold .* epoch 1, batch {found + 1}: look"):
        list(fed(order, 1, 1.0, "network"))


@pytest.mark.parametrize(("takes", "ratio"), [("frame", 2), ("window", 1), ("window", 2)])
@pytest.mark.parametrize("patch", [None, 8])
def test_an_epoch_takes_a_fifth_of_the_clips_at_most(takes, ratio, patch):
    # Windows in full would be five times the LR clip.
    order = epochs(takes, 120, ratio, patch=patch)
    clips = sum(c.nbytes for c in (*order.samples.inputs, *order.samples.targets))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for inputs, targets in fed(order, 1, 255.0, "network"):
            size = inputs.nbytes + targets.nbytes
            del inputs, targets
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before >= size  # it does count arrays
    assert clips + peak - before <= 1.2 * clips
