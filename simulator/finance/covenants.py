"""Debt service, coverage ratios and covenants, tested at quarter-ends.

Ratios are trailing twelve months. A ratio without anything to serve is undefined (NaN) and fails no test.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.elementary import exp, log
from simulator.finance.debt import SLACK, Schedule, trailing
from simulator.finance.ledger import Lanes, Ledger, Monthly, World
from simulator.finance.plan import Plans
from simulator.finance.programme import Finance, Programme

NO_EARNINGS = 999.0  # leverage where trailing EBITDA is not positive


class Cover(NamedTuple):
    """Ratios by lane: the worst over the tests, and the covenant's story."""

    dscr: Lanes
    reserve: Lanes
    fccr: Lanes
    icr: Lanes
    leverage: Lanes
    breach: Lanes
    month: Lanes
    cured: Lanes


@njit
def trailing_total(row: NDArray[np.float64], m: int) -> float:
    """The same of a series that no path changes."""
    total = 0.0
    for back in range(max(0, m - 11), m + 1):
        total += row[back]
    return total


@njit
def worse(worst: Lanes, part: Lanes, whole: Lanes) -> None:
    """Lower `worst` to part / whole where something is to be served."""
    for lane in range(worst.size):
        served = whole[lane] > 0.0
        ratio = part[lane] / (whole[lane] if served else 1.0)
        worst[lane] = min(worst[lane], ratio if served else np.inf)


@njit
def undefined_if_untested(worst: Lanes) -> None:
    """A minimum that no test lowered is undefined."""
    for lane in range(worst.size):
        worst[lane] = np.nan if worst[lane] == np.inf else worst[lane]


@njit
def test_covenants(
    p: Programme,
    f: Finance,
    plans: Plans,
    plan: int,
    base: NDArray[np.float64],
    s: Schedule,
    world: World,
    scratch: NDArray[np.float64],
    ledger: Ledger,
    breached: Monthly,
    cover: Cover,
) -> None:
    """Fill the worst ratios over the test months and whether, when and for how long covenants were breached.

    `breached` (months, lanes) is 1 from the month of the first breach on.
    """
    months, lanes = breached.shape
    cfads, service, interest, ebitda, ads = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    failed, state, passed = scratch[5], scratch[6], scratch[7]
    _reset(months, cover)
    state[:] = 0.0
    passed[:] = 0.0
    breached[:] = 0.0
    for m in f.test_months:
        trailing(ledger.cfads, m, cfads)
        trailing(ledger.interest, m, interest)
        trailing(ledger.ebitda, m, ebitda)
        _trailing_ads(base, world.noise, m, ads)
        due = s.bullets[m] + trailing_total(s.repaid, m)
        for lane in range(lanes):
            service[lane] = interest[lane] + due
        failed[:] = 0.0
        _fails_ratio(plans.covenant_dscr[plan], cfads, service, failed)
        worse(cover.dscr, cfads, service)
        worse(cover.fccr, cfads, service)
        worse(cover.icr, ebitda, interest)
        _leverage(f, plans, plan, s.balance[m], m, ebitda, ads, ledger, cover.leverage, failed)
        _fails_cash(plans.covenant_cash[plan], m, ledger, failed)
        _less_reserve(p, plans.refit[plan], m, world, ledger, cfads)
        worse(cover.reserve, cfads, service)
        _follow(m, failed, state, passed, cover)
    for lane in range(lanes):
        cover.cured[lane] = np.nan if cover.breach[lane] == 0.0 else (1.0 if passed[lane] == 2.0 else 0.0)
    undefined_if_untested(cover.dscr)
    undefined_if_untested(cover.reserve)
    undefined_if_untested(cover.fccr)
    undefined_if_untested(cover.icr)
    for m in range(months):
        for lane in range(lanes):
            breached[m, lane] = 1.0 if m >= cover.month[lane] else 0.0


@njit
def _reset(months: int, cover: Cover) -> None:
    for lane in range(cover.dscr.size):
        cover.dscr[lane] = np.inf
        cover.reserve[lane] = np.inf
        cover.fccr[lane] = np.inf
        cover.icr[lane] = np.inf
    for lane in range(cover.dscr.size):
        cover.leverage[lane] = 0.0
        cover.breach[lane] = 0.0
        cover.month[lane] = months
        cover.cured[lane] = np.nan


@njit
def _trailing_ads(base: NDArray[np.float64], noise: Monthly, m: int, out: Lanes) -> None:
    """Ad revenue without the programme over the trailing twelve months."""
    out[:] = 0.0
    for back in range(max(0, m - 11), m + 1):
        for lane in range(out.size):
            out[lane] += base[back] * noise[back, lane]


@njit
def _fails_ratio(least: float, part: Lanes, whole: Lanes, failed: Lanes) -> None:
    """A ratio below its covenant fails (least 0: no such covenant)."""
    if least > 0.0:
        for lane in range(failed.size):
            low = whole[lane] > 0.0 and part[lane] < least * whole[lane]
            failed[lane] = 1.0 if low else failed[lane]


@njit
def _leverage(
    f: Finance,
    plans: Plans,
    plan: int,
    notes: float,
    m: int,
    ebitda: Lanes,
    ads: Lanes,
    ledger: Ledger,
    most: Lanes,
    failed: Lanes,
) -> None:
    """Consolidated (debt - cash) / EBITDA against its maximum (0: no such covenant)."""
    debt, limit = plans.other_debt[plan] + notes, plans.covenant_leverage[plan]
    for lane in range(most.size):
        earned = f.leverage_share * ads[lane] + ebitda[lane]
        some = earned > 0.0
        net = debt + ledger.revolver[m, lane] - ledger.cash[m, lane]
        ratio = net / earned if some else NO_EARNINGS
        most[lane] = max(most[lane], ratio)
        failed[lane] = 1.0 if limit > 0.0 and ratio > limit else failed[lane]


@njit
def _fails_cash(least: float, m: int, ledger: Ledger, failed: Lanes) -> None:
    """Cash below its covenant fails (least 0: no such covenant)."""
    if least > 0.0:
        for lane in range(failed.size):
            failed[lane] = 1.0 if ledger.cash[m, lane] < least - SLACK else failed[lane]


@njit
def _less_reserve(p: Programme, refit: float, m: int, world: World, ledger: Ledger, cfads: Lanes) -> None:
    """Deduct a year's share of the next refresh of all compute in service."""
    per_mw = (p.compute_per_mw + refit * p.shell_per_mw * p.growth[m]) * 12.0 / p.compute_life
    for lane in range(cfads.size):
        cfads[lane] -= per_mw * world.cost[lane] * ledger.service[m, lane]


@njit
def _follow(m: int, failed: Lanes, state: Lanes, passed: Lanes, cover: Cover) -> None:
    """Note the first breach, and whether the two tests after it pass. `state` counts tests since the first breach."""
    for lane in range(failed.size):
        first = failed[lane] > 0.0 and cover.breach[lane] == 0.0
        watched = state[lane] > 0.0 and state[lane] < 3.0
        passed[lane] += 1.0 if watched and failed[lane] == 0.0 else 0.0
        state[lane] += 1.0 if state[lane] > 0.0 or first else 0.0
        cover.month[lane] = m if first else cover.month[lane]
        cover.breach[lane] = 1.0 if first else cover.breach[lane]


@njit
def loan_life_cover(f: Finance, coupon: float, s: Schedule, ledger: Ledger, out: Lanes) -> None:
    """LLCR at the first test: CFADS after it, discounted at the notes' weighted coupon, over the notes outstanding."""
    out[:] = np.nan
    if f.test_months.size == 0 or not s.balance[f.test_months[0]] > 0.0:
        return
    first = f.test_months[0]
    step = exp(log(1.0 + coupon) / -12.0)
    discount = 1.0 / s.balance[first]
    out[:] = 0.0
    for m in range(first + 1, ledger.cfads.shape[0]):
        discount *= step
        for lane in range(out.size):
            out[lane] += discount * ledger.cfads[m, lane]
