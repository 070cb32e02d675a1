"""The months of a replayed path as rows: by calendar year or month, and every series as a table for other programs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.report.numbers import number, percent

Floats = NDArray[np.float64]


class Column(NamedTuple):
    """A column of a table: how a series becomes a year's figure, and how that is written."""

    series: str
    head: str
    of_year: str  # sum, last, mean or least
    share: bool = False
    digits: int | None = None


WORLD = (
    Column("generation", "gener.", "last", digits=0),
    Column("efficiency", "work/W", "last"),
    Column("value", "chips*", "last", share=True),
    Column("price", "price", "mean", digits=2),
    Column("p12", "P12", "last", digits=2),
    Column("ads", "ads", "sum", digits=1),
    Column("funding", "r + s", "mean", share=True),
)
OPERATIONS = (
    Column("in_service", "MW", "last", digits=0),
    Column("obsolete", "behind", "last", share=True),
    Column("ads_income", "ads", "sum"),
    Column("lease", "let", "sum"),
    Column("operating_cost", "running", "sum"),
    Column("cloud", "cloud", "sum"),
    Column("ebitda", "EBITDA", "sum"),
    Column("rent", "rent", "sum"),
    Column("guarantee", "guar.", "sum"),
    Column("tax", "tax", "sum"),
)
CAPITAL = (
    Column("capex", "capex", "sum"),
    Column("sale", "sales", "sum"),
    Column("partner", "partner", "sum"),
    Column("cash_flow", "flow", "sum"),
    Column("cumulative", "cumul.", "last"),
    Column("idle", "idle", "last"),
    Column("stranded", "strand.", "last"),
    Column("book", "book", "last"),
    Column("asset_value", "worth", "last"),
    Column("profit", "profit", "sum"),
)
MONEY = (
    Column("cfads", "CFADS", "sum"),
    Column("interest", "int.", "sum"),
    Column("drawn_interest", "int. r.", "sum"),
    Column("equity", "shares", "sum"),
    Column("cash", "cash", "last"),
    Column("revolver", "drawn", "last"),
    Column("notes", "notes", "last"),
    Column("headroom_dscr", "DSCR", "least"),
    Column("headroom_fccr", "FCCR", "least"),
    Column("headroom_leverage", "lever.", "least"),
    Column("headroom_cash", "floor", "least"),
)
LEGEND = (
    "behind: share of MW with chips older than the newest generation; ads: incremental revenue at its margin;",
    "flow: after tax, before financing; idle: cost of what waits for power; book: invested capital;",
    "strand.: book value of chips beyond what they are worth; worth: of chips; int. r., drawn: revolver",
)
_WIDE = 8


def table(columns: Sequence[Column], months: Mapping[str, Any], dates: Sequence[str], monthly: bool) -> list[str]:
    """Lines of a table, heads first; columns of nothing but zeros, or that the plan does not have, are left out."""
    groups = [[m] for m in range(len(dates))] if monthly else _years(dates)
    label = 7 if monthly else 4
    shown = []
    for column in columns:
        series = _floats(months[column.series]) if column.series in months else np.empty(0)
        if np.any(np.nan_to_num(series)):
            values = [_of(series[group], column.of_year) for group in groups]
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
    return [(group, _of(_floats(series)[group], "sum")) for group in _years(dates)]


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if x is None else x for x in values], dtype=np.float64)


def _of(values: Floats, how: str) -> float:
    """One figure of a period; NaN where nothing is defined."""
    known = values[np.isfinite(values)]
    if how == "last" and values.size:
        return float(known[-1] if known.size and not math.isfinite(values[-1]) else values[-1])
    if not known.size:
        return math.nan
    return float(known.sum() if how == "sum" else known.mean() if how == "mean" else known.min())


def _cell(value: float, column: Column) -> str:
    if not math.isfinite(value):
        return "-"
    if column.share:
        return percent(value, 1).replace(" %", "%")
    digits = column.digits if column.digits is not None else 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    return number(value, digits)


def monthly_csv(one: Mapping[str, Any]) -> str:
    """Every series of a replayed path by month, full digits; undefined is empty."""
    names = [("world", name, series) for name, series in one["world"]["months"].items()]
    names += [(plan, name, series) for plan, of in one["plans"].items() for name, series in of["months"].items()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["month", "date", *(f"{scope}.{name}" for scope, name, _ in names)])
    for m, date in enumerate(one["dates"]):
        writer.writerow([m, date, *("" if series[m] is None else repr(series[m]) for _, _, series in names)])
    return text.getvalue()
