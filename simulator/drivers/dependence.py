"""Dependence: the systematic factors that all drivers share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FACTORS = ("silicon", "grid", "arpu", "price", "rates", "spread")


class Dependence(NamedTuple):
    """Frozen numbers: how six factors arise from seven scores."""

    chol: NDArray[np.float64]  # (6, 6) lower Cholesky factor of the correlation matrix, order FACTORS
    student: int  # 0: Gaussian copula; 1: t copula
    inverse_scale: int  # marginal of sqrt(nu / chi2_nu) as a function of the seventh score (decreasing in it)
    score: NDArray[np.float64]  # flat spline coefficients of x -> Phi^-1(t_nu(x)) on a grid of asinh(x)
    z_factors: int  # first of the seven rows
