"""Covenant tests of a path: each ratio by test month, and its headroom to the threshold.

The kernel keeps only the worst of a ratio over all tests. The others are computed here from the months that the trace
keeps, by the definitions of docs/programme.md. Ratios are trailing twelve months; cash is tested before equity cures
it. NaN where there is no test or nothing to serve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.replay.replayed_path import FloatArray, PlanReplay, ReplayedPath
from simulator.finance import workspace as at
from simulator.finance.financing.covenants import NO_EARNINGS
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN

__all__: list[str] = []  # used in this folder only


class Covenant(NamedTuple):
    """A covenant of a plan; its headroom is the distance to the threshold, negative where the test fails."""

    name: str  # dscr, fccr, leverage or cash
    threshold: float
    headroom: FloatArray  # (months,)
    failed: NDArray[np.bool_]  # (months,)


class CovenantTests(NamedTuple):
    """Ratios by name (months,) and the covenants that the plan has."""

    ratios: dict[str, FloatArray]
    covenants: list[Covenant]
    cure_equity: FloatArray  # (months,) equity sold to cure a test, USD bn


def evaluate_covenants(path: ReplayedPath, plan: str) -> CovenantTests:
    """Return every ratio at every covenant test of a plan."""
    plans, k, f = path.model.plans, path.plan_index(plan), path.model.finance
    replay = path.plans[plan]
    s, at_test = replay.series, np.zeros(path.model.months, dtype=bool)
    at_test[f.test_months] = True
    cure_equity = _split_cures(plans.liquidity.floor[k], plans.equity.limit[k], s["cash"], s["equity"], at_test)
    cash = s["cash"] - cure_equity
    due, unprepaid = _principal(replay, plans.covenants.sweep[k] == 1)
    served = _trailing_year(s["interest"]) + due
    charges = _trailing_year(s["rent"]) + _trailing_year(s["cloud"])
    charged = plans.jv.on[k] or plans.cloud.on[k]
    cfads, ebitda = _trailing_year(s["cfads"]), _trailing_year(s["ebitda"])
    earned = (
        f.ebitda_share * _trailing_year(path.model.arpu.revenue0_by_month * path.world.monthly[at.AD_NOISE]) + ebitda
    )
    debt = plans.liquidity.other_debt[k] + unprepaid * replay.schedule.balance + s["revolver"] - cash + s["owed"]
    ratios = {
        "dscr": _ratio(cfads, served, at_test),
        "fccr": _ratio(cfads + charges, served + charges, at_test),
        "icr": _ratio(ebitda - _trailing_year(s["rent"]), _trailing_year(s["interest"]), at_test),
        "leverage": np.where(at_test, np.divide(debt, earned, out=np.full_like(debt, NO_EARNINGS), where=earned > 0.0),
                             np.nan),
    }  # fmt: skip
    thresholds = (
        ("dscr", plans.covenants.dscr[k], 1.0),
        ("fccr", plans.covenants.fccr[k] if charged else 0.0, 1.0),
        ("leverage", plans.covenants.leverage[k], -1.0),
        ("cash", plans.covenants.cash[k], 1.0),
    )
    tested = {**ratios, "cash": np.where(at_test, cash, np.nan)}
    covenants = [_covenant(name, float(limit), sign, tested[name]) for name, limit, sign in thresholds if limit > 0.0]
    return CovenantTests(ratios, covenants, cure_equity)


def _covenant(name: str, limit: float, sign: float, tested: FloatArray) -> Covenant:
    """Return a covenant with its headroom; cash that misses by a rounding does not fail."""
    headroom = sign * (tested - limit)
    return Covenant(name, limit, headroom, headroom < (-MONEY_TOLERANCE_USD_BN if name == "cash" else 0.0))


def _trailing_year(series: FloatArray) -> FloatArray:
    """Return the sum of the last twelve months, or of all so far where they are fewer."""
    total = np.concatenate([[0.0], np.cumsum(series)])
    month = np.arange(series.size)
    return np.asarray(total[month + 1] - total[np.maximum(month - 11, 0)])


def _ratio(part: FloatArray, whole: FloatArray, at_test: NDArray[np.bool_]) -> FloatArray:
    """Return part / whole at tests with something to serve, NaN elsewhere."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=at_test & (whole > MONEY_TOLERANCE_USD_BN))


def _principal(replay: PlanReplay, sweeps: bool) -> tuple[FloatArray, FloatArray]:
    """Return the principal due over twelve months and the unprepaid share of the scheduled notes, by month."""
    s, notes = replay.schedule, replay.series["notes"]
    unprepaid, paid, share = np.ones(notes.size), s.amortised.copy(), 1.0
    for m in range(notes.size if sweeps else 0):
        before = s.balance[m - 1] if m > 0 else 0.0
        if s.issued[m] > 0.0:
            share = (share * before + s.issued[m]) / (before + s.issued[m])
        paid[m] = share * s.amortised[m]
        share = float(notes[m] / s.balance[m]) if s.balance[m] > 0.0 else share
        unprepaid[m] = share
    return unprepaid * s.bullets + _trailing_year(paid), unprepaid


def _split_cures(
    floor: float, limit: float, cash: FloatArray, equity: FloatArray, at_test: NDArray[np.bool_]
) -> FloatArray:
    """Return the equity sold to cure a test: what a month's sale brings beyond filling cash up to its floor."""
    missing = floor - (cash - equity)
    room = np.maximum(limit - (np.cumsum(equity) - equity), 0.0)
    for_cash = np.where(missing > MONEY_TOLERANCE_USD_BN, np.minimum(missing, room), 0.0)
    cure = np.where(at_test, equity - for_cash, 0.0)
    return np.where(cure > MONEY_TOLERANCE_USD_BN, cure, 0.0)
