"""The joint venture that owns a site's shell, or its shell and compute: what the partner pays, is paid and keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.naive.marginals import Array
from tests.naive.world import World

NEVER = 10**9  # month of what does not happen


def recovery(rate: float, years: Any) -> Any:
    """Level yearly payment on 1 over so many years."""
    return rate / (1.0 - (1.0 + rate) ** -years)


class Venture:
    """One site's partner on every path; nothing where the plan has no JV or the JV does not take the site."""

    def __init__(self, model: Any, world: World, plan: int, i: int, service: Array) -> None:
        plans, programme = model.plans, model.programme
        taken = bool(plans.jv.sites[plan][i])
        self.part = float(plans.jv.share[plan]) if taken else 0.0  # of shell and refits
        self.chip_part = self.part if plans.jv.assets[plan] == 1 else 0.0  # of compute
        self.rate, self.lease = float(plans.jv.rate[plan]), int(plans.jv.lease_months[plan])
        self.renewal, self.block = int(plans.jv.renewal_months[plan]), int(plans.jv.exit_block[plan])
        self.cover = float(plans.jv.guarantee[plan])
        self.months, self.life, self.recovery = model.months, int(programme.compute_life), programme.capital_recovery
        self.shell_price, self.mw = programme.shell_price, model.grid.mw[i]
        self.world, self.growth, self.service = world, programme.cost_growth_by_month, service
        nothing = np.zeros_like(world.cost)
        self.base, self.chip_base = nothing.copy(), nothing.copy()  # paid in, accrued to service or the horizon
        self.refits = nothing.copy()
        self.refit_rent = nothing.copy()  # a month, to the end of the lease
        self.chips = nothing.copy()  # what the annuity of the present vintage repays
        self.chip_start = np.full(nothing.shape, NEVER)
        self.swapped = np.full(nothing.shape, -NEVER)  # month of the last swap
        self.left = np.full(nothing.shape, NEVER)  # month of exit

    def fund(self, m: int, shell: Array, compute: Array) -> Array:
        """The partner pays its part of what is spent in month m."""
        years = (np.minimum(self.service, self.months) - 1 - m) / 12.0
        self.base = self.base + self.part * shell * (1.0 + self.rate) ** years
        self.chip_base = self.chip_base + self.chip_part * compute * (1.0 + self.rate) ** years
        self.chips = np.where(self.chip_start == NEVER, self.chip_base, self.chips)
        return self.part * shell + self.chip_part * compute

    def renew(self, m: int, where: Array, compute: Array, refit: Array) -> Array:
        """A swap: the partner pays for its part of the refit and of new compute, for more rent."""
        if not self.part:
            return np.zeros_like(compute)
        self.swapped = np.where(where, m, self.swapped)
        self.refits += np.where(where, self.part * refit, 0.0)
        rest = np.where(where, (self.lease - (m - self.service)) / 12.0, 1.0)
        self.refit_rent += np.where(where, self.part * refit * recovery(self.rate, rest) / 12.0, 0.0)
        self.chips = np.where(where, self.chip_part * compute, self.chips)
        self.chip_start = np.where(where, m, self.chip_start)
        return np.where(where, self.part * refit + self.chip_part * compute, 0.0)

    def begin(self, m: int) -> None:
        """Chips go into service: their annuity begins."""
        self.chip_start = np.where(self.service == m, m, self.chip_start)

    def shell_rent(self, m: int) -> Array:
        """Rent of month m for shell and refits."""
        if not self.part:
            return np.zeros_like(self.base)
        due = (self.service <= m) & (m < self.service + self.lease) & (m < self.left)
        return np.where(due, self.base * recovery(self.rate, self.lease / 12.0) / 12.0 + self.refit_rent, 0.0)

    def chip_rent(self, m: int) -> Array:
        """Rent of month m for the present vintage."""
        if not self.chip_part:
            return np.zeros_like(self.base)
        due = (self.chip_start <= m) & (m < self.chip_start + self.life) & (m < self.left)
        return np.where(due, self.chips * recovery(self.rate, self.life / 12.0) / 12.0, 0.0)

    def balance(self, m: int) -> Array:
        """The value of the rents from month m on, at the JV's rate."""
        if not self.part:
            return np.zeros_like(self.base)
        lease_left = (self.service + self.lease - m) / 12.0
        chips_left = (self.chip_start + self.life - m) / 12.0
        owed = 12.0 * self.shell_rent(m) / self.rate * (1.0 - (1.0 + self.rate) ** -lease_left)
        return owed + 12.0 * self.chip_rent(m) / self.rate * (1.0 - (1.0 + self.rate) ** -chips_left)

    def leaves(self, m: int, value: Array, compute: Array) -> Array:
        """Does the sponsor leave in month m, before that month's swap? `value` is V of the vintage held."""
        if not self.part:
            return np.zeros(self.service.shape, dtype=bool)
        age = m - self.service
        date = (age > 0) & (age % self.renewal == 0) & (age < self.lease) & (m - self.swapped >= self.block)
        cost = self.world.operating_cost * self.growth[m]
        price = self.world.p12[m]
        per_watt = 1000.0 / self.mw  # USD bn on so many MW to USD per W
        fresh = price - cost - compute * per_watt * self.recovery
        rent = 12.0 * (self.shell_rent(m) + self.chip_rent(m)) * per_watt
        return date & (m < self.left) & (np.maximum(price * value - cost, fresh) < rent)

    def exit(self, m: int, where: Array, halls: Array, chips: Array) -> tuple[Array, Array]:
        """Guarantee paid and what the partner keeps, given the site's book of halls and what its chips fetch."""
        kept = self.part * halls * np.minimum(1.0, self.world.p12[m] / self.shell_price) + self.chip_part * chips
        owed = self.guaranteed(self.balance(m), kept)
        self.left = np.where(where, m, self.left)
        return np.where(where, owed, 0.0), np.where(where, kept, 0.0)

    def guaranteed(self, balance: Array, kept: Array) -> Array:
        """The payment of the residual-value guarantee."""
        return np.minimum(self.cover * (self.base + self.refits + self.chips), np.maximum(balance - kept, 0.0))

    def at_horizon(self, halls: Array, chips: Array) -> tuple[Array, Array]:
        """Guarantee owed and the value of the partner's part at the horizon, where the site has not been left."""
        last = self.months - 1
        kept = self.part * halls * np.minimum(1.0, self.world.p12[last] / self.shell_price) + self.chip_part * chips
        balance = np.where(self.service < self.months, self.balance(self.months), self.base + self.chip_base)
        here = self.left == NEVER
        return np.where(here, self.guaranteed(balance, kept), 0.0), np.where(here, kept, 0.0)
