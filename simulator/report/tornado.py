"""The tornado: how far a measure moves when one input swings from its low to its high value."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.patches import Patch

from simulator.report.canvas import COLOURS, INK, Picture, canvas, says
from simulator.report.numbers import number, plain
from simulator.report.tables import measured, stressed

_MOST = 16  # bars shown, and the widest of each driver that is not among them
_SIDES = (("low", COLOURS[5], ""), ("high", COLOURS[1], "////"))


def draw(tornado: Mapping[str, Any]) -> Picture:
    """Bars of tornado.json, widest first; whiskers are two standard errors of a difference."""
    bars = _shown(tornado["bars"])
    what = measured(tornado) + stressed(tornado, " ")
    figure, axes = canvas(f"What moves {what}", 1.6 + 0.36 * max(len(bars), 1))
    for row, bar in enumerate(bars):
        y = len(bars) - 1 - row
        for side, colour, hatch in _SIDES:
            delta, stderr = bar.get(f"delta_{side}"), bar.get(f"stderr_{side}") or 0.0
            if delta is None:
                continue
            axes.barh(y, delta, height=0.68, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
            axes.errorbar(delta, y, xerr=2 * stderr, color=INK, elinewidth=0.9, capsize=2.5, capthick=0.9)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set_yticks(range(len(bars)), [_label(bar) for bar in reversed(bars)], fontsize=7.5)
    axes.set_ylim(-0.6, max(len(bars), 1) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    unit, base = tornado.get("unit") or "", tornado.get("base")
    axes.set_xlabel(f"change, {unit} (base {says(base)})" if base is not None else f"change, {unit}")
    handles = [Patch(facecolor=c, hatch=h, edgecolor="white", label=f"input at its {s} value") for s, c, h in _SIDES]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    widest = [f"{plain(bar['input'])}: {_span(bar)}" for bar in bars[:5]]
    return Picture(
        "tornado",
        f"What moves {what}",
        f"Tornado chart of {what}, base {number(base)} {unit}. Widest: {'; '.join(widest)}.",
        f"Plan {plain(tornado.get('plan', ''))}. One input at a time swings between the values under its name, "
        f"the others stay; all runs share {tornado.get('paths') or 0:,} worlds. Whiskers: two standard errors.",
        figure,
    )


def _shown(bars: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The widest bars that are not nothing, and at least one of every driver that has such a bar; widest first."""
    moving = [bar for bar in bars if bar.get("delta_low") or bar.get("delta_high")]
    groups = [str(bar["input"]).split(".")[:2] for bar in moving]
    return [
        bar
        for k, (bar, group) in enumerate(zip(moving, groups, strict=True))
        if k < _MOST or (group[0] == "drivers" and group not in groups[:k])
    ]


def _label(bar: Mapping[str, Any]) -> str:
    name = plain(bar["input"], 44).removeprefix("drivers.")
    return f"{textwrap.fill(name, 26)}\n{_end(bar.get('low'))} to {_end(bar.get('high'))}"


def _end(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else plain(value, 14)


def _span(bar: Mapping[str, Any]) -> str:
    return f"{number(bar.get('delta_low'))} to {number(bar.get('delta_high'))}"
