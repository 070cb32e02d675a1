"""A plan's months before financing: operating result, unlevered cash flow and the figures that rest on it.

Signs: income positive, spending negative in the cash flow; `capex` and costs are positive amounts. A pass over months
is a few short loops over lanes a month, so that they vectorise, on arrays taken out of their tuples beforehand: a
tuple of arrays inside the month loop costs more than the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.arpu import Arpu
from simulator.finance import workspace as at
from simulator.finance.financing.partner import Partner, share_month
from simulator.finance.operations.leasing import Letting, nothing_in
from simulator.finance.operations.switching_options import CHOICE_ROWS, choose
from simulator.finance.plan.plans import Joint
from simulator.finance.programme import Finance, Programme
from simulator.finance.sites.build import Lives
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, Sums, Totals, Works, World
from simulator.numerics.jit import disjoint, inline, inner
from simulator.numerics.special_functions import NEAR, exp, exp_less_one_near, log_normal_number


@inline
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
    tracing: bool,
) -> None:
    """Fill EBITDA before letting: incremental ad revenue at its margin less operating and cloud cost.

    Fills W as well, where a cloud, a choice or a trace reads it. L_m = L_{m-1} + a (ln((C0 + W) / C0) - L_{m-1});
    increment = margin base exp(x) (exp(eps L) - 1).
    """
    adopted, away, paid, lift, grows, row = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    does, cost, working = works[at.DOES], works[at.RUNNING], works[at.WORKING]
    effective, cloud, ebitda = ledger[at.EFFECTIVE], ledger[at.CLOUD], ledger[at.EBITDA]
    work, noise = world.monthly[at.WORK], world.monthly[at.NOISE]
    epsilon, margin, lag = world.lanes[at.EPSILON], world.lanes[at.MARGIN], arpu.lag_share
    adopted[:] = 0.0
    away[:] = 0.0
    paid[:] = 0.0
    lift[:] = 0.0
    if q.choosing:
        scratch[CHOICE_ROWS : CHOICE_ROWS + mw.size] = 0.0  # nobody has taken the option before month 0
    own, kept, rents, idle = q.own, q.own * q.kept, q.own < 1.0, True
    filled = rents or q.choosing or tracing
    for m in range(p.growth.size):
        fleet, base = 1.0 / arpu.fleet0_by_month[m], arpu.revenue0_by_month[m]
        if q.choosing:
            choose(
                m, january[m] == 1, q, mw, arpu, market[m], world, lives, working[m], adopted, scratch, ledger, away
            )  # fmt: skip
        w = effective[m] if filled else row
        if rents:
            for lane in range(paid.size):
                w[lane] += kept * (does[m, lane] - away[lane]) * work[m, lane]
                paid[lane] = cloud[m, lane]
        else:
            for lane in range(paid.size):
                w[lane] = kept * (does[m, lane] - away[lane]) * work[m, lane]
        idle = idle and nothing_in(w)
        if idle:  # nothing works yet on any path: e^0 - 1 need not be worked out
            for lane in range(paid.size):
                ebitda[m, lane] = 0.0 - (own * cost[m, lane] + paid[lane])
            continue
        if _adopt(lag, fleet, epsilon, w, adopted, grows) > 0:
            _leap(epsilon, adopted, grows, lift)
        _earn(base, own, grows, lift, margin, noise[m], cost[m], paid, ebitda[m])


@disjoint
def _adopt(lag: float, fleet: float, epsilon: Lanes, effective: Lanes, adopted: Lanes, grows: Lanes) -> int:
    """Adopted growth follows that of effective compute; what eps L `grows` by, and in how many lanes by a lot."""
    far = 0
    for lane in range(adopted.size):
        more = effective[lane] * fleet
        growth = log_normal_number(1.0 + more)
        growth = growth if more < np.inf else more
        step = lag * (growth - adopted[lane])
        adopted[lane] += step
        rises = epsilon[lane] * step
        grows[lane] = rises
        far += 0 if -NEAR <= rises <= NEAR else 1
    return far


@inner
def _leap(epsilon: Lanes, adopted: Lanes, grows: Lanes, lift: Lanes) -> None:
    """The lift worked out anew in the lanes where eps L moved further than the series of `_earn` goes."""
    for lane in range(lift.size):
        if not -NEAR <= grows[lane] <= NEAR:
            lift[lane] = exp(epsilon[lane] * adopted[lane]) - 1.0
            grows[lane] = 0.0


@disjoint
def _earn(
    base: float,
    own: float,
    grows: Lanes,
    lift: Lanes,
    margin: Lanes,
    noise: Lanes,
    cost: Lanes,
    paid: Lanes,
    ebitda: Lanes,
) -> None:
    """What ads earn more than without the programme, less operating and cloud cost.

    The lift e^(eps L) - 1 moves on by what eps L grows by: (1 + lift) e^g - 1 = lift + (e^g - 1)(1 + lift).
    """
    for lane in range(ebitda.size):
        more = exp_less_one_near(grows[lane])
        lifts = lift[lane] + (more + more * lift[lane])
        lift[lane] = lifts
        ebitda[lane] = margin[lane] * base * noise[lane] * lifts - (own * cost[lane] + paid[lane])


@inner
def open_project(own: float, tracing: bool, totals: Totals, works: Works, ledger: Ledger, sums: Sums) -> None:
    """Sums before month 0, and what the sites alone make of invested capital (by month for a trace)."""
    sums[:] = 0.0
    for lane in range(sums.shape[1]):
        sums[at.CAPITAL, lane] = own * totals[at.INVESTED, lane]
    if tracing:
        books, book = ledger[at.BOOK], works[at.BOOK_OF_SITES]
        for m in range(books.shape[0]):
            for lane in range(books.shape[1]):
                books[m, lane] = own * book[m, lane]


@inner
def settle(
    f: Finance,
    scale: float,
    charged: Monthly,
    spent: Monthly,
    own: float,
    j: Joint,
    discount: NDArray[np.float64],
    tracing: bool,
    with_irr: bool,
    rows: Rows,
    works: Works,
    ledger: Ledger,
    sums: Sums,
    peak: Lanes,
    peak_month: Lanes,
    payback: Lanes,
    partner: Partner,
) -> None:
    """The project's cash flow month by month: its sums, the partner's flows, and how much it takes for how long.

    `scale` times `charged` and `spent` are depreciation less gains and capex less sales. Sums: npv and apv before the
    terminal value, profit before tax. Fills ledger[CASH_FLOW] where a rate of return or a trace wants it; where the
    partner's is wanted, its flows before tax stand in ledger[CFADS] until the levered month. `peak` is peak funding
    (>= 0), with its month, `payback` the first month after it with a cumulative flow >= 0 (never: the horizon).
    """
    cumulative, paid, spare, unread = rows[0], rows[1], rows[2], rows[3]
    npv, apv, profit = sums[at.PRESENT], sums[at.UNLEVERED], sums[at.EARNED]
    ebitda, cash_flow, months, kept = ledger[at.EBITDA], ledger[at.CASH_FLOW], f.discount.size, tracing or with_irr
    cumulative[:] = 0.0
    paid[:] = 0.0
    peak[:] = np.inf
    for m in range(months):
        flow = cash_flow[m] if kept else spare
        _settle_month(
            scale, f.tax, f.discount[m], f.discount_unlevered[m], ebitda[m], charged[m], spent[m], flow, profit, npv,
            apv,
        )  # fmt: skip
        if j.share > 0.0:
            share_month(
                own, 1.0 - f.tax, discount[m], j.decay[m + 1], works[at.PARTNER, m], works[at.RENT, m],
                works[at.GUARANTEE, m], works[at.RETURNED, m], ledger[at.CFADS, m] if with_irr else unread, flow,
                sums[at.PASSED], sums[at.CHARGED], sums[at.CAPITAL], paid, partner.npv, partner.guarantee,
            )  # fmt: skip
            if tracing:
                for lane in range(paid.size):
                    ledger[at.BOOK, m, lane] -= paid[lane]
        _need_month(float(m), float(months), flow, cumulative, peak, peak_month, payback)
    for lane in range(peak.size):
        peak[lane] = max(-peak[lane], 0.0)


@disjoint
def _settle_month(
    own: float,
    tax: float,
    discount: float,
    unlevered: float,
    ebitda: Lanes,
    charged: Lanes,
    spent: Lanes,
    flow: Lanes,
    profit: Lanes,
    npv: Lanes,
    apv: Lanes,
) -> None:
    """One month of `settle`, before what passes between sponsor and partner."""
    for lane in range(npv.size):
        result = ebitda[lane] - own * charged[lane]
        gains = ebitda[lane] - tax * result - own * spent[lane]
        flow[lane] = gains
        profit[lane] += result
        npv[lane] += discount * gains
        apv[lane] += unlevered * gains


@disjoint
def _need_month(
    now: float, never: float, cash_flow: Lanes, cumulative: Lanes, peak: Lanes, peak_month: Lanes, payback: Lanes
) -> None:
    """What the flows so far took and gave back; `peak` is the lowest cumulative flow."""
    for lane in range(peak.size):
        flow = cumulative[lane] + cash_flow[lane]
        cumulative[lane] = flow
        lowest, back = peak[lane], payback[lane]
        lower = flow < lowest
        waits = back < never or flow < 0.0
        back = back if waits else now
        payback[lane] = never if lower else back
        peak_month[lane] = now if lower else peak_month[lane]
        peak[lane] = flow if lower else lowest


@inner
def terminal(f: Finance, p: Programme, own: float, trailing: Lanes, totals: Totals, out: Lanes) -> None:
    """Terminal value: compute as sold, shell at book x min(1, P12 / 12), gain or loss on both taxed."""
    for lane in range(out.size):
        rate = min(1.0, trailing[lane] / p.shell_price)
        brings = totals[at.COMPUTE_VALUE][lane] + totals[at.SHELL_VALUE][lane] * rate
        out[lane] = own * (brings - f.tax * (brings - totals[at.BOOK_VALUE][lane]))
