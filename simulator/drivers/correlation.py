"""Correlation matrices: the smallest eigenvalue, and the nearest valid matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__: list[str] = []  # used in this folder only

_LEAST = 1e-5  # smallest eigenvalue of the nearest matrix: large enough to survive printing with six decimals


def smallest_eigenvalue(matrix: NDArray[np.float64]) -> float:
    """Return the smallest eigenvalue of a symmetric matrix; a correlation matrix needs it positive."""
    return float(np.linalg.eigvalsh(matrix)[0])


def nearest_correlation(matrix: NDArray[np.float64], least: float = _LEAST) -> NDArray[np.float64]:
    """Return the correlation matrix nearest to a symmetric one in the Frobenius norm, eigenvalues at least `least`.

    Alternating projections with Dykstra's correction: Higham 2002, algorithm 3.3 (doi 10.1093/imanum/22.3.329).
    """
    y = np.array(matrix, dtype=np.float64)
    correction = np.zeros_like(y)
    for _ in range(10_000):
        start = y - correction
        values, vectors = np.linalg.eigh(start)
        x = (vectors * np.maximum(values, least)) @ vectors.T
        correction = x - start
        y = 0.5 * (x + x.T)
        np.fill_diagonal(y, 1.0)
        if np.abs(y - x).max() < 1e-12:
            break
    return y
