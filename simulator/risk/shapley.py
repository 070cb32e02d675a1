r"""Shapley values: a total divided among d drivers so that no order of the drivers is privileged.

Driver i gets phi_i = sum over coalitions S without i of |S|! (d - |S| - 1)! / d! (v(S + i) - v(S)), so that the parts
add up to v(all) - v(none) (Shapley 1953, doi:10.1515/9781400881970-018). All 2^d coalitions are enumerated: the parts
have an error of sampling only. Coalition number S has bit i set where driver i is in it.

Two values of a coalition are used.

- Of a variance, v(S) = Cov(Y, Y_S): Y_S is Y with the drivers of S kept and all others drawn again, given those of S.
  It is Var(E[Y | X_S]), whether or not drivers depend on each other (Song, Nelson and Staum 2016,
  doi:10.1137/15M1048070).
- Of a mean, a tail measure or a probability, v(S) is that measure where the drivers of S vary and all others rest at
  their median.

An estimate of either is a mean over paths to first order, so the error of a part follows from each path's influence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.estimates import InfluenceEstimate
from simulator.risk.intervals import Figure

__all__ = ["shapley_parts", "variance_parts"]

Floats = NDArray[np.float64]


def shapley_weights(drivers: int) -> Floats:
    """The weight of v(S) in the part of driver i, (drivers, 2^drivers): positive where i is in S."""
    coalitions = np.arange(2**drivers)
    members = (coalitions >> np.arange(drivers)[:, None]) & 1
    size = members.sum(axis=0)
    others = np.arange(drivers)
    share = np.array([1.0 / (drivers * math.comb(drivers - 1, s)) for s in others])
    weights: Floats = np.where(members == 1, share[np.maximum(size - 1, 0)], -share[np.minimum(size, drivers - 1)])
    return weights


def shapley_parts(estimates: Sequence[InfluenceEstimate]) -> list[Figure]:
    """The part of each driver in v(all) - v(none), from the estimates of v(S), S = 0 .. 2^d - 1, on the same paths."""
    weights = shapley_weights(_driver_count(len(estimates)))
    values = np.array([estimate.value for estimate in estimates])
    influences = np.stack([estimate.influence for estimate in estimates])
    return [
        _mean_figure(float(value), influence)
        for value, influence in zip(weights @ values, weights @ influences, strict=True)
    ]


def variance_parts(values: Floats) -> tuple[Floats, list[Figure]]:
    """The parts of Var(Y), (drivers,), and each as a share of it; values (2^d, n) of Y_S, the last of them Y itself.

    Parts add up to the sample variance. A share may be slightly negative: it is an estimate of one that is not.
    """
    drivers, paths = _driver_count(values.shape[0]), values.shape[1]
    weights = shapley_weights(drivers)
    weights[:, 0] = 0.0  # v(none) is 0; nothing of Y is kept
    centred = values[-1] - values[-1].mean()
    differences = weights @ values
    products = (differences - differences.mean(axis=1, keepdims=True)) * centred * (paths / (paths - 1))
    squares = centred * centred * (paths / (paths - 1))
    variance = float(squares.mean())
    parts = products.mean(axis=1)
    if variance == 0.0:
        return parts, [Figure(None, None, None, "no variance") for _ in range(drivers)]
    shares = parts / variance
    return parts, [
        _mean_figure(float(share), (product - share * squares) / variance)
        for share, product in zip(shares, products, strict=True)
    ]


def _driver_count(coalitions: int) -> int:
    drivers = coalitions.bit_length() - 1
    if coalitions != 2**drivers or not drivers:
        raise ValueError(f"given {coalitions} coalitions, wanted all 2^d of d drivers")
    return drivers


def _mean_figure(value: float, influence: Floats) -> Figure:
    """A figure whose error is that of the mean of its influences (n,)."""
    paths = influence.size
    if paths < 2:
        return Figure(value, None, None, intervals.ALONE)
    error = float(np.std(influence, ddof=1)) / math.sqrt(paths)
    return Figure(value, *intervals.mean_interval(value, error, paths))
