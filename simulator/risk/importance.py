r"""Importance of single drivers, for a validator: Sobol indices, and what a plain sample says.

- First and total Sobol indices of a driver i (Sobol 1993; Janon et al. 2014, doi:10.1051/ps/2013040) from Y with i
  alone kept and with all but i kept: S = Cov(Y, Y_i) / Var Y, T = 1 - Cov(Y, Y_-i) / Var Y. Where drivers depend on
  each other S takes in what others carry for i, and T only what i adds to all others: T may be below S.
- Given data (Plischke, Borgonovo and Smith 2013, doi:10.1016/j.ejor.2012.11.047): the driver's values are cut into
  CLASSES of equal size. eta^2 is the share of the variance between classes, less what classes of chance have,
  (M - 1) s^2 / SS. Borgonovo's delta is the mean of half the distance of densities, sum |p_class - p| over bins of Y.
  Chance makes it too large by c / sqrt(n), so it is extrapolated from all paths and from their halves,
  d_n - (d_half - d_n) / (sqrt(2) - 1): without bias where the driver does nothing, and hardly corrected where it does
  much.

Intervals are from a delete-a-group jackknife over BLOCKS blocks of paths (Sobol: from the influences of paths).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__ = ["given_data_importance", "sobol_indices"]

CLASSES = 32
BLOCKS = 20
_BINS = 40  # of the output's distribution, of equal probability
_PER_CELL = 10  # paths of a class and bin below which chance is not proportional to 1 / sqrt(n)

Floats = NDArray[np.float64]


class GivenDataImportance(NamedTuple):
    """Importance of one driver in a sample."""

    eta: Figure  # share of the variance that goes with the driver, by itself
    delta: Figure  # Borgonovo's


def sobol_indices(values: Floats) -> list[tuple[Figure, Figure]]:
    """First and total index of each driver from values (2^d, n) of Y_S, the last of them Y itself."""
    drivers, paths = values.shape[0].bit_length() - 1, values.shape[1]
    y = values[-1] - values[-1].mean()
    squares = y * y
    variance = float(squares.mean())
    if variance == 0.0:
        nothing = Figure(None, None, None, "no variance")
        return [(nothing, nothing)] * drivers
    indices = []
    for driver in range(drivers):
        alone, without = values[1 << driver], values[(2**drivers - 1) ^ (1 << driver)]
        shares = []
        for kept in (alone, without):
            products = y * (kept - kept.mean())
            share = float(products.mean()) / variance
            error = float(((products - share * squares) / variance).std(ddof=1)) / math.sqrt(paths)
            shares.append((share, error))
        (first, first_error), (rest, rest_error) = shares
        indices.append(
            (
                Figure(first, *intervals.mean_interval(first, first_error, paths)),
                Figure(1.0 - rest, *intervals.mean_interval(1.0 - rest, rest_error, paths)),
            )
        )
    return indices


def given_data_importance(driver: Floats, output: Floats) -> GivenDataImportance:
    """eta^2 and delta of a driver (n,) for an output (n,), with jackknife intervals."""
    classes = _classes(driver)
    edges = np.unique(np.quantile(output, np.linspace(0.0, 1.0, _BINS + 1)[1:-1], method="inverted_cdf"))
    bins = np.searchsorted(edges, output, side="left")

    def delta(rows: NDArray[np.int64]) -> float:
        whole = _distance(classes[rows], bins[rows])
        halves = [_distance(classes[part], bins[part]) for part in (rows[::2], rows[1::2])]
        return whole - (sum(halves) / 2.0 - whole) / (math.sqrt(2.0) - 1.0)

    def eta(rows: NDArray[np.int64]) -> float:
        return _between_share(classes[rows], output[rows])

    return GivenDataImportance(_jackknife(eta, output.size), _jackknife(delta, output.size))


def _classes(driver: Floats) -> NDArray[np.int64]:
    """The class of each value: CLASSES of about equal size, fewer where paths are few; equal values stay together."""
    count = min(CLASSES, max(driver.size // (_PER_CELL * _BINS), 2))
    cuts = np.unique(np.quantile(driver, np.arange(1, count) / count, method="inverted_cdf"))
    classes: NDArray[np.int64] = np.searchsorted(cuts, driver, side="left")
    return classes


def _between_share(classes: NDArray[np.int64], output: Floats) -> float:
    """The share of the sum of squares between classes, less what classes of chance would have."""
    counts = np.bincount(classes)
    used = counts > 0
    centred = output - output.mean()
    sums = np.bincount(classes, centred)
    total = float((centred * centred).sum())
    between = float((sums[used] ** 2 / counts[used]).sum())
    groups, n = int(used.sum()), output.size
    if total == 0.0 or groups < 2 or n <= groups:
        return 0.0
    within = (total - between) / (n - groups)
    return (between - (groups - 1) * within) / total


def _distance(classes: NDArray[np.int64], bins: NDArray[np.int64]) -> float:
    """The mean over classes of half the sum over bins of |p(bin in class) - p(bin)|, weighed by class size."""
    columns = int(bins.max()) + 1
    table = np.bincount(classes * columns + bins, minlength=(int(classes.max()) + 1) * columns).reshape(-1, columns)
    sizes = table.sum(axis=1)
    overall = table.sum(axis=0) / table.sum()
    table = table[sizes > 0] / sizes[sizes > 0, None]
    weights = sizes[sizes > 0] / sizes.sum()
    return float(weights @ (0.5 * np.abs(table - overall).sum(axis=1)))


def _jackknife(estimate: Callable[[NDArray[np.int64]], float], n: int) -> Figure:
    """An estimate from all n paths with the interval of a delete-a-group jackknife."""
    rows = np.arange(n)
    value = estimate(rows)
    if n < 2 * BLOCKS:
        return Figure(value, None, None, "too few paths")
    parts = np.array([estimate(rows[rows % BLOCKS != block]) for block in range(BLOCKS)])
    error = math.sqrt((BLOCKS - 1) / BLOCKS * float(((parts - parts.mean()) ** 2).sum()))
    return Figure(value, *intervals.mean_interval(value, error, BLOCKS))
