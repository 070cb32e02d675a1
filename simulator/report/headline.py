"""The headline figures on a terminal and on the page: each with its 95 % interval or a reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simulator.report.number_format import NEVER, level_percent, plain
from simulator.risk.intervals import NO_FIGURE, NOWHERE, Figure, mean_interval
from simulator.risk.summary import MetricSummary, RunSummary, StopSummary

__all__ = ["recorded_mean", "stop_lines"]


# Metrics in reading order; a run shows those that it tallied, and every event of its config.
_NAMES = ("npv", "peak_funding", "min_cash", "shortfall", "breach", "dscr_min", "idle_capital", "stranded_peak")
# Shown already, or of no use without the others: but for the events that the config counts on them.
_HIDDEN = (*_NAMES, "breach_month", "peak_month", "breach_cured")

Entry = MetricSummary | None  # None of a plan without the metric


class _HeadlineLine(NamedTuple):
    """One measure of a metric in every plan."""

    label: str
    kind: str  # how to write it: `amount`, `event` (a probability), `month`, ...
    figures: tuple[Figure, ...]


class HeadlineBlock(NamedTuple):
    """All measures of a metric."""

    title: str
    unit: str
    lines: tuple[_HeadlineLine, ...]


def mean_of(entry: Entry) -> Figure:
    """The mean of a metric with its interval; of an event its probability, which has an exact one."""
    if entry is None:
        return Figure(None, None, None, NOWHERE)
    figure = entry.mean_figure()
    keep = figure.value is None or entry.kind == "event" or bool(figure.fixed)
    return figure if keep else figure._replace(note=None)


def recorded_mean(entry: Mapping[str, Any]) -> Figure:
    """The mean {"mean", "stderr", "n"} of the record of a batch, with its interval."""
    if entry["mean"] is None:
        return Figure(None, None, None, entry.get("note") or NOWHERE)
    if entry["stderr"] is None:
        return Figure(entry["mean"], None, None)
    return Figure(entry["mean"], *mean_interval(entry["mean"], entry["stderr"], max(int(entry["n"]), 2)))


def headline(summary: RunSummary, plans: tuple[str, ...] | None = None) -> list[HeadlineBlock]:
    """Blocks of the headline table; figures in the order of `plans` (all plans of the summary by default)."""
    chosen = tuple(summary.plans) if plans is None else plans
    by_plan = [summary.plans[plan] for plan in chosen]
    names = [name for name in _NAMES if any(name in metrics for metrics in by_plan)]
    names += [name for name, entry in by_plan[0].items() if name not in _NAMES and _shown_events(name, entry)]
    blocks = []
    for name in names:
        entries = [metrics.get(name) for metrics in by_plan]
        first = next(entry for entry in entries if entry)
        lines = tuple(_lines(name, first, entries))
        if lines:
            blocks.append(HeadlineBlock(first.title, "" if first.kind == "month" else first.unit, lines))
    return blocks


def world_events(summary: RunSummary) -> list[HeadlineBlock]:
    """A block of each metric of the world that the config counts an event on."""
    blocks = ((entry, _event_lines([entry], list(entry.probability))) for entry in summary.world.values())
    return [HeadlineBlock(entry.title, entry.unit, lines) for entry, lines in blocks if lines]


def _shown_events(name: str, entry: MetricSummary) -> list[str]:
    """The events on a metric that the table shows: of a metric that it hides, those of the config alone."""
    if name not in _HIDDEN or name in _NAMES:
        return list(entry.probability)
    return [label for label in entry.probability if label not in (NEVER, name)]


def _event_lines(entries: Sequence[Entry], labels: Sequence[str]) -> tuple[_HeadlineLine, ...]:
    return tuple(_HeadlineLine(f"P({label})", "event", _figures(entries, "probability", label)) for label in labels)


def _lines(name: str, first: MetricSummary, entries: list[Entry]) -> Iterator[_HeadlineLine]:
    kind = first.kind
    means = tuple(map(mean_of, entries))
    if kind == "event":
        yield _HeadlineLine("probability", "event", means)
        return
    if name in _NAMES:
        yield _HeadlineLine("mean", kind, means)
    for share in _quantiles(name, first) if name in _NAMES else ():
        label = "median" if share == 0.5 else f"{level_percent(share)} quantile"
        yield _HeadlineLine(label, kind, _figures(entries, "quantiles", share))
    for measure, label in (("var", "VaR"), ("cvar", "CVaR")) if name == "npv" else ():
        for level in sorted(getattr(first, measure)):
            yield _HeadlineLine(f"{label} {level_percent(level)}", kind, _figures(entries, measure, level))
    events = dict.fromkeys(label for entry in entries if entry is not None for label in _shown_events(name, entry))
    yield from _event_lines(entries, list(events))


def _figures(entries: Sequence[Entry], measure: str, key: float | str) -> tuple[Figure, ...]:
    """A measure of every plan: `quantiles`, `var`, `cvar` at a number or `probability` of an event."""
    return tuple(NO_FIGURE if entry is None else getattr(entry, measure).get(key, NO_FIGURE) for entry in entries)


def _quantiles(name: str, first: MetricSummary) -> list[float]:
    """The median, and the bad side's 5 %; both sides for NPV."""
    bad = 0.05 if first.bad == "low" else 0.95
    shown = {0.05, 0.5, 0.95} if name == "npv" else {bad}
    return sorted(share for share in first.quantiles if share in shown)


def stop_lines(stop: StopSummary) -> list[str]:
    """The rule that ended a run, then the precision of each target."""
    request = stop.request if isinstance(stop.request, list) else [stop.request]
    by = "" if stop.rule == "paths" else f", asked for {', '.join(map(str, request))}"
    reached = [
        f"{entry.target}  {'reached' if entry.met else 'NOT reached'}, {entry.reached}" for entry in stop.precision
    ]
    return [f"stopped by {stop.rule}{by}", *reached]


def conventions(summary: RunSummary) -> list[str]:
    """Sentences at the head of every table of figures: stress, paths, confidence, unit, sign."""
    stress = ", ".join(map(plain, summary.stress))
    level = min(
        (level for metrics in summary.plans.values() if "npv" in metrics for level in metrics["npv"].var), default=None
    )
    tail = (
        ""
        if level is None
        else (
            f" VaR and CVaR are losses of NPV, positive is bad: VaR {level_percent(level)} is exceeded in "
            f"{level_percent(level, rest=True)} of paths, CVaR {level_percent(level)} is the mean loss of those."
        )
    )
    return [
        *([f"Under stress, not the base: {stress}."] if stress else []),
        f"{summary.paths:,} paths, seed {summary.seed}, sampler {summary.sampler}.",
        "Each figure stands with its 95 % confidence interval.",
        "Money is nominal USD bn.",
        f"NPV below 0 is value lost.{tail}",
    ]
