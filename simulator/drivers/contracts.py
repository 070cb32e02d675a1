"""Price of a contract: the cost of a term of months that is locked today, by lane.

The models of the compute price expect, given today's y (distance of the ln price from its level) and state,

    contract / scale = mean_j a_j(state) exp(y w_j) = exp(g(y)),    w_j = exp(-kappa t_j), t_j the term's mid-months

g is smooth and rises at most as y itself (0 < g' <= 1; its fifth derivative is a fifth cumulant of weights in 0..1, at
most .13). So quartics on pieces of width 1/16 hold it within 2e-12. The first and the last piece are straight lines
without an end, so that values of y beyond the tabulated range are extrapolated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import njit
from simulator.numerics.special_functions import exp

__all__ = ["Curves", "lock_contract"]

Array = NDArray[np.float64]
_PER_UNIT = 16.0  # pieces per unit of y
_TERMS = 5  # coefficients a piece, rising powers of the place in it
_FURTHEST = 40.0  # largest |y| tabulated: a price e^40 times its level has no meaning
_NODES = 0.5 - 0.5 * np.cos(np.pi * np.arange(_TERMS) / (_TERMS - 1))  # Chebyshev-Lobatto on [0, 1]


class Curves(NamedTuple):
    """Frozen numbers: g of K tenors, each in one or more states."""

    numbers: NDArray[np.float64]  # (K, states x pieces x 5) coefficients
    low: float  # y at which the first piece begins
    last: int  # number of the last piece


@njit
def lock_contract(numbers: Array, low: float, last: int, y: Array, state: Array, scale: Array, out: Array) -> None:
    """Fill out = scale exp(g(y)) by lane, `numbers` a row of `Curves.numbers`, states whole numbers from 0."""
    pieces, edge = last + 1, float(last)
    for lane in range(y.size):
        place = (y[lane] - low) * _PER_UNIT
        piece = place if place > 0.0 else 0.0
        piece = piece if piece < edge else edge
        j = int(piece)
        t = place - j
        k = _TERMS * (j + pieces * int(state[lane]))
        out[lane] = numbers[k] + t * (numbers[k + 1] + t * (numbers[k + 2] + t * (numbers[k + 3] + t * numbers[k + 4])))
    for lane in range(y.size):
        out[lane] = scale[lane] * exp(out[lane])


def mid_months(months: int) -> Array:
    """Return the years from the lock to the middle of each month of the term, (months,)."""
    return np.asarray((np.arange(months) + 0.5) / 12.0, dtype=np.float64)


def tabulate_curves(
    tenors: Sequence[int], fade: Callable[[Array], Array], weight: Callable[[Array], Array], low: float, high: float
) -> Curves:
    """Tabulate g for terms of `tenors` months, for y from low to high.

    fade(t) is w (n,), weight(t) is a (states, n) at the mid-months t (n,); a term's months count alike.
    """
    low, high = max(low, -_FURTHEST), min(high, _FURTHEST)
    first = np.floor(low * _PER_UNIT) / _PER_UNIT
    pieces = max(int(np.ceil((high - first) * _PER_UNIT)), 1)
    y = first + (np.arange(pieces)[:, None] + _NODES) / _PER_UNIT
    rows = []
    for months in tenors:
        t = mid_months(months)
        w, a = fade(t), weight(t) / months
        rows.append(np.concatenate([_pieces(weights, w, y) for weights in a]).ravel())
    numbers = np.array(rows) if rows else np.zeros((0, 0))
    return Curves(numbers, float(first - 1.0 / _PER_UNIT), pieces + 1)


def _pieces(a: Array, w: Array, y: Array) -> Array:
    """Return coefficients (pieces + 2, 5) of ln sum a exp(y w) at y (pieces, 5), and of a line at either end."""
    term = np.log(a) + y[..., None] * w
    top = term.max(axis=-1, keepdims=True)
    share = np.exp(term - top)
    g = top[..., 0] + np.log(share.sum(axis=-1))
    slope = (share @ w) / share.sum(axis=-1) / _PER_UNIT
    inside = g @ np.linalg.inv(np.vander(_NODES, increasing=True)).T
    below = _line(g[0, 0] - slope[0, 0], slope[0, 0])
    above = _line(g[-1, -1], slope[-1, -1])
    return np.concatenate([below, inside, above])


def _line(value: float, slope: float) -> Array:
    """Return a straight piece, which holds without an end."""
    return np.array([[value, slope, 0.0, 0.0, 0.0]])
