"""What passes between a joint venture's sponsor and partner, what it is worth to the partner, what is owed to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.plan.plans import Joint
from simulator.finance.workspace import Lanes, Monthly, Totals, Works
from simulator.numerics.jit import disjoint, inner


class Partner(NamedTuple):
    """What a plan's venture comes to for its partner, by lane."""

    npv: Lanes  # of its flows before tax at the JV's rate
    end: Lanes  # what it holds and is owed at the horizon
    guarantee: Lanes  # paid over the months and owed at the horizon


@inner
def open_shares(j: Joint, own: float, months: int, totals: Totals, partner: Partner) -> None:
    """What the horizon brings the partner, before the months' flows are added."""
    for lane in range(partner.npv.size):
        owed = own * totals[at.OWED_AT_END, lane]
        end = own * totals[at.PARTNER_VALUE, lane] + owed
        partner.end[lane] = end
        partner.npv[lane] = j.decay[months] * end
        partner.guarantee[lane] = owed


@disjoint
def share_month(
    own: float,
    after_tax: float,
    discount: float,
    decay: float,
    funds: Lanes,
    rents: Lanes,
    pays: Lanes,
    returns: Lanes,
    flow: Lanes,
    cash_flow: Lanes,
    passed: Lanes,
    charged: Lanes,
    capital: Lanes,
    paid: Lanes,
    npv: Lanes,
    guaranteed: Lanes,
) -> None:
    """Book a month's passing between sponsor and partner, in its flow and in sums, and take the partner's part out.

    The partner pays in its funding and the distribution, and gets rent, guarantees and the value of what exits leave
    it with: `flow`, before tax. Second bracket of the sponsor's npv, `passed`: the partner's funding and distribution,
    less rent and guarantee after tax. `paid` is what the partner has paid in so far, out of invested `capital`.
    """
    for lane in range(paid.size):
        given, pay = own * funds[lane], own * pays[lane]
        charge = own * rents[lane] + pay
        passes = given - after_tax * charge
        gets = own * (rents[lane] - funds[lane] + pays[lane] + returns[lane])
        flow[lane] = gets
        cash_flow[lane] += passes
        passed[lane] += discount * passes
        charged[lane] += charge
        npv[lane] += decay * gets
        guaranteed[lane] += pay
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
