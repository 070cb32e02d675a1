"""Contracts that end before their term: the tenant defaults, or the sponsor leaves the site.

From a tenant's default to the end of its term the site leases at spot; from an exit on it leases nothing. Defaults are
listed once a block for all plans whose tenants and terms are alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import SCORE_LIMIT, Marginals, sample
from simulator.finance import workspace as at
from simulator.finance.company import Company
from simulator.finance.operations.early_terminations import EarlyTerminations, add_termination
from simulator.finance.operations.leasing import Leasing, realised_price_share, vintage_number
from simulator.finance.plan.plans import Plans
from simulator.finance.sites.build import SiteHistory
from simulator.finance.workspace import Ledger, Monthly, Rows, SiteFlows, World
from simulator.numerics.jit import inline, inner

__all__: list[str] = []  # used in this folder only

NO_TENANT = -1  # in place of a plan: no tenant defaults
_COUNT, _PLAN = range(2)
_SITE, _TERM, _LANE, _PAID = range(4)


class TenantDefaults(NamedTuple):
    """Terms in which a tenant defaults, in order of site, term and lane."""

    status: NDArray[np.int64]  # (2,) number of defaults listed, and the plan (see `alike`) whose tenants they are
    listed: NDArray[np.int64]  # (n, 4) site, number of its term, lane, whole months paid; then room for a plan's exits
    alike: NDArray[np.int64]  # (plans,) first plan with the same tenants and terms; NO_TENANT: no tenant defaults


class Tenants(NamedTuple):
    """Causes that may end the contracts of a plan early."""

    survival: NDArray[np.float64]  # see `fill_survival_thresholds`
    default: bool  # tenants may default
    exit: bool  # the sponsor may leave a site


class _Contract(NamedTuple):
    """One contract that ends before its term; months."""

    lane: int
    lock: int
    last_paid: int  # the month from which on it pays no more
    exit: int  # the month from which on the site leases nothing
    mw_scale: float  # MW / 12e3 under contract


def allocate_tenant_defaults(plans: Plans, sites: int, months: int, lanes: int) -> TenantDefaults:
    """Room for all tenants of a block of `lanes` paths."""
    law, term = plans.lease_excess.default_rate_marginal, plans.lease_excess.term
    defaulting = np.flatnonzero(law >= 0)
    terms = -(-months // int(term[defaulting].min())) if defaulting.size else 0
    alike = np.full(law.size, NO_TENANT)
    for k in defaulting[::-1]:
        same = (law == law[k]) & (term == term[k])
        alike[same] = k
    return TenantDefaults(np.zeros(2, np.int64), np.zeros((sites * (terms + 1) * lanes, 4), np.int64), alike)


@inner
def clear_tenant_defaults(d: TenantDefaults) -> None:
    """Note that the list holds no tenants of the block at hand."""
    d.status[_PLAN] = NO_TENANT


@inner
def list_tenant_defaults(
    alike: int,
    term: int,
    months: int,
    survival: NDArray[np.float64],
    first_row: NDArray[np.int64],
    z: NDArray[np.float64],
    d: TenantDefaults,
) -> None:
    """List the terms of `term` months that a tenant does not pay to their end, by the scores in `z`.

    `first_row` is the row of a site's first term. A list that already holds the tenants of plan `alike` is kept.
    """
    if d.status[_PLAN] == alike:
        return
    listed, n, highest = d.listed, 0, survival[survival.size - 1]
    for k in range(first_row.size):
        for number in range((months + term - 1) // term):
            scores = z[first_row[k] + number]
            for lane in range(scores.size):
                if scores[lane] < highest:
                    listed[n, _SITE] = k
                    listed[n, _TERM] = number
                    listed[n, _LANE] = lane
                    listed[n, _PAID] = months_paid(survival, scores[lane])
                    n += 1
    d.status[_COUNT] = n
    d.status[_PLAN] = alike


@inner
def terminate_contracts(
    c: Company,
    leasing: Leasing,
    tenants: Tenants,
    z: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    flows: SiteFlows,
    history: SiteHistory,
    ledger: Ledger,
    d: TenantDefaults,
    e: EarlyTerminations,
) -> None:
    """Add to `e` the changes that early ends of contracts bring: the defaults listed in `d`, and exits."""
    mw, months, excess, listed = c.grid.mw, c.market.size, leasing.excess, d.listed
    option_mw, working, value = ledger[at.OPTION_MW], flows[at.WORKING_MW], world.monthly[at.VALUE_INDEX]
    scale = leasing.own_share * excess.leased_share * excess.contract_share / 12e3
    n = d.status[_COUNT] if tenants.default else 0
    if tenants.exit:
        n = _list_exits(excess.term, months, tenants, c.programme.default_rate_row, z, history, listed, n)
    for i in range(n):
        k, lane = listed[i, _SITE], listed[i, _LANE]
        lock = int(history.work_start[k, lane]) + listed[i, _TERM] * excess.term
        last_paid, left = lock + listed[i, _PAID], int(history.exit[k, lane])
        if lock < left and last_paid <= left and last_paid < min(lock + excess.term, months):
            contract = _Contract(lane, lock, last_paid, left, scale * mw[k])
            _terminate_contract(
                leasing, contract, c.market, history.purchases[k], option_mw, working, value, contracts, e
            )  # fmt: skip


@inner
def _list_exits(
    term: int,
    months: int,
    tenants: Tenants,
    first_row: NDArray[np.int64],
    z: NDArray[np.float64],
    history: SiteHistory,
    listed: NDArray[np.int64],
    n: int,
) -> int:
    """List after n defaults the terms that run when the sponsor leaves; returns how many there are together."""
    for k in range(history.exit.shape[0]):
        start, left = history.work_start[k], history.exit[k]
        for lane in range(left.size):
            if left[lane] < months and start[lane] < left[lane]:
                paid = int(left[lane] - start[lane])
                number = paid // term
                paid -= number * term
                if paid > 0 and not (
                    tenants.default and months_paid(tenants.survival, z[first_row[k] + number, lane]) <= paid
                ):
                    listed[n, _SITE] = k
                    listed[n, _TERM] = number
                    listed[n, _LANE] = lane
                    listed[n, _PAID] = paid
                    n += 1
    return n


@inline
def _terminate_contract(
    leasing: Leasing,
    contract: _Contract,
    market: NDArray[np.float64],
    purchases: NDArray[np.float64],
    option_mw: Monthly,
    working: Monthly,
    value: Monthly,
    contracts: Monthly,
    e: EarlyTerminations,
) -> None:
    """Book that one contract pays no more from `last_paid` on; the site leases at spot until `exit`."""
    lane, lock, scale = contract.lane, contract.lock, contract.mw_scale
    end = lock + leasing.excess.term
    until = min(end, contract.exit)
    number = vintage_number(purchases, 0, lock, lane)
    extra = option_mw[lock, lane] if leasing.switching else 0.0
    rent = value[lock, lane] / value[int(purchases[number, lane]), lane] * contracts[lock, lane]
    rent *= scale * realised_price_share(leasing, market[lock], working[lock, lane], extra)
    m, change, at_spot = contract.last_paid, rent, 0.0
    while m < market.size:
        following, mw = end, 0.0
        if m < until:
            number = vintage_number(purchases, number, m, lane)
            following = min(int(purchases[number + 1, lane]), until)
            mw = scale / value[int(purchases[number, lane]), lane]
        if m == end:
            change = -rent
        add_termination(e, m, lane, change, mw - at_spot)
        if m == end:
            break
        m, change, at_spot = following, 0.0, mw


@inner
def months_paid(survival: NDArray[np.float64], score: float) -> int:
    """Whole months that a tenant pays: counted without a branch, faster than a search in usual terms."""
    months = 0
    for j in range(survival.size):
        months += 1 if survival[j] <= score else 0
    return months


@inner
def fill_survival_thresholds(marginals: Marginals, law: int, rows: Rows, survival: NDArray[np.float64]) -> None:
    """Fill entry j with the score from which on a tenant pays for j + 1 months or more, by bisection.

    So the end of a contract is looked up in one short list, in steps of a month, instead of in the law's table. `rows`
    are scratch.
    """
    low, middle, years = rows[0], rows[1], rows[2]
    for first in range(0, survival.size, low.size):
        high = survival[first : first + low.size]
        n = high.size
        low[:] = -2.0 * SCORE_LIMIT
        high[:] = 2.0 * SCORE_LIMIT
        for _ in range(60):
            for j in range(n):
                middle[j] = 0.5 * (low[j] + high[j])
            sample(marginals, law, middle[:n], years[:n])
            for j in range(n):
                paying = 12.0 * years[j] >= first + j + 1
                high[j] = middle[j] if paying else high[j]
                low[j] = low[j] if paying else middle[j]
