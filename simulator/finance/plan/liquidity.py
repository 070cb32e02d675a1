"""Cash and the revolver."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["Liquidity"]


class Liquidity(NamedTuple, Generic[Real, Whole]):
    """Cash, other debt and the revolver; USD bn, rates per year."""

    opening_cash: Real  # at month 0 before notes
    other_debt: Real  # outside the plan
    floor: Real  # cash that the revolver defends
    revolver: Real  # its limit
    revolver_margin: Real  # over r + s
    cash_rate: Real  # earned on cash
    penalty: Real  # one-off cash penalty (0: none)
    penalty_month: Whole


@inline
def select_liquidity(levers: Liquidity[Floats, Ints], k: int) -> Liquidity[float, int]:
    """The liquidity of plan number `k`."""
    return Liquidity(
        levers.opening_cash[k], levers.other_debt[k], levers.floor[k], levers.revolver[k],
        levers.revolver_margin[k], levers.cash_rate[k], levers.penalty[k], levers.penalty_month[k],
    )  # fmt: skip
