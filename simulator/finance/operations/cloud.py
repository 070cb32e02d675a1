"""Capacity rented from a cloud instead of owned: fixed terms from each site's planned date, re-locked at expiry.

Locks fall in the same months on every path. A rented MW works at the vintage that is newest when its term is locked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.tolerances import MONTHLY_RATE_TOLERANCE
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, World
from simulator.numerics.jit import disjoint, inner
from simulator.numerics.special_functions import exp, log

__all__: list[str] = []  # used in this folder only

POWER_ROWS = 16  # rows of a table of powers for what is left of a term within the horizon: months below 1,024


@inner
def rent_cloud(
    rented: float,
    use: float,
    term: int,
    mw: NDArray[np.float64],
    planned: NDArray[np.float64],
    delay: NDArray[np.int64],
    contracts: Monthly,
    world: World,
    rows: Rows,
    ledger: Ledger,
    total: Lanes,
) -> None:
    """Fill ledger[CLOUD_COST] and ledger[EFFECTIVE_MW] with the rented MW's cost and work; sum the cost in `total`.

    `rented` is the share of every site that is rented, `use` the part of it that is paid for.
    """
    paid, work_units, locked_before = rows[0], rows[1], rows[2]
    work, efficiency = world.monthly[at.WORK_INDEX], world.monthly[at.EFFICIENCY]
    cloud, effective = ledger[at.CLOUD_COST], ledger[at.EFFECTIVE_MW]
    paid[:] = 0.0
    work_units[:] = 0.0
    for m in range(cloud.shape[0]):
        for k in range(mw.size):
            first = int(planned[k]) - 1
            lock, before = first + (m - first) // term * term, first + (m - 1 - first) // term * term
            if m >= first and lock == m:
                scale = use * rented * mw[k] / 12e3
                for lane in range(paid.size):
                    paid[lane] += scale * (contracts[m, lane] - (contracts[m - term, lane] if m > first else 0.0))
            starts = m == first + delay[k]
            if m >= first + delay[k] and (lock == m or starts):
                for lane in range(paid.size):
                    locked_before[lane] = 0.0 if starts else efficiency[before, lane] / work[before, lane]
                    added = efficiency[lock, lane] / work[lock, lane] - locked_before[lane]
                    work_units[lane] += rented * mw[k] * added
        for lane in range(paid.size):
            cloud[m, lane] = paid[lane]
            total[lane] += paid[lane]
            effective[m, lane] = work_units[lane] * work[m, lane]


@inner
def add_cloud_commitments(
    rented: float,
    use: float,
    term: int,
    mw: NDArray[np.float64],
    planned: NDArray[np.float64],
    contracts: Monthly,
    tests: NDArray[np.int64],
    funding: Monthly,
    rows: Rows,
    powers: NDArray[np.float64],
    commitments: Monthly,
) -> None:
    """Add, at covenant tests, the present value at r + s of what is still to be paid in the terms that run.

    `powers` (POWER_ROWS, lanes) is scratch: see `_extend_powers`.
    """
    inverse, flat_rate, unpaid, power = rows[0], rows[1], rows[2], rows[3]
    months = commitments.shape[0]
    for m in tests:
        _discount_factors(funding[m + 1], powers[1], inverse, flat_rate, unpaid)
        powers[0] = 1.0
        made = 1
        for k in range(mw.size):
            first = int(planned[k]) - 1
            if m < first:
                continue
            lock = first + (m - first) // term * term
            rest = min(lock + term, months) - 1 - m
            made = _extend_powers(rest, made, powers)
            low, middle, high = powers[rest & 3], powers[_power_row(rest, 1)], powers[_power_row(rest, 2)]
            if rest >= 64:
                _multiply(high, powers[_power_row(rest, 3)], power)
                _multiply(power, powers[_power_row(rest, 4)], power)
                high = power
            _add_unpaid(
                use * rented * mw[k] / 12e3, float(rest), contracts[lock], low, middle, high, inverse, flat_rate, unpaid
            )  # fmt: skip
        for lane in range(unpaid.size):
            commitments[m, lane] += unpaid[lane]


@inner
def _power_row(months: int, digit: int) -> int:
    """Row of the power that one base-4 digit of a number of months names; row 0 is 1."""
    d = (months >> (2 * digit)) & 3
    return 3 * digit + d if d > 0 else 0


@inner
def _extend_powers(months: int, made: int, powers: NDArray[np.float64]) -> int:
    """Extend the discount factor's powers 1, 2, 3, 4, 8, 12, 16, .. in rows 1, 2, .. to all digits of `months`.

    `made` is the last row filled; returns the last row filled now.
    """
    digit = 0
    while months >> (2 * digit + 2) > 0:
        digit += 1
    while made < _power_row(months, digit):
        unit = 3 * ((made - 1) // 3) + 1  # of the digit that the last row belongs to
        _multiply(powers[made], powers[unit], powers[made + 1])
        made += 1
    return made


@inner
def _multiply(a: Lanes, b: Lanes, out: Lanes) -> None:
    """Set out = a b; rows may be the same."""
    for lane in range(out.size):
        out[lane] = a[lane] * b[lane]


@disjoint
def _discount_factors(funding: Lanes, factor: Lanes, inverse: Lanes, flat_rate: Lanes, unpaid: Lanes) -> None:
    """Fill monthly discount factors; 1 a month for n months is worth (1 - factor^n) `inverse` + n `flat_rate`."""
    for lane in range(factor.size):
        step = log(1.0 + funding[lane]) / 12.0
        rate = exp(step) - 1.0
        flat = -MONTHLY_RATE_TOLERANCE < rate < MONTHLY_RATE_TOLERANCE
        divisor = 1.0 if flat else rate
        factor[lane] = 1.0 / (1.0 + rate)
        inverse[lane] = 0.0 if flat else 1.0 / divisor
        flat_rate[lane] = 1.0 if flat else 0.0
        unpaid[lane] = 0.0


@disjoint
def _add_unpaid(
    scale: float,
    rest: float,
    contracts: Lanes,
    low: Lanes,
    middle: Lanes,
    high: Lanes,
    inverse: Lanes,
    flat_rate: Lanes,
    unpaid: Lanes,
) -> None:
    """Add the present value of what one site still has to pay."""
    for lane in range(unpaid.size):
        years = (1.0 - low[lane] * middle[lane] * high[lane]) * inverse[lane] + flat_rate[lane] * rest
        unpaid[lane] += scale * contracts[lane] * years
