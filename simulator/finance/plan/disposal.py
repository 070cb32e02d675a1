"""A pool of assets held for sale."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["Disposal"]


class Disposal(NamedTuple, Generic[Real, Whole]):
    """The pool and its sale."""

    on: Whole
    carrying: Real  # carrying value, USD bn (0: none)
    probability_threshold: Real  # the sale closes where the score lies below this
    months: Whole  # month in which an unsold pool returns to use
    months_marginal: Whole  # of the month-time at which the sale closes
    ratio_marginal: Whole  # of price over carrying value


@inline
def select_disposal(levers: Disposal[Floats, Ints], k: int) -> Disposal[float, int]:
    """The disposal of plan number `k`."""
    return Disposal(
        levers.on[k] == 1, levers.carrying[k], levers.probability_threshold[k], levers.months[k],
        levers.months_marginal[k], levers.ratio_marginal[k],
    )  # fmt: skip
