"""Distributions over paths: value by plan, the tail of losses, unbreached covenants."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from scipy.stats import beta

from simulator.report.canvas import (
    COLOURS,
    FAINT,
    INK,
    MOST,
    Picture,
    canvas,
    look,
    percent_axis,
    room_for_legend,
    says,
    years,
)
from simulator.report.numbers import number, percent
from simulator.report.run import Run
from simulator.risk.intervals import TOO_FEW, proportion, rank, ranks, verdict

Array = NDArray[np.float64]
_BINS = 70
_MARKS = (("VaR", "s", "var"), ("CVaR", "D", "cvar"))


def clopper_pearson(hits: Array, trials: int, confidence: float = 0.95) -> tuple[Array, Array]:
    """Exact interval of a probability from `hits` of `trials` (Clopper and Pearson 1934); hits of any shape."""
    outside = (1 - confidence) / 2
    low = beta.ppf(outside, np.maximum(hits, 1e-300), trials - hits + 1)
    high = beta.ppf(1 - outside, hits + 1, np.maximum(trials - hits, 1e-300))
    return np.where(hits == 0, 0.0, low), np.where(hits == trials, 1.0, high)


def distribution(run: Run) -> Picture | None:
    """Histogram of NPV, one row a plan on one scale, with mean, median, VaR and CVaR marked."""
    values = {plan: run.values(f"{plan}.npv") for plan in run.plans}
    values = {plan: npv for plan, npv in values.items() if npv.size}
    if not values:
        return None
    everything = np.concatenate(list(values.values()))
    low, high = np.quantile(everything, [0.0005, 0.99])
    low, high = (low, high) if high > low else (low - 1, high + 1)
    figure, axes = canvas("Net present value by plan", 1.5 + 0.85 * len(values))
    level = _level(run, next(iter(values)))
    for row, (plan, npv) in enumerate(values.items()):
        counts, edges = np.histogram(npv, np.linspace(low, high, _BINS + 1))
        base = float(len(values) - 1 - row)
        colour = COLOURS[row % len(COLOURS)]
        axes.stairs(
            0.78 * counts / max(counts.max(), 1) + base, edges, baseline=base, fill=True, color=colour, alpha=0.45
        )
        _marks(axes, run, plan, npv, base, level)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set_yticks(range(len(values)), [textwrap.fill(run.plans[plan], 18) for plan in reversed(values)])
    axes.set_ylim(-0.22, len(values) - 0.1)
    axes.set_xlabel("NPV, USD bn (below 0: value is lost)")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(handles=_mark_legend(level), loc="outside lower center", ncols=4)
    return Picture(
        "npv",
        "Net present value by plan",
        "Histograms of NPV. " + " ".join(_npv_words(run, plan, npv, level) for plan, npv in values.items()),
        "Each row is one plan, all valued in the same worlds. The worst path in two thousand and the best in a hundred "
        "lie outside. VaR and CVaR are losses: they sit at minus their value.",
        figure,
    )


def _level(run: Run, plan: str) -> str | None:
    levels = run.summary["plans"].get(plan, {}).get("npv", {}).get("var", {})
    return next(iter(sorted(levels)), None)


def _risk(run: Run, plan: str, measure: str, level: str | None) -> float | None:
    figure = run.summary["plans"].get(plan, {}).get("npv", {}).get(measure, {}).get(level or "", {})
    value = figure.get("value")
    return None if value is None else float(value)


def _marks(axes: Axes, run: Run, plan: str, npv: Array, base: float, level: str | None) -> None:
    axes.plot([np.median(npv)] * 2, [base, base + 0.78], color=INK, linewidth=1.2)
    points = [(float(npv.mean()), "o", INK)]
    for _, marker, measure in _MARKS:
        loss = _risk(run, plan, measure, level)
        if loss is not None:
            points.append((-loss, marker, "white"))
    for x, marker, fill in points:
        axes.plot(x, base, marker, color=INK, markerfacecolor=fill, markersize=5.5, clip_on=False, zorder=5)


def _mark_legend(level: str | None) -> list[Line2D]:
    handles = [
        Line2D([], [], color=INK, linewidth=1.2, label="median"),
        Line2D([], [], color=INK, marker="o", linestyle="", markersize=5.5, label="mean"),
    ]
    for name, marker, _ in _MARKS if level else ():
        label = f"{name} {percent(float(level or 0), 0)}"
        handles.append(
            Line2D([], [], color=INK, marker=marker, linestyle="", markerfacecolor="white", markersize=5.5, label=label)
        )
    return handles


def _npv_words(run: Run, plan: str, npv: Array, level: str | None) -> str:
    words = f"{run.plans[plan]}: mean {number(float(npv.mean()))}, median {number(float(np.median(npv)))}"
    for name, _, measure in _MARKS:
        loss = _risk(run, plan, measure, level)
        words += f", {name} {percent(float(level or 0), 0)} {number(loss)}" if loss is not None else ""
    return words + " USD bn."


def exceedance(run: Run) -> Picture | str | None:
    """Probability that the loss (minus NPV) exceeds a size, on a logarithmic scale, with its 95 % band.

    A sentence where no path of any plan loses.
    """
    found = {plan: np.sort(-run.values(f"{plan}.npv")) for plan in run.plans}
    found = {plan: loss for plan, loss in found.items() if loss.size}
    losses = {plan: loss for plan, loss in found.items() if loss[-1] > 0}
    if not found:
        return None
    paths = max(loss.size for loss in found.values())
    safe = [plan for plan in found if plan not in losses]
    if not losses:
        return f"No plan loses on any of {paths:,} paths: there is no tail of losses to draw. {_none_of(paths)}"
    figure, axes = canvas("How likely is a loss larger than this?")
    for row, (plan, loss) in enumerate(list(losses.items())[:MOST]):
        grid = np.linspace(max(0.0, float(loss[0])), float(loss[-1]), 240)
        hits = loss.size - np.searchsorted(loss, grid, side="right").astype(np.float64)
        low, high = clopper_pearson(hits, loss.size)
        colour, dash, _ = look(row)
        axes.fill_between(grid, np.maximum(low, 1e-9), high, color=colour, alpha=0.25, linewidth=0)
        seen = hits > 0
        axes.plot(grid[seen], hits[seen] / loss.size, color=colour, linestyle=dash, label=run.plans[plan])
    axes.set_yscale("log")
    axes.set_ylim(max(0.3 / paths, 1e-7), 1.0)
    percent_axis(axes.yaxis)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(left=0)
    axes.set_xlabel("loss = minus NPV, USD bn")
    axes.set_ylabel("probability of a larger loss")
    room_for_legend(axes)
    at = [f"{run.plans[plan]}: " + _exceeds(loss) for plan, loss in losses.items()]
    without = f" {', '.join(run.plans[plan] for plan in safe)}: no path loses. {_none_of(paths)}" if safe else ""
    return Picture(
        "exceedance",
        "Tail of losses",
        f"Exceedance curves on a logarithmic scale from {paths:,} paths. " + " ".join(at) + without,
        f"From the {paths:,} paths kept in the sample; the shading is the exact 95 % interval at each loss. Where it "
        f"is wide the curve says little.{without}{_left_out(len(losses))}",
        figure,
    )


def _none_of(paths: int) -> str:
    return f"None of {paths:,} leaves a probability of up to {percent(proportion(0, paths)[1])} (95 % interval)."


def _left_out(plans: int) -> str:
    return f" Drawn are the first {MOST} of {plans} plans; the tables have all." if plans > MOST else ""


def _exceeds(loss: Array) -> str:
    """How likely any loss is, and what 5 and 1 % of paths lose at least, with intervals."""
    hits = int((loss > 0).sum())
    low, high = proportion(hits, loss.size)
    words = f"any loss {percent(hits / loss.size)} ({percent(low)} to {percent(high)})"
    for level in (0.95, 0.99):
        below, above = ranks(level, loss.size)
        if verdict(level, loss.size) != TOO_FEW:
            at, bounds = loss[rank(level, loss.size) - 1], (loss[below - 1], loss[above - 1])
            words += f", {percent(1 - level, 0)} of paths lose more than {says(float(at))} USD bn "
            words += f"({says(float(bounds[0]))} to {says(float(bounds[1]))})"
    return words + "."


def survival(run: Run) -> Picture | str | None:
    """Share of paths without a covenant breach so far, by month; every path is followed to the horizon.

    A sentence where no covenant is tested.
    """
    untested = {plan: str(note) for plan in run.plans if (note := _untested(run, plan))}
    found = {plan: run.values(f"{plan}.breach_month") for plan in run.plans}
    months = {plan: breach for plan, breach in found.items() if breach.size and plan not in untested}
    said = " ".join(f"{run.plans[plan]}: {note}." for plan, note in untested.items())
    if not months:
        return f"Nothing is known of breaches. {said}" if said else None
    figure, axes = canvas("Covenants unbreached so far")
    for row, (plan, breach) in enumerate(list(months.items())[:MOST]):
        share, low, high = unbreached(breach, run.months)
        date = run.first_year + np.arange(run.months + 1) / 12
        colour, dash, _ = look(row)
        axes.fill_between(date, low, high, step="post", color=colour, alpha=0.25, linewidth=0)
        axes.step(date, share, where="post", color=colour, linestyle=dash, label=run.plans[plan])
    years(axes, run.first_year, run.months)
    axes.set_ylim(0.0, 1.03)
    percent_axis(axes.yaxis)
    axes.set_ylabel("share of paths")
    axes.axhline(1, color=FAINT, linewidth=0.6)
    room_for_legend(axes)
    at_end = [f"{run.plans[plan]}: {_unbreached_words(breach, run.months)}" for plan, breach in months.items()]
    return Picture(
        "survival",
        "Covenant breaches over time",
        "Share of paths without a covenant breach by month. " + " ".join(at_end),
        "A step down is a share of paths whose first breach falls on that test date; the shading is the exact 95 % "
        "interval. Every path is followed to the horizon, so this is the Kaplan-Meier curve without censoring."
        + (f" {said}" if said else "")
        + _left_out(len(months)),
        figure,
    )


def _untested(run: Run, plan: str) -> str | None:
    """Why no test can find a breach in a plan."""
    entry = run.summary["plans"].get(plan, {}).get("breach", {})
    note: str | None = entry.get("note") if entry.get("n") == 0 else None
    return note


def unbreached(breach: Array, months: int) -> tuple[Array, Array, Array]:
    """Share without a breach after 0 .. months months and its interval, each (months + 1,)."""
    hits = np.searchsorted(np.sort(breach), np.arange(months + 1), side="left").astype(np.float64)
    low, high = clopper_pearson(breach.size - hits, breach.size)
    return 1 - hits / breach.size, low, high


def _unbreached_words(breach: Array, months: int) -> str:
    share, low, high = (float(of[-1]) for of in unbreached(breach, months))
    return f"{percent(share)} never breach ({percent(low)} to {percent(high)})."
