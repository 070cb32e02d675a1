"""Do the 95 % intervals of an explanation hold the truth in 95 of 100 runs? Models with closed forms.

- Shares of the variance: Y = 2 X1 + X2 + X3 with normal inputs, X1 and X2 correlated by .6 (Owen and Prieur 2017,
  doi:10.1137/16M1097717); the Ishigami function of independent ones.
- Parts of a CVaR: Y = X1 + 2 X2 + 2 X3, independent normal: CVaR is proportional to the deviation of a coalition.
- Sobol indices: X1 + X2 X3.
- Shift of a driver in a tail: its correlation with the loss times the mean of the normal tail.
- Mean and CVaR under a view on a driver: the normal law moved.

Each replicate has PATHS paths. The aim is 93.5 to 96.5 %; a cell fails if its count is improbable (1e-5) for a coverage
in that range. With 18 cells a false alarm has probability below 2e-4. The worth of information is biased low by design
(the plan of a class is chosen on half of the paths): its mean miss is shown, and must not exceed 2 % of the truth.

    python -m verification.explanations [--replicates 2000] [--seed 1]
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulator.finance.metrics import Metric
from simulator.risk.entropy_pooling import pool, weighted_cvar, weighted_mean
from simulator.risk.estimates import influence_estimate
from simulator.risk.importance import sobol_indices
from simulator.risk.information import information_values
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec
from simulator.risk.shapley import shapley_parts, shapley_weights, variance_parts
from simulator.risk.tail_profile import profile_drivers, tail_of_losses

PATHS = 4_000
RANGE = (0.935, 0.965)
ALARM = 1e-5
RHO = 0.6
COST = Metric("cost", "amount", "USD bn", "high", False, "Cost")
BEYOND = float(stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05)  # mean of a normal beyond its 95 % quantile

Floats = NDArray[np.float64]


class Cell(NamedTuple):
    """One figure and its truth."""

    name: str
    figure: Figure
    truth: float


def members(drivers: int) -> list[list[int]]:
    """The drivers of every coalition."""
    return [[i for i in range(drivers) if number >> i & 1] for number in range(2**drivers)]


def redraw(function: Callable[[Floats], Floats], a: Floats, b: Floats, rho: float = 0.0) -> Floats:
    """Y_S of every coalition, (2^d, n), from scores a and scores drawn again b; the first two inputs are correlated."""
    rows, rest = [], math.sqrt(1.0 - rho * rho)
    for kept in members(len(a)):
        x = np.array([a[i] if i in kept else b[i] for i in range(len(a))])
        first, second = (a[0] if 0 in kept else b[0]), (a[1] if 1 in kept else b[1])
        if 1 in kept and 0 not in kept:  # the second as ever, the first given it
            second = rho * a[0] + rest * a[1]
            first = rho * second + rest * b[0]
        else:
            second = rho * (a[0] if 0 in kept else b[0]) + rest * second
        x[0], x[1] = first, second
        rows.append(function(x))
    return np.array(rows)


def ishigami(z: Floats) -> Floats:
    """The Ishigami function (a = 7, b = .1) of normal scores of uniform angles."""
    angle = (2.0 * stats.norm.cdf(z) - 1.0) * math.pi
    value: Floats = np.sin(angle[0]) + 7.0 * np.sin(angle[1]) ** 2 + 0.1 * angle[2] ** 4 * np.sin(angle[0])
    return value


def cells(rng: np.random.Generator) -> Iterator[Cell]:
    """The figures of one replicate."""
    a, b = rng.standard_normal((2, 3, PATHS))
    _, shares = variance_parts(redraw(lambda x: 2.0 * x[0] + x[1] + x[2], a, b, RHO))
    whole = 6.0 + 4.0 * RHO
    first = 4.0 * (1.0 - RHO**2 / 2.0) + 2.0 * RHO + RHO**2 / 2.0
    for k, truth in enumerate((first, whole - 1.0 - first, 1.0)):
        yield Cell(f"share of X{k + 1}, dependent", shares[k], truth / whole)
    _, shares = variance_parts(redraw(ishigami, a, b))
    v1, v2 = 0.5 * (1.0 + 0.1 * math.pi**4 / 5.0) ** 2, 49.0 / 8.0
    v13 = 0.01 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    for k, truth in enumerate((v1 + v13 / 2.0, v2, v13 / 2.0)):
        yield Cell(f"share of X{k + 1}, Ishigami", shares[k], truth / (v1 + v2 + v13))
    loadings = np.array([1.0, 2.0, 2.0])
    rested = [loadings[kept] @ a[kept] if kept else np.zeros(PATHS) for kept in members(3)]
    parts = shapley_parts([influence_estimate(row, COST, MeasureSpec("cvar", 0.95)) for row in rested])
    truths = shapley_weights(3) @ [BEYOND * math.sqrt(float((loadings[kept] ** 2).sum())) for kept in members(3)]
    for k, truth in enumerate(truths):
        yield Cell(f"part of X{k + 1} in CVaR", parts[k], float(truth))
    indices = sobol_indices(redraw(lambda x: x[0] + x[1] * x[2], a, b))
    for k, (low, high) in enumerate(((0.5, 0.5), (0.0, 0.5), (0.0, 0.5))):
        yield Cell(f"first index of X{k + 1}", indices[k][0], low)
        yield Cell(f"total index of X{k + 1}", indices[k][1], high)
    driver = RHO * a[0] + math.sqrt(1.0 - RHO**2) * a[1]
    yield Cell("shift in a tail", profile_drivers({"x": driver}, tail_of_losses(a[0], 0.95))[0].shift, RHO * BEYOND)
    pooled = pool(a[:1], np.array([0.3]))
    assert pooled is not None
    yield Cell("mean under a view", weighted_mean(a[0] + a[1], pooled), 0.3)
    yield Cell("CVaR under a view", weighted_cvar(a[0] + a[1], 0.95, pooled), 0.3 + math.sqrt(2.0) * BEYOND)


def worth_missed(rng: np.random.Generator) -> float:
    """By how much the worth of a normal driver misses 1 / sqrt(2 pi)."""
    x, noise = rng.standard_normal((2, 20_000))
    values = np.stack([x - x.mean() + noise - noise.mean(), np.zeros(x.size)])
    worth = information_values({"x": x}, values)[2][0].worth.value
    assert worth is not None
    return worth - 1.0 / math.sqrt(2.0 * math.pi)


def main() -> int:
    """Count coverage; 1 if a cell fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    held: dict[str, int] = {}
    for seed in range(options.replicates):
        for cell in cells(np.random.default_rng([options.seed, seed])):
            assert cell.figure.low is not None
            assert cell.figure.high is not None
            held[cell.name] = held.get(cell.name, 0) + (cell.figure.low <= cell.truth <= cell.figure.high)
    failed = False
    for name, count in held.items():
        low = stats.binom.cdf(count, options.replicates, RANGE[0])
        high = stats.binom.sf(count - 1, options.replicates, RANGE[1])
        bad = min(low, high) < ALARM
        failed |= bad
        print(f"{name:<28}{100 * count / options.replicates:6.1f} %{'  FAILS' if bad else ''}")
    missed = float(np.mean([worth_missed(np.random.default_rng([options.seed, 7, k])) for k in range(200)]))
    relative = missed * math.sqrt(2.0 * math.pi)
    failed |= abs(relative) > 0.02
    print(f"{'worth of information, bias':<28}{100 * relative:6.1f} % of the truth")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
