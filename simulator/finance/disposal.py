"""Assets held for sale: written down at once, sold within a year or returned to use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.drivers.marginals import Marginals, sample
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Rows, Sums
from simulator.finance.plan import Plan
from simulator.finance.programme import Finance, Programme


@inner
def dispose(
    p: Programme,
    f: Finance,
    marginals: Marginals,
    plan: Plan,
    tracing: bool,
    z: NDArray[np.float64],
    trailing: Lanes,
    ledger: Ledger,
    sums: Sums,
    rows: Rows,
    write_offs: Lanes,
    end_value: Lanes,
) -> None:
    """Add a plan's pool to its settled months and their sums (npv, apv, profit, invested capital).

    Lower of carrying value and price: the loss is booked at month 0, the gain at closing; no depreciation while held.
    `end_value` gains what an unsold pool is worth at the horizon, after tax.
    """
    taxable, net, flow, books = ledger[at.TAXABLE], ledger[at.NET], ledger[at.CASH_FLOW], ledger[at.BOOK]
    npv, apv, profit, invested = sums[at.PRESENT], sums[at.UNLEVERED], sums[at.EARNED], sums[at.CAPITAL]
    months, lanes = taxable.shape
    ratios, closing = rows[0], rows[1]
    sample(marginals, plan.disposal_ratio, z[p.z_ratio], ratios)
    sample(marginals, plan.disposal_when, z[p.z_when], closing)
    carrying, back = plan.disposal, plan.disposal_end
    for lane in range(lanes):
        ratio = ratios[lane]
        closes = z[p.z_close, lane] < plan.disposal_z
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
            change = sold - f.tax * result
            taxable[m, lane] += result
            net[m, lane] -= sold
            flow[m, lane] += change
            npv[lane] += f.discount[m] * change
            apv[lane] += f.discount_unlevered[m] * change
            profit[lane] += result
            if tracing:
                books[m, lane] += book if m < when else 0.0
            invested[lane] += book if m < when else 0.0
        if not closes:
            brings = book * min(1.0, trailing[lane] / p.shell_price)
            end_value[lane] += brings - f.tax * (brings - book)
