"""From the tallies of a run, and the sample for what is not tallied, to its summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.columns import WORLD, Column
from simulator.results.plan_comparison import TIE, Difference
from simulator.results.tallies import Tallies
from simulator.risk import figures, intervals
from simulator.risk.comparison_summary import ComparisonSummary, DifferenceSummary, RegretSummary
from simulator.risk.distribution import Distribution, distribution_of_sample, distribution_of_tally
from simulator.risk.intervals import Figure
from simulator.risk.structure import Structure, explain_figures
from simulator.risk.summary import MetricSummary, RunSummary, StopSummary, TimingSummary
from simulator.risk.undefined import COVENANTS

__all__ = ["LEVELS", "RunFacts", "summarise"]


QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LEVELS = (0.95, 0.99)

SampleColumn = Callable[[str], NDArray[np.float64]]  # values of a column by its name


class RunFacts(NamedTuple):
    """The facts of the run itself that a summary states."""

    digest: str
    paths: int
    seed: int
    sampler: str
    stop: StopSummary
    resumed_at: Sequence[int]
    simulate_s: float
    stress: Sequence[str] = ()  # sets that the config contains
    peak_memory: float | None = None  # bytes


def summarise(
    facts: RunFacts,
    tallies: Tallies,
    columns: Sequence[Column],
    *,
    months: int,
    levels: Sequence[float] = LEVELS,
    quantiles: Sequence[float] = QUANTILES,
    sample: SampleColumn | None = None,
    untested: Mapping[str, str] | None = None,
    structure: Structure | None = None,
) -> RunSummary:
    """The summary of a run. Columns without a tally are measured on the `sample` (column name -> values).

    Metrics that only a covenant test can find are undefined in the plans that are `untested`, for the reason given.
    Figures that the `structure` of the programme fixes have its reason in place of an interval.
    """
    reasons = untested or {}
    scopes: dict[str, dict[str, MetricSummary]] = {}
    tallied = {column.name for column in tallies.columns}
    for column in columns:
        if column.name in tallied:
            distribution = distribution_of_tally(tallies.column(column.name))
        elif sample is not None:
            distribution = distribution_of_sample(column.metric, sample(column.name))
        else:
            continue
        reason = reasons.get(column.scope) if column.metric.name in COVENANTS else None
        if reason:
            entry = metric_summary(distribution.undefined_everywhere(), months, levels, quantiles).explained(reason)
        else:
            entry = metric_summary(distribution, months, levels, quantiles)
        if structure is not None:
            entry = explain_figures(entry, column.scope, column.metric, structure, tallies.events)
        scopes.setdefault(column.scope, {})[column.metric.name] = entry
    speed = facts.paths / facts.simulate_s if facts.simulate_s > 0.0 else None
    return RunSummary(
        digest=facts.digest,
        paths=facts.paths,
        seed=facts.seed,
        sampler=facts.sampler,
        stop=facts.stop,
        resumed_at=tuple(facts.resumed_at),
        stress=tuple(facts.stress),
        world=scopes.pop(WORLD, {}),
        plans=scopes,
        comparison=comparison_summary(tallies, quantiles, reasons),
        timing=TimingSummary(facts.simulate_s, speed, facts.peak_memory),
    )


def metric_summary(
    distribution: Distribution, months: int, levels: Sequence[float], quantiles: Sequence[float]
) -> MetricSummary:
    """All measures of one metric."""
    metric, paths = distribution.metric, distribution.n + distribution.undefined
    amount, event = metric.kind == "amount", metric.kind == "event"
    mean, stderr = figures.mean(distribution.moments), figures.finite(distribution.moments.stderr)
    if metric.kind == "month" and distribution.count_at_least(months):
        mean, stderr = Figure(None, None, None, "no mean: the month never comes on some paths"), None
    return MetricSummary(
        title=metric.title,
        unit=metric.unit,
        kind=metric.kind,
        bad=metric.bad,
        n=distribution.n,
        undefined=distribution.undefined / paths if paths else 0.0,
        mean=mean.value,
        stderr=stderr,
        note=mean.note,
        sd=figures.sd(distribution),
        quantiles={} if event else {share: figures.quantile(distribution, share, months) for share in quantiles},
        var={level: figures.var(distribution, level) for level in levels} if amount else {},
        cvar={level: figures.cvar(distribution, level) for level in levels} if amount else {},
        probability=figures.probabilities(distribution, months),
        lowest=distribution.lowest,
        highest=distribution.highest,
    )


def comparison_summary(
    tallies: Tallies, quantiles: Sequence[float] = QUANTILES, untested: Mapping[str, str] | None = None
) -> ComparisonSummary | None:
    """Every plan less the first plan, and the regret of each, over all paths; None with a single plan.

    Metrics that only a covenant test can find are left out where one of the two plans is `untested`.
    """
    comparison = tallies.comparison
    if comparison.first is None:
        return None
    idle = set(untested or {})
    differences = {
        plan: {
            difference.metric.name: _difference_summary(difference)
            for difference in comparison.differences(plan)
            if difference.metric.name not in COVENANTS or not idle & {plan, comparison.first}
        }
        for plan in comparison.plans[1:]
    }
    regrets = {plan: tally for plan in comparison.plans if (tally := comparison.regret(plan)) is not None}
    regret = {plan: regret_summary(distribution_of_tally(tally), quantiles) for plan, tally in regrets.items()}
    return ComparisonSummary(comparison.first, differences, regret)


def _difference_summary(difference: Difference) -> DifferenceSummary:
    metric, n = difference.metric, difference.moments.n
    mean = figures.mean(difference.moments)
    if metric.kind == "event" and n:
        only = n - difference.better - difference.ties, difference.better  # paths with the event in one plan alone
        gained, lost = only if metric.bad == "high" else only[::-1]
        mean = Figure(difference.moments.mean, *intervals.paired_proportion_interval(gained, lost, n))
    return DifferenceSummary(
        unit=metric.unit,
        bad=metric.bad,
        n=n,
        mean=mean,
        stderr=figures.finite(difference.moments.stderr),
        beats=figures.probability(difference.better, n),
        ties=figures.probability(difference.ties, n),
    )


def regret_summary(regret: Distribution, quantiles: Sequence[float]) -> RegretSummary:
    """Mean and quantiles of a plan's regret, and how often no plan is better."""
    return RegretSummary(
        unit=regret.metric.unit,
        n=regret.n,
        mean=figures.mean(regret.moments),
        stderr=figures.finite(regret.moments.stderr),
        quantiles={share: figures.quantile(regret, share, 0) for share in quantiles},
        best=figures.probability(regret.n - regret.count_at_least(TIE), regret.n),
    )
