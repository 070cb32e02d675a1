"""Flows between a joint venture's sponsor and partner, their value to the partner, and the amounts owed to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.workspace import Lanes, Monthly, SiteFlows, Totals
from simulator.numerics.jit import disjoint, inner

__all__: list[str] = []  # used in this folder only


class PartnerFigures(NamedTuple):
    """Figures of a plan's venture for its partner, by lane."""

    npv: Lanes  # of its flows before tax at the JV's rate
    end_value: Lanes  # of what it holds and is owed at the horizon
    guarantee: Lanes  # paid over the months and owed at the horizon


class PartnerRates(NamedTuple):
    """Numbers of one month that are the same in all lanes."""

    own_share: float
    after_tax: float  # 1 - tax
    discount: float  # factor at the JV's rate after tax
    partner_discount: float  # factor at the JV's rate


@inner
def start_partner_sums(own_share: float, factor: float, totals: Totals, partner: PartnerFigures) -> None:
    """Set what the horizon brings the partner, before the months' flows are added.

    `factor` is the discount factor of the horizon at the JV's rate.
    """
    for lane in range(partner.npv.size):
        guarantee = own_share * totals[at.GUARANTEE_AT_END, lane]
        end_value = own_share * totals[at.PARTNER_ASSETS_AT_END, lane] + guarantee
        partner.end_value[lane] = end_value
        partner.npv[lane] = factor * end_value
        partner.guarantee[lane] = guarantee


@disjoint
def split_month_with_partner(
    rates: PartnerRates,
    funds: Lanes,
    rents: Lanes,
    guarantees: Lanes,
    residuals: Lanes,
    flow: Lanes,
    cash_flow: Lanes,
    transfers: Lanes,
    charges: Lanes,
    capital: Lanes,
    paid_in: Lanes,
    npv: Lanes,
    guarantee_sum: Lanes,
) -> None:
    """Book what passes between sponsor and partner in a month, in its flow and in sums, and take out its part.

    The partner pays in its funding and the distribution, and gets rent, guarantees and the value of what exits leave
    it with: `flow`, before tax. Second bracket of the sponsor's npv, `transfers`: the partner's funding and
    distribution, less rent and guarantee after tax. `paid_in` is what the partner has paid in so far, out of invested
    `capital`.
    """
    own_share, after_tax = rates.own_share, rates.after_tax
    for lane in range(paid_in.size):
        funding, guarantee = own_share * funds[lane], own_share * guarantees[lane]
        charge = own_share * rents[lane] + guarantee
        transfer = funding - after_tax * charge
        partner_flow = own_share * (rents[lane] - funds[lane] + guarantees[lane] + residuals[lane])
        flow[lane] = partner_flow
        cash_flow[lane] += transfer
        transfers[lane] += rates.discount * transfer
        charges[lane] += charge
        npv[lane] += rates.partner_discount * partner_flow
        guarantee_sum[lane] += guarantee
        so_far = paid_in[lane] + funding
        paid_in[lane] = so_far
        capital[lane] -= so_far


@inner
def add_rent_commitments(
    rate: float,
    factors: NDArray[np.float64],
    own_share: float,
    tests: NDArray[np.int64],
    flows: SiteFlows,
    commitments: Monthly,
) -> None:
    """Add, at covenant tests, the balance of all annuities: 12 / rate (rent - sum of rent (1 + rate)^-(years left)).

    `factors` are the discount factors at the JV's `rate`.
    """
    rent, discounted = flows[at.RENT], flows[at.DISCOUNTED_RENT]
    for m in tests:
        scale, interest = own_share * 12.0 / rate, 1.0 / factors[m]
        for lane in range(commitments.shape[1]):
            commitments[m, lane] += scale * (rent[m, lane] - interest * discounted[m, lane])
