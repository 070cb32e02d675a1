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
    MARKS,
    Picture,
    canvas,
    look,
    percent_axis,
    room_for_legend,
    says,
)
from simulator.report.headline import figure as cell_of
from simulator.report.numbers import number, percent, plain
from simulator.report.tables import interval, value

_MOST = 12  # pairs shown


def pictures(found: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> list[Picture]:
    """The charts that a comparison has numbers for; `titles` by plan where its ids are not to be shown."""
    names = {plan: plain((titles or {}).get(plan, plan), 40) for plan in found["plans"]}
    drawn = (differences(found, names), efficient(found, names), break_even(found, names))
    return [picture for picture in drawn if picture is not None]


def differences(found: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """Mean and CVaR of each plan less the plan it is compared with, with their paired intervals."""
    first, alone = found["pairs"][0]["against"], len(found["runs"]) == 1
    pairs = [pair for pair in found["pairs"] if not alone or pair["against"] == first]
    pairs = [pair for pair in pairs if pair["mean"]["value"] is not None][:_MOST]
    if not pairs:
        return None
    share = found["kind"] in ("event", "rate")
    lines = list(_lines(pairs))
    title = f"Plans less {names[first]}" if alone else "Second run less first"
    figure, axes = canvas(title, 1.5 + 0.2 * len(pairs) * (len(lines) + 1), wide=32)
    for row, pair in enumerate(pairs):
        for k, (_, read) in enumerate(lines):
            cell = cell_of(read(pair))
            if cell.value is None:
                continue
            y = len(pairs) - 1 - row + 0.24 * ((len(lines) - 1) / 2 - k)
            colour = COLOURS[k]
            if cell.low is not None and cell.high is not None:
                axes.plot([cell.low, cell.high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot(cell.value, y, MARKS[k], color=colour, markersize=5)
    axes.axvline(0, color=INK, linewidth=0.9)
    rows = [_beats(pair, names, alone) for pair in reversed(pairs)]
    axes.set_yticks(range(len(pairs)), rows)
    axes.set_ylim(-0.6, len(pairs) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"difference in {found['metric']}{', ' + found['unit'] if found['unit'] else ''}")
    if share:
        percent_axis(axes.xaxis)
    handles = [
        Line2D([], [], color=COLOURS[k], marker=MARKS[k], markersize=5, label=name) for k, (name, _) in enumerate(lines)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    kind = str(found["kind"])
    words = [f"{names[pair['plan']]}: {'; '.join(_words(lines, pair, kind))}." for pair in pairs]
    good = "Right of 0 the mean is better" if found["bad"] == "low" else "Left of 0 the mean is better"
    return Picture(
        "differences",
        title,
        "Paired differences with 95 % intervals. " + " ".join(words),
        f"Bars: 95 % intervals of the paired differences, often too short to see; one that holds 0 does not tell the "
        f"plans apart. {good}; a CVaR is a loss, so left of 0 there is less risk. Under each name: share of paths on "
        f"which that plan is better, 95 % interval.{_reserve(lines, pairs)}",
        figure,
    )


def _lines(pairs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """What is drawn of each pair: the mean, and CVaR at the first level."""
    yield "mean", lambda pair: pair["mean"]
    levels = list(pairs[0]["cvar"])[:1]
    for level in levels:
        yield f"CVaR {percent(float(level), 0)}", lambda pair, level=level: pair["cvar"].get(level)


def _reserve(lines: Sequence[tuple[str, Any]], pairs: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on each drawn figure that is missing or to be taken with reserve."""
    notes = {f"{name}: {note}" for name, read in lines for pair in pairs if (note := cell_of(read(pair)).note)}
    return "".join(f" {note}." for note in sorted(notes))


def _beats(pair: Mapping[str, Any], names: Mapping[str, str], alone: bool) -> str:
    name = names[pair["plan"]] if alone else f"{names[pair['plan']]} less {names[pair['against']]}"
    better = cell_of(pair["beats"])
    share = f"\nbetter on {interval(better, 'event')}" if better.value is not None else ""
    return textwrap.fill(name, 22) + share


def _words(lines: Sequence[tuple[str, Any]], pair: Mapping[str, Any], kind: str) -> Iterator[str]:
    for name, read in lines:
        cell = cell_of(read(pair))
        if cell.value is not None:
            yield f"{name} {value(cell, kind)} ({interval(cell, kind) or cell.note})"


def efficient(found: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """Mean against CVaR of every plan, with the efficient set joined."""
    edge = found["frontier"]
    if not edge:
        return None
    level = percent(edge["level"], 0)
    figure, axes = canvas("Mean against tail risk", 3.5)
    for k, (plan, of) in enumerate(edge["plans"].items()):
        mean, cvar = of["mean"], of["cvar"]
        colour, _, mark = look(k)
        on = of["standing"].startswith("efficient")
        axes.errorbar(
            cvar["value"],
            mean["value"],
            xerr=[[cvar["value"] - cvar["low"]], [cvar["high"] - cvar["value"]]],
            yerr=[[mean["value"] - mean["low"]], [mean["high"] - mean["value"]]],
            color=colour,
            elinewidth=1.0,
            marker=mark,
            markersize=max(11 - 1.2 * k, 4),  # of plans in one place all are seen
            markerfacecolor=colour if on else "white",
            markeredgewidth=1.6,
            linestyle="",
            zorder=4,
            label=f"{plain(names[plan], 28)}: {of['standing']}",
        )
    _join(axes, edge["plans"], found["bad"])
    axes.margins(0.12)
    axes.set_xlabel(f"CVaR {level}, {found['unit']} (left: less risk)")
    axes.set_ylabel(f"mean, {found['unit']}")
    room_for_legend(axes, 1 if max(map(len, names.values())) > 16 else 2)
    reserve = {of["cvar"]["note"] for of in edge["plans"].values() if "note" in of["cvar"]}
    words = [
        f"{names[plan]}: mean {_spoken(of['mean'])}, CVaR {_spoken(of['cvar'])}, {of['standing']}"
        + (f" by {', '.join(names[other] for other in of['by'])}" if of["by"] else "")
        for plan, of in edge["plans"].items()
    ]
    return Picture(
        "efficient",
        "Mean against tail risk",
        f"Mean and CVaR {level} of {found['metric']} by plan. {'. '.join(words)}.",
        "Filled: efficient, no other plan is better in both mean and CVaR; joined by the line. Hollow: dominated. "
        f"Bars: 95 % intervals of each plan by itself on {edge['n']:,} paths; what is sure is judged by paired "
        "differences, which are much surer." + "".join(f" CVaR: {note}." for note in reserve),
        figure,
    )


def _spoken(figure: Mapping[str, Any]) -> str:
    cell = cell_of(figure)
    return f"{value(cell, 'amount')} ({interval(cell, 'amount')})"


def _join(axes: Axes, plans: Mapping[str, Any], bad: str) -> None:
    """The edge that the efficient plans span: from one to the next by less risk for less mean."""
    on = [(of["cvar"]["value"], of["mean"]["value"]) for of in plans.values() if of["standing"].startswith("efficient")]
    for (x, y), (x2, y2) in pairwise(sorted(on)):
        corner = [(x, y), (x2, y), (x2, y2)]
        axes.plot(*zip(*corner, strict=True), color=FAINT, linewidth=1.1, linestyle=(0, (3, 2)), zorder=2)


def break_even(found: Mapping[str, Any], names: Mapping[str, str]) -> Picture | None:
    """The difference of two plans over the values of an input, and where it crosses zero."""
    of = found.get("break_even")
    if not of:
        return None
    one, other = (names.get(of[side], plain(of[side], 40)) for side in ("plan", "against"))
    figure, axes = canvas(f"Where {one} and {other} change places")
    x = [point["value"] for point in of["points"]]
    low, high = ([point[end] for point in of["points"]] for end in ("low", "high"))
    axes.fill_between(x, low, high, color=COLOURS[5], alpha=0.4, linewidth=0, label="95 % interval")
    axes.plot(x, [point["difference"] for point in of["points"]], color=COLOURS[0], marker="o", markersize=4)
    axes.axhline(0, color=INK, linewidth=0.9)
    for k, root in enumerate(of["roots"]):
        axes.axvline(root["value"], color=COLOURS[1], linestyle=(0, (4, 2)), label=None if k else "change of places")
        if root["low"] is not None and root["high"] is not None:
            axes.axvspan(root["low"], root["high"], color=COLOURS[1], alpha=0.25, linewidth=0)
        axes.annotate(
            says(root["value"]), (root["value"], 0.98), xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(4, 0), va="top", fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xlim(of["low"], of["high"])
    axes.set_xlabel(plain(of["input"], 60))
    unit = f", {of['unit']}" if of["unit"] else ""
    axes.set_ylabel(textwrap.fill(f"{of['measure']} of {of['metric']}: {one} less {other}{unit}", 34))
    room_for_legend(axes)
    roots = ", ".join(number(root["value"]) for root in of["roots"]) or "nowhere"
    return Picture(
        "breakeven",
        "Break-even",
        f"{of['measure']} of {of['metric']}, {one} less {other}, over {plain(of['input'])} from {number(of['low'])} to "
        f"{number(of['high'])}; zero at {roots}.",
        f"Every point is {of['paths']:,} paths on the same random numbers; the shading is the paired 95 % interval.",
        figure,
    )
