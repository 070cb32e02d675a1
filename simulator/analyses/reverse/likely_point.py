r"""The most likely point at which an event is as likely as not, in standard deviations of drivers and in their units.

Drivers are taken as normal scores u: factors as they are, numbers by their quantiles. In the direction of the mean
score d on the event's paths, points u(t) = t d / |d| lie t standard deviations from the centre, |d|^2 = d' R^-1 d
with R the correlation of scores: for an event beyond a plane the point of the plane that is nearest to the centre,
and so the most likely, lies in this direction (the design point of the first-order reliability method, Hasofer and
Lind 1974). At each point the drivers are held and everything else varies: the least t with P(event) = 1/2 is found by
bisection, and the probability at it counted once more on fresh paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.analyses.explain.held_drivers import HeldDriver
from simulator.model import Model
from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only

_FAR = 5.0  # standard deviations beyond which no point is looked for
_STEPS = 8  # of bisection: t to within .02

Floats = NDArray[np.float64]
CountEvents = Callable[[Model, int], tuple[int, int]]  # events and paths of a model, from a seed offset on


def find_likely_point(
    model: Model,
    drivers: Sequence[HeldDriver],
    values: Mapping[str, Floats],
    happens: Floats,
    count_events: CountEvents,
) -> dict[str, Any]:
    """Return the point: its distance, each driver's score and value there, and the probability of the event at it."""
    scores = np.stack([normal_scores(values[driver.column.name]) for driver in drivers])
    direction = scores[:, happens == 1.0].mean(axis=1) - scores.mean(axis=1)
    correlation = np.atleast_2d(np.corrcoef(scores))
    length = float(np.sqrt(direction @ np.linalg.solve(correlation, direction)))
    unit = direction / length if length > 0.0 else direction

    def held(distance: float) -> Model:
        changed = model
        for driver, score in zip(drivers, distance * unit, strict=True):
            changed = driver.hold(changed, float(score))
        return changed

    def share(distance: float) -> float:
        events, paths = count_events(held(distance), 0)
        return events / paths

    low, high = 0.0, _FAR
    if length == 0.0 or share(high) < 0.5:
        return {"distance": None, "beyond": _FAR, "drivers": []}
    if share(low) >= 0.5:
        high = 0.0
    for _ in range(_STEPS if high else 0):
        middle = (low + high) / 2.0
        low, high = (low, middle) if share(middle) >= 0.5 else (middle, high)
    events, paths = count_events(held(high), 1)
    at = [
        {
            "name": driver.column.name,
            "title": driver.column.title,
            "unit": driver.column.unit,
            "score": float(score),
            "value": float(driver.value_at(float(score))),
            "median": float(driver.value_at(0.0)),
        }
        for driver, score in zip(drivers, high * unit, strict=True)
    ]
    return {
        "distance": high,
        "probability": Figure(events / paths, *intervals.proportion_interval(events, paths)).to_dict(),
        "paths": paths,
        "drivers": sorted(at, key=lambda entry: -abs(entry["score"])),
    }


def normal_scores(values: Floats) -> Floats:
    """Normal scores of values (n,) by their ranks, equal values at the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2.0) / values.size
    scores: Floats = ndtri(middle)[inverse]
    return scores
