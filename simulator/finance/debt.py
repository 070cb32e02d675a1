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
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Rows, World
from simulator.finance.plan import Plans, Terms
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
    shield: NDArray[np.float64]  # (1,) interest at fixed coupons, each discounted at its own, USD bn


def schedule(months: int) -> Schedule:
    """Empty arrays."""
    return Schedule(*(np.zeros(size) for size in (months, months, months, months, months, 1)))


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
        s.flow[issue] += amount
        for m in range(issue, min(maturity + 1, months)):
            opening = amount - step * (m - issue)
            if plans.tranche_floating[k] == 0:
                paid = opening * plans.tranche_rate[k] / 12.0
                s.fixed[m] += paid
                discount *= monthly
                s.shield[0] += paid * discount
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
    for lane in range(lanes):
        shield[lane] += tax * s.shield[0]
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        begin, maturity = plans.tranche_issue[k], plans.tranche_maturity[k]
        amount = plans.tranche_amount[k]
        if plans.tranche_floating[k] == 1 and begin < months:
            for lane in range(lanes):
                rate[lane] = plans.tranche_rate[k] + funding[begin, lane]
            bear(tax, rate, amount, principal_step(plans, k), begin, maturity, scratch, interest, shield)
        while maturity < months and refinances(plans, k):
            for lane in range(lanes):
                rate[lane] = plans.tranche_margin[k] + funding[maturity + 1, lane]
            begin, maturity = maturity + 1, maturity + REFINANCED_MONTHS
            bear(tax, rate, amount, 0.0, begin, maturity, scratch, interest, shield)


@inner
def bear(
    tax: float,
    rate: Lanes,
    amount: float,
    step: float,
    begin: int,
    maturity: int,
    scratch: NDArray[np.float64],
    interest: Monthly,
    shield: Lanes,
) -> None:
    """Add interest at `rate` on `amount`, less `step` a month, up to `maturity`, and its discounted tax shield."""
    monthly, discount = scratch[1], scratch[2]
    for lane in range(rate.size):
        years = log(1.0 + rate[lane]) / -12.0
        monthly[lane] = exp(years)
        discount[lane] = exp(years * begin)
    for m in range(begin, min(maturity + 1, interest.shape[0])):
        balance = (amount - step * (m - begin)) / 12.0
        for lane in range(rate.size):
            discount[lane] *= monthly[lane]
            interest[m, lane] += rate[lane] * balance
            shield[lane] += tax * (rate[lane] * balance) * discount[lane]


@inner
def fund(
    f: Finance,
    terms: Terms,
    base: NDArray[np.float64],
    notes_flow: NDArray[np.float64],
    world: World,
    rows: Rows,
    ledger: Ledger,
    earnings: NDArray[np.float64],
) -> None:
    """The levered months: interest and tax, then all cash, then the revolver up to the floor or back above it.

    Fills CFADS, cash and revolver by month, and the effect on earnings by (fiscal year, lane), USD a share.
    """
    cash, drawn, drawn_interest, taxed, flow = rows[0], rows[1], rows[2], rows[3], rows[4]
    taxable, interest, ebitda, cfads = ledger[at.TAXABLE], ledger[at.INTEREST], ledger[at.EBITDA], ledger[at.CFADS]
    capex, sale, margin, noise, funding = (
        ledger[at.CAPEX],
        ledger[at.SALE],
        world.lanes[at.MARGIN],
        world.monthly[at.NOISE],
        world.funding,
    )
    cashes, revolvers = ledger[at.CASH], ledger[at.REVOLVER]
    tax, over, floor, limit = f.tax, terms.revolver_margin, terms.cash_floor, terms.revolver
    earned, per_share = 1.0 + (1.0 - tax) * terms.cash_rate / 12.0, (1.0 - tax) / f.shares
    cash[:] = terms.opening_cash
    drawn[:] = 0.0
    for m in range(cfads.shape[0]):
        fixed = f.base_cash_flow + notes_flow[m] - (terms.penalty if m == terms.penalty_month else 0.0)
        wobble, year = (1.0 - tax) * base[m], f.fiscal_year[m]
        for lane in range(cash.size):
            drawn_interest[lane] = drawn[lane] * (funding[m, lane] + over) / 12.0
            taxed[lane] = taxable[m, lane] - interest[m, lane] - drawn_interest[lane]
            earnings[year, lane] += per_share * taxed[lane]
            cfads[m, lane] = ebitda[m, lane] - tax * taxed[lane]
        for lane in range(cash.size):
            ads = wobble * margin[lane] * (noise[m, lane] - 1.0)
            flow[lane] = fixed + ads + cfads[m, lane] - capex[m, lane] + sale[m, lane]
        for lane in range(cash.size):
            after = cash[lane] * earned + flow[lane] - interest[m, lane] - drawn_interest[lane]
            missing = floor - after
            pays = missing if missing > -drawn[lane] else -drawn[lane]
            draw = pays if pays < limit - drawn[lane] else limit - drawn[lane]
            cash[lane] = after + draw
            drawn[lane] += draw
            cashes[m, lane] = cash[lane]
            revolvers[m, lane] = drawn[lane]


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
