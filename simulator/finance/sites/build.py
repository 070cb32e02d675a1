"""The sites of a physical variant: when money is spent, when each site serves, works, is refreshed, let or left.

Everything a site does is an event at a month of its lane: delivery D, in service S, work S + 6, swaps, exit, horizon.
What it does is per unit of ownership: a plan that owns a share of every site scales it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.grid import Grid
from simulator.finance import workspace as at
from simulator.finance.plan.plans import Joint, Plan, joint_of
from simulator.finance.plan.variant import DEFERRED
from simulator.finance.programme import Programme
from simulator.finance.sites import jv_lease
from simulator.finance.sites.capex import spend_committed, spend_deferred, spend_shell
from simulator.finance.sites.vintages import (
    BASE,
    CHIP_BASE,
    COMPUTE,
    COMPUTE_SHARE,
    DELIVERED,
    FINISHED,
    KEEPS,
    LEFT,
    REFIT,
    SERVICE,
    SHELL,
    SHELL_SHARE,
    SINCE,
    SPENT,
    VINTAGE,
    WORTH,
    add_level,
    book_work,
    first_vintage,
    look_up,
    next_swaps,
    renew,
    retire,
    strand,
)
from simulator.finance.workspace import Lanes, Monthly, Totals, Works, World
from simulator.numerics.jit import inline, inner


class Lives(NamedTuple):
    """The life of every site of a variant, for what looks back at it; months as floats."""

    start: NDArray[np.float64]  # (sites, lanes) first month of work
    left: NDArray[np.float64]  # (sites, lanes) month of an exit (none: the horizon)
    vintages: NDArray[np.float64]  # (sites, months + 2, lanes) months in which vintages were bought, then the horizon


class Variant(NamedTuple):
    """How the sites of a physical variant behave."""

    chips: int
    refresh: int
    refit: float
    term: int  # months of a let contract (0: nothing is let)


@inner
def _timing(planned: float, deferred: bool, energised: Lanes, built: Lanes, site: NDArray[np.float64]) -> None:
    """Months S, D and that in which the shell is finished, by lane."""
    for lane in range(energised.size):
        power = np.ceil(energised[lane]) - 1.0
        site[SERVICE, lane] = max(power, planned - 1.0)
        site[DELIVERED, lane] = site[SERVICE, lane] if deferred else planned - 1.0
        site[FINISHED, lane] = max(np.ceil(built[lane]) - 1.0, 0.0)


@inner
def _book_idle(
    keep: float,
    keep_chips: float,
    site: NDArray[np.float64],
    carry: Monthly,
    tracing: bool,
    changes: Monthly,
    totals: Totals,
) -> None:
    """Money spent on what is finished but not in service: the shell from its end, compute from delivery, to S."""
    months = changes.shape[0]
    idle_capital, sponsor, cost = totals[at.IDLE_CAPITAL], totals[at.IDLE_SPONSOR], totals[at.IDLE_COST]
    for lane in range(cost.size):
        end = min(int(site[SERVICE, lane]), months)
        finished, delivered = min(int(site[FINISHED, lane]), end), min(int(site[DELIVERED, lane]), end)
        shell = site[SHELL, lane] * (end - finished) / 12.0
        compute = site[COMPUTE, lane] * (end - delivered) / 12.0
        idle_capital[lane] += shell + compute
        sponsor[lane] += keep * shell + keep_chips * compute
        cost[lane] += site[SHELL, lane] * (carry[end, lane] - carry[finished, lane])
        cost[lane] += site[COMPUTE, lane] * (carry[end, lane] - carry[delivered, lane])
        if tracing:
            add_level(changes, site[SHELL, lane], finished, end, lane)
            add_level(changes, site[COMPUTE, lane], delivered, end, lane)


@inner
def _book_running(
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
def _book_shell(
    life: int, keep: float, site: NDArray[np.float64], depreciation: Monthly, shell_value: Lanes, book: Lanes
) -> None:
    """Depreciate the sponsor's part of the shell from S; what is left at the horizon is terminal book value."""
    months = depreciation.shape[0]
    for lane in range(book.size):
        begin, shell = int(site[SERVICE, lane]), keep * site[SHELL, lane]
        add_level(depreciation, shell / life, begin, min(begin + life, months), lane)
        used = min(max(months - begin, 0), life) / life
        left = shell * (1.0 - used) if begin < months else shell * site[SHELL_SHARE, lane]
        shell_value[lane] += left
        book[lane] += left


@inner
def _book_terminal(
    life: int,
    keep: float,
    keep_chips: float,
    site: NDArray[np.float64],
    value: Monthly,
    resale: Lanes,
    totals: Totals,
) -> None:
    """What the sponsor's part of compute and refit would bring at the horizon and its book value."""
    compute_value, shell_value, book, stranded = (
        totals[at.COMPUTE_VALUE],
        totals[at.SHELL_VALUE],
        totals[at.BOOK_VALUE],
        totals[at.STRANDED_VALUE],
    )
    months = value.shape[0]
    for lane in range(resale.size):
        vintage, since = int(site[VINTAGE, lane]), int(site[SINCE, lane])
        spent = site[COMPUTE, lane] if vintage < months else site[COMPUTE, lane] * site[COMPUTE_SHARE, lane]
        spent = spent if site[LEFT, lane] == months else 0.0
        now = value[months - 1, lane] * site[KEEPS, lane] if vintage < months - 1 else 1.0  # to the bit
        left = max(1.0 - max(months - since, 0) / life, 0.0)
        refit = keep * site[REFIT, lane] * left
        compute_value[lane] += keep_chips * now * spent * resale[lane]
        shell_value[lane] += refit
        book[lane] += keep_chips * spent * left + refit
        stranded[lane] += max(spent * left - spent * now, 0.0)


@inner
def _live(
    p: Programme,
    variant: Variant,
    j: Joint,
    joint: bool,
    mw: float,
    delay: int,
    tracing: bool,
    site: NDArray[np.float64],
    world: World,
    behind: Lanes,
    works: Works,
    totals: Totals,
    vintages: NDArray[np.float64],
) -> None:
    """Book vintage after vintage of one site in all lanes, up to the horizon or to where the sponsor leaves."""
    value, resale, operating_cost = world.monthly[at.VALUE], world.lanes[at.RESALE], world.lanes[at.OPERATING_COST]
    trailing, efficiency, work = world.monthly[at.TRAILING], world.monthly[at.EFFICIENCY], world.monthly[at.WORK]
    stranded, asset, change, locked = works[at.STRANDED], works[at.ASSET], works[at.DOES], works[at.LOCKED]
    written, sale, gain, capex = works[at.WRITTEN], works[at.SPENDING], works[at.GAIN], works[at.CAPEX]
    keep = 1.0 - (j.share if joint else 0.0)
    keep_chips = keep if j.chips else 1.0
    life, turn, some = p.compute_life, 0, True
    first_vintage(mw, site, value, efficiency, work, works[at.FIRST_CHANGE])
    while some:
        for lane in range(resale.size):
            vintages[turn, lane] = site[VINTAGE, lane]
        next_swaps(variant.refresh, life, p.growth, operating_cost, trailing, value, site)
        if joint:
            jv_lease.leave(j, mw, life, p.recovery, p.growth, operating_cost, trailing, value, site)
        strand(life, site, value, site[WORTH], stranded, tracing, asset)
        book_work(mw, delay, variant.term, site, value, change, works[at.VALUE_MW], locked)
        retire(
            life, keep, keep_chips, site, value, resale, written, sale, gain, totals[at.WRITE_OFFS],
            totals[at.STRANDED_VALUE],
        )  # fmt: skip
        if joint:
            jv_lease.depart(
                j, mw, life, p.shell_life, p.shell_price, p.behind_meter, operating_cost, behind, resale, trailing,
                value, site, works, totals[at.EXITS],
            )  # fmt: skip
        some = renew(variant.refit, p.growth, site, capex)
        if some:
            look_up(site, value, efficiency, work)
        if joint and some:
            jv_lease.refit_lease(j, life, site, works[at.PARTNER], works[at.RENT], works[at.RENT_END])
        turn += 1
    vintages[turn] = p.growth.size
    _book_terminal(life, keep, keep_chips, site, value, resale, totals)
    if joint:
        last = trailing[p.growth.size - 1]
        jv_lease.close_lease(j, life, p.shell_life, p.shell_price, resale, last, value, site, totals)


@inner
def _spend(
    p: Programme,
    deferred: bool,
    start: float,
    planned: float,
    part: float,
    chip_part: float,
    decay: NDArray[np.float64],
    energised: Lanes,
    built: Lanes,
    site: NDArray[np.float64],
    works: Works,
    totals: Totals,
) -> None:
    """Pay for one site; the partner's parts gather in its base."""
    capex, partner, sunk = works[at.CAPEX], works[at.PARTNER], totals[at.SUNK]
    spend_shell(
        start, part, decay, site[SHELL], built, site[SHELL_SHARE], site[SPENT], capex, sunk, partner, site[BASE]
    )
    if deferred:
        spend_deferred(
            planned, p.delivery, p.fee, chip_part, decay, energised, site[COMPUTE], site[COMPUTE_SHARE], capex,
            works[at.FEE], sunk, partner, site[CHIP_BASE],
        )  # fmt: skip
    else:
        spend_committed(
            planned, p.delivery, chip_part, decay, site[COMPUTE], site[COMPUTE_SHARE], site[SPENT], capex, sunk,
            partner, site[CHIP_BASE],
        )  # fmt: skip


@inner
def _build_site(
    p: Programme,
    grid: Grid,
    k: int,
    variant: Variant,
    j: Joint,
    joint: bool,
    tracing: bool,
    world: World,
    site: NDArray[np.float64],
    works: Works,
    totals: Totals,
    lives: Lives,
) -> None:
    """Book one site in all lanes."""
    cost, operating_cost, behind = world.lanes[at.COST], world.lanes[at.OPERATING_COST], world.sites[at.BEHIND, k]
    energised, built, mw = world.sites[at.ENERGISED, k], world.sites[at.BUILT, k], grid.mw[k]
    deferred = variant.chips == DEFERRED and grid.near_term_flag[k] == 0
    part = j.share if joint else 0.0
    chip_part = part if j.chips else 0.0
    _timing(grid.planned[k], deferred, energised, built, site)
    for lane in range(cost.size):
        site[SHELL, lane] = p.shell_per_mw * mw * cost[lane]
        site[COMPUTE, lane] = p.compute_per_mw * mw * cost[lane]
        lives.start[k, lane] = site[SERVICE, lane] + p.work_delay[k]
    _spend(p, deferred, grid.start[k], grid.planned[k], part, chip_part, j.decay, energised, built, site, works, totals)
    if joint:
        jv_lease.open_lease(j, p.compute_life, site, works[at.RENT], works[at.RENT_END])
    _book_idle(1.0 - part, 1.0 - chip_part, site, world.carry, tracing, works[at.IDLE], totals)
    _book_running(
        p.idle_share, p.behind_meter, mw, site, operating_cost, behind, works[at.RUNNING], works[at.SERVICE],
        totals[at.IN_SERVICE],
    )  # fmt: skip
    _book_shell(p.shell_life, 1.0 - part, site, works[at.WRITTEN], totals[at.SHELL_VALUE], totals[at.BOOK_VALUE])
    _live(p, variant, j, joint, mw, p.work_delay[k], tracing, site, world, behind, works, totals, lives.vintages[k])
    for lane in range(cost.size):
        lives.left[k, lane] = site[LEFT, lane]
    if variant.term > 0:
        for lane in range(cost.size):
            add_level(works[at.WORKING], mw, int(lives.start[k, lane]), int(lives.left[k, lane]), lane)


@inner
def build_sites(
    p: Programme,
    grid: Grid,
    plan: Plan,
    decay: NDArray[np.float64],
    tracing: bool,
    world: World,
    site: NDArray[np.float64],
    works: Works,
    totals: Totals,
    lives: Lives,
) -> None:
    """Book every site of a plan's variant, planes and totals cleared first; `site` is scratch."""
    j = joint_of(plan, decay)
    variant = _variant_of(plan)
    _clear(j.share > 0.0, tracing, works, totals)
    for k in range(grid.mw.size):
        joint = plan.jv.on == 1 and plan.jv.sites[k] == 1
        _build_site(p, grid, k, variant, j, joint, tracing, world, site, works, totals, lives)


@inline
def _variant_of(plan: Plan) -> Variant:
    """The physical variant of plan number `plan`."""
    return Variant(plan.variant.chips, plan.variant.refresh, plan.variant.refit, plan.variant.lease_term)


@inner
def _clear(joint: bool, tracing: bool, works: Works, totals: Totals) -> None:
    """Zero what the sites add to; what `levels` takes is zero already."""
    works[: at.TAKEN] = 0.0
    totals[:] = 0.0
    if joint:
        works[at.JOINT : at.TRACED] = 0.0
    if tracing:
        works[at.TRACED : at.OVERWRITTEN] = 0.0
