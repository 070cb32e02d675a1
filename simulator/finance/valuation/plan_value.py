"""One plan valued in one block of worlds: sites, operations, leases, partners, debt and covenants, in this order.

Sites come first and once for all plans of a physical variant; what a plan owns of them scales them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import metrics as metric
from simulator.finance import workspace as at
from simulator.finance.charges import plan_charges
from simulator.finance.company import Company
from simulator.finance.financing.cash_waterfall import LiquidityFigures, WaterfallFigures, run_cash_waterfall
from simulator.finance.financing.covenants import CoverFigures, compute_loan_life_cover, fill_yearly_revenue
from simulator.finance.financing.debt import compute_refinancing_gap, fill_note_interest
from simulator.finance.financing.partner import PartnerFigures, add_rent_commitments, start_partner_sums
from simulator.finance.operations.cash_flow import (
    FundingNeed,
    compute_cash_flow,
    compute_ebitda,
    compute_terminal_value,
    start_project_sums,
)
from simulator.finance.operations.cloud import add_cloud_commitments, rent_cloud
from simulator.finance.operations.disposal import sell_pool
from simulator.finance.operations.leasing import Leasing, lease_spare_capacity, plan_leasing
from simulator.finance.operations.tenant_default import (
    NO_TENANT,
    Tenants,
    clear_tenant_defaults,
    list_tenant_defaults,
    terminate_contracts,
)
from simulator.finance.plan.notes import schedule_from_rows
from simulator.finance.plan.plans import Plan
from simulator.finance.plan.variant import DEFERRED
from simulator.finance.sites.aggregate import accumulate_changes, aggregate_months, find_economic_end
from simulator.finance.sites.build import build_sites
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN
from simulator.finance.valuation.plan_workspace import PlanWorkspace
from simulator.finance.valuation.returns import compute_internal_rate
from simulator.finance.valuation.trace import trace_plan
from simulator.finance.workspace import Totals, World
from simulator.numerics.jit import inline, inner

_PARTNER_END_VALUE = 6  # row of scratch: what the partner holds at the horizon, until its rate of return is computed


@inner
def begin_block(c: Company, world: World, w: PlanWorkspace) -> None:
    """Prepare for the plans of a new block of worlds: no tenants listed yet, the revenue of its tests."""
    clear_tenant_defaults(w.defaults)
    fill_yearly_revenue(
        c.finance.test_months, c.arpu.revenue0_by_month, world.monthly[at.AD_NOISE], w.rows, w.revenue
    )  # fmt: skip


@inner
def build_variant(c: Company, plan: Plan, k: int, tracing: bool, world: World, w: PlanWorkspace) -> None:
    """Book the sites of the variant of plan number `k`, per unit of ownership, and what rests on them alone."""
    flows, totals = w.flows, w.totals
    build_sites(
        c.programme, c.grid, plan, w.tables.jv_factors[k], tracing, world, w.scratch, flows, totals, w.history
    )  # fmt: skip
    aggregate_months(c.programme.cost_growth_by_month, plan.variant.chips == DEFERRED, tracing, w.rows, flows, totals)
    find_economic_end(c.programme, tracing, world, w.rows, flows, totals)
    if tracing:
        accumulate_changes(flows[at.IDLE_CHANGE])
    if plan.variant.lease_term > 0:
        accumulate_changes(flows[at.WORKING_MW_CHANGE])
    if plan.jv.on:
        accumulate_changes(flows[at.RENT_CHANGE])
        accumulate_changes(flows[at.DISCOUNTED_RENT_CHANGE])


@inner
def value_plan(
    c: Company,
    plan: Plan,
    k: int,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    w: PlanWorkspace,
    figures: NDArray[np.float64],
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Fill `figures` (metrics, lanes) of plan number `k`, whose variant is built, and `trace` if it has room."""
    tracing, leasing = trace.size > 0, plan_leasing(plan)
    figures[:] = 0.0
    _before_months(c, plan, k, world, tracing, w, figures)
    _operations(c, plan, leasing, k, world, z, tracing, w, figures)
    _project(c, plan, k, world, z, with_irr, tracing, w, figures)
    _debt(c, plan, k, world, tracing, w, figures)
    _after_months(c, plan, k, with_irr, w, figures)
    if tracing:
        leases = leasing.excess.on == 1 or leasing.switching
        charges = plan_charges(plan, w.flows, w.ledger)
        trace_plan(
            plan, leases, charges, w.flows, w.ledger, figures[metric.BREACH_MONTH], w.rows[0], trace, first, width
        )  # fmt: skip


@inline
def _before_months(
    c: Company, plan: Plan, k: int, world: World, tracing: bool, w: PlanWorkspace, figures: NDArray[np.float64]
) -> None:
    """Fill what rests on the sites alone, interest on notes, and what is committed to partner and cloud."""
    own_share, totals, last = plan.own_share, w.totals, c.finance.wacc_discount.size - 1
    for lane in range(figures.shape[1]):
        figures[metric.WRITE_OFFS, lane] = own_share * totals[at.WRITE_OFFS, lane]
        figures[metric.IDLE_COST, lane] = own_share * totals[at.IDLE_COST, lane]
        figures[metric.STRANDED_PEAK, lane] = own_share * totals[at.STRANDED_PEAK, lane]
        figures[metric.STRANDED_RETIRED, lane] = own_share * totals[at.STRANDED_RETIRED, lane]
    for lane in range(figures.shape[1]):
        figures[metric.IDLE_CAPITAL, lane] = own_share * totals[at.IDLE_CAPITAL, lane]
        figures[metric.IDLE_SPONSOR, lane] = own_share * totals[at.IDLE_SPONSOR, lane]
        figures[metric.ASSET_LIFE, lane] = totals[at.ASSET_LIFE, lane] if own_share > 0.0 else np.nan
    figures[metric.PARTNER_NPV] = np.nan
    figures[metric.PARTNER_IRR] = np.nan
    compute_terminal_value(
        c.finance, c.programme, own_share, world.monthly[at.TRAILING_PRICE, last], totals, w.end_value
    )  # fmt: skip
    if not plan.notes.interest_shared:
        fill_note_interest(
            c.finance.tax, plan.covenants.sweep == 1, plan.notes.tranches, schedule_from_rows(w.tables.schedule[k]),
            world.funding, w.scratch, w.ledger[at.SCHEDULED_INTEREST], w.ledger[at.TAX_SHIELD],
        )  # fmt: skip
    if plan.jv.on or plan.cloud.on:
        _fill_commitments(c, plan, k, world, tracing, w)


@inline
def _fill_commitments(c: Company, plan: Plan, k: int, world: World, tracing: bool, w: PlanWorkspace) -> None:
    """Fill what is committed to partner and cloud at every covenant test."""
    own_share, tests, commitments = plan.own_share, c.finance.test_months, w.ledger[at.COMMITMENTS]
    if tracing:
        commitments[:] = 0.0
    for m in tests:
        commitments[m] = 0.0
    if plan.jv.on:
        add_rent_commitments(plan.jv.rate, w.tables.jv_factors[k], own_share, tests, w.flows, commitments)
    if plan.cloud.on:
        add_cloud_commitments(
            1.0 - own_share, c.programme.internal_use, plan.cloud.term, c.grid.mw, c.grid.planned,
            world.contracts[plan.cloud.term_tenor], tests, world.funding, w.rows, w.scratch, commitments,
        )  # fmt: skip


@inline
def _operations(
    c: Company,
    plan: Plan,
    leasing: Leasing,
    k: int,
    world: World,
    z: NDArray[np.float64],
    tracing: bool,
    w: PlanWorkspace,
    figures: NDArray[np.float64],
) -> None:
    """Compute W, what is rented and what is leased: EBITDA."""
    p, excess = c.programme, leasing.excess
    if plan.cloud.on:
        rent_cloud(
            1.0 - plan.own_share, p.internal_use, plan.cloud.term, c.grid.mw, c.grid.planned, p.work_delay,
            world.contracts[plan.cloud.term_tenor], world, w.rows, w.ledger, figures[metric.CLOUD_COST],
        )  # fmt: skip
    compute_ebitda(c, leasing, world, w.flows, w.history, w.rows, w.scratch, w.ledger, tracing)
    if excess.on or leasing.switching:
        contracts = world.contracts[excess.term_tenor]
        alike = w.defaults.alike[k]
        defaulting, leaving = alike != NO_TENANT, plan.jv.on == 1
        if excess.leased_share * excess.contract_share > 0.0 and (defaulting or leaving):
            survival = w.tables.survival[alike if defaulting else k, : excess.term]
            if defaulting:
                list_tenant_defaults(alike, excess.term, c.market.size, survival, p.default_rate_row, z, w.defaults)
            terminate_contracts(
                c, leasing, Tenants(survival, defaulting, leaving), z, world, contracts, w.flows, w.history, w.ledger,
                w.defaults, w.terminations,
            )  # fmt: skip
        lease_spare_capacity(
            leasing, c.market, world, contracts, w.flows, w.terminations, w.rows, w.ledger, tracing,
            figures[metric.LEASE_INCOME],
        )  # fmt: skip


@inline
def _project(
    c: Company,
    plan: Plan,
    k: int,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    tracing: bool,
    w: PlanWorkspace,
    figures: NDArray[np.float64],
) -> None:
    """Compute what no debt changes: the project's flows and what passes between sponsor and partner."""
    f, own_share, months, factors = c.finance, plan.own_share, c.finance.wacc_discount.size, w.tables.jv_factors[k]
    partner = PartnerFigures(figures[metric.PARTNER_NPV], w.rows[_PARTNER_END_VALUE], figures[metric.GUARANTEE])
    need = FundingNeed(figures[metric.PEAK_FUNDING], figures[metric.PEAK_MONTH], figures[metric.PAYBACK])
    start_project_sums(own_share, tracing, w.totals, w.flows, w.ledger, w.sums)
    if plan.disposal.on:
        sell_pool(
            c, plan, tracing, z, world.monthly[at.TRAILING_PRICE, months - 1], w.flows, w.ledger, w.sums, w.rows,
            figures[metric.WRITE_OFFS], w.end_value,
        )  # fmt: skip
    if plan.jv.on:
        start_partner_sums(own_share, factors[months], w.totals, partner)
    charges = plan_charges(plan, w.flows, w.ledger)
    compute_cash_flow(
        f, plan, factors, charges, tracing, with_irr, w.rows, w.flows, w.ledger, w.sums, need, partner
    )  # fmt: skip
    if plan.jv.on and with_irr:
        compute_internal_rate(
            w.ledger[at.PARTNER_FLOW], partner.end_value, w.scratch, figures[metric.PARTNER_IRR]
        )  # fmt: skip


@inline
def _debt(
    c: Company, plan: Plan, k: int, world: World, tracing: bool, w: PlanWorkspace, figures: NDArray[np.float64]
) -> None:
    """Compute the figures of debt: liquidity, cover, covenants and refinancing."""
    ledger, schedule = w.ledger, schedule_from_rows(w.tables.schedule[k])
    cover = CoverFigures(
        figures[metric.DSCR_MIN], figures[metric.DSCR_RESERVE_MIN], figures[metric.FCCR_MIN], figures[metric.ICR_MIN],
        figures[metric.LEVERAGE_MAX], figures[metric.BREACH], figures[metric.BREACH_MONTH],
        figures[metric.BREACH_CURED], figures[metric.UNCURED],
    )  # fmt: skip
    liquidity = LiquidityFigures(
        figures[metric.MIN_CASH], figures[metric.SHORTFALL], figures[metric.SHORTFALL_DEPTH],
        figures[metric.SHORTFALL_MONTHS], figures[metric.REVOLVER_PEAK],
    )  # fmt: skip
    waterfall = WaterfallFigures(
        cover, liquidity, figures[metric.EQUITY_SOLD], figures[metric.APV], figures[metric.PLAN :]
    )  # fmt: skip
    charges = plan_charges(plan, w.flows, ledger)
    run_cash_waterfall(
        c, plan, schedule, w.revenue, world, charges, w.flows, w.scratch, ledger, tracing, waterfall
    )  # fmt: skip
    compute_loan_life_cover(c.finance, plan.notes.coupon_mean, schedule, ledger, figures[metric.LLCR])
    compute_refinancing_gap(
        plan.covenants.sweep == 1, plan.notes.tranches, schedule, world.funding, w.scratch, ledger[at.INTEREST],
        ledger[at.NOTES], ledger[at.CFADS], figures[metric.REFINANCING_GAP],
    )  # fmt: skip


@inline
def _after_months(
    c: Company, plan: Plan, k: int, with_irr: bool, w: PlanWorkspace, figures: NDArray[np.float64]
) -> None:
    """Compute what rests on the sums over all months: values, rates, and the gap between debt and assets."""
    f, own_share, sums, end_value = c.finance, plan.own_share, w.sums, w.end_value
    last = f.wacc_discount.size - 1
    for lane in range(end_value.size):
        figures[metric.NPV, lane] += sums[at.PRESENT_VALUE, lane] + f.wacc_discount[last] * end_value[lane]
        figures[metric.APV, lane] += sums[at.UNLEVERED_VALUE, lane] + f.unlevered_cost_discount[last] * end_value[lane]
    if plan.jv.on:
        after_tax = (1.0 - f.tax) * own_share
        guarantee_factor = plan.jv.discount[last] * after_tax
        for lane in range(end_value.size):
            guarantee = w.totals[at.GUARANTEE_AT_END, lane]
            transfers = sums[at.PARTNER_TRANSFERS, lane] - guarantee_factor * guarantee
            figures[metric.NPV, lane] += transfers
            figures[metric.APV, lane] += transfers
            sums[at.PROFIT_BEFORE_TAX, lane] -= sums[at.PARTNER_CHARGES, lane]
            end_value[lane] -= after_tax * guarantee
            figures[metric.EXITS, lane] = w.totals[at.EXITS, lane] if own_share > 0.0 else 0.0
    figures[metric.IRR] = np.nan
    if with_irr:
        compute_internal_rate(w.ledger[at.CASH_FLOW], end_value, w.scratch, figures[metric.IRR])
    for lane in range(end_value.size):
        capital = sums[at.CAPITAL_MONTHS, lane]
        invested = capital > MONEY_TOLERANCE_USD_BN * f.wacc_discount.size
        profit = 12.0 * (1.0 - f.tax) * sums[at.PROFIT_BEFORE_TAX, lane]
        figures[metric.ROIC, lane] = profit / (capital if invested else 1.0) if invested else np.nan
    balance = schedule_from_rows(w.tables.schedule[k]).balance
    _compare_debt_and_assets(plan, balance, w.ledger[at.NOTES], w.totals, figures)


@inline
def _compare_debt_and_assets(
    plan: Plan,
    balance: NDArray[np.float64],
    notes: NDArray[np.float64],
    totals: Totals,
    figures: NDArray[np.float64],
) -> None:
    """Compare durations and maturities, and fill the debt when the asset ends (NaN without notes).

    `balance` (months,) is of notes as scheduled, `notes` (months, lanes) what a sweep leaves of them.
    """
    end, maturity = totals[at.ECONOMIC_END], totals[at.ASSET_MATURITY]
    defined = plan.notes.on == 1 and plan.own_share > 0.0
    for lane in range(end.size):
        life = figures[metric.ASSET_LIFE, lane]
        figures[metric.DURATION_GAP, lane] = plan.notes.duration - life if defined else np.nan
        figures[metric.WAM_GAP, lane] = plan.notes.term_mean - maturity[lane] if defined else np.nan
        ended = defined and end[lane] < balance.size
        month = int(end[lane]) if ended else 0
        outstanding = notes[month, lane] if plan.covenants.sweep else balance[month]
        figures[metric.DEBT_AT_END, lane] = outstanding if ended else np.nan
