"""One plan valued in one block of worlds: the order in which sites, cash flow, debt and covenants are booked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inline, inner
from simulator.drivers.arpu import Arpu
from simulator.drivers.grid import Grid
from simulator.finance import metrics as row
from simulator.finance.cashflow import (
    economic_end,
    employed,
    funding_need,
    operate,
    present_value,
    settle,
    terminal,
    worst_stranded,
)
from simulator.finance.covenants import Cover, loan_life_cover, mark_breach, test_covenants
from simulator.finance.debt import (
    Schedule,
    cash_position,
    earnings,
    liquidity,
    note_interest,
    plan_schedule,
    refinancing_gap,
    schedule,
)
from simulator.finance.ledger import Lanes, Ledger, Totals, World, ledger, totals
from simulator.finance.plan import Plans
from simulator.finance.programme import Finance, Programme
from simulator.finance.returns import internal_rate
from simulator.finance.sites import SITE_ROWS, build_sites

SCRATCH = SITE_ROWS  # rows of lane-wide scratch


class Books(NamedTuple):
    """Everything a plan's valuation writes into, reused from block to block."""

    ledger: Ledger
    totals: Totals
    schedule: Schedule
    breached: NDArray[np.float64]  # (months, lanes)
    end: Lanes  # terminal value; once it is used, month of the economic end
    asset_months: Lanes
    scratch: NDArray[np.float64]  # (SCRATCH, lanes)


def books(months: int, lanes: int) -> Books:
    """Empty books for a block of `lanes` paths."""
    empty = np.zeros((months, lanes))
    return Books(
        ledger(months, lanes), totals(lanes), schedule(months), empty, np.zeros(lanes), np.zeros(lanes),
        np.zeros((SCRATCH, lanes)),
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
    tracing: bool,
    with_irr: bool,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """Fill `figures` (plan metrics, lanes) of plan number `plan`; the ledger keeps the months for a trace."""
    build_sites(
        programme, plans.chips[plan], plans.refresh[plan], plans.refit[plan], grid.mw, grid.start, grid.planned,
        grid.near, tracing, world, b.scratch, b.ledger, b.totals,
    )  # fmt: skip
    operate(programme, arpu, world, b.scratch, b.ledger)
    settle(finance, b.ledger)
    _project(programme, finance, world, with_irr, b, figures)
    plan_schedule(plans, plan, b.schedule)
    note_interest(
        finance.tax, plans, plan, b.schedule, world.funding, b.scratch, b.ledger.interest, figures[row.APV]
    )
    cash_position(finance, plans, plan, arpu.base, b.schedule, world, b.scratch, b.ledger)
    _debt(programme, finance, arpu, plans, plan, world, b, figures)
    if tracing:
        mark_breach(figures[row.BREACH_MONTH], b.breached)
    earnings(finance, plans, plan, world, b.ledger, figures[row.ROIC + 1 :])


@inline
def _project(
    programme: Programme, finance: Finance, world: World, with_irr: bool, b: Books, figures: NDArray[np.float64]
) -> None:
    """Figures that no financing changes."""
    terminal(finance, programme, world, b.totals, b.end)
    present_value(finance.discount, b.ledger, b.end, figures[row.NPV])
    present_value(finance.discount_unlevered, b.ledger, b.end, figures[row.APV])
    figures[row.IRR] = np.nan
    if with_irr:
        internal_rate(b.ledger.cash_flow, b.end, b.scratch, figures[row.IRR])
    funding_need(b.ledger, figures[row.PEAK_FUNDING], figures[row.PEAK_MONTH], figures[row.PAYBACK])
    employed(finance, world, b.totals, b.ledger, figures[row.ROIC], figures[row.IDLE_COST])
    worst_stranded(b.ledger, figures[row.STRANDED_PEAK])
    figures[row.IDLE_CAPITAL] = b.totals.idle_capital
    figures[row.STRANDED_RETIRED] = b.totals.stranded
    figures[row.WRITE_OFFS] = b.totals.write_offs
    life = figures[row.ASSET_LIFE]
    economic_end(programme, world, b.totals, b.ledger, b.scratch[0], b.end, life, b.asset_months)


@inline
def _debt(
    programme: Programme,
    finance: Finance,
    arpu: Arpu,
    plans: Plans,
    plan: int,
    world: World,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """Figures of debt: liquidity, cover, covenants, refinancing and the gap between debt and assets."""
    liquidity(
        plans.cash_floor[plan], b.ledger, figures[row.MIN_CASH], figures[row.SHORTFALL], figures[row.SHORTFALL_DEPTH],
        figures[row.SHORTFALL_MONTHS], figures[row.REVOLVER_PEAK],
    )  # fmt: skip
    cover = Cover(
        figures[row.DSCR_MIN], figures[row.DSCR_RESERVE_MIN], figures[row.FCCR_MIN], figures[row.ICR_MIN],
        figures[row.LEVERAGE_MAX], figures[row.BREACH], figures[row.BREACH_MONTH], figures[row.BREACH_CURED],
    )  # fmt: skip
    test_covenants(
        programme, finance, plans, plan, arpu.base, b.schedule, world, b.scratch, b.ledger, cover
    )
    loan_life_cover(finance, plans.note_coupon[plan], b.schedule, b.ledger, figures[row.LLCR])
    refinancing_gap(
        plans, plan, b.schedule, world.funding, b.scratch, b.ledger.interest, b.ledger.cfads,
        figures[row.REFINANCING_GAP],
    )  # fmt: skip
    _gaps(plans, plan, b, figures)


@inline
def _gaps(plans: Plans, plan: int, b: Books, figures: NDArray[np.float64]) -> None:
    """Debt against asset: durations, maturities, and what is owed when the asset ends (NaN without notes)."""
    months = b.schedule.balance.size
    some = plans.tranche_from[plan + 1] > plans.tranche_from[plan]
    for lane in range(b.end.size):
        life, asset = figures[row.ASSET_LIFE, lane], b.asset_months[lane]
        figures[row.DURATION_GAP, lane] = plans.note_duration[plan] - life if some else np.nan
        figures[row.WAM_GAP, lane] = plans.note_maturity[plan] - asset if some else np.nan
        ended = some and b.end[lane] < months
        figures[row.DEBT_AT_END, lane] = b.schedule.balance[int(b.end[lane])] if ended else np.nan
