"""Laws against scipy.stats, against their definitions, and against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, stats

from simulator.drivers import laws
from simulator.drivers.dependence import inverse_scale_law
from simulator.drivers.laws import (
    condition_on_exceeding,
    constant,
    empirical,
    named,
    percentiles,
    slots,
    truncated,
    zero_inflated,
)

P = np.array([1e-300, 1e-12, 1e-3, 0.1, 0.4, 0.5, 0.9, 0.999])
PAIRS = [
    (named("normal", mean=1.0, sd=2.0), stats.norm(1.0, 2.0)),
    (named("lognormal", median=36.0, sigma=0.45), stats.lognorm(0.45, scale=36.0)),
    (named("gamma", shape=12, mean=2.0), stats.gamma(12, scale=2.0 / 12)),
    (named("weibull", shape=1.7, scale=3.0), stats.weibull_min(1.7, scale=3.0)),
    (named("exponential", mean=20.0), stats.expon(scale=20.0)),
    (named("beta", a=2, b=3), stats.beta(2, 3)),
    (named("beta", a=2, b=3, low=-1.0, high=4.0), stats.beta(2, 3, -1.0, 5.0)),
    (named("triangular", low=1.0, mode=2.0, high=5.0), stats.triang(0.25, 1.0, 4.0)),
    (named("triangular", low=1.0, mode=1.0, high=5.0), stats.triang(0.0, 1.0, 4.0)),
    (named("triangular", low=1.0, mode=5.0, high=5.0), stats.triang(1.0, 1.0, 4.0)),
    (named("pert", low=0.92, mode=1.0, high=1.4), stats.beta(5 / 3, 13 / 3, 0.92, 0.48)),
    (named("uniform", low=1.0, high=3.0), stats.uniform(1.0, 2.0)),
]
IDS = [type(law).__name__ + str(i) for i, (law, _) in enumerate(PAIRS)]
SPECIAL = {
    "cut": truncated(named("lognormal", median=0.05, sigma=0.7), high=0.30),
    "both": truncated(named("normal", mean=0.0, sd=1.0), low=-1.0, high=2.0),
    "tail": condition_on_exceeding(named("lognormal", median=36.0, sigma=0.45), 27.0),
    "zeros": zero_inflated(named("gamma", shape=2, mean=104 / 30.4375), 0.3),
    "metalog": percentiles(1.0, 2.0, 4.0),
    "log": percentiles(1.0, 2.0, 3.0, low=0.0),
    "upper": percentiles(1.0, 2.0, 2.5, high=4.0),
    "logit": percentiles(1.0, 2.0, 4.0, low=0.5, high=6.0),
    "data": empirical([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]),
    "rest of data": condition_on_exceeding(empirical([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]), 2.5),
    "scale": inverse_scale_law(6.0),
}


@pytest.mark.parametrize(("law", "reference"), PAIRS, ids=IDS)
def test_families_agree_with_scipy(law, reference):
    np.testing.assert_allclose(law.ppf(P), reference.ppf(P), rtol=1e-11)
    np.testing.assert_allclose(law.isf(P), reference.isf(P), rtol=1e-11)
    x = np.concatenate([reference.ppf(P), [reference.mean() - 100.0, reference.mean() + 100.0]])
    np.testing.assert_allclose(law.cdf(x), reference.cdf(x), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(law.sf(x), reference.sf(x), rtol=1e-9, atol=1e-300)
    assert (law.mean, law.sd) == pytest.approx((reference.mean(), reference.std()), rel=1e-12)


@pytest.mark.parametrize("law", [law for law, _ in PAIRS] + list(SPECIAL.values()), ids=IDS + list(SPECIAL))
def test_moments_are_integrals_of_the_quantile(law):
    halves = [(law.ppf, 0.0, 0.5), (law.isf, 0.0, 0.5)]
    kinks: dict[str, Any] = {"points": list(np.linspace(0.0, 0.5, 41)), "limit": 400, "epsrel": 1e-9}
    first = sum(integrate.quad(f, a, b, **kinks)[0] for f, a, b in halves)
    second = sum(integrate.quad(lambda p, f=f: (f(p) - first) ** 2, a, b, **kinks)[0] for f, a, b in halves)
    assert law.mean == pytest.approx(first, rel=1e-6, abs=1e-9)
    assert law.sd == pytest.approx(math.sqrt(second), rel=1e-3)


@pytest.mark.parametrize("name", SPECIAL)
@given(p=st.floats(1e-9, 1.0 - 1e-9))
def test_distribution_functions_undo_quantiles(name, p):
    law = SPECIAL[name]
    x, y = float(law.ppf(p)), float(law.isf(p))
    assert float(law.cdf(x)) >= p * (1.0 - 1e-6) or p > 0.9
    assert float(law.cdf(x)) + float(law.sf(x)) == pytest.approx(1.0, abs=1e-12)
    smooth = name not in ("zeros", "data", "rest of data")
    if smooth:
        assert float(law.cdf(x)) == pytest.approx(p, rel=2e-6)
        assert float(law.sf(y)) == pytest.approx(p, rel=2e-6)
    assert float(law.ppf(1.0 - p)) == pytest.approx(y, rel=1e-6, abs=1e-6)


def test_scores_use_the_smaller_tail():
    law = named("exponential", mean=1.0)
    assert law.at(8.0) == pytest.approx(stats.expon.isf(stats.norm.sf(8.0)), rel=1e-13)
    assert law.at(-8.0) == pytest.approx(stats.expon.ppf(stats.norm.cdf(-8.0)), rel=1e-13)


# Three percentiles


@given(
    st.floats(-50, 50),
    st.floats(0.1, 9),
    st.floats(0.18, 0.82),
    st.sampled_from([(None, None), (-60, None), (None, 99)]),
)
def test_percentiles_are_met(p10, width, share, bounds):
    assume(bounds == (None, None) or width < 5.0)
    try:
        law = percentiles(p10, p10 + share * width, p10 + width, *bounds)
    except ValueError:
        assume(False)
    wanted = [p10, p10 + share * width, p10 + width]
    np.testing.assert_allclose(law.ppf(np.array([0.1, 0.5, 0.9])), wanted, rtol=1e-9, atol=1e-9)
    x = law.at(np.linspace(-8.0, 8.0, 400))
    assert np.all(np.diff(x) >= 0.0)


def test_metalog_moments_have_closed_forms():
    law = percentiles(1.0, 2.0, 4.0)
    a2, a3 = 3.0 / (2.0 * math.log(9.0)), 1.0 / (0.8 * math.log(9.0))
    assert law.mean == pytest.approx(2.0 + a3 / 2.0, rel=1e-12)
    variance = math.pi**2 / 3.0 * a2**2 + (1.0 / 12.0 + math.pi**2 / 36.0) * a3**2
    assert law.sd == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_a_log_metalog_may_have_no_moments():
    assert percentiles(5.0, 10.0, 40.0, low=0.0).sd == math.inf
    assert percentiles(1.0, 10.0, 1000.0, low=0.0).mean == math.inf


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ((1.0, 1.1, 4.0), r"given p10 = 1, p50 = 1.1, p90 = 4, wanted p50 between 1.5 and 3.5"),
        ((1.0, 3.9, 4.0), "wanted p50 between"),
        ((2.0, 1.0, 4.0), "low < p10 < p50 < p90 < high"),
        ((1.0, 2.0, 4.0, 1.5), "low < p10 < p50 < p90 < high"),
        ((1.0, 2.0, 4.0, 0.0, 3.0), "low < p10 < p50 < p90 < high"),
        ((1.0, math.nan, 4.0), "finite numbers"),
    ],
)
def test_infeasible_percentiles_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        percentiles(*points)


# Data, and laws made of laws


def test_empirical_by_hand():
    law = empirical([4.0, 1.0, 2.0])  # at probabilities 1/6, 3/6, 5/6
    np.testing.assert_allclose(law.ppf(np.array([0.0, 1 / 6, 1 / 3, 0.5, 2 / 3, 0.9])), [1.0, 1.0, 1.5, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(law.cdf(np.array([0.9, 1.0, 1.5, 3.0, 4.0])), [0.0, 1 / 6, 1 / 3, 2 / 3, 1.0])
    assert law.mean == pytest.approx(7.0 / 3.0)
    later = condition_on_exceeding(law, 1.5)  # probabilities 1/3 .. 1
    np.testing.assert_allclose(later.ppf(np.array([0.0, 0.25, 0.5])), [1.5, 2.0, 3.0])
    early = truncated(law, high=3.0)  # probabilities 0 .. 2/3
    np.testing.assert_allclose(early.ppf(np.array([0.0, 0.5, 1.0])), [1.0, 1.5, 3.0])
    assert empirical([2.0, 2.0]) == constant(2.0)


@given(st.floats(1.0, 300.0))
def test_conditional_survival_is_a_ratio(age):
    law = named("lognormal", median=36.0, sigma=0.45)
    rest = condition_on_exceeding(law, age)
    x = age + np.array([0.0, 0.1, 1.0, 10.0, 50.0])
    np.testing.assert_allclose(rest.sf(x), law.sf(x) / law.sf(age), rtol=1e-9)
    assert float(rest.ppf(0.0)) == pytest.approx(age, rel=1e-9)
    assert np.all(rest.at(np.linspace(-8.0, 8.0, 33)) >= age)


def test_exponential_forgets_its_age():
    rest = condition_on_exceeding(named("exponential", mean=2.0), 3.0)
    np.testing.assert_allclose(rest.ppf(P[1:]) - 3.0, named("exponential", mean=2.0).ppf(P[1:]), rtol=1e-9, atol=1e-14)
    assert (rest.mean, rest.sd) == pytest.approx((5.0, 2.0), rel=1e-9)


def test_zeros_and_cuts_combine():
    base = named("exponential", mean=1.0)
    mixed = zero_inflated(base, 0.3)
    assert mixed.mean == pytest.approx(0.7)
    assert mixed.sd == pytest.approx(math.sqrt(0.7 * 2.0 - 0.49))
    np.testing.assert_allclose(mixed.ppf(np.array([0.1, 0.3, 0.65])), [0.0, 0.0, base.ppf(0.5)])
    assert condition_on_exceeding(mixed, 1.0) == condition_on_exceeding(base, 1.0)
    assert condition_on_exceeding(mixed, -1.0) == mixed
    cut = truncated(mixed, high=1.0)
    kept = 0.7 * (1.0 - math.exp(-1.0))
    assert float(cut.cdf(0.0)) == pytest.approx(0.3 / (0.3 + kept))
    assert zero_inflated(zero_inflated(base, 0.5), 0.5) == zero_inflated(base, 0.75)
    assert zero_inflated(base, 0.0) == base
    assert truncated(mixed, low=0.5) == truncated(base, low=0.5)


def test_constants_stay():
    assert (constant(2.0).mean, constant(2.0).sd) == (2.0, 0.0)
    assert condition_on_exceeding(constant(2.0), 1.0) == constant(2.0)
    assert truncated(constant(2.0), low=1.0) == constant(2.0)
    assert named("normal", mean=2, sd=0) == named("lognormal", median=2, sigma=0) == constant(2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: named("cauchy", scale=1.0), "given law 'cauchy', wanted one of normal, lognormal"),
        (lambda: named("lognormal", mu=1.0), r"given lognormal\(mu\), wanted lognormal\(median, sigma\)"),
        (lambda: named("beta", a=2.0), r"wanted beta\(a, b, low, high\)"),
        (lambda: named("lognormal", median=-1.0, sigma=0.3), "given median = -1, wanted median > 0"),
        (lambda: named("normal", mean=0.0, sd=-1.0), "given sd = -1, wanted sd >= 0"),
        (lambda: named("gamma", shape=math.inf, mean=1.0), "given shape = inf, wanted a finite number"),
        (lambda: named("triangular", low=1.0, mode=0.0, high=2.0), "wanted low <= mode <= high"),
        (lambda: named("uniform", low=1.0, high=1.0), "given low = 1, high = 1, wanted low < high"),
        (lambda: empirical([]), "given no values"),
        (lambda: empirical([1.0, math.nan]), "finite numbers only"),
        (lambda: constant(math.nan), "given value = nan"),
        (lambda: truncated(named("uniform", low=0.0, high=1.0), low=2.0), "given the range 2 .. inf, wanted one that"),
        (lambda: truncated(named("uniform", low=0.0, high=1.0), low=2.0, high=1.0), "wanted low < high"),
        (lambda: condition_on_exceeding(empirical([1.0, 2.0]), 2.0), "wanted one that the law reaches"),
        (lambda: condition_on_exceeding(constant(1.0), 1.0), "given the constant 1, wanted more than 1"),
        (lambda: zero_inflated(named("normal", mean=0.0, sd=1.0), 0.1), "wanted no negative values"),
        (lambda: zero_inflated(constant(1.0), 1.0), "wanted 0 <= probability < 1"),
        (lambda: inverse_scale_law(0.5), "given nu = 0.5, wanted nu >= 1"),
        (lambda: slots(named("gamma", shape=0.001, mean=0.001), 10.0), "wanted at most 4096 events within 10"),
        (lambda: slots(zero_inflated(constant(1.0), 0.999), 10.0), "gaps so short or so often zero"),
        (lambda: slots(named("normal", mean=1.0, sd=1.0), 10.0), "wanted no negative gaps"),
        (lambda: slots(constant(0.0), 10.0), "wanted at most 4096 events"),
    ],
)
def test_errors_teach(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# Slots for renewal events


def test_slots_of_poisson_events_are_exact():
    assert [slots(named("exponential", mean=1.0 / rate), 10.0) for rate in (0.5, 0.05)] == [27, 11]


@pytest.mark.parametrize("horizon", [0.0, 0.5, 9.99, 10.0])
def test_slots_of_a_clock(horizon):
    assert slots(constant(2.0), horizon) == int(horizon / 2.0)


@pytest.mark.parametrize(("shape", "mean"), [(12.0, 2.0), (1.0, 2.0), (0.5, 1.0), (3.0, 0.2)])
def test_slots_are_enough_and_not_many_more(shape, mean):
    k = slots(named("gamma", shape=shape, mean=mean), 10.0)
    late = stats.gamma.cdf(10.0, shape * np.arange(1, 200), scale=mean / shape)  # P(N >= n)
    least = int(np.argmax(late < 1e-12))
    assert least <= k <= 1.25 * least + 3


def test_slots_of_data_and_zeros_are_safe(seed):
    law = zero_inflated(empirical([0.5, 1.0, 2.0, 3.0]), 0.2)
    k = slots(law, 10.0, probability=0.01)
    gaps = law.ppf(np.random.default_rng(seed).random((20_000, k + 1)))
    assert np.mean(gaps.sum(axis=1) <= 10.0) < 0.01  # the true share is some 1e-3: false alarm below 1e-9
    assert slots(law, 10.0) > k


def test_public_names():
    assert set(laws.__all__) == {
        *("Law", "NEGLIGIBLE", "constant", "named", "percentiles", "empirical", "truncated", "zero_inflated"),
        *("condition_on_exceeding", "freeze", "slots"),
    }
