"""A plan's months before financing: operating result, unlevered cash flow and the figures that rest on it.

Signs: income positive, spending negative in the cash flow; `capex` and costs are positive amounts. A pass over months
is a few short loops over lanes a month, so that they vectorise, on arrays taken out of their tuples beforehand: a
tuple of arrays inside the month loop costs more than the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.drivers.arpu import Arpu
from simulator.elementary import exp, log
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Rows, Totals, World
from simulator.finance.programme import Finance, Programme


@inner
def operate(p: Programme, arpu: Arpu, world: World, rows: Rows, ledger: Ledger) -> None:
    """Fill W and EBITDA: incremental ad revenue at its margin less operating cost.

    L_m = L_{m-1} + a (ln((C0 + W) / C0) - L_{m-1}); increment = margin base exp(x) (exp(eps L) - 1).
    """
    running, active, adopted, spent = rows[0], rows[1], rows[2], rows[3]
    cost_change, fee, work_change, ebitda = (
        ledger[at.COST_CHANGE],
        ledger[at.FEE],
        ledger[at.WORK_CHANGE],
        ledger[at.EBITDA],
    )
    effective, work, noise = ledger[at.EFFECTIVE], world.monthly[at.WORK], world.monthly[at.NOISE]
    epsilon, margin, lag = world.lanes[at.EPSILON], world.lanes[at.MARGIN], arpu.lag
    running[:] = 0.0
    active[:] = 0.0
    adopted[:] = 0.0
    for m in range(p.growth.size):
        scale, fleet, base = p.growth[m] / 12e3, 1.0 / arpu.fleet[m], arpu.base[m]
        for lane in range(running.size):
            running[lane] += cost_change[m, lane]
            spent[lane] = running[lane] * scale + fee[m, lane]
            active[lane] += work_change[m, lane]
            effective[m, lane] = active[lane] * work[m, lane]
        for lane in range(running.size):
            adopted[lane] += lag * (log(1.0 + effective[m, lane] * fleet) - adopted[lane])
        for lane in range(running.size):
            lift = exp(epsilon[lane] * adopted[lane]) - 1.0
            ebitda[m, lane] = margin[lane] * base * noise[m, lane] * lift - spent[lane]


@inner
def settle(f: Finance, sunk: Lanes, rows: Rows, ledger: Ledger, npv: Lanes, apv: Lanes, roic: Lanes) -> None:
    """Fill taxable result, cash flow and invested capital; present values of the flow and return on the capital."""
    written, book, invested = rows[0], rows[1], rows[2]
    ebitda, change, capex, sale, gain = (
        ledger[at.EBITDA],
        ledger[at.DEPRECIATION],
        ledger[at.CAPEX],
        ledger[at.SALE],
        ledger[at.GAIN],
    )
    taxable, cash_flow, books = ledger[at.TAXABLE], ledger[at.CASH_FLOW], ledger[at.BOOK]
    written[:] = 0.0
    invested[:] = 0.0
    book[:] = sunk
    tax = f.tax
    for m in range(f.discount.size):
        discount, unlevered = f.discount[m], f.discount_unlevered[m]
        for lane in range(npv.size):
            written[lane] += change[m, lane]
            taxable[m, lane] = ebitda[m, lane] - written[lane] + gain[m, lane]
            roic[lane] += taxable[m, lane]
        for lane in range(npv.size):
            spent = capex[m, lane] - sale[m, lane]
            cash_flow[m, lane] = ebitda[m, lane] - tax * taxable[m, lane] - spent
            npv[lane] += discount * cash_flow[m, lane]
            apv[lane] += unlevered * cash_flow[m, lane]
        for lane in range(npv.size):
            book[lane] += (capex[m, lane] - written[lane]) - (sale[m, lane] - gain[m, lane])
            invested[lane] += book[lane]
            books[m, lane] = book[lane]
    for lane in range(npv.size):
        some = invested[lane] > 0.0
        roic[lane] = 12.0 * (1.0 - tax) * roic[lane] / (invested[lane] if some else 1.0)


@inner
def need(rows: Rows, cash_flow: Monthly, peak: Lanes, peak_month: Lanes, payback: Lanes) -> None:
    """Peak funding (>= 0), its month, and the first month after it with a cumulative flow >= 0 (never: the horizon)."""
    months, cumulative = cash_flow.shape[0], rows[0]
    cumulative[:] = 0.0
    peak[:] = np.inf
    for m in range(months):
        for lane in range(peak.size):
            cumulative[lane] += cash_flow[m, lane]
            flow = cumulative[lane]
            lower = flow < peak[lane]
            waits = payback[lane] < months or flow < 0.0
            payback[lane] = months if lower else (payback[lane] if waits else m)
            peak_month[lane] = m if lower else peak_month[lane]
            peak[lane] = flow if lower else peak[lane]
    for lane in range(peak.size):
        peak[lane] = max(-peak[lane], 0.0)


@inner
def idle(rows: Rows, changes: Monthly, funding: Monthly, stranded: Monthly, cost: Lanes, worst: Lanes) -> None:
    """Turn changes of idle capital into its level; carrying cost at the opening r + s; largest stranded value."""
    level = rows[0]
    level[:] = 0.0
    for m in range(changes.shape[0]):
        for lane in range(cost.size):
            level[lane] += changes[m, lane]
            changes[m, lane] = level[lane]
            cost[lane] += level[lane] * funding[m, lane] / 12.0
            worst[lane] = stranded[m, lane] if stranded[m, lane] > worst[lane] else worst[lane]


@inner
def age(
    p: Programme, world: World, in_service: Lanes, rows: Rows, ledger: Ledger, end: Lanes, life: Lanes, mature: Lanes
) -> None:
    """Economic end: the first month in which first vintages together earn less than they cost to run.

    Until then their value and their MW add to the mean life and maturity of the assets, years (NaN without a site in
    service). Turns changes of the MW in service into their level.
    """
    months, worth, value_mw, mw = p.growth.size, rows[0], rows[1], rows[2]
    first_change, service, operating_cost = ledger[at.FIRST_CHANGE], ledger[at.SERVICE], world.lanes[at.OPERATING_COST]
    value, trailing = world.monthly[at.VALUE], world.monthly[at.TRAILING]
    worth[:] = 0.0
    mw[:] = 0.0
    end[:] = months
    life[:] = 0.0
    mature[:] = 0.0
    for m in range(months):
        growth = p.growth[m]
        for lane in range(life.size):
            mw[lane] += service[m, lane]
            service[m, lane] = mw[lane]
            worth[lane] += first_change[m, lane]
            value_mw[lane] = value[m, lane] * worth[lane]
        for lane in range(life.size):
            over = trailing[m, lane] * value_mw[lane] < operating_cost[lane] * growth * mw[lane]
            end[lane] = m if over and end[lane] == months else end[lane]
            life[lane] += value_mw[lane] if end[lane] == months else 0.0
            mature[lane] += mw[lane] if end[lane] == months else 0.0
    for lane in range(life.size):
        some = in_service[lane] > 0.0
        scale = 12.0 * in_service[lane] if some else 1.0
        life[lane] = life[lane] / scale if some else np.nan
        mature[lane] = mature[lane] / scale if some else np.nan


@inner
def terminal(f: Finance, p: Programme, trailing: NDArray[np.float64], totals: Totals, out: Lanes) -> None:
    """Terminal value: compute as sold, shell at book x min(1, P12 / 12), gain or loss on both taxed."""
    for lane in range(out.size):
        share = min(1.0, trailing[f.discount.size - 1, lane] / p.shell_price)
        brings = totals[at.COMPUTE_VALUE][lane] + totals[at.SHELL_VALUE][lane] * share
        out[lane] = brings - f.tax * (brings - totals[at.BOOK_VALUE][lane])
