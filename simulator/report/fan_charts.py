"""Fan charts: a monthly series as its median, mean and the bands that hold half and nine tenths of the paths."""

from __future__ import annotations

from typing import NamedTuple

from simulator.report.canvas import COLOURS, INK, Picture, add_legend_below, new_canvas, set_percent_axis, set_time_axis
from simulator.report.number_format import month_name, number, percent
from simulator.report.report_data import Bands, ReportData

__all__: list[str] = []  # used in this folder only


class _Fan(NamedTuple):
    """A series worth a chart."""

    series: str
    title: str
    unit: str
    caption: str
    share: bool = False  # shown in percent
    zero: bool = True  # the axis starts at zero
    mark: float | None = None  # a line across


_WORLD_FANS = (
    _Fan("price", "Price of compute", "USD/W-year", "Rent of the frontier generation; older chips earn less."),
    _Fan(
        "ads",
        "Ad revenue without the programme",
        "USD bn a month",
        "Trend, season and noise. Elasticity acts on it, and a recession here hits cash when it is needed.",
    ),
    _Fan(
        "value",
        "What chips bought today are worth",
        "share of cost",
        "Value in use or resale of chips delivered at the start, as a share of their price. New generations, wear and "
        "paradigm shifts lower it.",
        share=True,
    ),
    _Fan("funding", "Funding cost", "per year", "Ten-year rate plus credit spread.", share=True),
)
_PLAN_FANS = (
    _Fan(
        "cumulative",
        "Cumulative cash flow",
        "USD bn",
        "Undiscounted, before financing and without terminal value: the lowest point is the peak funding need.",
        zero=False,
        mark=0.0,
    ),
    _Fan("cash", "Cash balance", "USD bn", "After the revolver, at the end of the month.", zero=False, mark=0.0),
    _Fan("idle", "Idle capital", "USD bn", "Cost of what is finished and not in service, by month."),
)


def draw_world_fans(run: ReportData) -> list[Picture]:
    """Charts of the drivers that were traced."""
    return [picture for fan in _WORLD_FANS if (picture := _draw(run, "world", fan, fan.title)) is not None]


def draw_plan_fans(run: ReportData, plan: str) -> list[Picture]:
    """Charts of one plan's money."""
    titled = ((fan, f"{fan.title}: {run.plans[plan]}") for fan in _PLAN_FANS)
    return [picture for fan, title in titled if (picture := _draw(run, plan, fan, title)) is not None]


def _draw(run: ReportData, scope: str, fan: _Fan, title: str) -> Picture | None:
    rows = run.series.get(f"{scope}.{fan.series}")
    if rows is None:
        return None
    date = run.first_year + (rows["month"] + 1) / 12
    figure, axes = new_canvas(title)
    axes.fill_between(
        date, rows["q05"], rows["q95"], color=COLOURS[5], alpha=0.35, linewidth=0, label="5-95 % of paths"
    )
    axes.fill_between(date, rows["q25"], rows["q75"], color=COLOURS[0], alpha=0.45, linewidth=0, label="25-75 %")
    axes.plot(date, rows["q50"], color=INK, label="median")
    axes.plot(date, rows["mean"], color=INK, linestyle=(0, (1, 1.5)), linewidth=1.3, label="mean")
    set_time_axis(axes, run.first_year, run.months)
    axes.set_ylabel(fan.unit)
    if fan.share:
        set_percent_axis(axes.yaxis)
    if fan.zero:
        axes.set_ylim(bottom=0)
    if fan.mark is not None:
        axes.axhline(fan.mark, color=INK, linewidth=0.8)
    add_legend_below(axes, 4)
    slug = fan.series if scope == "world" else f"{fan.series}_{scope}"
    return Picture(slug, title, _words(run, fan, rows), fan.caption, figure)


def _words(run: ReportData, fan: _Fan, rows: Bands) -> str:
    """The chart in numbers: its bands at three dates."""
    format_value = percent if fan.share else number
    parts = []
    last = len(rows["month"]) - 1
    for i in sorted({min(11, last), last // 2, last}):
        low, middle, high = (format_value(float(rows[band][i])) for band in ("q05", "q50", "q95"))
        parts.append(f"{month_name(run.start, rows['month'][i])}: median {middle}, 5 to 95 % {low} to {high}")
    unit = "" if fan.share else f" in {fan.unit}"
    return f"Fan chart by month{unit}. {'; '.join(parts)}."
