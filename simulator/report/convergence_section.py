"""The section on convergence: tables over doubling subsets of the paths, and two charts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from simulator.report.canvas import COLOURS, DASHES, FAINT, WIDTH, Picture, add_legend_below, legend_label, new_canvas
from simulator.report.number_format import number
from simulator.report.page_tables import Cell, Table, figure_cell
from simulator.report.report_data import ReportData
from simulator.report.text_tables import measure_name, shared_digits
from simulator.risk.convergence_rows import ConvergenceRow
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


Rows = list[ConvergenceRow]
_METRIC = "npv"


def introduction(run: ReportData) -> str:
    """The introduction of the section, with the verdict on the intervals."""
    text = (
        "Figures are taken at 16,384, 32,768, ... paths: of all paths so far, and of the paths since the last doubling "
        "alone. These subsets share no path, so their estimates should scatter as their intervals say, and half "
        "intervals should fall as 1/sqrt(paths). "
    )
    paths = max((row.paths for row in _rows(run)), default=0)
    if run.summary.warnings:
        return text + "These do not, among all amounts that were tallied:"
    if paths < 8 * 16_384:
        return text + "Whether intervals shrink is judged from 131,072 paths on."
    return text + "No interval fails to shrink, among the mean, VaR and CVaR of all amounts that were tallied."


def convergence_tables(run: ReportData) -> Iterator[Table]:
    """One table a plan: powers of two of paths down, measures across."""
    for plan, title in run.plans.items():
        by_measure = {measure: rows for measure in _measures(run) if (rows := _rows(run, plan, measure))}
        if not by_measure:
            continue
        head = ["paths"]
        for measure in by_measure:
            name = measure_name(measure)
            head += [f"{name}, all so far", f"{name}, subset alone"]
        lines: list[tuple[str | Cell, ...]] = []
        whole = [figure for rows in by_measure.values() for row in rows for figure in (row.cumulative, row.subset)]
        digits = shared_digits(whole, "amount")
        for k, row in enumerate(next(iter(by_measure.values()))):
            figures = [figure for rows in by_measure.values() for figure in (rows[k].cumulative, rows[k].subset)]
            cells = [figure_cell(figure, "amount", digits=digits) for figure in figures]
            lines.append((Cell(f"{row.paths:,}", f"the last {row.subset_paths:,}", ""), *cells))
        yield Table(f"{title}: {_METRIC.upper()} over doubling subsets, with 95 % intervals", tuple(head), lines)


def draw_convergence(run: ReportData) -> Iterator[Picture]:
    """Estimates of subsets against the band of all paths so far; half-widths against paths."""
    measure = next((name for name in _measures(run) if name.startswith("cvar")), "mean")
    by_plan = {plan: rows for plan in run.plans if len(rows := _rows(run, plan, measure, whole=True)) > 1}
    if by_plan:
        yield _draw_estimates(run, measure, by_plan)
        yield _draw_half_widths(run, measure, by_plan)


def _rows(run: ReportData, plan: str | None = None, measure: str | None = None, *, whole: bool = False) -> Rows:
    """Rows of the metric by paths; of one plan and measure if given, and (`whole`) only those with both figures."""
    return [
        row
        for row in run.summary.convergence
        if row.metric == _METRIC
        and plan in (None, row.plan)
        and measure in (None, row.measure)
        and not (whole and None in (row.cumulative.low, row.subset.low))
    ]


def _measures(run: ReportData) -> list[str]:
    """Mean, VaR and CVaR at the lowest level."""
    names = list(dict.fromkeys(row.measure for row in _rows(run)))
    firsts = [next((name for name in names if name.startswith(kind)), "") for kind in ("mean", "var", "cvar")]
    return [name for name in firsts if name]


def _bounds(figures: Sequence[Figure]) -> NDArray[np.float64]:
    """Values, lower and upper bounds, (3, rows)."""
    return np.array([figure[:3] for figure in figures], dtype=np.float64).T


def _draw_estimates(run: ReportData, measure: str, by_plan: Mapping[str, Rows]) -> Picture:
    """One row of axes a plan."""
    words = f"{measure_name(measure)} of {_METRIC.upper()}"
    drawing = MplFigure(figsize=(WIDTH, 1.0 + 1.25 * len(by_plan)), layout="constrained")
    FigureCanvasAgg(drawing)
    drawing.suptitle(f"{words} in disjoint subsets", x=0.02, ha="left", fontsize=10, fontweight="bold")
    panels = np.atleast_1d(drawing.subplots(len(by_plan), 1, sharex=True))
    for k, (axes, (plan, rows)) in enumerate(zip(panels, by_plan.items(), strict=True)):
        paths = [row.paths for row in rows]
        value, low, high = _bounds([row.cumulative for row in rows])
        axes.fill_between(paths, low, high, color=COLOURS[k % len(COLOURS)], alpha=0.25, linewidth=0)
        axes.plot(paths, value, color=COLOURS[k % len(COLOURS)], label="all so far")
        value, low, high = _bounds([row.subset for row in rows])
        axes.errorbar(paths, value, (value - low, high - value), fmt="o", color=FAINT, markersize=3.5, linewidth=1.0)
        axes.set_title(textwrap.fill(run.plans[plan], 50), fontsize=9, fontweight="normal")
        axes.yaxis.get_major_locator().set_params(nbins=4)
        _set_paths_axis(axes, paths)
    panels[-1].set_xlabel("paths")
    drawing.supylabel("USD bn", fontsize=9)
    last = " ".join(f"{run.plans[plan]}: {number(rows[-1].cumulative.value)}." for plan, rows in by_plan.items())
    return Picture(
        "convergence",
        f"{words} in disjoint subsets",
        f"Estimates by doubling subset with 95 % intervals, and of all paths so far. {last}",
        "Points: each doubling of the paths alone, with 95 % intervals; no two share a path. Line and band: all paths "
        "so far, with their 95 % interval.",
        drawing,
    )


def _draw_half_widths(run: ReportData, measure: str, by_plan: Mapping[str, Rows]) -> Picture:
    words = f"{measure_name(measure)} of {_METRIC.upper()}"
    drawing, axes = new_canvas(f"Half the 95 % interval of {words}")
    top = 0.0
    for k, (plan, rows) in enumerate(by_plan.items()):
        paths = np.array([row.paths for row in rows])
        _, low, high = _bounds([row.cumulative for row in rows])
        half = (high - low) / 2.0
        colour, dash = COLOURS[k % len(COLOURS)], DASHES[k % len(DASHES)]
        axes.plot(
            paths, half, marker="o", markersize=3, color=colour, linestyle=dash, label=legend_label(run.plans[plan])
        )
        top = max(top, 1.25 * half[0] * np.sqrt(paths[0]))
    axes.plot(paths, top / np.sqrt(paths), color=FAINT, linestyle=":", label="slope of 1/sqrt(paths)")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda half, _: f"{half:g}"))
    axes.set_ylabel("USD bn")
    axes.set_xlabel("paths")
    _set_paths_axis(axes, list(paths))
    add_legend_below(axes)
    return Picture(
        "half_widths",
        f"Half the 95 % interval of {words}",
        f"Half-widths against paths on logarithmic axes; they fall from {number(half[0])} to {number(half[-1])} for "
        f"{run.plans[plan]}.",
        "Lines that run beside the dotted one shrink as they should: four times the paths, half the interval.",
        drawing,
    )


def _set_paths_axis(axes: Axes, paths: list[int]) -> None:
    """Set a base-2 axis with at most seven labelled powers."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(paths[0] / 2**0.5, paths[-1] * 2**0.5)
    powers = [2**k for k in range(14, 64) if paths[0] <= 2**k <= paths[-1]]
    axes.set_xticks(powers[:: -(-len(powers) // 7)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n / 1e3:.0f}k" if n < 999_500 else f"{n / 1e6:.3g}M"))
