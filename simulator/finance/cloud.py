"""Capacity rented from a cloud instead of owned: fixed terms from each site's planned date, re-locked at expiry.

Locks fall in the same months on every path. A rented MW works at the vintage that is newest when its term is locked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inner
from simulator.elementary import exp, log
from simulator.finance import ledger as at
from simulator.finance.ledger import Lanes, Ledger, Monthly, World


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
    rows: NDArray[np.float64],
    ledger: Ledger,
    total: Lanes,
) -> None:
    """Fill ledger[CLOUD] (cost of the month) and ledger[EFFECTIVE] (what the rented MW do); sum the cost in `total`.

    `rented` is the share of every site that is rented, `use` the part of it that is paid for.
    """
    paid, does, held = rows[0], rows[1], rows[2]
    work, efficiency, cloud, effective = (
        world.monthly[at.WORK],
        world.monthly[at.EFFICIENCY],
        ledger[at.CLOUD],
        ledger[at.EFFECTIVE],
    )
    paid[:] = 0.0
    does[:] = 0.0
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
                    held[lane] = 0.0 if starts else efficiency[before, lane] / work[before, lane]
                    does[lane] += rented * mw[k] * (efficiency[lock, lane] / work[lock, lane] - held[lane])
        for lane in range(paid.size):
            cloud[m, lane] = paid[lane]
            total[lane] += paid[lane]
            effective[m, lane] = does[lane] * work[m, lane]


@inner
def owe_cloud(
    rented: float,
    use: float,
    term: int,
    mw: NDArray[np.float64],
    planned: NDArray[np.float64],
    contracts: Monthly,
    tests: NDArray[np.int64],
    funding: Monthly,
    rows: NDArray[np.float64],
    owed: Monthly,
) -> None:
    """Add, at covenant tests, the present value at r + s of what is still to be paid in the terms that run."""
    step, inverse, level, unpaid = rows[0], rows[1], rows[2], rows[3]
    months = owed.shape[0]
    for m in tests:
        for lane in range(step.size):
            step[lane] = log(1.0 + funding[m + 1, lane]) / -12.0
            rate = exp(-step[lane]) - 1.0
            flat = -1e-12 < rate < 1e-12
            divisor = 1.0 if flat else rate
            inverse[lane] = 0.0 if flat else 1.0 / divisor
            level[lane] = 1.0 if flat else 0.0
            unpaid[lane] = 0.0
        for k in range(mw.size):
            first = int(planned[k]) - 1
            if m < first:
                continue
            lock = first + (m - first) // term * term
            rest = min(lock + term, months) - 1 - m
            scale = use * rented * mw[k] / 12e3
            for lane in range(step.size):
                years = (1.0 - exp(step[lane] * rest)) * inverse[lane] + level[lane] * rest
                unpaid[lane] += scale * contracts[lock, lane] * years
        for lane in range(step.size):
            owed[m, lane] += unpaid[lane]
