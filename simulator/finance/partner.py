"""What a joint venture is worth to its partner, and what the sponsor owes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Monthly, Totals, Works
from simulator.finance.plan import Joint


@inner
def partner_flows(j: Joint, own: float, works: Works, totals: Totals, flow: Monthly, npv: Lanes, end: Lanes) -> None:
    """Fill the partner's flows before tax, what it holds and is owed at the horizon (`end`) and its npv at j.rate.

    It pays in its funding and the distribution, and gets rent, guarantees and the value of what exits leave it with.
    """
    paid, rent, guarantee, returned = works[at.PARTNER], works[at.RENT], works[at.GUARANTEE], works[at.RETURNED]
    months = flow.shape[0]
    for lane in range(npv.size):
        end[lane] = own * (totals[at.PARTNER_VALUE, lane] + totals[at.OWED_AT_END, lane])
        npv[lane] = j.decay[months] * end[lane]
    for m in range(months):
        discount = j.decay[m + 1]
        for lane in range(npv.size):
            flow[m, lane] = own * (rent[m, lane] - paid[m, lane] + guarantee[m, lane] + returned[m, lane])
            npv[lane] += discount * flow[m, lane]


@inner
def owe_rent(j: Joint, own: float, tests: NDArray[np.int64], works: Works, owed: Monthly) -> None:
    """Put, at covenant tests, the balance of all annuities: 12 / rate (rent - sum of rent (1 + rate)^-(years left))."""
    rent, ends = works[at.RENT], works[at.RENT_END]
    for m in tests:
        scale, grown = own * 12.0 / j.rate, 1.0 / j.decay[m]
        for lane in range(owed.shape[1]):
            owed[m, lane] += scale * (rent[m, lane] - grown * ends[m, lane])


@inner
def guarantee_paid(own: float, works: Works, totals: Totals, out: Lanes) -> None:
    """Sum what the guarantee pays over the months and owes at the horizon."""
    guarantee = works[at.GUARANTEE]
    for lane in range(out.size):
        out[lane] = own * totals[at.OWED_AT_END, lane]
    for m in range(guarantee.shape[0]):
        for lane in range(out.size):
            out[lane] += own * guarantee[m, lane]
