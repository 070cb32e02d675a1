"""The joint venture of a site: what the partner pays in, is paid, and is left with.

The partner funds its share of the shell (where the venture owns all assets, of compute too). From service on it is paid
rent, the annuity on what it paid in with interest; refits add to it. At renewal dates the sponsor may leave: it hands
the site back, sells the chips and pays the residual-value guarantee, as it owes it at the horizon. Rates are per year,
lives months.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.plan.jv import ALL, Jv
from simulator.finance.programme import Programme
from simulator.finance.sites.site_state import (
    CHIP_CLAIM,
    CHIP_RENT,
    COMPUTE_COST,
    COMPUTE_SPENT_SHARE,
    DELIVERY,
    DEPRECIATION_START,
    EXIT,
    GUARANTEE_BASE,
    HOLD_BEGIN,
    HOLD_END,
    INVERSE_VALUE,
    PURCHASE,
    REFIT_COST,
    SERVICE,
    SHELL_CLAIM,
    SHELL_COST,
    SHELL_RENT,
    SHELL_SPENT_SHARE,
)
from simulator.finance.sites.vintages import raise_between
from simulator.finance.workspace import Lanes, Monthly, SiteFlows, Totals, World
from simulator.numerics.jit import inline, inner

__all__: list[str] = []  # used in this folder only


class Venture(NamedTuple):
    """The joint venture of one site."""

    on: bool  # the venture takes the site
    shell_part: float  # the partner's share of shell and refits (0: none)
    chip_part: float  # its share of compute
    jv: Jv[float, int]
    factors: NDArray[np.float64]  # [n] discount factor of n months at the venture's rate


@inline
def site_venture(jv: Jv[float, int], factors: NDArray[np.float64], site: int) -> Venture:
    """Return the venture of site number `site`."""
    on = jv.on == 1 and jv.sites[site] == 1
    shell_part = jv.share if on else 0.0
    return Venture(on, shell_part, shell_part if jv.assets == ALL else 0.0, jv, factors)


@inner
def _annuity_payment(rate: float, factor: float) -> float:
    """Level monthly payment that repays 1 by the month of discount factor `factor`: the CRF's yearly payment / 12."""
    return float(rate / (12.0 * (1.0 - factor)))


@inner
def _annuity_balance(rate: float, rent: float, factors: NDArray[np.float64], months: int) -> float:
    """Balance of an annuity of `rent` a month for `months` more: 12 rent / rate (1 - (1 + rate)^-(months / 12))."""
    return float(12.0 * rent / rate * (1.0 - factors[max(months, 0)]))


@inner
def _book_rent(
    rent: float,
    factors: NDArray[np.float64],
    runs_to: int,
    begin: int,
    end: int,
    lane: int,
    rent_change: Monthly,
    discounted_change: Monthly,
) -> None:
    """Book a monthly rent over begin .. end - 1 whose annuity runs to the month `runs_to`."""
    if begin < rent_change.shape[0]:
        raise_between(rent_change, rent, begin, end, lane)
        raise_between(discounted_change, rent * factors[runs_to], begin, end, lane)


@inner
def open_lease(v: Venture, life: int, site: NDArray[np.float64], flows: SiteFlows) -> None:
    """Set the rent on what the partner paid in up to service; claims accrue to service, or to the horizon before it."""
    rents, discounted, factors = flows[at.RENT_CHANGE], flows[at.DISCOUNTED_RENT_CHANGE], v.factors
    rate, lease, months = v.jv.rate, v.jv.lease_months, rents.shape[0]
    on_shell, on_chips = _annuity_payment(rate, factors[lease]), _annuity_payment(rate, factors[life])
    for lane in range(site.shape[1]):
        service = int(site[SERVICE, lane])
        interest = 1.0 / factors[min(service, months)]
        site[SHELL_CLAIM, lane] *= interest
        site[CHIP_CLAIM, lane] *= interest
        site[GUARANTEE_BASE, lane] = site[SHELL_CLAIM, lane]
        site[SHELL_RENT, lane] = site[SHELL_CLAIM, lane] * on_shell
        site[CHIP_RENT, lane] = site[CHIP_CLAIM, lane] * on_chips
        _book_rent(site[SHELL_RENT, lane], factors, service + lease, service, months, lane, rents, discounted)


@inner
def find_exit_months(v: Venture, p: Programme, mw: float, world: World, site: NDArray[np.float64]) -> None:
    """Exit at the first renewal date of the vintage at which neither its use nor that of new chips earns the rent."""
    jv, life, capital_recovery, growth = v.jv, p.compute_life, p.capital_recovery, p.cost_growth_by_month
    operating_cost, trailing, value = (
        world.parameters[at.OPERATING_COST],
        world.monthly[at.TRAILING_PRICE],
        world.monthly[at.VALUE_INDEX],
    )
    months = growth.size
    for lane in range(operating_cost.size):
        service, since, end = (
            int(site[SERVICE, lane]),
            int(site[DEPRECIATION_START, lane]),
            int(site[HOLD_END, lane]),
        )
        m = service + jv.renewal_months
        while m <= min(end, months - 1) and m < service + jv.lease_months and site[HOLD_BEGIN, lane] < months:
            blocked = m <= since or (since > service and m - since < jv.exit_block)
            if not blocked:
                cost, price = operating_cost[lane] * growth[m], trailing[m, lane]
                chips = site[CHIP_RENT, lane] if m < since + life else 0.0
                rent = 12e3 * (site[SHELL_RENT, lane] + chips) / mw
                old = price * (value[m, lane] * site[INVERSE_VALUE, lane]) - cost
                new = price - cost - 1e3 * site[COMPUTE_COST, lane] / mw * capital_recovery
                if max(old, new) < rent:
                    site[HOLD_END, lane] = m
                    site[EXIT, lane] = m
                    break
            m += jv.renewal_months


@inner
def _residual_value(v: Venture, book: float, chips: float, trailing: float, shell_price: float) -> float:
    """The partner's part of shell and refit book (given whole) at min(1, P12 / 12), and of what the chips bring."""
    return v.jv.share * (book * min(1.0, trailing / shell_price) + (chips if v.jv.assets == ALL else 0.0))


@inner
def _guarantee_payment(guarantee: float, base: float, claim: float, value: float) -> float:
    """Residual-value guarantee: the partner's claim above its assets' value, up to the share `guarantee` of `base`."""
    return min(guarantee * base, max(claim - value, 0.0))


@inner
def end_vintage_lease(
    v: Venture,
    p: Programme,
    mw: float,
    world: World,
    behind: Lanes,
    site: NDArray[np.float64],
    flows: SiteFlows,
    exits: Lanes,
) -> None:
    """End a vintage's annuity; where the sponsor leaves, end the site: rent, cost and MW, and pay the guarantee."""
    jv, factors, life, lease = v.jv, v.factors, p.compute_life, v.jv.lease_months
    operating_cost, resale = world.parameters[at.OPERATING_COST], world.parameters[at.RESALE]
    trailing, value = world.monthly[at.TRAILING_PRICE], world.monthly[at.VALUE_INDEX]
    rents, discounted = flows[at.RENT_CHANGE], flows[at.DISCOUNTED_RENT_CHANGE]
    guarantee, residual = flows[at.GUARANTEE], flows[at.PARTNER_RESIDUAL]
    cost_change, mw_change = flows[at.RUNNING_COST_CHANGE], flows[at.SERVICE_MW_CHANGE]
    first_change = flows[at.FIRST_VINTAGE_CHANGE]
    months, owns_chips = value.shape[0], jv.assets == ALL
    for lane in range(resale.size):
        service, since, end = (
            int(site[SERVICE, lane]),
            int(site[DEPRECIATION_START, lane]),
            int(site[HOLD_END, lane]),
        )
        if site[HOLD_BEGIN, lane] >= months:
            continue
        chip_end = since + life
        if owns_chips:
            _book_rent(
                site[CHIP_RENT, lane], factors, chip_end, since, min(chip_end, end), lane, rents, discounted
            )  # fmt: skip
        chips = site[COMPUTE_COST, lane] * resale[lane]
        if end < months:
            chips *= value[end, lane] * site[INVERSE_VALUE, lane]
        if site[EXIT, lane] >= months:
            if owns_chips and end < months:
                residual[end, lane] += jv.share * chips
            continue
        first = mw * (1.0 / value[int(site[DELIVERY, lane]), lane])  # to the bit what was added
        raise_between(cost_change, -mw * (operating_cost[lane] + p.behind_meter_cost * behind[lane]), end, months, lane)
        raise_between(mw_change, -mw, end, months, lane)
        raise_between(first_change, -first, end, months, lane)
        _book_rent(-site[SHELL_RENT, lane], factors, service + lease, end, months, lane, rents, discounted)
        claim = _annuity_balance(jv.rate, site[SHELL_RENT, lane], factors, service + lease - end)
        claim += _annuity_balance(jv.rate, site[CHIP_RENT, lane], factors, chip_end - end)
        shell = site[SHELL_COST, lane] * max(1.0 - (end - service) / p.shell_life, 0.0)
        refit = site[REFIT_COST, lane] * max(1.0 - (end - since) / life, 0.0)
        left = _residual_value(v, shell + refit, chips, trailing[end, lane], p.shell_price)
        base = site[GUARANTEE_BASE, lane] + site[CHIP_CLAIM, lane]
        guarantee[end, lane] += _guarantee_payment(jv.guarantee, base, claim, left)
        residual[end, lane] += left
        exits[lane] += 1.0


@inner
def lease_refit(v: Venture, life: int, site: NDArray[np.float64], flows: SiteFlows) -> None:
    """After a swap, let the partner pay its part of refit (and compute), for rent on it."""
    funding, rents, discounted = (
        flows[at.PARTNER_FUNDING],
        flows[at.RENT_CHANGE],
        flows[at.DISCOUNTED_RENT_CHANGE],
    )
    jv, factors = v.jv, v.factors
    months, on_chips = funding.shape[0], _annuity_payment(jv.rate, factors[life])
    for lane in range(site.shape[1]):
        m = int(site[HOLD_BEGIN, lane])
        if m >= months:
            continue
        lease_end = int(site[SERVICE, lane]) + jv.lease_months
        paid = jv.share * site[REFIT_COST, lane]
        rent = paid * _annuity_payment(jv.rate, factors[lease_end - m])
        funding[m, lane] += paid
        _book_rent(rent, factors, lease_end, m, months, lane, rents, discounted)
        site[SHELL_RENT, lane] += rent
        site[GUARANTEE_BASE, lane] += paid
        if jv.assets == ALL:
            chips = jv.share * site[COMPUTE_COST, lane]
            funding[m, lane] += chips
            site[CHIP_CLAIM, lane] = chips
            site[CHIP_RENT, lane] = chips * on_chips


@inner
def close_lease(v: Venture, p: Programme, world: World, site: NDArray[np.float64], totals: Totals) -> None:
    """Add the guarantee owed at the horizon and the value of the partner's part, where the site has not been left."""
    jv, factors, life = v.jv, v.factors, p.compute_life
    value, trailing = world.monthly[at.VALUE_INDEX], world.monthly[at.TRAILING_PRICE, p.cost_growth_by_month.size - 1]
    months, resale = value.shape[0], world.parameters[at.RESALE]
    for lane in range(resale.size):
        if site[EXIT, lane] < months:
            continue
        service, since, purchase = (
            int(site[SERVICE, lane]),
            int(site[DEPRECIATION_START, lane]),
            int(site[PURCHASE, lane]),
        )
        served = service < months
        claim = site[SHELL_CLAIM, lane] + site[CHIP_CLAIM, lane]
        if served:
            claim = _annuity_balance(jv.rate, site[SHELL_RENT, lane], factors, service + jv.lease_months - months)
            claim += _annuity_balance(jv.rate, site[CHIP_RENT, lane], factors, since + life - months)
        book_share = max(1.0 - (months - service) / p.shell_life, 0.0) if served else site[SHELL_SPENT_SHARE, lane]
        shell = site[SHELL_COST, lane] * book_share
        refit = site[REFIT_COST, lane] * max(1.0 - (months - since) / life, 0.0)
        chips = site[COMPUTE_COST, lane] * resale[lane]
        chips *= (
            value[months - 1, lane] * site[INVERSE_VALUE, lane]
            if purchase < months
            else site[COMPUTE_SPENT_SHARE, lane]
        )
        left = _residual_value(v, shell + refit, chips, trailing[lane], p.shell_price)
        base = site[GUARANTEE_BASE, lane] + site[CHIP_CLAIM, lane]
        totals[at.GUARANTEE_AT_END, lane] += _guarantee_payment(jv.guarantee, base, claim, left)
        totals[at.PARTNER_ASSETS_AT_END, lane] += left
