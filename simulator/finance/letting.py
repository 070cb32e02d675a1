"""Income from letting: spare capacity under contract and at spot, and what is let beyond it by choice.

Rent is net of the share lost to selling and service. What a plan lets lowers the price it fetches: on the spot at once,
on a contract at its lock. Money is USD bn, capacity MW, prices USD per W-year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inline, inner
from simulator.drivers.marginals import SCORE_LIMIT, Marginals, sample
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Works, World
from simulator.finance.plan import Plan
from simulator.finance.sites import Lives
from simulator.finance.vintages import add_level


class Letting(NamedTuple):
    """The numbers of one plan's letting, as in Plans."""

    own: float
    let: float
    contract: float
    term: int
    cost: float
    own_supply: bool
    choosing: bool  # beyond the spare: previous or option
    previous: bool
    option: float
    occupancy: float
    kept: float  # of W, after crowding


@inline
def letting_of(plan: Plan) -> Letting:
    """The letting of plan number `plan`."""
    previous, option = plan.previous == 1, plan.option
    return Letting(
        plan.own, plan.let, plan.contract, plan.let_term, plan.let_cost,
        plan.own_supply == 1, previous or option > 0.0, previous, option, plan.occupancy,
        1.0 - plan.crowding * plan.let,
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
    ended: bool,
    income: Lanes,
) -> None:
    """Fill ledger[LEASE], the months' income, add it to EBITDA and sum it in `income`.

    `ended` says that contracts may have ended early: `end_contracts` has filled ledger[LOST_RENT] and [RELET].
    """
    contracted, share, again, more, nothing = rows[0], rows[1], rows[2], rows[3], rows[4]
    working, value_mw, locked = works[at.WORKING], works[at.VALUE_MW], works[at.LOCKED]
    lease, rent, ebitda = ledger[at.LEASE], ledger[at.LOCKED_RENT], ledger[at.EBITDA]
    lost, relet = ledger[at.LOST_RENT], ledger[at.RELET]
    chosen, chosen_value = ledger[at.CHOSEN], ledger[at.CHOSEN_VALUE]
    price, value = world.monthly[at.PRICE], world.monthly[at.VALUE]
    contracted[:] = 0.0
    again[:] = 0.0
    more[:] = 0.0
    nothing[:] = 0.0
    scale = q.own * q.let / 12e3
    on_contract, on_spot, supply = q.contract * scale, (1.0 - q.contract) * scale, q.own * q.let
    for m in range(market.size):
        depth = 1.0 / market[m] if q.own_supply else 0.0
        if q.choosing:
            for lane in range(income.size):
                mw = supply * working[m, lane] + q.own * chosen[m, lane]
                share[lane] = (1.0 - q.cost) / (1.0 + mw * depth)
                more[lane] = q.own / 12e3 * chosen_value[m, lane]
        else:
            for lane in range(income.size):
                share[lane] = (1.0 - q.cost) / (1.0 + supply * working[m, lane] * depth)
        if q.let > 0.0:
            expired = rent[m - q.term] if m >= q.term else nothing
            broken = lost[m] if ended else nothing
            for lane in range(income.size):
                rent[m, lane] = on_contract * locked[m, lane] * contracts[m, lane] * share[lane]
                contracted[lane] += rent[m, lane] - (expired[lane] + broken[lane])
        opened = relet[m] if ended else nothing
        for lane in range(income.size):
            again[lane] += opened[lane]
            mw = on_spot * value_mw[m, lane] + again[lane] + more[lane]
            lease[m, lane] = contracted[lane] + mw * value[m, lane] * price[m, lane] * share[lane]
            ebitda[m, lane] += lease[m, lane]
            income[lane] += lease[m, lane]


@inner
def end_contracts(
    q: Letting,
    patience: NDArray[np.float64],
    leaves: bool,
    first: NDArray[np.int64],
    z: NDArray[np.float64],
    mw: NDArray[np.float64],
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    works: Works,
    lives: Lives,
    ledger: Ledger,
) -> None:
    """Fill ledger[LOST_RENT] and [RELET]: what early ends of contracts change.

    From a tenant's default to the end of its term the site lets at spot; from an exit on it lets nothing. How long a
    tenant pays is looked up in `patience` (see fill_patience), as far as the horizon; `leaves` says that there may be
    exits.
    """
    lost, relet, chosen, working = ledger[at.LOST_RENT], ledger[at.RELET], ledger[at.CHOSEN], works[at.WORKING]
    value = world.monthly[at.VALUE]
    months, lanes = lost.shape
    lost[:] = 0.0
    relet[:] = 0.0
    longest = patience[patience.size - 1]
    fails = longest > -np.inf  # else there may be fewer scores than this plan has terms
    for k in range(mw.size):
        start, left, vintages = lives.start[k], lives.left[k], lives.vintages[k]
        scale = q.own * q.let * q.contract / 12e3 * mw[k]
        for term in range((months + q.term - 1) // q.term):
            scores = z[first[k] + term] if fails else start
            for lane in range(lanes):
                defaults = fails and scores[lane] < longest
                if not defaults and not leaves:
                    continue
                lock = int(start[lane]) + term * q.term
                end, gone = min(lock + q.term, months), int(left[lane])
                if not defaults and gone >= end:
                    continue
                paid = int(np.searchsorted(patience, scores[lane], side="right")) if defaults else q.term
                stops = min(lock + paid, gone)
                if stops >= end or lock >= gone:
                    continue
                turn = vintage_at(vintages, 0, lock, lane)
                extra = chosen[lock, lane] if q.choosing else 0.0
                rent = value[lock, lane] / value[int(vintages[turn, lane]), lane] * contracts[lock, lane]
                rent *= fetched(q, market[lock], working[lock, lane], extra)
                add_level(lost, scale * rent, stops, end, lane)
                while stops < min(end, gone):
                    turn = vintage_at(vintages, turn, stops, lane)
                    swap = min(int(vintages[turn + 1, lane]), end, gone)
                    add_level(relet, scale / value[int(vintages[turn, lane]), lane], stops, swap, lane)
                    stops = swap


@inner
def fill_patience(marginals: Marginals, law: int, scratch: Lanes, patience: NDArray[np.float64]) -> None:
    """Entry j: the score from which on a tenant pays for j + 1 months or more (no law: any), by bisection.

    So an end of a contract is looked up in one short list, in a month's steps, instead of in the law's table.
    """
    for j in range(patience.size):
        low, high = -2.0 * SCORE_LIMIT, 2.0 * SCORE_LIMIT if law >= 0 else -np.inf
        for _ in range(60 if law >= 0 else 0):
            scratch[0] = 0.5 * (low + high)
            middle = scratch[0]
            sample(marginals, law, scratch[:1], scratch[:1])
            if 12.0 * scratch[0] >= j + 1:
                high = middle
            else:
                low = middle
        patience[j] = high


@inner
def vintage_at(vintages: NDArray[np.float64], turn: int, m: int, lane: int) -> int:
    """Number of the vintage that a lane holds in month m, from number `turn` on."""
    while vintages[turn + 1, lane] <= m:
        turn += 1
    return turn
