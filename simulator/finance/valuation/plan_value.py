"""One plan valued in one block of worlds: sites, operations, letting, partners, debt and covenants, in this order.

Sites come first and once for all plans of a physical variant; what a plan owns of them scales them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.arpu import Arpu
from simulator.drivers.grid import Grid
from simulator.drivers.marginals import Marginals
from simulator.finance import metrics as row
from simulator.finance import workspace as at
from simulator.finance.financing.cash_waterfall import Liquid, levered
from simulator.finance.financing.covenants import LEVERED_ROWS, Cover, loan_life_cover, year_revenue
from simulator.finance.financing.debt import SCHEDULE, note_interest, plan_schedule, refinancing_gap, schedule_of
from simulator.finance.financing.partner import Partner, open_shares, owe_rent
from simulator.finance.operations.cash_flow import open_project, operate, settle, terminal
from simulator.finance.operations.cloud import POWERS, owe_cloud, rent_cloud
from simulator.finance.operations.disposal import dispose
from simulator.finance.operations.early_terminations import Ends, forget, no_ends
from simulator.finance.operations.leasing import Letting, let_out, letting_of
from simulator.finance.operations.switching_options import CHOICE_ROWS
from simulator.finance.operations.tenant_default import (
    NOBODY,
    Defaults,
    end_contracts,
    fill_patience,
    find_defaults,
    no_defaults,
)
from simulator.finance.plan.jv import fill_discount_factors
from simulator.finance.plan.plans import Plan, Plans, joint_of, select_plan, terms_of
from simulator.finance.plan.variant import DEFERRED
from simulator.finance.programme import Finance, Programme
from simulator.finance.sites.aggregate import accumulate, add_up, age
from simulator.finance.sites.build import Lives, build_sites
from simulator.finance.sites.vintages import SITE_ROWS
from simulator.finance.valuation.returns import IRR_ROWS, internal_rate
from simulator.finance.valuation.trace import trace_plan
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, Sums, Totals, Works, World, blank
from simulator.numerics.jit import inline, inner

DUST = 1e-9  # USD bn: what rounding leaves of nothing


class Company(NamedTuple):
    """What a valuation reads of the model."""

    marginals: Marginals
    grid: Grid
    arpu: Arpu
    market: NDArray[np.float64]  # (months,) MW that the market lets
    programme: Programme
    finance: Finance


class Fixed(NamedTuple):
    """What of every plan is the same in all lanes, worked out once for many blocks."""

    schedule: NDArray[np.float64]  # (plans, SCHEDULE, months) of notes
    decay: NDArray[np.float64]  # (plans, n) of the JV's rate, see Joint
    patience: NDArray[np.float64]  # (plans, n) see fill_patience: one entry a month of the term; of Defaults.alike


class Books(NamedTuple):
    """Everything a plan's valuation writes into, reused from plan to plan and block to block."""

    works: Works
    totals: Totals
    lives: Lives
    defaults: Defaults
    ends: Ends
    ledger: Ledger
    revenue: Monthly  # (tests, lanes) see year_revenue
    fixed: Fixed
    rows: Rows
    sums: Sums
    end_value: Lanes  # after tax, at the horizon
    scratch: NDArray[np.float64]


def books(p: Programme, plans: Plans, tests: int, sites: int, lanes: int) -> Books:
    """Empty books for a block of `lanes` paths."""
    months, count = p.growth.size, plans.order.size
    longest = months + 1 + max(int(plans.jv.lease_months.max(initial=0)), p.compute_life)
    term = min(int(plans.lease_excess.term.max(initial=1)), months)
    depth = max(SITE_ROWS, IRR_ROWS, LEVERED_ROWS, POWERS, CHOICE_ROWS + sites)
    return Books(
        blank(at.WORKS, months, lanes), blank(at.TOTALS, lanes),
        Lives(blank(sites, lanes), blank(sites, lanes), blank(sites, months + 2, lanes)),
        no_defaults(plans, sites, months, lanes), no_ends(months, lanes), blank(at.LEDGER, months, lanes),
        blank(max(tests, 1), lanes),
        Fixed(np.zeros((count, SCHEDULE, months)), np.zeros((count, longest)), np.zeros((count, term))),
        blank(at.ROWS, lanes), blank(at.SUMS, lanes), blank(lanes), blank(depth, lanes),
    )  # fmt: skip


@inner
def prepare(marginals: Marginals, plans: Plans, b: Books) -> None:
    """Fill what of every plan is the same in all lanes, and zero what its readers leave zero."""
    b.works[at.TAKEN : at.JOINT] = 0.0
    forget(b.ends)
    for k in range(plans.order.size):
        plan = select_plan(plans, k)
        plan_schedule(plan.notes.tranches, schedule_of(b.fixed.schedule[k]))
        fill_discount_factors(plan.jv.rate, b.fixed.decay[k])
        if b.defaults.alike[k] == k:
            fill_patience(
                marginals,
                plan.lease_excess.default_rate_marginal,
                b.rows,
                b.fixed.patience[k, : plan.lease_excess.term],
            )


@inner
def begin_block(c: Company, world: World, b: Books) -> None:
    """Other worlds, other tenants."""
    b.defaults.about[1] = NOBODY
    year_revenue(c.finance.test_months, c.arpu.revenue0_by_month, world.monthly[at.NOISE], b.rows, b.revenue)


@inner
def build_works(c: Company, plan: Plan, k: int, tracing: bool, world: World, b: Books) -> None:
    """Book the sites of the variant of plan number `k`, per unit of ownership, and what rests on them alone."""
    works, totals = b.works, b.totals
    build_sites(c.programme, c.grid, plan, b.fixed.decay[k], tracing, world, b.scratch, works, totals, b.lives)
    add_up(c.programme.growth, plan.variant.chips == DEFERRED, tracing, b.rows, works, totals)
    age(c.programme, tracing, world, b.rows, works, totals)
    if tracing:
        accumulate(works[at.IDLE])
    if plan.variant.lease_term > 0:
        accumulate(works[at.WORKING])
    if plan.jv.on:
        accumulate(works[at.RENT])
        accumulate(works[at.RENT_END])


@inner
def value_plan(
    c: Company,
    plan: Plan,
    k: int,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    b: Books,
    figures: NDArray[np.float64],
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Fill `figures` (metrics, lanes) of plan number `k`, whose variant is built, and `trace` if it has room."""
    tracing, q = trace.size > 0, letting_of(plan)
    figures[:] = 0.0
    _before_months(c, plan, k, world, tracing, b, figures)
    _operations(c, plan, q, k, world, z, tracing, b, figures)
    _project(c, plan, k, world, z, with_irr, tracing, b, figures)
    _debt(c, plan, k, world, tracing, b, figures)
    _after_months(c, plan, k, with_irr, b, figures)
    if tracing:
        lets = q.let > 0.0 or q.choosing
        scale, _, spent = _charges_of(plan, b.works, b.ledger)
        trace_plan(
            terms_of(plan), lets, scale, spent, b.works, b.ledger, figures[row.BREACH_MONTH], b.rows[0], trace, first,
            width,
        )  # fmt: skip


@inline
def _before_months(
    c: Company, plan: Plan, k: int, world: World, tracing: bool, b: Books, figures: NDArray[np.float64]
) -> None:
    """What rests on the sites alone, scaled by what is owned; what is to be paid on notes, to partner and cloud."""
    own, totals, last = plan.own_share, b.totals, c.finance.discount.size - 1
    for lane in range(figures.shape[1]):
        figures[row.WRITE_OFFS, lane] = own * totals[at.WRITE_OFFS, lane]
        figures[row.IDLE_COST, lane] = own * totals[at.IDLE_COST, lane]
        figures[row.STRANDED_PEAK, lane] = own * totals[at.STRANDED_PEAK, lane]
        figures[row.STRANDED_RETIRED, lane] = own * totals[at.STRANDED_VALUE, lane]
    for lane in range(figures.shape[1]):
        figures[row.IDLE_CAPITAL, lane] = own * totals[at.IDLE_CAPITAL, lane]
        figures[row.IDLE_SPONSOR, lane] = own * totals[at.IDLE_SPONSOR, lane]
        figures[row.ASSET_LIFE, lane] = totals[at.LIFE, lane] if own > 0.0 else np.nan
    figures[row.PARTNER_NPV] = np.nan
    figures[row.PARTNER_IRR] = np.nan
    terminal(c.finance, c.programme, own, world.monthly[at.TRAILING, last], totals, b.end_value)
    if not plan.notes.interest_shared:
        note_interest(
            c.finance.tax, plan.covenants.sweep == 1, plan.notes.tranches, schedule_of(b.fixed.schedule[k]),
            world.funding, b.scratch, b.ledger[at.INTEREST], b.ledger[at.SHIELD],
        )  # fmt: skip
    _owe(c, plan, k, world, tracing, b)


@inline
def _operations(
    c: Company,
    plan: Plan,
    q: Letting,
    k: int,
    world: World,
    z: NDArray[np.float64],
    tracing: bool,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """W, what is rented and what is let: EBITDA."""
    p, mw, market = c.programme, c.grid.mw, c.market
    if q.own < 1.0:
        rent_cloud(
            1.0 - q.own, p.use, plan.cloud.term, mw, c.grid.planned, p.work_delay,
            world.contracts[plan.cloud.term_tenor], world, b.rows, b.ledger, figures[row.CLOUD_COST],
        )  # fmt: skip
    operate(p, c.arpu, q, mw, market, c.finance.january, world, b.works, b.lives, b.rows, b.scratch, b.ledger, tracing)
    if q.let > 0.0 or q.choosing:
        contracts = world.contracts[plan.lease_excess.term_tenor]
        fails, leaves = b.defaults.alike[k] != NOBODY, plan.jv.on == 1
        if q.let * q.contract > 0.0 and (fails or leaves):
            like = b.defaults.alike[k]
            patience = b.fixed.patience[like if fails else k, : q.term]
            if fails:
                find_defaults(like, q.term, market.size, patience, p.z_default, z, b.defaults)
            end_contracts(
                q, patience, fails, leaves, p.z_default, z, mw, market, world, contracts, b.works, b.lives, b.ledger,
                b.defaults, b.ends,
            )  # fmt: skip
        let_out(q, market, world, contracts, b.works, b.ends, b.rows, b.ledger, tracing, figures[row.LEASE_INCOME])


@inline
def _project(
    c: Company,
    plan: Plan,
    k: int,
    world: World,
    z: NDArray[np.float64],
    with_irr: bool,
    tracing: bool,
    b: Books,
    figures: NDArray[np.float64],
) -> None:
    """What no debt changes: the project's flows and what passes between sponsor and partner."""
    p, f, own, months, j = (
        c.programme,
        c.finance,
        plan.own_share,
        c.finance.discount.size,
        joint_of(plan, b.fixed.decay[k]),
    )
    partner = Partner(figures[row.PARTNER_NPV], b.rows[6], figures[row.GUARANTEE])
    open_project(own, tracing, b.totals, b.works, b.ledger, b.sums)
    if plan.disposal.on:
        dispose(
            p, f, c.marginals, plan, tracing, z, world.monthly[at.TRAILING, months - 1], b.works, b.ledger, b.sums,
            b.rows, figures[row.WRITE_OFFS], b.end_value,
        )  # fmt: skip
    if j.share > 0.0:
        open_shares(j, own, months, b.totals, partner)
    scale, charged, spent = _charges_of(plan, b.works, b.ledger)
    settle(
        f, scale, charged, spent, own, j, plan.jv.discount, tracing, with_irr, b.rows, b.works, b.ledger, b.sums,
        figures[row.PEAK_FUNDING], figures[row.PEAK_MONTH], figures[row.PAYBACK], partner,
    )  # fmt: skip
    if j.share > 0.0 and with_irr:
        internal_rate(b.ledger[at.CFADS], partner.end, b.scratch, figures[row.PARTNER_IRR])


@inline
def _charges_of(plan: Plan, works: Works, ledger: Ledger) -> tuple[float, Monthly, Monthly]:
    """Where a plan's depreciation less gains and its capex less sales stand, and by what they are to be scaled."""
    scale, charged, spent = plan.own_share, works[at.WRITTEN], works[at.SPENDING]
    if plan.disposal.on:
        scale, charged, spent = 1.0, ledger[at.CHARGES], ledger[at.NET]
    return scale, charged, spent


@inline
def _after_months(c: Company, plan: Plan, k: int, with_irr: bool, b: Books, figures: NDArray[np.float64]) -> None:
    """What rests on the sums over all months: values, rates, and the gap between debt and assets."""
    f, own = c.finance, plan.own_share
    last = f.discount.size - 1
    for lane in range(b.end_value.size):
        figures[row.NPV, lane] += b.sums[at.PRESENT, lane] + f.discount[last] * b.end_value[lane]
        figures[row.APV, lane] += b.sums[at.UNLEVERED, lane] + f.discount_unlevered[last] * b.end_value[lane]
    if plan.jv.on:
        after_tax = (1.0 - f.tax) * own
        owed = plan.jv.discount[last] * after_tax
        for lane in range(b.end_value.size):
            at_end = b.totals[at.OWED_AT_END, lane]
            passed = b.sums[at.PASSED, lane] - owed * at_end
            figures[row.NPV, lane] += passed
            figures[row.APV, lane] += passed
            b.sums[at.EARNED, lane] -= b.sums[at.CHARGED, lane]
            b.end_value[lane] -= after_tax * at_end
            figures[row.EXITS, lane] = b.totals[at.EXITS, lane] if own > 0.0 else 0.0
    figures[row.IRR] = np.nan
    if with_irr:
        internal_rate(b.ledger[at.CASH_FLOW], b.end_value, b.scratch, figures[row.IRR])
    for lane in range(b.end_value.size):
        capital = b.sums[at.CAPITAL, lane]
        some = capital > DUST * f.discount.size
        profit = 12.0 * (1.0 - f.tax) * b.sums[at.EARNED, lane]
        figures[row.ROIC, lane] = profit / (capital if some else 1.0) if some else np.nan
    _gaps(plan, schedule_of(b.fixed.schedule[k]).balance, b.ledger[at.NOTES], b.totals, figures)


@inline
def _debt(c: Company, plan: Plan, k: int, world: World, tracing: bool, b: Books, figures: NDArray[np.float64]) -> None:
    """Figures of debt: liquidity, cover, covenants and refinancing."""
    f, ledger, sweep, schedule = c.finance, b.ledger, plan.covenants.sweep == 1, schedule_of(b.fixed.schedule[k])
    cover = Cover(
        figures[row.DSCR_MIN], figures[row.DSCR_RESERVE_MIN], figures[row.FCCR_MIN], figures[row.ICR_MIN],
        figures[row.LEVERAGE_MAX], figures[row.BREACH], figures[row.BREACH_MONTH], figures[row.BREACH_CURED],
        figures[row.UNCURED],
    )  # fmt: skip
    liquid = Liquid(
        figures[row.MIN_CASH], figures[row.SHORTFALL], figures[row.SHORTFALL_DEPTH], figures[row.SHORTFALL_MONTHS],
        figures[row.REVOLVER_PEAK],
    )  # fmt: skip
    scale, charged, spent = _charges_of(plan, b.works, ledger)
    levered(
        c.programme, f, terms_of(plan), c.arpu.revenue0_by_month, b.revenue, schedule, world, scale, charged, spent,
        b.works,
        b.scratch, ledger, tracing, cover, liquid, figures[row.EQUITY_SOLD], figures[row.APV], figures[row.PLAN :],
    )  # fmt: skip
    loan_life_cover(f, plan.notes.coupon_mean, schedule, ledger, figures[row.LLCR])
    refinancing_gap(
        sweep, plan.notes.tranches, schedule, world.funding, b.scratch, ledger[at.INTEREST], ledger[at.NOTES],
        ledger[at.CFADS], figures[row.REFINANCING_GAP],
    )  # fmt: skip


@inline
def _owe(c: Company, plan: Plan, k: int, world: World, tracing: bool, b: Books) -> None:
    """What is committed to partner and cloud at every covenant test."""
    own, tests, owed = plan.own_share, c.finance.test_months, b.ledger[at.OWED]
    if own == 1.0 and not plan.jv.on:
        return
    if tracing:
        owed[:] = 0.0
    for m in tests:
        owed[m] = 0.0
    if plan.jv.on:
        owe_rent(joint_of(plan, b.fixed.decay[k]), own, tests, b.works, owed)
    if own < 1.0:
        owe_cloud(
            1.0 - own, c.programme.use, plan.cloud.term, c.grid.mw, c.grid.planned,
            world.contracts[plan.cloud.term_tenor], tests, world.funding, b.rows, b.scratch, owed,
        )  # fmt: skip


@inline
def _gaps(
    plan: Plan,
    balance: NDArray[np.float64],
    notes: NDArray[np.float64],
    totals: Totals,
    figures: NDArray[np.float64],
) -> None:
    """Debt against asset: durations, maturities, and what is owed when the asset ends (NaN without notes)."""
    some = plan.notes.on == 1
    end, mature = totals[at.END], totals[at.MATURE]
    owns = some and plan.own_share > 0.0
    for lane in range(end.size):
        life = figures[row.ASSET_LIFE, lane]
        figures[row.DURATION_GAP, lane] = plan.notes.duration - life if owns else np.nan
        figures[row.WAM_GAP, lane] = plan.notes.term_mean - mature[lane] if owns else np.nan
        ended = owns and end[lane] < balance.size
        month = int(end[lane]) if ended else 0
        stands = notes[month, lane] if plan.covenants.sweep == 1 else balance[month]
        figures[row.DEBT_AT_END, lane] = stands if ended else np.nan
