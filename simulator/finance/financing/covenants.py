"""Debt service, coverage ratios and covenants, tested at quarter-ends; breaches cured, watched or swept.

Ratios are trailing twelve months. A ratio without anything to serve is undefined (NaN) and fails no test. What a failed
test lacks is kept as cash that would have met it, `need`: the largest over the covenants, infinite where no cash would.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.financing.debt import SLACK, Schedule
from simulator.finance.plan.plans import Terms
from simulator.finance.programme import Finance
from simulator.finance.workspace import Lanes, Ledger, Monthly
from simulator.numerics.jit import disjoint, inline, inner
from simulator.numerics.special_functions import exp, log

NO_EARNINGS = 999.0  # leverage where trailing EBITDA is not positive
WATCH = 2.0  # tests in a row that cure a breach

# Scratch of the levered month, by lane: what passes from month to month ..
(
    HELD,  # cash
    DRAWN,  # on the revolver
    GIVEN,  # where a sweep runs, what cash gains from the partner and from principal that is prepaid
    DEBT,  # net debt at a test
    NOTHING,
    PER_SHARE,  # earnings a share on 1 before tax
    LEFT,  # share of the scheduled notes that no sweep has prepaid
    PAID,  # of the notes' amortisation since the last quarter-end
    SWEEPING,
    AWAITED,  # tests that a breach under watch has still to pass
    CURED,  # breaches cured by equity
    NEED,  # cash that would have met the test
    SERVED,  # debt service of twelve months; then equity injected
    YEAR,  # sums over twelve months
) = range(14)
CFADS, INTEREST, EBITDA, RENT, CLOUD, AMORTISED, SUMS = range(7)
PLANES = (at.CFADS, at.INTEREST, at.EBITDA)  # what the sums before RENT add up
LAST = YEAR + SUMS  # sums of the last quarter
HALVES = LAST + SUMS  # of the half-years that ended with it and the one before, in turns
LEVERED_ROWS = HALVES + 2 * SUMS


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
def year_revenue(
    tests: NDArray[np.int64], base: NDArray[np.float64], noise: Monthly, rows: NDArray[np.float64], out: Monthly
) -> None:
    """Fill `out` (tests, lanes) with the ad revenue of the twelve months up to each test, before the programme.

    It is the same for all plans. `base` is before noise (months,); `rows` are scratch.
    """
    if tests.size == 0:
        return
    rows[:3] = 0.0
    for k in range(-4, tests.size):
        m = tests[0] + 3 * k
        a, b = max(m - 2, 0), max(m - 1, 0)
        if m >= 0:
            _add_up(
                base[a] if m >= 2 else 0.0, base[b] if m >= 1 else 0.0, base[m], noise[a], noise[b], noise[m], rows[0],
                rows[1 + k % 2], out[max(k, 0)],
            )  # fmt: skip


@inner
def close_quarter(
    m: int,
    slot: int,
    terms: Terms,
    rents: Monthly,
    ledger: Ledger,
    rows: NDArray[np.float64],
) -> None:
    """Add up the quarter that ends with month m and the year of its four quarters; `slot` is 0 and 1 in turns."""
    a, b = max(m - 2, 0), max(m - 1, 0)
    first, second = 1.0 if m >= 2 else 0.0, 1.0 if m >= 1 else 0.0  # before month 0 there is nothing
    for k, plane in enumerate(PLANES):
        _add_up(
            first, second, 1.0, ledger[plane, a], ledger[plane, b], ledger[plane, m], rows[LAST + k],
            rows[HALVES + 2 * k + slot], rows[YEAR + k],
        )  # fmt: skip
    if terms.with_jv:
        _add_up(
            first * terms.own, second * terms.own, terms.own, rents[a], rents[b], rents[m], rows[LAST + RENT],
            rows[HALVES + 2 * RENT + slot], rows[YEAR + RENT],
        )  # fmt: skip
    if terms.with_cloud:
        _add_up(
            first, second, 1.0, ledger[at.CLOUD, a], ledger[at.CLOUD, b], ledger[at.CLOUD, m], rows[LAST + CLOUD],
            rows[HALVES + 2 * CLOUD + slot], rows[YEAR + CLOUD],
        )  # fmt: skip
    if terms.sweep:
        _add_up(
            0.0, 0.0, 1.0, rows[NOTHING], rows[NOTHING], rows[PAID], rows[LAST + AMORTISED],
            rows[HALVES + 2 * AMORTISED + slot], rows[YEAR + AMORTISED],
        )  # fmt: skip
        rows[PAID] = 0.0


@disjoint
def _add_up(
    first: float,
    second: float,
    third: float,
    a: Lanes,
    b: Lanes,
    c: Lanes,
    last: Lanes,
    half: Lanes,
    year: Lanes,
) -> None:
    """A quarter of three months, the half-year it ends, and the year: `half` is the one that ended two quarters ago."""
    for lane in range(year.size):
        quarter = first * a[lane] + second * b[lane] + third * c[lane]
        ends = last[lane] + quarter
        year[lane] = half[lane] + ends
        half[lane] = ends
        last[lane] = quarter


@inline
def test_covenants(
    m: int,
    terms: Terms,
    s: Schedule,
    share: float,
    per_mw: float,
    cost: Lanes,
    service: Monthly,
    revenue: Lanes,
    ledger: Ledger,
    rows: NDArray[np.float64],
    cover: Cover,
    sold: Lanes,
) -> None:
    """Test the covenants at the end of month m, on the sums over twelve months.

    Follows the worst ratios, breaches and watches; cures with equity while that is left. `share` of `revenue` is the
    base business's EBITDA, `per_mw` a year's share of the next refresh, USD bn per MW in service at cost multiplier 1.
    """
    breach, month, now = cover.breach, cover.month, float(m)
    balance, bullets, due = s.balance[m], s.bullets[m], s.due[m]
    for lane in range(sold.size):
        rows[SERVED, lane] = rows[YEAR + INTEREST, lane] + due
        rows[DEBT, lane] = terms.other_debt + balance + rows[DRAWN, lane] - rows[HELD, lane]
    if terms.sweep:
        for lane in range(sold.size):
            left = rows[LEFT, lane]
            rows[SERVED, lane] = rows[YEAR + INTEREST, lane] + left * bullets + rows[YEAR + AMORTISED, lane]
            rows[DEBT, lane] = terms.other_debt + left * balance + rows[DRAWN, lane] - rows[HELD, lane]
    _serve(
        terms.covenant_dscr, per_mw * terms.own, rows[SERVED], rows[YEAR + CFADS], cost, service[m], rows[NEED],
        cover.dscr, cover.reserve,
    )  # fmt: skip
    if terms.with_jv or terms.with_cloud:
        _charges(m, terms.covenant_fccr, ledger, rows, cover.fccr)
    _leverage(
        share, terms.covenant_leverage, terms.covenant_cash, rows[YEAR + INTEREST], rows[YEAR + EBITDA],
        rows[YEAR + RENT], revenue, rows[DEBT], rows[HELD], rows[NEED], cover.icr, cover.leverage,
    )  # fmt: skip
    for lane in range(sold.size):
        fails, before, when = rows[NEED, lane] > 0.0, breach[lane], month[lane]
        begins = when if before > 0.0 else now
        month[lane] = begins if fails else when
        breach[lane] = 1.0 if fails else before
    if terms.cures > 0 and terms.equity_limit > 0.0:
        _inject(m, terms.cures, terms.equity_limit, ledger, rows, cover, sold)
    if terms.sweep:
        _sweep(rows)
    _watch(rows[NEED], rows[AWAITED], cover.cured, cover.uncured)


@disjoint
def _serve(
    least: float,
    per_mw: float,
    served: Lanes,
    cfads: Lanes,
    cost: Lanes,
    service: Lanes,
    need: Lanes,
    dscr: Lanes,
    reserve: Lanes,
) -> None:
    """Lower DSCR, with and without the reserve, where something is to be served; what DSCR lacks (least 0: nothing)."""
    asked = least > 0.0
    for lane in range(dscr.size):
        some = served[lane] > SLACK
        inverse = 1.0 / (served[lane] if some else 1.0)
        ratio = cfads[lane] * inverse
        after = (cfads[lane] - per_mw * cost[lane] * service[lane]) * inverse
        ratio, after = ratio if some else np.inf, after if some else np.inf
        dscr[lane] = min(ratio, dscr[lane])
        reserve[lane] = min(after, reserve[lane])
        lacks = max(least * served[lane] - cfads[lane], 0.0)
        need[lane] = lacks if some and asked else 0.0


@inner
def _charges(m: int, least: float, ledger: Ledger, rows: NDArray[np.float64], fccr: Lanes) -> None:
    """Lower FCCR where something is to be paid, and what it lacks; add committed rent and cloud to net debt.

    What rounding leaves of a rent that has ended is nothing to be paid.
    """
    for lane in range(fccr.size):
        charges = rows[YEAR + RENT, lane] + rows[YEAR + CLOUD, lane]
        whole, part = rows[SERVED, lane] + charges, rows[YEAR + CFADS, lane] + charges
        paid = whole > SLACK
        ratio = part / (whole if paid else 1.0)
        fccr[lane] = ratio if paid and ratio < fccr[lane] else fccr[lane]
        lacks = least * whole - part
        fails = least > 0.0 and paid and lacks > rows[NEED, lane]
        rows[NEED, lane] = lacks if fails else rows[NEED, lane]
        rows[DEBT, lane] += ledger[at.OWED, m, lane]


@disjoint
def _leverage(
    share: float,
    limit: float,
    least: float,
    interest: Lanes,
    ebitda: Lanes,
    rent: Lanes,
    revenue: Lanes,
    debt: Lanes,
    held: Lanes,
    need: Lanes,
    icr: Lanes,
    leverage: Lanes,
) -> None:
    """Lower ICR, raise leverage; what leverage and cash lack (no covenant, limit or least 0: nothing)."""
    asked, minimum = limit > 0.0, least > 0.0
    for lane in range(icr.size):
        paid = interest[lane] > SLACK
        ratio = (ebitda[lane] - rent[lane]) / (interest[lane] if paid else 1.0)
        icr[lane] = min(ratio if paid else np.inf, icr[lane])
        earned = share * revenue[lane] + ebitda[lane]
        some = earned > 0.0
        level = debt[lane] / (earned if some else 1.0)
        level = level if some else NO_EARNINGS
        leverage[lane] = max(level, leverage[lane])
        lacks = debt[lane] - limit * earned if some else np.inf
        before = need[lane]
        most = max(lacks, before) if asked else before
        short = least - held[lane]
        short = short if short > SLACK else 0.0
        need[lane] = max(short, most) if minimum else most


@inner
def _inject(
    m: int, cures: int, limit: float, ledger: Ledger, rows: NDArray[np.float64], cover: Cover, sold: Lanes
) -> None:
    """Sell shares for what the test lacks, where cures and the limit allow it: the test then counts as passed."""
    cured, month = cover.cured, cover.month
    for lane in range(sold.size):
        need = rows[NEED, lane]
        able = need > 0.0 and rows[CURED, lane] < cures and need <= limit - sold[lane]
        amount = need if able else 0.0
        sold[lane] += amount
        rows[SERVED, lane] = amount
        rows[CURED, lane] += 1.0 if able else 0.0
        rows[NEED, lane] = 0.0 if able else need
    for lane in range(sold.size):
        amount = rows[SERVED, lane]
        rows[HELD, lane] += amount
        ledger[at.EQUITY, m, lane] += amount
        cured[lane] = 1.0 if amount > 0.0 and month[lane] == m else cured[lane]


@inner
def _sweep(rows: NDArray[np.float64]) -> None:
    """Cash is swept from a test that fails under watch to the second in a row that passes."""
    for lane in range(rows.shape[1]):
        fails = rows[NEED, lane] > 0.0
        found = fails and rows[AWAITED, lane] > 0.0
        ends = not fails and rows[AWAITED, lane] == 1.0
        swept = 0.0 if ends else rows[SWEEPING, lane]
        rows[SWEEPING, lane] = 1.0 if found else swept


@disjoint
def _watch(need: Lanes, awaits: Lanes, cured: Lanes, uncured: Lanes) -> None:
    """A failed test starts a watch of two tests; one that fails under watch leaves a breach uncured."""
    for lane in range(cured.size):  # selects of values read beforehand: a read under a condition is not packed
        fails, awaited = need[lane] > 0.0, awaits[lane]
        story, known = cured[lane], uncured[lane]
        ended = 1.0 if known == 0.0 else story
        ended = ended if awaited == 1.0 else story
        found = 1.0 if awaited > 0.0 else known
        rest = awaited - 1.0 if awaited > 0.0 else 0.0
        cured[lane] = story if fails else ended
        uncured[lane] = found if fails else known
        awaits[lane] = WATCH if fails else rest


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
