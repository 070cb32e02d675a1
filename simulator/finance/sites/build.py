"""Build the sites of a physical variant: when money is spent, when each site serves, works, is refreshed or left.

Everything a site does is an event at a month of its lane: delivery D, in service S, work S + 6, swaps, exit, horizon.
It is booked per unit of ownership: a plan that owns a share of every site scales it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.grid import Grid
from simulator.finance import workspace as at
from simulator.finance.plan.plans import Plan
from simulator.finance.plan.variant import DEFERRED, Variant
from simulator.finance.programme import Programme
from simulator.finance.sites.capex import PartnerShare, Spending, spend_committed, spend_deferred, spend_shell
from simulator.finance.sites.jv_lease import (
    Venture,
    close_lease,
    end_vintage_lease,
    find_exit_months,
    lease_refit,
    open_lease,
    site_venture,
)
from simulator.finance.sites.site_state import (
    CHIP_CLAIM,
    COMPLETION,
    COMPUTE_COST,
    COMPUTE_SPENT_SHARE,
    DELIVERY,
    DEPRECIATION_START,
    EXIT,
    INVERSE_VALUE,
    PURCHASE,
    REFIT_COST,
    SERVICE,
    SHELL_CLAIM,
    SHELL_COST,
    SHELL_SPENT_SHARE,
    SPENT,
)
from simulator.finance.sites.vintages import (
    add_stranded_value,
    book_work,
    buy_next_vintage,
    find_swap_months,
    look_up_indices,
    raise_between,
    retire_vintage,
    start_first_vintage,
)
from simulator.finance.workspace import Lanes, Monthly, SiteFlows, Totals, World
from simulator.numerics.jit import inner

__all__: list[str] = []  # used in this folder only


class SiteHistory(NamedTuple):
    """The life of every site of a variant; months as floats."""

    work_start: NDArray[np.float64]  # (sites, lanes) first month of work
    exit: NDArray[np.float64]  # (sites, lanes) month of an exit (none: the horizon)
    purchases: NDArray[np.float64]  # (sites, months + 2, lanes) months in which vintages were bought, then the horizon


@inner
def _set_milestones(planned: float, deferred: bool, energised: Lanes, built: Lanes, site: NDArray[np.float64]) -> None:
    """Set the months of service, of delivery and of the finished shell, by lane."""
    for lane in range(energised.size):
        power = np.ceil(energised[lane]) - 1.0
        site[SERVICE, lane] = max(power, planned - 1.0)
        site[DELIVERY, lane] = site[SERVICE, lane] if deferred else planned - 1.0
        site[COMPLETION, lane] = max(np.ceil(built[lane]) - 1.0, 0.0)


@inner
def _book_idle_capital(
    keep: float,
    keep_chips: float,
    site: NDArray[np.float64],
    carry: Monthly,
    tracing: bool,
    changes: Monthly,
    totals: Totals,
) -> None:
    """Book money spent on what is finished but not in service: the shell from its end, compute from delivery, to S."""
    months = changes.shape[0]
    idle_capital, sponsor, cost = totals[at.IDLE_CAPITAL], totals[at.IDLE_SPONSOR], totals[at.IDLE_COST]
    for lane in range(cost.size):
        end = min(int(site[SERVICE, lane]), months)
        finished, delivered = min(int(site[COMPLETION, lane]), end), min(int(site[DELIVERY, lane]), end)
        shell = site[SHELL_COST, lane] * (end - finished) / 12.0
        compute = site[COMPUTE_COST, lane] * (end - delivered) / 12.0
        idle_capital[lane] += shell + compute
        sponsor[lane] += keep * shell + keep_chips * compute
        cost[lane] += site[SHELL_COST, lane] * (carry[end, lane] - carry[finished, lane])
        cost[lane] += site[COMPUTE_COST, lane] * (carry[end, lane] - carry[delivered, lane])
        if tracing:
            raise_between(changes, site[SHELL_COST, lane], finished, end, lane)
            raise_between(changes, site[COMPUTE_COST, lane], delivered, end, lane)


@inner
def _book_running_cost(
    p: Programme,
    mw: float,
    site: NDArray[np.float64],
    operating_cost: Lanes,
    behind: Lanes,
    cost: Monthly,
    service: Monthly,
    entered_mw: Lanes,
) -> None:
    """Book operating cost before growth (USD m a year), a share from delivery, all of it from S; and MW in service."""
    months, idle_share, adder = cost.shape[0], p.idle_share, p.behind_meter_cost
    for lane in range(entered_mw.size):
        full = mw * operating_cost[lane]
        begin, delivered = int(site[SERVICE, lane]), int(site[DELIVERY, lane])
        raise_between(cost, idle_share * full, delivered, months, lane)
        raise_between(cost, (1.0 - idle_share) * full + mw * adder * behind[lane], begin, months, lane)
        raise_between(service, mw, begin, months, lane)
        entered_mw[lane] += mw if begin < months else 0.0


@inner
def _depreciate_shell(
    life: int, keep: float, site: NDArray[np.float64], depreciation: Monthly, shell_value: Lanes, book: Lanes
) -> None:
    """Depreciate the sponsor's part of the shell from S; what is left at the horizon is terminal book value."""
    months = depreciation.shape[0]
    for lane in range(book.size):
        begin, shell = int(site[SERVICE, lane]), keep * site[SHELL_COST, lane]
        raise_between(depreciation, shell / life, begin, min(begin + life, months), lane)
        used = min(max(months - begin, 0), life) / life
        left = shell * (1.0 - used) if begin < months else shell * site[SHELL_SPENT_SHARE, lane]
        shell_value[lane] += left
        book[lane] += left


@inner
def _book_terminal_value(
    life: int,
    keep: float,
    keep_chips: float,
    site: NDArray[np.float64],
    value: Monthly,
    resale: Lanes,
    totals: Totals,
) -> None:
    """Add what the sponsor's part of compute and refit would bring at the horizon, and its book value."""
    compute_value, shell_value = totals[at.COMPUTE_VALUE], totals[at.SHELL_VALUE]
    book, stranded = totals[at.BOOK_VALUE], totals[at.STRANDED_RETIRED]
    months = value.shape[0]
    for lane in range(resale.size):
        purchase, since, cost = int(site[PURCHASE, lane]), int(site[DEPRECIATION_START, lane]), site[COMPUTE_COST, lane]
        spent = cost if purchase < months else cost * site[COMPUTE_SPENT_SHARE, lane]
        spent = spent if site[EXIT, lane] == months else 0.0
        now = value[months - 1, lane] * site[INVERSE_VALUE, lane] if purchase < months - 1 else 1.0  # to the bit
        left = max(1.0 - max(months - since, 0) / life, 0.0)
        refit = keep * site[REFIT_COST, lane] * left
        compute_value[lane] += keep_chips * now * spent * resale[lane]
        shell_value[lane] += refit
        book[lane] += keep_chips * spent * left + refit
        stranded[lane] += max(spent * left - spent * now, 0.0)


@inner
def _run_vintages(
    p: Programme,
    grid: Grid,
    k: int,
    variant: Variant[float, int],
    venture: Venture,
    tracing: bool,
    site: NDArray[np.float64],
    world: World,
    flows: SiteFlows,
    totals: Totals,
    history: SiteHistory,
) -> None:
    """Book vintage after vintage of site number `k` in all lanes, up to the horizon or to where the sponsor leaves."""
    value, work, efficiency = world.monthly[at.VALUE_INDEX], world.monthly[at.WORK_INDEX], world.monthly[at.EFFICIENCY]
    resale, operating_cost = world.parameters[at.RESALE], world.parameters[at.OPERATING_COST]
    mw, behind, purchases = grid.mw[k], world.sites[at.BEHIND_METER, k], history.purchases[k]
    keep, keep_chips = 1.0 - venture.shell_part, 1.0 - venture.chip_part
    life, number, swapping = p.compute_life, 0, True
    start_first_vintage(mw, site, value, efficiency, work, flows[at.FIRST_VINTAGE_CHANGE])
    while swapping:
        for lane in range(resale.size):
            purchases[number, lane] = site[PURCHASE, lane]
        find_swap_months(
            variant.refresh, life, p.cost_growth_by_month, operating_cost, world.monthly[at.TRAILING_PRICE], value, site
        )  # fmt: skip
        if venture.on:
            find_exit_months(venture, p, mw, world, site)
        add_stranded_value(life, site, value, flows[at.STRANDED], tracing, flows[at.ASSET_VALUE])
        book_work(
            mw, p.work_delay[k], variant.lease_term, site, value, flows[at.WORK_UNITS_CHANGE],
            flows[at.VALUE_MW_CHANGE], flows[at.LOCKED_VALUE_MW],
        )  # fmt: skip
        retire_vintage(
            life, keep, keep_chips, site, value, resale, flows[at.DEPRECIATION_CHANGE], flows[at.SALES], flows[at.GAIN],
            totals[at.WRITE_OFFS], totals[at.STRANDED_RETIRED],
        )  # fmt: skip
        if venture.on:
            end_vintage_lease(venture, p, mw, world, behind, site, flows, totals[at.EXITS])
        swapping = buy_next_vintage(variant.refit, p.cost_growth_by_month, site, flows[at.CAPEX])
        if swapping:
            look_up_indices(site, value, efficiency, work)
        if venture.on and swapping:
            lease_refit(venture, life, site, flows)
        number += 1
    purchases[number] = p.cost_growth_by_month.size
    _book_terminal_value(life, keep, keep_chips, site, value, resale, totals)
    if venture.on:
        close_lease(venture, p, world, site, totals)


@inner
def _pay_for_site(
    p: Programme,
    grid: Grid,
    k: int,
    deferred: bool,
    venture: Venture,
    world: World,
    site: NDArray[np.float64],
    flows: SiteFlows,
    totals: Totals,
) -> None:
    """Pay for site number `k`; the partner's parts gather in its claims."""
    capex, funding, sunk = flows[at.CAPEX], flows[at.PARTNER_FUNDING], totals[at.SUNK]
    planned, built, energised = grid.planned[k], world.sites[at.BUILT, k], world.sites[at.ENERGISED, k]
    shell = Spending(site[SHELL_COST], site[SHELL_SPENT_SHARE], site[SPENT], capex, sunk)
    shell_partner = PartnerShare(venture.shell_part, venture.factors, funding, site[SHELL_CLAIM])
    compute = Spending(site[COMPUTE_COST], site[COMPUTE_SPENT_SHARE], site[SPENT], capex, sunk)
    compute_partner = PartnerShare(venture.chip_part, venture.factors, funding, site[CHIP_CLAIM])
    spend_shell(grid.start[k], built, shell, shell_partner)
    if deferred:
        spend_deferred(
            planned,
            p.delivery_months,
            p.cancellation_fee,
            energised,
            compute,
            flows[at.CANCELLATION_FEE],
            compute_partner,
        )
    else:
        spend_committed(planned, p.delivery_months, compute, compute_partner)


@inner
def _build_site(
    p: Programme,
    grid: Grid,
    k: int,
    variant: Variant[float, int],
    venture: Venture,
    tracing: bool,
    world: World,
    site: NDArray[np.float64],
    flows: SiteFlows,
    totals: Totals,
    history: SiteHistory,
) -> None:
    """Book site number `k` in all lanes."""
    multiplier, mw = world.parameters[at.COST_MULTIPLIER], grid.mw[k]
    deferred = variant.chips == DEFERRED and grid.near_term_flag[k] == 0
    keep, keep_chips = 1.0 - venture.shell_part, 1.0 - venture.chip_part
    _set_milestones(grid.planned[k], deferred, world.sites[at.ENERGISED, k], world.sites[at.BUILT, k], site)
    for lane in range(multiplier.size):
        site[SHELL_COST, lane] = p.shell_cost_per_mw * mw * multiplier[lane]
        site[COMPUTE_COST, lane] = p.compute_cost_per_mw * mw * multiplier[lane]
        history.work_start[k, lane] = site[SERVICE, lane] + p.work_delay[k]
    _pay_for_site(p, grid, k, deferred, venture, world, site, flows, totals)
    if venture.on:
        open_lease(venture, p.compute_life, site, flows)
    _book_idle_capital(keep, keep_chips, site, world.carry, tracing, flows[at.IDLE_CHANGE], totals)
    _book_running_cost(
        p, mw, site, world.parameters[at.OPERATING_COST], world.sites[at.BEHIND_METER, k],
        flows[at.RUNNING_COST_CHANGE], flows[at.SERVICE_MW_CHANGE], totals[at.ENTERED_MW],
    )  # fmt: skip
    _depreciate_shell(
        p.shell_life, keep, site, flows[at.DEPRECIATION_CHANGE], totals[at.SHELL_VALUE], totals[at.BOOK_VALUE]
    )
    _run_vintages(p, grid, k, variant, venture, tracing, site, world, flows, totals, history)
    for lane in range(multiplier.size):
        history.exit[k, lane] = site[EXIT, lane]
    if variant.lease_term > 0:
        for lane in range(multiplier.size):
            raise_between(
                flows[at.WORKING_MW_CHANGE], mw, int(history.work_start[k, lane]), int(history.exit[k, lane]), lane
            )  # fmt: skip


@inner
def build_sites(
    p: Programme,
    grid: Grid,
    plan: Plan,
    factors: NDArray[np.float64],
    tracing: bool,
    world: World,
    site: NDArray[np.float64],
    flows: SiteFlows,
    totals: Totals,
    history: SiteHistory,
) -> None:
    """Book every site of a plan's variant, planes and totals cleared first; `site` is scratch.

    `factors` are the discount factors at the JV's rate.
    """
    _clear_site_flows(plan.jv.on == 1, tracing, flows, totals)
    for k in range(grid.mw.size):
        venture = site_venture(plan.jv, factors, k)
        _build_site(p, grid, k, plan.variant, venture, tracing, world, site, flows, totals, history)


@inner
def _clear_site_flows(jv: bool, tracing: bool, flows: SiteFlows, totals: Totals) -> None:
    """Zero what the sites add to; the self-clearing planes are zero already."""
    flows[: at.FIRST_SELF_CLEARING] = 0.0
    totals[:] = 0.0
    if jv:
        flows[at.FIRST_JV : at.FIRST_TRACED] = 0.0
    if tracing:
        flows[at.FIRST_TRACED : at.FIRST_OVERWRITTEN] = 0.0
