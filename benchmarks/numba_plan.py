"""The plan on one path in plain numba: one loop over months, then the tests."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.numba_sites import build_sites
from benchmarks.numba_world import njit
from simulator.finance import metrics as row
from simulator.finance.financing.covenants import NO_EARNINGS
from simulator.finance.financing.debt import REFINANCED_MONTHS, REFINANCING_DSCR
from simulator.finance.metrics import world_metrics
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN

WORLD = len(world_metrics(()))


class Accounts(NamedTuple):
    """Series of one path that the tests look back on, (months,)."""

    ebitda: np.ndarray
    taxable: np.ndarray
    service: np.ndarray  # MW
    interest: np.ndarray
    cfads: np.ndarray
    ads: np.ndarray
    cash: np.ndarray
    revolver: np.ndarray


def empty_accounts(months: int) -> Accounts:
    """Arrays of one path, used again for the next."""
    return Accounts(*(np.zeros(months) for _ in Accounts._fields))


@njit
def operate(model, w, s, e, b, a, out):
    """Months before financing."""
    p, f, arpu, months = model.programme, model.finance, model.arpu, model.months
    cost, active, depreciation, service, idle, first = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    adopted, npv, apv, flow, book = 0.0, 0.0, 0.0, 0.0, e.sunk
    lowest, low_month, back = np.inf, 0, months
    invested, earned, idle_cost, stranded = 0.0, 0.0, 0.0, 0.0
    end, life, maturity = months, 0.0, 0.0
    for m in range(months):
        cost += b.cost[m]
        active += b.active[m]
        depreciation += b.depreciation[m]
        service += b.service[m]
        first += b.first[m]
        idle += b.idle[m]
        adopted += arpu.lag_share * (math.log(1.0 + active * w.work[m] / arpu.fleet0_by_month[m]) - adopted)
        a.ads[m] = arpu.revenue0_by_month[m] * w.noise[m]
        ebitda = s.margin * a.ads[m] * (math.exp(s.epsilon * adopted) - 1.0) - cost * p.cost_growth_by_month[m] / 12e3
        taxable = ebitda - depreciation + b.gain[m]
        cash_flow = ebitda - f.tax * taxable - b.spend[m]
        a.ebitda[m], a.taxable[m], a.service[m] = ebitda, taxable, service
        npv += f.wacc_discount[m] * cash_flow
        apv += f.unlevered_cost_discount[m] * cash_flow
        flow += cash_flow
        if flow < lowest:
            lowest, low_month, back = flow, m, months
        elif flow >= 0.0 and back == months:
            back = m
        book += b.spend[m] + b.gain[m] - depreciation
        invested += book
        earned += taxable
        idle_cost += idle * w.funding[m] / 12.0
        stranded = max(stranded, b.stranded[m])
        worth = w.value[m] * first
        if end == months and w.trailing[m] * worth < s.operating_cost * p.cost_growth_by_month[m] * service:
            end = m
        if end == months:
            life += worth
            maturity += service
    brings = e.value * s.resale + e.shell * min(1.0, w.trailing[months - 1] / p.shell_price)
    terminal = brings - f.tax * (brings - e.compute - e.shell)
    out[row.NPV] = npv + f.wacc_discount[months - 1] * terminal
    out[row.APV] = apv + f.unlevered_cost_discount[months - 1] * terminal
    out[row.PAYBACK], out[row.PEAK_MONTH] = back, low_month
    out[row.PEAK_FUNDING] = max(-lowest, 0.0)
    out[row.ROIC] = 12.0 * (1.0 - f.tax) * earned / invested if invested > 0.0 else 0.0
    out[row.IDLE_CAPITAL], out[row.IDLE_COST] = e.idle, idle_cost
    out[row.STRANDED_PEAK], out[row.STRANDED_RETIRED] = stranded, e.retired
    out[row.WRITE_OFFS] = 0.0  # at book life nothing is left to write off
    out[row.ASSET_LIFE] = life / (12.0 * e.in_service) if e.in_service > 0.0 else np.nan
    out[row.WAM_GAP] = maturity / (12.0 * e.in_service) if e.in_service > 0.0 else np.nan  # of the assets so far
    return end


@njit
def finance_months(model, w, s, b, ladder, a, out):
    """Interest, tax, cash and revolver by month."""
    f, plans, arpu, months = model.finance, model.plans, model.arpu, model.months
    out[row.APV] += ladder.shield
    a.interest[:] = ladder.fixed
    for k in range(plans.notes.tranches.maturity.size):
        mature = plans.notes.tranches.maturity[k]
        if mature < months:
            rate = w.funding[mature + 1] + plans.notes.tranches.refinance_margin[k]
            step = math.exp(math.log(1.0 + rate) / -12.0)
            discount = math.exp(math.log(1.0 + rate) / -12.0 * (mature + 1.0))
            due = plans.notes.tranches.amount[k] * rate / 12.0
            for m in range(mature + 1, months):
                discount *= step
                a.interest[m] += due
                out[row.APV] += f.tax * due * discount
    floor, limit = plans.liquidity.floor[0], plans.liquidity.revolver[0]
    cash, revolver = plans.liquidity.opening_cash[0], 0.0
    least, most, short = np.inf, 0.0, 0
    out[row.PLAN :] = 0.0
    for m in range(months):
        drawn = revolver * (w.funding[m] + plans.liquidity.revolver_margin[0]) / 12.0
        taxable = a.taxable[m] - a.interest[m] - drawn
        a.cfads[m] = a.ebitda[m] - f.tax * taxable
        base = f.base_cash_flow_monthly + s.margin * (1.0 - f.tax) * (a.ads[m] - arpu.revenue0_by_month[m])
        cash += base + (1.0 - f.tax) * plans.liquidity.cash_rate[0] / 12.0 * cash
        cash += a.cfads[m] - b.spend[m] - a.interest[m] - drawn
        if m == 0:
            cash += ladder.notes[0]
        draw = min(max(floor - cash, -revolver), limit - revolver)
        cash += draw
        revolver += draw
        a.cash[m], a.revolver[m] = cash, revolver
        least, most = min(least, cash), max(most, revolver)
        short += floor - cash > MONEY_TOLERANCE_USD_BN
        out[row.PLAN + f.fiscal_year[m]] += (1.0 - f.tax) * taxable / f.shares
    out[row.MIN_CASH], out[row.REVOLVER_PEAK], out[row.SHORTFALL_MONTHS] = least, most, short
    out[row.SHORTFALL] = 1.0 if short > 0 else 0.0
    out[row.SHORTFALL_DEPTH] = floor - least if short > 0 else 0.0


@njit
def year_to(series, m):
    total = 0.0
    for k in range(max(0, m - 11), m + 1):
        total += series[k]
    return total


@njit
def test_covenants(model, s, ladder, a, out):
    p, f, plans, months = model.programme, model.finance, model.plans, model.months
    dscr, reserve, icr, leverage, passed = np.inf, np.inf, np.inf, -np.inf, 0
    breach = -1
    for k in range(f.test_months.size):
        m = f.test_months[k]
        interest, ebitda, cfads = year_to(a.interest, m), year_to(a.ebitda, m), year_to(a.cfads, m)
        service = interest + ladder.bullets[m]
        dscr = min(dscr, cfads / service)
        icr = min(icr, ebitda / interest)
        refresh = (
            (p.compute_cost_per_mw + plans.variant.refit[0] * p.shell_cost_per_mw * p.cost_growth_by_month[m])
            * 12.0
            / p.compute_life
        )
        reserve = min(reserve, (cfads - refresh * s.cost * a.service[m]) / service)
        earned = f.ebitda_share * year_to(a.ads, m) + ebitda
        net = plans.liquidity.other_debt[0] + ladder.notes[m] + a.revolver[m] - a.cash[m]
        ratio = net / earned if earned > 0.0 else NO_EARNINGS
        leverage = max(leverage, ratio)
        failed = cfads < plans.covenants.dscr[0] * service
        failed |= ratio > plans.covenants.leverage[0] or a.cash[m] < plans.covenants.cash[0] - MONEY_TOLERANCE_USD_BN
        if failed and breach < 0:
            breach = k
        elif not failed and breach >= 0 and k <= breach + 2:
            passed += 1
    out[row.DSCR_MIN], out[row.FCCR_MIN], out[row.DSCR_RESERVE_MIN], out[row.ICR_MIN] = dscr, dscr, reserve, icr
    out[row.LEVERAGE_MAX] = leverage
    out[row.BREACH] = 1.0 if breach >= 0 else 0.0
    out[row.BREACH_MONTH] = f.test_months[breach] if breach >= 0 else months
    out[row.BREACH_CURED] = np.nan if breach < 0 else (1.0 if passed == 2 else 0.0)
    first = f.test_months[0]
    step, discount, cover = (1.0 + plans.notes.coupon_mean[0]) ** (-1.0 / 12.0), 1.0, 0.0
    for m in range(first + 1, months):
        discount *= step
        cover += discount * a.cfads[m]
    out[row.LLCR] = cover / ladder.notes[first]


@njit
def refinance(model, w, ladder, a, end, out):
    """Refinancing gap, and the gap between debt and assets."""
    plans, months = model.plans, model.months
    gap, term = np.nan, REFINANCED_MONTHS / 12.0
    for k in range(plans.notes.tranches.maturity.size):
        m, amount = plans.notes.tranches.maturity[k], plans.notes.tranches.amount[k]
        if m < months:
            service = 12.0 * a.interest[m] - plans.notes.tranches.rate[k] * amount + ladder.bullets[m] - amount / term
            spare = max(0.0, year_to(a.cfads, m) / REFINANCING_DSCR - service)
            capacity = spare / (w.funding[m + 1] + plans.notes.tranches.refinance_margin[k] + 1.0 / term)
            gap = (0.0 if math.isnan(gap) else gap) + max(0.0, amount - capacity)
    out[row.REFINANCING_GAP] = gap
    out[row.DURATION_GAP] = plans.notes.duration[0] - out[row.ASSET_LIFE]
    out[row.WAM_GAP] = plans.notes.term_mean[0] - out[row.WAM_GAP]
    out[row.DEBT_AT_END] = ladder.notes[end] if end < months else np.nan


@njit
def value_plan(model, w, s, ladder, b, a, out):
    """Fill the plan's figures from the world."""
    out[row.IRR] = np.nan
    totals = build_sites(model, w, s, b)
    end = operate(model, w, s, totals, b, a, out)
    finance_months(model, w, s, b, ladder, a, out)
    test_covenants(model, s, ladder, a, out)
    refinance(model, w, ladder, a, end, out)
