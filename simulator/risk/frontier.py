"""The efficient set: plans that no other plan beats in both mean and CVaR.

Whether plan B is better than A in both is judged by the paired intervals of the two differences (risk.measures):

    efficient              no plan is better in both, and of each other plan that is sure
    efficient, not sure    no plan is better in both on the sample
    dominated, not sure    some plan is better in both on the sample
    dominated              some plan is better in both, and that is sure

*Sure* is at 95 %: B is better in both if each difference is beyond 1.645 of its standard errors (both have to be, so
the chance of a mistake stays below 5 %); B is not better in both if one of them is on A's side by 1.960 (either will
do, so each gets 2.5 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.plan_comparison import TIE
from simulator.risk import intervals, measures
from simulator.risk.measures import Estimate

__all__: list[str] = []  # used in this folder only


Floats = NDArray[np.float64]

EFFICIENT, PERHAPS, DOUBTFUL, DOMINATED = (
    "efficient",
    "efficient, not sure",
    "dominated, not sure",
    "dominated",
)
_BOTH, _EITHER = 1.6448536269514722, 1.959963984540054  # normal quantiles of .95 and .975


class _Rival(NamedTuple):
    """The advantage of another plan in mean, and in CVaR (a smaller loss)."""

    mean: Estimate
    cvar: Estimate

    @property
    def better(self) -> bool:
        """Better in both, or better in one and equal in the other."""
        gains = (self.mean.value, self.cvar.value)
        return min(gains) > -TIE and max(gains) >= TIE

    def surely(self) -> bool:
        """Better in both, and that is sure."""
        return all(gain.value > _BOTH * gain.stderr for gain in self)

    def surely_not(self) -> bool:
        """Not better in both, and that is sure."""
        return any(gain.value < -_EITHER * gain.stderr for gain in self) or all(abs(gain.value) < TIE for gain in self)


def efficient_set(values: Mapping[str, Floats], bad: Literal["low", "high"], level: float) -> dict[str, Any]:
    """Mean, CVaR at `level` and efficiency of every plan, from `values` (paths,) by plan; empty if a tail is too thin.

    Paths on which any plan is undefined are left out.
    """
    sign = 1.0 if bad == "low" else -1.0
    rows = np.array([sign * x for x in values.values()])
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    n = rows.shape[1]
    note = intervals.reservation(level, n)
    if n == 0 or note == intervals.TOO_FEW:
        return {}
    names = list(values)
    plans = {}
    for i, plan in enumerate(names):
        rivals = {other: _rival(rows[j], rows[i], level) for j, other in enumerate(names) if j != i}
        efficiency, dominators = _efficiency(rivals)
        cvar = measures.cvar(-rows[i], level)
        mean = sign * float(rows[i].mean())
        plans[plan] = {
            "mean": _figure(mean, float(rows[i].std(ddof=1)) / n**0.5, n),
            "cvar": {**_figure(cvar.value, cvar.stderr, n), **({"note": note} if note else {})},
            "standing": efficiency,
            "by": dominators,
        }
    return {"level": level, "n": n, "plans": plans}


def _rival(rival: Floats, plan: Floats, level: float) -> _Rival:
    mean = measures.paired_mean(rival, plan)
    cvar = measures.paired_cvar(plan, rival, level, "low")
    return _Rival(mean, cvar)


def _efficiency(rivals: Mapping[str, _Rival]) -> tuple[str, list[str]]:
    """A plan's efficiency, and the plans that are better in both."""
    better = [plan for plan, rival in rivals.items() if rival.better]
    sure = [plan for plan in better if rivals[plan].surely()]
    if sure:
        return DOMINATED, sure
    if better:
        return DOUBTFUL, better
    return (EFFICIENT if all(rival.surely_not() for rival in rivals.values()) else PERHAPS), []


def _figure(value: float, stderr: float, n: int) -> dict[str, float]:
    low, high = intervals.mean_interval(value, stderr, n)
    return {"value": value, "low": low, "high": high}
