"""Spend the money for a site: shell along an S-curve, compute in a window before a date.

Where a JV owns the asset, its partner pays the share `part` of every month from 0 on, which accrues at the JV's rate:
`claim` gathers the payments discounted to month 0, `factors[n]` = (1 + rate)^-(n / 12): a month's are made at its end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import inner

__all__: list[str] = []  # used in this folder only


class PartnerShare(NamedTuple):
    """The payments of a JV's partner for one asset."""

    part: float  # its share (0: none)
    factors: NDArray[np.float64]  # [n] discount factor of n months at the JV's rate
    funding: Monthly  # what it pays in
    claim: Lanes  # what it has paid, discounted to month 0


class Spending(NamedTuple):
    """The rows in which the spend on an asset is booked."""

    cost: Lanes
    spent_share: Lanes  # share of it spent by the horizon
    spent: Lanes  # in the month at hand
    capex: Monthly
    sunk: Lanes  # spent before month 0


@inner
def _smoothstep(x: float) -> float:
    """Cumulative share of shell spend at the share x of the build time: 3 x^2 - 2 x^3 within [0, 1]."""
    low = 0.0 if x < 0.0 else x
    t = 1.0 if low > 1.0 else low
    return t * t * (3.0 - 2.0 * t)


@inner
def _fund_by_partner(part: float, factor: float, amount: Lanes, funding: Lanes, claim: Lanes) -> None:
    """Let the partner pay its part of an amount spent in one month."""
    for lane in range(amount.size):
        funding[lane] += part * amount[lane]
        claim[lane] += part * amount[lane] * factor


@inner
def spend_shell(start: float, built: Lanes, s: Spending, partner: PartnerShare) -> None:
    """Book shell spend month by month; what fell before month 0 is sunk. Leaves the share spent by the horizon."""
    shell, share, spent, capex, sunk = s.cost, s.spent_share, s.spent, s.capex, s.sunk
    part, factors, funding, claim = partner.part, partner.factors, partner.funding, partner.claim
    months = capex.shape[0]
    last = 0.0
    claim[:] = 0.0
    for lane in range(shell.size):
        share[lane] = _smoothstep(-start / (built[lane] - start))
        spent[lane] = shell[lane] * share[lane]
        sunk[lane] += spent[lane]
        last = max(last, built[lane])
    if part > 0.0:
        _fund_by_partner(part, factors[1], spent, funding[0], claim)
    for m in range(max(0, int(np.floor(start))), min(months, int(np.ceil(last)))):
        for lane in range(shell.size):
            now = _smoothstep((m + 1.0 - start) / (built[lane] - start))
            spent[lane] = shell[lane] * (now - share[lane])
            capex[m, lane] += spent[lane]
            share[lane] = now
        if part > 0.0:
            _fund_by_partner(part, factors[m + 1], spent, funding[m], claim)


@inner
def spend_committed(planned: float, window: int, s: Spending, partner: PartnerShare) -> None:
    """Book compute linearly over the `window` months before the planned date, whatever the power."""
    compute, share, spent, capex, sunk = s.cost, s.spent_share, s.spent, s.capex, s.sunk
    part, factors, funding, claim = partner.part, partner.factors, partner.funding, partner.claim
    months = capex.shape[0]
    first = int(planned) - window
    before = max(0, min(-first, window)) / window
    within = max(0, min(int(planned), months) - max(first, 0)) / window
    claim[:] = 0.0
    for lane in range(compute.size):
        spent[lane] = compute[lane] * before
        sunk[lane] += spent[lane]
        share[lane] = before + within
    if part > 0.0:
        _fund_by_partner(part, factors[1], spent, funding[0], claim)
    for lane in range(compute.size):
        spent[lane] = compute[lane] / window
    for m in range(max(first, 0), min(int(planned), months)):
        for lane in range(compute.size):
            capex[m, lane] += spent[lane]
        if part > 0.0:
            _fund_by_partner(part, factors[m + 1], spent, funding[m], claim)


@inner
def spend_deferred(
    planned: float,
    window: int,
    fee_share: float,
    energised: Lanes,
    s: Spending,
    fee: Monthly,
    partner: PartnerShare,
) -> None:
    """Book compute linearly over the `window` months before max(E, planned), and the fee for ordering late."""
    compute, share, capex, sunk = s.cost, s.spent_share, s.capex, s.sunk
    part, factors, funding, claim = partner.part, partner.factors, partner.funding, partner.claim
    months = capex.shape[0]
    for lane in range(compute.size):
        rate = compute[lane] / window
        date = max(energised[lane], planned)
        begin = date - window
        before = compute[lane] * min(max(-begin, 0.0), float(window)) / window
        sunk[lane] += before
        share[lane] = min(max(months - begin, 0.0), float(window)) / window
        claim[lane] = part * before * factors[1]
        if part > 0.0:
            funding[0, lane] += part * before
        for m in range(max(int(np.floor(begin)), 0), min(int(np.ceil(date)), months)):
            overlap = min(m + 1.0, date) - max(float(m), begin)
            spent = rate * max(overlap, 0.0)
            capex[m, lane] += spent
            if part > 0.0:
                funding[m, lane] += part * spent
                claim[lane] += part * spent * factors[m + 1]
        late = min(max((energised[lane] - planned) / window, 0.0), 1.0)
        if planned <= months:
            fee[int(planned) - 1, lane] += fee_share * compute[lane] * late
