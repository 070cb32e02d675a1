"""The joint venture of a site: what the partner pays in, is paid, and is left with.

The partner funds its share of the shell (with `chips`, of compute too). From service on it is paid rent, the annuity on
what it paid in with interest; refits add to it. At renewal dates the sponsor may leave: it hands the site back, sells
the chips and pays the residual-value guarantee, as it owes it at the horizon. Rates are per year, lives months.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.plan.plans import Joint
from simulator.finance.sites.vintages import (
    BASE,
    BEGIN,
    CHIP_BASE,
    CHIP_RENT,
    COMPUTE,
    COMPUTE_SHARE,
    DELIVERED,
    END,
    KEEPS,
    LEFT,
    PARTNER_BASE,
    REFIT,
    RENTED,
    SERVICE,
    SHELL,
    SHELL_SHARE,
    SINCE,
    VINTAGE,
    add_level,
)
from simulator.finance.workspace import Lanes, Monthly, Totals, Works
from simulator.numerics.jit import inner


@inner
def _annuity(j: Joint, months: int) -> float:
    """Level monthly payment that repays 1 over `months` at the JV's rate, due at the CRF's yearly payment / 12."""
    return float(j.rate / (12.0 * (1.0 - j.decay[months])))


@inner
def balance(j: Joint, rent: float, months: int) -> float:
    """What is owed on a monthly rent with `months` to run."""
    return float(12.0 * rent / j.rate * (1.0 - j.decay[max(months, 0)]))


@inner
def open_lease(j: Joint, life: int, site: NDArray[np.float64], rents: Monthly, ends: Monthly) -> None:
    """The rent on what the partner paid in up to service; both bases accrue to S, or to the horizon before it."""
    months, on_shell, on_chips = rents.shape[0], _annuity(j, j.lease), _annuity(j, life)
    for lane in range(site.shape[1]):
        service = int(site[SERVICE, lane])
        grown = 1.0 / j.decay[min(service, months)]
        site[BASE, lane] *= grown
        site[CHIP_BASE, lane] *= grown
        site[PARTNER_BASE, lane] = site[BASE, lane]
        site[RENTED, lane] = site[BASE, lane] * on_shell
        site[CHIP_RENT, lane] = site[CHIP_BASE, lane] * on_chips
        _add_rent(j, site[RENTED, lane], service, service + j.lease, months, lane, rents, ends)


@inner
def _add_rent(
    j: Joint, rent: float, begin: int, runs_to: int, end: int, lane: int, rents: Monthly, ends: Monthly
) -> None:
    """Book a monthly rent over begin .. end - 1 whose annuity runs to the month `runs_to`."""
    if begin < rents.shape[0]:
        add_level(rents, rent, begin, end, lane)
        add_level(ends, rent * j.decay[runs_to], begin, end, lane)


@inner
def leave(
    j: Joint,
    mw: float,
    life: int,
    recovery: float,
    growth: NDArray[np.float64],
    operating_cost: Lanes,
    trailing: Monthly,
    value: Monthly,
    site: NDArray[np.float64],
) -> None:
    """Exit at the first renewal date of the vintage at which neither its use nor that of new chips earns the rent."""
    months = growth.size
    for lane in range(operating_cost.size):
        service, since, end = int(site[SERVICE, lane]), int(site[SINCE, lane]), int(site[END, lane])
        m = service + j.renewal
        while m <= min(end, months - 1) and m < service + j.lease and site[BEGIN, lane] < months:
            blocked = m <= since or (since > service and m - since < j.block)
            if not blocked:
                run, price = operating_cost[lane] * growth[m], trailing[m, lane]
                chips = site[CHIP_RENT, lane] if m < since + life else 0.0
                rent = 12e3 * (site[RENTED, lane] + chips) / mw
                old = price * (value[m, lane] * site[KEEPS, lane]) - run
                new = price - run - 1e3 * site[COMPUTE, lane] / mw * recovery
                if max(old, new) < rent:
                    site[END, lane] = m
                    site[LEFT, lane] = m
                    break
            m += j.renewal


@inner
def _partner_value(j: Joint, shell: float, refit: float, chips: float, trailing: float, shell_price: float) -> float:
    """Its part of shell and refit book (given whole) at min(1, P12 / 12), and of what the chips bring."""
    return j.share * ((shell + refit) * min(1.0, trailing / shell_price) + (chips if j.chips else 0.0))


@inner
def _guaranteed(j: Joint, base: float, owed: float, value: float) -> float:
    """The residual-value guarantee: what the partner's claim exceeds its assets by, up to a share of its base."""
    return min(j.guarantee * base, max(owed - value, 0.0))


@inner
def depart(
    j: Joint,
    mw: float,
    life: int,
    shell_life: int,
    shell_price: float,
    adder: float,
    operating_cost: Lanes,
    behind: Lanes,
    resale: Lanes,
    trailing: Monthly,
    value: Monthly,
    site: NDArray[np.float64],
    works: Works,
    exits: Lanes,
) -> None:
    """End a vintage's annuity; where the sponsor leaves, end the site: rent, cost and MW, and pay the guarantee."""
    months = value.shape[0]
    rents, ends, payouts, returned = works[at.RENT], works[at.RENT_END], works[at.GUARANTEE], works[at.RETURNED]
    cost_change, mw_change, first_change = works[at.RUNNING], works[at.SERVICE], works[at.FIRST_CHANGE]
    for lane in range(resale.size):
        service, since, end = int(site[SERVICE, lane]), int(site[SINCE, lane]), int(site[END, lane])
        if site[BEGIN, lane] >= months:
            continue
        chip_end = since + life
        if j.chips:
            _add_rent(j, site[CHIP_RENT, lane], since, chip_end, min(chip_end, end), lane, rents, ends)
        worth = site[COMPUTE, lane] * resale[lane]
        if end < months:
            worth *= value[end, lane] * site[KEEPS, lane]
        if site[LEFT, lane] >= months:
            if j.chips and end < months:
                returned[end, lane] += j.share * worth
            continue
        first = mw * (1.0 / value[int(site[DELIVERED, lane]), lane])  # to the bit what was added
        add_level(cost_change, -mw * (operating_cost[lane] + adder * behind[lane]), end, months, lane)
        add_level(mw_change, -mw, end, months, lane)
        add_level(first_change, -first, end, months, lane)
        _add_rent(j, -site[RENTED, lane], end, service + j.lease, months, lane, rents, ends)
        owed = balance(j, site[RENTED, lane], service + j.lease - end)
        owed += balance(j, site[CHIP_RENT, lane], chip_end - end)
        shell = site[SHELL, lane] * max(1.0 - (end - service) / shell_life, 0.0)
        refit = site[REFIT, lane] * max(1.0 - (end - since) / life, 0.0)
        left = _partner_value(j, shell, refit, worth, trailing[end, lane], shell_price)
        base = site[PARTNER_BASE, lane] + site[CHIP_BASE, lane]
        payouts[end, lane] += _guaranteed(j, base, owed, left)
        returned[end, lane] += left
        exits[lane] += 1.0


@inner
def refit_lease(
    j: Joint, life: int, site: NDArray[np.float64], partner: Monthly, rents: Monthly, ends: Monthly
) -> None:
    """After a swap: the partner pays its part of refit (and compute) and is paid rent on it."""
    months, on_chips = partner.shape[0], _annuity(j, life)
    for lane in range(site.shape[1]):
        m = int(site[BEGIN, lane])
        if m >= months:
            continue
        runs_to = int(site[SERVICE, lane]) + j.lease
        paid = j.share * site[REFIT, lane]
        rent = paid * _annuity(j, runs_to - m)
        partner[m, lane] += paid
        _add_rent(j, rent, m, runs_to, months, lane, rents, ends)
        site[RENTED, lane] += rent
        site[PARTNER_BASE, lane] += paid
        if j.chips:
            chips = j.share * site[COMPUTE, lane]
            partner[m, lane] += chips
            site[CHIP_BASE, lane] = chips
            site[CHIP_RENT, lane] = chips * on_chips


@inner
def close_lease(
    j: Joint,
    life: int,
    shell_life: int,
    shell_price: float,
    resale: Lanes,
    trailing: Lanes,
    value: Monthly,
    site: NDArray[np.float64],
    totals: Totals,
) -> None:
    """What the sponsor owes at the horizon by the guarantee's formula, and what the partner's part is then worth."""
    months = value.shape[0]
    for lane in range(resale.size):
        if site[LEFT, lane] < months:
            continue
        service, since, vintage = int(site[SERVICE, lane]), int(site[SINCE, lane]), int(site[VINTAGE, lane])
        served = service < months
        owed = site[BASE, lane] + site[CHIP_BASE, lane]
        if served:
            owed = balance(j, site[RENTED, lane], service + j.lease - months)
            owed += balance(j, site[CHIP_RENT, lane], since + life - months)
        stands = max(1.0 - (months - service) / shell_life, 0.0) if served else site[SHELL_SHARE, lane]
        shell = site[SHELL, lane] * stands
        refit = site[REFIT, lane] * max(1.0 - (months - since) / life, 0.0)
        chips = site[COMPUTE, lane] * resale[lane]
        chips *= value[months - 1, lane] * site[KEEPS, lane] if vintage < months else site[COMPUTE_SHARE, lane]
        left = _partner_value(j, shell, refit, chips, trailing[lane], shell_price)
        base = site[PARTNER_BASE, lane] + site[CHIP_BASE, lane]
        totals[at.OWED_AT_END, lane] += _guaranteed(j, base, owed, left)
        totals[at.PARTNER_VALUE, lane] += left
