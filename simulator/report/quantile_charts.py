"""Distributions side by side: delay by site, idle capital by plan, earnings effect by fiscal year."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from simulator.report.canvas import COLOURS, FAINT, INK, Picture, add_legend_below, new_canvas
from simulator.report.number_format import number, share_percent
from simulator.report.report_data import ReportData

__all__: list[str] = []  # used in this folder only


Array = NDArray[np.float64]
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def draw_delays(run: ReportData) -> Picture | None:
    """Months by which each site comes later than planned: shape of the late paths, quantiles of all."""
    delays = {title: run.values(f"world.delay_{site}") for site, title in run.sites.items()}
    delays = {title: delay for title, delay in delays.items() if delay.size}
    if not delays:
        return None
    figure, axes = new_canvas("How late each site gets power", 1.35 + 0.62 * len(delays))
    longest = max(1.0, max(float(np.quantile(delay, 0.99)) for delay in delays.values()))
    for row, delay in enumerate(delays.values()):
        y = len(delays) - 1 - row
        late = delay[(delay > 0) & (delay <= longest)]
        if late.size > 1:
            counts, edges = np.histogram(late, np.linspace(0, longest, 50))
            axes.stairs(
                y + 0.14 + 0.6 * counts / counts.max(), edges, baseline=y + 0.14, fill=True, color=COLOURS[5], alpha=0.7
            )
        _interval(axes, delay, y)
        axes.annotate(
            f"{share_percent(float((delay <= 0).mean()))} on time",
            (0.99, y + 0.42),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
        )
    _name_rows(axes, list(delays))
    axes.set_xlim(0, longest)
    axes.set_xlabel("months after the planned date")
    _interval_legend(figure)
    return Picture(
        "delay",
        "Energisation delay by site",
        "Delay in months after plan. " + " ".join(f"{title}: {_delay_words(delay)}" for title, delay in delays.items()),
        "Shape: paths that come late. Bars: quantiles over all paths, those on time included. One path in a hundred of "
        "the slowest site lies outside the picture.",
        figure,
    )


def _delay_words(delay: Array) -> str:
    median, high = np.quantile(delay, [0.5, 0.95])
    return (
        f"on time in {share_percent(float((delay <= 0).mean()))}, median {number(float(median), 1)}, "
        f"95 % below {number(float(high), 1)} months."
    )


_WASTE = {
    "idle_capital": (
        "Idle capital",
        "USD bn-years",
        "Cost of shells that wait for power and of delivered chips that wait for service, times the years of waiting.",
    ),
    "stranded_peak": (
        "Stranded value",
        "USD bn, worst month",
        "Book value of delivered compute above what it is worth, in the worst month.",
    ),
}


def draw_waste(run: ReportData, metric: str) -> Picture | None:
    """Quantiles by plan of `idle_capital` or `stranded_peak`."""
    title, unit, caption = _WASTE[metric]
    by_plan = {name: run.values(f"{plan}.{metric}") for plan, name in run.plans.items()}
    by_plan = {name: values for name, values in by_plan.items() if values.size}
    if not by_plan:
        return None
    figure, axes = new_canvas(title, 1.5 + 0.45 * len(by_plan))
    for row, values in enumerate(by_plan.values()):
        _interval(axes, values, len(by_plan) - 1 - row)
    _name_rows(axes, list(by_plan))
    axes.set_ylim(-0.5, len(by_plan) - 0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(unit)
    _interval_legend(figure)
    words = [
        f"{name}: mean {number(float(values.mean()))}, 95 % below {number(float(np.quantile(values, 0.95)))}."
        for name, values in by_plan.items()
    ]
    return Picture(metric, title, f"Quantiles over paths, {unit}. " + " ".join(words), caption, figure)


def draw_earnings(run: ReportData, plan: str) -> Picture | None:
    """Effect on earnings per share by fiscal year: a fan of quantiles over paths."""
    names = sorted(name for name in run.sample if name.startswith(f"{plan}.eps_fy"))
    by_year = {int(name.rpartition("eps_fy")[2]): run.values(name) for name in names}
    by_year = {year: values for year, values in by_year.items() if values.size}
    if not by_year:
        return None
    title = f"Effect on earnings per share: {run.plans[plan]}"
    figure, axes = new_canvas(title)
    bands = np.array([np.quantile(values, _SHARES) for values in by_year.values()]).T
    date = list(by_year)
    axes.fill_between(date, bands[0], bands[4], color=COLOURS[5], alpha=0.35, linewidth=0, label="5-95 % of paths")
    axes.fill_between(date, bands[1], bands[3], color=COLOURS[0], alpha=0.45, linewidth=0, label="25-75 %")
    axes.plot(date, bands[2], color=INK, marker="o", markerfacecolor="white", markersize=4, label="median")
    mean = [float(values.mean()) for values in by_year.values()]
    axes.plot(date, mean, color=INK, linestyle=(0, (1, 1.5)), linewidth=1.3, label="mean")
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(list(by_year), [f"{year}" for year in by_year], rotation=45 if len(by_year) > 7 else 0)
    axes.set_xlim(min(by_year) - 0.2, max(by_year) + 0.2)
    axes.set_xlabel("fiscal year")
    axes.set_ylabel("USD a share")
    axes.grid(visible=False, axis="x")
    add_legend_below(axes, 4)
    words = [f"{year} {number(float(np.median(values)))}" for year, values in by_year.items()]
    return Picture(
        f"eps_{plan}",
        title,
        f"Fan of quantiles over paths by fiscal year. Medians in USD a share: {', '.join(words)}.",
        "After tax, depreciation and interest; the effect of the programme alone. First and last year may be partial.",
        figure,
    )


def _interval(axes: Axes, values: Array, place: float) -> None:
    """Thin line 5-95 %, thick 25-75 %, circle median, diamond mean, at `place`."""
    q05, q25, q50, q75, q95 = (float(q) for q in np.quantile(values, _SHARES))

    def line(points: tuple[float, ...], **style: Any) -> None:
        here = (place,) * len(points)
        axes.plot(points, here, solid_capstyle="butt", clip_on=False, **style)

    line((q05, q95), color=INK, linewidth=1.1)
    line((q25, q75), color=COLOURS[0], linewidth=5)
    line((q50,), color=INK, marker="o", markerfacecolor="white", markersize=5, zorder=4)
    line((float(values.mean()),), color=INK, marker="D", markersize=3.4, zorder=5)


def _interval_legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], color=INK, linewidth=1.1, label="5-95 %"),
        Line2D([], [], color=COLOURS[0], linewidth=5, label="25-75 %"),
        Line2D([], [], color=INK, marker="o", markerfacecolor="white", linestyle="", markersize=5, label="median"),
        Line2D([], [], color=INK, marker="D", linestyle="", markersize=3.4, label="mean"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def _name_rows(axes: Axes, names: list[str]) -> None:
    labels = [textwrap.fill(name, 18) for name in reversed(names)]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(-0.4, len(names) - 0.1)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_color(FAINT)
    axes.tick_params(axis="y", length=0)
