"""One plan valued in one block of worlds: sites, operations, debt, covenants, in this order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inline, inner
from simulator.drivers.arpu import Arpu
from simulator.drivers.grid import Grid
from simulator.finance import ledger as at
from simulator.finance import metrics as row
from simulator.finance.cashflow import age, idle, need, operate, settle, terminal
from simulator.finance.covenants import Cover, loan_life_cover, test_covenants
from simulator.finance.debt import (
    Schedule,
    fund,
    liquidity,
    note_interest,
    plan_schedule,
    refinancing_gap,
    schedule,
)
from simulator.finance.ledger import Lanes, Ledger, Rows, Totals, World
from simulator.finance.plan import Plans, Terms, terms_of
from simulator.finance.programme import Finance, Programme
from simulator.finance.returns import IRR_ROWS, internal_rate
from simulator.finance.sites import SITE_ROWS, build_sites
from simulator.finance.trace import trace_plan

SCRATCH = max(SITE_ROWS, IRR_ROWS)  # rows of lane-wide scratch


class Books(NamedTuple):
    """Everything a plan's valuation writes into, reused from block to block."""

    ledger: Ledger
    totals: Totals
    schedule: Schedule
    rows: Rows
    end: Lanes  # month of the economic end
    mature: Lanes  # mean maturity of the assets, years
    terminal: Lanes
    scratch: NDArray[np.float64]  # (SCRATCH, lanes)


def books(months: int, lanes: int) -> Books:
    """Empty books for a block of `lanes` paths."""
    end, mature, last = np.zeros((3, lanes))
    scratch = np.zeros((SCRATCH, lanes))
    return Books(
        np.zeros((at.LEDGER, months, lanes)), np.zeros((at.TOTALS, lanes)), schedule(months),
        np.zeros((at.ROWS, lanes)), end, mature, last, scratch,
    )  # fmt: skip


@inner
def value_plan(
    programme: Programme,
    finance: Finance,
    grid: Grid,
    arpu: Arpu,
    plans: Plans,
    plan: int,
    world: World,
    with_irr: bool,
    b: Books,
    figures: NDArray[np.float64],
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Fill `figures` (plan metrics, lanes) of plan number `plan` and, if it has room, `trace` from lane `first` on."""
    figures[:] = 0.0
    build_sites(
        programme, plans.chips[plan], plans.refresh[plan], plans.refit[plan], grid.mw, grid.start, grid.planned,
        grid.near, trace.size > 0, world, b.scratch, b.ledger, b.totals,
    )  # fmt: skip
    operate(programme, arpu, world, b.rows, b.ledger)
    _project(programme, finance, world, with_irr, b, figures)
    plan_schedule(plans, plan, b.schedule)
    note_interest(
        finance.tax, plans, plan, b.schedule, world.funding, b.scratch, b.ledger[at.INTEREST], figures[row.APV]
    )
    terms = terms_of(plans, plan)
    fund(finance, terms, arpu.base, b.schedule.flow, world, b.rows, b.ledger, figures[row.ROIC + 1 :])
    _debt(programme, finance, arpu, plans, plan, terms, world, b, figures)
    if trace.size > 0:
        trace_plan(b.schedule.balance, b.ledger, figures[row.BREACH_MONTH], b.rows[0], trace, first, width)


@inline
def _project(
    programme: Programme, finance: Finance, world: World, with_irr: bool, b: Books, figures: NDArray[np.float64]
) -> None:
    """Figures that no financing changes."""
    settle(finance, b.totals[at.SUNK], b.rows, b.ledger, figures[row.NPV], figures[row.APV], figures[row.ROIC])
    terminal(finance, programme, world.monthly[at.TRAILING], b.totals, b.terminal)
    last = finance.discount.size - 1
    for lane in range(b.terminal.size):
        figures[row.NPV, lane] += finance.discount[last] * b.terminal[lane]
        figures[row.APV, lane] += finance.discount_unlevered[last] * b.terminal[lane]
    figures[row.IRR] = np.nan
    if with_irr:
        internal_rate(b.ledger[at.CASH_FLOW], b.terminal, b.scratch, figures[row.IRR])
    need(b.rows, b.ledger[at.CASH_FLOW], figures[row.PEAK_FUNDING], figures[row.PEAK_MONTH], figures[row.PAYBACK])
    idle(
        b.rows,
        b.ledger[at.IDLE],
        world.funding,
        b.ledger[at.STRANDED],
        figures[row.IDLE_COST],
        figures[row.STRANDED_PEAK],
    )
    figures[row.IDLE_CAPITAL] = b.totals[at.IDLE_CAPITAL]
    figures[row.STRANDED_RETIRED] = b.totals[at.STRANDED_VALUE]
    figures[row.WRITE_OFFS] = b.totals[at.WRITE_OFFS]
    age(programme, world, b.totals[at.IN_SERVICE], b.rows, b.ledger, b.end, figures[row.ASSET_LIFE], b.mature)


@inline
def _debt(
    programme: Programme,
    finance: Finance,
    arpu: Arpu,
    plans: Plans,
    plan: int,
    terms: Terms,
    world: World,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """Figures of debt: liquidity, cover, covenants, refinancing and the gap between debt and assets."""
    liquidity(
        terms.cash_floor, b.ledger[at.CASH], b.ledger[at.REVOLVER], figures[row.MIN_CASH], figures[row.SHORTFALL],
        figures[row.SHORTFALL_DEPTH], figures[row.SHORTFALL_MONTHS], figures[row.REVOLVER_PEAK],
    )  # fmt: skip
    cover = Cover(
        figures[row.DSCR_MIN], figures[row.DSCR_RESERVE_MIN], figures[row.FCCR_MIN], figures[row.ICR_MIN],
        figures[row.LEVERAGE_MAX], figures[row.BREACH], figures[row.BREACH_MONTH], figures[row.BREACH_CURED],
        b.scratch[6], b.scratch[7],
    )  # fmt: skip
    test_covenants(programme, finance, terms, arpu.base, b.schedule, world, b.scratch, b.ledger, cover)
    loan_life_cover(finance, plans.note_coupon[plan], b.schedule, b.ledger, figures[row.LLCR])
    refinancing_gap(
        plans, plan, b.schedule, world.funding, b.scratch, b.ledger[at.INTEREST], b.ledger[at.CFADS],
        figures[row.REFINANCING_GAP],
    )  # fmt: skip
    _gaps(plans, plan, b.schedule.balance, b.end, b.mature, figures)


@inline
def _gaps(
    plans: Plans, plan: int, balance: NDArray[np.float64], end: Lanes, mature: Lanes, figures: NDArray[np.float64]
) -> None:
    """Debt against asset: durations, maturities, and what is owed when the asset ends (NaN without notes)."""
    some = plans.tranche_from[plan + 1] > plans.tranche_from[plan]
    for lane in range(end.size):
        life = figures[row.ASSET_LIFE, lane]
        figures[row.DURATION_GAP, lane] = plans.note_duration[plan] - life if some else np.nan
        figures[row.WAM_GAP, lane] = plans.note_maturity[plan] - mature[lane] if some else np.nan
        ended = some and end[lane] < balance.size
        figures[row.DEBT_AT_END, lane] = balance[int(end[lane])] if ended else np.nan
