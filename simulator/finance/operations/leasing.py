"""Income from letting: spare capacity under contract and at spot, and what is let beyond it by choice.

Rent is net of the share lost to selling and service. What a plan lets lowers the price it fetches: on the spot at once,
on a contract at its lock. Money is USD bn, capacity MW, prices USD per W-year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.operations.early_terminations import Ends, month_of_ends
from simulator.finance.plan.plans import Plan
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, Works, World
from simulator.numerics.jit import disjoint, inline, inner


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
    lease, option = plan.lease_excess, plan.internal_or_lease.share
    previous = lease.previous_generation == 1
    return Letting(
        plan.own_share, lease.leased_share, lease.contract_share, lease.term, lease.cost_ratio,
        lease.own_supply == 1, previous or option > 0.0, previous, option, lease.occupancy,
        1.0 - lease.crowding * lease.leased_share,
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
    ends: Ends,
    rows: Rows,
    ledger: Ledger,
    tracing: bool,
    income: Lanes,
) -> None:
    """Add the months' income to EBITDA and sum it in `income`; for a trace, fill ledger[LEASE] with it.

    Takes the changes in `ends`. Rents locked are kept for a term, in the first rows of ledger[LOCKED_RENT] in turns.
    """
    contracted, at_spot, more, extra, broken, spare, unread = (
        rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6]
    )  # fmt: skip
    working, value_mw, locked = works[at.WORKING], works[at.VALUE_MW], works[at.LOCKED]
    lease, rents, ebitda = ledger[at.LEASE], ledger[at.LOCKED_RENT], ledger[at.EBITDA]
    price, value = world.monthly[at.PRICE], world.monthly[at.VALUE]
    turns = min(max(q.term, 1), market.size)
    rows[:6] = 0.0
    rents[:turns] = 0.0
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
            if tracing:
                lease[m] = 0.0
            continue
        lost, relet = month_of_ends(ends, m, broken, spare)
        _let_month(
            1.0 - q.cost, supply, depth, on_contract, on_spot, working[m], more, locked[m], contracts[m], value_mw[m],
            extra, value[m], price[m], lost, relet, rents[m % turns], contracted, at_spot,
            lease[m] if tracing else unread, ebitda[m], income,
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
    lost: Lanes,
    relet: Lanes,
    rent: Lanes,
    contracted: Lanes,
    at_spot: Lanes,
    lease: Lanes,
    ebitda: Lanes,
    income: Lanes,
) -> None:
    """Contracts locked, expired and broken, then income at their rents and at spot; `more` and `extra` by choice.

    `rent` holds what was locked a term ago and then what is locked now. Leaves zeros in `lost` and `relet`.
    """
    for lane in range(income.size):
        share = kept / (1.0 + (supply * working[lane] + more[lane]) * depth)
        locks = on_contract * locked[lane] * contracts[lane] * share
        runs = contracted[lane] + (locks - (rent[lane] + lost[lane]))
        spot = at_spot[lane] + (on_spot * value_mw[lane] + relet[lane])
        earns = runs + (spot + extra[lane]) * value[lane] * price[lane] * share
        rent[lane] = locks
        contracted[lane] = runs
        at_spot[lane] = spot
        lost[lane] = 0.0
        relet[lane] = 0.0
        lease[lane] = earns
        ebitda[lane] += earns
        income[lane] += earns


@inner
def vintage_at(vintages: NDArray[np.float64], turn: int, m: int, lane: int) -> int:
    """Number of the vintage that a lane holds in month m, from number `turn` on."""
    while vintages[turn + 1, lane] <= m:
        turn += 1
    return turn
