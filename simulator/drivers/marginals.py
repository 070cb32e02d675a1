"""Marginals: any uncertain number, sampled by its quantile function of a standard normal score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONSTANT, NORMAL, LOGNORMAL, UNIFORM, TABLE, LOG_TABLE, EMPIRICAL = range(7)


class Marginals(NamedTuple):
    """All marginals of a model, n of them; marginal i is read at index i everywhere."""

    kind: NDArray[np.int64]  # (n,) one of the codes above
    a: NDArray[np.float64]  # (n,) location: value, mean, ln median or lower bound
    b: NDArray[np.float64]  # (n,) scale: 0, sd, sigma or width
    atom: NDArray[np.float64]  # (n,) probability of the atom (0: none), at the low end of the scores
    atom_z: NDArray[np.float64]  # (n,) Phi^-1(atom); -inf without an atom
    atom_value: NDArray[np.float64]  # (n,) value of the atom
    first: NDArray[np.int64]  # (n,) first entry in `numbers` (tables, empirical)
    count: NDArray[np.int64]  # (n,) entries in `numbers`
    numbers: NDArray[np.float64]  # flat: spline coefficients (4 an interval) or order statistics
