"""Power sums of a tally block about a centre, and the moments made from their exact totals.

Within a tally block (1,024 consecutive paths) the order is fixed: value i goes to lane i % 64, then the lanes are
added by halves. Block sums are rounded numbers that do not depend on threads; across blocks they are added exactly
(exact_sum).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inner
from simulator.results import exact_sum

__all__ = ["Moments"]


LANES = 64
POWERS = 2


class Moments(NamedTuple):
    """Mean and standard deviation of n values; NaN where n is too small."""

    n: int
    mean: float
    sd: float  # with n - 1
    stderr: float  # of the mean: sd / sqrt(n)


@inner
def block_sums(
    x: NDArray[np.float64], weights: NDArray[np.int64], centre: float, lanes: NDArray[np.float64]
) -> tuple[float, float]:
    """Sums of w d and w d^2, d = x - centre, over a tally block `x` (n,), undefined left out.

    `lanes` (POWERS, LANES) is scratch. Slices, because an index `start + lane` could be negative to numba, and a
    loop with such an index is never vectorised.
    """
    first, second = lanes[0], lanes[1]
    lanes[:] = 0.0
    for start in range(0, x.shape[0], LANES):
        part, weight = x[start:], weights[start:]
        for lane in range(min(LANES, part.shape[0])):
            d = part[lane] - centre
            d = d if d == d else 0.0
            first[lane] += weight[lane] * d
            second[lane] += weight[lane] * d * d
    return _total(first), _total(second)


@inner
def _total(lanes: NDArray[np.float64]) -> float:
    """Sum of the lanes, by halves."""
    half = LANES // 2
    while half > 0:
        upper = lanes[half:]
        for lane in range(half):
            lanes[lane] += upper[lane]
        half //= 2
    return float(lanes[0])


def moments_from_sums(n: int, centre: float, limbs: NDArray[np.int64]) -> Moments:
    """Moments of n values from the exact power sums `limbs` (POWERS, LIMBS) about `centre`; one rounding each."""
    if n == 0:
        return Moments(0, math.nan, math.nan, math.nan)
    first, second = (
        exact_sum.units(row) for row in limbs
    )  # integers throughout: fractions would look for common factors
    numerator, denominator = centre.as_integer_ratio()
    mean = (numerator * n * exact_sum.UNITS + first * denominator) / (n * denominator * exact_sum.UNITS)
    if n == 1:
        return Moments(1, mean, math.nan, math.nan)
    squares = max(second * n * exact_sum.UNITS - first * first, 0)  # of n^2 times the variance
    sd = math.sqrt(squares / (n * (n - 1) * exact_sum.UNITS**2))
    return Moments(n, mean, sd, sd / math.sqrt(n))
