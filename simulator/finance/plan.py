"""Plans: what the company does about the programme, one entry a plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inline

COMMITTED, DEFERRED = range(2)
NO_REFRESH, BOOK, ECONOMIC = range(3)


class Plans(NamedTuple):
    """Frozen levers, arrays of one entry per plan; an absent lever is its neutral number."""

    chips: NDArray[np.int64]  # COMMITTED or DEFERRED
    refresh: NDArray[np.int64]  # NO_REFRESH, BOOK or ECONOMIC
    refit: NDArray[np.float64]  # refit cost at a swap, share of shell
    opening_cash: NDArray[np.float64]  # before notes, USD bn
    other_debt: NDArray[np.float64]  # USD bn
    cash_floor: NDArray[np.float64]  # liquidity the revolver defends, USD bn
    revolver: NDArray[np.float64]  # limit, USD bn
    revolver_margin: NDArray[np.float64]  # over r + s
    cash_rate: NDArray[np.float64]  # earned on cash, per year
    penalty: NDArray[np.float64]  # one-off cash penalty, USD bn (0: none)
    penalty_month: NDArray[np.int64]
    covenant_dscr: NDArray[np.float64]  # minimum DSCR (0: no such covenant)
    covenant_fccr: NDArray[np.float64]  # minimum FCCR where the plan has no notes (0: none)
    covenant_leverage: NDArray[np.float64]  # maximum leverage (0: none)
    covenant_cash: NDArray[np.float64]  # minimum cash (0: none)
    tranche_from: NDArray[np.int64]  # (P + 1,) tranches of plan p: tranche_from[p] .. tranche_from[p + 1] - 1
    tranche_amount: NDArray[np.float64]  # USD bn
    tranche_issue: NDArray[np.int64]  # month of issue
    tranche_maturity: NDArray[np.int64]  # month of repayment (may lie beyond the horizon)
    tranche_rate: NDArray[np.float64]  # coupon, or margin over r + s where floating
    tranche_floating: NDArray[np.int64]  # 1: the rate is fixed at issue as opening r + s + margin
    tranche_margin: NDArray[np.float64]  # own margin over r + s at refinancing
    tranche_term: NDArray[np.float64]  # years from issue to maturity
    tranche_refinance: NDArray[np.int64]  # 1: a 10-year bullet replaces it at maturity
    tranche_amortising: NDArray[np.int64]  # 1: equal monthly principal from issue to maturity
    note_coupon: NDArray[np.float64]  # weighted coupon of the plan's notes (0 without notes)
    note_duration: NDArray[np.float64]  # their Macaulay duration at issue, years
    note_maturity: NDArray[np.float64]  # their weighted term at issue, years


class Terms(NamedTuple):
    """The numbers of one plan's liquidity and covenants, as in Plans."""

    opening_cash: float
    other_debt: float
    cash_floor: float
    revolver: float
    revolver_margin: float
    cash_rate: float
    penalty: float
    penalty_month: int
    covenant_dscr: float
    covenant_leverage: float
    covenant_cash: float
    refit: float


@inline
def terms_of(plans: Plans, plan: int) -> Terms:
    """The terms of plan number `plan`."""
    return Terms(
        plans.opening_cash[plan], plans.other_debt[plan], plans.cash_floor[plan], plans.revolver[plan],
        plans.revolver_margin[plan], plans.cash_rate[plan], plans.penalty[plan], plans.penalty_month[plan],
        plans.covenant_dscr[plan], plans.covenant_leverage[plan], plans.covenant_cash[plan], plans.refit[plan],
    )  # fmt: skip
