r"""The value of information: what it is worth to know a driver before a plan is chosen.

With V_k the value of plan k, knowing X lets the best plan be chosen for each X: its worth is

    EVPPI(X) = E[max_k E[V_k | X]] - max_k E[V_k]

(expected value of partial perfect information; Strong, Oakley and Brennan 2014, doi:10.1177/0272989X12465910).
E[V_k | X] is estimated as the mean of V_k in CLASSES classes of X of about equal size. The largest of several estimated
means is too large, so the plan of a class is chosen on one half of the paths and valued on the other, and the other way
round: then the estimate is low rather than high, by what a wrong choice in a class costs. The error is that of the mean
over paths of V_(chosen in the class) - V_(best overall).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__ = ["information_values"]

CLASSES = 64

Floats = NDArray[np.float64]


class DriverInformation(NamedTuple):
    """The worth of knowing one driver, and how often it changes the plan that is chosen."""

    name: str
    worth: Figure
    changed: float  # share of worlds in which another plan than the best overall is chosen


def information_values(drivers: Mapping[str, Floats], values: Floats) -> tuple[int, Figure, list[DriverInformation]]:
    """The best plan overall, what knowing everything is worth, and each driver's worth, the largest first.

    `values` (plans, n) are larger the better; drivers are (n,). Knowing everything, E[max_k V_k] - max_k E[V_k], bounds
    what any knowledge is worth.
    """
    best = int(np.argmax(values.mean(axis=1)))
    everything = _figure(values.max(axis=0) - values[best])
    worth = [_driver(name, driver, values, best) for name, driver in drivers.items()]
    return best, everything, sorted(worth, key=lambda entry: (-(entry.worth.value or 0.0), entry.name))


def _driver(name: str, driver: Floats, values: Floats, best: int) -> DriverInformation:
    cuts = np.unique(np.quantile(driver, np.arange(1, CLASSES) / CLASSES, method="inverted_cdf"))
    classes = np.searchsorted(cuts, driver, side="left")
    half = np.arange(driver.size) % 2
    gain, chosen_other = np.zeros(driver.size), 0
    for own, other in ((0, 1), (1, 0)):
        choice = _best_by_class(classes[half == other], values[:, half == other], cuts.size + 1, best)
        rows = np.flatnonzero(half == own)
        plans = choice[classes[rows]]
        gain[rows] = values[plans, rows] - values[best, rows]
        chosen_other += int((plans != best).sum())
    return DriverInformation(name, _figure(gain), chosen_other / driver.size)


def _best_by_class(classes: NDArray[np.int64], values: Floats, count: int, best: int) -> NDArray[np.int64]:
    """The plan with the largest mean in each class, (count,); the best overall where the class is empty."""
    sizes = np.bincount(classes, minlength=count)
    sums = np.stack([np.bincount(classes, row, minlength=count) for row in values])
    choice: NDArray[np.int64] = np.argmax(sums, axis=0)
    return np.where(sizes > 0, choice, best)


def _figure(gain: Floats) -> Figure:
    mean = float(gain.mean())
    error = float(gain.std(ddof=1)) / math.sqrt(gain.size)
    return Figure(mean, *intervals.mean_interval(mean, error, gain.size))
