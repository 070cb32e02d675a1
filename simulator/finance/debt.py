"""Notes, tax and cash: the levered month.

Order of a month: flows at opening rates; then interest and maturities; then the revolver draws up to the floor
or repays above it. A note that matures inside the horizon is replaced by a 10-year bullet at r + s of that month's end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.elementary import exp, log
from simulator.finance.ledger import Lanes, Ledger, World
from simulator.finance.plan import Plans
from simulator.finance.programme import Finance

SLACK = 1e-9  # USD bn: a clamped lane misses its floor by a rounding error
REFINANCED_MONTHS = 120
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


@njit
def plan_schedule(plans: Plans, plan: int, s: Schedule) -> None:
    """Fill the parts of the schedule that no path changes."""
    months = s.balance.size
    for row in (s.balance, s.flow, s.fixed, s.repaid, s.bullets):
        row[:] = 0.0
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        amount, issue, maturity = plans.tranche_amount[k], plans.tranche_issue[k], plans.tranche_maturity[k]
        if issue < months:
            s.flow[issue] += amount
        step = amount / (maturity - issue) if plans.tranche_amortising[k] == 1 else 0.0
        for m in range(issue, min(maturity + 1, months)):
            opening = amount - step * (m - issue)
            if plans.tranche_floating[k] == 0:
                s.fixed[m] += opening * plans.tranche_rate[k] / 12.0
            if m < maturity:
                s.balance[m] += opening - step
                s.flow[m] -= step
                s.repaid[m] += step
                if step == 0.0:
                    s.bullets[m] += amount / plans.tranche_term[k]
        if plans.tranche_amortising[k] == 0:
            _at_maturity(plans, k, s)


@njit
def _at_maturity(plans: Plans, k: int, s: Schedule) -> None:
    """A bullet's end: refinanced, its balance goes on; otherwise it is repaid from cash."""
    months = s.balance.size
    amount, maturity = plans.tranche_amount[k], plans.tranche_maturity[k]
    if maturity >= months:
        return
    if plans.tranche_refinance[k] == 0:
        s.flow[maturity] -= amount
        return
    for m in range(maturity, months):
        s.balance[m] += amount
        s.bullets[m] += amount / (REFINANCED_MONTHS / 12.0)


@njit
def refinanced_in(plans: Plans, k: int, m: int) -> bool:
    """Whether tranche k, or the bullet that replaced it, is refinanced at the end of month m."""
    since = m - plans.tranche_maturity[k]
    bullet = plans.tranche_amortising[k] == 0 and plans.tranche_refinance[k] == 1
    return bool(bullet and since >= 0 and since % REFINANCED_MONTHS == 0)


@njit
def rate_fixed_at(plans: Plans, k: int, m: int) -> int:
    """Row of the funding cost at which the rate that tranche k pays in month m was fixed; -1: its own coupon."""
    since = m - 1 - plans.tranche_maturity[k]
    if since >= 0:
        return int(m - since % REFINANCED_MONTHS)
    return int(plans.tranche_issue[k]) if plans.tranche_floating[k] == 1 else -1


@njit
def margin_at(plans: Plans, k: int, m: int) -> float:
    """Margin over the funding cost of a rate fixed on the path."""
    return float(plans.tranche_margin[k] if m > plans.tranche_maturity[k] else plans.tranche_rate[k])


@njit
def pays(plans: Plans, k: int, m: int) -> bool:
    """Whether tranche k, or the bullet that replaced it, bears interest in month m."""
    if m > plans.tranche_maturity[k]:
        return bool(plans.tranche_amortising[k] == 0 and plans.tranche_refinance[k] == 1)
    return bool(m >= plans.tranche_issue[k])


@njit
def note_interest(plans: Plans, plan: int, s: Schedule, world: World, ledger: Ledger) -> None:
    """Fill the notes' interest by (month, lane); rates fixed on the path are those at issue or at refinancing."""
    months, lanes = ledger.interest.shape
    for m in range(months):
        for lane in range(lanes):
            ledger.interest[m, lane] = s.fixed[m]
        for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
            row = rate_fixed_at(plans, k, m)
            if row >= 0 and pays(plans, k, m):
                amount, margin = outstanding(plans, k, m), margin_at(plans, k, m)
                for lane in range(lanes):
                    ledger.interest[m, lane] += (world.funding[row, lane] + margin) * amount / 12.0


@njit
def outstanding(plans: Plans, k: int, m: int) -> float:
    """Opening balance of tranche k in month m, USD bn."""
    amount = float(plans.tranche_amount[k])
    if plans.tranche_amortising[k] == 0:
        return amount
    return amount * float(1.0 - (m - plans.tranche_issue[k]) / (plans.tranche_maturity[k] - plans.tranche_issue[k]))


@njit
def tax_shield(tax: float, plans: Plans, plan: int, world: World, scratch: NDArray[np.float64], out: Lanes) -> None:
    """Add tax x interest on notes, each discounted at its own rate, to `out`."""
    months = world.price.shape[0]
    for k in range(plans.tranche_from[plan], plans.tranche_from[plan + 1]):
        begin = plans.tranche_issue[k]
        end = min(plans.tranche_maturity[k] + 1, months)
        while begin < months:
            _shield(tax, plans, k, begin, end, world, scratch, out)
            if not refinanced_in(plans, k, end - 1):
                break
            begin, end = end, min(end + REFINANCED_MONTHS, months)


@njit
def _shield(
    tax: float, plans: Plans, k: int, begin: int, end: int, world: World, scratch: NDArray[np.float64], out: Lanes
) -> None:
    """Tax shield of the interest that tranche k pays in months begin .. end - 1 at one rate."""
    rate, step, discount = scratch[0], scratch[1], scratch[2]
    row = rate_fixed_at(plans, k, begin)
    for lane in range(out.size):
        rate[lane] = world.funding[row, lane] + margin_at(plans, k, begin) if row >= 0 else plans.tranche_rate[k]
        step[lane] = exp(log(1.0 + rate[lane]) / -12.0)
        discount[lane] = exp(log(1.0 + rate[lane]) / -12.0 * begin)
    for m in range(begin, end):
        amount = tax * outstanding(plans, k, m) / 12.0
        for lane in range(out.size):
            discount[lane] *= step[lane]
            out[lane] += amount * rate[lane] * discount[lane]


@njit
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


@njit
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


@njit
def refinancing_gap(
    plans: Plans, plan: int, s: Schedule, world: World, ledger: Ledger, service: Lanes, gap: Lanes
) -> None:
    """Sum, over refinancings, of the balance above what CFADS carry at the new rate (NaN if nothing is refinanced)."""
    months, lanes = ledger.interest.shape
    first, last = plans.tranche_from[plan], plans.tranche_from[plan + 1]
    gap[:] = np.nan
    for m in range(months):
        for k in range(first, last):
            if not refinanced_in(plans, k, m):
                continue
            row, margin = rate_fixed_at(plans, k, m), margin_at(plans, k, m)
            term = REFINANCED_MONTHS / 12.0
            amount = plans.tranche_amount[k]
            for lane in range(lanes):
                rate = world.funding[row, lane] + margin if row >= 0 else plans.tranche_rate[k]
                service[lane] = 12.0 * ledger.interest[m, lane] - rate * amount + s.bullets[m] - amount / term
            _capacity_gap(m, amount, plans.tranche_margin[k], term, world, ledger, service, gap)


@njit
def _capacity_gap(
    m: int, amount: float, margin: float, term: float, world: World, ledger: Ledger, service: Lanes, gap: Lanes
) -> None:
    """Add (amount - capacity)+ at the end of month m."""
    for lane in range(gap.size):
        cfads = 0.0
        for back in range(max(0, m - 11), m + 1):
            cfads += ledger.cfads[back, lane]
        spare = max(0.0, cfads / REFINANCING_DSCR - service[lane])
        capacity = spare / (world.funding[m + 1, lane] + margin + 1.0 / term)
        missing = max(0.0, amount - capacity)
        gap[lane] = missing if math.isnan(gap[lane]) else gap[lane] + missing


@njit
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
