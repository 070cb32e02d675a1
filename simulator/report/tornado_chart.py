"""The tornado: how far a measure moves when one input swings from its low to its high value."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.patches import Patch

from simulator.report.canvas import COLOURS, INK, Picture, new_canvas, set_percent_axis
from simulator.report.explanations import explain_tornado
from simulator.report.number_format import plain
from simulator.report.text_tables import interval, measure_name, stress_suffix, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


_MOST = 16  # bars shown, and the widest of each driver that is not among them
_SIDES = (("low", COLOURS[5], ""), ("high", COLOURS[1], "////"))


def draw_tornado(tornado: Mapping[str, Any]) -> Picture:
    """Bars of tornado.json, widest first; whiskers are paired 95 % intervals."""
    bars = _shown_bars(tornado["bars"])
    subject = measure_name(str(tornado.get("measure", "")), str(tornado.get("metric", "")))
    subject += stress_suffix(tornado.get("stress"), " ")
    drawing, axes = new_canvas(f"What moves {subject}", 1.6 + 0.36 * max(len(bars), 1))
    for row, bar in enumerate(bars):
        y = len(bars) - 1 - row
        for side, colour, hatch in _SIDES:
            delta, bounds = bar.get(f"delta_{side}"), bar.get(f"interval_{side}")
            if delta is None:
                continue
            axes.barh(y, delta, height=0.68, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
            if bounds is not None:
                away = [[max(delta - bounds[0], 0.0)], [max(bounds[1] - delta, 0.0)]]
                axes.errorbar(delta, y, xerr=away, color=INK, elinewidth=0.9, capsize=2.5, capthick=0.9)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set_yticks(range(len(bars)), [_label(bar) for bar in reversed(bars)], fontsize=7.5)
    axes.set_ylim(-0.6, max(len(bars), 1) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    kind = str(tornado.get("kind", "amount"))
    base = _base(tornado, kind)
    if kind in ("event", "rate"):
        set_percent_axis(axes.xaxis)
    axes.set_xlabel(
        textwrap.fill(", ".join(word for word in ("change", tornado.get("unit"), f"base {base}") if word), 60)
    )
    handles = [Patch(facecolor=c, hatch=h, edgecolor="white", label=f"input at its {s} value") for s, c, h in _SIDES]
    drawing.legend(handles=handles, loc="outside lower center", ncols=2)
    if not bars:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no bar to show", transform=axes.transAxes, ha="center", va="center", color=INK)
    widest = [f"{plain(bar['input'])}: {_span(bar, kind)}" for bar in bars[:5]]
    notes = list(dict.fromkeys(bar["note"] for bar in tornado["bars"] if bar.get("note")))
    notes += [f"{plain(bar['input'])} is left out, {bar['left_out']}" for bar in tornado["bars"] if bar.get("left_out")]
    return Picture(
        "tornado",
        f"What moves {subject}",
        f"Tornado chart of {subject}, base {base}. Widest: {'; '.join(widest) or 'none'}.",
        f"Plan {plain(tornado.get('plan', ''))}. One input at a time swings between the values under its name, "
        f"the others stay; all runs share {tornado.get('paths') or 0:,} worlds. Whiskers: 95 % intervals of the paired "
        "changes."
        + "".join(f" Note: {note}." for note in notes)
        + "".join(f" {sentence}" for sentence in explain_tornado(tornado)),
        drawing,
    )


def _shown_bars(bars: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
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


def _base(tornado: Mapping[str, Any], kind: str) -> str:
    """`139.0 (138.6 to 139.5)`, or why there is none."""
    figure = Figure.from_dict(tornado.get("base") or {"note": "not given"})
    return f"{value(figure, kind)} ({interval(figure, kind) or figure.note})".replace("-", "\N{MINUS SIGN}")


def _span(bar: Mapping[str, Any], kind: str) -> str:
    """The change at either end, each with its interval."""
    texts = []
    for end in ("low", "high"):
        low, high = bar.get(f"interval_{end}") or (None, None)
        figure = Figure(bar.get(f"delta_{end}"), low, high, bar.get("note"))
        texts.append(f"{value(figure, kind)} ({interval(figure, kind) or figure.note or 'no interval'})")
    return f"{texts[0]} at its low, {texts[1]} at its high value"
