"""The working arrays of one block of paths: what a world is, what a plan books by month, and running totals by lane.

Months are rows, lanes (paths) columns, so that inner loops over lanes vectorise. Series are planes of one array and are
taken by the names below: a tuple of twenty arrays would be two hundred arguments of every compiled function.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.float64]  # (lanes,)
Monthly = NDArray[np.float64]  # (months, lanes)
Works = NDArray[np.float64]  # (WORKS, months, lanes)
Ledger = NDArray[np.float64]  # (LEDGER, months, lanes)
Totals = NDArray[np.float64]  # (TOTALS, lanes)
Sums = NDArray[np.float64]  # (SUMS, lanes)
Rows = NDArray[np.float64]  # (ROWS, lanes) scratch of a pass over months

ROWS = 7
_LINE = 8  # float64 in a cache line

# World.monthly: the value index, V(m; u) = value[m] / value[u]; what a vintage still does; work per MW of a vintage
# bought in the month; price and its trailing mean, USD per W-year; exp(x) of ad revenue; generations arrived so far.
(VALUE, WORK, EFFICIENCY, PRICE, TRAILING, NOISE, GENERATION, MONTHLY) = range(8)

# World.events, filled for traces only: see the series of the same names in finance/series.py.
(JUMP, REGIME, PARADIGM_LOSS, GENERATION_WORTH, EVENTS) = range(5)

# World.lanes: elasticity, margin on ads, cost multiplier, operating cost (USD per W-year), resale factor.
(EPSILON, MARGIN, COST, OPERATING_COST, RESALE) = range(5)

# World.sites: energised and built, months; 1 for behind-the-meter power.
(ENERGISED, BUILT, BEHIND) = range(3)

# Works: what the sites of a physical variant do, per unit of ownership. USD bn unless said. A change adds at the month
# of an event; a running sum turns it into the level.
(
    RUNNING,  # operating cost: first its changes, USD m a year before growth, then the month's, with FEE
    WRITTEN,  # sponsor's part: first changes of depreciation, then depreciation of the month less GAIN
    SPENDING,  # first the sponsor's sales, then CAPEX less them
    DOES,  # MW-equivalents per unit of the work index: first changes, then the level
    SERVICE,  # MW in service: first its changes, then its level
    WORKING,  # MW that work: first its changes, then its level
    VALUE_MW,  # changes of the MW that work per unit of the value index
    LOCKED,  # MW x V of the sites that lock a contract in the month
    FEE,  # expensed once; it and the next four are taken by `levels`, which leaves zeros
    CAPEX,  # sponsor's and partner's
    GAIN,  # on sales, less write-offs
    FIRST_CHANGE,  # MW of first vintages per unit of the value index
    STRANDED,
    RENT,  # of a JV, a month: first its changes, then its level
    RENT_END,  # RENT x (1 + rate)^-(years at which it ends): first its changes, then its level
    PARTNER,  # what the partner pays in
    GUARANTEE,  # what it is paid under the guarantee before the horizon
    RETURNED,  # value of what is left to it at exits
    ASSET,  # economic value of compute; filled for traces only, as are the next
    IDLE,  # capital: first its changes, then its level
    BOOK_OF_SITES,  # invested capital
    CAPEX_KEPT,  # CAPEX and STRANDED as they were before they were taken
    STRANDED_KEPT,
    WORKS,
) = range(24)
TAKEN, JOINT, TRACED, OVERWRITTEN = FEE, RENT, ASSET, BOOK_OF_SITES  # where the next kind of planes begins

# Ledger: a plan's months, USD bn.
(
    EFFECTIVE,  # W, MW-equivalents; filled where a cloud, a choice or a trace reads it
    LEASE,  # income from letting
    LOCKED_RENT,  # of the contracts locked in a month, as long as a term
    CHOSEN,  # MW let beyond the spare, by choice
    CHOSEN_VALUE,  # the same per unit of the value index
    CLOUD,  # cost of what is rented
    EBITDA,  # with both, before rent to a JV
    CHARGES,  # depreciation less gains; filled for plans with a disposal alone, as is NET
    NET,  # capex less sales
    CASH_FLOW,  # unlevered, after tax, with what passes between partners; filled for rates of return and traces alone
    BOOK,  # invested capital; filled for traces only, as are CASH, REVOLVER, PROFIT and DRAWN_INTEREST
    OWED,  # present value of committed rent and cloud at covenant tests
    INTEREST,  # on notes
    SHIELD,  # tax on it, discounted at each note's own rate
    NOTES,  # outstanding; filled for traces and where the plan sweeps
    CFADS,
    CASH,
    REVOLVER,
    EQUITY,  # sold; filled for traces and where the plan may sell
    PROFIT,  # after tax, without cash income
    DRAWN_INTEREST,  # on the revolver
    LEDGER,
) = range(22)

# Sums over the months: present values of the project's flows at the WACC and unlevered, its profit before tax and
# invested capital; with a JV the present value of what passes to the sponsor and what it is charged.
PRESENT, UNLEVERED, EARNED, CAPITAL, PASSED, CHARGED, SUMS = range(7)

# Totals of a variant, USD bn unless said.
(
    SUNK,  # spent before month 0
    COMPUTE_VALUE,  # terminal
    SHELL_VALUE,  # terminal, before the factor min(1, P12 / 12)
    BOOK_VALUE,  # terminal
    IDLE_CAPITAL,  # USD bn-years
    IDLE_SPONSOR,
    WRITE_OFFS,
    STRANDED_VALUE,  # at retirement
    IN_SERVICE,  # MW that enter service within the horizon
    SUNK_PARTNER,  # its part of what was spent before month 0
    OWED_AT_END,  # guarantee at the horizon
    PARTNER_VALUE,  # its part of the assets at the horizon
    EXITS,  # sites left
    IDLE_COST,
    STRANDED_PEAK,
    END,  # month of the economic end
    LIFE,  # mean life of compute value, years
    MATURE,  # mean maturity of the assets, years
    INVESTED,  # sum of invested capital over the months
    TOTALS,
) = range(20)


class World(NamedTuple):
    """One joint realisation of the drivers in each lane."""

    factors: NDArray[np.float64]  # (6, lanes)
    monthly: NDArray[np.float64]  # (MONTHLY, months, lanes)
    events: NDArray[np.float64]  # (EVENTS, months, lanes)
    funding: Monthly  # (months + 1, lanes) r + s, row m the opening of month m
    sites: NDArray[np.float64]  # (3, sites, lanes)
    lanes: NDArray[np.float64]  # (5, lanes)
    carry: Monthly  # (months + 1, lanes) cost of carrying 1 from month 0 to the opening of month m, at opening r + s
    contracts: NDArray[np.float64]  # (tenors, months, lanes) price of a contract locked in the month, USD per W-year


def blank(*shape: int) -> NDArray[np.float64]:
    """Zeros that begin at a cache line: loads of a whole line that straddle two make a kernel a fifth slower."""
    size = math.prod(shape)
    room = np.zeros(size + _LINE - 1)
    first = -(room.ctypes.data // room.itemsize) % _LINE
    return room[first : first + size].reshape(shape)


def world(months: int, sites: int, tenors: int, lanes: int) -> World:
    """Empty arrays for a block of `lanes` paths."""
    return World(
        blank(6, lanes),
        blank(MONTHLY, months, lanes),
        blank(EVENTS, months, lanes),
        blank(months + 1, lanes),
        blank(3, sites, lanes),
        blank(5, lanes),
        blank(months + 1, lanes),
        blank(max(tenors, 1), months, lanes),
    )
