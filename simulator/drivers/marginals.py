"""Marginals: any uncertain number, sampled by its quantile function of a standard normal score.

So one dependence layer and one sampler serve all of them. Constants, normal, lognormal and uniform laws have closed
forms, an empirical law is read from its order statistics; all others are cubic splines in the score, made once by
`simulator.drivers.laws.freeze`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inner, njit
from simulator.numerics.special_functions import exp, phi_cdf, phi_inv

__all__ = ["CONSTANT", "SCORE_LIMIT", "Marginals", "quantile", "sample"]

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
    """Fill out[l] with the value of marginal i at score z[l], for each lane l. `out` may be `z`."""
    kind, a, b = marginals.kind[i], marginals.a[i], marginals.b[i]
    atom = marginals.atom[i], marginals.atom_z[i], marginals.atom_value[i]
    first = marginals.first[i]
    numbers = marginals.numbers[first : first + marginals.count[i]]
    _sample_marginal(
        kind, a, b, atom, numbers, z, out
    )  # a branch in this function would cost 70 ns a call: reference counts of nine arrays


@njit
def _sample_marginal(
    kind: int,
    a: float,
    b: float,
    atom: tuple[float, float, float],
    numbers: NDArray[np.float64],
    z: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    if atom[0] > 0.0:
        _sample_atom(kind, a, b, atom, numbers, z, out)
    else:
        _sample_base(kind, a, b, numbers, z, out)


@njit
def _sample_atom(
    kind: int,
    a: float,
    b: float,
    atom: tuple[float, float, float],
    numbers: NDArray[np.float64],
    z: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    hit = np.empty(z.size, np.bool_)
    _split_atom(atom[0], atom[1], z, hit, out)
    _sample_base(kind, a, b, numbers, out, out)
    _put_atom(atom[2], hit, out)


@njit
def quantile(marginals: Marginals, i: int, z: float) -> float:
    """Return the value of marginal i at score z."""
    lane = np.full(1, z)
    sample(marginals, i, lane, lane)
    return float(lane[0])


@njit
def _split_atom(
    atom: float, atom_z: float, z: NDArray[np.float64], hit: NDArray[np.bool_], score: NDArray[np.float64]
) -> None:
    """Fill `hit`, true where a score falls on the atom, and the scores that the others have in the rest of the law."""
    rest = 1.0 / (1.0 - atom)
    upper = np.empty(z.size, np.bool_)
    for l in range(z.size):
        hit[l] = z[l] < atom_z
        upper[l] = z[l] > 0.0
    for l in range(z.size):  # probability by the tail that is the smaller
        score[l] = phi_cdf(-abs(z[l]))
    for l in range(z.size):
        x = phi_inv((score[l] - (0.0 if upper[l] else atom)) * rest)
        score[l] = -x if upper[l] else x


@inner
def _put_atom(value: float, hit: NDArray[np.bool_], out: NDArray[np.float64]) -> None:
    for l in range(out.size):
        out[l] = value if hit[l] else out[l]


@inner
def _sample_base(
    kind: int, a: float, b: float, numbers: NDArray[np.float64], z: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Fill out with the law without its atom, in one loop over lanes for each kind."""
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
            out[l] = a + b * phi_cdf(z[l])
        for l in range(z.size):
            out[l] = _order_statistic(numbers, out[l])
    else:
        for l in range(z.size):
            out[l] = cubic(numbers, (z[l] + SCORE_LIMIT) * _PER_SCORE)
        if kind == LOG_TABLE:
            for l in range(z.size):
                out[l] = exp(out[l])


@njit
def cubic(numbers: NDArray[np.float64], place: float) -> float:
    """Evaluate a piecewise cubic, flat beyond its ends; coefficients 4 j .. 4 j + 3, rising powers, for j .. j + 1."""
    intervals = numbers.size // 4
    place = 0.0 if place < 0.0 else place
    place = place if place < intervals else float(intervals)  # NaN too: the index must stay inside
    j = min(int(place), intervals - 1)
    t = place - j
    k = 4 * j
    value: float = numbers[k] + t * (numbers[k + 1] + t * (numbers[k + 2] + t * numbers[k + 3]))
    return value


@inner
def _order_statistic(numbers: NDArray[np.float64], p: float) -> float:
    """Interpolate linearly between order statistics x_i at probability (i - .5) / n, flat beyond; n > 1."""
    last = numbers.size - 1
    s = p * numbers.size - 0.5
    s = 0.0 if s < 0.0 else s
    s = s if s < last else float(last)
    k = min(int(s), last - 1)
    low = float(numbers[k])
    return low + (s - k) * (float(numbers[k + 1]) - low)
