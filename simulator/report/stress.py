"""Stress: a risk figure of every plan in the base and in each stress set."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulator.report.canvas import FAINT, INK, Picture, canvas, look, percent_axis
from simulator.report.headline import figure as cell_of
from simulator.report.numbers import plain
from simulator.report.tables import interval, measured, value

_ROOM = 0.8  # of a row that its plans take


def draw(stress: Mapping[str, Any]) -> Picture:
    """Dots of stress.json: one row a set, one mark a plan, tied to where the plan stands in the base."""
    sets, plans = stress["sets"], list(stress["base"])
    what = measured(stress)
    figure, axes = canvas(f"{what} under stress", 1.5 + max(0.42, 0.13 * len(plans)) * max(len(sets), 1))
    for k, plan in enumerate(plans):
        colour, _, mark = look(k)
        base = stress["base"][plan]["value"]
        for row, one in enumerate(sets):
            y = len(sets) - 1 - row + _ROOM * (0.5 - (k + 0.5) / len(plans))
            _dumbbell(axes, y, base, one["plans"].get(plan, {}), colour, mark)
    names = [textwrap.fill(plain(one["title"], 40), 20) for one in reversed(sets)]
    axes.set_yticks(range(len(sets)), names)
    axes.set_ylim(-0.5, max(len(sets), 1) - 0.5)
    axes.hlines(
        [row + 0.5 for row in range(len(sets) - 1)], 0, 1, transform=axes.get_yaxis_transform(), color="#e3e3e3"
    )
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if stress.get("kind") == "event":
        percent_axis(axes.xaxis)
    axes.set_xlabel(", ".join(word for word in (what, stress.get("unit")) if word))
    figure.legend(handles=_legend(plans), loc="outside lower center", ncols=3)
    kind = str(stress.get("kind", "amount"))
    shown = [*stress["base"].values(), *(under for one in sets for under in one["plans"].values())]
    notes = {of["note"] for of in shown if of.get("note")}
    return Picture(
        "stress",
        f"{what} under stress",
        f"{what} by plan and stress set. "
        + " ".join(f"{plain(one['title'])}: {_words(one['plans'], stress['base'], kind)}." for one in sets),
        f"Open: the base; filled: under stress, with its 95 % interval. All share the same {stress['paths']:,} worlds "
        "but for what the set changes." + "".join(f" Note: {note}." for note in sorted(notes)),
        figure,
    )


def _dumbbell(axes: Axes, y: float, base: float | None, under: Mapping[str, Any], colour: str, mark: str) -> None:
    now = under.get("value")
    if base is not None and now is not None:
        axes.plot([base, now], [y, y], color=colour, linewidth=1.1, alpha=0.6)
    if base is not None:
        axes.plot(base, y, mark, color=colour, markerfacecolor="white", markersize=4)
    if now is not None:
        axes.plot(now, y, mark, color=colour, markersize=4.5)
        if under.get("low") is not None and under.get("high") is not None:
            axes.plot([under["low"], under["high"]], [y, y], color=INK, linewidth=0.9)


def _legend(plans: list[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=look(k).colour, marker=look(k).mark, linestyle="", label=plain(plan))
        for k, plan in enumerate(plans)
    ]
    return [*handles, Line2D([], [], color=FAINT, marker="o", markerfacecolor="white", linestyle="", label="base")]


def _words(plans: Mapping[str, Any], base: Mapping[str, Any], kind: str) -> str:
    return ", ".join(
        f"{plain(plan)} from {_spoken(base[plan], kind)} to {_spoken(under, kind)}" for plan, under in plans.items()
    )


def _spoken(of: Mapping[str, Any], kind: str) -> str:
    cell = cell_of(of)
    return f"{value(cell, kind)} ({interval(cell, kind) or cell.note})"
