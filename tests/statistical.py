"""Comparisons of samples with closed forms.

Every comparison allows LIMIT standard errors: under the hypothesis it fails with probability 2e-7 (normal limit,
samples of 30,000 and more). The tests of drivers make some 230 of them, so one run of all raises a false alarm
with probability below 1e-4. Seeds are fixed; SIMULATOR_TEST_SEED runs them under another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

LIMIT = 5.2


def _within(estimate: float, expected: float, error: float, what: str) -> None:
    away = abs(estimate - expected) / max(error, 1e-300)
    assert away < LIMIT, f"{what}: {estimate:.6g} from the sample, {expected:.6g} expected, {away:.1f} standard errors"


def assert_mean(sample: NDArray[np.float64], expected: ArrayLike, what: str = "mean") -> None:
    """E[X] against the mean of independent draws."""
    _within(float(sample.mean()), float(np.asarray(expected)), float(sample.std() / np.sqrt(sample.size)), what)


def assert_share(event: NDArray[np.bool_], expected: ArrayLike, what: str = "share") -> None:
    """P(event); the error is that of the expected share, so that a rare event may be missing."""
    p = float(np.asarray(expected))
    _within(float(event.mean()), p, float(np.sqrt(p * (1.0 - p) / event.size)), what)


def assert_variance(sample: NDArray[np.float64], expected: ArrayLike, what: str = "variance") -> None:
    """Var[X], whatever the kurtosis."""
    assert_mean((sample - sample.mean()) ** 2, expected, what)


def assert_covariance(x: NDArray[np.float64], y: NDArray[np.float64], expected: ArrayLike) -> None:
    """Cov[X, Y]."""
    assert_mean((x - x.mean()) * (y - y.mean()), expected, "covariance")


def assert_correlation(x: NDArray[np.float64], y: NDArray[np.float64], expected: ArrayLike) -> None:
    """Correlation, with the error of its influence function (Devlin et al. 1975, doi:10.1093/biomet/62.3.531)."""
    u, v = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = float((u * v).mean())
    influence = u * v - 0.5 * r * (u**2 + v**2)
    _within(r, float(np.asarray(expected)), float(influence.std() / np.sqrt(x.size)), "correlation")


def assert_excess_kurtosis(sample: NDArray[np.float64], expected: ArrayLike) -> None:
    """Fourth cumulant over squared variance, with the error of its influence function."""
    d = (sample - sample.mean()) / sample.std()
    skew, kurtosis = float((d**3).mean()), float((d**4).mean())
    influence = d**4 - kurtosis - 2.0 * kurtosis * (d**2 - 1.0) - 4.0 * skew * d
    error = float(influence.std() / np.sqrt(sample.size))
    _within(kurtosis - 3.0, float(np.asarray(expected)), error, "excess kurtosis")


def evidence(name: str) -> Path:
    """A file of the data on which defaults rest; it lies beside the project and is not needed to run it."""
    path = Path(__file__).parents[2] / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"{name} is not there: the evidence behind the defaults is kept outside the project")
    return path
