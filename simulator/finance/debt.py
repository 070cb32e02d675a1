"""Notes, tax and cash: the levered month.

Order of a month: flows at opening rates; then interest and maturities; then the revolver draws up to the floor
or repays above it. A note that matures inside the horizon is replaced by a 10-year bullet at r + s of that month's end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.elementary import exp, log
from simulator.finance.ledger import Lanes, Ledger, Monthly, World
from simulator.finance.plan import Plans
from simulator.finance.programme import Finance

SLACK = 1e-9  # USD bn: a clamped lane misses its floor by a rounding error
REFINANCED_MONTHS = 120
REFINANCED_YEARS = 10.0
REFINANCING_DSCR = 1.2


class Schedule(NamedTuple):
    """What the notes of a plan do by month, the same in every lane: arrays (months,)."""

    balance: NDArray[np.float64]  # closing balance of notes, USD bn
    flow: NDArray[np.float64]  # cash from issues less repayments not refinanced
    fixed: NDArray[np.float64]  # interest at fixed coupons
    repaid: NDArray[np.float64]  # scheduled principal of amortising notes
    bullets: NDArray[np.float64]  # sum of principal / term over bullets outstanding at the close, a year


def schedule(months: int) -> Schedule:
    """Empty arrays."""
    return Schedule(*(np.zeros(months) for _ in Schedule._fields))


@inner
def plan_schedule(plans: Plans, plan: int, s: Schedule) -> None:
    """Fill the schedule: bullets run to their maturity and, refinanced, beyond it; others are repaid from cash."""
    months = s.balance.size
    for row in (s.balance, s.flow, s.fixed, s.repaid, s.bullets):
        row[:] = 0.0
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        amount, issue, maturity = plans.tranche_amount[k], plans.tranche_issue[k], plans.tranche_maturity[k]
        if issue >= months:
            continue
        step = principal_step(plans, k)
        s.flow[issue] += amount
        for m in range(issue, min(maturity + 1, months)):
            opening = amount - step * (m - issue)
            if plans.tranche_floating[k] == 0:
                s.fixed[m] += opening * plans.tranche_rate[k] / 12.0
            s.flow[m] -= step
            s.repaid[m] += step
            if m < maturity:
                s.balance[m] += opening - step
                s.bullets[m] += amount / plans.tranche_term[k] if step == 0.0 else 0.0
        if refinances(plans, k):
            for m in range(maturity, months):
                s.balance[m] += amount
                s.bullets[m] += amount / REFINANCED_YEARS
        elif step == 0.0 and maturity < months:
            s.flow[maturity] -= amount


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
    shield: Lanes,
) -> None:
    """Fill the notes' interest by (month, lane) and add their tax shield, each discounted at its own rate, to `shield`.

    A rate not given is fixed on the path: r + s + margin at the opening of the month of issue, or at the end of the
    month in which a note is refinanced.
    """
    months, lanes = interest.shape
    rate = scratch[0]
    for m in range(months):
        for lane in range(lanes):
            interest[m, lane] = s.fixed[m]
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        begin, maturity = plans.tranche_issue[k], plans.tranche_maturity[k]
        if begin >= months:
            continue
        amount, step = plans.tranche_amount[k], principal_step(plans, k)
        floating = plans.tranche_floating[k] == 1
        for lane in range(lanes):
            rate[lane] = plans.tranche_rate[k] + (funding[begin, lane] if floating else 0.0)
        if floating:
            bear(rate, amount, step, begin, min(maturity + 1, months), interest)
        shelter(tax, rate, amount, step, begin, min(maturity + 1, months), scratch[1], scratch[2], shield)
        while maturity < months and refinances(plans, k):
            for lane in range(lanes):
                rate[lane] = plans.tranche_margin[k] + funding[maturity + 1, lane]
            begin, maturity = maturity + 1, maturity + REFINANCED_MONTHS
            bear(rate, amount, 0.0, begin, min(maturity + 1, months), interest)
            shelter(tax, rate, amount, 0.0, begin, min(maturity + 1, months), scratch[1], scratch[2], shield)


@inner
def bear(rate: Lanes, amount: float, step: float, begin: int, end: int, interest: Monthly) -> None:
    """Add interest at `rate` on `amount`, falling by `step` a month, for the months begin .. end - 1."""
    for m in range(begin, end):
        balance = (amount - step * (m - begin)) / 12.0
        for lane in range(rate.size):
            interest[m, lane] += rate[lane] * balance


@inner
def shelter(
    tax: float,
    rate: Lanes,
    amount: float,
    step: float,
    begin: int,
    end: int,
    monthly: Lanes,
    discount: Lanes,
    shield: Lanes,
) -> None:
    """Add tax x that interest, discounted at `rate` from the month's end to month 0."""
    for lane in range(rate.size):
        years = log(1.0 + rate[lane]) / -12.0
        monthly[lane] = exp(years)
        discount[lane] = exp(years * begin)
    for m in range(begin, end):
        saved = tax * (amount - step * (m - begin)) / 12.0
        for lane in range(rate.size):
            discount[lane] *= monthly[lane]
            shield[lane] += saved * rate[lane] * discount[lane]


@inner
def cash_position(
    f: Finance,
    plans: Plans,
    plan: int,
    base: NDArray[np.float64],
    s: Schedule,
    world: World,
    scratch: NDArray[np.float64],
    ledger: Ledger,
) -> None:
    """Fill levered tax into CFADS, cash and revolver by month."""
    months, lanes = ledger.cash.shape
    earned = (1.0 - f.tax) * plans.cash_rate[plan] / 12.0
    floor, limit = plans.cash_floor[plan], plans.revolver[plan]
    cash, drawn, flow, drawn_interest = scratch[0], scratch[1], scratch[2], scratch[3]
    cash[:] = plans.opening_cash[plan]
    drawn[:] = 0.0
    for m in range(months):
        fixed = f.base_cash_flow + s.flow[m] - (plans.penalty[plan] if m == plans.penalty_month[plan] else 0.0)
        wobble = (1.0 - f.tax) * base[m]
        for lane in range(lanes):
            drawn_interest[lane] = drawn[lane] * (world.funding[m, lane] + plans.revolver_margin[plan]) / 12.0
            taxed = ledger.taxable[m, lane] - ledger.interest[m, lane] - drawn_interest[lane]
            ledger.cfads[m, lane] = ledger.ebitda[m, lane] - f.tax * taxed
        for lane in range(lanes):
            ads = wobble * world.margin[lane] * (world.noise[m, lane] - 1.0)
            flow[lane] = fixed + ads + ledger.cfads[m, lane] - ledger.capex[m, lane] + ledger.sale[m, lane]
        for lane in range(lanes):
            after = cash[lane] * (1.0 + earned) + flow[lane] - ledger.interest[m, lane] - drawn_interest[lane]
            draw = min(max(floor - after, -drawn[lane]), limit - drawn[lane])
            cash[lane] = after + draw
            drawn[lane] += draw
        for lane in range(lanes):
            ledger.cash[m, lane] = cash[lane]
            ledger.revolver[m, lane] = drawn[lane]


@inner
def liquidity(
    floor: float, ledger: Ledger, least: Lanes, event: Lanes, depth: Lanes, count: Lanes, most_drawn: Lanes
) -> None:
    """Lowest cash; whether, how deep and for how many months cash lies below the floor; largest revolver balance."""
    months, lanes = ledger.cash.shape
    least[:] = np.inf
    count[:] = 0.0
    most_drawn[:] = 0.0
    for m in range(months):
        for lane in range(lanes):
            least[lane] = min(least[lane], ledger.cash[m, lane])
            count[lane] += 1.0 if floor - ledger.cash[m, lane] > SLACK else 0.0
            most_drawn[lane] = max(most_drawn[lane], ledger.revolver[m, lane])
    for lane in range(lanes):
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
    cfads: Monthly,
    gap: Lanes,
) -> None:
    """Sum, over refinancings, of the balance above what CFADS carry at the new rate (NaN if nothing is refinanced).

    Capacity at the end of month m: (CFADS of 12 months / 1.2 - service of the other notes)+ / (new rate + 1 / 10).
    """
    months, lanes = interest.shape
    rate, service, earned = scratch[0], scratch[1], scratch[2]
    gap[:] = np.nan
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        amount, m = plans.tranche_amount[k], plans.tranche_maturity[k]
        floating = plans.tranche_floating[k] == 1
        for lane in range(lanes):
            at_issue = funding[min(plans.tranche_issue[k], months), lane]
            rate[lane] = plans.tranche_rate[k] + (at_issue if floating else 0.0)
        while m < months and refinances(plans, k):
            others = s.bullets[m] + 12.0 * s.repaid[m] - amount / REFINANCED_YEARS
            for lane in range(lanes):
                service[lane] = 12.0 * interest[m, lane] - rate[lane] * amount + others
                rate[lane] = funding[m + 1, lane] + plans.tranche_margin[k]
            trailing(cfads, m, earned)
            add_missing(amount, earned, service, rate, gap)
            m += REFINANCED_MONTHS


@inner
def add_missing(amount: float, cfads: Lanes, service: Lanes, rate: Lanes, gap: Lanes) -> None:
    """Add (amount - capacity)+ to the gap, which is NaN before its first refinancing."""
    for lane in range(gap.size):
        spare = max(0.0, cfads[lane] / REFINANCING_DSCR - service[lane])
        missing = max(0.0, amount - spare / (rate[lane] + 1.0 / REFINANCED_YEARS))
        gap[lane] = missing + (0.0 if math.isnan(gap[lane]) else gap[lane])


@inner
def trailing(series: Monthly, m: int, out: Lanes) -> None:
    """Sum of the twelve months up to m (of those there are)."""
    out[:] = 0.0
    for back in range(max(0, m - 11), m + 1):
        for lane in range(out.size):
            out[lane] += series[back, lane]


@inner
def earnings(f: Finance, plans: Plans, plan: int, world: World, ledger: Ledger, figures: NDArray[np.float64]) -> None:
    """Fill the effect on earnings per share by (fiscal year, lane), USD."""
    months, lanes = ledger.taxable.shape
    scale = (1.0 - f.tax) / f.shares
    figures[:] = 0.0
    for m in range(months):
        row = figures[f.fiscal_year[m]]
        for lane in range(lanes):
            drawn = ledger.revolver[m - 1, lane] if m > 0 else 0.0
            interest = drawn * (world.funding[m, lane] + plans.revolver_margin[plan]) / 12.0
            row[lane] += scale * (ledger.taxable[m, lane] - ledger.interest[m, lane] - interest)
