"""How a call is timed: the first one apart, a warm-up, the median of those after it."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Timing(NamedTuple):
    """What the calls took.

    Attributes:
        first_ms: The first call: tracing, compiling, and the first run.
        warm_up_calls: Calls after it that do not count, 0 or 1.
        calls: Calls that count.
        median_ms: Of those.
    """

    first_ms: float
    warm_up_calls: int
    calls: int
    median_ms: float


def time_calls(
    call: Callable[[], object],
    wait: Callable[[], None],
    calls: int,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Times a call again and again.

    The call after the first one is the warm-up, unless it takes all the time there is: then it is
    the one that counts.

    Args:
        call: What is timed.
        wait: Returns when the device has done all that it was given.
        calls: Calls that count, at most.
        seconds: After which no further one is begun.
        clock: Seconds.
    """

    def one() -> float:
        wait()
        begun = clock()
        call()
        wait()
        return clock() - begun

    first = one()
    times = [one()]
    while len(times) <= calls and sum(times) < seconds:
        times.append(one())
    counted = times[1:] or times
    return Timing(
        1000 * first,
        len(times) - len(counted),
        len(counted),
        1000 * statistics.median(counted),
    )
