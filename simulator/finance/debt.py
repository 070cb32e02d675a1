"""Notes as scheduled, their interest and refinancing, and what cash and revolver come to.

A note that matures inside the horizon is replaced by a 10-year bullet at r + s of that month's end. Prepayments under
a cash sweep are the levered month's: they scale everything scheduled here by the share of the notes left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.elementary import exp, log
from simulator.finance.ledger import Lanes, Monthly
from simulator.finance.plan import Plans

SLACK = 1e-9  # USD bn: a clamped lane misses its floor by a rounding error
REFINANCED_MONTHS = 120
REFINANCED_YEARS = 10.0
REFINANCING_DSCR = 1.2


class Schedule(NamedTuple):
    """What the notes of a plan do by month, the same in every lane and before any sweep: arrays (months,), USD bn."""

    balance: NDArray[np.float64]  # closing balance of notes
    issued: NDArray[np.float64]  # cash from issues
    repaid: NDArray[np.float64]  # principal repaid from cash
    amortised: NDArray[np.float64]  # that of amortising notes alone
    fixed: NDArray[np.float64]  # interest at fixed coupons
    bullets: NDArray[np.float64]  # sum of principal / term over bullets outstanding at the close, a year
    shield: NDArray[np.float64]  # interest at fixed coupons, each discounted at its own


def schedule(months: int) -> Schedule:
    """Empty arrays."""
    return Schedule(*np.zeros((7, months)))


@inner
def plan_schedule(plans: Plans, plan: int, s: Schedule) -> None:
    """Fill the schedule: bullets run to their maturity and, refinanced, beyond it; others are repaid from cash."""
    months = s.balance.size
    for row in s:
        row[:] = 0.0
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        amount, issue, maturity = plans.tranche_amount[k], plans.tranche_issue[k], plans.tranche_maturity[k]
        if issue >= months:
            continue
        step = principal_step(plans, k)
        years = log(1.0 + plans.tranche_rate[k]) / -12.0
        monthly, discount = exp(years), exp(years * issue)
        s.issued[issue] += amount
        for m in range(issue, min(maturity + 1, months)):
            opening = amount - step * (m - issue)
            if plans.tranche_floating[k] == 0:
                paid = opening * plans.tranche_rate[k] / 12.0
                s.fixed[m] += paid
                discount *= monthly
                s.shield[m] += paid * discount
            s.repaid[m] += step
            s.amortised[m] += step
            if m < maturity:
                s.balance[m] += opening - step
                s.bullets[m] += amount / plans.tranche_term[k] if step == 0.0 else 0.0
        if refinances(plans, k):
            for m in range(maturity, months):
                s.balance[m] += amount
                s.bullets[m] += amount / REFINANCED_YEARS
        elif step == 0.0 and maturity < months:
            s.repaid[maturity] += amount


@inner
def refinances(plans: Plans, k: int) -> bool:
    """Whether tranche k is replaced by a new bullet at its maturity."""
    return bool(plans.tranche_amortising[k] == 0 and plans.tranche_refinance[k] == 1)


@inner
def principal_step(plans: Plans, k: int) -> float:
    """Principal that tranche k repays a month, USD bn (0 for a bullet)."""
    payments = plans.tranche_maturity[k] - plans.tranche_issue[k] + 1
    return float(plans.tranche_amount[k] / payments if plans.tranche_amortising[k] == 1 else 0.0)


@inner
def note_interest(
    tax: float,
    plans: Plans,
    plan: int,
    s: Schedule,
    funding: NDArray[np.float64],
    scratch: NDArray[np.float64],
    interest: Monthly,
    shield: Monthly,
) -> None:
    """Fill the notes' interest by (month, lane) and its tax shield, each note's discounted at its own rate.

    The shield is by month where the plan sweeps cash into its notes; otherwise its sum stands in the first row and the
    other rows are not touched. A rate not given is fixed on the path: r + s + margin at the opening of the month of
    issue, or at the end of the month in which a note is refinanced.
    """
    months, lanes = interest.shape
    sweep = plans.sweep[plan] == 1
    rate = scratch[0]
    for m in range(months):
        for lane in range(lanes):
            interest[m, lane] = s.fixed[m]
    shield[0] = 0.0
    for m in range(months):
        row = m if sweep else 0
        shield[row] = tax * s.shield[m] + (0.0 if sweep else shield[row, 0])
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        begin, maturity = plans.tranche_issue[k], plans.tranche_maturity[k]
        amount = plans.tranche_amount[k]
        if plans.tranche_floating[k] == 1 and begin < months:
            for lane in range(lanes):
                rate[lane] = plans.tranche_rate[k] + funding[begin, lane]
            bear(tax, amount, principal_step(plans, k), begin, maturity, sweep, scratch, interest, shield)
        while maturity < months and refinances(plans, k):
            for lane in range(lanes):
                rate[lane] = plans.tranche_margin[k] + funding[maturity + 1, lane]
            begin, maturity = maturity + 1, maturity + REFINANCED_MONTHS
            bear(tax, amount, 0.0, begin, maturity, sweep, scratch, interest, shield)


@inner
def bear(
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
    """Add interest on `amount`, less `step` a month, up to `maturity`, and its discounted tax shield.

    The rate is the first row of scratch. The shield of level interest a over the n months from b on, in one sum:
    tax a d^b (d + d^2 + .. + d^n) = tax a d^b d (1 - d^n) / (1 - d), d the monthly discount factor.
    """
    rate, monthly, discount = scratch[0], scratch[1], scratch[2]
    end = min(maturity + 1, interest.shape[0])
    for lane in range(rate.size):
        years = log(1.0 + rate[lane]) / -12.0
        monthly[lane] = exp(years)
        discount[lane] = exp(years * begin)
    for m in range(begin, end):
        balance = (amount - step * (m - begin)) / 12.0
        for lane in range(rate.size):
            interest[m, lane] += rate[lane] * balance
    if by_month or step > 0.0:
        for m in range(begin, end):
            balance = tax * (amount - step * (m - begin)) / 12.0
            row = m if by_month else 0
            for lane in range(rate.size):
                discount[lane] *= monthly[lane]
                shield[row, lane] += rate[lane] * balance * discount[lane]
        return
    paid = tax * amount / 12.0
    for lane in range(rate.size):
        last = exp(log(1.0 + rate[lane]) / -12.0 * end)
        gap = 1.0 - monthly[lane]
        some = gap != 0.0
        months = monthly[lane] * (discount[lane] - last) / (gap if some else 1.0)
        shield[0, lane] += rate[lane] * paid * months if some else 0.0


@inner
def liquidity(
    floor: float,
    cash: Monthly,
    revolver: Monthly,
    least: Lanes,
    event: Lanes,
    depth: Lanes,
    count: Lanes,
    most_drawn: Lanes,
) -> None:
    """Lowest cash; whether, how deep and for how many months cash lies below the floor; largest revolver balance."""
    least[:] = np.inf
    for m in range(cash.shape[0]):
        for lane in range(least.size):
            least[lane] = cash[m, lane] if cash[m, lane] < least[lane] else least[lane]
            count[lane] += 1.0 if floor - cash[m, lane] > SLACK else 0.0
            most_drawn[lane] = revolver[m, lane] if revolver[m, lane] > most_drawn[lane] else most_drawn[lane]
    for lane in range(least.size):
        short = floor - least[lane] > SLACK
        event[lane] = 1.0 if short else 0.0
        depth[lane] = floor - least[lane] if short else 0.0


@inner
def refinancing_gap(
    plans: Plans,
    plan: int,
    s: Schedule,
    funding: NDArray[np.float64],
    scratch: NDArray[np.float64],
    interest: Monthly,
    notes: Monthly,
    cfads: Monthly,
    gap: Lanes,
) -> None:
    """Sum, over refinancings, of the balance above what CFADS carry at the new rate (NaN if nothing is refinanced).

    Capacity at the end of month m: (CFADS of 12 months / 1.2 - service of the other notes)+ / (new rate + 1 / 10).
    Where the plan sweeps, a note is the share of it that is left; `notes` (balance by lane) is read there alone.
    """
    months, lanes = interest.shape
    rate, service, earned, due = scratch[0], scratch[1], scratch[2], scratch[3]
    gap[:] = np.nan
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        amount, m = plans.tranche_amount[k], plans.tranche_maturity[k]
        floating = plans.tranche_floating[k] == 1
        for lane in range(lanes):
            at_issue = funding[min(plans.tranche_issue[k], months), lane]
            rate[lane] = plans.tranche_rate[k] + (at_issue if floating else 0.0)
        while m < months and refinances(plans, k):
            others = s.bullets[m] + 12.0 * s.amortised[m] - amount / REFINANCED_YEARS
            for lane in range(lanes):
                left = notes[m, lane] / s.balance[m] if plans.sweep[plan] == 1 else 1.0
                due[lane] = left * amount
                service[lane] = 12.0 * interest[m, lane] - rate[lane] * due[lane] + left * others
                rate[lane] = funding[m + 1, lane] + plans.tranche_margin[k]
            trailing(cfads, m, earned)
            add_missing(due, earned, service, rate, gap)
            m += REFINANCED_MONTHS


@inner
def add_missing(due: Lanes, cfads: Lanes, service: Lanes, rate: Lanes, gap: Lanes) -> None:
    """Add (amount due - capacity)+ to the gap, which is NaN before its first refinancing."""
    for lane in range(gap.size):
        spare = max(0.0, cfads[lane] / REFINANCING_DSCR - service[lane])
        missing = max(0.0, due[lane] - spare / (rate[lane] + 1.0 / REFINANCED_YEARS))
        gap[lane] = missing + (0.0 if math.isnan(gap[lane]) else gap[lane])


@inner
def trailing(series: Monthly, m: int, out: Lanes) -> None:
    """Sum of the twelve months up to m (of those there are)."""
    out[:] = 0.0
    for back in range(max(0, m - 11), m + 1):
        for lane in range(out.size):
            out[lane] += series[back, lane]
