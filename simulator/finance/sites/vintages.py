"""Vintages of compute at one site: held from delivery to a swap, an exit or the horizon, then sold and replaced.

Everything is an event at a month of its lane and is booked as a change of a monthly level; only the stranded value
needs a loop over months. Functions called from a loop take arrays and numbers, never a tuple of arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance.plan.variant import BOOK, ECONOMIC
from simulator.finance.workspace import Lanes, Monthly
from simulator.numerics.jit import disjoint, inner

# Rows of the scratch that carries a site through its life, by lane; months as floats, money USD bn.
SERVICE, DELIVERED, FINISHED, SHELL, COMPUTE, SHELL_SHARE, COMPUTE_SHARE = range(7)
SINCE, VINTAGE, BEGIN, END, REFIT, WORTH, SPENT = range(7, 14)
LEFT, BASE, CHIP_BASE, RENTED, CHIP_RENT, PARTNER_BASE = range(14, 20)
# Of the vintage held, as bought: 1 over the value index, work per MW over the work index.
KEEPS, PER_MW = range(20, 22)
# Its book value by month as a line: what it starts from and falls by.
STARTS, FALLS = range(22, 24)
SITE_ROWS = 24
AT_ONCE = 4  # months of stranded value worked out together


@inner
def add_level(changes: Monthly, amount: float, begin: int, end: int, lane: int) -> None:
    """Raise a level by `amount` over the months begin .. end - 1 of a lane."""
    if begin < end and begin < changes.shape[0]:
        changes[begin, lane] += amount
        if end < changes.shape[0]:
            changes[end, lane] -= amount


@inner
def look_up(site: NDArray[np.float64], value: Monthly, efficiency: Monthly, work: Monthly) -> None:
    """What the indices were when each lane's vintage was bought, all lanes at once: reads far apart wait together."""
    last = value.shape[0] - 1
    for lane in range(site.shape[1]):
        vintage = min(int(site[VINTAGE, lane]), last)
        site[KEEPS, lane] = 1.0 / value[vintage, lane]
        site[PER_MW, lane] = efficiency[vintage, lane] / work[vintage, lane]


@inner
def first_vintage(
    mw: float, site: NDArray[np.float64], value: Monthly, efficiency: Monthly, work: Monthly, first: Monthly
) -> None:
    """The vintage delivered at D: it depreciates from S and is held from D."""
    months, lanes = value.shape
    for lane in range(lanes):
        site[SINCE, lane] = site[SERVICE, lane]
        site[VINTAGE, lane] = site[DELIVERED, lane]
        site[BEGIN, lane] = min(site[DELIVERED, lane], months)
        site[REFIT, lane] = 0.0
        site[LEFT, lane] = months
    look_up(site, value, efficiency, work)
    for lane in range(lanes):
        if site[SERVICE, lane] < months:
            first[int(site[SERVICE, lane]), lane] += mw * site[KEEPS, lane]


@inner
def next_swaps(
    refresh: int,
    life: int,
    growth: NDArray[np.float64],
    operating_cost: Lanes,
    trailing: Monthly,
    value: Monthly,
    site: NDArray[np.float64],
) -> None:
    """Month in which each lane's vintage is swapped; the horizon if it is not.

    Economic refresh: the first month in which P12 V falls below the operating cost while new chips earn theirs.
    """
    months = growth.size
    for lane in range(operating_cost.size):
        since, held = int(site[SINCE, lane]), site[BEGIN, lane] < months
        end = min(since + life, months) if refresh == BOOK and held else months
        if refresh == ECONOMIC and held:
            for m in range(since + 1, months):
                run = operating_cost[lane] * growth[m]
                worth = value[m, lane] * site[KEEPS, lane]
                if trailing[m, lane] * worth < run and trailing[m, lane] >= run:
                    end = m
                    break
        site[END, lane] = end


@inner
def strand(
    life: int, site: NDArray[np.float64], value: Monthly, worth: Lanes, stranded: Monthly, tracing: bool, asset: Monthly
) -> None:
    """Add (book - V cost)+ while the vintage is held; book is straight line over `life` months from SINCE.

    For a trace, also V cost. `worth` is scratch: the vintage's cost per unit of its value index.
    """
    months = value.shape[0]
    first, last, rate = months, 0, 1.0 / life
    falls, starts = site[FALLS], site[STARTS]
    for lane in range(worth.size):
        begin, end, cost = int(site[BEGIN, lane]), int(site[END, lane]), site[COMPUTE, lane]
        held = begin < end
        worth[lane] = cost * site[KEEPS, lane] if held else 0.0
        falls[lane] = cost * rate
        starts[lane] = cost + cost * rate * (site[SINCE, lane] - 1.0)
        first = min(first, begin) if held else first
        last = max(last, min(end, int(site[SINCE, lane]) + life)) if held else last
    m = first
    while m + AT_ONCE <= last:
        _strand_months(
            float(m), site[BEGIN], site[END], site[COMPUTE], starts, falls, worth, value[m], value[m + 1], value[m + 2],
            value[m + 3], stranded[m], stranded[m + 1], stranded[m + 2], stranded[m + 3],
        )  # fmt: skip
        m += AT_ONCE
    while m < last:
        _strand_month(float(m), site[BEGIN], site[END], site[COMPUTE], starts, falls, worth, value[m], stranded[m])
        m += 1
    if tracing:
        for m in range(first, months):
            for lane in range(worth.size):
                held = m >= site[BEGIN, lane] and m < site[END, lane]
                asset[m, lane] += value[m, lane] * worth[lane] if held else 0.0


@disjoint
def _strand_month(
    now: float,
    begin: Lanes,
    end: Lanes,
    compute: Lanes,
    starts: Lanes,
    falls: Lanes,
    worth: Lanes,
    value: Lanes,
    stranded: Lanes,
) -> None:
    """One month of `strand`."""
    for lane in range(worth.size):
        held = begin[lane] <= now < end[lane]
        stranded[lane] += _gap(now, held, compute[lane], starts[lane], falls[lane], worth[lane], value[lane])


@disjoint
def _strand_months(
    now: float,
    begin: Lanes,
    end: Lanes,
    compute: Lanes,
    starts: Lanes,
    falls: Lanes,
    worth: Lanes,
    value: Lanes,
    value1: Lanes,
    value2: Lanes,
    value3: Lanes,
    stranded: Lanes,
    stranded1: Lanes,
    stranded2: Lanes,
    stranded3: Lanes,
) -> None:
    """AT_ONCE months of `strand`: what is known of a vintage is read once for all of them."""
    for lane in range(worth.size):
        since, until, cost, a, b, c = begin[lane], end[lane], compute[lane], starts[lane], falls[lane], worth[lane]
        stranded[lane] += _gap(now, since <= now < until, cost, a, b, c, value[lane])
        stranded1[lane] += _gap(now + 1.0, since <= now + 1.0 < until, cost, a, b, c, value1[lane])
        stranded2[lane] += _gap(now + 2.0, since <= now + 2.0 < until, cost, a, b, c, value2[lane])
        stranded3[lane] += _gap(now + 3.0, since <= now + 3.0 < until, cost, a, b, c, value3[lane])


@inner
def _gap(now: float, held: bool, cost: float, starts: float, falls: float, worth: float, value: float) -> float:
    """(book - V cost)+ of a vintage at the end of a month: its book is `starts` - `falls` month, at most its cost."""
    line = starts - falls * now
    gap = (line if line < cost else cost) - value * worth
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
    """What a vintage does and is worth per unit of the indices, from the later of its purchase and S + delay.

    `locked` gathers MW x V of the contracts of `term` months that the site locks while it holds the vintage.
    """
    months = changes.shape[0]
    for lane in range(changes.shape[1]):
        start, end = int(site[SERVICE, lane]) + delay, int(site[END, lane])
        begin = max(start, int(site[BEGIN, lane]))
        if begin < min(end, months):
            does, worth = mw * site[PER_MW, lane], mw * site[KEEPS, lane]
            add_level(changes, does, begin, end, lane)
            if term > 0:
                add_level(value_changes, worth, begin, end, lane)
                lock = start + (begin - start + term - 1) // term * term
                while lock < end:
                    locked[lock, lane] += worth * value[lock, lane]
                    lock += term


@inner
def retire(
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

    A swap writes off the refit as well; at an exit it stays. `keep`, `keep_chips` are the sponsor's parts.
    """
    months = sale.shape[0]
    for lane in range(resale.size):
        since, end = int(site[SINCE, lane]), int(site[END, lane])
        if since >= months or site[BEGIN, lane] >= months:
            continue
        full = min(since + life, months)
        refit, compute = keep * site[REFIT, lane], keep_chips * site[COMPUTE, lane]
        stays = site[LEFT, lane] < months
        cost = compute if stays else compute + refit
        add_level(depreciation, cost / life, since, min(full, end), lane)
        if stays:
            add_level(depreciation, refit / life, since, full, lane)
        if end < months:
            worth = value[end, lane] * site[KEEPS, lane] * site[COMPUTE, lane]
            left = max(1.0 - (end - since) / life, 0.0)
            proceeds = keep_chips * worth * resale[lane]
            sale[end, lane] += proceeds
            gain[end, lane] += proceeds - cost * left
            write_offs[lane] += max(cost * left - proceeds, 0.0)
            stranded[lane] += max(site[COMPUTE, lane] * left - worth, 0.0)


@inner
def renew(refit_share: float, growth: NDArray[np.float64], site: NDArray[np.float64], capex: Monthly) -> bool:
    """Buy the next vintage where one was swapped; False once no lane swaps any more."""
    months = growth.size
    some = False
    for lane in range(site.shape[1]):
        end = int(site[END, lane])
        swaps = end < months and site[LEFT, lane] == months
        if swaps:
            site[REFIT, lane] = refit_share * site[SHELL, lane] * growth[end]
            capex[end, lane] += site[COMPUTE, lane] + site[REFIT, lane]
            site[SINCE, lane] = end
            site[VINTAGE, lane] = end
            some = True
        site[BEGIN, lane] = end if swaps else months
    return some
