"""Tables of laws for compiled code."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from simulator.drivers import marginals
from simulator.drivers.laws.base import Array, Constant, Law
from simulator.drivers.laws.empirical import Empirical
from simulator.drivers.laws.modified import ZeroInflated
from simulator.drivers.laws.named import Lognormal, Normal, Uniform
from simulator.drivers.marginals import INTERVALS, SCORE_LIMIT, Marginals

__all__: list[str] = []  # used in this folder only

_NODES = np.array([0.0, 0.25, 0.75, 1.0])  # Chebyshev-Lobatto: error h^4 |f''''| / 1536, no derivative, no ringing
_TO_POWERS = np.linalg.inv(np.vander(_NODES, increasing=True))


def freeze(laws: Sequence[Law]) -> Marginals:
    """Return the tables of all laws of a model, in their order: law i is marginal i."""
    rows = [_row(law) for law in laws]
    counts = np.array([numbers.size for *_, numbers in rows], dtype=np.int64)
    atoms = [law.probability if isinstance(law, ZeroInflated) else 0.0 for law in laws]
    return Marginals(
        kind=np.array([row[0] for row in rows], dtype=np.int64),
        a=np.array([row[1] for row in rows], dtype=np.float64),
        b=np.array([row[2] for row in rows], dtype=np.float64),
        atom=np.array(atoms, dtype=np.float64),
        atom_z=np.array(ndtri(atoms), dtype=np.float64),
        atom_value=np.zeros(len(rows)),
        first=np.cumsum(counts) - counts,
        count=counts,
        numbers=np.concatenate([np.zeros(0), *(row[3] for row in rows)]),
    )


def _row(law: Law) -> tuple[int, float, float, Array]:
    """Return kind, a, b and numbers of a law without its atom."""
    nothing = np.zeros(0)
    match law:
        case ZeroInflated():
            return _row(law.base)
        case Constant():
            return marginals.CONSTANT, law.value, 0.0, nothing
        case Normal():
            return marginals.NORMAL, law.location, law.scale, nothing
        case Lognormal():
            return marginals.LOGNORMAL, math.log(law.median), law.sigma, nothing
        case Uniform():
            return marginals.UNIFORM, law.low, law.high - law.low, nothing
        case Empirical():
            return marginals.EMPIRICAL, law.start, law.end - law.start, law.values
        case _:
            return _table(law)


def _table(law: Law) -> tuple[int, float, float, Array]:
    """Return cubics in the score: of ln x where x > 0, else of x."""
    x = law.at(cubic_nodes(-SCORE_LIMIT, SCORE_LIMIT, INTERVALS))
    if not np.isfinite(x).all():
        raise ValueError(f"given {law}, wanted a law whose values are finite numbers out to a score of 8")
    positive = bool((x > 0.0).all())
    kind = marginals.LOG_TABLE if positive else marginals.TABLE
    return kind, 0.0, 0.0, cubic_coefficients(np.log(x) if positive else x)


def cubic_nodes(low: float, high: float, intervals: int) -> Array:
    """Return the points (intervals, 4) at which `cubic_coefficients` needs the function."""
    width = (high - low) / intervals
    nodes: Array = low + width * (np.arange(intervals)[:, None] + _NODES)
    return nodes


def cubic_coefficients(values: Array) -> Array:
    """Return flat coefficients, four an interval with rising powers of t in [0, 1], from values at `cubic_nodes`."""
    return np.ascontiguousarray((values @ _TO_POWERS.T).ravel())
