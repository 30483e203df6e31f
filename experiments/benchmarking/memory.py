"""The most memory that this process has held since it was asked to count anew."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
PEAK_ONLY = "5"  # of what can be written there: the peak becomes what is held now


def reset_peak() -> None:
    """Counts from now on, where the system can; elsewhere the peak is that since the start."""
    if RESET.exists():
        RESET.write_text(PEAK_ONLY)


def peak_bytes() -> int:
    """The peak of resident memory.

    Not `getrusage` where it can be helped: its peak holds that of the process which started this
    one, too.
    """
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
