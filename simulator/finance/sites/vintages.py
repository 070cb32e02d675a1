"""Vintages of compute at one site: held from delivery to a swap, an exit or the horizon, then sold and replaced.

Every event is booked as a change at a month of its lane; only the stranded value needs a loop over months. Loops read
arrays and numbers, never a tuple of arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance.plan.variant import BOOK, ECONOMIC
from simulator.finance.sites.site_state import (
    BOOK_DECLINE,
    BOOK_START,
    COMPUTE_COST,
    DELIVERY,
    DEPRECIATION_START,
    EXIT,
    HOLD_BEGIN,
    HOLD_END,
    INVERSE_VALUE,
    PURCHASE,
    REFIT_COST,
    SERVICE,
    SHELL_COST,
    UNIT_VALUE,
    WORK_PER_MW,
)
from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import disjoint, inner

__all__: list[str] = []  # used in this folder only

_MONTHS_TOGETHER = 4  # months of stranded value in one loop


@inner
def raise_between(changes: Monthly, amount: float, begin: int, end: int, lane: int) -> None:
    """Book the changes that raise a series by `amount` over the months begin .. end - 1 of a lane."""
    if begin < end and begin < changes.shape[0]:
        changes[begin, lane] += amount
        if end < changes.shape[0]:
            changes[end, lane] -= amount


@inner
def look_up_indices(site: NDArray[np.float64], value: Monthly, efficiency: Monthly, work: Monthly) -> None:
    """Read the indices of the months in which the lanes' vintages were bought, in one loop.

    Lanes read lines that lie far apart: in one gather loop their cache misses overlap.
    """
    last = value.shape[0] - 1
    for lane in range(site.shape[1]):
        vintage = min(int(site[PURCHASE, lane]), last)
        site[INVERSE_VALUE, lane] = 1.0 / value[vintage, lane]
        site[WORK_PER_MW, lane] = efficiency[vintage, lane] / work[vintage, lane]


@inner
def start_first_vintage(
    mw: float, site: NDArray[np.float64], value: Monthly, efficiency: Monthly, work: Monthly, first: Monthly
) -> None:
    """Set the state of the first vintage: it is held from delivery on and depreciates from service on."""
    months, lanes = value.shape
    for lane in range(lanes):
        site[DEPRECIATION_START, lane] = site[SERVICE, lane]
        site[PURCHASE, lane] = site[DELIVERY, lane]
        site[HOLD_BEGIN, lane] = min(site[DELIVERY, lane], months)
        site[REFIT_COST, lane] = 0.0
        site[EXIT, lane] = months
    look_up_indices(site, value, efficiency, work)
    for lane in range(lanes):
        if site[SERVICE, lane] < months:
            first[int(site[SERVICE, lane]), lane] += mw * site[INVERSE_VALUE, lane]


@inner
def find_swap_months(
    refresh: int,
    life: int,
    growth: NDArray[np.float64],
    operating_cost: Lanes,
    trailing: Monthly,
    value: Monthly,
    site: NDArray[np.float64],
) -> None:
    """Set the month in which each lane's vintage is swapped; the horizon if it is not.

    Economic refresh: the first month in which P12 V falls below the operating cost while new chips earn theirs.
    """
    months = growth.size
    for lane in range(operating_cost.size):
        since, held = int(site[DEPRECIATION_START, lane]), site[HOLD_BEGIN, lane] < months
        end = min(since + life, months) if refresh == BOOK and held else months
        if refresh == ECONOMIC and held:
            for m in range(since + 1, months):
                cost = operating_cost[lane] * growth[m]
                kept_value = value[m, lane] * site[INVERSE_VALUE, lane]
                if trailing[m, lane] * kept_value < cost and trailing[m, lane] >= cost:
                    end = m
                    break
        site[HOLD_END, lane] = end


@inner
def add_stranded_value(
    life: int, site: NDArray[np.float64], value: Monthly, stranded: Monthly, tracing: bool, asset_value: Monthly
) -> None:
    """Add (book - V cost)+ while the vintage is held; book is straight line over `life` months from DEPRECIATION_START.

    For a trace, also add V cost to `asset_value`.
    """
    months = value.shape[0]
    first, last, rate = months, 0, 1.0 / life
    decline, start, unit_value = site[BOOK_DECLINE], site[BOOK_START], site[UNIT_VALUE]
    for lane in range(unit_value.size):
        begin, end, cost = int(site[HOLD_BEGIN, lane]), int(site[HOLD_END, lane]), site[COMPUTE_COST, lane]
        held = begin < end
        unit_value[lane] = cost * site[INVERSE_VALUE, lane] if held else 0.0
        decline[lane] = cost * rate
        start[lane] = cost + cost * rate * (site[DEPRECIATION_START, lane] - 1.0)
        first = min(first, begin) if held else first
        last = max(last, min(end, int(site[DEPRECIATION_START, lane]) + life)) if held else last
    m = first
    while m + _MONTHS_TOGETHER <= last:
        _stranded_months(
            float(m), site[HOLD_BEGIN], site[HOLD_END], site[COMPUTE_COST], start, decline, unit_value, value[m],
            value[m + 1], value[m + 2], value[m + 3], stranded[m], stranded[m + 1], stranded[m + 2], stranded[m + 3],
        )  # fmt: skip
        m += _MONTHS_TOGETHER
    while m < last:
        _stranded_month(
            float(m), site[HOLD_BEGIN], site[HOLD_END], site[COMPUTE_COST], start, decline, unit_value, value[m],
            stranded[m],
        )  # fmt: skip
        m += 1
    if tracing:
        for m in range(first, months):
            for lane in range(unit_value.size):
                held = m >= site[HOLD_BEGIN, lane] and m < site[HOLD_END, lane]
                asset_value[m, lane] += value[m, lane] * unit_value[lane] if held else 0.0


@disjoint
def _stranded_month(
    now: float,
    begin: Lanes,
    end: Lanes,
    compute: Lanes,
    start: Lanes,
    decline: Lanes,
    unit_value: Lanes,
    value: Lanes,
    stranded: Lanes,
) -> None:
    """Add the stranded value of one month."""
    for lane in range(unit_value.size):
        held = begin[lane] <= now < end[lane]
        stranded[lane] += _value_gap(
            now, held, compute[lane], start[lane], decline[lane], unit_value[lane], value[lane]
        )


@disjoint
def _stranded_months(
    now: float,
    begin: Lanes,
    end: Lanes,
    compute: Lanes,
    start: Lanes,
    decline: Lanes,
    unit_value: Lanes,
    value: Lanes,
    value1: Lanes,
    value2: Lanes,
    value3: Lanes,
    stranded: Lanes,
    stranded1: Lanes,
    stranded2: Lanes,
    stranded3: Lanes,
) -> None:
    """Add the stranded value of four months: what a vintage keeps is loaded once for all of them."""
    for lane in range(unit_value.size):
        since, until, cost, a, b, c = (
            begin[lane],
            end[lane],
            compute[lane],
            start[lane],
            decline[lane],
            unit_value[lane],
        )
        stranded[lane] += _value_gap(now, since <= now < until, cost, a, b, c, value[lane])
        stranded1[lane] += _value_gap(now + 1.0, since <= now + 1.0 < until, cost, a, b, c, value1[lane])
        stranded2[lane] += _value_gap(now + 2.0, since <= now + 2.0 < until, cost, a, b, c, value2[lane])
        stranded3[lane] += _value_gap(now + 3.0, since <= now + 3.0 < until, cost, a, b, c, value3[lane])


@inner
def _value_gap(
    now: float, held: bool, cost: float, start: float, decline: float, unit_value: float, value: float
) -> float:
    """(book - V cost)+ of a vintage at the end of a month: its book is `start` - `decline` month, at most its cost."""
    line = start - decline * now
    gap = (line if line < cost else cost) - value * unit_value
    return gap if held and gap > 0.0 else 0.0


@inner
def book_work(
    mw: float,
    delay: int,
    term: int,
    site: NDArray[np.float64],
    value: Monthly,
    changes: Monthly,
    value_changes: Monthly,
    locked: Monthly,
) -> None:
    """Book a vintage's work and MW per unit of the indices, from the later of its purchase and S + delay.

    `locked` gathers MW x V of the contracts of `term` months that the site locks while it holds the vintage.
    """
    months = changes.shape[0]
    for lane in range(changes.shape[1]):
        start, end = int(site[SERVICE, lane]) + delay, int(site[HOLD_END, lane])
        begin = max(start, int(site[HOLD_BEGIN, lane]))
        if begin < min(end, months):
            work_units, value_mw = mw * site[WORK_PER_MW, lane], mw * site[INVERSE_VALUE, lane]
            raise_between(changes, work_units, begin, end, lane)
            if term > 0:
                raise_between(value_changes, value_mw, begin, end, lane)
                lock = start + (begin - start + term - 1) // term * term
                while lock < end:
                    locked[lock, lane] += value_mw * value[lock, lane]
                    lock += term


@inner
def retire_vintage(
    life: int,
    keep: float,
    keep_chips: float,
    site: NDArray[np.float64],
    value: Monthly,
    resale: Lanes,
    depreciation: Monthly,
    sale: Monthly,
    gain: Monthly,
    write_offs: Lanes,
    stranded: Lanes,
) -> None:
    """Depreciate the vintage and its refit, and book the sale at the end of its use.

    A swap writes off the refit as well; at an exit it stays. `keep`, `keep_chips` are the sponsor's parts of shell and
    compute.
    """
    months = sale.shape[0]
    for lane in range(resale.size):
        since, end = int(site[DEPRECIATION_START, lane]), int(site[HOLD_END, lane])
        if since >= months or site[HOLD_BEGIN, lane] >= months:
            continue
        full = min(since + life, months)
        refit, compute = keep * site[REFIT_COST, lane], keep_chips * site[COMPUTE_COST, lane]
        stays = site[EXIT, lane] < months
        cost = compute if stays else compute + refit
        raise_between(depreciation, cost / life, since, min(full, end), lane)
        if stays:
            raise_between(depreciation, refit / life, since, full, lane)
        if end < months:
            worth = value[end, lane] * site[INVERSE_VALUE, lane] * site[COMPUTE_COST, lane]
            left = max(1.0 - (end - since) / life, 0.0)
            proceeds = keep_chips * worth * resale[lane]
            sale[end, lane] += proceeds
            gain[end, lane] += proceeds - cost * left
            write_offs[lane] += max(cost * left - proceeds, 0.0)
            stranded[lane] += max(site[COMPUTE_COST, lane] * left - worth, 0.0)


@inner
def buy_next_vintage(
    refit_share: float, growth: NDArray[np.float64], site: NDArray[np.float64], capex: Monthly
) -> bool:
    """Buy the next vintage where one was swapped; False once no lane swaps any more."""
    months = growth.size
    swapping = False
    for lane in range(site.shape[1]):
        end = int(site[HOLD_END, lane])
        swaps = end < months and site[EXIT, lane] == months
        if swaps:
            site[REFIT_COST, lane] = refit_share * site[SHELL_COST, lane] * growth[end]
            capex[end, lane] += site[COMPUTE_COST, lane] + site[REFIT_COST, lane]
            site[DEPRECIATION_START, lane] = end
            site[PURCHASE, lane] = end
            swapping = True
        site[HOLD_BEGIN, lane] = end if swaps else months
    return swapping
