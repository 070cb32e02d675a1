"""Income from leases: spare capacity under contract and at spot, and what is leased beyond it by switching options.

Rent is net of the share lost to selling and service. What a plan leases lowers the price it fetches: on the spot at
once, on a contract at its lock. Money is USD bn, capacity MW, prices USD per W-year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.operations.early_terminations import EarlyTerminations, take_month_changes
from simulator.finance.plan.leases import InternalOrLease, LeaseExcess
from simulator.finance.plan.plans import Plan
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, SiteFlows, World
from simulator.numerics.jit import disjoint, inline, inner

__all__: list[str] = []  # used in this folder only


class Leasing(NamedTuple):
    """The levers of a plan that lease capacity."""

    own_share: float
    excess: LeaseExcess[float, int]
    option: InternalOrLease[float, int]
    switching: bool  # something may be leased beyond the spare: old sites whole, or the yearly option
    work_share: float  # of W, after crowding


class _LeaseRates(NamedTuple):
    """Numbers of one month's leases that are the same in all lanes."""

    net_rent: float  # share of rent that selling and service leave
    leased_share: float  # MW leased per MW working, of what is owned
    depth: float  # of the market, 1 / MW (0: what is leased lowers no price)
    contract_scale: float  # USD bn a month of rent per MW working, under contract
    spot_scale: float  # the same at spot


@inline
def plan_leasing(plan: Plan) -> Leasing:
    """Return the levers of a plan that lease capacity."""
    excess, option = plan.lease_excess, plan.internal_or_lease
    switching = excess.previous_generation == 1 or option.on == 1
    return Leasing(plan.own_share, excess, option, switching, 1.0 - excess.crowding * excess.leased_share)


@inner
def realised_price_share(leasing: Leasing, market: float, working: float, option_mw: float) -> float:
    """Share of the market price that leased capacity fetches: own-supply impact, less the cost of selling."""
    excess = leasing.excess
    supply = leasing.own_share * (excess.leased_share * working + option_mw) if excess.own_supply else 0.0
    return (1.0 - excess.cost_ratio) / (1.0 + supply / market)


@inner
def is_all_zero(row: Lanes) -> bool:
    """True if a row is zero in all lanes."""
    count = 0
    for lane in range(row.size):
        count += 0 if row[lane] == 0.0 else 1
    return count == 0


@inner
def lease_spare_capacity(
    leasing: Leasing,
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    flows: SiteFlows,
    terminations: EarlyTerminations,
    rows: Rows,
    ledger: Ledger,
    tracing: bool,
    income: Lanes,
) -> None:
    """Add the months' income to EBITDA and sum it in `income`; for a trace, fill ledger[LEASE_INCOME] with it.

    Takes the changes in `terminations`. Rents locked are kept for a term, in the first rows of ledger[LOCKED_RENT] in
    turns.
    """
    contract_rent, spot_mw, option_mw, option_value = rows[0], rows[1], rows[2], rows[3]
    lost_scratch, spot_scratch, untraced = rows[4], rows[5], rows[6]
    working, value_mw, locked = flows[at.WORKING_MW], flows[at.VALUE_MW_CHANGE], flows[at.LOCKED_VALUE_MW]
    lease, rents, ebitda = ledger[at.LEASE_INCOME], ledger[at.LOCKED_RENT], ledger[at.EBITDA]
    price, value = world.monthly[at.PRICE], world.monthly[at.VALUE_INDEX]
    own_share, excess = leasing.own_share, leasing.excess
    turns = min(max(excess.term, 1), market.size)
    rows[:6] = 0.0
    rents[:turns] = 0.0
    scale = own_share * excess.leased_share / 12e3
    contract_scale, spot_scale = excess.contract_share * scale, (1.0 - excess.contract_share) * scale
    idle = True
    for m in range(market.size):
        depth = 1.0 / market[m] if excess.own_supply else 0.0
        if leasing.switching:
            for lane in range(income.size):
                option_mw[lane] = own_share * ledger[at.OPTION_MW, m, lane]
                option_value[lane] = own_share / 12e3 * ledger[at.OPTION_VALUE_MW, m, lane]
        idle = idle and is_all_zero(working[m]) and is_all_zero(option_mw)
        if idle:  # nothing works yet on any path
            if tracing:
                lease[m] = 0.0
            continue
        lost, relet = take_month_changes(terminations, m, lost_scratch, spot_scratch)
        rates = _LeaseRates(
            1.0 - excess.cost_ratio, own_share * excess.leased_share, depth, contract_scale, spot_scale
        )  # fmt: skip
        _lease_month(
            rates, working[m], option_mw, locked[m], contracts[m], value_mw[m], option_value, value[m], price[m], lost,
            relet, rents[m % turns], contract_rent, spot_mw, lease[m] if tracing else untraced, ebitda[m], income,
        )  # fmt: skip


@disjoint
def _lease_month(
    rates: _LeaseRates,
    working: Lanes,
    option_mw: Lanes,
    locked: Lanes,
    contracts: Lanes,
    value_mw: Lanes,
    option_value: Lanes,
    value: Lanes,
    price: Lanes,
    lost: Lanes,
    relet: Lanes,
    rent: Lanes,
    contract_rent: Lanes,
    spot_mw: Lanes,
    lease: Lanes,
    ebitda: Lanes,
    income: Lanes,
) -> None:
    """Lock, end and break contracts, then add income at their rents and at spot.

    `rent` holds what was locked a term ago and then what is locked now. Leaves zeros in `lost` and `relet`.
    """
    for lane in range(income.size):
        price_share = rates.net_rent / (1.0 + (rates.leased_share * working[lane] + option_mw[lane]) * rates.depth)
        locks = rates.contract_scale * locked[lane] * contracts[lane] * price_share
        contracted = contract_rent[lane] + (locks - (rent[lane] + lost[lane]))
        spot = spot_mw[lane] + (rates.spot_scale * value_mw[lane] + relet[lane])
        earned = contracted + (spot + option_value[lane]) * value[lane] * price[lane] * price_share
        rent[lane] = locks
        contract_rent[lane] = contracted
        spot_mw[lane] = spot
        lost[lane] = 0.0
        relet[lane] = 0.0
        lease[lane] = earned
        ebitda[lane] += earned
        income[lane] += earned


@inner
def vintage_number(purchases: NDArray[np.float64], number: int, m: int, lane: int) -> int:
    """Number of the vintage that a lane holds in month m, searched from `number` on."""
    while purchases[number + 1, lane] <= m:
        number += 1
    return number
