"""What the sites of a variant come to by month: changes booked by events added up to levels, and their totals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.finance import ledger as at
from simulator.finance.ledger import Rows, Totals, Works, World
from simulator.finance.programme import Programme


@inner
def accumulate(series: NDArray[np.float64]) -> None:
    """Turn changes of a level into the level."""
    for m in range(1, series.shape[0]):
        for lane in range(series.shape[1]):
            series[m, lane] += series[m - 1, lane]


@inner
def add_up(growth: NDArray[np.float64], tracing: bool, rows: Rows, works: Works, totals: Totals) -> None:
    """Fill the months' cost, work, charge to income and net spending, and the sum of invested capital over the months.

    `growth` is of operating cost. Invested capital of a month is kept for a trace.
    """
    running, active, depreciation, book = rows[0], rows[1], rows[2], rows[3]
    cost, fee, does, written = works[at.RUNNING], works[at.FEE], works[at.DOES], works[at.WRITTEN]
    gain, capex, spent = works[at.GAIN], works[at.CAPEX], works[at.SPENDING]
    invested = totals[at.INVESTED]
    running[:] = 0.0
    active[:] = 0.0
    depreciation[:] = 0.0
    for lane in range(book.size):
        book[lane] = totals[at.SUNK, lane]
    for m in range(growth.size):
        scale = growth[m] / 12e3
        for lane in range(book.size):
            running[lane] += cost[m, lane]
            cost[m, lane] = running[lane] * scale + fee[m, lane]
            active[lane] += does[m, lane]
            does[m, lane] = active[lane]
        for lane in range(book.size):
            depreciation[lane] += written[m, lane]
            written[m, lane] = depreciation[lane] - gain[m, lane]
            spent[m, lane] = capex[m, lane] - spent[m, lane]
            book[lane] += spent[m, lane] - written[m, lane]
            invested[lane] += book[lane]
        if tracing:
            for lane in range(book.size):
                works[at.BOOK_OF_SITES, m, lane] = book[lane]


@inner
def age(p: Programme, world: World, rows: Rows, works: Works, totals: Totals) -> None:
    """Economic end: the first month in which first vintages together earn less than they cost to run.

    Until then their value and their MW add to the mean life and maturity of the assets, years (NaN without a site in
    service). Turns changes of the MW in service into their level and finds the largest stranded value.
    """
    months, worth, mw = p.growth.size, rows[0], rows[1]
    first_change, service, operating_cost = works[at.FIRST_CHANGE], works[at.SERVICE], world.lanes[at.OPERATING_COST]
    in_service, end, life, mature = totals[at.IN_SERVICE], totals[at.END], totals[at.LIFE], totals[at.MATURE]
    value, trailing = world.monthly[at.VALUE], world.monthly[at.TRAILING]
    stranded, worst = works[at.STRANDED], totals[at.STRANDED_PEAK]
    worth[:] = 0.0
    mw[:] = 0.0
    end[:] = months
    for m in range(months):
        growth, now = p.growth[m], float(m)
        for lane in range(life.size):
            mw[lane] += service[m, lane]
            service[m, lane] = mw[lane]
            worst[lane] = stranded[m, lane] if stranded[m, lane] > worst[lane] else worst[lane]
        for lane in range(life.size):
            worth[lane] += first_change[m, lane]
            held = value[m, lane] * worth[lane]
            over = trailing[m, lane] * held < operating_cost[lane] * growth * mw[lane]
            last = now if over and end[lane] == months else end[lane]
            stands = last == months
            life[lane] += held if stands else 0.0
            mature[lane] += mw[lane] if stands else 0.0
            end[lane] = last
    for lane in range(life.size):
        some = in_service[lane] > 0.0
        scale = 12.0 * in_service[lane] if some else 1.0
        life[lane] = life[lane] / scale if some else np.nan
        mature[lane] = mature[lane] / scale if some else np.nan
