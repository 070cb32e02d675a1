"""Capacity leased out and rented: spare, old sites, a year instead of use, a cloud's share of every site."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.naive.marginals import Array, quantile
from tests.naive.sites import SiteFlows
from tests.naive.world import World, event_rows

THOUSAND = 1000.0  # USD/W-y on MW is USD m a year; USD bn of ad revenue in USD m
OPTION_MONTHS = 12


class Leasing:
    """Lets the owned share of the sites, month by month. MW, USD bn."""

    def __init__(self, model: Any, world: World, plan: int, site_flows: SiteFlows, z: Array) -> None:
        self.model, self.world, self.sites, self.plans, self.plan = model, world, site_flows.sites, model.plans, plan
        self.mw = [model.plans.own_share[plan] * mw for mw in model.grid.mw]
        self.let, self.occupancy = (
            float(self.plans.lease_excess.leased_share[plan]),
            float(self.plans.lease_excess.occupancy[plan]),
        )
        self.term = int(self.plans.lease_excess.term[plan])
        nothing = np.zeros_like(world.eps)
        self.rent = [nothing.copy() for _ in self.sites]  # of the present contract, a month
        self.paid = [nothing.copy() for _ in self.sites]  # months of it until the tenant defaults
        self.chosen = [np.zeros(nothing.shape, dtype=bool) for _ in self.sites]  # let for the year
        self.default_z = self._default_scores(z)

    def _default_scores(self, z: Array) -> list[Array]:
        """Scores of the tenants' defaults of each site, (terms, paths)."""
        if not self.let or self.plans.lease_excess.default_rate_marginal[self.plan] < 0:
            return []
        terms = -(-self.model.months // self.term)
        return [event_rows(z, int(first), terms) for first in self.model.programme.default_rate_row]

    def step(self, m: int, learned: Array, effective: Array) -> dict[str, Array]:
        """Rent and W of month m; `learned` and `effective` are L and W of the month before."""
        at = [{name: rows[m] for name, rows in site.items()} for site in self.sites]
        newest = np.max([site["newest"] for site in at], axis=0)
        old = bool(self.plans.lease_excess.previous_generation[self.plan])
        whole = [site["working"] & (site["generation"] < newest) & old for site in at]
        self.chosen = [yes & site["working"] & ~all_ for yes, site, all_ in zip(self.chosen, at, whole, strict=True)]
        if self.model.finance.january[m]:
            self.chosen = [np.zeros_like(yes) for yes in self.chosen]
            self.chosen = self._choose(m, at, whole, learned, effective)
        extra, stay = self._choices(whole)
        let = self._let(at, extra)
        impact = self._impact(m, let)
        income, work = 0.0 * impact, 0.0 * impact
        for i, site in enumerate(at):
            income = income + np.where(site["working"], self._rent(m, i, site, extra[i], impact), 0.0)
            crowded = 1.0 - float(self.plans.lease_excess.crowding[self.plan]) * self.let
            work = work + np.where(site["working"], self.mw[i] * stay[i] * crowded * site["power"], 0.0)
        return {"lease": income, "W": work, "let_mw": let, "impact": impact}

    def _choices(self, whole: list[Array]) -> tuple[list[Array], list[Array]]:
        """MW let per MW beside the spare share, and the share of MW that stays at work, by site."""
        option = float(self.plans.internal_or_lease.share[self.plan])
        extra = [
            np.where(all_, self.occupancy - self.let, np.where(yes, option * self.occupancy, 0.0))
            for all_, yes in zip(whole, self.chosen, strict=True)
        ]
        stay = [
            np.where(all_, 0.0, np.where(yes, 1.0 - option, 1.0)) for all_, yes in zip(whole, self.chosen, strict=True)
        ]
        return extra, stay

    def _let(self, at: list[dict[str, Array]], extra: list[Array]) -> Array:
        """MW let by all sites."""
        parts = [
            np.where(site["working"], mw * (self.let + more), 0.0)
            for site, mw, more in zip(at, self.mw, extra, strict=True)
        ]
        return sum(parts)

    def _impact(self, m: int, let: Array) -> Array:
        """The part of the price that own supply leaves."""
        return (
            1.0 / (1.0 + let / self.model.price.market0_by_month[m])
            if self.plans.lease_excess.own_supply[self.plan]
            else np.ones_like(let)
        )

    def _choose(
        self, m: int, at: list[dict[str, Array]], whole: list[Array], learned: Array, effective: Array
    ) -> list[Array]:
        """January: let a further share for a year where that earns more than what it does for ads."""
        if not self.plans.internal_or_lease.share[self.plan]:
            return self.chosen
        world, arpu = self.world, self.model.arpu
        first = max(0, m - 11)
        ads = (arpu.revenue0_by_month[first : m + 1, None] * world.boom[first : m + 1]).mean(axis=0) * 12.0 * THOUSAND
        gained = world.margin * ads * np.exp(world.eps * learned) * world.eps / (arpu.fleet0_by_month[m] + effective)
        impact = self._impact(m, self._let(at, self._choices(whole)[0]))
        return [
            site["working"] & ~all_ & (self.occupancy * world.p12[m] * site["left"] * impact > gained * site["power"])
            for site, all_ in zip(at, whole, strict=True)
        ]

    def _rent(self, m: int, i: int, site: dict[str, Array], extra: Array, impact: Array) -> Array:
        """Rent of a site at work."""
        keep = (1.0 - float(self.plans.lease_excess.cost_ratio[self.plan])) / 12.0 / THOUSAND
        spot = self.mw[i] * self.world.price[m] * site["left"] * impact * keep  # of all MW
        if not self.let:
            return spot * extra
        contract = float(self.plans.lease_excess.contract_share[self.plan])
        position = site["age"] % self.term
        locks = site["working"] & (position == 0)
        quote = self.world.contracts[self.plans.lease_excess.term_tenor[self.plan]][m]
        fixed = contract * self.let * self.mw[i] * site["left"] * quote * impact * keep
        self.rent[i] = np.where(locks, fixed, self.rent[i])
        self.paid[i] = np.where(locks, self._months_paid(i, site["age"] // self.term), self.paid[i])
        under = np.where(position < self.paid[i], self.rent[i], contract * self.let * spot)
        return under + spot * ((1.0 - contract) * self.let + extra)

    def _months_paid(self, i: int, term: Array) -> Array:
        """Months that the tenant of a contract pays; at least the term where it never defaults."""
        default = int(self.plans.lease_excess.default_rate_marginal[self.plan])
        if default < 0:
            return np.full(term.shape, float(self.term))
        scores = self.default_z[i]
        own = np.take_along_axis(scores, np.clip(term, 0, len(scores) - 1)[None], axis=0)[0]
        return np.floor(12.0 * quantile(self.model.marginals, default, own))


class Cloud:
    """The share of every site that is rented instead of owned, from its planned date on, term by term."""

    def __init__(self, model: Any, world: World, plan: int) -> None:
        plans = model.plans
        self.model, self.world = model, world
        self.share = 1.0 - float(plans.own_share[plan])
        self.term, self.tenor = int(plans.cloud.term[plan]), int(plans.cloud.term_tenor[plan])

    def _lock(self, i: int, m: int) -> int | None:
        """The month in which the term that runs in month m was locked; None before the first."""
        first = int(self.model.grid.planned[i]) - 1
        return first + (m - first) // self.term * self.term if self.share and m >= first else None

    def _cost(self, i: int, m: int) -> Array:
        """Cost of a site's rented share in month m."""
        lock = self._lock(i, m)
        if lock is None:
            return np.zeros_like(self.world.eps)
        mw = self.model.programme.internal_use * self.model.grid.mw[i] * self.share
        return mw * self.world.contracts[self.tenor][lock] / 12.0 / THOUSAND

    def step(self, m: int) -> dict[str, Array]:
        """Cost and W of month m."""
        cost, work = np.zeros_like(self.world.eps), np.zeros_like(self.world.eps)
        for i, mw in enumerate(self.model.grid.mw):
            cost = cost + self._cost(i, m)
            lock, delay = self._lock(i, m), int(self.model.programme.work_delay[i])
            if lock is not None and m >= int(self.model.grid.planned[i]) - 1 + delay:
                power = self.world.effic[lock] * self.world.work[m] / self.world.work[lock]
                work = work + mw * self.share * power
        return {"cloud": cost, "W": work}

    def owed(self, m: int) -> Array:
        """Present value, at month m's closing rate, of what current terms still cost within the horizon."""
        total = np.zeros_like(self.world.eps)
        for i in range(len(self.model.grid.mw)):
            lock = self._lock(i, m)
            if lock is not None:
                for later in range(m + 1, min(lock + self.term, self.model.months)):
                    total = total + self._cost(i, later) * (1.0 + self.world.rs[m]) ** (-(later - m) / 12.0)
        return total
