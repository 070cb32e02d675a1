"""Factors: exactly normal margins, the stated copula, and matrices that are refused or mended.

False alarms: the statistical tests make 54 comparisons at 5.2 standard errors, about 1e-5 a run.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtri_exp

from simulator.drivers.dependence import (
    FACTORS,
    Dependence,
    factors,
    freeze_dependence,
    inverse_scale_law,
    nearest_correlation,
    smallest_eigenvalue,
)
from simulator.drivers.laws import constant, freeze
from simulator.drivers.marginals import Marginals
from tests.statistical import assert_correlation, assert_mean, assert_share, assert_variance

PAIRS = {
    ("silicon", "arpu"): 0.2,
    ("grid", "price"): 0.3,
    ("grid", "rates"): 0.1,
    ("grid", "spread"): 0.1,
    ("arpu", "price"): 0.3,
    ("arpu", "spread"): -0.3,
    ("price", "spread"): -0.3,
    ("rates", "spread"): -0.2,
}
DEFAULT = np.eye(6)
for (first, other), value in PAIRS.items():
    i, j = FACTORS.index(first), FACTORS.index(other)
    DEFAULT[i, j] = DEFAULT[j, i] = value


def frozen(family: str, nu: float = 6.0, correlation: NDArray[np.float64] = DEFAULT) -> tuple[Dependence, Marginals]:
    return freeze_dependence(correlation, family, nu, 2, 1), freeze([constant(0.0), inverse_scale_law(nu)])


def drawn(family: str, z: NDArray[np.float64], nu: float = 6.0) -> NDArray[np.float64]:
    """Factors of the scores z (7, lanes), which lie in rows 2 .. 8 of what the sampler would fill."""
    dependence, tables = frozen(family, nu)
    out = np.empty((6, z.shape[1]))
    factors(dependence, tables, np.concatenate([np.full((2, z.shape[1]), np.nan), z]), out)
    return out


def scores(seed: int, lanes: int = 200_000) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((7, lanes))


def test_default_matrix_is_well_conditioned():
    assert smallest_eigenvalue(DEFAULT) == pytest.approx(0.471, abs=5e-4)


@pytest.mark.parametrize("nu", [1.0, 2.5, 6.0, 30.0, 1000.0])
def test_score_table_reaches_far_into_the_tail(nu):
    dependence, _ = frozen("t", nu, np.eye(6))
    edge = float(stats.t.isf(stats.norm.sf(8.2), nu))
    x = np.sinh(np.linspace(-math.asinh(edge), math.asinh(edge), 20_011))
    z = np.zeros((9, x.size))
    z[2:8] = x
    out = np.empty((6, x.size))
    factors(dependence, freeze([constant(0.0), constant(1.0)]), z, out)
    wanted = -np.sign(x) * ndtri_exp(stats.t.logsf(np.abs(x), nu))
    np.testing.assert_allclose(out[0], wanted, atol=1e-8)
    z[2:8] = 1e30 * np.sign(x)
    factors(dependence, freeze([constant(0.0), constant(1.0)]), z, out)
    np.testing.assert_allclose(np.abs(out[0][x != 0.0]), 8.2, atol=1e-8)


@given(st.lists(st.floats(-5.5, 5.5), min_size=7, max_size=7))
def test_t_factors_follow_their_formula(z):
    lane = np.array(z)[:, None]
    g = np.linalg.cholesky(DEFAULT) @ lane[:6]
    c = stats.chi2.ppf(stats.norm.cdf(lane[6]), 6.0) if z[6] < 0.0 else stats.chi2.isf(stats.norm.sf(lane[6]), 6.0)
    x = g * np.sqrt(6.0 / c)
    wanted = np.clip(-np.sign(x) * ndtri_exp(stats.t.logsf(np.abs(x), 6.0)), -8.2, 8.2)
    np.testing.assert_allclose(drawn("t", lane), wanted, atol=1e-7)
    np.testing.assert_allclose(drawn("gaussian", lane), g, rtol=1e-13, atol=1e-14)


def test_inverse_scale_is_that_of_the_chi_square():
    law = inverse_scale_law(6.0)
    z = np.linspace(-6.0, 6.0, 25)
    exact = np.sqrt(6.0 / np.where(z < 0, stats.chi2.ppf(stats.norm.cdf(z), 6), stats.chi2.isf(stats.norm.sf(z), 6)))
    np.testing.assert_allclose(law.at(z), exact, rtol=1e-10)
    assert law.mean == pytest.approx(math.sqrt(3.0) * math.gamma(2.5) / math.gamma(3.0))
    assert law.mean**2 + law.sd**2 == pytest.approx(6.0 / 4.0)


@pytest.mark.parametrize("family", ["gaussian", "t"])
def test_margins_are_exactly_normal(family, seed):
    for factor in drawn(family, scores(seed)):
        assert_mean(factor, 0.0)
        assert_variance(factor, 1.0)
        assert_share(factor > 2.0, stats.norm.sf(2.0))
        assert stats.kstest(factor, "norm").pvalue > 1e-7


def test_gaussian_factors_have_the_correlations_given(seed):
    drawn_factors = drawn("gaussian", scores(seed))
    for i in range(6):
        for j in range(i):
            assert_correlation(drawn_factors[i], drawn_factors[j], DEFAULT[i, j])


def test_t_factors_have_kendalls_tau_of_the_gaussian(seed):
    """tau = 2 asin(rho) / pi under any elliptical copula."""
    i, j = FACTORS.index("arpu"), FACTORS.index("price")
    drawn_factors = drawn("t", scores(seed))
    left, right = (drawn_factors[k, :100_000] - drawn_factors[k, 100_000:] for k in (i, j))
    assert_mean(np.sign(left * right), 2.0 / math.pi * math.asin(0.3))


def test_t_factors_are_extreme_together(seed):
    """Both of two uncorrelated factors beyond their outer 2 %: 4e-4 when Gaussian, six times that for t, nu = 6."""
    i, j = FACTORS.index("silicon"), FACTORS.index("price")
    far = -stats.norm.ppf(0.01)
    share = {
        family: np.mean((np.abs(drawn(family, scores(seed))[[i, j]]) > far).all(axis=0)) for family in ("gaussian", "t")
    }
    assert share["t"] > 3.0 * share["gaussian"]


@pytest.mark.parametrize("family", ["gaussian", "t"])
def test_a_stress_shifts_factors_after_they_are_made(family, seed):
    z = scores(seed, 1_000)
    shift = np.array([0.0, 0.5, 0.0, -1.0, 2.0, 0.0])
    tables = frozen(family)[1]
    out = np.empty((6, z.shape[1]))
    factors(freeze_dependence(DEFAULT, family, 6.0, 0, 1, shift), tables, z, out)
    np.testing.assert_array_equal(out, drawn(family, z) + shift[:, None])


def test_both_families_share_one_type():
    for first, other in zip(frozen("gaussian")[0], frozen("t")[0], strict=True):
        assert type(first) is type(other)
    assert len(getattr(factors, "signatures", [0])) <= 1


# Matrices


def test_nearest_correlation_of_highams_example():
    correlation = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    nearest = nearest_correlation(correlation, least=0.0)
    wanted = np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]])  # Higham 2002, section 4
    np.testing.assert_allclose(nearest, wanted, atol=5e-5)


@given(st.lists(st.floats(-1.0, 1.0), min_size=15, max_size=15))
def test_nearest_correlation_is_valid_even_printed(values):
    matrix = np.eye(6)
    matrix[np.triu_indices(6, 1)] = values
    matrix = matrix + matrix.T - np.eye(6)
    nearest = nearest_correlation(matrix)
    np.testing.assert_array_equal(np.diag(nearest), 1.0)
    np.testing.assert_array_equal(nearest, nearest.T)
    assert smallest_eigenvalue(np.round(nearest, 6)) > 0.0
    if smallest_eigenvalue(matrix) > 2e-5:
        np.testing.assert_allclose(nearest, matrix, atol=1e-9)


def test_errors_teach():
    bad = DEFAULT.copy()
    bad[0, 1] = bad[1, 0] = 0.99
    bad[0, 3] = bad[3, 0] = -0.99
    with pytest.raises(ValueError, match="given a correlation matrix with eigenvalue -"):
        freeze_dependence(bad, "t", 6.0, 0, 0)
    with pytest.raises(ValueError, match="given family 'clayton', wanted gaussian or t"):
        freeze_dependence(DEFAULT, "clayton", 6.0, 0, 0)
