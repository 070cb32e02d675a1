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
from simulator.finance.choices import choose
from simulator.finance.ledger import Lanes, Ledger, Monthly, Rows, Sums, Totals, Works, World
from simulator.finance.letting import Letting
from simulator.finance.programme import Finance, Programme
from simulator.finance.sites import Lives


@inner
def operate(
    p: Programme,
    arpu: Arpu,
    q: Letting,
    mw: NDArray[np.float64],
    market: NDArray[np.float64],
    january: NDArray[np.int64],
    world: World,
    works: Works,
    lives: Lives,
    rows: Rows,
    scratch: NDArray[np.float64],
    ledger: Ledger,
) -> None:
    """Fill W and EBITDA before letting: incremental ad revenue at its margin less operating and cloud cost.

    L_m = L_{m-1} + a (ln((C0 + W) / C0) - L_{m-1}); increment = margin base exp(x) (exp(eps L) - 1).
    """
    adopted, away, paid = rows[0], rows[1], rows[2]
    does, cost, working = works[at.DOES], works[at.RUNNING], works[at.WORKING]
    effective, cloud, ebitda = ledger[at.EFFECTIVE], ledger[at.CLOUD], ledger[at.EBITDA]
    work, noise = world.monthly[at.WORK], world.monthly[at.NOISE]
    epsilon, margin, lag = world.lanes[at.EPSILON], world.lanes[at.MARGIN], arpu.lag
    adopted[:] = 0.0
    away[:] = 0.0
    paid[:] = 0.0
    own, kept, rents = q.own, q.own * q.kept, q.own < 1.0
    for m in range(p.growth.size):
        fleet, base = 1.0 / arpu.fleet[m], arpu.base[m]
        if q.choosing:
            choose(
                m, january[m] == 1, q, mw, arpu, market[m], world, lives, working[m], adopted, scratch, ledger, away
            )  # fmt: skip
        if rents:
            for lane in range(paid.size):
                effective[m, lane] += kept * (does[m, lane] - away[lane]) * work[m, lane]
                paid[lane] = cloud[m, lane]
        else:
            for lane in range(paid.size):
                effective[m, lane] = kept * (does[m, lane] - away[lane]) * work[m, lane]
        for lane in range(paid.size):
            adopted[lane] += lag * (log(1.0 + effective[m, lane] * fleet) - adopted[lane])
        for lane in range(paid.size):
            lift = exp(epsilon[lane] * adopted[lane]) - 1.0
            ebitda[m, lane] = margin[lane] * base * noise[m, lane] * lift - (own * cost[m, lane] + paid[lane])


@inner
def settle(f: Finance, own: float, totals: Totals, tracing: bool, works: Works, ledger: Ledger, sums: Sums) -> None:
    """Fill taxable result, net spending, cash flow and, for a trace, invested capital of the whole project; their sums.

    npv and apv before the terminal value, profit before tax and invested capital over the months.
    """
    npv, apv, profit, invested = sums[0], sums[1], sums[2], sums[3]
    ebitda, written, spent = ledger[at.EBITDA], works[at.WRITTEN], works[at.SPENDING]
    taxable, net, cash_flow = ledger[at.TAXABLE], ledger[at.NET], ledger[at.CASH_FLOW]
    tax = f.tax
    sums[:] = 0.0
    for lane in range(npv.size):
        invested[lane] = own * totals[at.INVESTED, lane]
    for m in range(f.discount.size):
        discount, unlevered = f.discount[m], f.discount_unlevered[m]
        for lane in range(npv.size):
            taxable[m, lane] = ebitda[m, lane] - own * written[m, lane]
            net[m, lane] = own * spent[m, lane]
            cash_flow[m, lane] = ebitda[m, lane] - tax * taxable[m, lane] - net[m, lane]
            profit[lane] += taxable[m, lane]
            npv[lane] += discount * cash_flow[m, lane]
            apv[lane] += unlevered * cash_flow[m, lane]
    if tracing:
        books, book = ledger[at.BOOK], works[at.BOOK_OF_SITES]
        for m in range(f.discount.size):
            for lane in range(npv.size):
                books[m, lane] = own * book[m, lane]


@inner
def share(
    tax: float,
    own: float,
    discount: NDArray[np.float64],
    tracing: bool,
    rows: Rows,
    works: Works,
    ledger: Ledger,
    sums: Sums,
) -> None:
    """Add what passes between sponsor and partner to cash flow and sums, and take its part out of the book value.

    Second bracket of npv: the partner's funding and distribution, less rent and guarantee after tax.
    """
    paid = rows[0]
    npv, apv, profit, invested = sums[0], sums[1], sums[2], sums[3]
    rents, partner, guarantee = works[at.RENT], works[at.PARTNER], works[at.GUARANTEE]
    rent_paid, inflow, guaranteed = ledger[at.RENT_PAID], ledger[at.PARTNER_FLOW], ledger[at.GUARANTEED]
    cash_flow, books = ledger[at.CASH_FLOW], ledger[at.BOOK]
    paid[:] = 0.0
    for m in range(discount.size):
        for lane in range(paid.size):
            rent_paid[m, lane] = own * rents[m, lane]
            inflow[m, lane] = own * partner[m, lane]
            guaranteed[m, lane] = own * guarantee[m, lane]
            charge = rent_paid[m, lane] + guaranteed[m, lane]
            passes = inflow[m, lane] - (1.0 - tax) * charge
            cash_flow[m, lane] += passes
            npv[lane] += discount[m] * passes
            apv[lane] += discount[m] * passes
            profit[lane] -= charge
        for lane in range(paid.size):
            paid[lane] += inflow[m, lane]
            invested[lane] -= paid[lane]
        if tracing:
            for lane in range(paid.size):
                books[m, lane] -= paid[lane]


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
def terminal(f: Finance, p: Programme, own: float, trailing: Lanes, totals: Totals, out: Lanes) -> None:
    """Terminal value: compute as sold, shell at book x min(1, P12 / 12), gain or loss on both taxed."""
    for lane in range(out.size):
        rate = min(1.0, trailing[lane] / p.shell_price)
        brings = totals[at.COMPUTE_VALUE][lane] + totals[at.SHELL_VALUE][lane] * rate
        out[lane] = own * (brings - f.tax * (brings - totals[at.BOOK_VALUE][lane]))
