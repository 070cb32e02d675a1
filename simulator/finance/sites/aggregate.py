"""What the sites of a variant come to by month: changes booked by events added up to levels, and their totals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.programme import Programme
from simulator.finance.workspace import Lanes, Rows, Totals, Works, World
from simulator.numerics.jit import disjoint, inner

SOME_MW = 1e-6  # what sums of changes leave of no MW at all is less


@inner
def accumulate(series: NDArray[np.float64]) -> None:
    """Turn changes of a level into the level."""
    for m in range(1, series.shape[0]):
        for lane in range(series.shape[1]):
            series[m, lane] += series[m - 1, lane]


@inner
def add_up(growth: NDArray[np.float64], fees: bool, tracing: bool, rows: Rows, works: Works, totals: Totals) -> None:
    """Fill the months' cost, work, charge to income and net spending, and the sum of invested capital over the months.

    `growth` is of operating cost, `fees` says that there may be some. A trace keeps capex and invested capital.
    """
    running, active, depreciation, book = rows[0], rows[1], rows[2], rows[3]
    running[:] = 0.0
    active[:] = 0.0
    depreciation[:] = 0.0
    for lane in range(book.size):
        book[lane] = totals[at.SUNK, lane]
    for m in range(growth.size):
        cost, fee, capex = works[at.RUNNING, m], works[at.FEE, m], works[at.CAPEX, m]
        _run(growth[m] / 12e3, running, active, cost, works[at.DOES, m])
        if fees:
            for lane in range(book.size):
                cost[lane] += fee[lane]
                fee[lane] = 0.0
        if tracing:
            for lane in range(book.size):
                works[at.CAPEX_KEPT, m, lane] = capex[lane]
        _charge(
            depreciation, book, capex, works[at.GAIN, m], works[at.WRITTEN, m], works[at.SPENDING, m],
            totals[at.INVESTED],
        )  # fmt: skip
        if tracing:
            for lane in range(book.size):
                works[at.BOOK_OF_SITES, m, lane] = book[lane]


@disjoint
def _run(scale: float, running: Lanes, active: Lanes, cost: Lanes, does: Lanes) -> None:
    """Changes of running cost and of work into levels."""
    for lane in range(cost.size):
        runs, works = running[lane] + cost[lane], active[lane] + does[lane]
        running[lane] = runs
        cost[lane] = runs * scale
        active[lane] = works
        does[lane] = works


@disjoint
def _charge(
    depreciation: Lanes, book: Lanes, capex: Lanes, gain: Lanes, written: Lanes, spent: Lanes, invested: Lanes
) -> None:
    """Depreciation less gain, spending less sales, and the books after them; leaves zeros in capex and gain."""
    for lane in range(book.size):
        level = depreciation[lane] + written[lane]
        charge, spends = level - gain[lane], capex[lane] - spent[lane]
        stands = book[lane] + (spends - charge)
        capex[lane] = 0.0
        gain[lane] = 0.0
        depreciation[lane] = level
        written[lane] = charge
        spent[lane] = spends
        book[lane] = stands
        invested[lane] += stands


@inner
def age(p: Programme, tracing: bool, world: World, rows: Rows, works: Works, totals: Totals) -> None:
    """Economic end: the first month in which first vintages together earn less than they cost to run.

    Until then their value and their MW add to the mean life and maturity of the assets, years (NaN without a site in
    service). Turns changes of the MW in service into their level and finds the largest stranded value; a trace keeps
    that of every month.
    """
    months, worth, mw = p.growth.size, rows[0], rows[1]
    in_service, end, life, mature = totals[at.IN_SERVICE], totals[at.END], totals[at.LIFE], totals[at.MATURE]
    worth[:] = 0.0
    mw[:] = 0.0
    end[:] = months
    for m in range(months):
        if tracing:
            for lane in range(mw.size):
                works[at.STRANDED_KEPT, m, lane] = works[at.STRANDED, m, lane]
        _age_month(
            float(m), float(months), p.growth[m], world.lanes[at.OPERATING_COST], world.monthly[at.VALUE, m],
            world.monthly[at.TRAILING, m], works[at.FIRST_CHANGE, m], works[at.SERVICE, m], works[at.STRANDED, m], mw,
            worth, end, life, mature, totals[at.STRANDED_PEAK],
        )  # fmt: skip
    for lane in range(life.size):
        some = in_service[lane] > 0.0
        scale = 12.0 * in_service[lane] if some else 1.0
        life[lane] = life[lane] / scale if some else np.nan
        mature[lane] = mature[lane] / scale if some else np.nan


@disjoint
def _age_month(
    now: float,
    never: float,
    growth: float,
    operating_cost: Lanes,
    value: Lanes,
    trailing: Lanes,
    first: Lanes,
    service: Lanes,
    stranded: Lanes,
    mw: Lanes,
    worth: Lanes,
    end: Lanes,
    life: Lanes,
    mature: Lanes,
    worst: Lanes,
) -> None:
    """One month of `age`; leaves zeros in `first` and `stranded`."""
    for lane in range(life.size):
        serves, level = mw[lane] + service[lane], worth[lane] + first[lane]
        mw[lane] = serves
        service[lane] = serves
        worth[lane] = level
        held, so_far = value[lane] * level, worst[lane]
        over = serves > SOME_MW and trailing[lane] * held < operating_cost[lane] * growth * serves
        last = now if over and end[lane] == never else end[lane]
        stands = last == never
        life[lane] += held if stands else 0.0
        mature[lane] += serves if stands else 0.0
        end[lane] = last
        gap = stranded[lane]
        worst[lane] = gap if gap > so_far else so_far
        first[lane] = 0.0
        stranded[lane] = 0.0
