"""The working arrays of one block of paths: the world, the flows of the sites, a plan's ledger, totals by lane.

Months are rows, lanes (paths) columns, so that inner loops over lanes vectorise. Series are planes of one array and are
taken by the names below: a tuple of twenty arrays would be two hundred arguments of every compiled function. Where two
quantities share a plane, each has a name of its own and the comment says which comes first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.float64]  # (lanes,)
Monthly = NDArray[np.float64]  # (months, lanes)
SiteFlows = NDArray[np.float64]  # (SITE_FLOW_PLANES, months, lanes)
Ledger = NDArray[np.float64]  # (LEDGER_PLANES, months, lanes)
Totals = NDArray[np.float64]  # (TOTAL_ROWS, lanes)
Sums = NDArray[np.float64]  # (SUM_ROWS, lanes)
Rows = NDArray[np.float64]  # (SCRATCH_ROWS, lanes) scratch of a pass over months

SCRATCH_ROWS = 7
_CACHE_LINE = 8  # float64

# World.factors, in the order of drivers.dependence.FACTORS
(SILICON_FACTOR, GRID_FACTOR, ARPU_FACTOR, PRICE_FACTOR, RATES_FACTOR, SPREAD_FACTOR, FACTOR_ROWS) = range(7)

# World.monthly
(
    VALUE_INDEX,  # V(m; u) = VALUE_INDEX[m] / VALUE_INDEX[u]
    WORK_INDEX,  # work that a vintage still does
    EFFICIENCY,  # work per MW of a vintage bought in the month
    PRICE,  # of compute, USD per W-year
    TRAILING_PRICE,  # its mean over twelve months
    AD_NOISE,  # exp(x) of ad revenue
    GENERATION,  # generations arrived so far
    WORLD_PLANES,
) = range(8)

# World.events, filled for traces only: see the series of the same names in finance/series.py
(JUMP, REGIME, PARADIGM_LOSS, GENERATION_WORTH, EVENT_PLANES) = range(5)

# World.parameters: one number a path
(ELASTICITY, MARGIN, COST_MULTIPLIER, OPERATING_COST, RESALE, PARAMETER_ROWS) = range(6)

# World.sites: months, and 1 for behind-the-meter power
(ENERGISED, BUILT, BEHIND_METER, SITE_DATE_ROWS) = range(4)

# Site flows of a physical variant, per unit of ownership. USD bn unless said. A change adds at the month of an event.
# `sites.aggregate` sums the changes of a plane; what it then holds has the name on the right, storage shared.
(
    RUNNING_COST,  # a month's, with the cancellation fee
    NET_DEPRECIATION,  # sponsor's depreciation of the month less GAIN
    NET_CAPEX,  # CAPEX less the sponsor's sales
    WORK_UNITS,  # MW-equivalents that work, per unit of the work index
    SERVICE_MW,
    WORKING_MW,
    VALUE_MW_CHANGE,  # changes of the MW that work, per unit of the value index
    LOCKED_VALUE_MW,  # MW x V of the sites that lock a contract in the month
    CANCELLATION_FEE,  # it and the next four are left zero by `sites.aggregate`
    CAPEX,  # sponsor's and partner's
    GAIN,  # on sales, less write-offs
    FIRST_VINTAGE_CHANGE,  # changes of the MW of first vintages, per unit of the value index
    STRANDED,  # book of compute above its economic value
    RENT,  # to the JV's partner, a month
    DISCOUNTED_RENT,  # RENT x (1 + rate)^-(years to the month in which its annuity ends)
    PARTNER_FUNDING,  # paid in by the partner
    GUARANTEE,  # paid to it before the horizon
    PARTNER_RESIDUAL,  # value of what exits leave it with
    ASSET_VALUE,  # economic value of compute; filled for traces only, as are the next
    IDLE,  # capital that is finished but not in service
    INVESTED_CAPITAL,
    TRACED_CAPEX,
    TRACED_STRANDED,
    SITE_FLOW_PLANES,
) = range(24)
RUNNING_COST_CHANGE = RUNNING_COST  # USD m a year before growth
DEPRECIATION_CHANGE = NET_DEPRECIATION
SALES = NET_CAPEX  # the sponsor's
WORK_UNITS_CHANGE = WORK_UNITS
SERVICE_MW_CHANGE = SERVICE_MW
WORKING_MW_CHANGE = WORKING_MW
RENT_CHANGE = RENT
DISCOUNTED_RENT_CHANGE = DISCOUNTED_RENT
IDLE_CHANGE = IDLE
# First planes of those that their readers leave zero, of a JV's, of those that only a trace fills, by adding or whole.
FIRST_SELF_CLEARING, FIRST_JV, FIRST_TRACED, FIRST_OVERWRITTEN = CANCELLATION_FEE, RENT, ASSET_VALUE, INVESTED_CAPITAL

# Ledger: a plan's months, USD bn unless said.
(
    EFFECTIVE_MW,  # W, MW-equivalents; filled where a cloud, a switching option or a trace reads it
    LEASE_INCOME,
    LOCKED_RENT,  # of the contracts locked in a month, as long as a term
    OPTION_MW,  # MW leased beyond the spare
    OPTION_VALUE_MW,  # the same per unit of the value index
    CLOUD_COST,
    EBITDA,  # with leases and cloud, before rent to a JV
    PLAN_NET_DEPRECIATION,  # filled for plans with a disposal alone, as is the next
    PLAN_NET_CAPEX,
    CASH_FLOW,  # unlevered, after tax, with what passes between partners; filled for rates of return and traces alone
    PLAN_INVESTED_CAPITAL,  # filled for traces only, as are CASH, REVOLVER, PROFIT and DRAWN_INTEREST
    COMMITMENTS,  # present value of committed rent and cloud at covenant tests
    INTEREST,  # paid on notes
    TAX_SHIELD,  # of interest on notes, discounted at each note's own rate
    NOTES,  # outstanding; filled for traces and where the plan sweeps
    CFADS,
    CASH,
    REVOLVER,  # drawn
    EQUITY_SOLD,  # filled for traces and where the plan may sell
    PROFIT,  # after tax, without cash income
    DRAWN_INTEREST,  # on the revolver
    LEDGER_PLANES,
) = range(22)
SCHEDULED_INTEREST = INTEREST  # before any sweep; the cash waterfall scales it to what is paid, storage shared
PARTNER_FLOW = CFADS  # the partner's flow before tax, until the cash waterfall fills CFADS, storage shared

# Sums over the months of a plan
(
    PRESENT_VALUE,  # of the project's flows at the WACC
    UNLEVERED_VALUE,  # of the same at the unlevered cost of capital
    PROFIT_BEFORE_TAX,
    CAPITAL_MONTHS,  # invested capital, USD bn-months
    PARTNER_TRANSFERS,  # present value of what passes from the JV's partner to the sponsor
    PARTNER_CHARGES,  # what the sponsor is charged by it
    SUM_ROWS,
) = range(7)

# Totals of a variant, USD bn unless said
(
    SUNK,  # spent before month 0
    COMPUTE_VALUE,  # terminal
    SHELL_VALUE,  # terminal, before the factor min(1, P12 / 12)
    BOOK_VALUE,  # terminal
    IDLE_CAPITAL,  # USD bn-years
    IDLE_SPONSOR,  # USD bn-years
    WRITE_OFFS,
    STRANDED_RETIRED,  # stranded value at retirement
    ENTERED_MW,  # MW that enter service within the horizon
    GUARANTEE_AT_END,  # owed at the horizon
    PARTNER_ASSETS_AT_END,  # the partner's part of the assets at the horizon
    EXITS,  # sites left
    IDLE_COST,
    STRANDED_PEAK,
    ECONOMIC_END,  # month
    ASSET_LIFE,  # mean life of compute value, years
    ASSET_MATURITY,  # mean maturity of the assets, years
    SITE_CAPITAL_MONTHS,  # invested capital, USD bn-months
    TOTAL_ROWS,
) = range(19)


class World(NamedTuple):
    """One joint realisation of the drivers in each lane."""

    factors: NDArray[np.float64]  # (FACTOR_ROWS, lanes)
    monthly: NDArray[np.float64]  # (WORLD_PLANES, months, lanes)
    events: NDArray[np.float64]  # (EVENT_PLANES, months, lanes)
    funding: Monthly  # (months + 1, lanes) r + s, row m the opening of month m
    sites: NDArray[np.float64]  # (SITE_DATE_ROWS, sites, lanes)
    parameters: NDArray[np.float64]  # (PARAMETER_ROWS, lanes)
    carry: Monthly  # (months + 1, lanes) cost of carrying 1 from month 0 to the opening of month m, at opening r + s
    contracts: NDArray[np.float64]  # (tenors, months, lanes) price of a contract locked in the month, USD per W-year


def aligned_zeros(*shape: int) -> NDArray[np.float64]:
    """Zeros that begin at a cache line: loads of a whole line that straddle two make a kernel a fifth slower."""
    size = math.prod(shape)
    room = np.zeros(size + _CACHE_LINE - 1)
    first = -(room.ctypes.data // room.itemsize) % _CACHE_LINE
    return room[first : first + size].reshape(shape)


def allocate_world(months: int, sites: int, tenors: int, lanes: int) -> World:
    """Empty arrays for a block of `lanes` paths."""
    return World(
        aligned_zeros(FACTOR_ROWS, lanes),
        aligned_zeros(WORLD_PLANES, months, lanes),
        aligned_zeros(EVENT_PLANES, months, lanes),
        aligned_zeros(months + 1, lanes),
        aligned_zeros(SITE_DATE_ROWS, sites, lanes),
        aligned_zeros(PARAMETER_ROWS, lanes),
        aligned_zeros(months + 1, lanes),
        aligned_zeros(max(tenors, 1), months, lanes),
    )
