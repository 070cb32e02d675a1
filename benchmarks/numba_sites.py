"""The sites of one path in plain numba: events as changes of monthly levels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.numba_world import njit


class Months(NamedTuple):
    """Sums over sites by month, (months + 1,): USD bn, or changes of a level."""

    spend: np.ndarray  # capex less sales
    gain: np.ndarray
    depreciation: np.ndarray  # change
    cost: np.ndarray  # change, USD m a year before growth
    active: np.ndarray  # change
    service: np.ndarray  # change, MW
    first: np.ndarray  # change, MW per unit of the value index
    idle: np.ndarray  # change
    stranded: np.ndarray


class SiteTotals(NamedTuple):
    """Sums over sites."""

    sunk: float
    value: float  # of compute at the horizon, before resale
    compute: float  # its book
    shell: float  # book of shell and refit
    idle: float
    retired: float
    in_service: float


def empty_months(months: int) -> Months:
    """Arrays of one path, used again for the next; the last entry takes what falls beyond the horizon."""
    return Months(*(np.zeros(months + 1) for _ in Months._fields))


@njit
def smoothstep(x):
    t = min(max(x, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit
def clear(b):
    b.spend[:] = 0.0
    b.gain[:] = 0.0
    b.depreciation[:] = 0.0
    b.cost[:] = 0.0
    b.active[:] = 0.0
    b.service[:] = 0.0
    b.first[:] = 0.0
    b.idle[:] = 0.0
    b.stranded[:] = 0.0


@njit
def spend_shell(start, built, shell, spend):
    """Book shell by month; return the spend before month 0 and the spend by the horizon."""
    months = spend.size - 1
    sunk = shell * smoothstep(-start / (built - start))
    before = sunk
    for m in range(max(0, int(start)), min(months, int(math.ceil(built)))):
        now = shell * smoothstep((m + 1.0 - start) / (built - start))
        spend[m] += now - before
        before = now
    return sunk, before


@njit
def waiting(w, b, delivered, compute):
    """A site without service by the horizon strands month by month; returns its chips' worth per USD of cost."""
    months = b.stranded.size - 1
    for m in range(delivered, months):
        b.stranded[m] += max(compute * (1.0 - w.value[m] / w.value[delivered]), 0.0)
    return w.value[months - 1] / w.value[delivered]


@njit
def running(model, w, s, b, i, delivered, service, shell, compute):
    """Book the vintages of a site in service; returns worth and book share of the last, and the refit's book."""
    p, months, mw = model.programme, model.months, model.grid.mw[i]
    vintage, since, refit = delivered, service, 0.0
    active_from = service + p.work_delay[i]
    while True:
        end = min(since + p.compute_life, months)
        rate = compute / p.compute_life
        b.depreciation[since] += rate + refit / p.compute_life
        b.depreciation[end] -= rate + refit / p.compute_life
        scale = compute / w.value[vintage]
        for m in range(vintage, since):
            b.stranded[m] += max(compute - scale * w.value[m], 0.0)
        for m in range(since, end):
            b.stranded[m] += max(compute - rate * (m + 1 - since) - scale * w.value[m], 0.0)
        begin = max(active_from, vintage)
        if begin < end:
            effective = mw * w.efficiency[vintage] / w.work[vintage]
            b.active[begin] += effective
            b.active[end] -= effective
        if since + p.compute_life >= months:
            break
        proceeds = scale * w.value[end] * s.resale
        refit = model.plans.variant.refit[0] * shell * p.cost_growth_by_month[end]
        b.spend[end] += compute + refit - proceeds
        b.gain[end] += proceeds
        vintage, since = end, end
    left = 1.0 - (months - since) / p.compute_life
    return w.value[months - 1] / w.value[vintage], left, refit * left


@njit
def build_sites(model, w, s, b):
    """Book every site of the path."""
    p, g, months = model.programme, model.grid, model.months
    clear(b)
    sunk, value, book, shell_book, idle, retired, in_service = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(g.mw.size):
        mw, planned = g.mw[i], int(g.planned[i])
        shell, compute = p.shell_cost_per_mw * mw * s.cost, p.compute_cost_per_mw * mw * s.cost
        delivered = planned - 1
        service = min(max(int(math.ceil(w.energised[i])) - 1, delivered), months)
        finished = min(max(int(math.ceil(w.built[i])) - 1, 0), service)
        before, spent = spend_shell(g.start[i], w.built[i], shell, b.spend)
        sunk += before
        for m in range(planned - p.delivery_months, planned):
            if m < 0:
                sunk += compute / p.delivery_months
            else:
                b.spend[m] += compute / p.delivery_months
        idle += (shell * (service - finished) + compute * (service - delivered)) / 12.0
        b.idle[finished] += shell
        b.idle[delivered] += compute
        b.idle[service] -= shell + compute
        full = mw * s.operating_cost
        b.cost[delivered] += p.idle_share * full
        b.cost[service] += (1.0 - p.idle_share) * full + mw * p.behind_meter_cost * w.behind[i]
        if service == months:
            now, left = waiting(w, b, delivered, compute), 1.0
            shell_book += spent
        else:
            in_service += mw
            b.service[service] += mw
            b.first[service] += mw / w.value[delivered]
            b.depreciation[service] += shell / p.shell_life
            now, left, refit = running(model, w, s, b, i, delivered, service, shell, compute)
            shell_book += shell * (1.0 - (months - service) / p.shell_life) + refit
        value += compute * now
        book += compute * left
        retired += max(compute * (left - now), 0.0)
    return SiteTotals(sunk, value, book, shell_book, idle, retired, in_service)
