r"""Break-even: the value of one input at which two plans change places.

The paired difference D(v) of a measure (mean, VaR, CVaR or probability; one plan less the other) is simulated on the
same random numbers at every value v of the input, so that it is a smooth function but for the kinks of single paths.
PROBES values over [low, high] look for changes of sign; each is closed in on by Brent's method (1973) until D is small
against its own standard error or the bracket is a millionth of the range. The interval of a root is that
of D over the slope, v +- 1.96 s.e.(D) / |D'|, with D' taken over a hundredth of the range or more on either side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.plan_comparison import TIE
from simulator.risk import estimates
from simulator.risk.estimates import Measure, estimate, paired_error
from simulator.risk.intervals import CONFIDENCE, TOO_FEW, verdict
from simulator.risk.root_finding import find_root

Floats = NDArray[np.float64]
Simulate = Callable[[float], tuple[Floats, Floats]]  # values (n,) of either plan with the input held at a value

PROBES = 5
_STEPS = 30
_SMALL = 0.02  # of a standard error: what is left of D at a root
_NARROW = 1e-6  # of the range
_REACH = 0.01  # of the range: least distance over which the slope is taken
_NORMAL = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2.0)
BEYOND = "the interval reaches beyond the values tried"
FLAT = "the difference hardly moves with the input: no interval"
JUMP = "the difference jumps here: no interval"


class Point(NamedTuple):
    """The paired difference at one value of the input, with its 95 % interval (None: see note)."""

    value: float
    difference: float
    stderr: float
    low: float | None
    high: float | None
    note: str | None


class Root(NamedTuple):
    """Where the plans change places, with its 95 % interval (None: see note)."""

    value: float
    low: float | None
    high: float | None
    note: str | None = None


def break_even(simulate: Simulate, metric: Metric, wanted: Measure, low: float, high: float) -> dict[str, Any]:
    """Points tried, rising, roots, and which of the two plans is ahead below, between and above them.

    `leaders` (roots + 1 of them) are 0 for the plan, 1 for the one it is compared with, None where they are not told
    apart.
    """

    def at(value: float) -> Point:
        return _point(simulate, metric, wanted, value)

    points = [at(float(value)) for value in np.linspace(low, high, PROBES)]
    firm = [point for point in points if _side(point)]
    roots: list[Point] = []
    for left, right in itertools.pairwise(firm):
        if _side(left) != _side(right):
            best, tried = _close_in(at, left, right, high - low)
            points = sorted({*points, *tried})
            roots.append(best)
    found = [_root(points, best, low, high) for best in roots]
    return {
        "points": [_said(point) for point in points],
        "roots": [root._asdict() for root in found],
        "leaders": _leaders(points, [root.value for root in found], metric, wanted),
    }


def _point(simulate: Simulate, metric: Metric, wanted: Measure, value: float) -> Point:
    one, other = (estimate(x, metric, wanted) for x in simulate(value))
    note = verdict(wanted.level, one.influence.size) if wanted.kind in ("var", "cvar") else None
    if note == TOO_FEW:
        raise ConfigError([f"--paths: given {one.influence.size}, {TOO_FEW} for {wanted.kind}, wanted more"])
    found = estimates.difference(one, other)
    if found.value is None:
        raise ConfigError([f"--metric: given {metric.name}, which is undefined on every path of a plan"])
    return Point(value, found.value, paired_error(one, other), found.low, found.high, found.note or note)


def _side(point: Point) -> int:
    """Sign of the difference, 0 where the plans tie."""
    return 0 if abs(point.difference) < TIE else int(math.copysign(1, point.difference))


def _close_in(at: Callable[[float], Point], left: Point, right: Point, span: float) -> tuple[Point, list[Point]]:
    """The point nearest to a change of sign between two points, and all points tried, these two among them."""
    tried = {left.value: left, right.value: right}

    def difference(value: float) -> float:
        if value not in tried:
            tried[value] = at(value)
        point = tried[value]
        return 0.0 if abs(point.difference) <= max(_SMALL * point.stderr, TIE) else point.difference

    root = find_root(difference, left.value, right.value, _NARROW * span, _STEPS)
    return min(tried.values(), key=lambda point: abs(point.value - root)), list(tried.values())


def _root(points: list[Point], best: Point, low: float, high: float) -> Root:
    """A root with its interval from the slope between points on either side of it."""
    reach = _REACH * (high - low)
    left = max((p for p in points if p.value <= best.value - reach), default=points[0])
    right = min((p for p in points if p.value >= best.value + reach), default=points[-1])
    slope = (right.difference - left.difference) / (right.value - left.value)
    if abs(best.difference) > 3.0 * best.stderr + TIE:
        return Root(best.value, None, None, JUMP)
    if slope == 0.0 or not math.isfinite(best.stderr / slope):
        return Root(best.value, None, None, FLAT)
    value = best.value - best.difference / slope
    half = _NORMAL * best.stderr / abs(slope)
    ends = value - half, value + half
    first, last = (end if low <= end <= high else None for end in ends)
    return Root(value, first, last, BEYOND if first is None or last is None else None)


def _leaders(points: list[Point], roots: list[float], metric: Metric, wanted: Measure) -> list[int | None]:
    """Who is ahead in each stretch between the roots: judged where the difference is largest, if 0 is not in it."""
    more_is_better = wanted.kind == "mean" and metric.bad == "low"
    edges = [-math.inf, *roots, math.inf]
    found: list[int | None] = []
    for a, b in itertools.pairwise(edges):
        widest = max((p for p in points if a <= p.value <= b), key=lambda p: abs(p.difference))
        told = widest.low is not None and widest.high is not None and not widest.low <= 0.0 <= widest.high
        side = (_side(widest) if more_is_better else -_side(widest)) if told else 0
        found.append(None if side == 0 else 0 if side > 0 else 1)
    return found


def _said(point: Point) -> dict[str, Any]:
    found = {"value": point.value, "difference": point.difference, "low": point.low, "high": point.high}
    return {**found, "note": point.note} if point.note else found
