"""Sites under a plan: spend, delivery, service, swaps, exits, depreciation and book, one site and month at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.jv import NEVER, Venture
from tests.naive.marginals import Array
from tests.naive.world import World

BOOK, ECONOMIC = 1, 2


@dataclass
class SiteFlows:
    """The flows of all sites of a plan together, of the share that is owned."""

    monthly: dict[str, Array]  # sums over sites, (months, paths)
    sites: list[dict[str, Array]]  # each site's whole capacity at work, (months, paths); see Site.at_work
    terminal: Array  # proceeds at the horizon after tax, sponsor's part
    terminal_flows: Array  # proceeds and books at the horizon
    idle_capital: Array  # USD bn-years
    idle_sponsor: Array
    retired: Array  # stranded value met at swaps, exits and at the horizon
    write_offs: Array
    write_off_flows: Array  # proceeds and book of every swap and exit
    served: Array  # MW in service within the horizon
    compute: Array  # cost of all compute, USD bn
    owed: Array  # to the JV partner at the horizon, under the guarantee
    kept: Array  # value of the partner's part at the horizon
    exits: Array  # sites left


class Site:
    """One site on every path. Money is USD bn; months are whole numbers; state is as of the last month stepped."""

    def __init__(self, model: Any, world: World, plan: int, i: int) -> None:
        grid, programme = model.grid, model.programme
        self.world, self.growth = world, programme.cost_growth_by_month
        self.mw, self.begin, self.work_delay = grid.mw[i], grid.start[i], programme.work_delay[i]
        self.built, self.behind = world.build_end[i], world.behind_meter[i]
        self.shell = programme.shell_cost_per_mw * self.mw * world.cost
        self.compute = programme.compute_cost_per_mw * self.mw * world.cost
        self.compute_life, self.shell_life = programme.compute_life, programme.shell_life
        self.delivery, self.shell_price = programme.delivery_months, programme.shell_price
        self.idle_share, self.adder = programme.idle_share, programme.behind_meter_cost
        self.refresh, self.refit_share = model.plans.variant.refresh[plan], model.plans.variant.refit[plan]
        self._dates(model, plan, i, world.energised[i])
        self.jv = Venture(model, world, plan, i, self.service)
        nothing = np.zeros_like(world.cost)
        self.shell_book = self.shell * self.shell_share(0)  # of sponsor and partner; sunk before month 0
        self.compute_book = self.compute * self.compute_share(0)
        self.sunk = self.shell_book, self.compute_book
        self.compute_paid = self.compute_book.copy()
        self.refit, self.refit_book = nothing.copy(), nothing.copy()
        self.first_value = np.ones_like(nothing)  # indices of value, work and efficiency at delivery:
        self.value = np.ones_like(nothing)  # of the first vintage (first_value) and of the present one
        self.work, self.effic = np.ones_like(nothing), np.ones_like(nothing)
        self.generation = nothing.copy()  # of the present vintage
        self.clock = np.full(nothing.shape, -1)  # month in which depreciation of the present vintage began
        self.retired, self.write_offs, self.write_off_flows = nothing.copy(), nothing.copy(), nothing.copy()

    def _dates(self, model: Any, plan: int, i: int, energised: Array) -> None:
        """Months of delivery and service, the time by which compute is paid, and the fee for late orders."""
        planned = int(model.grid.planned[i])
        month = np.maximum(np.ceil(energised).astype(int) - 1, 0)
        self.built_month = np.maximum(np.ceil(self.built).astype(int) - 1, 0)
        self.fee, self.fee_month = np.zeros_like(energised), planned - 1
        if model.plans.variant.chips[plan] == 1 and not model.grid.near_term_flag[i]:
            self.paid_by = np.maximum(energised, planned)
            self.delivered = np.maximum(np.ceil(self.paid_by).astype(int) - 1, 0)
            self.service = self.delivered
            late = np.clip((energised - planned) / self.delivery, 0.0, 1.0)
            self.fee = model.programme.cancellation_fee * self.compute * late
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
        world, jv = self.world, self.jv
        shell = self.shell * (self.shell_share(m + 1) - self.shell_share(m))
        compute = self.compute * (self.compute_share(m + 1) - self.compute_share(m))
        self.shell_book = self.shell_book + shell
        self.compute_book = self.compute_book + compute
        self.compute_paid = self.compute_paid + compute
        self._take_vintage(m, self.delivered == m)
        self.first_value = np.where(self.delivered == m, world.value[m], self.first_value)
        self.clock = np.where(self.service == m, m, self.clock)
        funding = jv.fund(m, shell, compute) + (jv.fund(m, *self.sunk) if m == 0 else 0.0)
        jv.begin(m)
        guarantee, kept, exit_sale, exit_gain = self._exit(m)
        sale, gain, renewal, renewed, partner_sale = self._swap(m)
        depreciation = self._depreciate(m)
        delivered, serving = (self.delivered <= m) & self.here(m), (self.service <= m) & self.here(m)
        worth = np.where(delivered, world.value[m] / self.value * self.compute, 0.0)
        idle_shell = np.where((m >= self.built_month) & (self.service > m), self.shell, 0.0)
        idle_compute = np.where(delivered & ~serving, self.compute, 0.0)
        return {
            "capex": shell + compute + renewal,
            "sale": exit_sale + sale,
            "gain": exit_gain + gain,
            "dep": depreciation,
            "operating_cost": self._operating_cost(m, delivered, serving),
            "book": (1.0 - jv.part) * (self.shell_book + self.refit_book) + (1.0 - jv.chip_part) * self.compute_book,
            "asset_value": worth,
            "stranded": np.where(delivered, np.maximum(self.compute_book - worth, 0.0), 0.0),
            "idle": idle_shell + idle_compute,
            "mw_in_service": np.where(serving, self.mw, 0.0),
            "mw_value": np.where(serving, self.mw / self.first_value, 0.0),
            "reserve": np.where(serving, self.compute + self.refit_share * self.shell * self.growth[m], 0.0)
            * (12.0 / self.compute_life),
            "partner": funding + renewed,
            "rent": jv.shell_rent(m) + jv.chip_rent(m),
            "guarantee": guarantee,
            "returned": kept + partner_sale,
            "rent_owed": jv.balance(m),
        }

    def here(self, m: int) -> Array:
        """True on paths where the sponsor has not left by month m."""
        return m < self.jv.left

    def at_work(self, m: int) -> dict[str, Array]:
        """The state that leasing looks at, when month m closes."""
        working = (m >= self.service + self.work_delay) & self.here(m)
        return {
            "working": working,
            "age": m - (self.service + self.work_delay),  # months at work
            "left": self.world.value[m] / self.value,  # V of the vintage held
            "power": self.effic * self.world.work[m] / self.work,  # work per MW
            "generation": self.generation,
            "newest": np.where(working, self.generation, -1.0),
        }

    def _take_vintage(self, m: int, where: Array) -> None:
        """New chips of month m arrive on the paths marked."""
        self.value = np.where(where, self.world.value[m], self.value)
        self.work = np.where(where, self.world.work[m], self.work)
        self.effic = np.where(where, self.world.effic[m], self.effic)
        self.generation = np.where(where, self.world.arrived[m], self.generation)

    def _exit(self, m: int) -> tuple[Array, Array, Array, Array]:
        """Leave the JV where that is due and pays: guarantee, value left to the partner, sponsor's sale and gain."""
        worth = self.world.value[m] / self.value * self.compute
        where = self.jv.leaves(m, self.world.value[m] / self.value, self.compute)
        proceeds, own = worth * self.world.resale, 1.0 - self.jv.chip_part
        guarantee, kept = self.jv.exit(m, where, self.shell_book + self.refit_book, proceeds)
        gain = own * (proceeds - self.compute_book)
        self.retired += np.where(where, np.maximum(self.compute_book - worth, 0.0), 0.0)
        self.write_offs += np.where(where, np.maximum(-gain, 0.0), 0.0)
        self.write_off_flows += np.where(where, proceeds + self.compute_book, 0.0)
        self.compute_book = np.where(where, 0.0, self.compute_book)
        return guarantee, kept, np.where(where, own * proceeds, 0.0), np.where(where, gain, 0.0)

    def _due(self, m: int) -> Array:
        """Are the chips swapped this month?"""
        running = (self.service <= m) & (m > self.clock) & self.here(m)
        if self.refresh == BOOK:
            return running & (m == self.clock + self.compute_life)
        if self.refresh == ECONOMIC:
            cost = self.world.operating_cost * self.growth[m]
            fresh = self.world.p12[m]
            aged = fresh * self.world.value[m] / self.value
            return running & (aged < cost) & (fresh >= cost)
        return np.zeros(self.shell.shape, dtype=bool)

    def _swap(self, m: int) -> tuple[Array, Array, Array, Array, Array]:
        """Sell old chips and buy new ones where due.

        Sponsor's proceeds and gain against book, cost of chips and refit, the partner's part of that cost and of the
        proceeds.
        """
        jv, due = self.jv, self._due(m)
        worth = self.world.value[m] / self.value * self.compute
        proceeds = worth * self.world.resale
        gain = (1.0 - jv.chip_part) * (proceeds - self.compute_book) - (1.0 - jv.part) * self.refit_book
        refit = self.refit_share * self.shell * self.growth[m]
        self.retired += np.where(due, np.maximum(self.compute_book - worth, 0.0), 0.0)
        self.write_offs += np.where(due, np.maximum(-gain, 0.0), 0.0)
        self.write_off_flows += np.where(due, proceeds + self.compute_book + self.refit_book, 0.0)
        self.compute_book = np.where(due, self.compute, self.compute_book)
        self.refit_book = np.where(due, refit, self.refit_book)
        self.refit = np.where(due, refit, self.refit)
        self.clock = np.where(due, m, self.clock)
        self._take_vintage(m, due)
        renewed, sale = jv.renew(m, due, self.compute, refit), np.where(due, proceeds, 0.0)
        return (
            (1.0 - jv.chip_part) * sale,
            np.where(due, gain, 0.0),
            np.where(due, self.compute + refit, 0.0),
            renewed,
            jv.chip_part * sale,
        )

    def _depreciate(self, m: int) -> Array:
        """Straight line, from the first month of service (shell) or of the vintage (compute and refit).

        The sponsor's part; what is left in an exit goes on being depreciated, but for compute, which is sold.
        """
        serving = self.service <= m
        young = serving & (m < self.clock + self.compute_life)
        compute = np.where(young & self.here(m), self.compute / self.compute_life, 0.0)
        refit = np.where(young, self.refit / self.compute_life, 0.0)
        shell = np.where(serving & (m < self.service + self.shell_life), self.shell / self.shell_life, 0.0)
        self.compute_book = self.compute_book - compute
        self.refit_book = self.refit_book - refit
        self.shell_book = self.shell_book - shell
        return (1.0 - self.jv.chip_part) * compute + (1.0 - self.jv.part) * (refit + shell)

    def _operating_cost(self, m: int, delivered: Array, serving: Array) -> Array:
        """Running cost of the month, with the fee for late orders in the planned month."""
        use = np.where(serving, 1.0, np.where(delivered, self.idle_share, 0.0))
        per_watt = self.world.operating_cost * use + self.adder * self.behind * serving
        fee = self.fee if m == self.fee_month else 0.0
        return self.growth[m] * self.mw * per_watt / 12.0 / 1000.0 + fee

    def terminal(self, last: int, tax: float) -> dict[str, Array]:
        """Sale of everything at the end of month `last`: sponsor's after tax on gain or loss, and the partner's."""
        left = np.where(self.delivered <= last, self.world.value[last] / self.value, 1.0)
        chips = np.where(self.here(last), left * self.compute_paid * self.world.resale, 0.0)
        halls = self.shell_book + self.refit_book
        worth = halls * np.minimum(1.0, self.world.p12[last] / self.shell_price)
        own, own_chips = 1.0 - self.jv.part, 1.0 - self.jv.chip_part
        proceeds = own_chips * chips + own * worth
        owed, kept = self.jv.at_horizon(halls, chips)
        stranded = np.maximum(self.compute_book - left * self.compute, 0.0)
        return {
            "terminal": proceeds - tax * (proceeds - own_chips * self.compute_book - own * halls),
            "terminal_flows": chips + halls + self.compute_book,
            "owed": owed,
            "kept": kept,
            "retired": self.retired + np.where((self.delivered <= last) & self.here(last), stranded, 0.0),
        }

    def idle_capital(self, months: int) -> tuple[Array, Array]:
        """USD bn-years of what was finished but not in service: of the project, and without the partner's part."""
        service = np.minimum(self.service, months)
        shell = self.shell * np.maximum(service - self.built_month, 0) / 12.0
        compute = self.compute * np.maximum(service - self.delivered, 0) / 12.0
        return shell + compute, (1.0 - self.jv.part) * shell + (1.0 - self.jv.chip_part) * compute


def run_sites(model: Any, world: World, plan: int) -> SiteFlows:
    """All sites of a plan over the horizon."""
    own, last = model.plans.own_share[plan], model.months - 1
    sites = [Site(model, world, plan, i) for i in range(len(model.grid.mw))]
    monthly: dict[str, list[Array]] = {}
    work: list[dict[str, list[Array]]] = [{} for _ in sites]
    for m in range(model.months):
        steps = [site.step(m) for site in sites]
        for name in steps[0]:
            monthly.setdefault(name, []).append(own * sum(step[name] for step in steps))
        for site, rows in zip(sites, work, strict=True):
            for name, row in site.at_work(m).items():
                rows.setdefault(name, []).append(row)
    terminals = [site.terminal(last, model.finance.tax) for site in sites]
    end = {name: own * sum(terminal[name] for terminal in terminals) for name in terminals[0]}
    idle = [site.idle_capital(model.months) for site in sites]
    return SiteFlows(
        monthly={name: np.array(rows) for name, rows in monthly.items()},
        sites=[{name: np.array(values) for name, values in rows.items()} for rows in work],
        idle_capital=own * sum(whole for whole, _ in idle),
        idle_sponsor=own * sum(part for _, part in idle),
        write_offs=own * sum(site.write_offs for site in sites),
        write_off_flows=own * sum(site.write_off_flows for site in sites),
        served=own * sum(np.where(site.service <= last, site.mw, 0.0) for site in sites),
        compute=own * sum(site.compute for site in sites),
        exits=sum((site.jv.left != NEVER).astype(float) for site in sites),
        **end,
    )
