"""The working arrays of one block of paths: what a world is, what a plan books by month, and running totals by lane.

Months are rows, lanes (paths) columns, so that inner loops over lanes vectorise. Arrays named *_change hold changes of
a level: an event adds at the month it happens, a running sum turns them into the level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.float64]
Monthly = NDArray[np.float64]


class World(NamedTuple):
    """One joint realisation of the drivers in each lane. Shapes (months, lanes), (sites, lanes) or (lanes,)."""

    factors: NDArray[np.float64]  # (6, lanes)
    value: Monthly  # value index: V(m; u) = value[m] / value[u]
    work: Monthly  # index of what a vintage still does
    efficiency: Monthly  # exp(H): work per MW of a vintage bought in the month
    price: Monthly  # USD per W-year
    trailing: Monthly  # P12
    noise: Monthly  # exp(x) of ad revenue
    funding: Monthly  # (months + 1, lanes) r + s, row m the opening of month m
    energised: NDArray[np.float64]  # (sites, lanes) months
    built: NDArray[np.float64]  # (sites, lanes) months
    behind: NDArray[np.float64]  # (sites, lanes) 1: behind-the-meter power
    epsilon: Lanes
    margin: Lanes
    cost: Lanes  # cost multiplier
    operating_cost: Lanes  # USD per W-year
    resale: Lanes


class Ledger(NamedTuple):
    """What a plan books, by (month, lane), USD bn unless said."""

    cost_change: Monthly  # operating cost before growth, a year, USD m
    fee: Monthly  # expensed once
    depreciation: Monthly  # changes of its level
    capex: Monthly
    sale: Monthly
    gain: Monthly  # on sales, less write-offs
    work_change: Monthly  # MW-equivalents per unit of the work index
    idle: Monthly  # first its changes, then its level
    first_change: Monthly  # MW of first vintages per unit of the value index
    service: Monthly  # MW in service: first its changes, then its level
    stranded: Monthly
    asset: Monthly  # economic value of compute; filled for traces only
    effective: Monthly  # W, MW-equivalents
    ebitda: Monthly
    taxable: Monthly  # before interest
    cash_flow: Monthly  # unlevered, after tax
    book: Monthly  # invested capital
    interest: Monthly  # on notes
    cfads: Monthly
    cash: Monthly
    revolver: Monthly


class Totals(NamedTuple):
    """Sums by lane, USD bn unless said."""

    sunk: Lanes  # spent before month 0
    compute_value: Lanes  # terminal
    shell_value: Lanes  # terminal, before the factor min(1, P12 / 12)
    book: Lanes  # terminal
    idle_capital: Lanes  # USD bn-years
    write_offs: Lanes
    stranded: Lanes  # at retirement
    in_service: Lanes  # MW that enter service within the horizon


def world(months: int, sites: int, lanes: int) -> World:
    """Empty arrays for a block of `lanes` paths."""
    shapes = {
        "factors": (6, lanes),
        "funding": (months + 1, lanes),
        **dict.fromkeys(("value", "work", "efficiency", "price", "trailing", "noise"), (months, lanes)),
        **dict.fromkeys(("energised", "built", "behind"), (sites, lanes)),
    }
    return World(*(np.zeros(shapes.get(field, (lanes,))) for field in World._fields))


def ledger(months: int, lanes: int) -> Ledger:
    """Empty arrays for a block of `lanes` paths."""
    return Ledger(*(np.zeros((months, lanes)) for _ in Ledger._fields))


def totals(lanes: int) -> Totals:
    """Empty totals for a block of `lanes` paths."""
    return Totals(*(np.zeros(lanes) for _ in Totals._fields))
