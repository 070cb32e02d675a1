"""One plan valued in one block of worlds: sites, operations, letting, partners, debt and covenants, in this order.

Sites come first and once for all plans of a physical variant; what a plan owns of them scales them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.drivers.arpu import Arpu
from simulator.drivers.grid import Grid
from simulator.drivers.marginals import Marginals
from simulator.finance import ledger as at
from simulator.finance import metrics as row
from simulator.finance.cashflow import age, need, operate, settle, share, strand_worst, terminal
from simulator.finance.choices import CHOICE_ROWS
from simulator.finance.cloud import owe_cloud, rent_cloud
from simulator.finance.covenants import LEVERED_ROWS, Cover, loan_life_cover
from simulator.finance.debt import Schedule, liquidity, note_interest, plan_schedule, refinancing_gap, schedule
from simulator.finance.disposal import dispose
from simulator.finance.ledger import Lanes, Ledger, Rows, Totals, Works, World
from simulator.finance.letting import end_contracts, let_out, letting_of
from simulator.finance.levered import levered
from simulator.finance.partner import guarantee_paid, owe_rent, partner_flows
from simulator.finance.plan import Plan, joint_of, terms_of
from simulator.finance.programme import Finance, Programme
from simulator.finance.returns import IRR_ROWS, internal_rate
from simulator.finance.sites import Lives, build_sites
from simulator.finance.trace import trace_plan
from simulator.finance.vintages import SITE_ROWS

DUST = 1e-9  # USD bn: what rounding leaves of nothing


class Company(NamedTuple):
    """What a valuation reads of the model."""

    marginals: Marginals
    grid: Grid
    arpu: Arpu
    market: NDArray[np.float64]  # (months,) MW that the market lets
    programme: Programme
    finance: Finance


class Books(NamedTuple):
    """Everything a plan's valuation writes into, reused from plan to plan and block to block."""

    works: Works
    totals: Totals
    lives: Lives
    ledger: Ledger
    schedule: Schedule
    rows: Rows
    sums: NDArray[np.float64]  # (4, lanes)
    end_value: Lanes  # after tax, at the horizon
    scratch: NDArray[np.float64]
    weight: NDArray[np.float64]  # (months,)


def books(months: int, sites: int, lanes: int) -> Books:
    """Empty books for a block of `lanes` paths."""
    depth = max(SITE_ROWS, IRR_ROWS, LEVERED_ROWS, CHOICE_ROWS + sites)
    lives = Lives(np.zeros((sites, lanes)), np.zeros((sites, lanes)), np.zeros((sites, months + 2, lanes)))
    return Books(
        np.zeros((at.WORKS, months, lanes)), np.zeros((at.TOTALS, lanes)), lives,
        np.zeros((at.LEDGER, months, lanes)), schedule(months), np.zeros((at.ROWS, lanes)), np.zeros((4, lanes)),
        np.zeros(lanes), np.zeros((depth, lanes)), np.zeros(months),
    )  # fmt: skip


@inner
def build_works(c: Company, plan: Plan, tracing: bool, world: World, b: Books) -> None:
    """Book the sites of a plan's variant, per unit of ownership, and the figures that rest on them alone."""
    works, totals = b.works, b.totals
    build_sites(c.programme, c.grid, plan, tracing, world, b.weight, b.scratch, works, totals, b.lives)
    strand_worst(works[at.STRANDED], totals[at.STRANDED_PEAK])
    if tracing:
        accumulate(works[at.IDLE])
    age(c.programme, world, b.rows, works, totals)
    if plan.works_term > 0:
        accumulate(works[at.WORKING])
    if plan.jv_share > 0.0:
        accumulate(works[at.RENT])
        accumulate(works[at.RENT_END])


@inner
def accumulate(series: NDArray[np.float64]) -> None:
    """Turn changes of a level into the level."""
    for m in range(1, series.shape[0]):
        for lane in range(series.shape[1]):
            series[m, lane] += series[m - 1, lane]


@inner
def value_plan(
    c: Company,
    plan: Plan,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    b: Books,
    figures: NDArray[np.float64],
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Fill `figures` (metrics, lanes) of a plan, whose variant is built, and `trace` if it has room."""
    figures[:] = 0.0
    _operations(c, plan, world, z, b, figures)
    _project(c, plan, world, z, with_irr, b, figures)
    _works_figures(plan.own, b.totals, figures)
    _debt(c, plan, world, trace.size > 0, b, figures)
    if trace.size > 0:
        lets = plan.let > 0.0 or plan.option > 0.0
        trace_plan(terms_of(plan), lets, b.works, b.ledger, figures[row.BREACH_MONTH], b.rows[0], trace, first, width)


@inner
def _operations(
    c: Company, plan: Plan, world: World, z: NDArray[np.float64], b: Books, figures: NDArray[np.float64]
) -> None:
    """W, what is rented and what is let: EBITDA."""
    p, mw, market = c.programme, c.grid.mw, c.market
    q = letting_of(plan)
    if q.own < 1.0:
        rent_cloud(
            1.0 - q.own, p.use, plan.cloud_term, mw, c.grid.planned, p.work_delay,
            world.contracts[plan.cloud_tenor], world, b.rows, b.ledger, figures[row.CLOUD_COST],
        )  # fmt: skip
    operate(p, c.arpu, q, mw, market, c.finance.january, world, b.works, b.lives, b.rows, b.scratch, b.ledger)
    if q.let > 0.0 or q.choosing:
        contracts = world.contracts[plan.let_tenor]
        ended = q.let * q.contract > 0.0 and (plan.default >= 0 or plan.jv_share > 0.0)
        if ended:
            end_contracts(
                q, c.marginals, plan.default, p.z_default, z, mw, market, world, contracts, b.works, b.lives,
                b.rows[0], b.ledger,
            )  # fmt: skip
        let_out(q, market, world, contracts, b.works, b.rows, b.ledger, ended, figures[row.LEASE_INCOME])


@inner
def _project(
    c: Company,
    plan: Plan,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """Figures that no debt changes: the project's flows and what passes between sponsor and partner."""
    p, f, own = c.programme, c.finance, plan.own
    last = f.discount.size - 1
    trailing = world.monthly[at.TRAILING, last]
    for lane in range(trailing.size):
        figures[row.WRITE_OFFS, lane] = own * b.totals[at.WRITE_OFFS, lane]
    settle(f, own, b.totals[at.SUNK], b.rows, b.works, b.ledger, b.sums)
    terminal(f, p, own, trailing, b.totals, b.end_value)
    if plan.disposal > 0.0:
        dispose(p, f, c.marginals, plan, z, trailing, b.ledger, b.sums, b.rows, figures[row.WRITE_OFFS], b.end_value)
    figures[row.PARTNER_NPV] = np.nan
    figures[row.PARTNER_IRR] = np.nan
    if plan.jv_share > 0.0:
        _joint(c, plan, with_irr, b, figures)
    for lane in range(b.end_value.size):
        figures[row.NPV, lane] += b.sums[0, lane] + f.discount[last] * b.end_value[lane]
        figures[row.APV, lane] += b.sums[1, lane] + f.discount_unlevered[last] * b.end_value[lane]
    if plan.jv_share > 0.0:
        for lane in range(b.end_value.size):
            b.end_value[lane] -= (1.0 - f.tax) * own * b.totals[at.OWED_AT_END, lane]
    figures[row.IRR] = np.nan
    if with_irr:
        internal_rate(b.ledger[at.CASH_FLOW], b.end_value, b.scratch, figures[row.IRR])
    need(b.rows, b.ledger[at.CASH_FLOW], figures[row.PEAK_FUNDING], figures[row.PEAK_MONTH], figures[row.PAYBACK])
    for lane in range(b.end_value.size):
        some = b.sums[3, lane] > DUST * f.discount.size
        profit = 12.0 * (1.0 - f.tax) * b.sums[2, lane]
        figures[row.ROIC, lane] = profit / (b.sums[3, lane] if some else 1.0) if some else np.nan


@inner
def _joint(c: Company, plan: Plan, with_irr: bool, b: Books, figures: NDArray[np.float64]) -> None:
    """The joint venture: second bracket of npv, the guarantee owed at the horizon, the partner's side."""
    j, own, tax = joint_of(plan), plan.own, c.finance.tax
    discount = plan.jv_discount
    flow, end = b.ledger[at.CFADS], b.rows[6]
    partner_flows(j, own, b.works, b.totals, flow, figures[row.PARTNER_NPV], end)
    if with_irr:
        internal_rate(flow, end, b.scratch, figures[row.PARTNER_IRR])
    share(tax, own, discount, b.rows, b.works, b.ledger, b.sums)
    last = discount[discount.size - 1] * (1.0 - tax) * own
    for lane in range(end.size):
        figures[row.NPV, lane] -= last * b.totals[at.OWED_AT_END, lane]
        figures[row.APV, lane] -= last * b.totals[at.OWED_AT_END, lane]
        figures[row.EXITS, lane] = b.totals[at.EXITS, lane] if own > 0.0 else 0.0
    guarantee_paid(own, b.works, b.totals, figures[row.GUARANTEE])


@inner
def _works_figures(own: float, totals: Totals, figures: NDArray[np.float64]) -> None:
    """Figures that rest on the sites alone, scaled by what is owned."""
    for lane in range(figures.shape[1]):
        figures[row.IDLE_COST, lane] = own * totals[at.IDLE_COST, lane]
        figures[row.STRANDED_PEAK, lane] = own * totals[at.STRANDED_PEAK, lane]
        figures[row.STRANDED_RETIRED, lane] = own * totals[at.STRANDED_VALUE, lane]
    for lane in range(figures.shape[1]):
        figures[row.IDLE_CAPITAL, lane] = own * totals[at.IDLE_CAPITAL, lane]
        figures[row.IDLE_SPONSOR, lane] = own * totals[at.IDLE_SPONSOR, lane]
        figures[row.ASSET_LIFE, lane] = totals[at.LIFE, lane] if own > 0.0 else np.nan


@inner
def _debt(c: Company, plan: Plan, world: World, tracing: bool, b: Books, figures: NDArray[np.float64]) -> None:
    """Figures of debt: liquidity, cover, covenants, refinancing and the gap between debt and assets."""
    f, ledger, sweep = c.finance, b.ledger, plan.sweep == 1
    terms = terms_of(plan)
    plan_schedule(plan.notes, b.schedule)
    note_interest(
        f.tax, sweep, plan.notes, b.schedule, world.funding, b.scratch, ledger[at.INTEREST], ledger[at.SHIELD]
    )
    _owe(c, plan, world, tracing, b)
    cover = Cover(
        figures[row.DSCR_MIN], figures[row.DSCR_RESERVE_MIN], figures[row.FCCR_MIN], figures[row.ICR_MIN],
        figures[row.LEVERAGE_MAX], figures[row.BREACH], figures[row.BREACH_MONTH], figures[row.BREACH_CURED],
        figures[row.UNCURED],
    )  # fmt: skip
    levered(
        c.programme, f, terms, c.arpu.base, b.schedule, world, b.works[at.SERVICE], b.scratch, ledger, tracing, cover,
        figures[row.EQUITY_SOLD], figures[row.APV], figures[row.PLAN :],
    )  # fmt: skip
    liquidity(
        terms.cash_floor, ledger[at.CASH], ledger[at.REVOLVER], figures[row.MIN_CASH], figures[row.SHORTFALL],
        figures[row.SHORTFALL_DEPTH], figures[row.SHORTFALL_MONTHS], figures[row.REVOLVER_PEAK],
    )  # fmt: skip
    loan_life_cover(f, plan.note_coupon, b.schedule, ledger, figures[row.LLCR])
    refinancing_gap(
        sweep, plan.notes, b.schedule, world.funding, b.scratch, ledger[at.INTEREST], ledger[at.NOTES],
        ledger[at.CFADS], figures[row.REFINANCING_GAP],
    )  # fmt: skip
    _gaps(plan, b.schedule.balance, ledger[at.NOTES], b.totals, figures)


@inner
def _owe(c: Company, plan: Plan, world: World, tracing: bool, b: Books) -> None:
    """What is committed to partner and cloud at every covenant test."""
    own, tests, owed = plan.own, c.finance.test_months, b.ledger[at.OWED]
    if tracing:
        owed[:] = 0.0
    for m in tests:
        owed[m] = 0.0
    if plan.jv_share > 0.0:
        owe_rent(joint_of(plan), own, tests, b.works, owed)
    if own < 1.0:
        owe_cloud(
            1.0 - own, c.programme.use, plan.cloud_term, c.grid.mw, c.grid.planned,
            world.contracts[plan.cloud_tenor], tests, world.funding, b.rows, owed,
        )  # fmt: skip


@inner
def _gaps(
    plan: Plan,
    balance: NDArray[np.float64],
    notes: NDArray[np.float64],
    totals: Totals,
    figures: NDArray[np.float64],
) -> None:
    """Debt against asset: durations, maturities, and what is owed when the asset ends (NaN without notes)."""
    some = plan.notes.amount.size > 0
    end, mature = totals[at.END], totals[at.MATURE]
    owns = some and plan.own > 0.0
    for lane in range(end.size):
        life = figures[row.ASSET_LIFE, lane]
        figures[row.DURATION_GAP, lane] = plan.note_duration - life if owns else np.nan
        figures[row.WAM_GAP, lane] = plan.note_maturity - mature[lane] if owns else np.nan
        ended = owns and end[lane] < balance.size
        month = int(end[lane]) if ended else 0
        stands = notes[month, lane] if plan.sweep == 1 else balance[month]
        figures[row.DEBT_AT_END, lane] = stands if ended else np.nan
