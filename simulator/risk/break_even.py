r"""Break-even: the value of one input at which two plans change places.

The paired difference D(v) of a measure (mean, VaR, CVaR or probability; one plan less the other) is simulated on the
same random numbers at every value v of the input, so that it is a smooth function but for the kinks of single paths.
_PROBES values over [low, high] look for changes of sign; each is closed in on by Brent's method (1973) until D is small
against its own standard error or the bracket is a millionth of the range. The interval of a root is that
of D over the slope, v +- 1.96 s.e.(D) / |D'|, with D' taken over a hundredth of the range or more on either side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.plan_comparison import TIE
from simulator.risk.estimates import influence_estimate, paired_difference, paired_error
from simulator.risk.intervals import NORMAL, TOO_FEW, reservation
from simulator.risk.metric_spec import MeasureSpec
from simulator.risk.root_finding import find_root

__all__ = ["break_even"]


Floats = NDArray[np.float64]
Simulate = Callable[[float], tuple[Floats, Floats]]  # values (n,) of either plan with the input held at a value

_PROBES = 5
_STEPS = 30
_SMALL = 0.02  # of a standard error: the largest difference at a root
_NARROW = 1e-6  # of the range
_REACH = 0.01  # of the range: least distance over which the slope is taken
_BEYOND = "the interval reaches beyond the values tried"
FLAT = "the difference hardly moves with the input: no interval"
JUMP = "the difference jumps here: no interval"


class _Point(NamedTuple):
    """The paired difference at one value of the input, with its 95 % interval (None: see note)."""

    value: float
    difference: float
    stderr: float
    low: float | None
    high: float | None
    note: str | None

    @property
    def sign(self) -> int:
        """Sign of the difference, 0 where the plans tie."""
        return 0 if abs(self.difference) < TIE else int(math.copysign(1, self.difference))

    def to_dict(self) -> dict[str, Any]:
        """One entry of `points`; the standard error is left out."""
        entry = {"value": self.value, "difference": self.difference, "low": self.low, "high": self.high}
        return {**entry, "note": self.note} if self.note else entry


class _Root(NamedTuple):
    """A value at which the plans change places, with its 95 % interval (None: see note)."""

    value: float
    low: float | None
    high: float | None
    note: str | None = None


def break_even(simulate: Simulate, metric: Metric, measure: MeasureSpec, low: float, high: float) -> dict[str, Any]:
    """Points tried, rising, roots, and which of the two plans is ahead below, between and above them.

    `leaders` (roots + 1 of them) are 0 for the plan, 1 for the one it is compared with, None where they are not told
    apart.
    """

    def at(value: float) -> _Point:
        return _point(simulate, metric, measure, value)

    points = [at(float(value)) for value in np.linspace(low, high, _PROBES)]
    apart = [point for point in points if point.sign]
    crossings: list[_Point] = []
    for left, right in itertools.pairwise(apart):
        if left.sign != right.sign:
            best, tried = _close_in(at, left, right, high - low)
            points = sorted({*points, *tried})
            crossings.append(best)
    roots = [_root(points, best, low, high) for best in crossings]
    return {
        "points": [point.to_dict() for point in points],
        "roots": [root._asdict() for root in roots],
        "leaders": _leaders(points, [root.value for root in roots], metric, measure),
    }


def _point(simulate: Simulate, metric: Metric, measure: MeasureSpec, value: float) -> _Point:
    plan, against = (influence_estimate(x, metric, measure) for x in simulate(value))
    n = plan.influence.size
    note = reservation(measure.level, n) if measure.kind in ("var", "cvar") else None
    if note == TOO_FEW:
        raise ConfigError([f"--paths: given {n}, {TOO_FEW} for {measure.kind}, wanted more"])
    figure = paired_difference(plan, against)
    if figure.value is None:
        raise ConfigError([f"--metric: given {metric.name}, which is undefined on every path of a plan"])
    return _Point(value, figure.value, paired_error(plan, against), figure.low, figure.high, figure.note or note)


def _close_in(at: Callable[[float], _Point], left: _Point, right: _Point, span: float) -> tuple[_Point, list[_Point]]:
    """The point nearest to a change of sign between two points, and all points tried, these two among them."""
    tried = {left.value: left, right.value: right}

    def difference(value: float) -> float:
        if value not in tried:
            tried[value] = at(value)
        point = tried[value]
        return 0.0 if abs(point.difference) <= max(_SMALL * point.stderr, TIE) else point.difference

    root = find_root(difference, left.value, right.value, _NARROW * span, _STEPS)
    return min(tried.values(), key=lambda point: abs(point.value - root)), list(tried.values())


def _root(points: list[_Point], best: _Point, low: float, high: float) -> _Root:
    """A root with its interval from the slope between points on either side of it."""
    reach = _REACH * (high - low)
    left = max((p for p in points if p.value <= best.value - reach), default=points[0])
    right = min((p for p in points if p.value >= best.value + reach), default=points[-1])
    slope = (right.difference - left.difference) / (right.value - left.value)
    if abs(best.difference) > 3.0 * best.stderr + TIE:
        return _Root(best.value, None, None, JUMP)
    if slope == 0.0 or not math.isfinite(best.stderr / slope):
        return _Root(best.value, None, None, FLAT)
    value = best.value - best.difference / slope
    half_width = NORMAL * best.stderr / abs(slope)
    bounds = value - half_width, value + half_width
    first, last = (bound if low <= bound <= high else None for bound in bounds)
    return _Root(value, first, last, _BEYOND if first is None or last is None else None)


def _leaders(points: list[_Point], roots: list[float], metric: Metric, measure: MeasureSpec) -> list[int | None]:
    """The plan that is ahead in each stretch between the roots, where its largest difference is surely not 0."""
    more_is_better = measure.kind == "mean" and metric.bad == "low"
    edges = [-math.inf, *roots, math.inf]
    leaders: list[int | None] = []
    for a, b in itertools.pairwise(edges):
        widest = max((p for p in points if a <= p.value <= b), key=lambda p: abs(p.difference))
        sure = widest.low is not None and widest.high is not None and not widest.low <= 0.0 <= widest.high
        sign = (widest.sign if more_is_better else -widest.sign) if sure else 0
        leaders.append(None if sign == 0 else 0 if sign > 0 else 1)
    return leaders
