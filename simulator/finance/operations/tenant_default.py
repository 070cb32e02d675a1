"""Contracts that end before their term: the tenant defaults, or the sponsor leaves the site.

From a tenant's default to the end of its term the site lets at spot; from an exit on it lets nothing. Defaults are
found once a block for all plans whose tenants and terms are alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import SCORE_LIMIT, Marginals, sample
from simulator.finance import workspace as at
from simulator.finance.operations.early_terminations import Ends, add_change
from simulator.finance.operations.leasing import Letting, fetched, vintage_at
from simulator.finance.plan.plans import Plans
from simulator.finance.sites.build import Lives
from simulator.finance.workspace import Ledger, Monthly, Rows, Works, World
from simulator.numerics.jit import inline, inner

NOBODY = -1
_SITE, _TERM, _LANE, _PAID = range(4)


class Defaults(NamedTuple):
    """Terms in which a tenant defaults, in order of site, term and lane."""

    about: NDArray[np.int64]  # (2,) number of defaults found, and the plan (see `alike`) whose tenants they are
    found: NDArray[np.int64]  # (n, 4) site, number of its term, lane, whole months paid; then room for a plan's exits
    alike: NDArray[np.int64]  # (plans,) first plan with the same tenants and terms; NOBODY: no tenant defaults


def no_defaults(plans: Plans, sites: int, months: int, lanes: int) -> Defaults:
    """Room for all tenants of a block of `lanes` paths."""
    law, term = plans.lease_excess.default_rate_marginal, plans.lease_excess.term
    fail = np.flatnonzero(law >= 0)
    terms = -(-months // int(term[fail].min())) if fail.size else 0
    alike = np.full(law.size, NOBODY)
    for k in fail[::-1]:
        same = (law == law[k]) & (term == term[k])
        alike[same] = k
    return Defaults(np.zeros(2, np.int64), np.zeros((sites * (terms + 1) * lanes, 4), np.int64), alike)


@inner
def find_defaults(
    like: int,
    term: int,
    months: int,
    patience: NDArray[np.float64],
    first: NDArray[np.int64],
    z: NDArray[np.float64],
    d: Defaults,
) -> None:
    """List the terms of `term` months in which a tenant pays for less than `patience` is long, by the scores in `z`.

    `first` is the row of a site's first term. What the list holds of another plan with the same tenants is kept.
    """
    if d.about[1] == like:
        return
    found, n, longest = d.found, 0, patience[patience.size - 1]
    for k in range(first.size):
        for turn in range((months + term - 1) // term):
            scores = z[first[k] + turn]
            for lane in range(scores.size):
                if scores[lane] < longest:
                    found[n, _SITE] = k
                    found[n, _TERM] = turn
                    found[n, _LANE] = lane
                    found[n, _PAID] = months_paid(patience, scores[lane])
                    n += 1
    d.about[0] = n
    d.about[1] = like


@inner
def end_contracts(
    q: Letting,
    patience: NDArray[np.float64],
    fails: bool,
    leaves: bool,
    first: NDArray[np.int64],
    z: NDArray[np.float64],
    mw: NDArray[np.float64],
    market: NDArray[np.float64],
    world: World,
    contracts: Monthly,
    works: Works,
    lives: Lives,
    ledger: Ledger,
    d: Defaults,
    e: Ends,
) -> None:
    """Add to `e` what early ends of contracts change: of the defaults in `d` where `fails`, of exits where `leaves`."""
    chosen, working, value = ledger[at.CHOSEN], works[at.WORKING], world.monthly[at.VALUE]
    months, scale, found = market.size, q.own * q.let * q.contract / 12e3, d.found
    n = d.about[0] if fails else 0
    if leaves:
        n = _find_exits(q.term, months, patience, fails, first, z, lives, found, n)
    for i in range(n):
        k, lane = found[i, _SITE], found[i, _LANE]
        lock = int(lives.start[k, lane]) + found[i, _TERM] * q.term
        stops, gone = lock + found[i, _PAID], int(lives.left[k, lane])
        if lock < gone and stops <= gone and stops < min(lock + q.term, months):
            _break(
                q, scale * mw[k], market, lock, stops, gone, lane, lives.vintages[k], chosen, working, value, contracts,
                e.number, e.listed, e.lost, e.relet,
            )  # fmt: skip


@inner
def _find_exits(
    term: int,
    months: int,
    patience: NDArray[np.float64],
    fails: bool,
    first: NDArray[np.int64],
    z: NDArray[np.float64],
    lives: Lives,
    found: NDArray[np.int64],
    n: int,
) -> int:
    """List after n defaults the terms that run when the sponsor leaves; how many there are together."""
    for k in range(lives.left.shape[0]):
        start, left = lives.start[k], lives.left[k]
        for lane in range(left.size):
            if left[lane] < months and start[lane] < left[lane]:
                pays = int(left[lane] - start[lane])
                turn = pays // term
                pays -= turn * term
                if pays > 0 and not (fails and months_paid(patience, z[first[k] + turn, lane]) <= pays):
                    found[n, _SITE] = k
                    found[n, _TERM] = turn
                    found[n, _LANE] = lane
                    found[n, _PAID] = pays
                    n += 1
    return n


@inline
def _break(
    q: Letting,
    scale: float,
    market: NDArray[np.float64],
    lock: int,
    stops: int,
    gone: int,
    lane: int,
    vintages: NDArray[np.float64],
    chosen: Monthly,
    working: Monthly,
    value: Monthly,
    contracts: Monthly,
    count: NDArray[np.int64],
    listed: NDArray[np.float64],
    lost: Monthly,
    relet: Monthly,
) -> None:
    """One contract, locked in month `lock`, pays no more from `stops` on; the site lets at spot until `gone`."""
    end = lock + q.term
    until = min(end, gone)
    turn = vintage_at(vintages, 0, lock, lane)
    extra = chosen[lock, lane] if q.choosing else 0.0
    rent = value[lock, lane] / value[int(vintages[turn, lane]), lane] * contracts[lock, lane]
    rent *= scale * fetched(q, market[lock], working[lock, lane], extra)
    m, change, at_spot = stops, rent, 0.0
    while m < market.size:
        follows, mw = end, 0.0
        if m < until:
            turn = vintage_at(vintages, turn, m, lane)
            follows, mw = min(int(vintages[turn + 1, lane]), until), scale / value[int(vintages[turn, lane]), lane]
        if m == end:
            change = -rent
        add_change(count, listed, lost, relet, m, lane, change, mw - at_spot)
        if m == end:
            break
        m, change, at_spot = follows, 0.0, mw


@inner
def months_paid(patience: NDArray[np.float64], score: float) -> int:
    """Whole months that a tenant pays: counted without a branch, faster than a search in usual terms."""
    months = 0
    for j in range(patience.size):
        months += 1 if patience[j] <= score else 0
    return months


@inner
def fill_patience(marginals: Marginals, law: int, rows: Rows, patience: NDArray[np.float64]) -> None:
    """Entry j: the score from which on a tenant pays for j + 1 months or more, by bisection; `rows` are scratch.

    So an end of a contract is looked up in one short list, in a month's steps, instead of in the law's table.
    """
    low, middle, years = rows[0], rows[1], rows[2]
    for first in range(0, patience.size, low.size):
        high = patience[first : first + low.size]
        n = high.size
        low[:] = -2.0 * SCORE_LIMIT
        high[:] = 2.0 * SCORE_LIMIT
        for _ in range(60):
            for j in range(n):
                middle[j] = 0.5 * (low[j] + high[j])
            sample(marginals, law, middle[:n], years[:n])
            for j in range(n):
                pays = 12.0 * years[j] >= first + j + 1
                high[j] = middle[j] if pays else high[j]
                low[j] = low[j] if pays else middle[j]
