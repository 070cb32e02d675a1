"""Notes as scheduled, their interest and their refinancing.

A note that matures inside the horizon is replaced by a 10-year bullet at r + s of that month's end. A cash sweep
prepays notes in the cash waterfall: it scales everything scheduled here by the share of the notes left.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.finance.plan.notes import AMORTISING, BULLET, NoteSchedule, Tranches
from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp, log

__all__ = ["REFINANCED_MONTHS"]

REFINANCED_MONTHS = 120
REFINANCED_YEARS = 10.0
REFINANCING_DSCR = 1.2
_RATE, _MONTHLY_FACTOR, _FACTOR, _END_FACTOR = range(4)  # rows of scratch


@inner
def fill_note_schedule(notes: Tranches, s: NoteSchedule) -> None:
    """Fill the schedule: bullets run to their maturity and, refinanced, beyond it; others are repaid from cash."""
    balance, issued, repaid, amortised, fixed, bullets, shield, due = s
    months = balance.size
    for series in s:
        series[:] = 0.0
    for k in range(notes.amount.size):
        amount, issue, maturity = notes.amount[k], notes.issue[k], notes.maturity[k]
        rate, term, floating = notes.rate[k], notes.term[k], notes.floating[k] == 1
        kind = notes.kind[k]
        if issue >= months:
            continue
        step = _monthly_principal(amount, issue, maturity, kind)
        years = log(1.0 + rate) / -12.0
        monthly, discount = exp(years), exp(years * issue)
        issued[issue] += amount
        for m in range(issue, min(maturity + 1, months)):
            opening = amount - step * (m - issue)
            if not floating:
                paid = opening * rate / 12.0
                fixed[m] += paid
                discount *= monthly
                shield[m] += paid * discount
            repaid[m] += step
            amortised[m] += step
            if m < maturity:
                balance[m] += opening - step
                bullets[m] += amount / term if step == 0.0 else 0.0
        if _refinances(kind, notes.refinance[k]):
            for m in range(maturity, months):
                balance[m] += amount
                bullets[m] += amount / REFINANCED_YEARS
        elif step == 0.0 and maturity < months:
            repaid[maturity] += amount
    for m in range(months):
        due[m] = bullets[m]
        for back in range(max(0, m - 11), m + 1):
            due[m] += amortised[back]


@inner
def _refinances(kind: int, refinance: int) -> bool:
    """True if a tranche is replaced by a new bullet at its maturity."""
    return kind == BULLET and refinance == 1


@inner
def _monthly_principal(amount: float, issue: int, maturity: int, kind: int) -> float:
    """Return the principal that a tranche repays a month, USD bn (0 for a bullet)."""
    return amount / (maturity - issue + 1) if kind == AMORTISING else 0.0


@inner
def fill_note_interest(
    tax: float,
    sweep: bool,
    notes: Tranches,
    s: NoteSchedule,
    funding: NDArray[np.float64],
    scratch: NDArray[np.float64],
    interest: Monthly,
    shield: Monthly,
) -> None:
    """Fill the notes' interest by (month, lane) and its tax shield, each note's discounted at its own rate.

    The shield is by month where the plan sweeps cash into its notes; otherwise its sum is in the first row and the
    other rows are not touched. A floating rate is fixed on the path: r + s + margin at the opening of the month of
    issue, or at the end of the month in which a note is refinanced.
    """
    months, lanes = interest.shape
    rate, fixed_interest = scratch[_RATE], s.fixed
    for m in range(months):
        for lane in range(lanes):
            interest[m, lane] = fixed_interest[m]
    fixed_shield = 0.0
    for m in range(months):
        fixed_shield += s.shield[m]
        if sweep:
            shield[m] = tax * s.shield[m]
    if not sweep:
        shield[0] = tax * fixed_shield
    for k in range(notes.amount.size):
        begin, maturity, amount = notes.issue[k], notes.maturity[k], notes.amount[k]
        kind, coupon, margin = notes.kind[k], notes.rate[k], notes.refinance_margin[k]
        rolls = _refinances(kind, notes.refinance[k])
        if notes.floating[k] == 1 and begin < months:
            for lane in range(lanes):
                rate[lane] = coupon + funding[begin, lane]
            step = _monthly_principal(amount, begin, maturity, kind)
            _add_tranche_interest(tax, amount, step, begin, maturity, sweep, scratch, interest, shield)
        while maturity < months and rolls:
            for lane in range(lanes):
                rate[lane] = margin + funding[maturity + 1, lane]
            begin, maturity = maturity + 1, maturity + REFINANCED_MONTHS
            _add_tranche_interest(tax, amount, 0.0, begin, maturity, sweep, scratch, interest, shield)


@inner
def _add_tranche_interest(
    tax: float,
    amount: float,
    step: float,
    begin: int,
    maturity: int,
    by_month: bool,
    scratch: NDArray[np.float64],
    interest: Monthly,
    shield: Monthly,
) -> None:
    """Add interest on `amount`, which falls by `step` a month, up to `maturity`, and its discounted tax shield.

    The rate is in the row _RATE of scratch. The shield of level interest a over the n months from b on, in one sum:
    tax a d^b (d + d^2 + .. + d^n) = tax a d^b d (1 - d^n) / (1 - d), d the monthly discount factor.
    """
    rate, monthly = scratch[_RATE], scratch[_MONTHLY_FACTOR]
    discount, last = scratch[_FACTOR], scratch[_END_FACTOR]
    end = min(maturity + 1, interest.shape[0])
    for lane in range(rate.size):
        last[lane] = log(1.0 + rate[lane]) / -12.0
    for lane in range(rate.size):
        monthly[lane] = exp(last[lane])
        discount[lane] = exp(last[lane] * begin)
        last[lane] = exp(last[lane] * end)
    for m in range(begin, end):
        balance = (amount - step * (m - begin)) / 12.0
        for lane in range(rate.size):
            interest[m, lane] += rate[lane] * balance
    if by_month or step > 0.0:
        for m in range(begin, end):
            balance = tax * (amount - step * (m - begin)) / 12.0
            month = m if by_month else 0
            for lane in range(rate.size):
                discount[lane] *= monthly[lane]
                shield[month, lane] += rate[lane] * balance * discount[lane]
        return
    paid = tax * amount / 12.0
    for lane in range(rate.size):
        gap = 1.0 - monthly[lane]
        charged = gap != 0.0
        months = monthly[lane] * (discount[lane] - last[lane]) / (gap if charged else 1.0)
        shield[0, lane] += rate[lane] * paid * months if charged else 0.0


@inner
def compute_refinancing_gap(
    sweep: bool,
    tranches: Tranches,
    s: NoteSchedule,
    funding: NDArray[np.float64],
    scratch: NDArray[np.float64],
    interest: Monthly,
    notes: Monthly,
    cfads: Monthly,
    gap: Lanes,
) -> None:
    """Sum the balance above what CFADS carry at the new rate over refinancings (NaN if nothing is refinanced).

    Capacity at the end of month m: (CFADS of 12 months / 1.2 - service of the other notes)+ / (new rate + 1 / 10).
    Where the plan sweeps, a note is the share of it that is left; `notes` (balance by lane) is read there alone.
    """
    months, lanes = interest.shape
    rate, service, earned, due = scratch[0], scratch[1], scratch[2], scratch[3]
    gap[:] = np.nan
    balance, bullets, amortised, issued = s.balance, s.bullets, s.amortised, s.issued
    for k in range(tranches.amount.size):
        amount, m, issue = tranches.amount[k], tranches.maturity[k], tranches.issue[k]
        coupon, margin, floating = tranches.rate[k], tranches.refinance_margin[k], tranches.floating[k] == 1
        rolls = _refinances(tranches.kind[k], tranches.refinance[k])
        for lane in range(lanes):
            rate[lane] = coupon + (funding[min(issue, months), lane] if floating else 0.0)
        while m < months and rolls:
            others = bullets[m] + 12.0 * amortised[m] - amount / REFINANCED_YEARS
            closing, opening = 1.0 / balance[m], 1.0 / (balance[m - 1] + issued[m])
            for lane in range(lanes):
                left = notes[m, lane] * closing if sweep else 1.0
                paid = (notes[m - 1, lane] + issued[m]) * opening if sweep else 1.0  # share that paid interest
                due[lane] = left * amount
                left_interest = interest[m, lane] * (left / paid) if paid > 0.0 else 0.0
                service[lane] = 12.0 * left_interest - rate[lane] * due[lane] + left * others
                rate[lane] = funding[m + 1, lane] + margin
            _sum_trailing_year(cfads, m, earned)
            _add_capacity_gap(due, earned, service, rate, gap)
            m += REFINANCED_MONTHS


@inner
def _add_capacity_gap(due: Lanes, cfads: Lanes, service: Lanes, rate: Lanes, gap: Lanes) -> None:
    """Add (amount due - capacity)+ to the gap, which is NaN before its first refinancing."""
    for lane in range(gap.size):
        spare = max(0.0, cfads[lane] / REFINANCING_DSCR - service[lane])
        missing = max(0.0, due[lane] - spare / (rate[lane] + 1.0 / REFINANCED_YEARS))
        gap[lane] = missing + (0.0 if math.isnan(gap[lane]) else gap[lane])


@inner
def _sum_trailing_year(series: Monthly, m: int, out: Lanes) -> None:
    """Fill the sum of the twelve months up to m (of those there are)."""
    out[:] = 0.0
    for back in range(max(0, m - 11), m + 1):
        for lane in range(out.size):
            out[lane] += series[back, lane]
