"""Debt service, coverage ratios and covenants, tested at quarter-ends; breaches cured, watched or swept.

Ratios are trailing twelve months. A ratio without anything to serve is undefined (NaN) and fails no test. What a failed
test lacks is kept as cash that would have met it, the cure need: the largest over the covenants, infinite where no cash
would.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.financing import waterfall_state as state
from simulator.finance.plan.notes import NoteSchedule
from simulator.finance.plan.plans import Plan
from simulator.finance.programme import Finance
from simulator.finance.tolerances import MONEY_TOLERANCE_USD_BN
from simulator.finance.workspace import Lanes, Ledger, Monthly
from simulator.numerics.jit import disjoint, inline, inner
from simulator.numerics.special_functions import exp, log

__all__ = ["NO_EARNINGS"]

NO_EARNINGS = 999.0  # leverage where trailing EBITDA is not positive
_WATCHED_TESTS = 2.0  # tests in a row that cure a breach
_PLANES = (at.CFADS, at.INTEREST, at.EBITDA)  # what the sums before RENT add up


class CoverFigures(NamedTuple):
    """Ratios by lane, the worst over the tests, and the outcome of covenant breaches."""

    dscr: Lanes
    reserve: Lanes
    fccr: Lanes
    icr: Lanes
    leverage: Lanes
    breach: Lanes
    month: Lanes
    cured: Lanes
    uncured: Lanes


class CovenantInputs(NamedTuple):
    """Inputs of a covenant test beside the sums of twelve months."""

    ebitda_share: float  # of the base business's ad revenue
    refresh_per_mw: float  # a year's share of the next refresh, USD bn per MW in service at cost multiplier 1
    multiplier: Lanes  # cost multiplier
    service_mw: Lanes  # per unit of ownership
    revenue: Lanes  # ad revenue of twelve months before the programme


@inner
def start_covenant_tests(months: int, cover: CoverFigures) -> None:
    """Set the figures before the first test: infinity stands for no test."""
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
def end_covenant_tests(fixed_charges: bool, tests_ahead: Lanes, cover: CoverFigures) -> None:
    """Make ratios that no test lowered undefined; a breach still under watch is uncured.

    Without rent and cloud (`fixed_charges` false) FCCR is DSCR.
    """
    for lane in range(tests_ahead.size):
        cover.cured[lane] = np.nan if cover.breach[lane] == 0.0 else cover.cured[lane]
        cover.uncured[lane] = 1.0 if tests_ahead[lane] > 0.0 else cover.uncured[lane]
    for lane in range(tests_ahead.size):
        cover.dscr[lane] = np.nan if cover.dscr[lane] == np.inf else cover.dscr[lane]
        cover.reserve[lane] = np.nan if cover.reserve[lane] == np.inf else cover.reserve[lane]
        cover.icr[lane] = np.nan if cover.icr[lane] == np.inf else cover.icr[lane]
        cover.leverage[lane] = np.nan if cover.leverage[lane] == -np.inf else cover.leverage[lane]
    for lane in range(tests_ahead.size):
        charge = cover.fccr[lane] if fixed_charges else cover.dscr[lane]
        cover.fccr[lane] = np.nan if charge == np.inf else charge


@inner
def fill_yearly_revenue(
    tests: NDArray[np.int64], base: NDArray[np.float64], noise: Monthly, rows: NDArray[np.float64], out: Monthly
) -> None:
    """Fill `out` (tests, lanes) with the ad revenue of the twelve months up to each test, before the programme.

    It is the same for all plans. `base` is before noise (months,); `rows` are scratch.
    """
    if tests.size == 0:
        return
    last_quarter = rows[0]
    rows[:3] = 0.0  # the last quarter, and the half-years in turns
    for k in range(-4, tests.size):
        m = tests[0] + 3 * k
        a, b = max(m - 2, 0), max(m - 1, 0)
        if m >= 0:
            _roll_year(
                base[a] if m >= 2 else 0.0, base[b] if m >= 1 else 0.0, base[m], noise[a], noise[b], noise[m],
                last_quarter, rows[1 + k % 2], out[max(k, 0)],
            )  # fmt: skip


@inline
def close_quarter(m: int, turn: int, plan: Plan, rents: Monthly, ledger: Ledger, rows: NDArray[np.float64]) -> None:
    """Add up the quarter that ends with month m and the year of its four quarters; `turn` is 0 and 1 in turns."""
    a, b = max(m - 2, 0), max(m - 1, 0)
    first, second = 1.0 if m >= 2 else 0.0, 1.0 if m >= 1 else 0.0  # before month 0 there is nothing
    own_share, half, last = plan.own_share, state.HALF_YEARS + turn, state.LAST_QUARTER
    for k, plane in enumerate(_PLANES):
        _roll_year(
            first, second, 1.0, ledger[plane, a], ledger[plane, b], ledger[plane, m], rows[last + k],
            rows[half + 2 * k], rows[state.YEAR + k],
        )  # fmt: skip
    if plan.jv.on:
        _roll_year(
            first * own_share, second * own_share, own_share, rents[a], rents[b], rents[m], rows[last + state.RENT],
            rows[half + 2 * state.RENT], rows[state.YEAR + state.RENT],
        )  # fmt: skip
    if plan.cloud.on:
        cloud = ledger[at.CLOUD_COST]
        _roll_year(
            first, second, 1.0, cloud[a], cloud[b], cloud[m], rows[last + state.CLOUD],
            rows[half + 2 * state.CLOUD], rows[state.YEAR + state.CLOUD],
        )  # fmt: skip
    if plan.covenants.sweep:
        zeros = rows[state.ZEROS]
        _roll_year(
            0.0, 0.0, 1.0, zeros, zeros, rows[state.AMORTISED_QUARTER], rows[last + state.AMORTISED],
            rows[half + 2 * state.AMORTISED], rows[state.YEAR + state.AMORTISED],
        )  # fmt: skip
        rows[state.AMORTISED_QUARTER] = 0.0


@disjoint
def _roll_year(
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
    """Sum a quarter of three months, the half-year it ends, and the year: `half` ended two quarters ago."""
    for lane in range(year.size):
        quarter = first * a[lane] + second * b[lane] + third * c[lane]
        half_year = last[lane] + quarter
        year[lane] = half[lane] + half_year
        half[lane] = half_year
        last[lane] = quarter


@inline
def check_covenants(
    m: int,
    plan: Plan,
    s: NoteSchedule,
    inputs: CovenantInputs,
    ledger: Ledger,
    rows: NDArray[np.float64],
    cover: CoverFigures,
    sold: Lanes,
) -> None:
    """Test the covenants at the end of month m, on the sums over twelve months.

    Follows the worst ratios, breaches and watches; cures with equity while that is left.
    """
    covenants, other_debt = plan.covenants, plan.liquidity.other_debt
    breach, month, now = cover.breach, cover.month, float(m)
    balance, bullets, due = s.balance[m], s.bullets[m], s.due[m]
    service, need, interest = rows[state.DEBT_SERVICE], rows[state.CURE_NEED], rows[state.YEAR + state.INTEREST]
    debt, drawn, cash, left = rows[state.NET_DEBT], rows[state.DRAWN], rows[state.CASH], rows[state.NOTES_LEFT]
    for lane in range(sold.size):
        service[lane] = interest[lane] + due
        debt[lane] = other_debt + balance + drawn[lane] - cash[lane]
    if covenants.sweep:
        amortised = rows[state.YEAR + state.AMORTISED]
        for lane in range(sold.size):
            service[lane] = interest[lane] + left[lane] * bullets + amortised[lane]
            debt[lane] = other_debt + left[lane] * balance + drawn[lane] - cash[lane]
    _test_debt_service(
        covenants.dscr, inputs.refresh_per_mw * plan.own_share, service, rows[state.YEAR + state.CFADS],
        inputs.multiplier, inputs.service_mw, need, cover.dscr, cover.reserve,
    )  # fmt: skip
    if plan.jv.on or plan.cloud.on:
        _test_fixed_charges(covenants.fccr, ledger[at.COMMITMENTS, m], rows, cover.fccr)
    _test_leverage_and_cash(
        inputs.ebitda_share, covenants.leverage, covenants.cash, interest, rows[state.YEAR + state.EBITDA],
        rows[state.YEAR + state.RENT], inputs.revenue, debt, cash, need, cover.icr, cover.leverage,
    )  # fmt: skip
    for lane in range(sold.size):
        fails, before, when = need[lane] > 0.0, breach[lane], month[lane]
        begins = when if before > 0.0 else now
        month[lane] = begins if fails else when
        breach[lane] = 1.0 if fails else before
    if covenants.cures > 0 and plan.equity.on:
        _cure_with_equity(m, covenants.cures, plan.equity.limit, ledger[at.EQUITY_SOLD, m], rows, cover, sold)
    if covenants.sweep:
        _update_sweep(need, rows[state.TESTS_AHEAD], rows[state.SWEEPING])
    _update_watch(need, rows[state.TESTS_AHEAD], cover.cured, cover.uncured)


@disjoint
def _test_debt_service(
    limit: float,
    refresh_per_mw: float,
    service: Lanes,
    cfads: Lanes,
    multiplier: Lanes,
    service_mw: Lanes,
    need: Lanes,
    dscr: Lanes,
    reserve: Lanes,
) -> None:
    """Lower DSCR, with and without the reserve, where debt is served; set what DSCR lacks (limit 0: nothing)."""
    tested = limit > 0.0
    for lane in range(dscr.size):
        served = service[lane] > MONEY_TOLERANCE_USD_BN
        inverse = 1.0 / (service[lane] if served else 1.0)
        ratio = cfads[lane] * inverse
        after = (cfads[lane] - refresh_per_mw * multiplier[lane] * service_mw[lane]) * inverse
        ratio, after = ratio if served else np.inf, after if served else np.inf
        dscr[lane] = min(ratio, dscr[lane])
        reserve[lane] = min(after, reserve[lane])
        lacks = max(limit * service[lane] - cfads[lane], 0.0)
        need[lane] = lacks if served and tested else 0.0


@inner
def _test_fixed_charges(limit: float, commitments: Lanes, rows: NDArray[np.float64], fccr: Lanes) -> None:
    """Lower FCCR where something is to be paid, and raise what it lacks; add committed rent and cloud to net debt.

    What rounding leaves of a rent that has ended is nothing to be paid.
    """
    for lane in range(fccr.size):
        charges = rows[state.YEAR + state.RENT, lane] + rows[state.YEAR + state.CLOUD, lane]
        whole = rows[state.DEBT_SERVICE, lane] + charges
        part = rows[state.YEAR + state.CFADS, lane] + charges
        paid = whole > MONEY_TOLERANCE_USD_BN
        ratio = part / (whole if paid else 1.0)
        fccr[lane] = ratio if paid and ratio < fccr[lane] else fccr[lane]
        lacks = limit * whole - part
        fails = limit > 0.0 and paid and lacks > rows[state.CURE_NEED, lane]
        rows[state.CURE_NEED, lane] = lacks if fails else rows[state.CURE_NEED, lane]
        rows[state.NET_DEBT, lane] += commitments[lane]


@disjoint
def _test_leverage_and_cash(
    ebitda_share: float,
    limit: float,
    minimum: float,
    interest: Lanes,
    ebitda: Lanes,
    rent: Lanes,
    revenue: Lanes,
    debt: Lanes,
    cash: Lanes,
    need: Lanes,
    icr: Lanes,
    leverage: Lanes,
) -> None:
    """Lower ICR and raise leverage; raise the need by what leverage and cash lack (limit or minimum 0: nothing)."""
    tests_leverage, tests_cash = limit > 0.0, minimum > 0.0
    for lane in range(icr.size):
        paid = interest[lane] > MONEY_TOLERANCE_USD_BN
        ratio = (ebitda[lane] - rent[lane]) / (interest[lane] if paid else 1.0)
        icr[lane] = min(ratio if paid else np.inf, icr[lane])
        earned = ebitda_share * revenue[lane] + ebitda[lane]
        earning = earned > 0.0
        multiple = debt[lane] / (earned if earning else 1.0)
        multiple = multiple if earning else NO_EARNINGS
        leverage[lane] = max(multiple, leverage[lane])
        lacks = debt[lane] - limit * earned if earning else np.inf
        before = need[lane]
        most = max(lacks, before) if tests_leverage else before
        short = minimum - cash[lane]
        short = short if short > MONEY_TOLERANCE_USD_BN else 0.0
        need[lane] = max(short, most) if tests_cash else most


@inner
def _cure_with_equity(
    m: int, cures: int, limit: float, equity_sold: Lanes, rows: NDArray[np.float64], cover: CoverFigures, sold: Lanes
) -> None:
    """Sell shares for what the test lacks, where cures and the limit allow it: the test then counts as passed."""
    cured, month = cover.cured, cover.month
    for lane in range(sold.size):
        need = rows[state.CURE_NEED, lane]
        able = need > 0.0 and rows[state.CURES_USED, lane] < cures and need <= limit - sold[lane]
        amount = need if able else 0.0
        sold[lane] += amount
        rows[state.INJECTED, lane] = amount
        rows[state.CURES_USED, lane] += 1.0 if able else 0.0
        rows[state.CURE_NEED, lane] = 0.0 if able else need
    for lane in range(sold.size):
        amount = rows[state.INJECTED, lane]
        rows[state.CASH, lane] += amount
        equity_sold[lane] += amount
        cured[lane] = 1.0 if amount > 0.0 and month[lane] == m else cured[lane]


@inner
def _update_sweep(need: Lanes, tests_ahead: Lanes, sweeping: Lanes) -> None:
    """Sweep cash from a test that fails under watch to the second in a row that passes."""
    for lane in range(need.size):
        fails = need[lane] > 0.0
        begins = fails and tests_ahead[lane] > 0.0
        sweep_is_over = not fails and tests_ahead[lane] == 1.0
        swept = 0.0 if sweep_is_over else sweeping[lane]
        sweeping[lane] = 1.0 if begins else swept


@disjoint
def _update_watch(need: Lanes, tests_ahead: Lanes, cured: Lanes, uncured: Lanes) -> None:
    """Start a watch of two tests where one fails; one that fails under watch leaves a breach uncured."""
    for lane in range(cured.size):  # selects of values read beforehand: a read under a condition is not packed
        fails, ahead = need[lane] > 0.0, tests_ahead[lane]
        cured_before, uncured_before = cured[lane], uncured[lane]
        ended = 1.0 if uncured_before == 0.0 else cured_before
        ended = ended if ahead == 1.0 else cured_before
        failed_again = 1.0 if ahead > 0.0 else uncured_before
        rest = ahead - 1.0 if ahead > 0.0 else 0.0
        cured[lane] = cured_before if fails else ended
        uncured[lane] = failed_again if fails else uncured_before
        tests_ahead[lane] = _WATCHED_TESTS if fails else rest


@inner
def compute_loan_life_cover(f: Finance, coupon: float, s: NoteSchedule, ledger: Ledger, out: Lanes) -> None:
    """Fill LLCR at the first test: CFADS after it, discounted at the notes' mean coupon, over the notes outstanding.

    No sweep begins before the second test: the notes are those scheduled.
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
