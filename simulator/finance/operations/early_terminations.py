"""Changes of leased capacity that come before a contract's end, gathered by month until the month's income is computed.

Few contracts end early, so a block's changes of a month fit a short list, read where a plane would be read whole. Once
a list is full the month's changes go to planes: sums are formed in the same order either way, to the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.workspace import Lanes, Monthly, aligned_zeros
from simulator.numerics.jit import inline, inner

__all__: list[str] = []  # used in this folder only

LIST_LENGTH = 64  # changes a month in the list
_OVERFLOWED = -1  # for the number of a month whose changes are in the planes
_LANE, _RENT, _MW = range(3)


class EarlyTerminations(NamedTuple):
    """Changes by month: of the rent lost, USD bn a month, and of the MW leased at spot, per unit of the value index."""

    number: NDArray[np.int64]  # (months,) changes in the list, or _OVERFLOWED
    listed: NDArray[np.float64]  # (months, LIST_LENGTH, 3) lane, rent, MW
    lost_rent: Monthly  # zeros but where a month has overflowed, as is the next
    spot_mw: Monthly


def allocate_early_terminations(months: int, lanes: int) -> EarlyTerminations:
    """Room for the changes of a block of `lanes` paths."""
    lists = np.zeros((months, LIST_LENGTH, 3))
    planes = aligned_zeros(months, lanes), aligned_zeros(months, lanes)
    return EarlyTerminations(np.zeros(months, dtype=np.int64), lists, *planes)


@inner
def clear_early_terminations(e: EarlyTerminations) -> None:
    """Drop all changes, whatever a call that was stopped has left."""
    e.number[:] = 0
    e.lost_rent[:] = 0.0
    e.spot_mw[:] = 0.0


@inner
def add_termination(e: EarlyTerminations, m: int, lane: int, rent: float, mw: float) -> None:
    """Change the rent lost and the MW leased at spot from month m on."""
    n = e.number[m]
    if n == e.listed.shape[1]:
        _apply_changes(e.listed[m], e.lost_rent[m], e.spot_mw[m])
        e.number[m] = n = _OVERFLOWED
    if n == _OVERFLOWED:
        e.lost_rent[m, lane] += rent
        e.spot_mw[m, lane] += mw
        return
    e.listed[m, n, _LANE] = lane
    e.listed[m, n, _RENT] = rent
    e.listed[m, n, _MW] = mw
    e.number[m] = n + 1


@inner
def _apply_changes(listed: NDArray[np.float64], lost_rent: Lanes, spot_mw: Lanes) -> None:
    """Add a list of changes to rows, in its order."""
    for i in range(listed.shape[0]):
        lane = int(listed[i, _LANE])
        lost_rent[lane] += listed[i, _RENT]
        spot_mw[lane] += listed[i, _MW]


@inline
def take_month_changes(e: EarlyTerminations, m: int, lost_rent: Lanes, spot_mw: Lanes) -> tuple[Lanes, Lanes]:
    """Return rows of the month's changes: the two that are passed, which are zero, or the planes'.

    Their reader leaves zeros in them.
    """
    n = e.number[m]
    e.number[m] = 0
    if n == _OVERFLOWED:
        return e.lost_rent[m], e.spot_mw[m]
    _apply_changes(e.listed[m, :n], lost_rent, spot_mw)
    return lost_rent, spot_mw
