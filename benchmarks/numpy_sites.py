"""The sites of a plan in NumPy: spend, service, swaps and the value at the horizon.

Everything a site costs is proportional to the cost multiplier of its path, so capital is booked per unit of it. Events
(service, swap) are changes of monthly levels, put in by flat index and summed up over months together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.numpy_tables import Array
from benchmarks.numpy_world import EFFICIENCY, VALUE, WORK, World
from simulator.model import Model

COST, ACTIVE, SERVICE, FIRST, DEPRECIATION = range(5)  # levels, stacked
Index = NDArray[np.intp]


@dataclass
class Site:
    """One site on all paths; the vintage is the one held last."""

    number: int
    shell: float  # USD bn per unit of the cost multiplier
    compute: float
    delivered: int  # month
    service: Index  # month, the horizon if later
    since: Index  # month in which the vintage's depreciation began
    inverse: Array  # 1 / value index at the vintage
    effective: Array  # work of the vintage per unit of the work index
    refit: Array  # cost of the refit that came with it


def smoothstep(t: Array) -> Array:
    """t^2 (3 - 2 t) for t clipped to 0 .. 1, in place."""
    np.clip(t, 0.0, 1.0, out=t)
    rest = 3.0 - 2.0 * t
    t *= t
    t *= rest
    return t


class Sites:
    """Sums over sites."""

    def __init__(self, model: Model, world: World) -> None:
        self.model, self.world, self.paths = model, world, world.paths
        months = model.months
        self.level = np.empty((months + 1, 5, self.paths))  # the last row takes what falls beyond the horizon
        self.spend = np.empty((months + 1, self.paths))  # capex less sales
        self.gain = np.empty((months + 1, self.paths))
        self.stranded = np.empty((months, self.paths))
        self.wide, self.share = np.empty((months, self.paths)), np.empty((months, self.paths))
        self.growth = np.append(model.programme.cost_growth_by_month, 0.0)
        share = self._books(months, model.programme.compute_life)
        self.book = [model.programme.compute_cost_per_mw * mw * share for mw in model.grid.mw]

    @staticmethod
    def _books(months: int, life: int) -> Array:
        """(months, months + 1) share of cost still in book after month m, by month of service; swapped at book life."""
        m, service = np.arange(months)[:, None], np.arange(months + 1)[None, :]
        return np.where(m < service, 1.0, 1.0 - (np.maximum(m - service, 0) % life + 1) / life)

    def build(self) -> None:
        """Book every site, from nothing."""
        for a in (self.level, self.spend, self.gain, self.stranded):
            a.fill(0.0)
        self.sunk, self.idle, self.idle_cost, self.retired, self.in_service = np.zeros((5, self.paths))
        self.compute_value, self.compute_book, self.shell_book = np.zeros((3, self.paths))
        for i in range(self.model.grid.mw.size):
            site = self._site(i)
            spent = self._spend_shell(site)
            self._spend_compute(site)
            self._idle(site)
            self._enter_service(site)
            swaps = self._swaps(site)
            self._strand(site, swaps)
            self._horizon(site, spent)

    def _site(self, i: int) -> Site:
        p, g, months = self.model.programme, self.model.grid, self.model.months
        delivered = int(g.planned[i]) - 1
        service = np.clip(np.ceil(self.world.energised[i]) - 1.0, delivered, months).astype(np.intp)
        value, work, effic = (self.world.silicon[delivered, k] for k in (VALUE, WORK, EFFICIENCY))
        return Site(
            i, p.shell_cost_per_mw * g.mw[i], p.compute_cost_per_mw * g.mw[i], delivered, service, service, 1.0 / value,
            g.mw[i] * effic / work, np.zeros(self.paths),
        )  # fmt: skip

    def _spend_shell(self, site: Site) -> Array:
        """Shell spend by month; returns the share spent by the horizon."""
        start, built = self.model.grid.start[site.number], self.world.built[site.number]
        first, last = max(0, int(start)), min(self.model.months, int(np.ceil(built.max())))
        dates = np.arange(first, last + 1) - start
        share = smoothstep(np.multiply(dates[:, None], 1.0 / (built - start)))
        share *= site.shell
        self.sunk += share[0]
        self.spend[first:last] += share[1:]
        self.spend[first:last] -= share[:-1]
        return share[-1] / site.shell

    def _spend_compute(self, site: Site) -> None:
        window, planned = self.model.programme.delivery_months, site.delivered + 1
        self.sunk += site.compute * max(0, min(window - planned, window)) / window
        self.spend[max(planned - window, 0) : planned] += site.compute / window

    def _idle(self, site: Site) -> None:
        """Idle capital (USD bn-months) and its carrying cost, from the running sum of opening r + s."""
        paid, columns, service = self.world.paid, self.world.columns, site.service
        finished = np.maximum(np.ceil(self.world.built[site.number]) - 1.0, 0.0)
        finished = np.minimum(finished, service).astype(np.intp)
        end = paid[service, columns]
        self.idle += site.shell * (service - finished) + site.compute * (service - site.delivered)
        self.idle_cost += site.shell * (end - paid[finished, columns])
        self.idle_cost += site.compute * (end - paid[site.delivered])

    def _add(self, row: int, month: Index, amount: Array | float) -> None:
        """Change a level from `month` on; a path has one entry, so plain indexing adds."""
        place = month * (len(self.level[0]) * self.paths)
        place += self.world.columns
        place += row * self.paths
        self.level.reshape(-1)[place] += amount

    def _enter_service(self, site: Site) -> None:
        p, mw = self.model.programme, self.model.grid.mw[site.number]
        full = mw * self.world.operating_cost
        self.level[site.delivered, COST] += p.idle_share * full
        behind = self.world.behind[site.number]
        self._add(COST, site.service, (1.0 - p.idle_share) * full + mw * p.behind_meter_cost * behind)
        self._add(SERVICE, site.service, mw)
        self._add(FIRST, site.service, mw * site.inverse)
        self._add(DEPRECIATION, site.service, site.shell / p.shell_life + site.compute / p.compute_life)
        active_from = np.minimum(site.service + p.work_delay[site.number], self.model.months)
        self._add(ACTIVE, active_from, site.effective)
        self.in_service += mw * (site.service < self.model.months)

    def _swaps(self, site: Site) -> list[tuple[Index, Array]]:
        """Sell and buy again at book life: the month of each swap (the horizon: none) and the change of the vintage."""
        p, months, columns = self.model.programme, self.model.months, self.world.columns
        value, work, effic = (self.world.silicon[:, k] for k in (VALUE, WORK, EFFICIENCY))
        done = []
        swap = site.service + p.compute_life
        while (swap < months).any():
            np.minimum(swap, months, out=swap)
            at, now = swap < months, value[swap, columns]
            proceeds = site.compute * now * site.inverse * self.world.resale
            refit = self.model.plans.variant.refit[0] * site.shell * self.growth[swap]
            effective = self.model.grid.mw[site.number] * effic[swap, columns] / work[swap, columns]
            self.spend[swap, columns] += site.compute + refit - proceeds
            self.gain[swap, columns] += proceeds
            self._add(DEPRECIATION, swap, (refit - site.refit) / p.compute_life)
            self._add(ACTIVE, swap, effective - site.effective)
            done.append((swap, np.where(at, 1.0 / (now * site.inverse), 1.0)))
            site.inverse = np.where(at, 1.0 / now, site.inverse)
            site.since = np.where(at, swap, site.since)
            site.refit, site.effective = np.where(at, refit, site.refit), np.where(at, effective, site.effective)
            swap = swap + p.compute_life
        return done

    def _strand(self, site: Site, swaps: list[tuple[Index, Array]]) -> None:
        """Add (book - V cost)+ by month."""
        d, value = site.delivered, self.world.silicon[: self.model.months, VALUE]
        worth, book = self.wide[d:], self.share[d:]
        np.multiply(value[d:], site.compute / value[d], out=worth)
        for swap, factor in swaps:
            first = int(swap.min())
            later = np.arange(first, self.model.months)[:, None] >= swap
            np.multiply(later, factor - 1.0, out=book[first - d :])
            book[first - d :] += 1.0
            worth[first - d :] *= book[first - d :]
        np.take(self.book[site.number][d:], site.service, axis=1, out=book, mode="clip")
        book -= worth
        np.maximum(book, 0.0, out=book)
        self.stranded[d:] += book

    def _horizon(self, site: Site, spent: Array) -> None:
        """Add the value and the book of a site after the last month."""
        p, months = self.model.programme, self.model.months
        inside = site.service < months
        left = np.where(inside, 1.0 - (months - site.since) / p.compute_life, 1.0)
        now = self.world.silicon[months - 1, VALUE] * site.inverse
        self.compute_value += site.compute * now
        self.compute_book += site.compute * left
        self.shell_book += site.shell * spent * (1.0 - (months - site.service) / p.shell_life)
        self.shell_book += np.where(inside, site.refit * left, 0.0)
        self.retired += site.compute * np.maximum(left - now, 0.0)
