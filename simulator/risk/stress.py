"""Stress: a risk figure of every plan in the base and in each stressed world, and by how much it differs.

All scenarios run on the same random numbers, so a difference has the paired error of `simulator.risk.sensitivity`; the
intervals of the figures themselves are those of a summary. A figure is {"value", "low", "high"}, 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.risk import intervals, sensitivity, summary
from simulator.risk.intervals import Figure
from simulator.risk.sensitivity import Estimate, Measure

Floats = NDArray[np.float64]
UNPAIRED = "undefined in the base or under stress"


def figure(values: Floats, metric: Metric, wanted: Measure) -> Figure:
    """A measure of a metric over its values (n,), undefined as NaN, with its interval or why there is none."""
    of = summary.of_sample(metric, values)
    if metric.kind == "event":
        return summary.probability(int(np.nansum(values)), of.n)
    match wanted.kind:
        case "var":
            return summary.var(of, wanted.level)
        case "cvar":
            return summary.cvar(of, wanted.level)
        case _:
            return summary.mean(of)


def change(stressed: Estimate, base: Estimate, shown: tuple[Figure, Figure]) -> Figure:
    """The stressed figure less that of the base; nothing where one of the two, as `shown`, is not to be trusted."""
    without = next((one for one in shown if one.value is None), None)
    if without is not None:
        return Figure(None, None, None, without.note or UNPAIRED)
    difference, error = stressed.value - base.value, sensitivity.paired_error(stressed, base)
    if not math.isfinite(difference):
        return Figure(None, None, None, UNPAIRED)
    if not math.isfinite(error):
        return Figure(difference, None, None, "one path only")
    return Figure(difference, *intervals.about(difference, error, base.influence.size))


class Comparison:
    """The base, against which scenarios are held: values by plan, each (paths,)."""

    def __init__(self, base: Mapping[str, Floats], metric: Metric, wanted: Measure) -> None:
        self._metric, self._wanted = metric, wanted
        self._base = {plan: self._measured(values) for plan, values in base.items()}

    def base(self) -> dict[str, Any]:
        """Figures of the base by plan."""
        return {plan: summary.figure_dict(figure) for plan, (figure, _) in self._base.items()}

    def against(self, stressed: Mapping[str, Floats]) -> dict[str, Any]:
        """Figures of a stressed world by plan, with their `change`."""
        found = {}
        for plan, values in stressed.items():
            (now, influence), (before, base) = self._measured(values), self._base[plan]
            moved = change(influence, base, (now, before))
            found[plan] = {**summary.figure_dict(now), "change": summary.figure_dict(moved)}
        return found

    def _measured(self, values: Floats) -> tuple[Figure, Estimate]:
        shown = figure(values, self._metric, self._wanted)
        return shown, sensitivity.estimate(values, self._metric, self._wanted)
