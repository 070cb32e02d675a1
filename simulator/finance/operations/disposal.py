"""Assets held for sale: written down at once, sold within a year or returned to use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import sample
from simulator.finance import workspace as at
from simulator.finance.company import Company
from simulator.finance.plan.plans import Plan
from simulator.finance.workspace import Lanes, Ledger, Rows, SiteFlows, Sums
from simulator.numerics.jit import inner

__all__: list[str] = []  # used in this folder only


@inner
def sell_pool(
    c: Company,
    plan: Plan,
    tracing: bool,
    z: NDArray[np.float64],
    trailing: Lanes,
    flows: SiteFlows,
    ledger: Ledger,
    sums: Sums,
    rows: Rows,
    write_offs: Lanes,
    end_value: Lanes,
) -> None:
    """Fill ledger[PLAN_NET_DEPRECIATION] and [PLAN_NET_CAPEX] with the pool, and add it to invested capital.

    Lower of carrying value and price: the loss is booked at month 0, the gain at closing; no depreciation while held.
    `end_value` gains what an unsold pool is worth at the horizon, after tax; `trailing` is the last month's price.
    """
    p, tax, disposal = c.programme, c.finance.tax, plan.disposal
    charges, net_capex = ledger[at.PLAN_NET_DEPRECIATION], ledger[at.PLAN_NET_CAPEX]
    traced_capital, capital_months = ledger[at.PLAN_INVESTED_CAPITAL], sums[at.CAPITAL_MONTHS]
    months, lanes = net_capex.shape
    for m in range(months):
        for lane in range(lanes):
            charges[m, lane] = plan.own_share * flows[at.NET_DEPRECIATION, m, lane]
            net_capex[m, lane] = plan.own_share * flows[at.NET_CAPEX, m, lane]
    ratios, closing = rows[0], rows[1]
    sample(c.marginals, disposal.ratio_marginal, z[p.disposal_ratio_row], ratios)
    sample(c.marginals, disposal.months_marginal, z[p.disposal_months_row], closing)
    carrying, back = disposal.carrying, disposal.months
    for lane in range(lanes):
        ratio = ratios[lane]
        closes = z[p.disposal_probability_row, lane] < disposal.probability_threshold
        when = int(closing[lane]) if closes else months
        book = carrying * min(1.0, ratio)
        depreciation = book / p.shell_life
        write_offs[lane] += carrying - book
        for m in range(months):
            gain = book - carrying if m == 0 else 0.0
            sold = carrying * ratio if m == when else 0.0
            gain += sold - book if m == when else 0.0
            if not closes and back <= m < back + p.shell_life:
                gain -= depreciation
                book -= depreciation
            charges[m, lane] -= gain
            net_capex[m, lane] -= sold
            if tracing:
                traced_capital[m, lane] += book if m < when else 0.0
            capital_months[lane] += book if m < when else 0.0
        if not closes:
            brings = book * min(1.0, trailing[lane] / p.shell_price)
            end_value[lane] += brings - tax * (brings - book)
