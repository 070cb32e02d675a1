"""Capacity rented from a cloud where a plan does not own all of a site."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Ints, Whole
from simulator.numerics.jit import inline

__all__ = ["Cloud"]


class Cloud(NamedTuple, Generic[Whole]):
    """Terms of rented capacity."""

    on: Whole  # 1: own_share is below 1
    term: Whole  # months of a rented term
    term_tenor: Whole


@inline
def select_cloud(levers: Cloud[Ints], k: int) -> Cloud[int]:
    """The cloud of plan number `k`."""
    return Cloud(levers.on[k] == 1, levers.term[k], levers.term_tenor[k])
