"""The calendar of a horizon: which quarter and fiscal year each month belongs to. Fiscal years are calendar years."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fiscal_years"]


def _first_month(start: str) -> tuple[int, int]:
    """Year and month (0 = January) of `start`, written "2026-07"."""
    year, month = start.split("-")
    return int(year), int(month) - 1


def quarters(start: str, months: int) -> list[int]:
    """Quarter of each month, 0 .. 3."""
    _, month = _first_month(start)
    return [(m + month) // 3 % 4 for m in range(months)]


def years(start: str, months: int) -> list[int]:
    """Fiscal year of each month."""
    year, month = _first_month(start)
    return [year + (m + month) // 12 for m in range(months)]


def fiscal_years(start: str, months: int) -> tuple[int, ...]:
    """Fiscal years that the horizon touches."""
    return tuple(sorted(set(years(start, months))))


def quarter_ends(start: str, months: int) -> list[int]:
    """Months that end a quarter."""
    _, month = _first_month(start)
    return [m for m in range(months) if (m + month) % 3 == 2]


def januaries(start: str, months: int) -> list[int]:
    """1 for each month that is a January, else 0."""
    _, month = _first_month(start)
    return [int((m + month) % 12 == 0) for m in range(months)]


def years_at_month_ends(months: int) -> NDArray[np.float64]:
    """Years from the start to the end of each month, (T,)."""
    return np.arange(1.0, months + 1.0) / 12.0
