"""Distributions over paths: value by plan, the tail of losses, unbreached covenants."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from scipy.special import betaincinv

from simulator.report.canvas import (
    COLOURS,
    FAINT,
    INK,
    MOST_PLANS,
    Picture,
    add_legend_below,
    figure_text,
    legend_label,
    new_canvas,
    plan_style,
    set_percent_axis,
    set_time_axis,
)
from simulator.report.number_format import level_percent, number, percent
from simulator.report.report_data import ReportData
from simulator.risk.intervals import TOO_FEW, interval_ranks, proportion_interval, rank, reservation

__all__: list[str] = []  # used in this folder only


Array = NDArray[np.float64]
_BINS = 70
_MARKS = (("VaR", "s", "var"), ("CVaR", "D", "cvar"))


def clopper_pearson(hits: Array, trials: int, confidence: float = 0.95) -> tuple[Array, Array]:
    """Exact interval of a probability from `hits` of `trials` (Clopper and Pearson 1934); hits of any shape."""
    outside = (1 - confidence) / 2
    low = betaincinv(np.maximum(hits, 1e-300), trials - hits + 1, outside)
    high = betaincinv(hits + 1, np.maximum(trials - hits, 1e-300), 1 - outside)
    return np.where(hits == 0, 0.0, low), np.where(hits == trials, 1.0, high)


def npv_histograms(run: ReportData) -> Picture | None:
    """Histogram of NPV, one row a plan on one scale, with mean, median, VaR and CVaR marked."""
    values = {plan: run.values(f"{plan}.npv") for plan in run.plans}
    values = {plan: npv for plan, npv in values.items() if npv.size}
    if not values:
        return None
    everything = np.concatenate(list(values.values()))
    low, high = np.quantile(everything, [0.0005, 0.99])
    low, high = (low, high) if high > low else (low - 1, high + 1)
    figure, axes = new_canvas("Net present value by plan", 1.5 + 0.85 * len(values))
    level = _lowest_level(run, next(iter(values)))
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


def _lowest_level(run: ReportData, plan: str) -> float | None:
    npv = run.summary.scope(plan).get("npv")
    return None if npv is None else min(npv.var, default=None)


def _risk(run: ReportData, plan: str, measure: str, level: float | None) -> float | None:
    """VaR or CVaR of a plan's NPV (`var`, `cvar`)."""
    npv = run.summary.scope(plan).get("npv")
    figure = None if npv is None or level is None else getattr(npv, measure).get(level)
    return None if figure is None else figure.value


def _marks(axes: Axes, run: ReportData, plan: str, npv: Array, base: float, level: float | None) -> None:
    axes.plot([np.median(npv)] * 2, [base, base + 0.78], color=INK, linewidth=1.2)
    points = [(float(npv.mean()), "o", INK)]
    for _, marker, measure in _MARKS:
        loss = _risk(run, plan, measure, level)
        if loss is not None:
            points.append((-loss, marker, "white"))
    for x, marker, fill in points:
        axes.plot(x, base, marker, color=INK, markerfacecolor=fill, markersize=5.5, clip_on=False, zorder=5)


def _mark_legend(level: float | None) -> list[Line2D]:
    handles = [
        Line2D([], [], color=INK, linewidth=1.2, label="median"),
        Line2D([], [], color=INK, marker="o", linestyle="", markersize=5.5, label="mean"),
    ]
    for name, marker, _ in _MARKS if level else ():
        label = f"{name} {level_percent(level or 0.0)}"
        handles.append(
            Line2D([], [], color=INK, marker=marker, linestyle="", markerfacecolor="white", markersize=5.5, label=label)
        )
    return handles


def _npv_words(run: ReportData, plan: str, npv: Array, level: float | None) -> str:
    words = f"{run.plans[plan]}: mean {number(float(npv.mean()))}, median {number(float(np.median(npv)))}"
    for name, _, measure in _MARKS:
        loss = _risk(run, plan, measure, level)
        words += f", {name} {level_percent(level or 0.0)} {number(loss)}" if loss is not None else ""
    return words + " USD bn."


def exceedance_curves(run: ReportData) -> Picture | str | None:
    """Probability that the loss (minus NPV) exceeds a size, on a logarithmic scale, with its 95 % band.

    A sentence where no path of any plan loses.
    """
    sorted_losses = {plan: np.sort(-run.values(f"{plan}.npv")) for plan in run.plans}
    sorted_losses = {plan: loss for plan, loss in sorted_losses.items() if loss.size}
    losses = {plan: loss for plan, loss in sorted_losses.items() if loss[-1] > 0}
    if not sorted_losses:
        return None
    paths = max(loss.size for loss in sorted_losses.values())
    safe = [plan for plan in sorted_losses if plan not in losses]
    if not losses:
        return f"No plan loses on any of {paths:,} paths: there is no tail of losses to draw. {_none_of(paths)}"
    figure, axes = new_canvas("How likely is a loss larger than this?")
    for row, (plan, loss) in enumerate(list(losses.items())[:MOST_PLANS]):
        grid = np.linspace(max(0.0, float(loss[0])), float(loss[-1]), 240)
        hits = loss.size - np.searchsorted(loss, grid, side="right").astype(np.float64)
        low, high = clopper_pearson(hits, loss.size)
        colour, dash, _ = plan_style(row)
        axes.fill_between(grid, np.maximum(low, 1e-9), high, color=colour, alpha=0.25, linewidth=0)
        seen = hits > 0
        axes.plot(grid[seen], hits[seen] / loss.size, color=colour, linestyle=dash, label=legend_label(run.plans[plan]))
    axes.set_yscale("log")
    axes.set_ylim(max(0.3 / paths, 1e-7), 1.0)
    set_percent_axis(axes.yaxis)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(left=0)
    axes.set_xlabel("loss = minus NPV, USD bn")
    axes.set_ylabel("probability of a larger loss")
    add_legend_below(axes)
    words = [f"{run.plans[plan]}: " + _exceeds(loss) for plan, loss in losses.items()]
    without = f" {', '.join(run.plans[plan] for plan in safe)}: no path loses. {_none_of(paths)}" if safe else ""
    return Picture(
        "exceedance",
        "Tail of losses",
        f"Exceedance curves on a logarithmic scale from {paths:,} paths. " + " ".join(words) + without,
        f"From the {paths:,} paths kept in the sample; the shading is the exact 95 % interval at each loss. Where it "
        f"is wide the curve says little.{without}{_left_out(len(losses))}",
        figure,
    )


def _none_of(paths: int) -> str:
    return (
        f"None of {paths:,} leaves a probability of up to {percent(proportion_interval(0, paths)[1])} (95 % interval)."
    )


def _left_out(plans: int) -> str:
    return f" Drawn are the first {MOST_PLANS} of {plans} plans; the tables have all." if plans > MOST_PLANS else ""


def _exceeds(loss: Array) -> str:
    """The probability of a loss, and the least loss of the worst 5 and 1 % of paths, with intervals."""
    hits = int((loss > 0).sum())
    low, high = proportion_interval(hits, loss.size)
    words = f"any loss {percent(hits / loss.size)} ({percent(low)} to {percent(high)})"
    for level in (0.95, 0.99):
        below, above = interval_ranks(level, loss.size)
        if reservation(level, loss.size) != TOO_FEW:
            quantile, bounds = loss[rank(level, loss.size) - 1], (loss[below - 1], loss[above - 1])
            words += f", {level_percent(level, rest=True)} of paths lose more than "
            words += f"{figure_text(float(quantile))} USD bn "
            words += f"({figure_text(float(bounds[0]))} to {figure_text(float(bounds[1]))})"
    return words + "."


def survival_curves(run: ReportData) -> Picture | str | None:
    """Share of paths without a covenant breach so far, by month; every path is followed to the horizon.

    A sentence where no covenant is tested.
    """
    untested = {plan: str(note) for plan in run.plans if (note := _untested(run, plan))}
    breaches = {plan: run.values(f"{plan}.breach_month") for plan in run.plans}
    months = {plan: breach for plan, breach in breaches.items() if breach.size and plan not in untested}
    notes = " ".join(f"{run.plans[plan]}: {note}." for plan, note in untested.items())
    if not months:
        return f"Nothing is known of breaches. {notes}" if notes else None
    figure, axes = new_canvas("Covenants unbreached so far")
    for row, (plan, breach) in enumerate(list(months.items())[:MOST_PLANS]):
        share, low, high = unbreached(breach, run.months)
        date = run.first_year + np.arange(run.months + 1) / 12
        colour, dash, _ = plan_style(row)
        axes.fill_between(date, low, high, step="post", color=colour, alpha=0.25, linewidth=0)
        axes.step(date, share, where="post", color=colour, linestyle=dash, label=legend_label(run.plans[plan]))
    set_time_axis(axes, run.first_year, run.months)
    axes.set_ylim(0.0, 1.03)
    set_percent_axis(axes.yaxis)
    axes.set_ylabel("share of paths")
    axes.axhline(1, color=FAINT, linewidth=0.6)
    add_legend_below(axes)
    at_end = [f"{run.plans[plan]}: {_unbreached_words(breach, run.months)}" for plan, breach in months.items()]
    return Picture(
        "survival",
        "Covenant breaches over time",
        "Share of paths without a covenant breach by month. " + " ".join(at_end),
        "A step down is a share of paths whose first breach falls on that test date; the shading is the exact 95 % "
        "interval. Every path is followed to the horizon, so this is the Kaplan-Meier curve without censoring."
        + (f" {notes}" if notes else "")
        + _left_out(len(months)),
        figure,
    )


def _untested(run: ReportData, plan: str) -> str | None:
    """The reason why no test can find a breach in a plan; None if one can."""
    breach = run.summary.scope(plan).get("breach")
    return breach.note if breach is not None and breach.n == 0 else None


def unbreached(breach: Array, months: int) -> tuple[Array, Array, Array]:
    """Share without a breach after 0 .. months months and its interval, each (months + 1,)."""
    hits = np.searchsorted(np.sort(breach), np.arange(months + 1), side="left").astype(np.float64)
    low, high = clopper_pearson(breach.size - hits, breach.size)
    return 1 - hits / breach.size, low, high


def _unbreached_words(breach: Array, months: int) -> str:
    share, low, high = (float(series[-1]) for series in unbreached(breach, months))
    return f"{percent(share)} never breach ({percent(low)} to {percent(high)})."
