"""Charts of a comparison: paired differences, the efficient set, where two plans change places."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulator.report.canvas import (
    COLOURS,
    FAINT,
    INK,
    MARKERS,
    Picture,
    add_legend_below,
    figure_text,
    legend_label,
    new_canvas,
    plan_style,
    set_percent_axis,
)
from simulator.report.number_format import level_percent, number, plain
from simulator.report.text_tables import interval, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


_MOST = 12  # pairs shown


def draw_comparison(comparison: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> list[Picture]:
    """The charts that a comparison has numbers for; `titles` by plan where its ids are not to be shown."""
    names = {plan: plain((titles or {}).get(plan, plan), 60) for plan in comparison["plans"]}
    drawn = (
        _draw_differences(comparison, names),
        _draw_efficient_set(comparison, names),
        _draw_break_even(comparison, names),
    )
    return [picture for picture in drawn if picture is not None]


def _draw_differences(comparison: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """Mean and CVaR of each plan less the plan it is compared with, with their paired intervals."""
    first, alone = comparison["pairs"][0]["against"], len(comparison["runs"]) == 1
    pairs = [pair for pair in comparison["pairs"] if not alone or pair["against"] == first]
    pairs = [pair for pair in pairs if pair["mean"]["value"] is not None][:_MOST]
    if not pairs:
        return None
    share = comparison["kind"] in ("event", "rate")
    lines = list(_drawn_measures(pairs))
    title = f"Plans less {names[first]}" if alone else "Second run less first"
    drawing, axes = new_canvas(title, 1.5 + 0.2 * len(pairs) * (len(lines) + 1), wide=32)
    for row, pair in enumerate(pairs):
        for k, (_, read) in enumerate(lines):
            figure = Figure.from_dict(read(pair))
            if figure.value is None:
                continue
            y = len(pairs) - 1 - row + 0.24 * ((len(lines) - 1) / 2 - k)
            colour = COLOURS[k]
            if figure.low is not None and figure.high is not None:
                axes.plot([figure.low, figure.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot(figure.value, y, MARKERS[k], color=colour, markersize=5)
    axes.axvline(0, color=INK, linewidth=0.9)
    rows = [_beats(pair, names, alone) for pair in reversed(pairs)]
    axes.set_yticks(range(len(pairs)), rows)
    axes.set_ylim(-0.6, len(pairs) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"difference in {comparison['metric']}{', ' + comparison['unit'] if comparison['unit'] else ''}")
    if share:
        set_percent_axis(axes.xaxis)
    handles = [
        Line2D([], [], color=COLOURS[k], marker=MARKERS[k], markersize=5, label=name)
        for k, (name, _) in enumerate(lines)
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    kind = str(comparison["kind"])
    words = [f"{names[pair['plan']]}: {'; '.join(_words(lines, pair, kind))}." for pair in pairs]
    good = "Right of 0 the mean is better" if comparison["bad"] == "low" else "Left of 0 the mean is better"
    return Picture(
        "differences",
        title,
        "Paired differences with 95 % intervals. " + " ".join(words),
        f"Bars: 95 % intervals of the paired differences, often too short to see; one that holds 0 does not tell the "
        f"plans apart. {good}; a CVaR is a loss, so left of 0 there is less risk. Under each name: share of paths on "
        f"which that plan is better, 95 % interval.{_note_sentences(lines, pairs)}",
        drawing,
    )


def _drawn_measures(pairs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The measures that are drawn of each pair: the mean, and CVaR at the first level."""
    yield "mean", lambda pair: pair["mean"]
    levels = list(pairs[0]["cvar"])[:1]
    for level in levels:
        yield f"CVaR {level_percent(level)}", lambda pair, level=level: pair["cvar"].get(level)


def _note_sentences(lines: Sequence[tuple[str, Any]], pairs: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on each drawn figure that is missing or to be taken with reserve."""
    notes = {f"{name}: {note}" for name, read in lines for pair in pairs if (note := Figure.from_dict(read(pair)).note)}
    return "".join(f" {note}." for note in sorted(notes))


def _beats(pair: Mapping[str, Any], names: Mapping[str, str], alone: bool) -> str:
    name = names[pair["plan"]] if alone else f"{names[pair['plan']]} less {names[pair['against']]}"
    better = Figure.from_dict(pair["beats"])
    share = f"\nbetter on {interval(better, 'event')}" if better.value is not None else ""
    return textwrap.fill(name, 22) + share


def _words(lines: Sequence[tuple[str, Any]], pair: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name, read in lines:
        figure = Figure.from_dict(read(pair))
        if figure.value is not None:
            yield f"{name} {value(figure, kind)} ({interval(figure, kind) or figure.note})"


def _draw_efficient_set(comparison: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """Mean against CVaR of every plan, with the efficient set joined."""
    frontier = comparison["frontier"]
    if not frontier:
        return None
    level = level_percent(frontier["level"])
    drawing, axes = new_canvas("Mean against tail risk", 3.5)
    for k, (plan, entry) in enumerate(frontier["plans"].items()):
        mean, cvar = entry["mean"], entry["cvar"]
        colour, _, marker = plan_style(k)
        on = entry["standing"].startswith("efficient")
        axes.errorbar(
            cvar["value"],
            mean["value"],
            xerr=[[cvar["value"] - cvar["low"]], [cvar["high"] - cvar["value"]]],
            yerr=[[mean["value"] - mean["low"]], [mean["high"] - mean["value"]]],
            color=colour,
            elinewidth=1.0,
            marker=marker,
            markersize=max(11 - 1.2 * k, 4),  # of plans in one place all are seen
            markerfacecolor=colour if on else "white",
            markeredgewidth=1.6,
            linestyle="",
            zorder=4,
            label=legend_label(f"{plain(names[plan], 28)}: {entry['standing']}"),
        )
    _join(axes, frontier["plans"], comparison["bad"])
    axes.margins(0.12)
    axes.set_xlabel(f"CVaR {level}, {comparison['unit']} (left: less risk)")
    axes.set_ylabel(f"mean, {comparison['unit']}")
    add_legend_below(axes, 1 if max(map(len, names.values())) > 16 else 2)
    notes = {entry["cvar"]["note"] for entry in frontier["plans"].values() if "note" in entry["cvar"]}
    words = [
        f"{names[plan]}: mean {_figure_words(entry['mean'])}, CVaR {_figure_words(entry['cvar'])}, {entry['standing']}"
        + (f" by {', '.join(names[other] for other in entry['by'])}" if entry["by"] else "")
        for plan, entry in frontier["plans"].items()
    ]
    return Picture(
        "efficient",
        "Mean against tail risk",
        f"Mean and CVaR {level} of {comparison['metric']} by plan. {'. '.join(words)}.",
        "Filled: efficient, no other plan is better in both mean and CVaR; joined by the line. Hollow: dominated. "
        f"Bars: 95 % intervals of each plan by itself on {frontier['n']:,} paths; what is sure is judged by paired "
        "differences, which are much surer." + "".join(f" CVaR: {note}." for note in notes),
        drawing,
    )


def _figure_words(entry: Mapping[str, Any]) -> str:
    figure = Figure.from_dict(entry)
    return f"{value(figure, 'amount')} ({interval(figure, 'amount')})"


def _join(axes: Axes, plans: Mapping[str, Any], bad: str) -> None:
    """The frontier that the efficient plans span: from one to the next by less risk for less mean."""
    on = [
        (entry["cvar"]["value"], entry["mean"]["value"])
        for entry in plans.values()
        if entry["standing"].startswith("efficient")
    ]
    for (x, y), (x2, y2) in pairwise(sorted(on)):
        corner = [(x, y), (x2, y), (x2, y2)]
        axes.plot(*zip(*corner, strict=True), color=FAINT, linewidth=1.1, linestyle=(0, (3, 2)), zorder=2)


def _draw_break_even(comparison: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """The difference of two plans over the values of an input, and where it crosses zero."""
    result = comparison.get("break_even")
    if not result:
        return None
    plan, against = (names.get(result[side], plain(result[side], 40)) for side in ("plan", "against"))
    drawing, axes = new_canvas(f"Where {plan} and {against} change places")
    x = [point["value"] for point in result["points"]]
    low, high = ([point[end] for point in result["points"]] for end in ("low", "high"))
    axes.fill_between(x, low, high, color=COLOURS[5], alpha=0.4, linewidth=0, label="95 % interval")
    axes.plot(x, [point["difference"] for point in result["points"]], color=COLOURS[0], marker="o", markersize=4)
    axes.axhline(0, color=INK, linewidth=0.9)
    for k, root in enumerate(result["roots"]):
        axes.axvline(root["value"], color=COLOURS[1], linestyle=(0, (4, 2)), label=None if k else "change of places")
        if root["low"] is not None and root["high"] is not None:
            axes.axvspan(root["low"], root["high"], color=COLOURS[1], alpha=0.25, linewidth=0)
        axes.annotate(
            figure_text(root["value"]), (root["value"], 0.98),
            xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(4, 0), va="top", fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xlim(result["low"], result["high"])
    axes.set_xlabel(plain(result["input"], 60))
    unit = f", {result['unit']}" if result["unit"] else ""
    axes.set_ylabel(textwrap.fill(f"{result['measure']} of {result['metric']}: {plan} less {against}{unit}", 34))
    add_legend_below(axes)
    roots = ", ".join(number(root["value"]) for root in result["roots"]) or "nowhere"
    return Picture(
        "breakeven",
        "Break-even",
        f"{result['measure']} of {result['metric']}, {plan} less {against}, over {plain(result['input'])} from "
        f"{number(result['low'])} to {number(result['high'])}; zero at {roots}.",
        f"Every point is {result['paths']:,} paths on the same random numbers; the shading is the paired 95 % "
        "interval.",
        drawing,
    )
