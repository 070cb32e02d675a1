"""The monthly step before financing: operating result, unlevered cash flow and the figures that rest on it.

Signs: income positive, spending negative in `cash_flow`; `capex` and costs are positive amounts. Loops are kept
short so that each vectorises over lanes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.drivers.arpu import Arpu
from simulator.elementary import exp, log
from simulator.finance.ledger import Lanes, Ledger, Monthly, Totals, World
from simulator.finance.programme import Finance, Programme


@inner
def accumulate(change: Monthly, level: Monthly) -> None:
    """Running sum over months; `change` and `level` may be the same array."""
    for lane in range(change.shape[1]):
        level[0, lane] = change[0, lane]
    for m in range(1, change.shape[0]):
        for lane in range(change.shape[1]):
            level[m, lane] = level[m - 1, lane] + change[m, lane]


@inner
def operate(p: Programme, arpu: Arpu, world: World, scratch: NDArray[np.float64], ledger: Ledger) -> None:
    """Fill W, MW in service and EBITDA: incremental ad revenue at its margin less operating cost.

    L_m = L_{m-1} + a (ln((C0 + W) / C0) - L_{m-1}); increment = margin base exp(x) (exp(eps L) - 1).
    """
    months, lanes = ledger.ebitda.shape
    running, adopted, active, rest = scratch[0], scratch[1], scratch[2], scratch[3]
    running[:] = 0.0
    adopted[:] = 0.0
    active[:] = 0.0
    for m in range(months):
        scale = p.growth[m] / 12e3
        fleet, base = 1.0 / arpu.fleet[m], arpu.base[m]
        for lane in range(lanes):
            running[lane] += ledger.cost_change[m, lane]
            active[lane] += ledger.work_change[m, lane]
            rest[lane] = -(running[lane] * scale + ledger.fee[m, lane])
        for lane in range(lanes):
            effective = active[lane] * world.work[m, lane]
            ledger.effective[m, lane] = effective
            adopted[lane] += arpu.lag * (log(1.0 + effective * fleet) - adopted[lane])
        for lane in range(lanes):
            lift = exp(world.epsilon[lane] * adopted[lane]) - 1.0
            ledger.ebitda[m, lane] = rest[lane] + world.margin[lane] * base * world.noise[m, lane] * lift


@inner
def settle(f: Finance, ledger: Ledger) -> None:
    """Fill depreciation, taxable result before interest, unlevered cash flow and its running sum."""
    months, lanes = ledger.ebitda.shape
    accumulate(ledger.depreciation, ledger.depreciation)
    for m in range(months):
        for lane in range(lanes):
            taxable = ledger.ebitda[m, lane] - ledger.depreciation[m, lane] + ledger.gain[m, lane]
            ledger.taxable[m, lane] = taxable
            spent = ledger.capex[m, lane] - ledger.sale[m, lane]
            ledger.cash_flow[m, lane] = ledger.ebitda[m, lane] - f.tax * taxable - spent
    accumulate(ledger.cash_flow, ledger.cumulative)


@inner
def terminal(f: Finance, p: Programme, world: World, totals: Totals, out: Lanes) -> None:
    """Terminal value: compute as sold, shell at book x min(1, P12 / 12), gain or loss on both taxed."""
    last = world.trailing[f.discount.size - 1]
    for lane in range(out.size):
        share = min(1.0, last[lane] / p.shell_price)
        brings = totals.compute_value[lane] + totals.shell_value[lane] * share
        out[lane] = brings - f.tax * (brings - totals.book[lane])


@inner
def present_value(discount: NDArray[np.float64], ledger: Ledger, end: Lanes, out: Lanes) -> None:
    """Sum of the discounted unlevered cash flows and terminal value `end`."""
    months = discount.size
    for lane in range(out.size):
        out[lane] = discount[months - 1] * end[lane]
    for m in range(months):
        for lane in range(out.size):
            out[lane] += discount[m] * ledger.cash_flow[m, lane]


@inner
def funding_need(ledger: Ledger, peak: Lanes, peak_month: Lanes, payback: Lanes) -> None:
    """Peak funding (>= 0), its month, and the first month after it with a cumulative flow >= 0 (never: the horizon)."""
    months, lanes = ledger.cumulative.shape
    peak[:] = np.inf
    for m in range(months):
        for lane in range(lanes):
            flow = ledger.cumulative[m, lane]
            lower = flow < peak[lane]
            back = payback[lane] < months or flow < 0.0
            payback[lane] = months if lower else (payback[lane] if back else m)
            peak_month[lane] = m if lower else peak_month[lane]
            peak[lane] = min(flow, peak[lane])
    for lane in range(lanes):
        peak[lane] = max(-peak[lane], 0.0)


@inner
def employed(f: Finance, world: World, totals: Totals, ledger: Ledger, roic: Lanes, idle_cost: Lanes) -> None:
    """Invested capital and idle capital by month; return on the one, carrying cost at opening r + s of the other."""
    months, lanes = ledger.book.shape
    for m in range(months):
        for lane in range(lanes):
            before = totals.sunk[lane] if m == 0 else ledger.book[m - 1, lane]
            sold = ledger.sale[m, lane] - ledger.gain[m, lane]
            ledger.book[m, lane] = before + (ledger.capex[m, lane] - ledger.depreciation[m, lane]) - sold
    accumulate(ledger.idle_change, ledger.idle)
    _mean_return(f, ledger, roic, idle_cost)
    idle_cost[:] = 0.0
    for m in range(months):
        for lane in range(lanes):
            idle_cost[lane] += ledger.idle[m, lane] * world.funding[m, lane] / 12.0


@inner
def _mean_return(f: Finance, ledger: Ledger, roic: Lanes, invested: Lanes) -> None:
    """Annual after-tax operating result over mean invested capital; `invested` is scratch."""
    months, lanes = ledger.book.shape
    roic[:] = 0.0
    invested[:] = 0.0
    for m in range(months):
        for lane in range(lanes):
            roic[lane] += (1.0 - f.tax) * ledger.taxable[m, lane]
            invested[lane] += ledger.book[m, lane]
    for lane in range(lanes):
        some = invested[lane] > 0.0
        roic[lane] = 12.0 * roic[lane] / (invested[lane] if some else 1.0)


@inner
def worst_stranded(ledger: Ledger, worst: Lanes) -> None:
    """Largest stranded value over the months."""
    lanes, months = ledger.stranded.shape
    for lane in range(lanes):
        row = ledger.stranded[lane]
        largest = 0.0
        for m in range(months):
            largest = max(largest, row[m])
        worst[lane] = largest


@inner
def economic_end(
    p: Programme,
    world: World,
    totals: Totals,
    ledger: Ledger,
    worth: Lanes,
    end: Lanes,
    life: Lanes,
    maturity: Lanes,
) -> None:
    """First month in which first vintages together earn less than they cost to run (never: the horizon).

    Fills that month, the mean life of their value and the mean time to the end, years (NaN without a site in service).
    """
    months, lanes = ledger.service.shape
    accumulate(ledger.service_change, ledger.service)
    worth[:] = 0.0
    end[:] = months
    life[:] = 0.0
    maturity[:] = 0.0
    for m in range(months):
        for lane in range(lanes):
            worth[lane] += ledger.first_change[m, lane]
            earns = world.trailing[m, lane] * (world.value[m, lane] * worth[lane])
            over = earns < world.operating_cost[lane] * p.growth[m] * ledger.service[m, lane]
            end[lane] = m if over and end[lane] == months else end[lane]
        for lane in range(lanes):
            open_ = end[lane] == months
            life[lane] += world.value[m, lane] * worth[lane] if open_ else 0.0
            maturity[lane] += ledger.service[m, lane] if open_ else 0.0
    for lane in range(lanes):
        some = totals.in_service[lane] > 0.0
        scale = 12.0 * totals.in_service[lane] if some else 1.0
        life[lane] = life[lane] / scale if some else np.nan
        maturity[lane] = maturity[lane] / scale if some else np.nan
