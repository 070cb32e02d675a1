"""A joint venture that owns sites and leases them to the company."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline, inner
from simulator.numerics.special_functions import exp, log

__all__ = ["ALL", "SHELL_ONLY", "Jv"]

SHELL_ONLY, ALL = range(2)


class Jv(NamedTuple, Generic[Real, Whole]):
    """The joint venture; shares are of 1, rates per year."""

    on: Whole
    share: Real  # the partner's share of what the venture owns (0: no venture)
    rate: Real  # return that the rent pays the partner
    lease_months: Whole
    renewal_months: Whole  # between dates at which the sponsor may leave
    guarantee: Real  # cap of the residual-value guarantee, share of the partner's base
    assets: Whole  # SHELL_ONLY, or ALL: it owns compute as well
    exit_block: Whole  # months after a swap in which the sponsor does not leave
    sites: Ints  # ([plans,] sites) 1: the venture takes the site
    discount: Floats  # ([plans,] months) discount factors at rate x (1 - tax)


@inline
def select_jv(levers: Jv[Floats, Ints], k: int) -> Jv[float, int]:
    """The joint venture of plan number `k`."""
    return Jv(
        levers.on[k] == 1, levers.share[k], levers.rate[k], levers.lease_months[k], levers.renewal_months[k],
        levers.guarantee[k], levers.assets[k], levers.exit_block[k], levers.sites[k], levers.discount[k],
    )  # fmt: skip


@inner
def fill_discount_factors(rate: float, factors: Floats) -> None:
    """Fill factors[n] with what 1 in n months is worth now at a yearly `rate`: (1 + rate)^(-n / 12)."""
    monthly = log(1.0 + rate) / 12.0
    for n in range(factors.size):
        factors[n] = exp(-monthly * n)
