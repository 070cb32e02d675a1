r"""Triggers: what can be watched, and the level beyond which an event is likely later.

Of all observables (a monthly series at one month) and thresholds, that is taken which best tells the paths with the
event from the others: the largest P(beyond | event) - P(beyond | no event) (Youden 1950,
doi:10.1002/1097-0142(1950)3:1<32::aid-cncr2820030106>3.0.co;2-3). It is chosen on one half of the paths; both shares
are counted on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__ = ["find_trigger"]

Floats = NDArray[np.float64]


class Trigger(NamedTuple):
    """An observable below (or above) a threshold, and how many paths of either kind that is."""

    name: str
    below: bool
    threshold: float
    hits: Figure  # P(beyond the threshold | event)
    false_alarms: Figure  # P(beyond the threshold | no event)

    @property
    def gain(self) -> float:
        """P(beyond | event) - P(beyond | no event)."""
        return (self.hits.value or 0.0) - (self.false_alarms.value or 0.0)


def find_trigger(observables: Mapping[str, Floats], happens: Floats) -> Trigger | None:
    """The best trigger of an event (n,), 1 or 0, among observables (n,) by name; None if it always or never happens."""
    event = happens == 1.0
    train, test = np.arange(0, happens.size, 2), np.arange(1, happens.size, 2)
    if not all(0 < int(event[half].sum()) < half.size for half in (train, test)):
        return None
    choices = ((*_best_threshold(values[train], event[train]), name) for name, values in observables.items())
    _, threshold, below, name = max(choices, key=lambda choice: (choice[0], choice[3]))
    beyond = observables[name][test] <= threshold if below else observables[name][test] > threshold
    return Trigger(name, below, threshold, _share(beyond[event[test]]), _share(beyond[~event[test]]))


def _best_threshold(values: Floats, event: NDArray[np.bool_]) -> tuple[float, float, bool]:
    """The largest gain of a threshold, the threshold, and whether the event lies below it."""
    order = np.argsort(values, kind="stable")
    ordered, happened = values[order], event[order]
    gain = np.cumsum(happened) / happened.sum() - np.cumsum(~happened) / (~happened).sum()
    last = np.append(ordered[1:] > ordered[:-1], True)  # equal values lie on one side
    gain = np.where(last, gain, 0.0)
    k = int(np.argmax(np.abs(gain)))
    return float(abs(gain[k])), float(ordered[k]), bool(gain[k] >= 0.0)


def _share(beyond: NDArray[np.bool_]) -> Figure:
    count = int(beyond.sum())
    return Figure(count / beyond.size, *intervals.proportion_interval(count, beyond.size))
