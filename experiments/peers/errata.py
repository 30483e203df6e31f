"""Defects of the 2021 programs, each a switch named after its number.

report_2021 says what the networks and their training are; the published weights and the printed
numbers come from programs that did something else. With every switch off a peer is as described.
"""

from dataclasses import dataclass

WINDOW_FRAMES = (1, 2, 3, 4, 5)  # counted from 1


@dataclass(frozen=True)
class Errata:
    """Which defects a peer has.

    The order of the 3D taps (E3) is not here: it is an argument of the networks, `order`.

    Attributes:
        e9: The first 2D layers start from scrambled filters: FSRCNN's array (5, 5, 1, 32) was
            reshaped, not transposed, to (32, 1, 5, 5). The first layers of both published
            checkpoints of 5-parallel still correlate with that reshaped array by 0.94 to 0.98.
        e10: Early stopping's counter is set to 0 in every epoch, so that training never stops.
        e11: The recursive block of 5-parallel's 2D stacks is run for the 3rd and the 4th frame
            only. The report has one "in the middle of each 2D stack", but prints the number of
            parameters that are used, 259,938; the checkpoint also holds what is never run.
        e13: The 2D recursive block is run 4 times; the report has n = 5.

    Reference:
        report_2021, "5-parallel" and "Pytorch Code for Better Efficiency", and its checkpoints.
    """

    e9: bool = False
    e10: bool = False
    e11: bool = False
    e13: bool = False

    @property
    def recursive_frames(self) -> tuple[int, ...]:
        """Frames, counted from 1, whose 2D stack runs its recursive block (E11)."""
        return (3, 4) if self.e11 else WINDOW_FRAMES

    @property
    def recursions_2d(self) -> int:
        """Runs of a 2D recursive block (E13)."""
        return 4 if self.e13 else 5


AS_DESCRIBED = Errata()
AS_RUN = Errata(e9=True, e10=True, e11=True, e13=True)
