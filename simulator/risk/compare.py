r"""Plans against each other on the same paths: paired differences, who beats whom, regret.

A difference is A less B of a measure; VaR and CVaR are those of the loss, so below 0 A risks less. Its standard error
is that of the differences of the two's influence values (simulator.risk.measures): plans in the same worlds differ by
far less than each is uncertain; the difference of two probabilities has the score interval of paired proportions. A
*beats* B on a path where it is better by 2^-20 or more of the unit (more where low is bad, less where high is bad);
nearer than that they tie. The *regret* of a plan on a path is what the best of the compared plans has beyond it. Paths
on which either plan is undefined are left out of a pair, out of regret those on which any plan is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.results.plan_comparison import TIE
from simulator.risk import dominance, estimates, intervals, measures, summary
from simulator.risk.frontier import frontier
from simulator.risk.intervals import ATOM, Figure
from simulator.risk.measures import Estimate
from simulator.risk.summary import figure_dict

Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.5, 0.95)
TOLERANCE = 0.1
_MEANS = ("amount", "event", "rate", "ratio", "years", "months", "count")  # kinds that have a mean
_RANKED = ("amount", "rate", "ratio", "years", "months", "count")  # kinds whose quantiles are of interest


class Terms(NamedTuple):
    """What is compared and how."""

    metric: Metric
    levels: tuple[float, ...] = summary.LEVELS
    quantiles: tuple[float, ...] = QUANTILES
    tolerance: float = TOLERANCE  # of dominance, in the metric's unit


def compare(values: Mapping[str, Floats], terms: Terms, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Pairs (against, plan) of plans, the regret of all and the efficient set, from `values` (paths,) by plan."""
    compared = [pair(plan, against, values[plan], values[against], terms) for against, plan in pairs]
    metric, level = terms.metric, terms.levels[0] if terms.levels else None
    known = regrets(values, terms) if metric.kind == "amount" else {}
    edge = frontier(values, metric.bad, level) if metric.kind == "amount" and level is not None else {}
    return {"pairs": compared, "regret": known, "frontier": edge}


def head(values: Mapping[str, Floats], terms: Terms) -> dict[str, Any]:
    """What is compared, on how many paths of the sample, and by which terms."""
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


def pair(plan: str, against: str, one: Floats, other: Floats, terms: Terms) -> dict[str, Any]:
    """`plan` less `against` on the paths (n,) where both are defined, as it stands in comparison.json."""
    both = ~(np.isnan(one) | np.isnan(other))
    amount = terms.metric.kind == "amount"
    dominated = {"dominance": _dominance(one[both], other[both], terms) if amount else {}}
    return difference(plan, against, one, other, terms) | dominated


def difference(plan: str, against: str, one: Floats, other: Floats, terms: Terms) -> dict[str, Any]:
    """The same without who dominates whom, which takes longest."""
    both = ~(np.isnan(one) | np.isnan(other))
    one, other, metric = one[both], other[both], terms.metric
    n, amount = int(one.size), metric.kind == "amount"
    levels = terms.levels if amount else ()
    shares = terms.quantiles if metric.kind in _RANKED else ()
    return {
        "plan": plan,
        "against": against,
        "n": n,
        "mean": {**figure_dict(_mean(one, other, metric)), "n": n},
        **wins(one, other, metric),
        "quantiles": {str(p): figure_dict(_ranked(p, n, lambda p=p: _quantile(one, other, p))) for p in shares},
        "var": {str(a): figure_dict(_ranked(a, n, lambda a=a: _var(one, other, a, metric))) for a in levels},
        "cvar": {str(a): figure_dict(_tail(a, n, lambda a=a: _cvar(one, other, a, metric))) for a in levels},
    }


def wins(one: Floats, other: Floats, metric: Metric) -> dict[str, Any]:
    """How often `one` (n,) is better than `other`, and how often they tie."""
    n, ahead = int(one.size), good(one, metric) - good(other, metric)
    better, ties = int((ahead >= TIE).sum()), int((np.abs(ahead) < TIE).sum())
    return {
        "beats": {**figure_dict(summary.probability(better, n)), "n": n},
        "ties": {**figure_dict(summary.probability(ties, n)), "n": n},
    }


def verdict(of: Mapping[str, Any], bad: str) -> str:
    """What a difference says: `better` or `worse` if its interval leaves 0 out, else `not told apart`.

    `bad` is the side that is: that of the metric for a mean, high for VaR and CVaR.
    """
    low, high = of["low"], of["high"]
    if low is None or high is None:
        return "no verdict"
    if low == high == 0.0:
        return "the same"
    if low <= 0.0 <= high:
        return "not told apart"
    return "better" if (low > 0.0) == (bad == "low") else "worse"


def good(x: Floats, metric: Metric) -> Floats:
    """The values so that more is better."""
    return x if metric.bad == "low" else -x


def regrets(values: Mapping[str, Floats], terms: Terms) -> dict[str, Any]:
    """The regret of every plan, as in summary.json."""
    rows = np.array([good(x, terms.metric) for x in values.values()])
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    best = rows.max(axis=0, initial=-math.inf)
    unit = terms.metric.unit
    found = {}
    for plan, row in zip(values, rows, strict=True):
        of = summary.of_sample(Metric(plan, "amount", unit, "high", False, f"Regret of {plan}"), best - row)
        found[plan] = summary.regret(of, terms.quantiles)
    return found


def over_all_paths(found: dict[str, Any], block: Mapping[str, Any], metric: str, plans: Sequence[str]) -> None:
    """Put into `found` what a run counted over all its paths: `block` is `comparison` of its summary.

    Means and beats of pairs with the first plan, and regret where all plans of the run are compared by `metric` npv.
    """
    for one in found["pairs"]:
        known = block.get("differences", {}).get(one["plan"], {}).get(metric)
        if one["against"] == block.get("first") and known:
            one["mean"] = {key: known[key] for key in ("value", "low", "high", "note", "n") if key in known}
            one["beats"] = {**known["beats"], "n": known["n"]}
            tied = known["ties"]
            if not isinstance(tied, Mapping):  # as older runs kept it: the share alone
                tied = figure_dict(summary.probability(round((tied or 0.0) * known["n"]), known["n"]))
            one["ties"] = {**tied, "n": known["n"]}
    if metric == "npv" and block.get("regret") and set(plans) == set(block["regret"]):
        found["regret"] = {plan: block["regret"][plan] for plan in plans}


def _mean(one: Floats, other: Floats, metric: Metric) -> Figure:
    if metric.kind not in _MEANS:
        return Figure(None, None, None, "no mean: a month may never come")
    if one.size < 2:
        return Figure(None, None, None, intervals.NOWHERE if one.size == 0 else intervals.ALONE)
    if metric.kind == "event":
        return Figure(float(one.mean() - other.mean()), *estimates.between_events(one, other))
    return _figure(measures.paired_mean(one, other), one.size)


def _quantile(one: Floats, other: Floats, share: float) -> Estimate:
    return measures.paired_quantile(one, other, share)


def _var(one: Floats, other: Floats, level: float, metric: Metric) -> Estimate:
    return measures.paired_var(one, other, level, metric.bad)


def _cvar(one: Floats, other: Floats, level: float, metric: Metric) -> Estimate:
    return measures.paired_cvar(one, other, level, metric.bad)


def _tail(level: float, n: int, of: Any) -> Figure:
    """A tail figure, where there are tail paths enough."""
    note = intervals.NOWHERE if n == 0 else intervals.verdict(level, n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    return _figure(of(), n, note)


def _ranked(level: float, n: int, of: Any) -> Figure:
    """A difference of ranked values: one that rests on atoms has no density and so no interval."""
    figure = _tail(level, n, of)
    if figure.value and figure.low == figure.high:
        return Figure(figure.value, None, None, ATOM)
    return figure


def _figure(of: Estimate, n: int, note: str | None = None) -> Figure:
    return Figure(of.value, *intervals.about(of.value, of.stderr, n), note)


def _dominance(one: Floats, other: Floats, terms: Terms) -> dict[str, Any]:
    """Of either order, whether `one` dominates `other` and the other way round."""
    found: dict[str, Any] = {}
    orders: tuple[dominance.Order, ...] = ("first", "second")
    for order in orders:
        gaps = dominance.gaps(good(one, terms.metric), good(other, terms.metric), order)
        if gaps.gap.size == 0:
            found[order] = None
            continue
        n = int(one.size)
        both = (dominance.verdict(of, terms.tolerance, n)._asdict() for of in (gaps, dominance.reverse(gaps)))
        found[order] = dict(zip(("over", "under"), both, strict=True))
    return found
