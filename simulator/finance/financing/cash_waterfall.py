"""The cash waterfall: interest, tax, cash, revolver, shares sold, notes swept, then the covenants.

Order of a month: flows at opening rates; interest on notes and revolver; tax; the revolver draws up to the floor or
repays above it; what is still missing is raised from new shares; where an uncured breach sweeps, all cash above the
floor prepays the notes; at a test month the covenants are tested and equity may cure a breach.

State by lane lives in rows of one scratch array (`waterfall_state`). Sums over twelve months are those of four quarters
that end where tests do: test months are consecutive quarter-ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.charges import Charges
from simulator.finance.company import Company
from simulator.finance.financing import waterfall_state as state
from simulator.finance.financing.covenants import (
    CovenantInputs,
    CoverFigures,
    check_covenants,
    close_quarter,
    end_covenant_tests,
    start_covenant_tests,
)
from simulator.finance.plan.notes import NoteSchedule
from simulator.finance.plan.plans import Plan
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN
from simulator.finance.workspace import Lanes, Ledger, Monthly, SiteFlows, World
from simulator.numerics.jit import disjoint, inline, inner

__all__: list[str] = []  # used in this folder only


class LiquidityFigures(NamedTuple):
    """Cash and revolver by lane."""

    lowest_cash: Lanes
    shortfall: Lanes  # 1 where cash fell below the floor
    depth: Lanes  # how far
    months: Lanes  # in how many months
    largest_drawn: Lanes  # on the revolver


class WaterfallFigures(NamedTuple):
    """Figures that the cash waterfall fills, by lane."""

    cover: CoverFigures
    liquidity: LiquidityFigures
    sold: Lanes  # equity, USD bn
    apv: Lanes  # the tax shield is added
    earnings: NDArray[np.float64]  # (fiscal years, lanes) USD a share, added


class _MonthRates(NamedTuple):
    """Numbers of one month that are the same in all lanes; USD bn, rates per year."""

    tax: float
    revolver_margin: float
    fixed_flow: float  # of the base business, from notes, a penalty
    ad_flow: float  # after tax, of the base business's ads before margin and noise
    cash_growth: float  # of cash in a month, after tax
    floor: float
    limit: float  # of the revolver
    charge_scale: float  # of depreciation and capex
    own_share: float
    inflow_scale: float  # of the partner's funding


class _TraceRates(NamedTuple):
    """Numbers of a traced month that are the same in all lanes."""

    tax: float
    revolver_margin: float
    own_share: float
    charge_scale: float
    balance: float  # of notes as scheduled, USD bn


@inline
def run_cash_waterfall(
    c: Company, plan: Plan, s: NoteSchedule, revenue: Monthly, world: World, charges: Charges, flows: SiteFlows,
    rows: NDArray[np.float64], ledger: Ledger, tracing: bool, figures: WaterfallFigures,
) -> None:  # fmt: skip
    """Run all months of a plan whose operations, notes and interest are in the ledger.

    Reads EBITDA, SCHEDULED_INTEREST, TAX_SHIELD; with a cloud CLOUD_COST; with a cloud or JV COMMITMENTS at test
    months; of `flows` SERVICE_MW and, with a JV, RENT, PARTNER_FUNDING, GUARANTEE. `revenue` is that of
    `fill_yearly_revenue`, `rows` (WATERFALL_ROWS, lanes) is scratch. Fills INTEREST, paid after sweeps, and CFADS;
    NOTES where the plan sweeps or a trace is kept; CASH, REVOLVER, EQUITY_SOLD, PROFIT and DRAWN_INTEREST for a trace.
    """
    f, base, liquidity, own_share = c.finance, c.arpu.revenue0_by_month, plan.liquidity, plan.own_share
    sweep = plan.covenants.sweep == 1
    funding, noise, margin = world.funding, world.monthly[at.AD_NOISE], world.parameters[at.MARGIN]
    cash, drawn, share_profit = rows[state.CASH], rows[state.DRAWN], rows[state.SHARE_PROFIT]
    interest, ebitda, cfads = ledger[at.INTEREST], ledger[at.EBITDA], ledger[at.CFADS]
    scale, depreciation, capex = charges.scale, charges.net_depreciation, charges.net_capex
    cover, lows, sold, apv, earnings = figures.cover, figures.liquidity, figures.sold, figures.apv, figures.earnings
    tax, tests = f.tax, f.test_months
    cash_growth = 1.0 + (1.0 - tax) * liquidity.cash_rate / 12.0
    first, last = (tests[0], tests[-1]) if tests.size > 0 else (base.size + 12, -1)
    _open_accounts(tax, f.shares, liquidity.opening_cash, rows, lows)
    sold[:] = 0.0
    if not sweep:
        _add_shield(ledger[at.TAX_SHIELD, 0], apv)
    start_covenant_tests(base.size, cover)
    for m in range(base.size):
        earned = earnings[f.fiscal_year[m]]
        rent, guarantee, inflow = _partner_payments(m, plan, flows, rows)
        if plan.equity.on:
            _dilute_earnings(tax, f.shares, plan.equity.price_net, plan.equity.base_eps, rows, sold, earned)
        if sweep:
            partner_share = own_share if plan.jv.on else 0.0
            _scale_to_notes_left(m, s, partner_share, flows[at.PARTNER_FUNDING, m], ledger, rows, apv)
        if tracing:
            rates = _TraceRates(tax, liquidity.revolver_margin, own_share, scale, s.balance[m])
            _trace_before_revolver(m, rates, rent, guarantee, depreciation[m], funding[m], ledger, rows)
        penalty = liquidity.penalty if m == liquidity.penalty_month else 0.0
        month = _MonthRates(
            tax, liquidity.revolver_margin, f.base_cash_flow_monthly + s.issued[m] - s.repaid[m] - penalty,
            (1.0 - tax) * base[m], cash_growth, liquidity.floor, liquidity.revolver, scale, own_share,
            1.0 if sweep else own_share,
        )  # fmt: skip
        _flow_cash(
            month, funding[m], interest[m], depreciation[m], ebitda[m], capex[m], noise[m], rent, guarantee, inflow,
            share_profit, margin, cash, drawn, cfads[m], earned,
        )  # fmt: skip
        if plan.equity.on:
            _sell_shares(liquidity.floor, plan.equity.limit, ledger[at.EQUITY_SOLD, m], rows, sold)
        if sweep:
            _sweep_cash(liquidity.floor, s.balance[m], ledger[at.NOTES, m], rows)
        if first - 12 <= m <= last and (m - first) % 3 == 0:
            _close_and_test_quarter(m, c, plan, s, revenue, world, flows, rows, ledger, cover, sold)
        _track_liquidity(liquidity.floor, cash, drawn, lows.lowest_cash, lows.months, lows.largest_drawn)
        if tracing:
            _trace_cash(m, cash, drawn, ledger)
    end_covenant_tests(plan.jv.on == 1 or plan.cloud.on == 1, rows[state.TESTS_AHEAD], cover)
    _measure_shortfall(liquidity.floor, lows.lowest_cash, lows.shortfall, lows.depth)


@inline
def _close_and_test_quarter(
    m: int, c: Company, plan: Plan, s: NoteSchedule, revenue: Monthly, world: World, flows: SiteFlows,
    rows: NDArray[np.float64], ledger: Ledger, cover: CoverFigures, sold: Lanes,
) -> None:  # fmt: skip
    """Add up the quarter that ends with month m and, from the first test on, test the covenants."""
    p, f = c.programme, c.finance
    quarter = (m - f.test_months[0]) // 3
    close_quarter(m, quarter % 2, plan, flows[at.RENT], ledger, rows)
    if quarter >= 0:
        refresh = p.compute_cost_per_mw + plan.variant.refit * p.shell_cost_per_mw * p.cost_growth_by_month[m]
        per_mw = refresh * 12.0 / p.compute_life
        inputs = CovenantInputs(
            f.ebitda_share, per_mw, world.parameters[at.COST_MULTIPLIER], flows[at.SERVICE_MW, m], revenue[quarter]
        )  # fmt: skip
        check_covenants(m, plan, s, inputs, ledger, rows, cover, sold)


@inline
def _partner_payments(m: int, plan: Plan, flows: SiteFlows, rows: NDArray[np.float64]) -> tuple[Lanes, Lanes, Lanes]:
    """Return rent and guarantee paid to the partner and its funding, per unit of ownership.

    Where a plan sweeps, the last is what cash gains from it and from principal prepaid before, of the plan.
    """
    rent, guarantee, inflow = rows[state.ZEROS], rows[state.ZEROS], rows[state.ZEROS]
    if plan.jv.on:
        rent, guarantee, inflow = flows[at.RENT, m], flows[at.GUARANTEE, m], flows[at.PARTNER_FUNDING, m]
    if plan.covenants.sweep:
        inflow = rows[state.INFLOW]
    return rent, guarantee, inflow


@inner
def _open_accounts(
    tax: float, shares: float, opening_cash: float, rows: NDArray[np.float64], lows: LiquidityFigures
) -> None:
    """Set the state before month 0."""
    rows[: state.WATERFALL_ROWS] = 0.0
    rows[state.CASH] = opening_cash
    rows[state.NOTES_LEFT] = 1.0
    rows[state.SHARE_PROFIT] = (1.0 - tax) / shares
    lows.lowest_cash[:] = np.inf
    lows.months[:] = 0.0
    lows.largest_drawn[:] = 0.0


@inner
def _add_shield(shield: Lanes, apv: Lanes) -> None:
    """Add the notes' tax shield, which without a sweep is one sum."""
    for lane in range(apv.size):
        apv[lane] += shield[lane]


@inner
def _dilute_earnings(
    tax: float,
    shares: float,
    share_price: float,
    base_eps: float,
    rows: NDArray[np.float64],
    sold: Lanes,
    earned: Lanes,
) -> None:
    """Let shares sold in earlier months bear the month's result and dilute the base business's earnings a share."""
    price, base, kept = 1.0 / share_price, base_eps / 12.0, 1.0 - tax
    for lane in range(sold.size):
        each = 1.0 / (shares + sold[lane] * price)
        rows[state.SHARE_PROFIT, lane] = kept * each
        earned[lane] -= base * (1.0 - shares * each)


@inner
def _scale_to_notes_left(
    m: int,
    s: NoteSchedule,
    partner_share: float,
    partner_funding: Lanes,
    ledger: Ledger,
    rows: NDArray[np.float64],
    apv: Lanes,
) -> None:
    """Scale interest, its shield and principal to the share of the notes that is left, once this month's are issued.

    `partner_share` of `partner_funding` (0: no JV) and the principal prepaid before are what cash gains.
    """
    issued, amortised, repaid = s.issued[m], s.amortised[m], s.repaid[m]
    before = s.balance[max(m - 1, 0)]  # before month 0 nothing is prepaid: any number will do
    if issued > 0.0:
        for lane in range(apv.size):
            left = rows[state.NOTES_LEFT, lane]
            rows[state.NOTES_LEFT, lane] = (left * before + issued) / (before + issued)
    for lane in range(apv.size):
        left = rows[state.NOTES_LEFT, lane]
        ledger[at.INTEREST, m, lane] *= left
        apv[lane] += left * ledger[at.TAX_SHIELD, m, lane]
        rows[state.AMORTISED_QUARTER, lane] += left * amortised
        funding = partner_share * partner_funding[lane] if partner_share > 0.0 else 0.0
        rows[state.INFLOW, lane] = funding + repaid * (1.0 - left)


@inner
def _trace_before_revolver(
    m: int,
    rates: _TraceRates,
    rent: Lanes,
    guarantee: Lanes,
    depreciation: Lanes,
    funding: Lanes,
    ledger: Ledger,
    rows: NDArray[np.float64],
) -> None:
    """Fill what only a trace keeps of a month before the revolver moves. Equity and sweeps overwrite theirs later."""
    for lane in range(rows.shape[1]):
        drawn = rows[state.DRAWN, lane] * (funding[lane] + rates.revolver_margin) / 12.0
        paid = ledger[at.INTEREST, m, lane] + drawn + rates.own_share * (rent[lane] + guarantee[lane])
        taxable = ledger[at.EBITDA, m, lane] - rates.charge_scale * depreciation[lane]
        ledger[at.DRAWN_INTEREST, m, lane] = drawn
        ledger[at.PROFIT, m, lane] = (1.0 - rates.tax) * (taxable - paid)
        ledger[at.NOTES, m, lane] = rates.balance
        ledger[at.EQUITY_SOLD, m, lane] = 0.0


@disjoint
def _flow_cash(
    month: _MonthRates,
    funding: Lanes,
    interest: Lanes,
    depreciation: Lanes,
    ebitda: Lanes,
    capex: Lanes,
    noise: Lanes,
    rent: Lanes,
    guarantee: Lanes,
    inflow: Lanes,
    share_profit: Lanes,
    margin: Lanes,
    cash: Lanes,
    drawn: Lanes,
    cfads: Lanes,
    earned: Lanes,
) -> None:
    """Compute interest, tax and CFADS; let ads vary, then cash, then the revolver up to the floor or back above it."""
    twelfth = 1.0 / 12.0
    tax, margin_rate, own_share, scale = month.tax, month.revolver_margin, month.own_share, month.charge_scale
    for lane in range(margin.size):
        debt = drawn[lane]
        paid_rent = own_share * rent[lane]
        deducted = interest[lane] + debt * ((funding[lane] + margin_rate) * twelfth)
        deducted = deducted + (paid_rent + own_share * guarantee[lane])
        taxable = ebitda[lane] - scale * depreciation[lane] - deducted
        after_tax = ebitda[lane] - tax * taxable
        earned[lane] += share_profit[lane] * taxable
        cfads[lane] = after_tax - paid_rent
        flow = after_tax - scale * capex[lane] - deducted + month.inflow_scale * inflow[lane]
        ads = month.ad_flow * margin[lane] * (noise[lane] - 1.0)
        closing = cash[lane] * month.cash_growth + (flow + month.fixed_flow + ads)
        missing = month.floor - closing
        wanted = missing if missing > -debt else -debt
        draw = wanted if wanted < month.limit - debt else month.limit - debt
        cash[lane] = closing + draw
        drawn[lane] = debt + draw


@disjoint
def _track_liquidity(
    floor: float, cash: Lanes, drawn: Lanes, lowest_cash: Lanes, months: Lanes, largest_drawn: Lanes
) -> None:
    """Follow the lowest cash, the months below the floor and the largest revolver balance."""
    for lane in range(cash.size):
        lowest_cash[lane] = cash[lane] if cash[lane] < lowest_cash[lane] else lowest_cash[lane]
        months[lane] += 1.0 if floor - cash[lane] > MONEY_TOLERANCE_USD_BN else 0.0
        largest_drawn[lane] = drawn[lane] if drawn[lane] > largest_drawn[lane] else largest_drawn[lane]


@inner
def _measure_shortfall(floor: float, lowest_cash: Lanes, shortfall: Lanes, depth: Lanes) -> None:
    """Fill 1 where cash fell below the floor, and how far."""
    for lane in range(lowest_cash.size):
        lacks = floor - lowest_cash[lane]
        shortfall[lane] = 1.0 if lacks > MONEY_TOLERANCE_USD_BN else 0.0
        depth[lane] = lacks if lacks > MONEY_TOLERANCE_USD_BN else 0.0


@inner
def _trace_cash(m: int, cash: Lanes, drawn: Lanes, ledger: Ledger) -> None:
    """Fill what only a trace keeps of a month once the revolver, sales, sweeps and cures are through."""
    for lane in range(cash.size):
        ledger[at.CASH, m, lane] = cash[lane]
        ledger[at.REVOLVER, m, lane] = drawn[lane]


@inner
def _sell_shares(floor: float, limit: float, equity_sold: Lanes, rows: NDArray[np.float64], sold: Lanes) -> None:
    """With the revolver full, sell shares for what cash still lacks, up to the limit."""
    for lane in range(sold.size):
        missing = floor - rows[state.CASH, lane]
        room = limit - sold[lane] if limit > sold[lane] else 0.0
        wanted = missing if missing > MONEY_TOLERANCE_USD_BN else 0.0
        raised = wanted if wanted < room else room
        sold[lane] += raised
        rows[state.CASH, lane] += raised
        equity_sold[lane] = raised


@inner
def _sweep_cash(floor: float, balance: float, notes: Lanes, rows: NDArray[np.float64]) -> None:
    """Prepay all notes pro rata with cash above the floor on paths where a sweep runs; fill the notes that are left."""
    if balance > 0.0:
        for lane in range(rows.shape[1]):
            above = rows[state.CASH, lane] - floor
            excess = above if rows[state.SWEEPING, lane] > 0.0 and above > 0.0 else 0.0
            owed = rows[state.NOTES_LEFT, lane] * balance
            everything = excess >= owed
            rows[state.CASH, lane] -= owed if everything else excess
            rows[state.NOTES_LEFT, lane] = 0.0 if everything else rows[state.NOTES_LEFT, lane] - excess / balance
    for lane in range(rows.shape[1]):
        notes[lane] = rows[state.NOTES_LEFT, lane] * balance
