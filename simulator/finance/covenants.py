"""Debt service, coverage ratios and covenants, tested at quarter-ends; breaches cured, watched or swept.

Ratios are trailing twelve months. A ratio without anything to serve is undefined (NaN) and fails no test. What a failed
test lacks is kept as cash that would have met it, `need`: the largest over the covenants, infinite where no cash would.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.elementary import exp, log
from simulator.finance import ledger as at
from simulator.finance.debt import SLACK, Schedule
from simulator.finance.ledger import Lanes, Ledger, Monthly
from simulator.finance.plan import Terms
from simulator.finance.programme import Finance

NO_EARNINGS = 999.0  # leverage where trailing EBITDA is not positive
WATCH = 2.0  # tests in a row that cure a breach

# Scratch of the levered month, by lane: what passes from month to month ..
(
    HELD,  # cash
    DRAWN,  # on the revolver
    BORNE,  # deducted from taxable result and cash: interest, rent and guarantee; at a test, equity injected
    FLOW,  # change of cash; at a test, net debt
    PER_SHARE,  # earnings a share on 1 before tax
    LEFT,  # share of the scheduled notes that no sweep has prepaid
    SWEEPING,
    AWAITED,  # tests that a breach under watch has still to pass
    CURED,  # breaches cured by equity
    NEED,  # cash that would have met the test
    SERVED,  # debt service of twelve months
    SUM,  # running sums since month 0, then the same over twelve months, then those at the last four quarter-ends
) = range(12)
UNRENTED, INTEREST, EBITDA, REVENUE, RENT, CLOUD, AMORTISED, SUMS = range(8)  # UNRENTED: CFADS before rent
YEAR = SUM + SUMS
RING = YEAR + SUMS
LEVERED_ROWS = RING + 4 * SUMS


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
    uncured: Lanes


@inner
def start_tests(months: int, cover: Cover) -> None:
    """No test seen yet: infinity stands for it."""
    cover.dscr[:] = np.inf
    cover.reserve[:] = np.inf
    cover.fccr[:] = np.inf
    cover.icr[:] = np.inf
    cover.leverage[:] = -np.inf
    cover.breach[:] = 0.0
    cover.month[:] = months
    cover.cured[:] = 0.0
    cover.uncured[:] = 0.0


@inner
def end_tests(charged: bool, awaited: Lanes, cover: Cover) -> None:
    """A ratio that no test lowered is undefined; a breach still under watch is uncured.

    Without rent and cloud (`charged` false) fixed charges are debt service.
    """
    for lane in range(awaited.size):
        cover.cured[lane] = np.nan if cover.breach[lane] == 0.0 else cover.cured[lane]
        cover.uncured[lane] = 1.0 if awaited[lane] > 0.0 else cover.uncured[lane]
    for lane in range(awaited.size):
        cover.dscr[lane] = np.nan if cover.dscr[lane] == np.inf else cover.dscr[lane]
        cover.reserve[lane] = np.nan if cover.reserve[lane] == np.inf else cover.reserve[lane]
        cover.icr[lane] = np.nan if cover.icr[lane] == np.inf else cover.icr[lane]
        cover.leverage[lane] = np.nan if cover.leverage[lane] == -np.inf else cover.leverage[lane]
    for lane in range(awaited.size):
        charge = cover.fccr[lane] if charged else cover.dscr[lane]
        cover.fccr[lane] = np.nan if charge == np.inf else charge


@inner
def take_year(slot: int, count: int, rows: NDArray[np.float64]) -> None:
    """The first `count` running sums over the last four quarters; those at this quarter-end replace the oldest."""
    for k in range(count):
        now, year, old = SUM + k, YEAR + k, RING + slot * SUMS + k
        for lane in range(rows.shape[1]):
            total = rows[now, lane]
            rows[year, lane] = total - rows[old, lane]
            rows[old, lane] = total


@inner
def test_covenants(
    m: int,
    terms: Terms,
    s: Schedule,
    share: float,
    per_mw: float,
    cost: Lanes,
    service: Monthly,
    ledger: Ledger,
    rows: NDArray[np.float64],
    cover: Cover,
    sold: Lanes,
) -> None:
    """Test the covenants at the end of month m, on the sums of twelve months that `take_year` left.

    Follows the worst ratios, breaches and watches; cures with equity while that is left. `share` of ad revenue is the
    base business's EBITDA, `per_mw` a year's share of the next refresh, USD bn per MW in service at cost multiplier 1.
    """
    balance, bullets, due = s.balance[m], s.bullets[m], s.bullets[m]
    for back in range(max(0, m - 11), m + 1):
        due += s.amortised[back]
    for lane in range(sold.size):
        rows[SERVED, lane] = rows[YEAR + INTEREST, lane] + due
        rows[FLOW, lane] = terms.other_debt + balance + rows[DRAWN, lane] - rows[HELD, lane]
        rows[NEED, lane] = 0.0
    if terms.sweep:
        for lane in range(sold.size):
            left = rows[LEFT, lane]
            rows[SERVED, lane] = rows[YEAR + INTEREST, lane] + left * bullets + rows[YEAR + AMORTISED, lane]
            rows[FLOW, lane] = terms.other_debt + left * balance + rows[DRAWN, lane] - rows[HELD, lane]
    _cover(m, terms.covenant_dscr, per_mw * terms.own, cost, service, rows, cover.dscr, cover.reserve)
    if terms.with_jv or terms.with_cloud:
        _charges(m, terms.covenant_fccr, ledger, rows, cover.fccr)
    _leverage(share, terms, rows, cover.icr, cover.leverage)
    for lane in range(sold.size):
        first = rows[NEED, lane] > 0.0 and cover.breach[lane] == 0.0
        cover.month[lane] = m if first else cover.month[lane]
        cover.breach[lane] = 1.0 if first else cover.breach[lane]
    if terms.cures > 0 and terms.equity_limit > 0.0:
        _inject(m, terms.cures, terms.equity_limit, ledger, rows, cover, sold)
    _watch(terms.sweep, rows, cover.cured, cover.uncured)


@inner
def _cover(
    m: int,
    least: float,
    per_mw: float,
    cost: Lanes,
    service: Monthly,
    rows: NDArray[np.float64],
    dscr: Lanes,
    reserve: Lanes,
) -> None:
    """Lower DSCR, with and without the reserve, where something is to be served; what DSCR lacks (least 0: nothing)."""
    for lane in range(dscr.size):
        served = rows[SERVED, lane] > 0.0
        inverse = 1.0 / (rows[SERVED, lane] if served else 1.0)
        cfads = rows[YEAR + UNRENTED, lane] - rows[YEAR + RENT, lane]
        ratio = cfads * inverse
        after = (cfads - per_mw * cost[lane] * service[m, lane]) * inverse
        dscr[lane] = ratio if served and ratio < dscr[lane] else dscr[lane]
        reserve[lane] = after if served and after < reserve[lane] else reserve[lane]
    if least > 0.0:
        for lane in range(dscr.size):
            lacks = least * rows[SERVED, lane] - (rows[YEAR + UNRENTED, lane] - rows[YEAR + RENT, lane])
            rows[NEED, lane] = lacks if rows[SERVED, lane] > 0.0 and lacks > 0.0 else rows[NEED, lane]


@inner
def _charges(m: int, least: float, ledger: Ledger, rows: NDArray[np.float64], fccr: Lanes) -> None:
    """Lower FCCR where something is to be paid, and what it lacks; add committed rent and cloud to net debt."""
    for lane in range(fccr.size):
        whole = rows[SERVED, lane] + (rows[YEAR + RENT, lane] + rows[YEAR + CLOUD, lane])
        part = rows[YEAR + UNRENTED, lane] + rows[YEAR + CLOUD, lane]
        paid = whole > 0.0
        ratio = part / (whole if paid else 1.0)
        fccr[lane] = ratio if paid and ratio < fccr[lane] else fccr[lane]
        lacks = least * whole - part
        fails = least > 0.0 and paid and lacks > rows[NEED, lane]
        rows[NEED, lane] = lacks if fails else rows[NEED, lane]
        rows[FLOW, lane] += ledger[at.OWED, m, lane]


@inner
def _leverage(share: float, terms: Terms, rows: NDArray[np.float64], icr: Lanes, leverage: Lanes) -> None:
    """Lower ICR, raise leverage; what leverage and cash lack (no covenant: 0)."""
    limit, least = terms.covenant_leverage, terms.covenant_cash
    for lane in range(icr.size):
        paid = rows[YEAR + INTEREST, lane] > 0.0
        after = rows[YEAR + EBITDA, lane] - rows[YEAR + RENT, lane]
        ratio = after / (rows[YEAR + INTEREST, lane] if paid else 1.0)
        icr[lane] = ratio if paid and ratio < icr[lane] else icr[lane]
    for lane in range(icr.size):
        earned = share * rows[YEAR + REVENUE, lane] + rows[YEAR + EBITDA, lane]
        some = earned > 0.0
        level = rows[FLOW, lane] / (earned if some else 1.0)
        level = level if some else NO_EARNINGS
        leverage[lane] = level if level > leverage[lane] else leverage[lane]
    if limit > 0.0:
        for lane in range(icr.size):
            earned = share * rows[YEAR + REVENUE, lane] + rows[YEAR + EBITDA, lane]
            lacks = rows[FLOW, lane] - limit * earned if earned > 0.0 else np.inf
            rows[NEED, lane] = lacks if lacks > rows[NEED, lane] else rows[NEED, lane]
    if least > 0.0:
        for lane in range(icr.size):
            lacks = least - rows[HELD, lane]
            fails = lacks > SLACK and lacks > rows[NEED, lane]
            rows[NEED, lane] = lacks if fails else rows[NEED, lane]


@inner
def _inject(
    m: int, cures: int, limit: float, ledger: Ledger, rows: NDArray[np.float64], cover: Cover, sold: Lanes
) -> None:
    """Sell shares for what the test lacks, where cures and the limit allow it: the test then counts as passed."""
    cured = cover.cured
    month = cover.month
    for lane in range(sold.size):
        need = rows[NEED, lane]
        able = need > 0.0 and rows[CURED, lane] < cures and need <= limit - sold[lane]
        amount = need if able else 0.0
        sold[lane] += amount
        rows[BORNE, lane] = amount
        rows[CURED, lane] += 1.0 if able else 0.0
        rows[NEED, lane] = 0.0 if able else need
    for lane in range(sold.size):
        amount = rows[BORNE, lane]
        rows[HELD, lane] += amount
        ledger[at.CASH, m, lane] += amount
        ledger[at.EQUITY, m, lane] += amount
        cured[lane] = 1.0 if amount > 0.0 and month[lane] == m else cured[lane]


@inner
def _watch(sweep: bool, rows: NDArray[np.float64], cured: Lanes, uncured: Lanes) -> None:
    """A failed test starts a watch of two tests; one that fails under watch leaves a breach uncured."""
    if sweep:
        for lane in range(cured.size):
            fails = rows[NEED, lane] > 0.0
            found = fails and rows[AWAITED, lane] > 0.0
            ends = not fails and rows[AWAITED, lane] == 1.0
            swept = 0.0 if ends else rows[SWEEPING, lane]
            rows[SWEEPING, lane] = 1.0 if found else swept
    for lane in range(cured.size):
        fails, awaited = rows[NEED, lane] > 0.0, rows[AWAITED, lane]
        ends = not fails and awaited == 1.0 and uncured[lane] == 0.0
        cured[lane] = 1.0 if ends else cured[lane]
        uncured[lane] = 1.0 if fails and awaited > 0.0 else uncured[lane]
        rest = awaited - 1.0 if awaited > 0.0 else 0.0
        rows[AWAITED, lane] = WATCH if fails else rest


@inner
def loan_life_cover(f: Finance, coupon: float, s: Schedule, ledger: Ledger, out: Lanes) -> None:
    """LLCR at the first test: CFADS after it, discounted at the notes' weighted coupon, over the notes outstanding.

    No sweep begins before the second test: the notes stand as scheduled.
    """
    out[:] = np.nan
    if f.test_months.size == 0 or not s.balance[f.test_months[0]] > 0.0:
        return
    first = f.test_months[0]
    step = exp(log(1.0 + coupon) / -12.0)
    discount = 1.0 / s.balance[first]
    cfads = ledger[at.CFADS]
    out[:] = 0.0
    for m in range(first + 1, cfads.shape[0]):
        discount *= step
        for lane in range(out.size):
            out[lane] += discount * cfads[m, lane]
