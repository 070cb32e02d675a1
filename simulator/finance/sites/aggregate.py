"""Aggregate the sites of a variant by month: sum the changes that events have booked, and their totals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.programme import Programme
from simulator.finance.tolerances import CAPACITY_TOLERANCE_MW
from simulator.finance.workspace import Lanes, Rows, SiteFlows, Totals, World
from simulator.numerics.jit import disjoint, inner

__all__: list[str] = []  # used in this folder only


@inner
def accumulate_changes(series: NDArray[np.float64]) -> None:
    """Replace the changes of a series by their running sum."""
    for m in range(1, series.shape[0]):
        for lane in range(series.shape[1]):
            series[m, lane] += series[m - 1, lane]


@inner
def aggregate_months(
    growth: NDArray[np.float64], fees: bool, tracing: bool, rows: Rows, flows: SiteFlows, totals: Totals
) -> None:
    """Fill the months' running cost, work, net depreciation and net capex, and the sum of invested capital.

    `growth` is of operating cost, `fees` says that there may be some. A trace keeps capex and invested capital.
    """
    running_cost, work_units, depreciation, capital = rows[0], rows[1], rows[2], rows[3]
    running_cost[:] = 0.0
    work_units[:] = 0.0
    depreciation[:] = 0.0
    for lane in range(capital.size):
        capital[lane] = totals[at.SUNK, lane]
    for m in range(growth.size):
        cost, fee, capex = flows[at.RUNNING_COST, m], flows[at.CANCELLATION_FEE, m], flows[at.CAPEX, m]
        _accumulate_cost_and_work(growth[m] / 12e3, running_cost, work_units, cost, flows[at.WORK_UNITS, m])
        if fees:
            for lane in range(capital.size):
                cost[lane] += fee[lane]
                fee[lane] = 0.0
        if tracing:
            for lane in range(capital.size):
                flows[at.TRACED_CAPEX, m, lane] = capex[lane]
        _accumulate_books(
            depreciation, capital, capex, flows[at.GAIN, m], flows[at.NET_DEPRECIATION, m], flows[at.NET_CAPEX, m],
            totals[at.SITE_CAPITAL_MONTHS],
        )  # fmt: skip
        if tracing:
            for lane in range(capital.size):
                flows[at.INVESTED_CAPITAL, m, lane] = capital[lane]


@disjoint
def _accumulate_cost_and_work(
    scale: float, running_cost: Lanes, work_units: Lanes, month_cost: Lanes, month_work: Lanes
) -> None:
    """Replace a month's changes of running cost and of work by the month's cost (`scale` of it) and work."""
    for lane in range(month_cost.size):
        cost, work = running_cost[lane] + month_cost[lane], work_units[lane] + month_work[lane]
        running_cost[lane] = cost
        month_cost[lane] = cost * scale
        work_units[lane] = work
        month_work[lane] = work


@disjoint
def _accumulate_books(
    depreciation: Lanes, capital: Lanes, capex: Lanes, gain: Lanes, charge: Lanes, net_capex: Lanes, sum_capital: Lanes
) -> None:
    """Replace a month's change of depreciation by depreciation less gain and its sales by capex less sales.

    Follows invested capital and its sum; leaves zeros in capex and gain.
    """
    for lane in range(capital.size):
        month_depreciation = depreciation[lane] + charge[lane]
        month_charge, month_capex = month_depreciation - gain[lane], capex[lane] - net_capex[lane]
        invested = capital[lane] + (month_capex - month_charge)
        capex[lane] = 0.0
        gain[lane] = 0.0
        depreciation[lane] = month_depreciation
        charge[lane] = month_charge
        net_capex[lane] = month_capex
        capital[lane] = invested
        sum_capital[lane] += invested


@inner
def find_economic_end(p: Programme, tracing: bool, world: World, rows: Rows, flows: SiteFlows, totals: Totals) -> None:
    """Find the economic end: the first month in which first vintages together earn less than they cost to run.

    Until then their value and their MW add to the mean life and maturity of the assets, years (NaN without a site in
    service). Replaces changes of the MW in service by their running sum and finds the largest stranded value; a trace
    keeps that of every month.
    """
    months, value_mw, service_mw = p.cost_growth_by_month.size, rows[0], rows[1]
    entered, end = totals[at.ENTERED_MW], totals[at.ECONOMIC_END]
    life, maturity = totals[at.ASSET_LIFE], totals[at.ASSET_MATURITY]
    value_mw[:] = 0.0
    service_mw[:] = 0.0
    end[:] = months
    for m in range(months):
        if tracing:
            for lane in range(service_mw.size):
                flows[at.TRACED_STRANDED, m, lane] = flows[at.STRANDED, m, lane]
        _economic_end_month(
            float(m), float(months), p.cost_growth_by_month[m], world.parameters[at.OPERATING_COST],
            world.monthly[at.VALUE_INDEX, m], world.monthly[at.TRAILING_PRICE, m], flows[at.FIRST_VINTAGE_CHANGE, m],
            flows[at.SERVICE_MW, m], flows[at.STRANDED, m], service_mw, value_mw, end, life, maturity,
            totals[at.STRANDED_PEAK],
        )  # fmt: skip
    for lane in range(life.size):
        served = entered[lane] > 0.0
        scale = 12.0 * entered[lane] if served else 1.0
        life[lane] = life[lane] / scale if served else np.nan
        maturity[lane] = maturity[lane] / scale if served else np.nan


@disjoint
def _economic_end_month(
    now: float,
    never: float,
    growth: float,
    operating_cost: Lanes,
    value: Lanes,
    trailing: Lanes,
    first: Lanes,
    service: Lanes,
    stranded: Lanes,
    service_mw: Lanes,
    value_mw: Lanes,
    end: Lanes,
    life: Lanes,
    maturity: Lanes,
    worst: Lanes,
) -> None:
    """Do one month of `find_economic_end`; `never` is the horizon. Leaves zeros in `first` and `stranded`."""
    for lane in range(life.size):
        serving_mw, first_mw = service_mw[lane] + service[lane], value_mw[lane] + first[lane]
        service_mw[lane] = serving_mw
        service[lane] = serving_mw
        value_mw[lane] = first_mw
        asset_value, largest = value[lane] * first_mw, worst[lane]
        loses = (
            serving_mw > CAPACITY_TOLERANCE_MW
            and trailing[lane] * asset_value < operating_cost[lane] * growth * serving_mw
        )
        last = now if loses and end[lane] == never else end[lane]
        running = last == never
        life[lane] += asset_value if running else 0.0
        maturity[lane] += serving_mw if running else 0.0
        end[lane] = last
        gap = stranded[lane]
        worst[lane] = gap if gap > largest else largest
        first[lane] = 0.0
        stranded[lane] = 0.0
