"""The memory that this process holds, and the most that it has since it was asked to count anew."""

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
    return _told("VmHWM:") or _most_ever()


def resident_bytes() -> int:
    """Resident memory now; where the system does not tell, the most that there has been."""
    return _told("VmRSS:") or _most_ever()


def _told(name: str) -> int:
    """What the system tells of this process; 0 where it does not."""
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith(name):
                return 1024 * int(line.split()[1])
    return 0


def _most_ever() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
