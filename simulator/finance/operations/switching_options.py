"""Switching options: whole sites of an older generation leased, and the yearly option to lease rather than use.

A site of an older generation than the newest working vintage is leased whole. Each January a site leases a further
share of itself for a year if that fetches more than the ads its compute would earn: a decision that knows the
elasticity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.arpu import Arpu
from simulator.finance import workspace as at
from simulator.finance.company import Company
from simulator.finance.operations.leasing import Leasing, realised_price_share, vintage_number
from simulator.finance.sites.build import SiteHistory
from simulator.finance.workspace import Lanes, Ledger, World
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp

__all__: list[str] = []  # used in this folder only

OPTION_ROWS = 6  # of scratch, and one a site


@inner
def _find_newest_generation(m: int, generation: NDArray[np.float64], history: SiteHistory, newest: Lanes) -> None:
    """Fill the generation of the newest vintage that works in month m, by lane (-1: none works)."""
    start, left, purchases = history.work_start, history.exit, history.purchases
    newest[:] = -1.0
    for k in range(start.shape[0]):
        for lane in range(newest.size):
            if start[k, lane] <= m < left[k, lane]:
                number = vintage_number(purchases[k], 0, m, lane)
                newest[lane] = max(newest[lane], generation[int(purchases[k, number, lane]), lane])


@inner
def _marginal_ad_value(
    m: int, arpu: Arpu, world: World, effective: NDArray[np.float64], adopted: Lanes, out: Lanes
) -> None:
    """Fill what one more MW-equivalent of work earns from ads, USD m a year, at last month's W and adopted growth."""
    noise, elasticity, margin = (
        world.monthly[at.AD_NOISE],
        world.parameters[at.ELASTICITY],
        world.parameters[at.MARGIN],
    )
    first = max(0, m - 11)
    out[:] = 0.0
    for back in range(first, m + 1):
        for lane in range(out.size):
            out[lane] += arpu.revenue0_by_month[back] * noise[back, lane]
    for lane in range(out.size):
        year = out[lane] * 12e3 / (m + 1 - first)
        fleet = arpu.fleet0_by_month[m] + (effective[m - 1, lane] if m > 0 else 0.0)
        out[lane] = margin[lane] * year * exp(elasticity[lane] * adopted[lane]) * elasticity[lane] / fleet


@inner
def exercise_switching_options(
    m: int,
    c: Company,
    leasing: Leasing,
    world: World,
    history: SiteHistory,
    working: Lanes,
    adopted: Lanes,
    scratch: NDArray[np.float64],
    ledger: Ledger,
    away: Lanes,
) -> None:
    """Fill month m of ledger[OPTION_MW] and [OPTION_VALUE_MW], and `away`, the work per unit of index that leaves W.

    Rows of `scratch` from OPTION_ROWS on keep, by site, 1 where the option is exercised.
    """
    mw, market, january = c.grid.mw, c.market[m], c.finance.january[m] == 1
    excess, option = leasing.excess, leasing.option
    newest, ad_value, price_share = scratch[0], scratch[1], scratch[2]
    option_mw, option_value = ledger[at.OPTION_MW, m], ledger[at.OPTION_VALUE_MW, m]
    value, work, efficiency = world.monthly[at.VALUE_INDEX], world.monthly[at.WORK_INDEX], world.monthly[at.EFFICIENCY]
    generation, trailing = world.monthly[at.GENERATION], world.monthly[at.TRAILING_PRICE]
    option_mw[:] = 0.0
    option_value[:] = 0.0
    away[:] = 0.0
    newest[:] = -1.0
    if excess.previous_generation:
        _find_newest_generation(m, generation, history, newest)
    if january:
        _marginal_ad_value(m, c.arpu, world, ledger[at.EFFECTIVE_MW], adopted, ad_value)
    for stage in range(2):  # whole sites first: what they lease lowers the price that the option looks at
        if stage == 1:
            for lane in range(away.size):
                share = realised_price_share(leasing, market, working[lane], option_mw[lane])
                price_share[lane] = share / (1.0 - excess.cost_ratio)
        for k in range(mw.size):
            exercised, purchases = scratch[OPTION_ROWS + k], history.purchases[k]
            start, left = history.work_start[k], history.exit[k]
            for lane in range(away.size):
                if not start[lane] <= m < left[lane]:
                    exercised[lane] = 0.0
                    continue
                u = int(purchases[vintage_number(purchases, 0, m, lane), lane])
                whole = generation[u, lane] < newest[lane]
                if whole != (stage == 0):
                    continue
                work_units, kept_value = efficiency[u, lane] / work[u, lane], value[m, lane] / value[u, lane]
                if january and not whole:
                    lease_value = excess.occupancy * trailing[m, lane] * kept_value * price_share[lane]
                    own_value = ad_value[lane] * work_units * work[m, lane]
                    exercised[lane] = 1.0 if lease_value > own_value else 0.0
                exercised[lane] = 0.0 if whole else exercised[lane]
                extra = excess.occupancy - excess.leased_share
                extra = extra if whole else option.share * excess.occupancy * exercised[lane]
                away[lane] += mw[k] * work_units * (1.0 if whole else option.share * exercised[lane])
                option_mw[lane] += extra * mw[k]
                option_value[lane] += extra * mw[k] / value[u, lane]
