"""The sites of a plan: when money is spent, when each site works, is refreshed and what it is worth at the end.

Everything a site does is an event at a month of its lane: delivery D, in service S, work S + 6, swaps, horizon. Events
are booked as changes of monthly levels; only the shell's S-curve and the stranded value need a loop over months.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.finance.ledger import Lanes, Ledger, Monthly, Totals, World
from simulator.finance.plan import BOOK, DEFERRED, ECONOMIC
from simulator.finance.programme import Programme


@njit
def smoothstep(x: float) -> float:
    """Cumulative share of shell spend at the share x of the build time."""
    t = min(max(x, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit
def timing(
    planned: float, deferred: bool, energised: Lanes, built: Lanes, service: Lanes, delivered: Lanes, finished: Lanes
) -> None:
    """Months S, D and that in which the shell is finished, by lane."""
    for lane in range(energised.size):
        power = np.ceil(energised[lane]) - 1.0
        service[lane] = max(power, planned - 1.0)
        delivered[lane] = service[lane] if deferred else planned - 1.0
        finished[lane] = max(np.ceil(built[lane]) - 1.0, 0.0)


@njit
def spend_shell(start: float, shell: Lanes, built: Lanes, share: Lanes, capex: Monthly, sunk: Lanes) -> None:
    """Book shell spend month by month; what fell before month 0 is sunk. Leaves the share spent by the horizon."""
    months = capex.shape[0]
    last = 0.0
    for lane in range(shell.size):
        share[lane] = smoothstep(-start / (built[lane] - start))
        sunk[lane] += shell[lane] * share[lane]
        last = max(last, built[lane])
    for m in range(max(0, int(np.floor(start))), min(months, int(np.ceil(last)))):
        for lane in range(shell.size):
            now = smoothstep((m + 1.0 - start) / (built[lane] - start))
            capex[m, lane] += shell[lane] * (now - share[lane])
            share[lane] = now


@njit
def spend_committed(planned: float, window: int, compute: Lanes, share: Lanes, capex: Monthly, sunk: Lanes) -> None:
    """Book compute linearly over the `window` months before the planned date, whatever the power."""
    months = capex.shape[0]
    first = int(planned) - window
    before = max(0, min(-first, window)) / window
    within = max(0, min(int(planned), months) - max(first, 0)) / window
    for lane in range(compute.size):
        sunk[lane] += compute[lane] * before
        share[lane] = before + within
    for m in range(max(first, 0), min(int(planned), months)):
        for lane in range(compute.size):
            capex[m, lane] += compute[lane] / window


@njit
def spend_deferred(
    planned: float,
    window: int,
    fee: float,
    energised: Lanes,
    compute: Lanes,
    share: Lanes,
    ledger: Ledger,
    sunk: Lanes,
) -> None:
    """Book compute linearly over the `window` months before max(E, planned), and the fee for ordering late."""
    months = ledger.capex.shape[0]
    for lane in range(compute.size):
        date = max(energised[lane], planned)
        begin = date - window
        before = min(max(-begin, 0.0), float(window)) / window
        sunk[lane] += compute[lane] * before
        share[lane] = min(max(months - begin, 0.0), float(window)) / window
        for m in range(max(int(np.floor(begin)), 0), min(int(np.ceil(date)), months)):
            overlap = min(m + 1.0, date) - max(float(m), begin)
            ledger.capex[m, lane] += compute[lane] * max(overlap, 0.0) / window
        late = min(max((energised[lane] - planned) / window, 0.0), 1.0)
        if planned <= months:
            ledger.fee[int(planned) - 1, lane] += fee * compute[lane] * late


@njit
def next_swap(
    refresh: int, life: int, since: int, vintage: int, cost: float, growth: NDArray[np.float64], lane: int, world: World
) -> int:
    """Month of the next swap of compute that is `since` months' depreciation old; the horizon if none."""
    months = growth.size
    if refresh == BOOK:
        return min(since + life, months)
    if refresh == ECONOMIC:
        for m in range(since + 1, months):
            run = cost * growth[m]
            price = world.trailing[m, lane]
            if price * (world.value[m, lane] / world.value[vintage, lane]) < run and price >= run:
                return m
    return months


@njit
def strand(book: float, begin: int, end: int, since: int, life: int, worth: float, value: Lanes, row: Lanes) -> None:
    """Add (book - V cost)+ to the months begin .. end - 1 of a lane; straight line over `life` months from `since`."""
    for m in range(begin, min(end, since)):
        row[m] += max(book - value[m] * worth, 0.0)
    rate = book / life
    for m in range(max(begin, since), min(end, since + life)):
        row[m] += max(book - rate * (m + 1 - since) - value[m] * worth, 0.0)


@njit
def live(
    p: Programme,
    refresh: int,
    refit_share: float,
    mw: float,
    delay: int,
    site: int,
    lane: int,
    tracing: bool,
    dates: NDArray[np.float64],
    costs: NDArray[np.float64],
    world: World,
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Book one site's life in one lane.

    Rows of `dates`: S, D, shell finished; of `costs`: shell, compute, share of each spent by the horizon.
    """
    months = p.growth.size
    service, delivered, finished = int(dates[0, lane]), int(dates[1, lane]), int(dates[2, lane])
    shell, compute = costs[0, lane], costs[1, lane]
    value, row = world.value_by_lane[lane], ledger.stranded[lane]
    _idle(months, service, delivered, finished, shell, compute, lane, ledger, totals)
    if delivered >= months:
        _terminal(compute * costs[3, lane], compute * costs[3, lane], shell * costs[2, lane], 1.0, lane, world, totals)
        return
    full = mw * world.operating_cost[lane]
    ledger.cost_change[delivered, lane] += p.idle_share * full
    if service >= months:
        worth = compute / value[delivered]
        strand(compute, delivered, months, months, p.compute_life, worth, value, row)
        _terminal(compute, compute, shell * costs[2, lane], value[months - 1] / value[delivered], lane, world, totals)
        totals.stranded[lane] += max(compute - value[months - 1] * worth, 0.0)
        _note_asset(tracing, delivered, months, worth, value, ledger.asset[lane])
        return
    ledger.cost_change[service, lane] += (1.0 - p.idle_share) * full + mw * p.behind_meter * world.behind[site, lane]
    ledger.service_change[service, lane] += mw
    ledger.first_change[service, lane] += mw / value[delivered]
    totals.in_service[lane] += mw
    _depreciate(ledger.depreciation, shell / p.shell_life, service, min(service + p.shell_life, months), lane)
    shell_book = shell * max(0.0, 1.0 - (months - service) / p.shell_life)
    _vintages(
        p, refresh, refit_share, mw, service + delay, service, delivered, shell, compute, shell_book, lane, tracing,
        world, ledger, totals,
    )  # fmt: skip


@njit
def _vintages(
    p: Programme,
    refresh: int,
    refit_share: float,
    mw: float,
    works: int,
    since: int,
    vintage: int,
    shell: float,
    compute: float,
    shell_book: float,
    lane: int,
    tracing: bool,
    world: World,
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Book vintage after vintage: its work, depreciation, stranded value and sale, up to the horizon."""
    months = p.growth.size
    value, row = world.value_by_lane[lane], ledger.stranded[lane]
    refit = 0.0
    begin = vintage
    while True:
        end = next_swap(refresh, p.compute_life, since, vintage, world.operating_cost[lane], p.growth, lane, world)
        worth = compute / value[vintage]
        written = min(since + p.compute_life, end)
        _depreciate(ledger.depreciation, (compute + refit) / p.compute_life, since, written, lane)
        strand(compute, begin, end, since, p.compute_life, worth, value, row)
        _note_asset(tracing, begin, end, worth, value, ledger.asset[lane])
        if max(works, begin) < end:
            does = mw * (world.efficiency[vintage, lane] / world.work[vintage, lane])
            ledger.work_change[max(works, begin), lane] += does
            if end < months:
                ledger.work_change[end, lane] -= does
        left = max(0.0, 1.0 - (end - since) / p.compute_life)
        if end >= months:
            break
        worth_now = value[end] * worth
        proceeds = worth_now * world.resale[lane]
        gain = proceeds - (compute + refit) * left
        refit = refit_share * shell * p.growth[end]
        ledger.sale[end, lane] += proceeds
        ledger.gain[end, lane] += gain
        ledger.capex[end, lane] += compute + refit
        totals.write_offs[lane] += max(-gain, 0.0)
        totals.stranded[lane] += max(compute * left - worth_now, 0.0)
        since, vintage, begin = end, end, end
    now = value[months - 1] / value[vintage]
    _terminal(compute, compute * left, shell_book + refit * left, now, lane, world, totals)
    totals.stranded[lane] += max(compute * left - compute * now, 0.0)


@njit
def _idle(
    months: int,
    service: int,
    delivered: int,
    finished: int,
    shell: float,
    compute: float,
    lane: int,
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Money spent on what is finished but not in service."""
    end = min(service, months)
    for begin, cost in ((finished, shell), (delivered, compute)):
        if begin < end:
            totals.idle_capital[lane] += cost * (end - begin) / 12.0
            ledger.idle_change[begin, lane] += cost
            if end < months:
                ledger.idle_change[end, lane] -= cost


@njit
def _depreciate(changes: Monthly, amount: float, begin: int, end: int, lane: int) -> None:
    """Depreciate `amount` a month over begin .. end - 1."""
    changes[begin, lane] += amount
    if end < changes.shape[0]:
        changes[end, lane] -= amount


@njit
def _note_asset(tracing: bool, begin: int, end: int, worth: float, value: Lanes, row: Lanes) -> None:
    """Economic value of a vintage while it is held."""
    if tracing:
        for m in range(begin, end):
            row[m] += value[m] * worth


@njit
def _terminal(
    spent: float, compute_book: float, shell_book: float, value: float, lane: int, world: World, totals: Totals
) -> None:
    """What a site brings at the horizon; `shell_book` includes the refit and is valued by the caller's price factor."""
    totals.compute_value[lane] += value * spent * world.resale[lane]
    totals.shell_value[lane] += shell_book
    totals.book[lane] += compute_book + shell_book


@njit
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
    scratch: NDArray[np.float64],
    ledger: Ledger,
    totals: Totals,
) -> None:
    """Book every site of a plan into the ledger and the totals, both cleared first."""
    _clear(tracing, ledger, totals)
    dates, costs = scratch[0:3], scratch[3:7]
    for site in range(mw.size):
        deferred = chips == DEFERRED and near[site] == 0
        energised, built = world.energised[site], world.built[site]
        timing(planned[site], deferred, energised, built, dates[0], dates[1], dates[2])
        for lane in range(world.cost.size):
            costs[0, lane] = p.shell_per_mw * mw[site] * world.cost[lane]
            costs[1, lane] = p.compute_per_mw * mw[site] * world.cost[lane]
        spend_shell(start[site], costs[0], built, costs[2], ledger.capex, totals.sunk)
        if deferred:
            spend_deferred(planned[site], p.delivery, p.fee, energised, costs[1], costs[3], ledger, totals.sunk)
        else:
            spend_committed(planned[site], p.delivery, costs[1], costs[3], ledger.capex, totals.sunk)
        for lane in range(world.cost.size):
            live(
                p, refresh, refit_share, mw[site], p.work_delay[site], site, lane, tracing, dates, costs,
                world, ledger, totals,
            )  # fmt: skip


@njit
def _clear(tracing: bool, ledger: Ledger, totals: Totals) -> None:
    """Zero what the sites add to."""
    ledger.cost_change[:] = 0.0
    ledger.fee[:] = 0.0
    ledger.depreciation[:] = 0.0
    ledger.capex[:] = 0.0
    ledger.sale[:] = 0.0
    ledger.gain[:] = 0.0
    ledger.work_change[:] = 0.0
    ledger.idle_change[:] = 0.0
    ledger.first_change[:] = 0.0
    ledger.service_change[:] = 0.0
    ledger.stranded[:] = 0.0
    if tracing:
        ledger.asset[:] = 0.0
    totals.sunk[:] = 0.0
    totals.compute_value[:] = 0.0
    totals.shell_value[:] = 0.0
    totals.book[:] = 0.0
    totals.idle_capital[:] = 0.0
    totals.write_offs[:] = 0.0
    totals.stranded[:] = 0.0
    totals.in_service[:] = 0.0
