"""The section "Why" of a report: what a tail has in common, what it is made of, and the stories in it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from simulator.report.canvas import (
    COLOURS,
    FAINT,
    INK,
    WIDTH,
    Picture,
    add_legend_below,
    figure_text,
    new_canvas,
    plan_style,
    set_percent_axis,
)
from simulator.report.explain_text import waterfall_steps
from simulator.report.number_format import number, plain, slug
from simulator.report.report_data import ReportData
from simulator.report.text_tables import measure_name, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only

_TAIL, _ALL = COLOURS[1], COLOURS[0]


def explanation_title(run: ReportData, result: Mapping[str, Any]) -> str:
    """`CVaR 95 % of NPV, Own everything`."""
    return f"{_subject(result)}, {run.plans.get(result['plan'], plain(result['plan'], 40))}"


def explanation_sentences(result: Mapping[str, Any]) -> list[str]:
    """The sentences on what the tail's worlds have in common."""
    return [re.sub(r"-(?=\d)", "\N{MINUS SIGN}", sentence) for sentence in result["sentences"]]


def draw_explanation(run: ReportData, result: Mapping[str, Any]) -> Iterator[Picture]:
    """The waterfall, the parts of the variance, the densities of the most shifted drivers, and the cash-flow lines."""
    name = f"{slug(result['plan'])}_{slug(result['metric'])}_{slug(result['measure'])}"
    yield _draw_waterfall(result, f"waterfall_{name}")
    yield _draw_shares(result, f"shapley_{name}")
    yield _draw_densities(result, f"profile_{name}")
    if result["held"]["curves"]:
        yield _draw_spider(result, f"spider_{name}")
    if result["lines"]:
        yield _draw_lines(result, f"lines_{name}")


def _subject(result: Mapping[str, Any]) -> str:
    if result["measure"] == "probability":
        return f"probability of {plain(result['metric'])}"
    return measure_name(result["measure"], result["metric"])


def _kind(result: Mapping[str, Any]) -> str:
    return "event" if result["kind"] == "event" else "amount"


def _draw_waterfall(result: Mapping[str, Any], name: str) -> Picture:
    """Bars from the world with every driver at its median to the mean and to the tail, driver by driver."""
    steps = waterfall_steps(result)
    drawing, axes = new_canvas("From the median world to the tail", 1.2 + 0.27 * len(steps))
    level, words = 0.0, []
    for row, (title, figure, is_level) in enumerate(steps):
        y, size = len(steps) - 1 - row, figure.value or 0.0
        start = 0.0 if is_level else level
        level = size if is_level else level + size
        bad = (size < 0.0) == (result["bad"] == "low")
        colour = FAINT if is_level else _TAIL if bad else COLOURS[2]
        axes.barh(y, level - start, left=start, height=0.66, color=colour, hatch="" if is_level or not bad else "////",
                  edgecolor="white", linewidth=0)  # fmt: skip
        if not is_level and figure.low is not None and figure.high is not None:
            away = [[max(size - figure.low, 0.0)], [max(figure.high - size, 0.0)]]
            axes.errorbar(level, y, xerr=away, color=INK, elinewidth=0.9, capsize=2.5, capthick=0.9)
        words.append(f"{title} {value(figure, _kind(result))}")
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.set_yticks(range(len(steps)), [textwrap.fill(title, 34) for title, _, _ in reversed(steps)], fontsize=7.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if _kind(result) == "event":
        set_percent_axis(axes.xaxis)
    axes.set_xlabel(", ".join(word for word in (plain(result["metric"]), result["unit"]) if word))
    handles = [
        Patch(facecolor=FAINT, label="level"),
        Patch(facecolor=_TAIL, hatch="////", edgecolor="white", label="makes it worse"),
        Patch(facecolor=COLOURS[2], label="makes it better"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=3)
    return Picture(
        name,
        "From the median world to the tail",
        "Waterfall chart: " + "; ".join(words) + ".",
        "Shapley parts: each driver's is the mean over all orders in which drivers could be let vary, so no order is "
        f"privileged and the parts add up. {result['attribution']['paths']:,} worlds for each coalition of drivers; "
        "whiskers are 95 % intervals of a part.",
        drawing,
    )


def _draw_shares(result: Mapping[str, Any], name: str) -> Picture:
    """Shares of the variance by group of drivers."""
    groups = sorted(result["attribution"]["groups"], key=lambda group: group["variance_share"]["value"] or 0.0)
    drawing, axes = new_canvas("Share of the variance by driver", 1.1 + 0.28 * len(groups))
    for y, group in enumerate(groups):
        figure = Figure.from_dict(group["variance_share"])
        share = figure.value or 0.0
        axes.barh(y, share, height=0.66, color=_ALL)
        if figure.low is not None and figure.high is not None:
            away = [[max(share - figure.low, 0.0)], [max(figure.high - share, 0.0)]]
            axes.errorbar(share, y, xerr=away, color=INK, elinewidth=0.9, capsize=2.5, capthick=0.9)
    axes.set_yticks(range(len(groups)), [group["title"] for group in groups], fontsize=8)
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    set_percent_axis(axes.xaxis)
    axes.set_xlabel(f"share of the variance of {plain(result['metric'])}")
    words = [f"{group['title']} {value(Figure.from_dict(group['variance_share']), 'rate')}" for group in groups[::-1]]
    return Picture(
        name,
        "Share of the variance by driver",
        "Bar chart of Shapley effects: " + "; ".join(words) + ".",
        "Shapley effects: the variance that goes with each group of drivers, dependence between them respected; they "
        "add up to 100 %. Whiskers are 95 % intervals.",
        drawing,
    )


def _draw_densities(result: Mapping[str, Any], name: str) -> Picture:
    """Small histograms of the most shifted drivers, inside the tail and over all worlds."""
    entries = result["densities"]
    titles = {entry["name"]: entry for entry in result["profile"]}
    rows = -(-len(entries) // 2)
    drawing = Drawing(figsize=(WIDTH, 0.9 + 1.45 * rows), layout="constrained")
    FigureCanvasAgg(drawing)
    grid = np.atleast_1d(drawing.subplots(rows, min(len(entries), 2), squeeze=False)).ravel()
    words = []
    for axes, entry in zip(grid, entries, strict=False):
        _draw_density(axes, entry, titles[entry["name"]])
        shift = Figure.from_dict(titles[entry["name"]]["shift"])
        words.append(f"{titles[entry['name']]['title']} {number(shift.value, 2)} sd")
    for axes in grid[len(entries) :]:
        axes.set_visible(False)
    handles = [
        Patch(facecolor=_TAIL, alpha=0.5, label=textwrap.fill(result["tail"]["words"], 44)),
        Patch(facecolor="none", edgecolor=INK, label="all worlds"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=2)
    return Picture(
        name,
        "What the tail has in common",
        "Histograms of drivers inside the tail and over all worlds; mean shifts: " + "; ".join(words) + ".",
        f"The drivers whose mean is shifted most in {result['tail']['words']} ({result['tail']['paths']:,} of "
        f"{result['tail']['of']:,} paths of the sample). Each histogram has the same area; the outer half percent at "
        "either end lies outside.",
        drawing,
    )


def _draw_density(axes: Axes, entry: Mapping[str, Any], profile: Mapping[str, Any]) -> None:
    axes.stairs(entry["inside"], entry["edges"], fill=True, color=_TAIL, alpha=0.5)
    axes.stairs(entry["overall"], entry["edges"], color=INK, linewidth=1.0)
    unit = f", {profile['unit']}" if profile["unit"] else ""
    axes.set_title(textwrap.fill(f"{plain(profile['title'], 60)}{unit}", 34), fontsize=7.5, pad=3)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.tick_params(axis="x", labelsize=7)
    axes.locator_params(axis="x", nbins=5)


def _draw_lines(result: Mapping[str, Any], name: str) -> Picture:
    """Present values of cash-flow lines, in the tail beside all worlds."""
    lines = [*result["lines"]["lines"], {"title": "npv", **result["lines"]["npv"]}]
    drawing, axes = new_canvas("Cash-flow lines in the tail", 1.3 + 0.32 * len(lines))
    for row, line in enumerate(reversed(lines)):
        for key, offset, colour, alpha in (("tail", 0.19, _TAIL, 0.9), ("all", -0.19, _ALL, 0.6)):
            axes.barh(row + offset, line[key]["value"], height=0.36, color=colour, alpha=alpha)
    axes.set_yticks(range(len(lines)), [line["title"] for line in reversed(lines)], fontsize=8)
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("present value, USD bn")
    handles = [
        Patch(facecolor=_TAIL, alpha=0.9, label=textwrap.fill(result["tail"]["words"], 40)),
        Patch(facecolor=_ALL, alpha=0.6, label="all worlds"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=2)
    words = [
        f"{line['title']} {figure_text(line['tail']['value'])} against {figure_text(line['all']['value'])}"
        for line in lines
    ]
    return Picture(
        name,
        "Cash-flow lines in the tail",
        "Bar chart of present values in the tail against all worlds: " + "; ".join(words) + ".",
        "Euler allocation: NPV is the sum of its lines on every path, so its mean over the tail is the sum of theirs. "
        f"{result['lines']['tail_paths']:,} paths of the tail, {result['lines']['paths']:,} of all worlds.",
        drawing,
    )


def _draw_spider(result: Mapping[str, Any], name: str) -> Picture:
    """Curves of the measure's change where one driver is held at a quantile of its law."""
    drawing, axes = new_canvas("One driver held at a time", 3.6)
    curves, words = result["held"]["curves"], []
    places = np.arange(len(curves[0]["points"]))
    for row, curve in enumerate(curves):
        style = plan_style(row)
        changes = [Figure.from_dict(point["change"]) for point in curve["points"]]
        middle = [figure.value if figure.value is not None else np.nan for figure in changes]
        axes.plot(places, middle, color=style.colour, linestyle=style.dash, marker=style.marker, markersize=4,
                  label=textwrap.fill(curve["title"], 34))  # fmt: skip
        low = [figure.low if figure.low is not None else np.nan for figure in changes]
        high = [figure.high if figure.high is not None else np.nan for figure in changes]
        axes.fill_between(places, low, high, color=style.colour, alpha=0.2, linewidth=0)
        words.append(f"{curve['title']} {figure_text(middle[0])} to {figure_text(middle[-1])}")
    axes.axhline(0.0, color=INK, linewidth=0.9)
    axes.set_xticks(places, [point["score"] for point in curves[0]["points"]])
    axes.set_xlabel("quantile at which the driver is held")
    if _kind(result) == "event":
        set_percent_axis(axes.yaxis)
    axes.set_ylabel(textwrap.fill(f"change of {_subject(result)}", 28))
    add_legend_below(axes)
    return Picture(
        name,
        "One driver held at a time",
        "Spider chart, from the 5 % to the 95 % quantile: " + "; ".join(words) + ".",
        f"Each curve holds one driver at quantiles of its law and lets all others vary; {result['held']['paths']:,} "
        "worlds a point, bands are 95 % intervals of the paired change. A curve that falls makes a loss smaller.",
        drawing,
    )
