"""Interest and principal of a plan's notes by month: the same on every path, so computed once for all baselines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.financing.debt import REFINANCED_MONTHS
from simulator.model import Model

Array = NDArray[np.float64]


class Ladder(NamedTuple):
    """Series (months,), USD bn."""

    fixed: Array  # interest at coupons
    notes: Array  # outstanding at the close
    bullets: Array  # principal / term in years, a year
    shield: float  # present value of the tax on `fixed`, each note at its own rate


def ladder(model: Model) -> Ladder:
    """Bullets issued in month 0, refinanced at maturity."""
    p, m = model.plans, np.arange(model.months)
    open_ = m[:, None] <= p.notes.tranches.maturity
    coupons = open_ * p.notes.tranches.amount * p.notes.tranches.rate / 12.0
    term = np.where(m[:, None] >= p.notes.tranches.maturity, REFINANCED_MONTHS / 12.0, p.notes.tranches.term)
    worth = coupons * (1.0 + p.notes.tranches.rate) ** (-(m[:, None] + 1.0) / 12.0)
    notes = np.full(model.months, p.notes.tranches.amount.sum())
    bullets = (p.notes.tranches.amount / term).sum(axis=1)
    return Ladder(coupons.sum(axis=1), notes, bullets, float(model.finance.tax * worth.sum()))
