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
    DASHES,
    FAINT,
    INK,
    Picture,
    canvas,
    percent_axis,
    room_for_legend,
    says,
    years,
)
from simulator.report.numbers import number, percent
from simulator.report.run import Run

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


def exceedance(run: Run) -> Picture | None:
    """Probability that the loss (minus NPV) exceeds a size, on a logarithmic scale, with its 95 % band."""
    losses = {plan: np.sort(-run.values(f"{plan}.npv")) for plan in run.plans}
    losses = {plan: loss for plan, loss in losses.items() if loss.size}
    if not losses:
        return None
    figure, axes = canvas("How likely is a loss larger than this?")
    paths = max(loss.size for loss in losses.values())
    for row, (plan, loss) in enumerate(losses.items()):
        grid = np.linspace(max(0.0, float(loss[0])), max(float(loss[-1]), 1e-9), 240)
        hits = loss.size - np.searchsorted(loss, grid, side="right").astype(np.float64)
        low, high = clopper_pearson(hits, loss.size)
        colour = COLOURS[row % len(COLOURS)]
        axes.fill_between(grid, np.maximum(low, 1e-9), high, color=colour, alpha=0.25, linewidth=0)
        seen = hits > 0
        axes.plot(
            grid[seen], hits[seen] / loss.size, color=colour, linestyle=DASHES[row % len(DASHES)], label=run.plans[plan]
        )
    axes.set_yscale("log")
    axes.set_ylim(max(0.3 / paths, 1e-7), 1.0)
    percent_axis(axes.yaxis)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(left=0)
    axes.set_xlabel("loss = minus NPV, USD bn")
    axes.set_ylabel("probability of a larger loss")
    room_for_legend(axes)
    at = [f"{run.plans[plan]}: " + _exceeds(loss) for plan, loss in losses.items()]
    return Picture(
        "exceedance",
        "Tail of losses",
        f"Exceedance curves on a logarithmic scale from {paths:,} paths. " + " ".join(at),
        f"From the {paths:,} paths kept in the sample; the shading is the exact 95 % interval at each loss. Where it "
        "is wide the curve says little.",
        figure,
    )


def _exceeds(loss: Array) -> str:
    return (
        f"any loss {percent(float((loss > 0).mean()))}, 5 % of paths lose more than "
        f"{says(float(np.quantile(loss, 0.95)))} and 1 % more than {says(float(np.quantile(loss, 0.99)))} USD bn."
    )


def survival(run: Run) -> Picture | None:
    """Share of paths without a covenant breach so far, by month; every path is followed to the horizon."""
    months = {plan: run.values(f"{plan}.breach_month") for plan in run.plans}
    months = {plan: breach for plan, breach in months.items() if breach.size}
    if not months:
        return None
    figure, axes = canvas("Covenants unbreached so far")
    lowest = 1.0
    for row, (plan, breach) in enumerate(months.items()):
        share, low, high = unbreached(breach, run.months)
        date = run.first_year + np.arange(run.months + 1) / 12
        colour = COLOURS[row % len(COLOURS)]
        axes.fill_between(date, low, high, step="post", color=colour, alpha=0.25, linewidth=0)
        axes.step(date, share, where="post", color=colour, linestyle=DASHES[row % len(DASHES)], label=run.plans[plan])
        lowest = min(lowest, float(low[-1]))
    years(axes, run.first_year, run.months)
    axes.set_ylim(max(0.0, lowest - 0.05 - 0.1 * (1 - lowest)), 1.01)
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
        "interval. Every path is followed to the horizon, so this is the Kaplan-Meier curve without censoring.",
        figure,
    )


def unbreached(breach: Array, months: int) -> tuple[Array, Array, Array]:
    """Share without a breach after 0 .. months months and its interval, each (months + 1,)."""
    hits = np.searchsorted(np.sort(breach), np.arange(months + 1), side="left").astype(np.float64)
    low, high = clopper_pearson(breach.size - hits, breach.size)
    return 1 - hits / breach.size, low, high


def _unbreached_words(breach: Array, months: int) -> str:
    share = unbreached(breach, months)[0][-1]
    return f"{percent(float(share))} never breach."
