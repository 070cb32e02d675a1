"""The working arrays of one block of paths: what a world is, what a plan books by month, and running totals by lane.

Months are rows, lanes (paths) columns, so that inner loops over lanes vectorise. Series are planes of one array and are
taken by the names below: a tuple of twenty arrays would be two hundred arguments of every compiled function.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.float64]  # (lanes,)
Monthly = NDArray[np.float64]  # (months, lanes)
Ledger = NDArray[np.float64]  # (LEDGER, months, lanes)
Totals = NDArray[np.float64]  # (TOTALS, lanes)
Rows = NDArray[np.float64]  # (ROWS, lanes) scratch of a pass over months

ROWS = 7

# World.monthly: the value index, V(m; u) = value[m] / value[u]; what a vintage still does; work per MW of a vintage
# bought in the month; price and its trailing mean, USD per W-year; exp(x) of ad revenue.
(VALUE, WORK, EFFICIENCY, PRICE, TRAILING, NOISE) = range(6)

# World.lanes: elasticity, margin on ads, cost multiplier, operating cost (USD per W-year), resale factor.
(EPSILON, MARGIN, COST, OPERATING_COST, RESALE) = range(5)

# World.sites: energised and built, months; 1 for behind-the-meter power.
(ENERGISED, BUILT, BEHIND) = range(3)

# Ledger, USD bn unless said. A change adds at the month of an event; a running sum turns it into the level.
(
    COST_CHANGE,  # operating cost before growth, a year, USD m
    FEE,  # expensed once
    DEPRECIATION,  # changes of its level
    CAPEX,
    SALE,
    GAIN,  # on sales, less write-offs
    WORK_CHANGE,  # MW-equivalents per unit of the work index
    IDLE,  # first its changes, then its level
    FIRST_CHANGE,  # MW of first vintages per unit of the value index
    SERVICE,  # MW in service: first its changes, then its level
    STRANDED,
    ASSET,  # economic value of compute; filled for traces only
    EFFECTIVE,  # W, MW-equivalents
    EBITDA,
    TAXABLE,  # before interest
    CASH_FLOW,  # unlevered, after tax
    BOOK,  # invested capital
    INTEREST,  # on notes
    CFADS,
    CASH,
    REVOLVER,
    LEDGER,
) = range(22)
BOOKED = ASSET  # planes up to here are cleared and filled by the sites

# Totals, USD bn unless said.
(
    SUNK,  # spent before month 0
    COMPUTE_VALUE,  # terminal
    SHELL_VALUE,  # terminal, before the factor min(1, P12 / 12)
    BOOK_VALUE,  # terminal
    IDLE_CAPITAL,  # USD bn-years
    WRITE_OFFS,
    STRANDED_VALUE,  # at retirement
    IN_SERVICE,  # MW that enter service within the horizon
    TOTALS,
) = range(9)


class World(NamedTuple):
    """One joint realisation of the drivers in each lane."""

    factors: NDArray[np.float64]  # (6, lanes)
    monthly: NDArray[np.float64]  # (6, months, lanes)
    funding: Monthly  # (months + 1, lanes) r + s, row m the opening of month m
    sites: NDArray[np.float64]  # (3, sites, lanes)
    lanes: NDArray[np.float64]  # (5, lanes)


def world(months: int, sites: int, lanes: int) -> World:
    """Empty arrays for a block of `lanes` paths."""
    return World(
        np.zeros((6, lanes)),
        np.zeros((6, months, lanes)),
        np.zeros((months + 1, lanes)),
        np.zeros((3, sites, lanes)),
        np.zeros((5, lanes)),
    )
