"""A plan's months before financing: operating result, unlevered cash flow and the figures that rest on it.

Signs: income positive, spending negative in the cash flow; `capex` and costs are positive amounts. A pass over months
is a few short loops over lanes a month, so that they vectorise, on arrays taken out of their tuples beforehand: a
tuple of arrays inside the month loop costs more than the arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.charges import Charges
from simulator.finance.company import Company
from simulator.finance.financing.partner import PartnerFigures, PartnerRates, split_month_with_partner
from simulator.finance.operations.leasing import Leasing, is_all_zero
from simulator.finance.operations.switching_options import OPTION_ROWS, exercise_switching_options
from simulator.finance.plan.plans import Plan
from simulator.finance.programme import Finance, Programme
from simulator.finance.sites.build import SiteHistory
from simulator.finance.workspace import Lanes, Ledger, Rows, SiteFlows, Sums, Totals, World
from simulator.numerics.jit import disjoint, inline, inner
from simulator.numerics.special_functions import NEAR, exp, exp_less_one_near, log_normal_number

__all__: list[str] = []  # used in this folder only


class FundingNeed(NamedTuple):
    """The money that the flows so far take, by lane."""

    peak: Lanes  # >= 0
    peak_month: Lanes
    payback: Lanes  # first month after the peak with a cumulative flow >= 0 (never: the horizon)


@inline
def compute_ebitda(
    c: Company,
    leasing: Leasing,
    world: World,
    flows: SiteFlows,
    history: SiteHistory,
    rows: Rows,
    scratch: NDArray[np.float64],
    ledger: Ledger,
    tracing: bool,
) -> None:
    """Fill EBITDA before leases: incremental ad revenue at its margin less operating and cloud cost.

    Fills W as well, where a cloud, a switching option or a trace reads it. Adopted growth is
    L_m = L_{m-1} + a (ln((C0 + W) / C0) - L_{m-1}); the increment is margin base exp(x) (exp(eps L) - 1).
    """
    adopted, away, cloud_cost, lift, growth, untraced = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    work_units, cost, working = flows[at.WORK_UNITS], flows[at.RUNNING_COST], flows[at.WORKING_MW]
    effective, cloud, ebitda = ledger[at.EFFECTIVE_MW], ledger[at.CLOUD_COST], ledger[at.EBITDA]
    work, noise = world.monthly[at.WORK_INDEX], world.monthly[at.AD_NOISE]
    elasticity, margin, lag = world.parameters[at.ELASTICITY], world.parameters[at.MARGIN], c.arpu.lag_share
    adopted[:] = 0.0
    away[:] = 0.0
    cloud_cost[:] = 0.0
    lift[:] = 0.0
    if leasing.switching:
        scratch[OPTION_ROWS : OPTION_ROWS + c.grid.mw.size] = 0.0  # no option is exercised before month 0
    own_share, work_share = leasing.own_share, leasing.own_share * leasing.work_share
    rented, idle = own_share < 1.0, True
    filled = rented or leasing.switching or tracing
    for m in range(c.programme.cost_growth_by_month.size):
        fleet, base = 1.0 / c.arpu.fleet0_by_month[m], c.arpu.revenue0_by_month[m]
        if leasing.switching:
            exercise_switching_options(m, c, leasing, world, history, working[m], adopted, scratch, ledger, away)
        w = effective[m] if filled else untraced
        if rented:
            for lane in range(cloud_cost.size):
                w[lane] += work_share * (work_units[m, lane] - away[lane]) * work[m, lane]
                cloud_cost[lane] = cloud[m, lane]
        else:
            for lane in range(cloud_cost.size):
                w[lane] = work_share * (work_units[m, lane] - away[lane]) * work[m, lane]
        idle = idle and is_all_zero(w)
        if idle:  # nothing works yet on any path: e^0 - 1 need not be computed
            for lane in range(cloud_cost.size):
                ebitda[m, lane] = 0.0 - (own_share * cost[m, lane] + cloud_cost[lane])
            continue
        if _adopt_compute(lag, fleet, elasticity, w, adopted, growth) > 0:
            _recompute_lift(elasticity, adopted, growth, lift)
        _add_ad_earnings(base, own_share, growth, lift, margin, noise[m], cost[m], cloud_cost, ebitda[m])


@disjoint
def _adopt_compute(lag: float, fleet: float, elasticity: Lanes, effective: Lanes, adopted: Lanes, growth: Lanes) -> int:
    """Let adopted growth follow that of effective compute; fill the growth of eps L.

    Returns in how many lanes eps L grew by more than the series of `_add_ad_earnings` covers.
    """
    far = 0
    for lane in range(adopted.size):
        ratio = effective[lane] * fleet
        log_ratio = log_normal_number(1.0 + ratio)
        log_ratio = log_ratio if ratio < np.inf else ratio
        step = lag * (log_ratio - adopted[lane])
        adopted[lane] += step
        exponent = elasticity[lane] * step
        growth[lane] = exponent
        far += 0 if -NEAR <= exponent <= NEAR else 1
    return far


@inner
def _recompute_lift(elasticity: Lanes, adopted: Lanes, growth: Lanes, lift: Lanes) -> None:
    """Compute the lift anew in the lanes where eps L moved further than the series of `_add_ad_earnings` covers."""
    for lane in range(lift.size):
        if not -NEAR <= growth[lane] <= NEAR:
            lift[lane] = exp(elasticity[lane] * adopted[lane]) - 1.0
            growth[lane] = 0.0


@disjoint
def _add_ad_earnings(
    base: float,
    own_share: float,
    growth: Lanes,
    lift: Lanes,
    margin: Lanes,
    noise: Lanes,
    cost: Lanes,
    cloud_cost: Lanes,
    ebitda: Lanes,
) -> None:
    """Set EBITDA to what ads earn more than without the programme, less operating and cloud cost.

    The lift e^(eps L) - 1 moves on by the growth g of eps L: (1 + lift) e^g - 1 = lift + (e^g - 1)(1 + lift).
    """
    for lane in range(ebitda.size):
        rise = exp_less_one_near(growth[lane])
        lifted = lift[lane] + (rise + rise * lift[lane])
        lift[lane] = lifted
        ebitda[lane] = margin[lane] * base * noise[lane] * lifted - (own_share * cost[lane] + cloud_cost[lane])


@inner
def start_project_sums(
    own_share: float, tracing: bool, totals: Totals, flows: SiteFlows, ledger: Ledger, sums: Sums
) -> None:
    """Set the sums before month 0, and invested capital to what the sites alone make of it (by month for a trace)."""
    sums[:] = 0.0
    for lane in range(sums.shape[1]):
        sums[at.CAPITAL_MONTHS, lane] = own_share * totals[at.SITE_CAPITAL_MONTHS, lane]
    if tracing:
        plan_capital, site_capital = ledger[at.PLAN_INVESTED_CAPITAL], flows[at.INVESTED_CAPITAL]
        for m in range(plan_capital.shape[0]):
            for lane in range(plan_capital.shape[1]):
                plan_capital[m, lane] = own_share * site_capital[m, lane]


@inner
def compute_cash_flow(
    f: Finance,
    plan: Plan,
    factors: NDArray[np.float64],
    charges: Charges,
    tracing: bool,
    with_irr: bool,
    rows: Rows,
    flows: SiteFlows,
    ledger: Ledger,
    sums: Sums,
    need: FundingNeed,
    partner: PartnerFigures,
) -> None:
    """Compute the project's cash flow month by month: its sums, the partner's flows, and the funding it needs.

    Sums: npv and apv before the terminal value, profit before tax. `factors` are the discount factors at the JV's rate.
    Fills ledger[CASH_FLOW] where a rate of return or a trace wants it; where the partner's is wanted, its flows before
    tax are in ledger[PARTNER_FLOW] until the cash waterfall.
    """
    cumulative, paid_in, spare, unread = rows[0], rows[1], rows[2], rows[3]
    npv, apv, profit = sums[at.PRESENT_VALUE], sums[at.UNLEVERED_VALUE], sums[at.PROFIT_BEFORE_TAX]
    ebitda, cash_flow, months, kept = ledger[at.EBITDA], ledger[at.CASH_FLOW], f.wacc_discount.size, tracing or with_irr
    scale, depreciation, capex = charges.scale, charges.net_depreciation, charges.net_capex
    peak, peak_month, payback = need.peak, need.peak_month, need.payback
    cumulative[:] = 0.0
    paid_in[:] = 0.0
    peak[:] = np.inf
    for m in range(months):
        flow = cash_flow[m] if kept else spare
        _project_month(
            scale, f.tax, f.wacc_discount[m], f.unlevered_cost_discount[m], ebitda[m], depreciation[m], capex[m], flow,
            profit, npv, apv,
        )  # fmt: skip
        if plan.jv.on:
            rates = PartnerRates(plan.own_share, 1.0 - f.tax, plan.jv.discount[m], factors[m + 1])
            split_month_with_partner(
                rates, flows[at.PARTNER_FUNDING, m], flows[at.RENT, m], flows[at.GUARANTEE, m],
                flows[at.PARTNER_RESIDUAL, m], ledger[at.PARTNER_FLOW, m] if with_irr else unread, flow,
                sums[at.PARTNER_TRANSFERS], sums[at.PARTNER_CHARGES], sums[at.CAPITAL_MONTHS], paid_in, partner.npv,
                partner.guarantee,
            )  # fmt: skip
            if tracing:
                for lane in range(paid_in.size):
                    ledger[at.PLAN_INVESTED_CAPITAL, m, lane] -= paid_in[lane]
        _track_funding_need(float(m), float(months), flow, cumulative, peak, peak_month, payback)
    for lane in range(peak.size):
        peak[lane] = max(-peak[lane], 0.0)


@disjoint
def _project_month(
    scale: float,
    tax: float,
    discount: float,
    unlevered: float,
    ebitda: Lanes,
    depreciation: Lanes,
    capex: Lanes,
    flow: Lanes,
    profit: Lanes,
    npv: Lanes,
    apv: Lanes,
) -> None:
    """Compute one month of the project's flow, before what passes between sponsor and partner."""
    for lane in range(npv.size):
        taxable = ebitda[lane] - scale * depreciation[lane]
        cash = ebitda[lane] - tax * taxable - scale * capex[lane]
        flow[lane] = cash
        profit[lane] += taxable
        npv[lane] += discount * cash
        apv[lane] += unlevered * cash


@disjoint
def _track_funding_need(
    now: float, never: float, cash_flow: Lanes, cumulative: Lanes, peak: Lanes, peak_month: Lanes, payback: Lanes
) -> None:
    """Follow the cumulative flow: its lowest value in `peak`, that month, and the month in which it is paid back."""
    for lane in range(peak.size):
        flow = cumulative[lane] + cash_flow[lane]
        cumulative[lane] = flow
        lowest, back = peak[lane], payback[lane]
        lower = flow < lowest
        unchanged = back < never or flow < 0.0
        back = back if unchanged else now
        payback[lane] = never if lower else back
        peak_month[lane] = now if lower else peak_month[lane]
        peak[lane] = flow if lower else lowest


@inner
def compute_terminal_value(
    f: Finance, p: Programme, own_share: float, trailing: Lanes, totals: Totals, out: Lanes
) -> None:
    """Fill the terminal value: compute as sold, shell at book x min(1, P12 / 12), gain or loss on both taxed."""
    for lane in range(out.size):
        rate = min(1.0, trailing[lane] / p.shell_price)
        brings = totals[at.COMPUTE_VALUE][lane] + totals[at.SHELL_VALUE][lane] * rate
        out[lane] = own_share * (brings - f.tax * (brings - totals[at.BOOK_VALUE][lane]))
