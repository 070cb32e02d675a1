"""Debt and its cover: asset value over time, and lease income against interest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from simulator.report.canvas import COLOURS, INK, Picture, add_legend_below, new_canvas, set_time_axis
from simulator.report.number_format import month_name, number
from simulator.report.report_data import Bands, ReportData

__all__: list[str] = []  # used in this folder only


Array = NDArray[np.float64]


def draw_debt(run: ReportData, plan: str) -> Iterator[Picture]:
    """The charts whose series the run kept; none of debt without debt, nor of leasing where nothing is let."""
    for picture in (_outstanding(run, plan), _income(run, plan)):
        if picture is not None:
            yield picture


def _outstanding(run: ReportData, plan: str) -> Picture | None:
    """Notes and revolver against the economic value of the assets."""
    notes, revolver, value = (run.series.get(f"{plan}.{name}") for name in ("notes", "revolver", "asset_value"))
    if notes is None or revolver is None or value is None or not (_moves(notes) or _moves(revolver)):
        return None
    title = f"Debt and asset value: {run.plans[plan]}"
    debt = _sum(notes, revolver)
    return _fans(
        run,
        f"debt_{plan}",
        title,
        "USD bn",
        (("value of compute", value), ("notes and revolver", debt)),
        "Economic value of the compute in place: its cost times what newer chips, wear and paradigm shifts leave of "
        "it; shells are not in it. The band of debt adds those of notes and revolver. Where debt lies above, it has "
        "outlived what it paid for.",
    )


def _income(run: ReportData, plan: str) -> Picture | None:
    """Lease income against interest."""
    lease, interest = (run.series.get(f"{plan}.{name}") for name in ("lease", "interest"))
    if lease is None or interest is None or not _moves(lease):
        return None
    title = f"Lease income and interest: {run.plans[plan]}"
    return _fans(
        run,
        f"lease_{plan}",
        title,
        "USD bn a month",
        (("lease income", lease), ("interest on notes", interest)),
        "Income from capacity let, after the cost of leasing it, beside the interest on the notes.",
    )


def _moves(rows: Bands) -> bool:
    """True if a series is not 0 on some path."""
    return any(bool(band.any()) for name, band in rows.items() if name != "month")


def _sum(a: Bands, b: Bands) -> Bands:
    """Bands added: exact for means, and for quantiles where one of the two does not vary."""
    return {name: band if name == "month" else band + b[name] for name, band in a.items()}


def _fans(
    run: ReportData, slug: str, title: str, unit: str, parts: tuple[tuple[str, Bands], tuple[str, Bands]], caption: str
) -> Picture:
    figure, axes = new_canvas(title)
    for (name, rows), colour, dash in zip(parts, (COLOURS[0], COLOURS[1]), ("-", (0, (5, 2))), strict=True):
        _fan(axes, run.first_year + (rows["month"] + 1) / 12, rows, name, colour, dash)
    axes.axhline(0, color=INK, linewidth=0.8)
    set_time_axis(axes, run.first_year, run.months)
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=min(0.0, *(float(rows["q05"].min()) for _, rows in parts)))
    add_legend_below(axes)
    words = "; ".join(f"{name} {_words(run, rows)}" for name, rows in parts)
    return Picture(slug, title, f"Two fan charts by month in {unit}: {words}.", caption, figure)


def _fan(axes: Axes, date: Array, rows: Bands, name: str, colour: str, dash: object) -> None:
    axes.fill_between(date, rows["q05"], rows["q95"], color=colour, alpha=0.22, linewidth=0, label=f"{name}, 5-95 %")
    axes.plot(date, rows["q50"], color=colour, linestyle=dash, label=f"{name}, median")  # type: ignore[arg-type]


def _words(run: ReportData, rows: Bands) -> str:
    last = len(rows["month"]) - 1
    parts = []
    for i in sorted({last // 4, last // 2, last}):
        low, middle, high = (number(float(rows[band][i])) for band in ("q05", "q50", "q95"))
        parts.append(f"in {month_name(run.start, rows['month'][i])} {middle} ({low} to {high})")
    return ", ".join(parts)
