"""When a run ends: after a number of paths, once measures are precise enough, or at a time; whichever comes first.

Precision is evaluated at looks, the interim analyses of sequential sampling: first after 65,536 paths (more where 300
tail paths need more), then after n x clamp(1.1 (width / target)^2, 1.25, 2) of them, in whole tasks. So the paths at
which a run looks, and at which it ends for its precision, depend on the paths alone: not on threads, time or
interruptions. A share of a value that is still 0 after 1,048,576 paths, and a figure that none of them defines, would
keep a run without `--paths` and `--until` going for ever: it ends there, the precision not reached.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from simulator.config.durations import Deadline, decide_deadline
from simulator.config.schema import MOST_PATHS
from simulator.results.sizes import TASK_PATHS
from simulator.results.tallies import Tallies
from simulator.risk.precision import AchievedPrecision, PrecisionTarget, assess_precision

UNLIMITED = MOST_PATHS  # paths of a run that ends by its precision or at a time
FIRST_LOOK = 65_536
MOST_ZEROS = 1 << 20  # paths after which a share of 0, or of what no path defines, is given up
_MARGIN, _LEAST, _MOST = 1.1, 1.25, 2.0


class StoppingCriteria(NamedTuple):
    """The requested stop criteria of a run; `paths` None: any number."""

    paths: int | None
    precision: tuple[str, ...] = ()
    until: str | None = None

    @property
    def empty(self) -> bool:
        """True if nothing is requested."""
        return self.paths is None and not self.precision and self.until is None


NO_CRITERIA = StoppingCriteria(None)


class StoppingRule:
    """The rule that ends one run. `look_at` is the number of paths in the tallies at the next look."""

    def __init__(
        self,
        criteria: StoppingCriteria = NO_CRITERIA,
        targets: Sequence[PrecisionTarget] = (),
        months: int = 0,
        look_at: int = 0,
        deadline: Deadline | None = None,
    ) -> None:
        if deadline is None and criteria.until is not None:
            deadline = decide_deadline(criteria.until)
        self.criteria, self.targets = criteria, tuple(targets)
        self.deadline = deadline
        self.look_at = look_at or first_look(self.targets)
        self.met = False  # a look saw every measure precise enough
        self.out_of_reach = False  # a look saw that what is not precise enough never will be
        self.estimates: tuple[AchievedPrecision, ...] = ()
        self._months = months

    @property
    def ended(self) -> bool:
        """True once every measure is precise enough, or will never be and nothing else ends the run."""
        unlimited = self.criteria.paths is None and self.criteria.until is None
        return self.met or (self.out_of_reach and unlimited)

    def is_late(self) -> bool:
        """Return True once the time is up."""
        return self.deadline is not None and self.deadline.seconds_left() <= 0.0

    def look(self, tallies: Tallies) -> None:
        """Evaluate the precision if a look is due, and plan the next one."""
        if self.targets and tallies.paths >= self.look_at:
            self.met = self.evaluate(tallies)
            self.out_of_reach = tallies.paths >= MOST_ZEROS and all(
                estimate.met or estimate.hopeless for estimate in self.estimates
            )
            if not self.ended:
                self.look_at = next_look(tallies.paths, max(estimate.excess for estimate in self.estimates))

    def evaluate(self, tallies: Tallies) -> bool:
        """Estimate every measure; return True if all are precise enough now, or none is requested."""
        self.estimates = tuple(assess_precision(tallies, target, self._months) for target in self.targets)
        return all(estimate.met for estimate in self.estimates)

    def verdict(self, tallies: Tallies) -> dict[str, Any]:
        """Return which rule ended the run, what it requested and what was reached: `stop` of summary.json."""
        self.evaluate(tallies)
        texts, paths = [estimate.text for estimate in self.estimates], tallies.paths
        if self.ended:
            stop: dict[str, Any] = {"rule": "precision", "asked": list(self.criteria.precision), "reached": texts}
        elif self.criteria.paths is not None and paths >= self.criteria.paths:
            stop = {"rule": "paths", "asked": self.criteria.paths, "reached": paths}
        else:
            stop = {"rule": "until", "asked": self.criteria.until, "reached": _local_time(time.time())}
        if self.targets:
            stop["precision"] = [
                {
                    "asked": estimate.target.text,
                    "reached": text,
                    "met": estimate.met,
                    **estimate.figure.to_dict(),
                }
                for estimate, text in zip(self.estimates, texts, strict=True)
            ]
        return stop


def first_look(targets: Sequence[PrecisionTarget]) -> int:
    """Return the paths of the first look; beyond any run if there are no targets."""
    if not targets:
        return 2 * UNLIMITED
    return _whole_tasks(max(FIRST_LOOK, *(target.first_look for target in targets)))


def next_look(paths: int, excess: float) -> int:
    """Return the paths of the next look, after one at `paths` where half an interval was `excess` times too wide."""
    factor = _MARGIN * excess**2 if math.isfinite(excess) else _MOST
    return _whole_tasks(math.ceil(paths * min(max(factor, _LEAST), _MOST)))


def _whole_tasks(paths: int) -> int:
    return -(-paths // TASK_PATHS) * TASK_PATHS


def _local_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
