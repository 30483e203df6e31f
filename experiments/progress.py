"""One line on the terminal that says what is done and how long the rest takes."""

import sys
import time


class Progress:
    """Prints stages and, within a stage, a line that is written over.

    Args:
        costs: Expected cost of each stage, in any one unit.
        rate: Seconds for one unit of cost, before anything has been timed.
    """

    def __init__(self, costs: list[float], rate: float):
        self.costs = costs
        self.rate = rate
        self.stage = -1
        self.begun = 0.0
        self.spent = 0.0  # seconds in timed stages
        self.covered = 0.0  # their cost
        self.terminal = sys.stderr.isatty()
        self.last = 0.0

    def start(self, title: str) -> None:
        """Begins the next stage."""
        self.stage += 1
        self.begun = self.last = time.monotonic()
        print(f"[{self.stage + 1}/{len(self.costs)}] {title}", file=sys.stderr, flush=True)

    def update(self, text: str, fraction: float, last: bool = False) -> None:
        """Says how far the stage is.

        Args:
            text: What was just done.
            fraction: Of the stage, 0 to 1, of what this process has to do.
            last: Prints a line that stays.
        """
        now = time.monotonic()
        wait = 0.2 if self.terminal else 15.0
        if not last and now - self.last < wait:
            return
        self.last = now
        elapsed = now - self.begun
        stage_left = elapsed * (1 - fraction) / fraction if fraction > 0 else 0.0
        left = f"stage {_clock(stage_left)}, all {_clock(stage_left + self._later())} left"
        if self.terminal:
            end = "\n" if last else ""
            print(f"\r\x1b[K    {text}  ({left})", end=end, file=sys.stderr, flush=True)
        else:
            print(f"    {text}  ({left})", file=sys.stderr, flush=True)

    def finish(self, text: str, *, timed: bool) -> float:
        """Ends the stage.

        Args:
            text: What came out.
            timed: Whether the stage was done in full here, so that its time tells of the others'.

        Returns:
            Seconds that it took.
        """
        elapsed = time.monotonic() - self.begun
        if timed and self.costs[self.stage] > 0:
            self.spent += elapsed
            self.covered += self.costs[self.stage]
        clear = "\r\x1b[K" if self.terminal else ""
        left = f"{_clock(self._later())} left"
        print(f"{clear}    {text}  ({_clock(elapsed)}; {left})", file=sys.stderr, flush=True)
        return elapsed

    def _later(self) -> float:
        """Seconds for the stages that have not begun."""
        rate = self.spent / self.covered if self.covered else self.rate
        return rate * sum(self.costs[self.stage + 1 :])


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
