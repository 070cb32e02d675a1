"""What each covenant test of a path saw: ratios by test month, and what is left to the threshold.

The kernel keeps the worst of a ratio over all tests; which test it was, and how near the others came, is worked out
here from the months that the trace keeps, by the definitions of docs/programme.md. Ratios are trailing twelve months;
the test sees cash before equity cures it. NaN where there is no test or nothing to serve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.replay.replayed_path import Books, Floats, Path
from simulator.finance import workspace as at
from simulator.finance.financing.covenants import NO_EARNINGS
from simulator.finance.financing.debt import SLACK


class Covenant(NamedTuple):
    """A covenant of a plan; headroom is what the test has to spare, negative where it fails."""

    name: str  # dscr, fccr, leverage or cash
    threshold: float
    headroom: Floats  # (months,)
    failed: NDArray[np.bool_]  # (months,)


class Tests(NamedTuple):
    """Ratios by name (months,) and the covenants that the plan has."""

    ratios: dict[str, Floats]
    covenants: list[Covenant]
    injected: Floats  # (months,) equity sold to cure a test, USD bn


def tests(path: Path, plan: str) -> Tests:
    """Every ratio at every covenant test of a plan."""
    plans, k, f = path.model.plans, path.number(plan), path.model.finance
    books = path.plans[plan]
    s, at_test = books.series, np.zeros(path.model.months, dtype=bool)
    at_test[f.test_months] = True
    injected = _injected(plans.liquidity.floor[k], plans.equity.limit[k], s["cash"], s["equity"], at_test)
    held = s["cash"] - injected
    due, left = _principal(books, plans.covenants.sweep[k] == 1)
    served = _year(s["interest"]) + due
    charges = _year(s["rent"]) + _year(s["cloud"])
    charged = plans.jv.on[k] or plans.cloud.on[k]
    cfads, ebitda = _year(s["cfads"]), _year(s["ebitda"])
    earned = f.leverage_share * _year(path.model.arpu.revenue0_by_month * path.world.monthly[at.NOISE]) + ebitda
    debt = plans.liquidity.other_debt[k] + left * books.schedule.balance + s["revolver"] - held + s["owed"]
    ratios = {
        "dscr": _over(cfads, served, at_test),
        "fccr": _over(cfads + charges, served + charges, at_test),
        "icr": _over(ebitda - _year(s["rent"]), _year(s["interest"]), at_test),
        "leverage": np.where(at_test, np.divide(debt, earned, out=np.full_like(debt, NO_EARNINGS), where=earned > 0.0),
                             np.nan),
    }  # fmt: skip
    asked = (
        ("dscr", plans.covenants.dscr[k], 1.0),
        ("fccr", plans.covenants.fccr[k] if charged else 0.0, 1.0),
        ("leverage", plans.covenants.leverage[k], -1.0),
        ("cash", plans.covenants.cash[k], 1.0),
    )
    seen = {**ratios, "cash": np.where(at_test, held, np.nan)}
    held_to = [_covenant(name, float(limit), sign, seen[name]) for name, limit, sign in asked if limit > 0.0]
    return Tests(ratios, held_to, injected)


def _covenant(name: str, limit: float, sign: float, seen: Floats) -> Covenant:
    """Cash and CFADS that miss by a rounding do not fail."""
    headroom = sign * (seen - limit)
    return Covenant(name, limit, headroom, headroom < (-SLACK if name == "cash" else 0.0))


def _year(series: Floats) -> Floats:
    """Sum of the twelve months up to each (of those there are)."""
    total = np.concatenate([[0.0], np.cumsum(series)])
    month = np.arange(series.size)
    return np.asarray(total[month + 1] - total[np.maximum(month - 11, 0)])


def _over(part: Floats, whole: Floats, at_test: NDArray[np.bool_]) -> Floats:
    some = at_test & (whole > SLACK)
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=some)


def _principal(books: Books, sweeps: bool) -> tuple[Floats, Floats]:
    """Principal due over twelve months, and the share of the scheduled notes that no sweep has prepaid, by month."""
    s, notes = books.schedule, books.series["notes"]
    left, paid, share = np.ones(notes.size), s.amortised.copy(), 1.0
    for m in range(notes.size if sweeps else 0):
        before = s.balance[m - 1] if m > 0 else 0.0
        if s.issued[m] > 0.0:
            share = (share * before + s.issued[m]) / (before + s.issued[m])
        paid[m] = share * s.amortised[m]
        share = float(notes[m] / s.balance[m]) if s.balance[m] > 0.0 else share
        left[m] = share
    return left * s.bullets + _year(paid), left


def _injected(floor: float, limit: float, cash: Floats, equity: Floats, at_test: NDArray[np.bool_]) -> Floats:
    """What of a month's shares was sold to cure a test: first come those that fill the cash up to its floor."""
    missing = floor - (cash - equity)
    room = np.maximum(limit - (np.cumsum(equity) - equity), 0.0)
    for_cash = np.where(missing > SLACK, np.minimum(missing, room), 0.0)
    cure = np.where(at_test, equity - for_cash, 0.0)
    return np.where(cure > SLACK, cure, 0.0)
