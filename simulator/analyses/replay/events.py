"""What an event is: something that happened in a month, in words and in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Event(NamedTuple):
    """`month` counts from the programme's start; one that lies beyond the horizon never comes within it."""

    month: int
    kind: str
    text: str
    values: dict[str, float]


def spells(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last month of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return ((int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


def many(number: float, noun: str) -> str:
    """`1 month`, `2 months`."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def money(amount: float) -> str:
    """`USD 3.21 bn`."""
    return f"USD {amount:,.2f} bn"


def percent(share: float, digits: int = 0) -> str:
    """`45 %`."""
    return f"{100.0 * share:.{digits}f} %"
