"""The economics of capacity by hand: arithmetic against which headline figures are checked.

Prices and costs per capacity are USD per watt of IT load, or USD per W-year; 1 USD/W on 1 GW is USD 1 bn, 1 USD/W-year
on 1 MW is USD 1 m a year. A year has 8,766 hours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simulator.finance.annuity import capital_recovery

__all__: list[str] = []  # used in this folder only

_HOURS = 8766.0  # a year


def owned_cost(assets: Sequence[tuple[float, float]], operating_cost: float, rate: float, use: float = 1.0) -> float:
    """Return the full cost of owned capacity, USD per W-year of use.

    `assets` are (cost in USD per W, life in years); each is paid for over its life at `rate`. Operating cost (USD per
    W-year) runs whatever the use, so it is divided by the used share `use` as well.
    """
    capital = sum(cost * capital_recovery(rate, life) for cost, life in assets)
    return (capital + operating_cost) / use


def price_per_watt_year(revenue: float, mw: float) -> float:
    """Return USD per W-year of `revenue` USD bn a year on `mw` of IT load."""
    return revenue * 1e9 / (mw * 1e6)


def price_per_gpu_hour(watt_year: float, watts_per_gpu: float) -> float:
    """Return USD per GPU-hour of a price in USD per W-year; `watts_per_gpu`: IT load with a GPU's share of the rest."""
    return watt_year * watts_per_gpu / _HOURS


def fleet_power(gpus: float, watts_per_gpu: float) -> float:
    """Return the IT load of a fleet, MW."""
    return gpus * watts_per_gpu / 1e6


def leasable(mw: float, use: float) -> float:
    """Return the MW that the owner does not use and could lease out: (1 - use) of the capacity."""
    return (1.0 - use) * mw


def capacity_added(capex: Mapping[int, float], cost_per_watt: float, lag: int = 1) -> dict[int, float]:
    """Return the GW of IT load that come on line, by year: capex (USD bn by year) over its cost, `lag` years later."""
    return {year + lag: spent / cost_per_watt for year, spent in capex.items()}


def compute_growth(added: float, fleet: float) -> float:
    """Return d ln C = ln((C0 + W) / C0) of `added` MW-equivalents beside a fleet of `fleet`."""
    return math.log1p(added / fleet)


def break_even_elasticity(cost: float, revenue: float, margin: float, growth: float) -> float:
    """Return the elasticity at which extra revenue pays a yearly cost: ln(1 + cost / (margin revenue)) / d ln C.

    `cost` and `revenue` are USD bn a year, `growth` is d ln C. Solves margin revenue (exp(eps growth) - 1) = cost.
    """
    return math.log1p(cost / (margin * revenue)) / growth


def par_forward(first: float, first_years: float, whole: float, whole_years: float) -> float:
    """Return the price of the years between two terms that makes both terms cost the same on average.

    f = (T2 p2 - T1 p1) / (T2 - T1), for prices per unit of time and no discounting.
    """
    return (whole_years * whole - first_years * first) / (whole_years - first_years)


def straight_line_life(years: float) -> float:
    """Return the mean life in years of book value depreciated straight-line by months, undiscounted: L / 2 + 1/24."""
    return 0.5 * years + 1.0 / 24.0


def earnings_per_share(revenue: float, cost: float, tax: float, shares: float) -> float:
    """Return USD a share of `revenue` less deductible `cost` (USD bn a year) after tax, `shares` in bn."""
    return (revenue - cost) * (1.0 - tax) / shares


def partner_cash(share: float, contributed: float, to_spend: float) -> float:
    """Return the cash that a partner brings into a joint venture: `share` of contributions and of spending to come.

    The sponsor brings the assets (`contributed`); of the cash, what the venture does not spend is distributed to it:
    share x contributed less the sponsor's own part of the spending, partner_cash - to_spend.
    """
    return share * (contributed + to_spend)


def midpoint_change(before_low: float, before_high: float, after_low: float, after_high: float) -> float:
    """Return the relative change of the midpoint of a range."""
    return (after_low + after_high) / (before_low + before_high) - 1.0
