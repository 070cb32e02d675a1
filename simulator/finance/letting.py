"""Income from letting: spare capacity under contract and at spot, and what is let beyond it by choice.

Rent is net of the share lost to selling and service. What a plan lets lowers the price it fetches: on the spot at once,
on a contract at its lock. Money is USD bn, capacity MW, prices USD per W-year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inline, inner
from simulator.drivers.marginals import Marginals, sample
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Works, World
from simulator.finance.plan import Plans
from simulator.finance.sites import Lives


class Letting(NamedTuple):
    """The numbers of one plan's letting, as in Plans."""

    own: float
    let: float
    contract: float
    term: int
    cost: float
    own_supply: bool
    choosing: bool


@inline
def letting_of(plans: Plans, plan: int) -> Letting:
    """The letting of plan number `plan`."""
    return Letting(
        plans.own[plan], plans.let[plan], plans.contract[plan], plans.let_term[plan], plans.let_cost[plan],
        plans.own_supply[plan] == 1, plans.previous[plan] == 1 or plans.option[plan] > 0.0,
    )  # fmt: skip


@inner
def fetched(q: Letting, market: float, working: float, chosen: float) -> float:
    """Share of the market price that let capacity fetches: own-supply impact, less the cost of selling."""
    supply = q.own * (q.let * working + chosen) if q.own_supply else 0.0
    return (1.0 - q.cost) / (1.0 + supply / market)


@inner
def let_out(
    q: Letting,
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    works: Works,
    rows: NDArray[np.float64],
    ledger: Ledger,
    income: Lanes,
) -> None:
    """Add the months' income to ledger[LEASE], which holds what defaults change, and to EBITDA; sum it in `income`."""
    value_mw, contracted, share = rows[0], rows[1], rows[2]
    working, change, locked = works[at.WORKING], works[at.VALUE_CHANGE], works[at.LOCKED]
    lease, rent, ebitda = ledger[at.LEASE], ledger[at.LOCKED_RENT], ledger[at.EBITDA]
    chosen, chosen_value = ledger[at.CHOSEN], ledger[at.CHOSEN_VALUE]
    price, value = world.monthly[at.PRICE], world.monthly[at.VALUE]
    value_mw[:] = 0.0
    contracted[:] = 0.0
    scale = q.own * q.let / 12e3
    on_contract, on_spot, supply = q.contract * scale, (1.0 - q.contract) * scale, q.own * q.let
    for m in range(market.size):
        depth = 1.0 / market[m] if q.own_supply else 0.0
        if q.choosing:
            for lane in range(income.size):
                mw = supply * working[m, lane] + q.own * chosen[m, lane]
                share[lane] = (1.0 - q.cost) / (1.0 + mw * depth)
        else:
            for lane in range(income.size):
                share[lane] = (1.0 - q.cost) / (1.0 + supply * working[m, lane] * depth)
        if q.let > 0.0:
            for lane in range(income.size):
                rent[m, lane] = on_contract * locked[m, lane] * contracts[m, lane] * share[lane]
                contracted[lane] += rent[m, lane]
                value_mw[lane] += change[m, lane]
            if m >= q.term:
                for lane in range(income.size):
                    contracted[lane] -= rent[m - q.term, lane]
            for lane in range(income.size):
                spot = on_spot * value_mw[lane] * value[m, lane] * price[m, lane] * share[lane]
                lease[m, lane] += contracted[lane] + spot
        if q.choosing:
            for lane in range(income.size):
                more = q.own / 12e3 * chosen_value[m, lane] * value[m, lane]
                lease[m, lane] += more * price[m, lane] * share[lane]
        for lane in range(income.size):
            ebitda[m, lane] += lease[m, lane]
            income[lane] += lease[m, lane]


@inner
def let_to_defaulters(
    q: Letting,
    marginals: Marginals,
    law: int,
    first: NDArray[np.int64],
    z: NDArray[np.float64],
    mw: NDArray[np.float64],
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    works: Works,
    lives: Lives,
    years: Lanes,
    ledger: Ledger,
) -> None:
    """Fill ledger[LEASE] with what tenants' defaults change: from a default to the end of the term spot, not rent."""
    lease, chosen, working = ledger[at.LEASE], ledger[at.CHOSEN], works[at.WORKING]
    value, price = world.monthly[at.VALUE], world.monthly[at.PRICE]
    months, lanes = lease.shape
    lease[:] = 0.0
    if law < 0 or not q.let * q.contract > 0.0:
        return
    scale = q.own * q.let * q.contract / 12e3
    for k in range(mw.size):
        start, left, vintages = lives.start[k], lives.left[k], lives.vintages[k]
        for term in range((months + q.term - 1) // q.term):
            sample(marginals, law, z[first[k] + term], years)
            for lane in range(lanes):
                lock = int(start[lane]) + term * q.term
                end = min(lock + q.term, int(left[lane]))
                if 12.0 * years[lane] >= q.term or lock >= end:
                    continue
                turn = vintage_at(vintages, 0, lock, lane)
                extra = chosen[lock, lane] if q.choosing else 0.0
                rent = value[lock, lane] / value[int(vintages[turn, lane]), lane] * contracts[lock, lane]
                rent *= fetched(q, market[lock], working[lock, lane], extra)
                for m in range(lock + int(12.0 * years[lane]), end):
                    turn = vintage_at(vintages, turn, m, lane)
                    extra = chosen[m, lane] if q.choosing else 0.0
                    spot = value[m, lane] / value[int(vintages[turn, lane]), lane] * price[m, lane]
                    spot *= fetched(q, market[m], working[m, lane], extra)
                    lease[m, lane] += scale * mw[k] * (spot - rent)


@inner
def vintage_at(vintages: NDArray[np.float64], turn: int, m: int, lane: int) -> int:
    """Number of the vintage that a lane holds in month m, from number `turn` on."""
    while vintages[turn + 1, lane] <= m:
        turn += 1
    return turn
