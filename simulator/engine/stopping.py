"""When a run ends: after so many paths, once measures are precise enough, or at a time; whichever comes first.

Precision is looked at first after 65,536 paths (more where 300 tail paths need more), then after n x clamp(1.1 (width /
target)^2, 1.25, 2) of them, in whole tasks. So the paths at which a run looks, and at which it ends for its precision,
depend on the paths alone: not on threads, time or interruptions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from simulator.config.durations import deadline
from simulator.engine.thread_pool import TASK
from simulator.results.tallies import Tallies
from simulator.risk import summary
from simulator.risk.precision import Reached, Target, reached

UNLIMITED = 10**12  # paths of a run that ends by its precision or at a time
FIRST_LOOK = 65_536
_MARGIN, _LEAST, _MOST = 1.1, 1.25, 2.0


class Asked(NamedTuple):
    """What ends a run, as it was asked for; `paths` None: any number."""

    paths: int | None
    precision: tuple[str, ...] = ()
    until: str | None = None

    @property
    def nothing(self) -> bool:
        return self.paths is None and not self.precision and self.until is None


NOTHING = Asked(None)


class Rules:
    """The rules of one run. `look_at` is how many paths must be in the tallies when it looks next."""

    def __init__(
        self, asked: Asked = NOTHING, targets: Sequence[Target] = (), months: int = 0, look_at: int = 0
    ) -> None:
        self.asked, self.targets = asked, tuple(targets)
        self.deadline = None if asked.until is None else deadline(asked.until)  # seconds since 1970
        self.look_at = look_at or first_look(self.targets)
        self.met = False  # a look found every measure precise enough
        self.found: tuple[Reached, ...] = ()
        self._months = months

    def late(self) -> bool:
        """Whether its time is up."""
        return self.deadline is not None and time.time() >= self.deadline

    def look(self, tallies: Tallies) -> None:
        """See how precise the measures are, if it is time to, and plan the next look."""
        if self.targets and tallies.paths >= self.look_at:
            self.met = self.reached(tallies)
            if not self.met:
                self.look_at = next_look(tallies.paths, max(one.excess for one in self.found))

    def reached(self, tallies: Tallies) -> bool:
        """Whether every measure is precise enough now; true if none was asked for."""
        self.found = tuple(reached(tallies, target, self._months) for target in self.targets)
        return all(one.met for one in self.found)

    def verdict(self, tallies: Tallies) -> dict[str, Any]:
        """Which rule ended the run, what it asked for and what was reached; `stop` of summary.json."""
        self.reached(tallies)
        told, paths = [one.told() for one in self.found], tallies.paths
        if self.met:
            found: dict[str, Any] = {"rule": "precision", "asked": list(self.asked.precision), "reached": told}
        elif self.asked.paths is not None and paths >= self.asked.paths:
            found = {"rule": "paths", "asked": self.asked.paths, "reached": paths}
        else:
            found = {"rule": "until", "asked": self.asked.until, "reached": _clock(time.time())}
        if self.targets:
            found["precision"] = [
                {"asked": one.target.text, "reached": text, "met": one.met, **summary.figure_dict(one.figure)}
                for one, text in zip(self.found, told, strict=True)
            ]
        return found


def first_look(targets: Sequence[Target]) -> int:
    """Paths at which a run looks first at its precision; never, if none was asked for."""
    if not targets:
        return 2 * UNLIMITED
    return _whole_tasks(max(FIRST_LOOK, *(target.first_look for target in targets)))


def next_look(paths: int, excess: float) -> int:
    """Paths at which it looks next, after a look at `paths` that found half an interval `excess` times too wide."""
    factor = _MARGIN * excess**2 if math.isfinite(excess) else _MOST
    return _whole_tasks(math.ceil(paths * min(max(factor, _LEAST), _MOST)))


def _whole_tasks(paths: int) -> int:
    return -(-paths // TASK) * TASK


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
