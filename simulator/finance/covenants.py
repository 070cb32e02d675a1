"""Debt service, coverage ratios and covenants, tested at quarter-ends.

Ratios are trailing twelve months. A ratio without anything to serve is undefined (NaN) and fails no test.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.elementary import exp, log
from simulator.finance import ledger as at
from simulator.finance.debt import SLACK, Schedule, trailing
from simulator.finance.ledger import Lanes, Ledger, Monthly, World
from simulator.finance.plan import Terms
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
    since: Lanes  # tests from the first breach on
    passed: Lanes  # of the two after it


@inner
def trailing_total(row: NDArray[np.float64], m: int) -> float:
    """The same of a series that no path changes."""
    total = 0.0
    for back in range(max(0, m - 11), m + 1):
        total += row[back]
    return total


@inner
def worse(worst: Lanes, part: Lanes, whole: Lanes) -> None:
    """Lower `worst` to part / whole where something is to be served."""
    for lane in range(worst.size):
        served = whole[lane] > 0.0
        ratio = part[lane] / (whole[lane] if served else 1.0)
        worst[lane] = min(worst[lane], ratio if served else np.inf)


@inner
def undefined_if_untested(worst: Lanes) -> None:
    """A minimum that no test lowered is undefined."""
    for lane in range(worst.size):
        worst[lane] = np.nan if worst[lane] == np.inf else worst[lane]


@inner
def start_tests(months: int, cover: Cover) -> None:
    """No test seen yet: infinity stands for it."""
    for lane in range(cover.dscr.size):
        cover.dscr[lane] = np.inf
        cover.reserve[lane] = np.inf
        cover.fccr[lane] = np.inf
        cover.icr[lane] = np.inf
    for lane in range(cover.dscr.size):
        cover.leverage[lane] = np.inf
        cover.breach[lane] = 0.0
        cover.month[lane] = months
    for lane in range(cover.dscr.size):
        cover.since[lane] = 0.0
        cover.passed[lane] = 0.0


@inner
def test_covenants(
    p: Programme,
    f: Finance,
    terms: Terms,
    base: NDArray[np.float64],
    s: Schedule,
    world: World,
    scratch: NDArray[np.float64],
    ledger: Ledger,
    cover: Cover,
) -> None:
    """Fill the worst ratios over the test months and whether, when and for how long covenants were breached."""
    cfads, service, interest, ebitda = scratch[0], scratch[1], scratch[2], scratch[3]
    ads, failed, cash, net_debt = scratch[4], scratch[5], scratch[8], scratch[9]
    dscr, fccr, icr, reserve = cover.dscr, cover.fccr, cover.icr, cover.reserve
    leverage, breach, month, since, passed = cover.leverage, cover.breach, cover.month, cover.since, cover.passed
    flows, paid, earned, noise = ledger[at.CFADS], ledger[at.INTEREST], ledger[at.EBITDA], world.monthly[at.NOISE]
    revolver, balance, mw, cost = ledger[at.REVOLVER], ledger[at.CASH], ledger[at.SERVICE], world.lanes[at.COST]
    start_tests(flows.shape[0], cover)
    for m in f.test_months:
        trailing(flows, m, cfads)
        trailing(paid, m, interest)
        trailing(earned, m, ebitda)
        _trailing_ads(base, noise, m, ads)
        due = s.bullets[m] + trailing_total(s.repaid, m)
        debt = terms.other_debt + s.balance[m]
        _owed(m, debt, due, interest, revolver, balance, service, failed, cash, net_debt)
        _fails_ratio(terms.covenant_dscr, cfads, service, failed)
        worse(dscr, cfads, service)
        worse(fccr, cfads, service)
        worse(icr, ebitda, interest)
        _leverage(f.leverage_share, net_debt, ebitda, ads)
        _fails_most(terms.covenant_leverage, ads, leverage, failed)
        _fails_cash(terms.covenant_cash, cash, failed)
        per_mw = (p.compute_per_mw + terms.refit * p.shell_per_mw * p.growth[m]) * 12.0 / p.compute_life
        _deduct_reserve(m, per_mw, cost, mw, cfads)
        worse(reserve, cfads, service)
        _follow(m, failed, since, passed, breach, month)
    end_tests(cover)


@inner
def _owed(
    m: int,
    debt: float,
    due: float,
    interest: Lanes,
    revolver: Monthly,
    cash: Monthly,
    service: Lanes,
    failed: Lanes,
    cash_now: Lanes,
    net_debt: Lanes,
) -> None:
    """Debt service of twelve months, cash and net debt at the end of month m; nothing has failed yet."""
    for lane in range(failed.size):
        service[lane] = interest[lane] + due
        failed[lane] = 0.0
        cash_now[lane] = cash[m, lane]
        net_debt[lane] = debt + revolver[m, lane] - cash[m, lane]


@inner
def end_tests(cover: Cover) -> None:
    """A ratio that no test lowered is undefined; a breach is cured by passing the two tests after it."""
    for lane in range(cover.cured.size):
        passed = 1.0 if cover.passed[lane] == 2.0 else 0.0
        cover.cured[lane] = np.nan if cover.breach[lane] == 0.0 else passed
    undefined_if_untested(cover.dscr)
    undefined_if_untested(cover.reserve)
    undefined_if_untested(cover.fccr)
    undefined_if_untested(cover.icr)
    undefined_if_untested(cover.leverage)


@inner
def _trailing_ads(base: NDArray[np.float64], noise: Monthly, m: int, out: Lanes) -> None:
    """Ad revenue without the programme over the trailing twelve months."""
    out[:] = 0.0
    for back in range(max(0, m - 11), m + 1):
        for lane in range(out.size):
            out[lane] += base[back] * noise[back, lane]


@inner
def _fails_ratio(least: float, part: Lanes, whole: Lanes, failed: Lanes) -> None:
    """A ratio below its covenant fails (least 0: no such covenant)."""
    if least > 0.0:
        for lane in range(failed.size):
            low = whole[lane] > 0.0 and part[lane] < least * whole[lane]
            failed[lane] = 1.0 if low else failed[lane]


@inner
def _leverage(share: float, net_debt: Lanes, ebitda: Lanes, ads: Lanes) -> None:
    """Consolidated (debt - cash) / EBITDA, put in place of the trailing ad revenue."""
    for lane in range(ads.size):
        earned = share * ads[lane] + ebitda[lane]
        some = earned > 0.0
        ads[lane] = net_debt[lane] / (earned if some else 1.0) if some else NO_EARNINGS


@inner
def _fails_most(limit: float, ratio: Lanes, most: Lanes, failed: Lanes) -> None:
    """Keep the highest ratio; one above its covenant fails (0: no such covenant)."""
    for lane in range(most.size):
        known = -np.inf if most[lane] == np.inf else most[lane]
        most[lane] = max(known, ratio[lane])
        failed[lane] = 1.0 if limit > 0.0 and ratio[lane] > limit else failed[lane]


@inner
def _fails_cash(least: float, cash: Lanes, failed: Lanes) -> None:
    """Cash below its covenant fails (least 0: no such covenant)."""
    if least > 0.0:
        for lane in range(failed.size):
            failed[lane] = 1.0 if cash[lane] < least - SLACK else failed[lane]


@inner
def _deduct_reserve(m: int, per_mw: float, cost: Lanes, service: Monthly, cfads: Lanes) -> None:
    """Deduct a year's share of the next refresh of all compute in service."""
    for lane in range(cfads.size):
        cfads[lane] -= per_mw * cost[lane] * service[m, lane]


@inner
def _follow(m: int, failed: Lanes, since: Lanes, passed: Lanes, breach: Lanes, month: Lanes) -> None:
    """Note the first breach and whether the two tests after it pass; `since` counts tests from the first breach on."""
    for lane in range(failed.size):
        first = failed[lane] > 0.0 and breach[lane] == 0.0
        watched = since[lane] > 0.0 and since[lane] < 3.0
        passed[lane] += 1.0 if watched and failed[lane] == 0.0 else 0.0
        since[lane] += 1.0 if since[lane] > 0.0 or first else 0.0
        month[lane] = m if first else month[lane]
        breach[lane] = 1.0 if first else breach[lane]


@inner
def loan_life_cover(f: Finance, coupon: float, s: Schedule, ledger: Ledger, out: Lanes) -> None:
    """LLCR at the first test: CFADS after it, discounted at the notes' weighted coupon, over the notes outstanding."""
    out[:] = np.nan
    if f.test_months.size == 0 or not s.balance[f.test_months[0]] > 0.0:
        return
    first = f.test_months[0]
    step = exp(log(1.0 + coupon) / -12.0)
    discount = 1.0 / s.balance[first]
    out[:] = 0.0
    for m in range(first + 1, ledger[at.CFADS].shape[0]):
        discount *= step
        for lane in range(out.size):
            out[lane] += discount * ledger[at.CFADS][m, lane]
