"""Tables and closed forms that compiled code samples from, against the laws they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.drivers import marginals
from simulator.drivers.dependence import inverse_scale_law
from simulator.drivers.laws import (
    Law,
    condition_on_exceeding,
    constant,
    empirical,
    freeze,
    named,
    percentiles,
    truncated,
    zero_inflated,
)
from simulator.drivers.marginals import quantile, sample

DATA = np.random.default_rng(1).gamma(2.0, 3.0, 200)
SMOOTH = {
    "constant": constant(2.0),
    "normal": named("normal", mean=1.0, sd=2.0),
    "lognormal": named("lognormal", median=36.0, sigma=0.45),
    "uniform": named("uniform", low=1.0, high=3.0),
    "gamma": named("gamma", shape=12, mean=2.0),
    "gamma, steep": named("gamma", shape=0.5, mean=2.0),
    "weibull": named("weibull", shape=0.7, scale=3.0),
    "exponential": named("exponential", mean=20.0),
    "beta": named("beta", a=2, b=3),
    "beta, horned": named("beta", a=0.5, b=0.5),
    "beta, across zero": named("beta", a=2, b=3, low=-1.0, high=4.0),
    "pert": named("pert", low=0.92, mode=1.0, high=1.4),
    "metalog": percentiles(-3.0, 0.0, 10.0),
    "log-metalog": percentiles(1.0, 2.0, 4.0, low=0.0),
    "log-metalog, shifted": percentiles(5.0, 10.0, 16.0, low=-20.0),
    "logit-metalog": percentiles(1.0, 2.0, 4.0, low=0.5, high=6.0),
    "cut above": truncated(named("lognormal", median=0.05, sigma=0.7), high=0.30),
    "cut twice": truncated(named("normal", mean=0.0, sd=1.0), low=-1.0, high=2.0),
    "cut far out": truncated(named("normal", mean=0.0, sd=1.0), low=5.0),
    "under way": condition_on_exceeding(named("lognormal", median=36.0, sigma=0.45), 27.0),
    "under way, metalog": condition_on_exceeding(percentiles(1.0, 2.0, 4.0, low=0.0), 2.5),
    "data": empirical(DATA),
    "rest of data": condition_on_exceeding(empirical(DATA), 6.0),
    "zeros, gamma": zero_inflated(named("gamma", shape=2, mean=104 / 30.4375), 0.3),
    "zeros, cut": zero_inflated(truncated(named("lognormal", median=0.05, sigma=0.7), high=0.30), 0.1),
    "zeros, lognormal": zero_inflated(named("lognormal", median=2.0, sigma=0.3), 0.7),
    "zeros, data": zero_inflated(empirical(DATA), 0.2),
    "scale": inverse_scale_law(6.0),
    "scale, heavy": inverse_scale_law(2.5),
}
KINKED = {
    "triangular": named("triangular", low=1.0, mode=2.0, high=5.0),
    "triangular, across zero": named("triangular", low=-1.0, mode=2.0, high=2.5),
    "triangular, one-sided": named("triangular", low=0.0, mode=0.0, high=1.0),
}
SCORES = np.random.default_rng(2).uniform(-6.0, 6.0, 20_000)


def sampled(law: Law, z: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(z.shape, np.nan)
    sample(freeze([constant(0.0), law]), 1, z, out)
    return out


def error(law: Law) -> float:
    """Largest error in units of max(|x|, sd) over |z| <= 6."""
    exact = law.at(SCORES)
    unit = np.maximum(np.abs(exact), law.sd if math.isfinite(law.sd) else 0.0)
    return float(np.max(np.abs(sampled(law, SCORES) - exact) / np.where(unit > 0.0, unit, 1.0)))


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_laws_are_met_to_1e_6(name):
    assert error(SMOOTH[name]) < 1e-6


@pytest.mark.parametrize("name", KINKED)
def test_laws_with_a_kink_are_met_to_1e_4(name):
    assert error(KINKED[name]) < 1e-4


@pytest.mark.parametrize("name", SMOOTH | KINKED)
def test_values_rise_with_the_score_and_are_flat_far_out(name):
    law = (SMOOTH | KINKED)[name]
    x = sampled(law, np.linspace(-9.0, 9.0, 4001)) * (-1.0 if name.startswith("scale") else 1.0)
    assert np.all(np.diff(x) >= -1e-9 * np.maximum(np.abs(x[1:]), 1e-3))
    z = np.array([-1e9, -8.0, 8.0, 1e9])
    if freeze([law]).kind[0] in (marginals.TABLE, marginals.LOG_TABLE) and not freeze([law]).atom[0]:
        low, left, right, high = sampled(law, z)
        assert (low, high) == (left, right)


def test_an_atom_takes_exactly_its_share_of_scores():
    for share in (0.1, 0.3, 0.7):
        law = zero_inflated(named("gamma", shape=2, mean=3.0), share)
        z = np.concatenate([ndtri(share) + np.array([-1e-9, 1e-9]), [-np.inf, -9.0, 9.0]])
        x = sampled(law, z)
        assert (x == 0.0).tolist() == [True, False, True, True, False]
        assert x[1] < 1e-3


def test_an_atom_leaves_the_rest_of_the_law_untouched():
    base = named("beta", a=2, b=3)
    z = np.linspace(-5.0, 6.0, 1001)
    x = sampled(zero_inflated(base, 0.25), z)
    p = 0.25 + 0.75 * base.cdf(x[x > 0.0])
    np.testing.assert_allclose(ndtri(p)[p < 0.999], z[x > 0.0][p < 0.999], atol=1e-5)


@given(st.floats(-7.0, 7.0), st.sampled_from(sorted(SMOOTH)))
def test_one_score_is_one_lane(z, name):
    tables = freeze([SMOOTH[name]])
    lanes = np.full(11, 0.5)
    lanes[3] = z
    out = np.empty(11)
    sample(tables, 0, lanes, out)
    assert quantile(tables, 0, z) == out[3]
    sample(tables, 0, lanes, lanes)  # in place
    np.testing.assert_array_equal(lanes, out)


def test_one_signature_serves_every_kind():
    tables = freeze(list(SMOOTH.values()))
    for i in range(tables.kind.size):
        quantile(tables, i, 0.3)
    assert len(getattr(sample, "signatures", [0])) == 1
    assert set(tables.kind) == set(range(7))
    assert all(leaf.flags.writeable and leaf.flags.c_contiguous for leaf in tables)
    assert {leaf.dtype.name for leaf in tables} == {"float64", "int64"}


def test_no_laws_and_no_atoms_make_valid_tables():
    assert freeze([]).numbers.size == 0
    tables = freeze([constant(1.0)])
    assert (tables.atom[0], tables.atom_z[0]) == (0.0, -math.inf)


def test_a_score_that_is_no_number_stays_inside_the_table():
    tables = freeze([named("beta", a=2, b=3), empirical(DATA)])
    assert 0.0 <= quantile(tables, 0, math.nan) <= 1.0
    assert DATA.min() <= quantile(tables, 1, math.nan) <= DATA.max()


def test_a_law_without_finite_values_is_refused():
    with pytest.raises(ValueError, match="wanted a law whose values are finite numbers"):
        freeze([percentiles(1e-50, 1.0, 1e50, low=0.0)])
