"""A replayed path on one page: power and generations, price and ads, cash flow, cash, debt, headroom; one time axis."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.report.canvas import COLOURS, DASHES, FAINT, INK, Picture, years
from simulator.report.numbers import plain
from simulator.report.replay_rows import by_year
from simulator.report.tables import stressed

_SIZE = (8.27, 11.69)  # A4, inches
_PANELS = 6
_MOST_HEADROOM = 3.0  # of a ratio: beyond it a test is far from failing, or from passing
_SIGNS = {"headroom_dscr": "o", "headroom_fccr": "s", "headroom_leverage": "^"}
_NAMES = {"headroom_dscr": "DSCR", "headroom_fccr": "FCCR", "headroom_leverage": "leverage"}
_RED = "#B00020"


def draw(found: Mapping[str, Any], one: Mapping[str, Any]) -> Picture:
    """The page of one of the paths that simulator.replay returned."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    panels: Sequence[Axes] = figure.subplots(_PANELS, 1, sharex=True, height_ratios=(1.25, 1, 1, 1, 0.9, 1))
    title = f"Path {one['path']} of {plain(found['title'], 60)}{stressed(found, ', ')}"
    figure.suptitle(textwrap.fill(title, 80), x=0.02, ha="left", fontsize=12, fontweight="bold")
    year, month = (int(part) for part in found["start"].split("-"))
    first = year + (month - 1) / 12
    date = first + (np.arange(found["months"]) + 1) / 12
    _power(panels[0], found, one, date)
    _prices(panels[1], one, date)
    _flows(panels[2], one, date)
    _cash(panels[3], one, date)
    _debt(panels[4], one, date)
    _headroom(panels[5], one, date)
    for axes in panels:
        years(axes, first, found["months"])
        axes.set_xlabel("")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        for event in one["world"]["events"]:
            if event["kind"] in ("generation", "shift") and event["month"] < found["months"]:
                shift = event["kind"] == "shift"
                axes.axvline(
                    date[event["month"]], color=_RED if shift else FAINT, linewidth=0.8, dashes=(2, 2), zorder=0
                )
    panels[-1].set_xlabel("calendar year; vertical lines: new generations, red: paradigm shifts")
    handles = [
        Line2D([], [], color=_colour(k), linestyle=_dash(k), label=plain(of["title"], 34))
        for k, of in enumerate(one["plans"].values())
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))
    words = f"Path {one['path']}: power, price, cash flow, cash, debt and covenant headroom by month."
    return Picture(f"path-{one['path']}", title, words, "", figure)


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _dash(k: int) -> Any:
    return DASHES[k % len(DASHES)]


def _series(of: Mapping[str, Any], name: str) -> Any:
    return np.array([np.nan if x is None else x for x in of["months"][name]], dtype=np.float64)


def _says(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, fontsize=9.5, pad=3)
    axes.set_ylabel(unit)


def _power(axes: Axes, found: Mapping[str, Any], one: Mapping[str, Any], date: Any) -> None:
    """MW in service, and those behind the newest generation."""
    _says(axes, "Power in service; filled: MW with chips behind the newest generation", "MW")
    for k, of in enumerate(one["plans"].values()):
        axes.fill_between(date, _series(of, "behind"), step="post", color=_colour(k), alpha=0.12, linewidth=0)
        axes.plot(date, _series(of, "in_service"), color=_colour(k), linestyle=_dash(k), drawstyle="steps-post")
    top = max([1.0, *(np.nanmax(_series(of, "in_service")) for of in one["plans"].values())])
    axes.set_ylim(0, 1.32 * top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda mw, _: f"{mw:,.0f}"))
    shown = [event for event in one["world"]["events"] if event["month"] < found["months"]]
    for event in shown:
        if event["kind"] == "generation":
            label = f"g{event['values']['generation']:.0f}"
            axes.text(date[event["month"]], 1.29 * top, label, fontsize=7.5, color=INK, ha="center", va="top")
    power = [event for event in shown if event["kind"] == "power"]
    late = [event for event in power if event["values"]["late"] >= 1.0]
    for events, colour in (([e for e in power if e not in late], COLOURS[2]), (late, _RED)):
        axes.plot([date[e["month"]] for e in events], [1.12 * top] * len(events), "^", color=colour, markersize=5)
    axes.text(
        0.995, 0.03, "\N{BLACK UP-POINTING TRIANGLE} power at a site: green on time, red late",
        transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5,
    )  # fmt: skip


def _prices(axes: Axes, one: Mapping[str, Any], date: Any) -> None:
    """Price of compute, and ad revenue on an axis of its own."""
    _says(
        axes,
        "Price of compute (black; dots: jumps or regimes) and ad revenue without the programme (blue)",
        "USD/W-year",
    )
    price = _series(one["world"], "price")
    axes.plot(date, price, color=INK, linewidth=1.4)
    jumps = [event["month"] for event in one["world"]["events"] if event["kind"] == "price"]
    axes.plot(date[jumps], price[jumps], "o", color=COLOURS[1], markersize=4)
    axes.set_ylim(bottom=0)
    other = axes.twinx()
    other.plot(date, _series(one["world"], "ads"), color=COLOURS[0], linewidth=1.1, alpha=0.8)
    other.set_ylim(bottom=0)
    other.set_ylabel("USD bn a month", color=COLOURS[0])
    other.grid(visible=False)
    other.spines["right"].set_visible(True)
    other.yaxis.set_major_locator(MaxNLocator(nbins=5))


def _flows(axes: Axes, one: Mapping[str, Any], date: Any) -> None:
    """Unlevered cash flow by calendar year, plans side by side."""
    _says(axes, "Cash flow by calendar year, after tax and before financing", "USD bn")
    number = len(one["plans"])
    for k, of in enumerate(one["plans"].values()):
        for group, flow in by_year(of["months"]["cash_flow"], one["dates"]):
            wide = 0.84 * len(group) / 12 / number
            first = date[group].mean() - 0.5 / 12 - wide * number / 2
            axes.bar(first + (k + 0.5) * wide, flow, width=0.95 * wide, color=_colour(k))
    axes.axhline(0, color=INK, linewidth=0.8)


def _cash(axes: Axes, one: Mapping[str, Any], date: Any) -> None:
    """Cash against its floor; dots where it lies below."""
    _says(axes, "Cash (dashed grey: floor; red: below it)", "USD bn")
    for floor in sorted({of["cash_floor"] for of in one["plans"].values()}):
        axes.axhline(floor, color=FAINT, linestyle="--", linewidth=1.2)
    for k, of in enumerate(one["plans"].values()):
        cash = _series(of, "cash")
        axes.plot(date, cash, color=_colour(k), linestyle=_dash(k), linewidth=1.4)
        short = cash < of["cash_floor"] - 1e-9
        axes.plot(date[short], cash[short], ".", color=_RED, markersize=3.5)


def _debt(axes: Axes, one: Mapping[str, Any], date: Any) -> None:
    """Notes and revolver; refinancings marked."""
    _says(axes, "Notes and revolver (diamonds: notes refinanced)", "USD bn")
    for k, of in enumerate(one["plans"].values()):
        debt = _series(of, "notes") + _series(of, "revolver")
        axes.plot(date, debt, color=_colour(k), linestyle=_dash(k), linewidth=1.4)
        again = [event["month"] for event in of["events"] if event["kind"] == "refinancing"]
        axes.plot(date[again], debt[again], "D", color=_colour(k), markersize=4)
    axes.set_ylim(0, 1.12 * max(1e-9, axes.get_ylim()[1]))


def _headroom(axes: Axes, one: Mapping[str, Any], date: Any) -> None:
    """What ratios have to spare at each test."""
    limit = f"{_MOST_HEADROOM:g}"
    _says(axes, f"Covenant headroom at tests, cut at {limit} either side; below 0 the test fails", "ratio")
    seen = []
    for k, of in enumerate(one["plans"].values()):
        for name, sign in _SIGNS.items():
            if name in of["months"]:
                spare = np.clip(_series(of, name), -_MOST_HEADROOM, _MOST_HEADROOM)
                test = np.isfinite(spare)
                axes.plot(date[test], spare[test], sign, linestyle="-", color=_colour(k), markersize=3, linewidth=0.8)
                seen.append(name)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.axhspan(-1.1 * _MOST_HEADROOM, 0, color=_RED, alpha=0.06, linewidth=0)
    axes.set_ylim(-1.1 * _MOST_HEADROOM, 1.1 * _MOST_HEADROOM)
    handles = [
        Line2D([], [], color=INK, marker=sign, linestyle="", markersize=3.5, label=_NAMES[name])
        for name, sign in _SIGNS.items()
        if name in seen
    ]
    if handles:
        axes.legend(handles=handles, loc="upper left", ncols=3, fontsize=7.5)
    else:
        axes.text(0.5, 0.6, "no covenant on a ratio", transform=axes.transAxes, ha="center", va="center", color=FAINT)
