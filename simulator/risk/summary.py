"""What `summary.json` says: every measure of every figure with its interval, or why there is none.

A figure is {"value", "low", "high"} (95 %), with "note" where there is a reservation; null where it is not to be
trusted. A month that never comes ranks after the horizon: a measure that falls on it is null with the note "never".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.results.columns import WORLD, Column
from simulator.results.histogram import Bins, bins_from_sample
from simulator.results.moments import Moments
from simulator.results.plan_comparison import TIE, Difference
from simulator.results.scope_tally import ColumnTally, Extreme
from simulator.results.tallies import Tallies
from simulator.risk import intervals, measures
from simulator.risk.intervals import Figure
from simulator.risk.undefined import COVENANTS

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LEVELS = (0.95, 0.99)
NEVER = "never"
REACHES_NEVER = "the interval reaches beyond the horizon"
CONVENTIONS = (
    "The loss is minus the value where low is bad, the value where high is bad; VaR and CVaR are positive losses.",
    "VaR at level a is the ceil(a n)-th smallest loss of n; CVaR is VaR + mean((loss - VaR)+) / (1 - a).",
    "The quantile of a share p is the ceil(p n)-th smallest value.",
    "Intervals are 95 %: Student's t for means, binomial ranks for quantiles and VaR (outward to bin edges), "
    "Clopper-Pearson for probabilities, Tango's score interval for their differences, normal for CVaR.",
    "Tail figures from fewer than 50 tail paths are not given, from fewer than 300 they are flagged.",
    "Undefined values are left out of every measure and counted apart: `undefined` is their share.",
    "Months count from the start of the programme, 0 first; one that never comes ranks after the horizon.",
    "Plans are compared path by path: a difference is the plan less the first plan, it beats it where it is better on "
    "a path, values nearer than 1e-6 tie; regret is what the best plan of a path has beyond a plan.",
)

Sample = Callable[[str], NDArray[np.float64]]


class Facts(NamedTuple):
    """What a summary says of the run itself."""

    digest: str
    paths: int
    seed: int
    sampler: str
    stop: Mapping[str, Any]  # {"rule": "paths|precision|until|signal", "asked", "reached"}
    resumed_at: Sequence[int]
    simulate_s: float
    stress: Sequence[str] = ()  # sets that the config contains


class Distribution(NamedTuple):
    """What is known of one figure over n paths, from its tally or from the sample."""

    metric: Metric
    n: int  # paths on which it is defined
    undefined: int
    bins: Bins
    moments: Moments
    events: Mapping[str, int]
    ends: tuple[Extreme | None, Extreme | None]


def summarise(
    facts: Facts,
    tallies: Tallies,
    columns: Sequence[Column],
    *,
    months: int,
    levels: Sequence[float] = LEVELS,
    quantiles: Sequence[float] = QUANTILES,
    sample: Sample | None = None,
    untested: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The contents of summary.json. Columns without a tally are measured on the `sample` (column name -> values).

    What only a covenant test finds is undefined in the plans that are `untested`, for the reason given.
    """
    idle = untested or {}
    scopes: dict[str, dict[str, Any]] = {}
    tallied = {column.name for column in tallies.columns}
    for column in columns:
        if column.name in tallied:
            distribution = of_tally(tallies, column.name)
        elif sample is not None:
            distribution = of_sample(column.metric, sample(column.name))
        else:
            continue
        why = idle.get(column.scope) if column.metric.name in COVENANTS else None
        found = entry(_nowhere(distribution) if why else distribution, months, levels, quantiles)
        scopes.setdefault(column.scope, {})[column.metric.name] = _because(found, why) if why else found
    speed = facts.paths / facts.simulate_s if facts.simulate_s > 0.0 else None
    return {
        "digest": facts.digest,
        "paths": facts.paths,
        "seed": facts.seed,
        "sampler": facts.sampler,
        "stop": dict(facts.stop),
        "resumed_at": list(facts.resumed_at),
        "stress": list(facts.stress),
        "confidence": intervals.CONFIDENCE,
        "conventions": list(CONVENTIONS),
        "world": scopes.pop(WORLD, {}),
        "plans": scopes,
        "comparison": comparison(tallies, quantiles, idle),
        "timing": {"simulate_s": facts.simulate_s, "paths_per_s": speed},
    }


def _nowhere(of: Distribution) -> Distribution:
    """The same paths with the figure undefined on all of them."""
    nothing = Moments(0, math.nan, math.nan, math.nan)
    events = dict.fromkeys(of.events, 0)
    total = of.n + of.undefined
    return Distribution(of.metric, 0, total, bins_from_sample(np.empty(0)), nothing, events, (None, None))


def _because(found: Any, why: str) -> Any:
    """An entry whose figures say why they are undefined on every path."""
    if not isinstance(found, dict):
        return why if found == intervals.NOWHERE else found
    return {key: _because(part, why) for key, part in found.items()}


def comparison(
    tallies: Tallies, quantiles: Sequence[float] = QUANTILES, untested: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Every plan less the first plan, and the regret of each, over all paths; empty with a single plan.

    What only a covenant test finds is left out where one of the two plans is `untested`.
    """
    of = tallies.comparison
    if of.first is None:
        return {}
    idle = set(untested or {})
    plans = {
        plan: {
            found.metric.name: difference(found)
            for found in of.differences(plan)
            if found.metric.name not in COVENANTS or not idle & {plan, of.first}
        }
        for plan in of.plans[1:]
    }
    tallies_of = {plan: tally for plan in of.plans if (tally := of.regret(plan)) is not None}
    regrets = {plan: regret(distribution(tally), quantiles) for plan, tally in tallies_of.items()}
    return {"first": of.first, "differences": plans, "regret": regrets}


def difference(of: Difference) -> dict[str, Any]:
    """One plan less the first in one metric: its mean with the paired error, and how often the plan is better."""
    n = of.moments.n
    mean = about_mean(of.moments)
    if of.metric.kind == "event" and n:
        sides = n - of.better - of.ties, of.better  # paths on which the event is the plan's alone, and the first's
        gained, lost = sides if of.metric.bad == "high" else sides[::-1]
        mean = Figure(of.moments.mean, *intervals.paired_proportion(gained, lost, n))
    return {
        "unit": of.metric.unit,
        "bad": of.metric.bad,
        "n": n,
        **figure_dict(mean),
        "stderr": _finite(of.moments.stderr),
        "beats": figure_dict(probability(of.better, n)),
        "ties": figure_dict(probability(of.ties, n)),
    }


def about_mean(of: Moments) -> Figure:
    """A mean with its interval."""
    if of.n < 2:
        return Figure(_finite(of.mean), None, None, intervals.NOWHERE if of.n == 0 else intervals.ALONE)
    return Figure(of.mean, *intervals.about(of.mean, of.stderr, of.n))


def regret(of: Distribution, quantiles: Sequence[float]) -> dict[str, Any]:
    """Mean and quantiles of a plan's regret, and how often no plan is better."""
    return {
        "unit": of.metric.unit,
        "n": of.n,
        **figure_dict(mean(of)),
        "stderr": _finite(of.moments.stderr),
        "quantiles": {str(p): figure_dict(quantile(of, p, 0)) for p in quantiles},
        "best": figure_dict(probability(of.n - _at_least(of.bins, TIE), of.n)),
    }


def of_tally(tallies: Tallies, name: str) -> Distribution:
    """The distribution of a tallied column."""
    return distribution(tallies.column(name))


def distribution(tally: ColumnTally) -> Distribution:
    """The distribution of a column from its tally."""
    ends = (tally.lowest, tally.highest)
    return Distribution(tally.column.metric, tally.n, tally.undefined, tally.bins, tally.moments, tally.events, ends)


def of_sample(metric: Metric, x: NDArray[np.float64]) -> Distribution:
    """The distribution of a figure from its values on paths 0, 1, ... (n,), undefined as NaN."""
    bins = bins_from_sample(x)
    n = int(bins.n.sum())
    ends: tuple[Extreme | None, Extreme | None] = (None, None)
    moments = Moments(0, math.nan, math.nan, math.nan)
    if n:
        low, high = int(np.nanargmin(x)), int(np.nanargmax(x))
        ends = (Extreme(float(x[low]), low), Extreme(float(x[high]), high))
        mean = math.fsum(bins.n * bins.mean) / n
        sd = math.sqrt(math.fsum(bins.n * (bins.mean - mean) ** 2) / (n - 1)) if n > 1 else math.nan
        moments = Moments(n, mean, sd, sd / math.sqrt(n))
    return Distribution(metric, n, len(x) - n, bins, moments, {}, ends)


def entry(of: Distribution, months: int, levels: Sequence[float], quantiles: Sequence[float]) -> dict[str, Any]:
    """One metric of summary.json: what it is, how often it is defined, and its measures."""
    metric, total = of.metric, of.n + of.undefined
    amount, event = metric.kind == "amount", metric.kind == "event"
    found: dict[str, Any] = {
        "title": metric.title,
        "unit": metric.unit,
        "kind": metric.kind,
        "bad": metric.bad,
        "n": of.n,
        "undefined": of.undefined / total if total else 0.0,
        **_mean(of, months),
        "sd": figure_dict(sd(of)),
        "quantiles": {} if event else {str(p): figure_dict(quantile(of, p, months)) for p in quantiles},
        "var": {str(level): figure_dict(var(of, level)) for level in levels} if amount else {},
        "cvar": {str(level): figure_dict(cvar(of, level)) for level in levels} if amount else {},
        "probability": {label: figure_dict(figure) for label, figure in probabilities(of, months).items()},
    }
    for name, end in zip(("lowest", "highest"), of.ends, strict=True):
        found[name] = None if end is None else {"value": end.value, "path": end.path}
    return found


def mean(of: Distribution) -> Figure:
    """The mean; its standard error is `of.moments.stderr`."""
    return about_mean(of.moments)


def sd(of: Distribution) -> Figure:
    """The standard deviation."""
    if of.n < 2:
        return Figure(None, None, None, intervals.NOWHERE if of.n == 0 else intervals.ALONE)
    if not np.isfinite(of.bins.mean).all():
        return Figure(of.moments.sd, None, None, intervals.BEYOND)
    return Figure(of.moments.sd, *intervals.spread(of.moments.sd, measures.bins_central(of.bins, 4), of.n))


def quantile(of: Distribution, share: float, months: int) -> Figure:
    """The quantile of the value at a share."""
    figure = _ranked(of.bins, of.n, share)
    if of.metric.kind != "month" or figure.value is None:
        return figure
    low, high = (None if end is None or end >= months else end for end in (figure.low, figure.high))
    if figure.value >= months:
        return Figure(None, low, None, NEVER)
    return Figure(figure.value, low, high, figure.note if high is not None else REACHES_NEVER)


def var(of: Distribution, level: float) -> Figure:
    """Value at risk."""
    return _ranked(_loss(of), of.n, level)


def cvar(of: Distribution, level: float) -> Figure:
    """Conditional value at risk; its interval is normal."""
    note = intervals.NOWHERE if of.n == 0 else intervals.verdict(level, of.n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    value, stderr = measures.bins_cvar(_loss(of), level)
    if not math.isfinite(value):
        return Figure(None, None, None, intervals.BEYOND)
    return Figure(value, *intervals.about(value, stderr, of.n), note)


def probability(events: int, n: int) -> Figure:
    """The probability of what happened on `events` of n paths."""
    if n == 0:
        return Figure(None, None, None, intervals.NOWHERE)
    return Figure(events / n, *intervals.proportion(events, n))


def probabilities(of: Distribution, months: int) -> dict[str, Figure]:
    """Probabilities by name: of the event that a metric is, that a month never comes, and of the config's events."""
    if of.metric.kind == "event":
        return {of.metric.name: probability(_at_least(of.bins, 0.5), of.n)}
    found = {label: probability(events, of.n) for label, events in of.events.items()}
    if of.metric.kind == "month" and _at_least(of.bins, months):
        found[NEVER] = probability(_at_least(of.bins, months), of.n)
    return found


def _mean(of: Distribution, months: int) -> dict[str, Any]:
    """Mean and standard error; a month that may never come has no mean."""
    if of.metric.kind == "month" and _at_least(of.bins, months):
        return {"mean": None, "stderr": None, "note": "no mean: the month never comes on some paths"}
    figure = mean(of)
    note = {"note": figure.note} if figure.note else {}
    return {"mean": figure.value, "stderr": _finite(of.moments.stderr), **note}


def _loss(of: Distribution) -> Bins:
    return of.bins.negated() if of.metric.bad == "low" else of.bins


def _ranked(bins: Bins, n: int, level: float) -> Figure:
    """The value of rank ceil(level n), its interval between the outer edges of the bins of the bounding ranks."""
    note = intervals.NOWHERE if n == 0 else intervals.verdict(level, n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    value = measures.bins_quantile(bins, level)
    if not math.isfinite(value):
        return Figure(None, None, None, intervals.BEYOND)
    lower, upper = intervals.ranks(level, n)
    low, high = bins.low[measures.bin_at(bins, lower)], bins.high[measures.bin_at(bins, upper)]
    return Figure(value, _finite(low), _finite(high), note)


def _at_least(bins: Bins, threshold: float) -> int:
    """Paths at or above a threshold that is a bin edge."""
    return int(bins.n[bins.mean >= threshold].sum())


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def figure_dict(figure: Figure) -> dict[str, Any]:
    """A figure as it stands in JSON."""
    found = {"value": figure.value, "low": figure.low, "high": figure.high}
    return found if figure.note is None else {**found, "note": figure.note}
