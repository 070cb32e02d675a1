"""Capacity leased to others: the spare part of every site, old sites whole, and a part of a site for a year."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["InternalOrLease", "LeaseExcess"]


class LeaseExcess(NamedTuple, Generic[Real, Whole]):
    """Spare capacity leased to others; shares are of 1, terms months."""

    on: Whole  # 1: some of the spare capacity is leased
    leased_share: Real  # MW leased per MW working: spare share x occupancy (0: none)
    occupancy: Real  # share of the spare capacity that is leased
    contract_share: Real  # share of leased capacity under contract, the rest at spot
    term: Whole  # of a contract
    term_tenor: Whole
    default_rate_marginal: Whole  # of the years to a tenant's default (-1: no tenant defaults)
    cost_ratio: Real  # share of rent lost to selling and service
    crowding: Real  # of itself, what leased spare capacity takes from W
    own_supply: Whole  # 1: what is leased lowers the price that it fetches
    previous_generation: Whole  # 1: whole sites of an older generation are leased


class InternalOrLease(NamedTuple, Generic[Real, Whole]):
    """Each January, a part of a site is leased for a year where that pays more than using it."""

    on: Whole
    share: Real  # of a site, the part that may be leased (0: none)


@inline
def select_lease_excess(levers: LeaseExcess[Floats, Ints], k: int) -> LeaseExcess[float, int]:
    """The leases of spare capacity of plan number `k`."""
    return LeaseExcess(
        levers.on[k] == 1, levers.leased_share[k], levers.occupancy[k], levers.contract_share[k], levers.term[k],
        levers.term_tenor[k], levers.default_rate_marginal[k], levers.cost_ratio[k], levers.crowding[k],
        levers.own_supply[k] == 1, levers.previous_generation[k] == 1,
    )  # fmt: skip


@inline
def select_internal_or_lease(levers: InternalOrLease[Floats, Ints], k: int) -> InternalOrLease[float, int]:
    """The yearly option of plan number `k`."""
    return InternalOrLease(levers.on[k] == 1, levers.share[k])
