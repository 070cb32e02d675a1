"""The sites of a plan: when money is spent, when each site works, is refreshed and what it is worth at the end.

Everything a site does is an event at a month of its lane: delivery D, in service S, work S + 6, swaps, horizon. Events
are booked as changes of monthly levels; only the shell's S-curve and the stranded value need a loop over months.

Functions called from a loop take arrays and numbers, never a tuple of arrays: passing one costs more than the work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, Totals, World
from simulator.finance.plan import BOOK, DEFERRED, ECONOMIC
from simulator.finance.programme import Programme
from simulator.finance.spending import spend_committed, spend_deferred, spend_shell

# Rows of the scratch that carries a site through its life, by lane; months as floats.
SERVICE, DELIVERED, FINISHED, SHELL, COMPUTE, SHELL_SHARE, COMPUTE_SHARE = range(7)
SINCE, VINTAGE, BEGIN, END, REFIT, WORTH = range(7, 13)
SITE_ROWS = 13


@inner
def timing(planned: float, deferred: bool, energised: Lanes, built: Lanes, site: NDArray[np.float64]) -> None:
    """Months S, D and that in which the shell is finished, by lane."""
    for lane in range(energised.size):
        power = np.ceil(energised[lane]) - 1.0
        site[SERVICE, lane] = max(power, planned - 1.0)
        site[DELIVERED, lane] = site[SERVICE, lane] if deferred else planned - 1.0
        site[FINISHED, lane] = max(np.ceil(built[lane]) - 1.0, 0.0)


@inner
def add_level(changes: Monthly, amount: float, begin: int, end: int, lane: int) -> None:
    """Raise a level by `amount` over the months begin .. end - 1 of a lane."""
    if begin < end and begin < changes.shape[0]:
        changes[begin, lane] += amount
        if end < changes.shape[0]:
            changes[end, lane] -= amount


@inner
def book_idle(site: NDArray[np.float64], changes: Monthly, idle_capital: Lanes) -> None:
    """Money spent on what is finished but not in service: the shell from its end, compute from delivery, to S."""
    for lane in range(idle_capital.size):
        end = min(int(site[SERVICE, lane]), changes.shape[0])
        begin = int(site[FINISHED, lane])
        add_level(changes, site[SHELL, lane], begin, end, lane)
        idle_capital[lane] += site[SHELL, lane] * max(end - begin, 0) / 12.0
        begin = int(site[DELIVERED, lane])
        add_level(changes, site[COMPUTE, lane], begin, end, lane)
        idle_capital[lane] += site[COMPUTE, lane] * max(end - begin, 0) / 12.0


@inner
def book_running(
    idle_share: float,
    adder: float,
    mw: float,
    site: NDArray[np.float64],
    operating_cost: Lanes,
    behind: Lanes,
    cost: Monthly,
    service: Monthly,
    in_service: Lanes,
) -> None:
    """Operating cost before growth (USD m a year): a share from delivery, all of it from S; MW in service."""
    months = cost.shape[0]
    for lane in range(in_service.size):
        full = mw * operating_cost[lane]
        begin, delivered = int(site[SERVICE, lane]), int(site[DELIVERED, lane])
        add_level(cost, idle_share * full, delivered, months, lane)
        add_level(cost, (1.0 - idle_share) * full + mw * adder * behind[lane], begin, months, lane)
        add_level(service, mw, begin, months, lane)
        in_service[lane] += mw if begin < months else 0.0


@inner
def book_shell(life: int, site: NDArray[np.float64], depreciation: Monthly, shell_value: Lanes, book: Lanes) -> None:
    """Depreciate the shell from S; what is left at the horizon is terminal book value."""
    months = depreciation.shape[0]
    for lane in range(book.size):
        begin, shell = int(site[SERVICE, lane]), site[SHELL, lane]
        add_level(depreciation, shell / life, begin, min(begin + life, months), lane)
        used = min(max(months - begin, 0), life) / life
        left = shell * (1.0 - used) if begin < months else shell * site[SHELL_SHARE, lane]
        shell_value[lane] += left
        book[lane] += left


@inner
def first_vintage(mw: float, site: NDArray[np.float64], value: Monthly, first: Monthly) -> None:
    """The vintage delivered at D: it depreciates from S and is held from D."""
    months, lanes = value.shape
    for lane in range(lanes):
        site[SINCE, lane] = site[SERVICE, lane]
        site[VINTAGE, lane] = site[DELIVERED, lane]
        site[BEGIN, lane] = min(site[DELIVERED, lane], months)
        site[REFIT, lane] = 0.0
        if site[SERVICE, lane] < months:
            first[int(site[SERVICE, lane]), lane] += mw / value[int(site[DELIVERED, lane]), lane]


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
        since = int(site[SINCE, lane])
        end = min(since + life, months) if refresh == BOOK else months
        if refresh == ECONOMIC:
            for m in range(since + 1, months):
                run = operating_cost[lane] * growth[m]
                worth = value[m, lane] / value[int(site[VINTAGE, lane]), lane]
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
    for lane in range(worth.size):
        begin, end = int(site[BEGIN, lane]), int(site[END, lane])
        held = begin < end
        worth[lane] = site[COMPUTE, lane] / value[min(int(site[VINTAGE, lane]), months - 1), lane] if held else 0.0
        first = min(first, begin) if held else first
        last = max(last, min(end, int(site[SINCE, lane]) + life)) if held else last
    for m in range(first, last):
        for lane in range(worth.size):
            used = (m + 1 - site[SINCE, lane]) * rate
            left = 1.0 - (used if used > 0.0 else 0.0)
            gap = site[COMPUTE, lane] * left - value[m, lane] * worth[lane]
            held = m >= site[BEGIN, lane] and m < site[END, lane] and gap > 0.0
            stranded[m, lane] += gap if held else 0.0
    if tracing:
        for m in range(first, months):
            for lane in range(worth.size):
                held = m >= site[BEGIN, lane] and m < site[END, lane]
                asset[m, lane] += value[m, lane] * worth[lane] if held else 0.0


@inner
def book_work(
    mw: float, delay: int, site: NDArray[np.float64], efficiency: Monthly, work: Monthly, changes: Monthly
) -> None:
    """Effective compute of the vintage, per unit of the work index, from the later of its purchase and S + delay."""
    months = changes.shape[0]
    for lane in range(changes.shape[1]):
        begin = max(int(site[SERVICE, lane]) + delay, int(site[BEGIN, lane]))
        if begin < months:
            vintage = int(site[VINTAGE, lane])
            does = mw * (efficiency[vintage, lane] / work[vintage, lane])
            add_level(changes, does, begin, int(site[END, lane]), lane)


@inner
def retire(
    life: int,
    site: NDArray[np.float64],
    value: Monthly,
    resale: Lanes,
    depreciation: Monthly,
    sale: Monthly,
    gain: Monthly,
    write_offs: Lanes,
    stranded: Lanes,
) -> None:
    """Depreciate the vintage and its refit, and book its sale at the swap."""
    months = sale.shape[0]
    for lane in range(resale.size):
        since, end = int(site[SINCE, lane]), int(site[END, lane])
        if since >= months or site[BEGIN, lane] >= months:
            continue
        cost = site[COMPUTE, lane] + site[REFIT, lane]
        add_level(depreciation, cost / life, since, min(since + life, end), lane)
        if end < months:
            worth = value[end, lane] / value[int(site[VINTAGE, lane]), lane] * site[COMPUTE, lane]
            left = max(1.0 - (end - since) / life, 0.0)
            result = worth * resale[lane] - cost * left
            sale[end, lane] += worth * resale[lane]
            gain[end, lane] += result
            write_offs[lane] += max(-result, 0.0)
            stranded[lane] += max(site[COMPUTE, lane] * left - worth, 0.0)


@inner
def renew(refit_share: float, growth: NDArray[np.float64], site: NDArray[np.float64], capex: Monthly) -> bool:
    """Buy the next vintage where one was swapped; False once no lane swaps any more."""
    months = growth.size
    some = False
    for lane in range(site.shape[1]):
        end = int(site[END, lane])
        if end < months:
            site[REFIT, lane] = refit_share * site[SHELL, lane] * growth[end]
            capex[end, lane] += site[COMPUTE, lane] + site[REFIT, lane]
            site[SINCE, lane] = end
            site[VINTAGE, lane] = end
            some = True
        site[BEGIN, lane] = end
    return some


@inner
def book_terminal(life: int, site: NDArray[np.float64], value: Monthly, resale: Lanes, totals: Totals) -> None:
    """What the compute held at the horizon would bring and its book value (V = 1 before delivery)."""
    compute_value, shell_value, book, stranded = (
        totals[at.COMPUTE_VALUE],
        totals[at.SHELL_VALUE],
        totals[at.BOOK_VALUE],
        totals[at.STRANDED_VALUE],
    )
    months = value.shape[0]
    for lane in range(resale.size):
        vintage, since = int(site[VINTAGE, lane]), int(site[SINCE, lane])
        delivered = vintage < months
        spent = site[COMPUTE, lane] if delivered else site[COMPUTE, lane] * site[COMPUTE_SHARE, lane]
        now = value[months - 1, lane] / value[min(vintage, months - 1), lane]
        left = max(1.0 - max(months - since, 0) / life, 0.0)
        compute_value[lane] += now * spent * resale[lane]
        shell_value[lane] += site[REFIT, lane] * left
        book[lane] += (spent + site[REFIT, lane]) * left
        stranded[lane] += max(spent * left - spent * now, 0.0)


@inner
def live(
    p: Programme,
    refresh: int,
    refit_share: float,
    mw: float,
    delay: int,
    tracing: bool,
    site: NDArray[np.float64],
    world: World,
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Book vintage after vintage of one site in all lanes, up to the horizon."""
    value, resale, operating_cost = world.monthly[at.VALUE], world.lanes[at.RESALE], world.lanes[at.OPERATING_COST]
    trailing, efficiency, work = world.monthly[at.TRAILING], world.monthly[at.EFFICIENCY], world.monthly[at.WORK]
    stranded, asset, change = ledger[at.STRANDED], ledger[at.ASSET], ledger[at.WORK_CHANGE]
    written, sale, gain, capex = ledger[at.DEPRECIATION], ledger[at.SALE], ledger[at.GAIN], ledger[at.CAPEX]
    first_vintage(mw, site, value, ledger[at.FIRST_CHANGE])
    some = True
    while some:
        next_swaps(refresh, p.compute_life, p.growth, operating_cost, trailing, value, site)
        strand(p.compute_life, site, value, site[WORTH], stranded, tracing, asset)
        book_work(mw, delay, site, efficiency, work, change)
        retire(
            p.compute_life, site, value, resale, written, sale, gain, totals[at.WRITE_OFFS],
            totals[at.STRANDED_VALUE],
        )  # fmt: skip
        some = renew(refit_share, p.growth, site, capex)
    book_terminal(p.compute_life, site, value, resale, totals)


@inner
def build_sites(
    p: Programme,
    chips: int,
    refresh: int,
    refit_share: float,
    mw: NDArray[np.float64],
    start: NDArray[np.float64],
    planned: NDArray[np.float64],
    near: NDArray[np.int64],
    tracing: bool,
    world: World,
    site: NDArray[np.float64],
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Book every site of a plan into the ledger and the totals, cleared first; `site` is scratch (SITE_ROWS, lanes)."""
    clear(tracing, ledger, totals)
    cost, operating_cost = world.lanes[at.COST], world.lanes[at.OPERATING_COST]
    capex, sunk = ledger[at.CAPEX], totals[at.SUNK]
    for k in range(mw.size):
        deferred = chips == DEFERRED and near[k] == 0
        energised, built = world.sites[at.ENERGISED, k], world.sites[at.BUILT, k]
        timing(planned[k], deferred, energised, built, site)
        for lane in range(cost.size):
            site[SHELL, lane] = p.shell_per_mw * mw[k] * cost[lane]
            site[COMPUTE, lane] = p.compute_per_mw * mw[k] * cost[lane]
        spend_shell(start[k], site[SHELL], built, site[SHELL_SHARE], capex, sunk)
        if deferred:
            spend_deferred(
                planned[k], p.delivery, p.fee, energised, site[COMPUTE], site[COMPUTE_SHARE], capex, ledger[at.FEE],
                sunk,
            )  # fmt: skip
        else:
            spend_committed(planned[k], p.delivery, site[COMPUTE], site[COMPUTE_SHARE], capex, sunk)
        book_idle(site, ledger[at.IDLE], totals[at.IDLE_CAPITAL])
        book_running(
            p.idle_share, p.behind_meter, mw[k], site, operating_cost, world.sites[at.BEHIND, k],
            ledger[at.COST_CHANGE], ledger[at.SERVICE], totals[at.IN_SERVICE],
        )  # fmt: skip
        book_shell(p.shell_life, site, ledger[at.DEPRECIATION], totals[at.SHELL_VALUE], totals[at.BOOK_VALUE])
        live(p, refresh, refit_share, mw[k], p.work_delay[k], tracing, site, world, ledger, totals)


@inner
def clear(tracing: bool, ledger: Ledger, totals: Totals) -> None:
    """Zero what the sites add to."""
    ledger[: at.BOOKED] = 0.0
    totals[:] = 0.0
    if tracing:
        ledger[at.ASSET] = 0.0
