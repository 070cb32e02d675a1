"""Covenants that lenders test at quarter-ends."""

from __future__ import annotations

from typing import Generic, NamedTuple

from simulator.finance.plan.lever import Floats, Ints, Real, Whole
from simulator.numerics.jit import inline

__all__ = ["Covenants"]


class Covenants(NamedTuple, Generic[Real, Whole]):
    """Limits of the covenants; 0 stands for a covenant that is not tested."""

    dscr: Real  # lowest DSCR
    fccr: Real  # lowest FCCR; 0 where the plan has notes
    leverage: Real  # highest leverage
    cash: Real  # lowest cash, USD bn
    cures: Whole  # breaches that injected equity may cure
    sweep: Whole  # 1: the consequence of an uncured breach is that cash above the floor prepays the notes


@inline
def select_covenants(levers: Covenants[Floats, Ints], k: int) -> Covenants[float, int]:
    """The covenants of plan number `k`."""
    return Covenants(
        levers.dscr[k], levers.fccr[k], levers.leverage[k], levers.cash[k], levers.cures[k], levers.sweep[k] == 1
    )
