"""Sites under a plan: spend, delivery, service, swaps, depreciation and book, one site and month at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.marginals import Array
from tests.naive.world import World

BOOK, ECONOMIC = 1, 2


@dataclass
class Works:
    """What all sites of a plan do together."""

    monthly: dict[str, Array]  # sums over sites, (months, paths)
    terminal: Array  # proceeds at the horizon after tax
    idle_capital: Array  # USD bn-years
    retired: Array  # stranded value met at swaps and at the horizon
    write_offs: Array
    write_off_flows: Array  # proceeds and book of every swap
    served: Array  # MW in service within the horizon
    compute: Array  # cost of all compute, USD bn


class Site:
    """One site on every path. Money is USD bn; months are whole numbers; state is as of the last month stepped."""

    def __init__(self, model: Any, world: World, plan: int, i: int) -> None:
        grid, programme = model.grid, model.programme
        self.world, self.growth = world, programme.growth
        self.mw, self.begin, self.work_delay = grid.mw[i], grid.start[i], programme.work_delay[i]
        self.built, self.behind = world.build_end[i], world.behind_meter[i]
        self.shell = programme.shell_per_mw * self.mw * world.cost
        self.compute = programme.compute_per_mw * self.mw * world.cost
        self.compute_life, self.shell_life = programme.compute_life, programme.shell_life
        self.delivery, self.shell_price = programme.delivery, programme.shell_price
        self.idle_share, self.adder = programme.idle_share, programme.behind_meter
        self.refresh, self.refit_share = model.plans.refresh[plan], model.plans.refit[plan]
        self._dates(model, plan, i, world.energised[i])
        nothing = np.zeros_like(world.cost)
        self.shell_book = self.shell * self.shell_share(0)  # sunk before month 0
        self.compute_book = self.compute * self.compute_share(0)
        self.compute_paid = self.compute_book.copy()
        self.refit, self.refit_book = nothing.copy(), nothing.copy()
        self.first_value = np.ones_like(nothing)  # indices of value, work and efficiency at delivery:
        self.value = np.ones_like(nothing)  # of the first vintage (first_value) and of the present one
        self.work, self.effic = np.ones_like(nothing), np.ones_like(nothing)
        self.clock = np.full(nothing.shape, -1)  # month in which depreciation of the present vintage began
        self.retired, self.write_offs, self.write_off_flows = nothing.copy(), nothing.copy(), nothing.copy()

    def _dates(self, model: Any, plan: int, i: int, energised: Array) -> None:
        """Months of delivery and service, the time by which compute is paid, and the fee for late orders."""
        planned = int(model.grid.planned[i])
        month = np.maximum(np.ceil(energised).astype(int) - 1, 0)
        self.built_month = np.maximum(np.ceil(self.built).astype(int) - 1, 0)
        self.fee, self.fee_month = np.zeros_like(energised), planned - 1
        if model.plans.chips[plan] == 1 and not model.grid.near[i]:
            self.paid_by = np.maximum(energised, planned)
            self.delivered = np.maximum(np.ceil(self.paid_by).astype(int) - 1, 0)
            self.service = self.delivered
            late = np.clip((energised - planned) / self.delivery, 0.0, 1.0)
            self.fee = model.programme.fee * self.compute * late
        else:
            self.paid_by = np.full(energised.shape, float(planned))
            self.delivered = np.full(energised.shape, planned - 1)
            self.service = np.maximum(month, planned - 1)

    def shell_share(self, t: float) -> Array:
        """Share of shell spent by month-time t: a smoothstep from start to the end of construction."""
        u = np.clip((t - self.begin) / (self.built - self.begin), 0.0, 1.0)
        return u * u * (3.0 - 2.0 * u)

    def compute_share(self, t: float) -> Array:
        """Share of compute spent by month-time t: linear over the delivery months."""
        return np.clip((t - (self.paid_by - self.delivery)) / self.delivery, 0.0, 1.0)

    def step(self, m: int) -> dict[str, Array]:
        """Live through month m; returns its flows and the closing state."""
        world = self.world
        shell = self.shell * (self.shell_share(m + 1) - self.shell_share(m))
        compute = self.compute * (self.compute_share(m + 1) - self.compute_share(m))
        self.shell_book = self.shell_book + shell
        self.compute_book = self.compute_book + compute
        self.compute_paid = self.compute_paid + compute
        self._take_vintage(m, self.delivered == m)
        self.first_value = np.where(self.delivered == m, world.value[m], self.first_value)
        self.clock = np.where(self.service == m, m, self.clock)
        delivered, serving = self.delivered <= m, self.service <= m
        sale, gain, renewal = self._swap(m)
        depreciation = self._depreciate(m, serving)
        left = world.value[m] / self.value  # of the present vintage
        working = serving & (m >= self.service + self.work_delay)
        power = self.effic * world.work[m] / self.work
        return {
            "capex": shell + compute + renewal,
            "sale": sale,
            "gain": gain,
            "dep": depreciation,
            "operating_cost": self._operating_cost(m, delivered, serving),
            "W": np.where(working, self.mw * power, 0.0),
            "book": self.shell_book + self.compute_book + self.refit_book,
            "asset_value": np.where(delivered, left * self.compute, 0.0),
            "stranded": np.where(delivered, np.maximum(self.compute_book - left * self.compute, 0.0), 0.0),
            "idle": np.where((m >= self.built_month) & ~serving, self.shell, 0.0)
            + np.where(delivered & ~serving, self.compute, 0.0),
            "mw_in_service": np.where(serving, self.mw, 0.0),
            "mw_value": np.where(serving, self.mw / self.first_value, 0.0),
            "reserve": np.where(serving, self.compute + self.refit_share * self.shell * self.growth[m], 0.0)
            * (12.0 / self.compute_life),
        }

    def _take_vintage(self, m: int, where: Array) -> None:
        """New chips of month m arrive on the paths marked."""
        self.value = np.where(where, self.world.value[m], self.value)
        self.work = np.where(where, self.world.work[m], self.work)
        self.effic = np.where(where, self.world.effic[m], self.effic)

    def _due(self, m: int) -> Array:
        """Are the chips swapped this month?"""
        running = (self.service <= m) & (m > self.clock)
        if self.refresh == BOOK:
            return running & (m == self.clock + self.compute_life)
        if self.refresh == ECONOMIC:
            cost = self.world.operating_cost * self.growth[m]
            fresh = self.world.p12[m]
            aged = fresh * self.world.value[m] / self.value
            return running & (aged < cost) & (fresh >= cost)
        return np.zeros(self.shell.shape, dtype=bool)

    def _swap(self, m: int) -> tuple[Array, Array, Array]:
        """Sell old chips and buy new ones where due: proceeds, gain against book, cost of chips and refit."""
        due = self._due(m)
        worth = self.world.value[m] / self.value * self.compute
        proceeds = worth * self.world.resale
        gain = proceeds - self.compute_book - self.refit_book
        refit = self.refit_share * self.shell * self.growth[m]
        self.retired += np.where(due, np.maximum(self.compute_book - worth, 0.0), 0.0)
        self.write_offs += np.where(due, np.maximum(-gain, 0.0), 0.0)
        self.write_off_flows += np.where(due, proceeds + self.compute_book + self.refit_book, 0.0)
        self.compute_book = np.where(due, self.compute, self.compute_book)
        self.refit_book = np.where(due, refit, self.refit_book)
        self.refit = np.where(due, refit, self.refit)
        self.clock = np.where(due, m, self.clock)
        self._take_vintage(m, due)
        return np.where(due, proceeds, 0.0), np.where(due, gain, 0.0), np.where(due, self.compute + refit, 0.0)

    def _depreciate(self, m: int, serving: Array) -> Array:
        """Straight line, from the first month of service (shell) or of the vintage (compute and refit)."""
        young = serving & (m < self.clock + self.compute_life)
        compute = np.where(young, self.compute / self.compute_life, 0.0)
        refit = np.where(young, self.refit / self.compute_life, 0.0)
        shell = np.where(serving & (m < self.service + self.shell_life), self.shell / self.shell_life, 0.0)
        self.compute_book = self.compute_book - compute
        self.refit_book = self.refit_book - refit
        self.shell_book = self.shell_book - shell
        return compute + refit + shell

    def _operating_cost(self, m: int, delivered: Array, serving: Array) -> Array:
        """Running cost of the month, with the fee for late orders in the planned month."""
        use = np.where(serving, 1.0, np.where(delivered, self.idle_share, 0.0))
        per_watt = self.world.operating_cost * use + self.adder * self.behind * serving
        fee = self.fee if m == self.fee_month else 0.0
        return self.growth[m] * self.mw * per_watt / 12.0 / 1000.0 + fee

    def terminal(self, last: int, tax: float) -> Array:
        """Sale of everything at the end of month `last`, after tax on gain or loss."""
        left = np.where(self.delivered <= last, self.world.value[last] / self.value, 1.0)
        chips = left * self.compute_paid * self.world.resale
        other = self.shell_book + self.refit_book
        halls = other * np.minimum(1.0, self.world.p12[last] / self.shell_price)
        return chips + halls - tax * (chips + halls - self.compute_book - other)

    def idle_capital(self, months: int) -> Array:
        """USD bn-years of what was finished but not in service."""
        service = np.minimum(self.service, months)
        shell = self.shell * np.maximum(service - self.built_month, 0)
        return (shell + self.compute * np.maximum(service - self.delivered, 0)) / 12.0


def run_sites(model: Any, world: World, plan: int) -> Works:
    """All sites of a plan over the horizon."""
    sites = [Site(model, world, plan, i) for i in range(len(model.grid.mw))]
    monthly: dict[str, list[Array]] = {}
    for m in range(model.months):
        steps = [site.step(m) for site in sites]
        for name in steps[0]:
            monthly.setdefault(name, []).append(sum(step[name] for step in steps))
    last = model.months - 1
    at_end = [np.where(site.delivered <= last, np.maximum(
        site.compute_book - world.value[last] / site.value * site.compute, 0.0), 0.0) for site in sites]  # fmt: skip
    return Works(
        {name: np.array(rows) for name, rows in monthly.items()},
        sum(site.terminal(last, model.finance.tax) for site in sites),
        sum(site.idle_capital(model.months) for site in sites),
        sum(site.retired for site in sites) + sum(at_end),
        sum(site.write_offs for site in sites),
        sum(site.write_off_flows for site in sites),
        sum(np.where(site.service <= last, site.mw, 0.0) for site in sites),
        sum(site.compute for site in sites),
    )
