"""Changes of what is let that come before a contract's end, gathered by month until the month's income is worked out.

Few contracts end early, so a block's changes of a month fit a short list, read where a plane would be read whole. Once
a list is full the month's changes go to planes: sums are formed in the same order either way, to the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.workspace import Lanes, Monthly, blank
from simulator.numerics.jit import inline, inner

ROOM = 64  # changes a month in the list
POURED = -1  # for the number of a month whose changes are in the planes
_LANE, _RENT, _MW = range(3)


class Ends(NamedTuple):
    """Changes by month: of the rent lost, USD bn a month, and of the MW, per unit of the value index, let at spot."""

    number: NDArray[np.int64]  # (months,) changes in the list, or POURED
    listed: NDArray[np.float64]  # (months, ROOM, 3) lane, rent, MW
    lost: Monthly  # zeros but where a month is POURED, as is the next
    relet: Monthly


def no_ends(months: int, lanes: int) -> Ends:
    """Room for the changes of a block of `lanes` paths."""
    return Ends(
        np.zeros(months, dtype=np.int64), np.zeros((months, ROOM, 3)), blank(months, lanes), blank(months, lanes)
    )


@inner
def forget(e: Ends) -> None:
    """No changes at all, whatever a call that was stopped has left."""
    e.number[:] = 0
    e.lost[:] = 0.0
    e.relet[:] = 0.0


@inner
def add_change(
    count: NDArray[np.int64],
    listed: NDArray[np.float64],
    lost: Monthly,
    relet: Monthly,
    m: int,
    lane: int,
    rent: float,
    mw: float,
) -> None:
    """Change the rent lost and the MW let at spot from month m on."""
    n = count[m]
    if n == listed.shape[1]:
        _pour(listed[m], lost[m], relet[m])
        count[m] = n = POURED
    if n == POURED:
        lost[m, lane] += rent
        relet[m, lane] += mw
        return
    listed[m, n, _LANE] = lane
    listed[m, n, _RENT] = rent
    listed[m, n, _MW] = mw
    count[m] = n + 1


@inner
def _pour(listed: NDArray[np.float64], lost: Lanes, relet: Lanes) -> None:
    """Add a list of changes to rows, in its order."""
    for i in range(listed.shape[0]):
        lane = int(listed[i, _LANE])
        lost[lane] += listed[i, _RENT]
        relet[lane] += listed[i, _MW]


@inline
def month_of_ends(e: Ends, m: int, lost: Lanes, relet: Lanes) -> tuple[Lanes, Lanes]:
    """Rows of the month's changes, whose reader leaves zeros in them: the two given, which are zero, or the planes'."""
    n = e.number[m]
    e.number[m] = 0
    if n == POURED:
        return e.lost[m], e.relet[m]
    _pour(e.listed[m, :n], lost, relet)
    return lost, relet
