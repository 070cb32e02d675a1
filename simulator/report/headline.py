"""Which figures stand at the top, on a terminal and on the page: each with its 95 % interval or a reason why not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.report.numbers import percent, plain
from simulator.risk.intervals import about

# Metrics in reading order; a run shows those that it tallied, and every event of its config.
_NAMES = ("npv", "peak_funding", "min_cash", "shortfall", "breach", "dscr_min", "idle_capital", "stranded_peak")
_HIDDEN = (*_NAMES, "breach_month", "peak_month", "breach_cured")  # said already, or of no use without the others


class Cell(NamedTuple):
    """A figure and its 95 % interval; `value` is None where it is not to be trusted, `note` then says why."""

    value: float | None
    low: float | None
    high: float | None
    note: str | None = None


class Line(NamedTuple):
    """One measure of a metric in every plan."""

    label: str
    kind: str  # how to write it: `amount`, `event` (a probability), `month`, ...
    cells: tuple[Cell, ...]


class Block(NamedTuple):
    """All measures of a metric."""

    title: str
    unit: str
    lines: tuple[Line, ...]


def figure(entry: Mapping[str, Any] | None) -> Cell:
    """A FIG of summary.json as a cell."""
    if not entry:
        return Cell(None, None, None, None)
    return Cell(entry.get("value"), entry.get("low"), entry.get("high"), entry.get("note"))


def mean(entry: Mapping[str, Any]) -> Cell:
    """The mean with its 95 % interval; of an event its probability, which has an exact one."""
    if entry.get("kind") == "event":
        return figure(next(iter(entry.get("probability", {}).values()), None))
    value, stderr = entry.get("mean"), entry.get("stderr")
    if value is None:
        return Cell(None, None, None, entry.get("note") or "undefined on every path")
    if stderr is None or not math.isfinite(stderr):
        return Cell(value, None, None)
    return Cell(value, *about(value, stderr, max(int(entry.get("n", 2)), 2)))


def headline(summary: Mapping[str, Any], plans: tuple[str, ...] | None = None) -> list[Block]:
    """Blocks of the headline table; cells in the order of `plans` (all plans of the summary by default)."""
    chosen = tuple(summary["plans"]) if plans is None else plans
    entries = [summary["plans"][plan] for plan in chosen]
    known = [name for name in _NAMES if any(name in entry for entry in entries)]
    known += [name for name, entry in entries[0].items() if name not in _HIDDEN and entry.get("probability")]
    blocks = []
    for name in known:
        columns = [entry.get(name, {}) for entry in entries]
        first = next(column for column in columns if column)
        lines = tuple(_lines(name, first, columns))
        if lines:
            blocks.append(Block(str(first.get("title", name)), _unit(first), lines))
    return blocks


def _unit(entry: Mapping[str, Any]) -> str:
    return "" if entry.get("kind") == "month" else str(entry.get("unit", ""))


def _lines(name: str, first: Mapping[str, Any], columns: list[Mapping[str, Any]]) -> Iterator[Line]:
    kind = str(first.get("kind", "amount"))
    if kind == "event":
        yield Line("probability", "event", tuple(mean(column) for column in columns))
        return
    if name in _NAMES:
        yield Line("mean", kind, tuple(mean(column) for column in columns))
    for share in _quantiles(name, first) if name in _NAMES else ():
        cells = tuple(figure(column.get("quantiles", {}).get(share)) for column in columns)
        yield Line("median" if float(share) == 0.5 else f"{percent(float(share), 0)} quantile", kind, cells)
    if name == "npv":
        for measure, label in (("var", "VaR"), ("cvar", "CVaR")):
            for level in sorted(first.get(measure, {})):
                cells = tuple(figure(column.get(measure, {}).get(level)) for column in columns)
                yield Line(f"{label} {percent(float(level), 0)}", kind, cells)
    for event in first.get("probability", {}):
        yield Line(
            f"P({event})", "event", tuple(figure(column.get("probability", {}).get(event)) for column in columns)
        )


def _quantiles(name: str, first: Mapping[str, Any]) -> list[str]:
    """The median, and the bad side's 5 %; both sides for NPV."""
    known = first.get("quantiles", {})
    bad = 0.05 if first.get("bad") == "low" else 0.95
    wanted = {0.05, 0.5, 0.95} if name == "npv" else {bad}
    return sorted((share for share in known if float(share) in wanted), key=float)


def stopped(stop: Mapping[str, Any]) -> list[str]:
    """What ended a run, and how precise each measure became that it was to know."""
    asked = stop["asked"] if isinstance(stop["asked"], list) else [stop["asked"]]
    by = "" if stop["rule"] == "paths" else f", asked for {', '.join(map(str, asked))}"
    reached = [
        f"{one['asked']}  {'reached' if one['met'] else 'NOT reached'}, {one['reached']}"
        for one in stop.get("precision", ())
    ]
    return [f"stopped by {stop['rule']}{by}", *reached]


def conventions(summary: Mapping[str, Any]) -> list[str]:
    """Sentences that every table of figures starts with: stress, paths, confidence, unit, sign."""
    paths, seed, sampler = summary.get("paths", 0), summary.get("seed"), summary.get("sampler")
    stress = ", ".join(map(plain, summary.get("stress") or ()))
    return [
        *([f"Under stress, not the base: {stress}."] if stress else []),
        f"{paths:,} paths, seed {seed}, sampler {sampler}.",
        "Each figure stands with its 95 % confidence interval.",
        "Money is nominal USD bn.",
        "NPV below 0 is value lost; VaR and CVaR are losses of NPV, positive is bad: VaR 95 % is exceeded in 5 % of "
        "paths, CVaR 95 % is the mean loss of those.",
    ]
