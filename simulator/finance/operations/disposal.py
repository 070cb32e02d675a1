"""Assets held for sale: written down at once, sold within a year or returned to use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import Marginals, sample
from simulator.finance import workspace as at
from simulator.finance.plan.plans import Plan
from simulator.finance.programme import Finance, Programme
from simulator.finance.workspace import Lanes, Ledger, Rows, Sums, Works
from simulator.numerics.jit import inner


@inner
def dispose(
    p: Programme,
    f: Finance,
    marginals: Marginals,
    plan: Plan,
    tracing: bool,
    z: NDArray[np.float64],
    trailing: Lanes,
    works: Works,
    ledger: Ledger,
    sums: Sums,
    rows: Rows,
    write_offs: Lanes,
    end_value: Lanes,
) -> None:
    """Fill ledger[CHARGES] and ledger[NET] of a plan with its pool, and add the pool to invested capital.

    Lower of carrying value and price: the loss is booked at month 0, the gain at closing; no depreciation while held.
    `end_value` gains what an unsold pool is worth at the horizon, after tax.
    """
    charged, net, books, invested = ledger[at.CHARGES], ledger[at.NET], ledger[at.BOOK], sums[at.CAPITAL]
    months, lanes = net.shape
    for m in range(months):
        for lane in range(lanes):
            charged[m, lane] = plan.own_share * works[at.WRITTEN, m, lane]
            net[m, lane] = plan.own_share * works[at.SPENDING, m, lane]
    ratios, closing = rows[0], rows[1]
    sample(marginals, plan.disposal.ratio_marginal, z[p.z_ratio], ratios)
    sample(marginals, plan.disposal.months_marginal, z[p.z_when], closing)
    carrying, back = plan.disposal.carrying, plan.disposal.months
    for lane in range(lanes):
        ratio = ratios[lane]
        closes = z[p.z_close, lane] < plan.disposal.probability_threshold
        when = int(closing[lane]) if closes else months
        book = carrying * min(1.0, ratio)
        worn = book / p.shell_life
        write_offs[lane] += carrying - book
        for m in range(months):
            result = book - carrying if m == 0 else 0.0
            sold = carrying * ratio if m == when else 0.0
            result += sold - book if m == when else 0.0
            if not closes and back <= m < back + p.shell_life:
                result -= worn
                book -= worn
            charged[m, lane] -= result
            net[m, lane] -= sold
            if tracing:
                books[m, lane] += book if m < when else 0.0
            invested[lane] += book if m < when else 0.0
        if not closes:
            brings = book * min(1.0, trailing[lane] / p.shell_price)
            end_value[lane] += brings - f.tax * (brings - book)
