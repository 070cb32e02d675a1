"""The months of a replayed path as rows: by calendar year or month, and every series as a table for other programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.report.number_format import number, percent

__all__ = ["monthly_csv"]


Floats = NDArray[np.float64]


class _TableColumn(NamedTuple):
    """A column of a table: the series, the rule that makes a figure of a year, and its format."""

    series: str
    head: str
    of_year: str  # sum, last, mean or least
    share: bool = False
    digits: int | None = None


WORLD = (
    _TableColumn("generation", "gener.", "last", digits=0),
    _TableColumn("efficiency", "work/W", "last"),
    _TableColumn("value", "chips*", "last", share=True),
    _TableColumn("price", "price", "mean", digits=2),
    _TableColumn("p12", "P12", "last", digits=2),
    _TableColumn("ads", "ads", "sum", digits=1),
    _TableColumn("funding", "r + s", "mean", share=True),
)
OPERATIONS = (
    _TableColumn("in_service", "MW", "last", digits=0),
    _TableColumn("obsolete", "behind", "last", share=True),
    _TableColumn("ads_income", "ads", "sum"),
    _TableColumn("lease", "let", "sum"),
    _TableColumn("operating_cost", "running", "sum"),
    _TableColumn("cloud", "cloud", "sum"),
    _TableColumn("ebitda", "EBITDA", "sum"),
    _TableColumn("rent", "rent", "sum"),
    _TableColumn("guarantee", "guar.", "sum"),
    _TableColumn("tax", "tax", "sum"),
)
CAPITAL = (
    _TableColumn("capex", "capex", "sum"),
    _TableColumn("sale", "sales", "sum"),
    _TableColumn("partner", "partner", "sum"),
    _TableColumn("cash_flow", "flow", "sum"),
    _TableColumn("cumulative", "cumul.", "last"),
    _TableColumn("idle", "idle", "last"),
    _TableColumn("stranded", "strand.", "last"),
    _TableColumn("book", "book", "last"),
    _TableColumn("asset_value", "worth", "last"),
    _TableColumn("profit", "profit", "sum"),
)
MONEY = (
    _TableColumn("cfads", "CFADS", "sum"),
    _TableColumn("interest", "int.", "sum"),
    _TableColumn("drawn_interest", "int. r.", "sum"),
    _TableColumn("equity", "shares", "sum"),
    _TableColumn("cash", "cash", "last"),
    _TableColumn("revolver", "drawn", "last"),
    _TableColumn("notes", "notes", "last"),
    _TableColumn("headroom_dscr", "DSCR", "least"),
    _TableColumn("headroom_fccr", "FCCR", "least"),
    _TableColumn("headroom_leverage", "lever.", "least"),
    _TableColumn("headroom_cash", "floor", "least"),
)
LEGEND = (
    "behind: share of MW with chips older than the newest generation; ads: incremental revenue at its margin;",
    "flow: after tax, before financing; idle: cost of what waits for power; book: invested capital;",
    "strand.: book value of chips beyond what they are worth; worth: of chips; int. r., drawn: revolver",
)
_WIDE = 8


def replay_table(
    columns: Sequence[_TableColumn], months: Mapping[str, Any], dates: Sequence[str], monthly: bool
) -> list[str]:
    """Lines of a table, heads first; columns of nothing but zeros, or that the plan does not have, are left out."""
    groups = [[m] for m in range(len(dates))] if monthly else _years(dates)
    label = 7 if monthly else 4
    shown = []
    for column in columns:
        series = _floats(months[column.series]) if column.series in months else np.empty(0)
        if np.any(np.nan_to_num(series)):
            values = [_period_figure(series[group], column.of_year) for group in groups]
            shown.append((column, values))
    lines = [" " * label + "".join(f"{column.head:>{_WIDE}}" for column, _ in shown)]
    for i, group in enumerate(groups):
        cells = "".join(f"{_cell(values[i], column):>{_WIDE}}" for column, values in shown)
        lines.append(f"{dates[group[0]] if monthly else dates[group[0]][:4]:<{label}}{cells}")
    return lines


def _years(dates: Sequence[str]) -> list[list[int]]:
    years: dict[str, list[int]] = {}
    for m, date in enumerate(dates):
        years.setdefault(date[:4], []).append(m)
    return list(years.values())


def by_year(series: Sequence[float | None], dates: Sequence[str]) -> list[tuple[list[int], float]]:
    """The months of every calendar year and the sum of a series in them."""
    return [(group, _period_figure(_floats(series)[group], "sum")) for group in _years(dates)]


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if x is None else x for x in values], dtype=np.float64)


def _period_figure(values: Floats, how: str) -> float:
    """One figure of a period; NaN where nothing is defined."""
    defined = values[np.isfinite(values)]
    if how == "last" and values.size:
        return float(defined[-1] if defined.size and not math.isfinite(values[-1]) else values[-1])
    if not defined.size:
        return math.nan
    return float(defined.sum() if how == "sum" else defined.mean() if how == "mean" else defined.min())


def _cell(value: float, column: _TableColumn) -> str:
    if not math.isfinite(value):
        return "-"
    if column.share:
        return percent(value, 1).replace(" %", "%")
    digits = column.digits if column.digits is not None else 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    return number(value, digits)


def monthly_csv(path: Mapping[str, Any]) -> str:
    """Every series of a replayed path by month, full digits; undefined is empty."""
    names = [("world", name, series) for name, series in path["world"]["months"].items()]
    names += [(plan, name, series) for plan, entry in path["plans"].items() for name, series in entry["months"].items()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["month", "date", *(f"{scope}.{name}" for scope, name, _ in names)])
    for m, date in enumerate(path["dates"]):
        writer.writerow([m, date, *("" if series[m] is None else repr(series[m]) for _, _, series in names)])
    return text.getvalue()
