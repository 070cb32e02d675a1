"""Shares sold when the revolver is full."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["Equity"]


class Equity(NamedTuple, Generic[Real, Whole]):
    """Shares that a plan may sell."""

    on: Whole
    limit: Real  # most that is raised, USD bn (0: none)
    price_net: Real  # proceeds of a share after the discount, USD
    base_eps: Real  # earnings of the base business, USD a share and year, that new shares dilute


@inline
def select_equity(levers: Equity[Floats, Ints], k: int) -> Equity[float, int]:
    """The equity of plan number `k`."""
    return Equity(levers.on[k] == 1, levers.limit[k], levers.price_net[k], levers.base_eps[k])
