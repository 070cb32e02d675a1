"""Plans: what the company does about the programme."""

from __future__ import annotations

from typing import NamedTuple

from simulator.finance.plan.cloud import Cloud, select_cloud
from simulator.finance.plan.covenants import Covenants, select_covenants
from simulator.finance.plan.disposal import Disposal, select_disposal
from simulator.finance.plan.equity import Equity, select_equity
from simulator.finance.plan.jv import Jv, select_jv
from simulator.finance.plan.leases import (
    InternalOrLease,
    LeaseExcess,
    select_internal_or_lease,
    select_lease_excess,
)
from simulator.finance.plan.lever import Floats, Ints
from simulator.finance.plan.liquidity import Liquidity, select_liquidity
from simulator.finance.plan.notes import Notes, select_notes
from simulator.finance.plan.variant import Variant, select_variant
from simulator.numerics.jit import inline

__all__ = ["Plans", "select_plan"]


class Plans(NamedTuple):
    """Frozen levers of all plans: arrays of one entry a plan, in config order."""

    order: Ints  # plan numbers as they are valued: those of a variant together, like notes behind one another
    own_share: Floats  # share of every site that is owned; the rest is rented from a cloud
    variant: Variant[Floats, Ints]
    notes: Notes[Floats, Ints]
    liquidity: Liquidity[Floats, Ints]
    covenants: Covenants[Floats, Ints]
    cloud: Cloud[Ints]
    jv: Jv[Floats, Ints]
    lease_excess: LeaseExcess[Floats, Ints]
    internal_or_lease: InternalOrLease[Floats, Ints]
    disposal: Disposal[Floats, Ints]
    equity: Equity[Floats, Ints]


class Plan(NamedTuple):
    """The levers of one plan."""

    own_share: float
    variant: Variant[float, int]
    notes: Notes[float, int]
    liquidity: Liquidity[float, int]
    covenants: Covenants[float, int]
    cloud: Cloud[int]
    jv: Jv[float, int]
    lease_excess: LeaseExcess[float, int]
    internal_or_lease: InternalOrLease[float, int]
    disposal: Disposal[float, int]
    equity: Equity[float, int]


@inline
def select_plan(plans: Plans, k: int) -> Plan:
    """Plan number `k`."""
    return Plan(
        plans.own_share[k], select_variant(plans.variant, k), select_notes(plans.notes, k),
        select_liquidity(plans.liquidity, k), select_covenants(plans.covenants, k), select_cloud(plans.cloud, k),
        select_jv(plans.jv, k), select_lease_excess(plans.lease_excess, k),
        select_internal_or_lease(plans.internal_or_lease, k), select_disposal(plans.disposal, k),
        select_equity(plans.equity, k),
    )  # fmt: skip
