"""An event of a path: something that happened in a month, in words and in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__: list[str] = []  # used in this folder only


class Event(NamedTuple):
    """One event. `month` counts from the programme's start; an event beyond the horizon has no month in it."""

    month: int
    kind: str
    text: str
    values: dict[str, float]


def find_spells(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the first and last month of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return ((int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


def plural(number: float, noun: str) -> str:
    """Return `1 month`, `2 months`."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def usd_bn(amount: float) -> str:
    """Return `USD 3.21 bn`."""
    return f"USD {amount:,.2f} bn"


def percent(share: float, digits: int = 0) -> str:
    """Return `45 %`."""
    return f"{100.0 * share:.{digits}f} %"
