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

from simulator.report.canvas import COLOURS, DASHES, FAINT, INK, Picture, legend_label, set_time_axis
from simulator.report.number_format import distinct_titles, plain
from simulator.report.replay_tables import by_year
from simulator.report.text_tables import stress_suffix

__all__: list[str] = []  # used in this folder only


_SIZE = (8.27, 11.69)  # A4, inches
_PANELS = 6
_MOST_HEADROOM = 3.0  # of a ratio: beyond it a test is far from failing, or from passing
_SIGNS = {"headroom_dscr": "o", "headroom_fccr": "s", "headroom_leverage": "^"}
_NAMES = {"headroom_dscr": "DSCR", "headroom_fccr": "FCCR", "headroom_leverage": "leverage"}
_RED = "#B00020"


def draw_replay(replay: Mapping[str, Any], path: Mapping[str, Any]) -> Picture:
    """The page of one of the paths that simulator.replay returned."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    panels: Sequence[Axes] = figure.subplots(_PANELS, 1, sharex=True, height_ratios=(1.25, 1, 1, 1, 0.9, 1))
    title = f"Path {path['path']} of {plain(replay['title'], 60)}{stress_suffix(replay.get('stress'), ', ')}"
    figure.suptitle(textwrap.fill(title, 80), x=0.02, ha="left", fontsize=12, fontweight="bold")
    year, month = (int(part) for part in replay["start"].split("-"))
    first = year + (month - 1) / 12
    date = first + (np.arange(replay["months"]) + 1) / 12
    _power(panels[0], replay, path, date)
    _prices(panels[1], path, date)
    _flows(panels[2], path, date)
    _cash(panels[3], path, date)
    _debt(panels[4], path, date)
    _headroom(panels[5], path, date)
    for axes in panels:
        set_time_axis(axes, first, replay["months"])
        axes.set_xlabel("")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        for event in path["world"]["events"]:
            if event["kind"] in ("generation", "shift") and event["month"] < replay["months"]:
                shift = event["kind"] == "shift"
                axes.axvline(
                    date[event["month"]], color=_RED if shift else FAINT, linewidth=0.8, dashes=(2, 2), zorder=0
                )
    panels[-1].set_xlabel("calendar year; vertical lines: new generations, red: paradigm shifts")
    titles = distinct_titles({name: plan["title"] for name, plan in path["plans"].items()}, 34)
    handles = [
        Line2D([], [], color=_colour(k), linestyle=_dash(k), label=legend_label(title))
        for k, title in enumerate(titles.values())
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))
    words = f"Path {path['path']}: power, price, cash flow, cash, debt and covenant headroom by month."
    return Picture(f"path-{path['path']}", title, words, "", figure)


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _dash(k: int) -> Any:
    return DASHES[k % len(DASHES)]


def _series(plan: Mapping[str, Any], name: str) -> Any:
    return np.array([np.nan if x is None else x for x in plan["months"][name]], dtype=np.float64)


def _set_titles(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, fontsize=9.5, pad=3)
    axes.set_ylabel(unit)


def _power(axes: Axes, replay: Mapping[str, Any], path: Mapping[str, Any], date: Any) -> None:
    """MW in service, and those behind the newest generation."""
    _set_titles(axes, "Power in service; filled: MW with chips behind the newest generation", "MW")
    for k, plan in enumerate(path["plans"].values()):
        axes.fill_between(date, _series(plan, "behind"), step="post", color=_colour(k), alpha=0.12, linewidth=0)
        axes.plot(date, _series(plan, "in_service"), color=_colour(k), linestyle=_dash(k), drawstyle="steps-post")
    top = max([1.0, *(np.nanmax(_series(plan, "in_service")) for plan in path["plans"].values())])
    axes.set_ylim(0, 1.32 * top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda mw, _: f"{mw:,.0f}"))
    shown = [event for event in path["world"]["events"] if event["month"] < replay["months"]]
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


def _prices(axes: Axes, path: Mapping[str, Any], date: Any) -> None:
    """Price of compute, and ad revenue on an axis of its own."""
    _set_titles(
        axes,
        "Price of compute (black; dots: jumps or regimes) and ad revenue without the programme (blue)",
        "USD/W-year",
    )
    price = _series(path["world"], "price")
    axes.plot(date, price, color=INK, linewidth=1.4)
    jumps = [event["month"] for event in path["world"]["events"] if event["kind"] == "price"]
    axes.plot(date[jumps], price[jumps], "o", color=COLOURS[1], markersize=4)
    axes.set_ylim(bottom=0)
    other = axes.twinx()
    other.plot(date, _series(path["world"], "ads"), color=COLOURS[0], linewidth=1.1, alpha=0.8)
    other.set_ylim(bottom=0)
    other.set_ylabel("USD bn a month", color=COLOURS[0])
    other.grid(visible=False)
    other.spines["right"].set_visible(True)
    other.yaxis.set_major_locator(MaxNLocator(nbins=5))


def _flows(axes: Axes, path: Mapping[str, Any], date: Any) -> None:
    """Unlevered cash flow by calendar year, plans side by side."""
    _set_titles(axes, "Cash flow by calendar year, after tax and before financing", "USD bn")
    number = len(path["plans"])
    for k, plan in enumerate(path["plans"].values()):
        for group, flow in by_year(plan["months"]["cash_flow"], path["dates"]):
            wide = 0.84 * len(group) / 12 / number
            first = date[group].mean() - 0.5 / 12 - wide * number / 2
            axes.bar(first + (k + 0.5) * wide, flow, width=0.95 * wide, color=_colour(k))
    axes.axhline(0, color=INK, linewidth=0.8)


def _cash(axes: Axes, path: Mapping[str, Any], date: Any) -> None:
    """Cash against its floor; dots where it lies below."""
    _set_titles(axes, "Cash (dashed grey: floor; red: below it)", "USD bn")
    for floor in sorted({plan["cash_floor"] for plan in path["plans"].values()}):
        axes.axhline(floor, color=FAINT, linestyle="--", linewidth=1.2)
    for k, plan in enumerate(path["plans"].values()):
        cash = _series(plan, "cash")
        axes.plot(date, cash, color=_colour(k), linestyle=_dash(k), linewidth=1.4)
        short = cash < plan["cash_floor"] - 1e-9
        axes.plot(date[short], cash[short], ".", color=_RED, markersize=3.5)


def _debt(axes: Axes, path: Mapping[str, Any], date: Any) -> None:
    """Notes and revolver; refinancings marked."""
    _set_titles(axes, "Notes and revolver (diamonds: notes refinanced)", "USD bn")
    for k, plan in enumerate(path["plans"].values()):
        debt = _series(plan, "notes") + _series(plan, "revolver")
        axes.plot(date, debt, color=_colour(k), linestyle=_dash(k), linewidth=1.4)
        again = [event["month"] for event in plan["events"] if event["kind"] == "refinancing"]
        axes.plot(date[again], debt[again], "D", color=_colour(k), markersize=4)
    axes.set_ylim(0, 1.12 * max(1e-9, axes.get_ylim()[1]))


def _headroom(axes: Axes, path: Mapping[str, Any], date: Any) -> None:
    """The headroom of the ratios at each test."""
    limit = f"{_MOST_HEADROOM:g}"
    _set_titles(axes, f"Covenant headroom at tests, cut at {limit} either side; below 0 the test fails", "ratio")
    seen = []
    for k, plan in enumerate(path["plans"].values()):
        for name, sign in _SIGNS.items():
            if name in plan["months"]:
                spare = np.clip(_series(plan, name), -_MOST_HEADROOM, _MOST_HEADROOM)
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
