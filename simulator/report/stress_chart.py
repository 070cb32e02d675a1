"""Stress: a risk figure of every plan in the base and in each stress set."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulator.report.canvas import FAINT, INK, Picture, legend_label, new_canvas, plan_style, set_percent_axis
from simulator.report.explanations import explain_stress
from simulator.report.number_format import plain
from simulator.report.text_tables import interval, measure_name, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


_ROOM = 0.8  # of a row that its plans take


def draw_stress(stress: Mapping[str, Any]) -> Picture:
    """Dots of stress.json: one row a set, one mark a plan, joined to its mark in the base."""
    sets, plans = [entry for entry in stress["sets"] if "left_out" not in entry], list(stress["base"])
    refused = [f" Left out: {plain(entry['title'])}." for entry in stress["sets"] if "left_out" in entry]
    subject = measure_name(stress["measure"], stress["metric"])
    drawing, axes = new_canvas(f"{subject} under stress", 1.5 + max(0.42, 0.13 * len(plans)) * max(len(sets), 1))
    for k, plan in enumerate(plans):
        colour, _, marker = plan_style(k)
        base = stress["base"][plan]["value"]
        for row, stress_set in enumerate(sets):
            y = len(sets) - 1 - row + _ROOM * (0.5 - (k + 0.5) / len(plans))
            _dumbbell(axes, y, base, stress_set["plans"].get(plan, {}), colour, marker)
    names = [textwrap.fill(plain(stress_set["title"], 40), 20) for stress_set in reversed(sets)]
    axes.set_yticks(range(len(sets)), names)
    axes.set_ylim(-0.5, max(len(sets), 1) - 0.5)
    axes.hlines(
        [row + 0.5 for row in range(len(sets) - 1)], 0, 1, transform=axes.get_yaxis_transform(), color="#e3e3e3"
    )
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if stress.get("kind") == "event":
        set_percent_axis(axes.xaxis)
    axes.set_xlabel(", ".join(word for word in (subject, stress.get("unit")) if word))
    drawing.legend(handles=_legend(plans), loc="outside lower center", ncols=3)
    kind = str(stress.get("kind", "amount"))
    shown = [*stress["base"].values(), *(under for stress_set in sets for under in stress_set["plans"].values())]
    notes = {entry["note"] for entry in shown if entry.get("note")}
    return Picture(
        "stress",
        f"{subject} under stress",
        f"{subject} by plan and stress set. "
        + " ".join(
            f"{plain(stress_set['title'])}: {_words(stress_set['plans'], stress['base'], kind)}." for stress_set in sets
        ),
        f"Open: the base; filled: under stress, with its 95 % interval. All share the same {stress['paths']:,} worlds "
        "but for what the set changes."
        + "".join([*(f" Note: {note}." for note in sorted(notes)), *refused])
        + "".join(f" {sentence}" for sentence in explain_stress(stress)),
        drawing,
    )


def _dumbbell(axes: Axes, y: float, base: float | None, under: Mapping[str, Any], colour: str, marker: str) -> None:
    now = under.get("value")
    if base is not None and now is not None:
        axes.plot([base, now], [y, y], color=colour, linewidth=1.1, alpha=0.6)
    if base is not None:
        axes.plot(base, y, marker, color=colour, markerfacecolor="white", markersize=4)
    if now is not None:
        axes.plot(now, y, marker, color=colour, markersize=4.5)
        if under.get("low") is not None and under.get("high") is not None:
            axes.plot([under["low"], under["high"]], [y, y], color=INK, linewidth=0.9)


def _legend(plans: list[str]) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=plan_style(k).colour,
            marker=plan_style(k).marker,
            linestyle="",
            label=legend_label(plain(plan)),
        )
        for k, plan in enumerate(plans)
    ]
    return [*handles, Line2D([], [], color=FAINT, marker="o", markerfacecolor="white", linestyle="", label="base")]


def _words(plans: Mapping[str, Any], base: Mapping[str, Any], kind: str) -> str:
    return ", ".join(
        f"{plain(plan)} from {_figure_words(base[plan], kind)} to {_figure_words(under, kind)}"
        for plan, under in plans.items()
    )


def _figure_words(entry: Mapping[str, Any], kind: str) -> str:
    figure = Figure.from_dict(entry)
    return f"{value(figure, kind)} ({interval(figure, kind) or figure.note})"
