"""How the figures converged: tables over doubling subsets of the paths, and two charts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from simulator.report.canvas import COLOURS, DASHES, FAINT, WIDTH, Picture, canvas, room_for_legend
from simulator.report.detail import Table, Words, show
from simulator.report.headline import figure
from simulator.report.numbers import number
from simulator.report.run import Run
from simulator.report.tables import measured

Rows = list[Mapping[str, Any]]
METRIC = "npv"


def intro(run: Run) -> str:
    """What the section shows, and whether all intervals shrink."""
    told = (
        "Figures are taken at 16,384, 32,768, ... paths: of all paths so far, and of the paths since the last doubling "
        "alone. These subsets share no path, so their estimates should scatter as their intervals say, and half "
        "intervals should fall as 1/sqrt(paths). "
    )
    paths = max((row["paths"] for row in _rows(run)), default=0)
    if run.summary.get("warnings"):
        return told + "These do not, among all amounts that were tallied:"
    if paths < 8 * 16_384:
        return told + "Whether intervals shrink is judged from 131,072 paths on."
    return told + "No interval fails to shrink, among the mean, VaR and CVaR of all amounts that were tallied."


def tables(run: Run) -> Iterator[Table]:
    """One a plan: doublings down, measures across."""
    for plan, title in run.plans.items():
        found = {measure: rows for measure in _measures(run) if (rows := _rows(run, plan, measure))}
        if not found:
            continue
        head = ["paths"]
        for measure in found:
            words = _words(measure)
            head += [f"{words}, all so far", f"{words}, subset alone"]
        lines: list[tuple[str | Words, ...]] = []
        for k, row in enumerate(next(iter(found.values()))):
            cells = [
                show(figure(rows[k][part]), "amount") for rows in found.values() for part in ("cumulative", "subset")
            ]
            lines.append((Words(f"{row['paths']:,}", f"the last {row['subset_paths']:,}", ""), *cells))
        yield Table(f"{title}: {METRIC.upper()} over doubling subsets, with 95 % intervals", tuple(head), lines)


def pictures(run: Run) -> Iterator[Picture]:
    """Estimates of subsets against the band of all paths so far; half-widths against paths."""
    measure = next((name for name in _measures(run) if name.startswith("cvar")), "mean")
    drawn = {plan: rows for plan in run.plans if len(rows := _rows(run, plan, measure, whole=True)) > 1}
    if drawn:
        yield _estimates(run, measure, drawn)
        yield _halves(run, measure, drawn)


def _rows(run: Run, plan: str | None = None, measure: str | None = None, *, whole: bool = False) -> Rows:
    """Rows of the metric by paths; of one plan and measure if given, and (`whole`) only those with both figures."""
    return [
        row
        for row in run.summary.get("convergence", ())
        if row["metric"] == METRIC
        and plan in (None, row["plan"])
        and measure in (None, row["measure"])
        and not (whole and None in (row["cumulative"]["low"], row["subset"]["low"]))
    ]


def _measures(run: Run) -> list[str]:
    """Mean, VaR and CVaR at the lowest level."""
    names = list(dict.fromkeys(row["measure"] for row in _rows(run)))
    found = [next((name for name in names if name.startswith(kind)), "") for kind in ("mean", "var", "cvar")]
    return [name for name in found if name]


def _words(measure: str) -> str:
    return measured({"measure": measure, "metric": ""}).removesuffix(" of").strip()


def _estimates(run: Run, measure: str, drawn: Mapping[str, Rows]) -> Picture:
    """One row of axes a plan."""
    words = f"{_words(measure)} of {METRIC.upper()}"
    drawing = Figure(figsize=(WIDTH, 1.0 + 1.25 * len(drawn)), layout="constrained")
    FigureCanvasAgg(drawing)
    drawing.suptitle(f"{words} in disjoint subsets", x=0.02, ha="left", fontsize=10, fontweight="bold")
    panels = np.atleast_1d(drawing.subplots(len(drawn), 1, sharex=True))
    for k, (axes, (plan, rows)) in enumerate(zip(panels, drawn.items(), strict=True)):
        paths = [row["paths"] for row in rows]
        of = {
            part: np.array([[row[part][end] for end in ("value", "low", "high")] for row in rows]).T for part in _PARTS
        }
        value, low, high = of["cumulative"]
        axes.fill_between(paths, low, high, color=COLOURS[k % len(COLOURS)], alpha=0.25, linewidth=0)
        axes.plot(paths, value, color=COLOURS[k % len(COLOURS)], label="all so far")
        value, low, high = of["subset"]
        axes.errorbar(paths, value, (value - low, high - value), fmt="o", color=FAINT, markersize=3.5, linewidth=1.0)
        axes.set_title(textwrap.fill(run.plans[plan], 50), fontsize=9, fontweight="normal")
        axes.yaxis.get_major_locator().set_params(nbins=4)
        _doublings(axes, paths)
    panels[-1].set_xlabel("paths")
    drawing.supylabel("USD bn", fontsize=9)
    last = " ".join(f"{run.plans[plan]}: {number(rows[-1]['cumulative']['value'])}." for plan, rows in drawn.items())
    return Picture(
        "convergence",
        f"{words} in disjoint subsets",
        f"Estimates by doubling subset with 95 % intervals, and of all paths so far. {last}",
        "Points: each doubling of the paths alone, with 95 % intervals; no two share a path. Line and band: all paths "
        "so far, with their 95 % interval.",
        drawing,
    )


def _halves(run: Run, measure: str, drawn: Mapping[str, Rows]) -> Picture:
    words = f"{_words(measure)} of {METRIC.upper()}"
    drawing, axes = canvas(f"Half the 95 % interval of {words}")
    top = 0.0
    for k, (plan, rows) in enumerate(drawn.items()):
        paths = np.array([row["paths"] for row in rows])
        half = np.array([(row["cumulative"]["high"] - row["cumulative"]["low"]) / 2.0 for row in rows])
        colour, dash = COLOURS[k % len(COLOURS)], DASHES[k % len(DASHES)]
        axes.plot(paths, half, marker="o", markersize=3, color=colour, linestyle=dash, label=run.plans[plan])
        top = max(top, 1.25 * half[0] * np.sqrt(paths[0]))
    axes.plot(paths, top / np.sqrt(paths), color=FAINT, linestyle=":", label="slope of 1/sqrt(paths)")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda half, _: f"{half:g}"))
    axes.set_ylabel("USD bn")
    axes.set_xlabel("paths")
    _doublings(axes, list(paths))
    room_for_legend(axes)
    return Picture(
        "half_widths",
        f"Half the 95 % interval of {words}",
        f"Half-widths against paths on logarithmic axes; they fall from {number(half[0])} to {number(half[-1])} for "
        f"{run.plans[plan]}.",
        "Lines that run beside the dotted one shrink as they should: four times the paths, half the interval.",
        drawing,
    )


_PARTS = ("cumulative", "subset")


def _doublings(axes: Axes, paths: list[int]) -> None:
    """A base-2 axis with at most seven labelled powers."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(paths[0] / 2**0.5, paths[-1] * 2**0.5)
    powers = [2**k for k in range(14, 64) if paths[0] <= 2**k <= paths[-1]]
    axes.set_xticks(powers[:: -(-len(powers) // 7)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n / 1e3:.0f}k" if n < 999_500 else f"{n / 1e6:.3g}M"))
