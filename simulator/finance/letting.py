"""Income from letting: spare capacity under contract and at spot, and what is let beyond it by choice.

Rent is net of the share lost to selling and service. What a plan lets lowers the price it fetches: on the spot at once,
on a contract at its lock. Money is USD bn, capacity MW, prices USD per W-year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import disjoint, inline, inner
from simulator.drivers.marginals import SCORE_LIMIT, Marginals, sample
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Rows, Works, World
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
def nothing_in(row: Lanes) -> bool:
    """Whether a row is zero in all lanes."""
    some = 0
    for lane in range(row.size):
        some += 0 if row[lane] == 0.0 else 1
    return some == 0


@inner
def let_out(
    q: Letting,
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    works: Works,
    rows: Rows,
    ledger: Ledger,
    tracing: bool,
    income: Lanes,
) -> None:
    """Add the months' income to EBITDA and sum it in `income`; for a trace, fill ledger[LEASE] with it.

    Takes what `end_contracts` has put into ledger[LOST_RENT] and [RELET], and leaves zeros.
    """
    contracted, again, more, extra, nothing, unread = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
    working, value_mw, locked = works[at.WORKING], works[at.VALUE_MW], works[at.LOCKED]
    lease, rent, ebitda = ledger[at.LEASE], ledger[at.LOCKED_RENT], ledger[at.EBITDA]
    lost, relet = ledger[at.LOST_RENT], ledger[at.RELET]
    price, value = world.monthly[at.PRICE], world.monthly[at.VALUE]
    contracted[:] = 0.0
    again[:] = 0.0
    more[:] = 0.0
    extra[:] = 0.0
    nothing[:] = 0.0
    scale = q.own * q.let / 12e3
    on_contract, on_spot, supply = q.contract * scale, (1.0 - q.contract) * scale, q.own * q.let
    idle = True
    for m in range(market.size):
        depth = 1.0 / market[m] if q.own_supply else 0.0
        if q.choosing:
            for lane in range(income.size):
                more[lane] = q.own * ledger[at.CHOSEN, m, lane]
                extra[lane] = q.own / 12e3 * ledger[at.CHOSEN_VALUE, m, lane]
        idle = idle and nothing_in(working[m]) and nothing_in(more)
        if idle:  # nothing works yet on any path
            rent[m] = 0.0
            if tracing:
                lease[m] = 0.0
            continue
        _let_month(
            1.0 - q.cost, supply, depth, on_contract, on_spot, working[m], more, locked[m], contracts[m], value_mw[m],
            extra, value[m], price[m], rent[m - q.term] if q.let > 0.0 and m >= q.term else nothing, lost[m], relet[m],
            rent[m], contracted, again, lease[m] if tracing else unread, ebitda[m], income,
        )  # fmt: skip


@disjoint
def _let_month(
    kept: float,
    supply: float,
    depth: float,
    on_contract: float,
    on_spot: float,
    working: Lanes,
    more: Lanes,
    locked: Lanes,
    contracts: Lanes,
    value_mw: Lanes,
    extra: Lanes,
    value: Lanes,
    price: Lanes,
    expired: Lanes,
    lost: Lanes,
    relet: Lanes,
    rent: Lanes,
    contracted: Lanes,
    again: Lanes,
    lease: Lanes,
    ebitda: Lanes,
    income: Lanes,
) -> None:
    """Contracts locked, expired and broken, then income at their rents and at spot; `more` and `extra` by choice."""
    for lane in range(income.size):
        share = kept / (1.0 + (supply * working[lane] + more[lane]) * depth)
        locks = on_contract * locked[lane] * contracts[lane] * share
        runs = contracted[lane] + (locks - (expired[lane] + lost[lane]))
        spot = again[lane] + relet[lane]
        mw = on_spot * value_mw[lane] + spot + extra[lane]
        earns = runs + mw * value[lane] * price[lane] * share
        rent[lane] = locks
        contracted[lane] = runs
        again[lane] = spot
        lost[lane] = 0.0
        relet[lane] = 0.0
        lease[lane] = earns
        ebitda[lane] += earns
        income[lane] += earns


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
    """Add to ledger[LOST_RENT] and [RELET], zeros so far, what early ends of contracts change.

    From a tenant's default to the end of its term the site lets at spot; from an exit on it lets nothing. How long a
    tenant pays is looked up in `patience` (see fill_patience), as far as the horizon; `leaves` says that there may be
    exits.
    """
    lost, relet, chosen, working = ledger[at.LOST_RENT], ledger[at.RELET], ledger[at.CHOSEN], works[at.WORKING]
    value = world.monthly[at.VALUE]
    months, lanes = lost.shape
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
                paid = months_paid(patience, scores[lane]) if defaults else q.term
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
def months_paid(patience: NDArray[np.float64], score: float) -> int:
    """Whole months that a tenant pays: counted without a branch, faster than a search in usual terms."""
    months = 0
    for j in range(patience.size):
        months += 1 if patience[j] <= score else 0
    return months


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
