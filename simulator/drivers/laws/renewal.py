"""A bound on the number of events of a renewal process."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import pdtrc

from simulator.drivers.laws.base import NEGLIGIBLE, Array, Constant, Law, require, score_nodes
from simulator.drivers.laws.modified import ZeroInflated
from simulator.drivers.laws.named import Weibull

__all__: list[str] = []  # used in this folder only

_MOST_SLOTS = 4096


def slots(law: Law, horizon: float, probability: float = NEGLIGIBLE) -> int:
    """Return the smallest K known to make P(more than K arrivals within the horizon) < probability; gaps follow `law`.

    Exact for exponential gaps (a Poisson count) and for constant ones. Otherwise from Chernoff's bound, safe and
    some events too long: P(X_1 + .. + X_n <= T) <= e^(s T) E[e^(-s X)]^n for every s > 0.
    """
    require(horizon >= 0.0, f"horizon = {horizon:g}", "horizon >= 0")
    if isinstance(law, Constant):
        count = horizon / law.value if law.value > 0.0 else math.inf
    elif isinstance(law, Weibull) and law.shape == 1.0:
        expected = horizon / law.scale
        counts = np.arange(_MOST_SLOTS + 2)
        count = float(np.argmax(pdtrc(counts, expected) < probability)) if expected < _MOST_SLOTS else math.inf
    else:
        count = _chernoff(law, horizon, probability)
    require(
        count < _MOST_SLOTS + 1, "gaps so short or so often zero", f"at most {_MOST_SLOTS} events within {horizon:g}"
    )
    return int(count)


def _chernoff(law: Law, horizon: float, probability: float) -> float:
    """Return K = n - 1 for the smallest n at which the bound, at its best s on a grid, is below the probability."""
    if horizon == 0.0:
        return 0.0 if float(law.cdf(0.0)) == 0.0 else math.inf
    rate = np.geomspace(1e-3, 1e9, 481) / horizon
    transform = np.clip(_laplace(law, rate), 1e-300, 1.0)
    with np.errstate(divide="ignore"):
        needed = (math.log(probability) - rate * horizon) / np.log(transform)
    return math.floor(float(needed.min(initial=math.inf, where=transform < 1.0)))


def _laplace(law: Law, rate: Array) -> Array:
    """Return E[e^(-s X)] for each s."""
    if isinstance(law, ZeroInflated):
        return law.probability + (1.0 - law.probability) * _laplace(law.base, rate)
    z, weight = score_nodes()
    gap = law.at(z)
    require(float(gap.min()) >= 0.0, f"a law of gaps that reaches {gap.min():.4g}", "no negative gaps")
    transform: Array = np.exp(-rate[:, None] * gap) @ weight
    return transform
