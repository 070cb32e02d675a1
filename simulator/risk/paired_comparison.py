r"""Comparison of plans on the same paths: paired differences, wins, regret.

A difference is A less B of a measure; VaR and CVaR are those of the loss, so below 0 A risks less. Its standard error
is that of the differences of the two's influence values (simulator.risk.measures): plans in the same worlds differ by
far less than each is uncertain; the difference of two probabilities has the score interval of paired proportions. A
*beats* B on a path where it is better by 2^-20 or more of the unit (more where low is bad, less where high is bad);
nearer than that they tie. The *regret* of a plan on a path is the best of the compared plans less the plan itself.
Paths on which either plan is undefined are left out of a pair, out of regret those on which any plan is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.results.plan_comparison import TIE
from simulator.risk import dominance, estimates, figures, intervals, measures
from simulator.risk.comparison_summary import ComparisonSummary
from simulator.risk.distribution import distribution_of_sample
from simulator.risk.frontier import efficient_set
from simulator.risk.intervals import ATOM, Figure
from simulator.risk.measures import Estimate
from simulator.risk.summarise import LEVELS, regret_summary

__all__ = ["ComparisonTerms", "difference_verdict", "pair_differences"]


Floats = NDArray[np.float64]

_QUANTILES = (0.05, 0.5, 0.95)
TOLERANCE = 0.1
_MEANS = ("amount", "event", "rate", "ratio", "years", "months", "count")  # kinds that have a mean
_RANKED = ("amount", "rate", "ratio", "years", "months", "count")  # kinds whose quantiles are of interest


class ComparisonTerms(NamedTuple):
    """The compared metric, the levels and shares of its measures, and the tolerance of dominance."""

    metric: Metric
    levels: tuple[float, ...] = LEVELS
    quantiles: tuple[float, ...] = _QUANTILES
    tolerance: float = TOLERANCE  # in the metric's unit


def compare_plans(
    values: Mapping[str, Floats], terms: ComparisonTerms, pairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Pairs (against, plan) of plans, the regret of all and the efficient set, from `values` (paths,) by plan."""
    compared = [compare_pair(plan, against, values[plan], values[against], terms) for against, plan in pairs]
    metric, level = terms.metric, terms.levels[0] if terms.levels else None
    regret = sample_regret(values, terms) if metric.kind == "amount" else {}
    frontier = efficient_set(values, metric.bad, level) if metric.kind == "amount" and level is not None else {}
    return {"pairs": compared, "regret": regret, "frontier": frontier}


def comparison_head(values: Mapping[str, Floats], terms: ComparisonTerms) -> dict[str, Any]:
    """The head of comparison.json: the metric, the number of paths of the sample, and the terms."""
    metric = terms.metric
    return {
        "metric": metric.name,
        "title": metric.title,
        "unit": metric.unit,
        "kind": metric.kind,
        "bad": metric.bad,
        "n": len(next(iter(values.values()))),
        "confidence": intervals.CONFIDENCE,
        "tolerance": terms.tolerance,
        "plans": list(values),
    }


def compare_pair(plan: str, against: str, x: Floats, y: Floats, terms: ComparisonTerms) -> dict[str, Any]:
    """`plan` (values x) less `against` (values y) on the paths (n,) where both are defined, as in comparison.json."""
    both = ~(np.isnan(x) | np.isnan(y))
    amount = terms.metric.kind == "amount"
    dominated = {"dominance": _dominance(x[both], y[both], terms) if amount else {}}
    return pair_differences(plan, against, x, y, terms) | dominated


def pair_differences(plan: str, against: str, x: Floats, y: Floats, terms: ComparisonTerms) -> dict[str, Any]:
    """The same without stochastic dominance, which takes longest."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y, metric = x[both], y[both], terms.metric
    n, amount = int(x.size), metric.kind == "amount"
    levels = terms.levels if amount else ()
    shares = terms.quantiles if metric.kind in _RANKED else ()
    quantile, var, cvar = (
        partial(measures.paired_quantile, x, y),
        partial(measures.paired_var, x, y, bad=metric.bad),
        partial(measures.paired_cvar, x, y, bad=metric.bad),
    )
    return {
        "plan": plan,
        "against": against,
        "n": n,
        "mean": {**_mean(x, y, metric).to_dict(), "n": n},
        **_wins(x, y, metric),
        "quantiles": {str(share): _ranked(share, n, partial(quantile, share)).to_dict() for share in shares},
        "var": {str(level): _ranked(level, n, partial(var, level)).to_dict() for level in levels},
        "cvar": {str(level): _tail(level, n, partial(cvar, level)).to_dict() for level in levels},
    }


def _wins(x: Floats, y: Floats, metric: Metric) -> dict[str, Any]:
    """The share of paths on which `x` (n,) is better than `y`, and the share of ties."""
    n, ahead = int(x.size), more_is_better(x, metric) - more_is_better(y, metric)
    better, ties = int((ahead >= TIE).sum()), int((np.abs(ahead) < TIE).sum())
    return {
        "beats": {**figures.probability(better, n).to_dict(), "n": n},
        "ties": {**figures.probability(ties, n).to_dict(), "n": n},
    }


def difference_verdict(difference: Mapping[str, Any], bad: str) -> str:
    """The verdict on a difference: `better` or `worse` if its interval leaves 0 out, else `not told apart`.

    `bad` is the side that is: that of the metric for a mean, high for VaR and CVaR.
    """
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return "no verdict"
    if low == high == 0.0:
        return "the same"
    if low <= 0.0 <= high:
        return "not told apart"
    return "better" if (low > 0.0) == (bad == "low") else "worse"


def more_is_better(x: Floats, metric: Metric) -> Floats:
    """The values, negated where high is bad."""
    return x if metric.bad == "low" else -x


def sample_regret(values: Mapping[str, Floats], terms: ComparisonTerms) -> dict[str, Any]:
    """The regret of every plan on the sample, as in summary.json."""
    rows = np.array([more_is_better(x, terms.metric) for x in values.values()])
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    best = rows.max(axis=0, initial=-math.inf)
    unit = terms.metric.unit
    regret = {}
    for plan, row in zip(values, rows, strict=True):
        metric = Metric(plan, "amount", unit, "high", False, f"Regret of {plan}")
        regret[plan] = regret_summary(distribution_of_sample(metric, best - row), terms.quantiles).to_dict()
    return regret


def replace_by_all_paths(
    comparison: dict[str, Any], summary: ComparisonSummary | None, metric: str, plans: Sequence[str]
) -> None:
    """Replace figures of the sample in `comparison` by those of all paths of the run, where its `summary` has them.

    Those are means, wins and ties of pairs with the first plan, and regret of npv where all plans are compared.
    """
    if summary is None:
        return
    for pair in comparison["pairs"]:
        whole = summary.differences.get(pair["plan"], {}).get(metric)
        if pair["against"] == summary.first and whole is not None:
            pair["mean"] = {**whole.mean.to_dict(), "n": whole.n}
            pair["beats"] = {**whole.beats.to_dict(), "n": whole.n}
            pair["ties"] = {**whole.ties.to_dict(), "n": whole.n}
    if metric == "npv" and summary.regret and set(plans) == set(summary.regret):
        comparison["regret"] = {plan: summary.regret[plan].to_dict() for plan in plans}


def _mean(x: Floats, y: Floats, metric: Metric) -> Figure:
    if metric.kind not in _MEANS:
        return Figure(None, None, None, "no mean: a month may never come")
    if x.size < 2:
        return Figure(None, None, None, intervals.NOWHERE if x.size == 0 else intervals.ALONE)
    if metric.kind == "event":
        return Figure(float(x.mean() - y.mean()), *estimates.event_difference_interval(x, y))
    return _figure(measures.paired_mean(x, y), x.size)


def _tail(level: float, n: int, measure: Callable[[], Estimate]) -> Figure:
    """A difference of tail figures, unless too few paths lie in the tail."""
    note = intervals.NOWHERE if n == 0 else intervals.reservation(level, n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    return _figure(measure(), n, note)


def _ranked(level: float, n: int, measure: Callable[[], Estimate]) -> Figure:
    """A difference of ranked values: one that rests on atoms has no density and so no interval."""
    figure = _tail(level, n, measure)
    if figure.value and figure.low == figure.high:
        return Figure(figure.value, None, None, ATOM)
    return figure


def _figure(estimate: Estimate, n: int, note: str | None = None) -> Figure:
    return Figure(estimate.value, *intervals.mean_interval(estimate.value, estimate.stderr, n), note)


def _dominance(x: Floats, y: Floats, terms: ComparisonTerms) -> dict[str, Any]:
    """For either order, whether `x` dominates `y` (over) and the other way round (under)."""
    verdicts: dict[str, Any] = {}
    orders: tuple[dominance.Order, ...] = ("first", "second")
    for order in orders:
        gaps = dominance.gaps(more_is_better(x, terms.metric), more_is_better(y, terms.metric), order)
        if gaps.gap.size == 0:
            verdicts[order] = None
            continue
        both = (dominance.dominance_verdict(each, terms.tolerance, int(x.size)) for each in (gaps, gaps.reversed()))
        verdicts[order] = dict(zip(("over", "under"), (verdict._asdict() for verdict in both), strict=True))
    return verdicts
