"""Marginals: any uncertain number, sampled by its quantile function of a standard normal score.

So one dependence layer and one sampler serve all of them. Constants, normal, lognormal and uniform laws have closed
forms, an empirical law is read from its order statistics; all others are cubic splines in the score, made once by
`simulator.drivers.laws.freeze`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.elementary import exp, phi_cdf, phi_inv

CONSTANT, NORMAL, LOGNORMAL, UNIFORM, TABLE, LOG_TABLE, EMPIRICAL = range(7)
SCORE_LIMIT = 8.0  # tables span scores from -8 to 8 and are flat beyond
INTERVALS = 256  # of width 1/16
_PER_SCORE = INTERVALS / (2.0 * SCORE_LIMIT)


class Marginals(NamedTuple):
    """All marginals of a model, n of them; marginal i is read at index i everywhere."""

    kind: NDArray[np.int64]  # (n,) one of the codes above
    a: NDArray[np.float64]  # (n,) location: value, mean, ln median or lower bound; empirical: first probability
    b: NDArray[np.float64]  # (n,) scale: 0, sd, sigma or width; empirical: range of probability
    atom: NDArray[np.float64]  # (n,) probability of the atom (0: none), at the low end of the scores
    atom_z: NDArray[np.float64]  # (n,) Phi^-1(atom); -inf without an atom
    atom_value: NDArray[np.float64]  # (n,) value of the atom
    first: NDArray[np.int64]  # (n,) first entry in `numbers` (tables, empirical)
    count: NDArray[np.int64]  # type: ignore[assignment]  # (n,) entries in `numbers` (shadows tuple.count)
    numbers: NDArray[np.float64]  # flat: spline coefficients (4 an interval) or order statistics


@njit
def sample(marginals: Marginals, i: int, z: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """out[l] = the value of marginal i at score z[l], for each lane l. `out` may be `z`."""
    if marginals.atom[i] > 0.0:
        _sample_atom(marginals, i, z, out)
    else:
        _sample_base(marginals, i, z, out)


@njit
def quantile(marginals: Marginals, i: int, z: float) -> float:
    """The value of marginal i at score z."""
    lane = np.full(1, z)
    sample(marginals, i, lane, lane)
    return float(lane[0])


@njit
def _sample_atom(marginals: Marginals, i: int, z: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Scores below atom_z take the atom, those above it the rest of the law, at a score of their own."""
    atom, threshold, value = marginals.atom[i], marginals.atom_z[i], marginals.atom_value[i]
    rest = 1.0 / (1.0 - atom)
    score = np.empty(z.size)
    below = np.empty(z.size)
    for l in range(z.size):
        below[l] = phi_cdf(z[l])
        score[l] = phi_cdf(-z[l])
    for l in range(z.size):
        upper = score[l] < below[l]
        tail = score[l] * rest if upper else (below[l] - atom) * rest
        x = phi_inv(tail)
        score[l] = -x if upper else x
        below[l] = 1.0 if z[l] < threshold else 0.0
    _sample_base(marginals, i, score, out)
    for l in range(out.size):
        out[l] = value if below[l] > 0.0 else out[l]


@njit
def _sample_base(marginals: Marginals, i: int, z: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """The law without its atom: one loop over lanes for each kind."""
    kind, a, b = marginals.kind[i], marginals.a[i], marginals.b[i]
    first, count = marginals.first[i], marginals.count[i]
    if kind == CONSTANT:
        for l in range(z.size):
            out[l] = a
    elif kind == NORMAL:
        for l in range(z.size):
            out[l] = a + b * z[l]
    elif kind == LOGNORMAL:
        for l in range(z.size):
            out[l] = exp(a + b * z[l])
    elif kind == UNIFORM:
        for l in range(z.size):
            out[l] = a + b * phi_cdf(z[l])
    elif kind == EMPIRICAL:
        for l in range(z.size):
            out[l] = _order_statistic(marginals.numbers, first, count, a + b * phi_cdf(z[l]))
    else:
        for l in range(z.size):
            out[l] = _spline(marginals.numbers, first, z[l])
        if kind == LOG_TABLE:
            for l in range(z.size):
                out[l] = exp(out[l])


@njit
def _spline(numbers: NDArray[np.float64], first: int, z: float) -> float:
    """The spline whose coefficients (4 an interval, rising powers) start at numbers[first], clamped to its ends."""
    s = (z + SCORE_LIMIT) * _PER_SCORE
    s = 0.0 if s < 0.0 else s
    return cubic(numbers, first, INTERVALS, s)


@njit
def cubic(numbers: NDArray[np.float64], first: int, intervals: int, place: float) -> float:
    """Piecewise cubic at 0 <= place, flat from `intervals` on: interval j's coefficients are at first + 4 j."""
    place = place if place < intervals else float(intervals)  # NaN too: the index must stay inside
    j = min(int(place), intervals - 1)
    t = place - j
    k = first + 4 * j
    value: float = numbers[k] + t * (numbers[k + 1] + t * (numbers[k + 2] + t * numbers[k + 3]))
    return value


@njit
def _order_statistic(numbers: NDArray[np.float64], first: int, count: int, p: float) -> float:
    """Linear between order statistics x_i at probability (i - .5) / n, flat beyond."""
    s = p * count - 0.5
    s = 0.0 if s < 0.0 else s
    s = s if s < count - 1.0 else count - 1.0
    k = min(int(s), max(count - 2, 0))
    low = float(numbers[first + k])
    high = float(numbers[first + min(k + 1, count - 1)])
    return low + (s - k) * (high - low)
