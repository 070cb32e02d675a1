"""Physical variants: plans whose sites behave alike share one, and its sites are built once."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["BOOK", "COMMITTED", "DEFERRED", "ECONOMIC", "NO_REFRESH", "Variant"]

COMMITTED, DEFERRED = range(2)
NO_REFRESH, BOOK, ECONOMIC = range(3)


class Variant(NamedTuple, Generic[Real, Whole]):
    """The rules by which sites are built and renewed."""

    number: Whole  # of the variant, by first appearance
    chips: Whole  # COMMITTED or DEFERRED
    refresh: Whole  # NO_REFRESH, BOOK or ECONOMIC
    refit: Real  # cost of a refit at a swap, share of the cost of shell
    lease_term: Whole  # months of a lease contract of its plans (0: none of them leases)


@inline
def select_variant(levers: Variant[Floats, Ints], k: int) -> Variant[float, int]:
    """The variant of plan number `k`."""
    return Variant(levers.number[k], levers.chips[k], levers.refresh[k], levers.refit[k], levers.lease_term[k])
