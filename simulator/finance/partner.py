"""What passes between a joint venture's sponsor and partner, what it is worth to the partner, what is owed to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import disjoint, inner
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Rows, Sums, Totals, Works
from simulator.finance.plan import Joint


@inner
def share(
    j: Joint,
    tax: float,
    own: float,
    discount: NDArray[np.float64],
    tracing: bool,
    with_irr: bool,
    rows: Rows,
    works: Works,
    totals: Totals,
    ledger: Ledger,
    sums: Sums,
    npv: Lanes,
    end: Lanes,
    out: Lanes,
) -> None:
    """Book what passes between sponsor and partner, in months and sums, and take the partner's part out of book values.

    The partner pays in its funding and the distribution, and gets rent, guarantees and the value of what exits leave
    it with. Its flows before tax stand in ledger[CFADS] until the levered month where its IRR is wanted; `end` is what
    it holds and is owed at the horizon, `npv` theirs at j.rate; `out` sums what the guarantee pays over the months and
    owes at the horizon. Second bracket of the sponsor's npv: the partner's funding and distribution, less rent and
    guarantee after tax.
    """
    paid, unread = rows[0], rows[1]
    inflow, rent, guarantee, returned = works[at.PARTNER], works[at.RENT], works[at.GUARANTEE], works[at.RETURNED]
    paid[:] = 0.0
    for lane in range(npv.size):
        owed = totals[at.OWED_AT_END, lane]
        end[lane] = own * (totals[at.PARTNER_VALUE, lane] + owed)
        npv[lane] = j.decay[discount.size] * end[lane]
        out[lane] = own * owed
    for m in range(discount.size):
        _share_month(
            own, 1.0 - tax, discount[m], j.decay[m + 1], inflow[m], rent[m], guarantee[m], returned[m],
            ledger[at.PARTNER_FLOW, m], ledger[at.RENT_PAID, m], ledger[at.GUARANTEED, m],
            ledger[at.CFADS, m] if with_irr else unread, ledger[at.CASH_FLOW, m], sums[at.PASSED], sums[at.CHARGED],
            sums[at.CAPITAL], paid, npv, out,
        )  # fmt: skip
        if tracing:
            for lane in range(paid.size):
                ledger[at.BOOK, m, lane] -= paid[lane]


@disjoint
def _share_month(
    own: float,
    after_tax: float,
    discount: float,
    decay: float,
    funds: Lanes,
    rents: Lanes,
    pays: Lanes,
    returns: Lanes,
    inflow: Lanes,
    rent_paid: Lanes,
    guaranteed: Lanes,
    flow: Lanes,
    cash_flow: Lanes,
    passed: Lanes,
    charged: Lanes,
    capital: Lanes,
    paid: Lanes,
    npv: Lanes,
    out: Lanes,
) -> None:
    """One month of `share`."""
    for lane in range(paid.size):
        given, rent, pay = own * funds[lane], own * rents[lane], own * pays[lane]
        charge = rent + pay
        passes = given - after_tax * charge
        gets = own * (rents[lane] - funds[lane] + pays[lane] + returns[lane])
        inflow[lane] = given
        rent_paid[lane] = rent
        guaranteed[lane] = pay
        flow[lane] = gets
        cash_flow[lane] += passes
        passed[lane] += discount * passes
        charged[lane] += charge
        npv[lane] += decay * gets
        out[lane] += pay
        so_far = paid[lane] + given
        paid[lane] = so_far
        capital[lane] -= so_far


@inner
def owe_rent(j: Joint, own: float, tests: NDArray[np.int64], works: Works, owed: Monthly) -> None:
    """Put, at covenant tests, the balance of all annuities: 12 / rate (rent - sum of rent (1 + rate)^-(years left))."""
    rent, ends = works[at.RENT], works[at.RENT_END]
    for m in tests:
        scale, grown = own * 12.0 / j.rate, 1.0 / j.decay[m]
        for lane in range(owed.shape[1]):
            owed[m, lane] += scale * (rent[m, lane] - grown * ends[m, lane])
