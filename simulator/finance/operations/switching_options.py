"""What is let beyond the spare: whole sites of an older generation, and the yearly option to let rather than use.

A site of an older generation than the newest working vintage is let whole. Each January a site lets a further share of
itself for a year if that fetches more than the ads its compute would earn: a decision that knows the elasticity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.arpu import Arpu
from simulator.finance import workspace as at
from simulator.finance.operations.leasing import Letting, fetched, vintage_at
from simulator.finance.sites.build import Lives
from simulator.finance.workspace import Lanes, Ledger, World
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp

CHOICE_ROWS = 6  # of scratch, and one a site


@inner
def _newest_generation(m: int, generation: NDArray[np.float64], lives: Lives, newest: Lanes) -> None:
    """Generation of the newest vintage that works in month m, by lane (-1: none works)."""
    start, left, vintages = lives.start, lives.left, lives.vintages
    newest[:] = -1.0
    for k in range(start.shape[0]):
        for lane in range(newest.size):
            if start[k, lane] <= m < left[k, lane]:
                turn = vintage_at(vintages[k], 0, m, lane)
                newest[lane] = max(newest[lane], generation[int(vintages[k, turn, lane]), lane])


@inner
def _internal_worth(
    m: int, arpu: Arpu, world: World, effective: NDArray[np.float64], adopted: Lanes, out: Lanes
) -> None:
    """What one more MW-equivalent of work earns from ads, USD m a year, at last month's W and adopted growth."""
    noise, epsilon, margin = world.monthly[at.NOISE], world.lanes[at.EPSILON], world.lanes[at.MARGIN]
    first = max(0, m - 11)
    out[:] = 0.0
    for back in range(first, m + 1):
        for lane in range(out.size):
            out[lane] += arpu.revenue0_by_month[back] * noise[back, lane]
    for lane in range(out.size):
        year = out[lane] * 12e3 / (m + 1 - first)
        fleet = arpu.fleet0_by_month[m] + (effective[m - 1, lane] if m > 0 else 0.0)
        out[lane] = margin[lane] * year * exp(epsilon[lane] * adopted[lane]) * epsilon[lane] / fleet


@inner
def choose(
    m: int,
    january: bool,
    q: Letting,
    mw: NDArray[np.float64],
    arpu: Arpu,
    market: float,
    world: World,
    lives: Lives,
    working: Lanes,
    adopted: Lanes,
    scratch: NDArray[np.float64],
    ledger: Ledger,
    away: Lanes,
) -> None:
    """Fill month m of ledger[CHOSEN] and [CHOSEN_VALUE], and `away`, the work per unit of index that leaves W.

    Rows of `scratch` from CHOICE_ROWS on keep, by site, 1 where the option is taken.
    """
    newest, worth, share = scratch[0], scratch[1], scratch[2]
    chosen, chosen_value = ledger[at.CHOSEN, m], ledger[at.CHOSEN_VALUE, m]
    value, work, efficiency = world.monthly[at.VALUE], world.monthly[at.WORK], world.monthly[at.EFFICIENCY]
    generation, trailing = world.monthly[at.GENERATION], world.monthly[at.TRAILING]
    chosen[:] = 0.0
    chosen_value[:] = 0.0
    away[:] = 0.0
    newest[:] = -1.0
    if q.previous:
        _newest_generation(m, generation, lives, newest)
    if january:
        _internal_worth(m, arpu, world, ledger[at.EFFECTIVE], adopted, worth)
    for turn_of in range(2):  # whole sites first: what they let bears on the price the option looks at
        if turn_of == 1:
            for lane in range(away.size):
                share[lane] = fetched(q, market, working[lane], chosen[lane]) / (1.0 - q.cost)
        for k in range(mw.size):
            taken, start, left, vintages = scratch[CHOICE_ROWS + k], lives.start[k], lives.left[k], lives.vintages[k]
            for lane in range(away.size):
                if not start[lane] <= m < left[lane]:
                    taken[lane] = 0.0
                    continue
                u = int(vintages[vintage_at(vintages, 0, m, lane), lane])
                whole = generation[u, lane] < newest[lane]
                if whole != (turn_of == 0):
                    continue
                does, keeps = efficiency[u, lane] / work[u, lane], value[m, lane] / value[u, lane]
                if january and not whole:
                    lets = q.occupancy * trailing[m, lane] * keeps * share[lane]
                    taken[lane] = 1.0 if lets > worth[lane] * does * work[m, lane] else 0.0
                taken[lane] = 0.0 if whole else taken[lane]
                extra = (q.occupancy - q.let) if whole else q.option * q.occupancy * taken[lane]
                away[lane] += mw[k] * does * (1.0 if whole else q.option * taken[lane])
                chosen[lane] += extra * mw[k]
                chosen_value[lane] += extra * mw[k] / value[u, lane]
