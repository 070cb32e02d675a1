r"""Entropy pooling: the least change of the paths' weights that makes a view hold.

Of all weights p with sum p_i g(x_i) = target for every view, those with the smallest relative entropy
sum p_i ln(n p_i) are taken (Meucci 2008, Risk 21(10), arXiv:1012.2848): p_i proportional to exp(lambda' g(x_i)), lambda
from Newton steps on the convex dual. A view is the mean of a column, or the probability of lying at or below a value: a
median or another quantile is one of the latter.

An estimate under views, theta = sum p_i f_i, has the error of a calibrated mean (Deville and Saerndal 1992,
doi:10.1080/01621459.1992.10475217): Var = sum p_i^2 (f_i - theta - beta' (g_i - target))^2, beta the weighted
regression of f on the views. So few paths may carry the weight that no figure is to be trusted: the effective number of
paths is 1 / sum p_i^2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__ = ["PooledWeights", "pool", "weighted_cvar", "weighted_mean"]

_STEPS = 100  # of Newton
_SMALLEST = 1e-10  # part of a Newton step
_ROUNDING = 1e-12  # of the dual
_CLOSE = 1e-9  # of a constraint, in standard deviations of its column

Floats = NDArray[np.float64]


class PooledWeights(NamedTuple):
    """Weights (n,) that add up to 1, and the views (views, n), centred at their targets, that they satisfy."""

    weights: Floats
    centred: Floats

    @property
    def effective_paths(self) -> float:
        """1 / sum p_i^2: paths of equal weight that would tell as much."""
        return float(1.0 / (self.weights @ self.weights))

    @property
    def relative_entropy(self) -> float:
        """sum p_i ln(n p_i), 0 where nothing is changed."""
        positive = self.weights[self.weights > 0.0]
        return float((positive * np.log(positive * self.weights.size)).sum())


def pool(views: Floats, targets: Floats) -> PooledWeights | None:
    """Weights of n paths under which the means of `views` (views, n) are the targets (views,); None if there are none.

    Views that contradict each other, or lie outside what the paths hold, have none.
    """
    spread = views.std(axis=1, keepdims=True)
    if not np.all(spread > 0.0):
        return None
    centred = (views - targets[:, None]) / spread
    if not np.all((centred.min(axis=1) < 0.0) & (centred.max(axis=1) > 0.0)):
        return None
    multipliers = np.zeros(views.shape[0])
    for _ in range(_STEPS):
        weights, value = _tilt(centred, multipliers)
        gradient = centred @ weights
        if np.abs(gradient).max() < _CLOSE:
            return PooledWeights(weights, centred)
        away = centred - gradient[:, None]
        curvature = (away * weights) @ away.T
        try:
            step = np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            return None
        size = 1.0
        enough = value + _ROUNDING  # the dual falls by less than it can be computed to, close to its minimum
        while size > _SMALLEST and _tilt(centred, multipliers - size * step)[1] > enough:
            size /= 2.0
        multipliers = multipliers - size * step
    return None


def _tilt(centred: Floats, multipliers: Floats) -> tuple[Floats, float]:
    """Weights proportional to exp(multipliers' centred), and the dual: the logarithm of their sum."""
    exponent = multipliers @ centred
    top = float(exponent.max())
    raw = np.exp(exponent - top)
    total = float(raw.sum())
    return raw / total, top + math.log(total / raw.size)


def weighted_mean(values: Floats, pooled: PooledWeights) -> Figure:
    """The mean of values (n,) under the views, with its interval."""
    mean = float(pooled.weights @ values)
    return Figure(mean, *intervals.mean_interval(mean, _error(values - mean, pooled), round(pooled.effective_paths)))


def weighted_cvar(loss: Floats, level: float, pooled: PooledWeights) -> Figure:
    """CVaR of losses (n,) under the views, with its interval."""
    order = np.argsort(loss, kind="stable")
    reached = np.cumsum(pooled.weights[order])
    edge = float(loss[order[min(int(np.searchsorted(reached, level * reached[-1])), loss.size - 1)]])
    return weighted_mean(edge + np.maximum(loss - edge, 0.0) / intervals.beyond(level), pooled)


def _error(residual: Floats, pooled: PooledWeights) -> float:
    """Standard error of a weighted mean whose values (n,) are given less it."""
    weights, centred = pooled.weights, pooled.centred
    slope = np.linalg.lstsq((centred * weights) @ centred.T, (centred * weights) @ residual, rcond=None)[0]
    return float(np.sqrt(np.sum((weights * (residual - slope @ centred)) ** 2)))
