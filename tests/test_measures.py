"""Risk measures: signs and ranks counted by hand, histograms against samples, paired errors against replicates."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulator.results.histogram import bins_from_sample
from simulator.risk import measures
from simulator.risk.intervals import rank
from tests.test_tallies_histogram import bins_of

# twenty paths, in no order: npv in USD bn, low is bad
NPV = np.array([5, -12, 3, 8, -40, 1, 0, -7, 22, 13, -3, 2, 9, -25, 4, 6, -1, 11, 17, 10], dtype=np.float64)


def test_var_of_twenty_paths_counted_by_hand():
    # losses in rising order end 7, 12, 25, 40: the 19th is 25, the 18th is 12
    loss = measures.losses(NPV, "low")
    assert measures.var(loss, 0.95) == 25.0
    assert measures.var(loss, 0.90) == 12.0
    assert measures.var(loss, 0.91) == 25.0  # ceil(18.2) = 19
    assert measures.var(loss, 0.99) == 40.0


def test_cvar_of_twenty_paths_counted_by_hand():
    # 95 %: one path beyond 25, by 15: 25 + 15/20/.05 = 40
    # 90 %: two paths beyond 12, by 13 and 28: 12 + 41/20/.1 = 32.5
    loss = measures.losses(NPV, "low")
    assert measures.cvar(loss, 0.95).value == pytest.approx(40.0, rel=1e-15)
    assert measures.cvar(loss, 0.90).value == pytest.approx(32.5, rel=1e-15)
    excess = np.array([13.0, 28.0] + [0.0] * 18)
    assert measures.cvar(loss, 0.90).stderr == pytest.approx(excess.std(ddof=1) / (0.1 * math.sqrt(20)), rel=1e-12)


def test_where_high_is_bad_the_value_is_the_loss():
    # in rising order ... 13, 17, 22
    loss = measures.losses(NPV, "high")
    assert measures.var(loss, 0.95) == 17.0
    assert measures.cvar(loss, 0.95).value == pytest.approx(22.0, rel=1e-15)


def test_quantiles_are_of_the_value_itself():
    # in rising order -40 -25 -12 -7 -3 -1 0 1 2 3 4 ...: the 1st, ceil(1.2) = 2nd and 10th
    assert measures.quantile(NPV, 0.05) == -40.0
    assert measures.quantile(NPV, 0.06) == -25.0
    assert measures.quantile(NPV, 0.5) == 3.0


def test_a_fractional_tail_takes_part_of_the_var_path():
    # 95 % of 10: VaR is the 10th, nothing beyond. 85 % of 10: the 9th and half a path's worth beyond: 9 + 1/10/.15
    loss = np.arange(1.0, 11.0)
    assert measures.cvar(loss, 0.95).value == 10.0
    assert measures.cvar(loss, 0.85).value == pytest.approx(9.0 + 1.0 / 1.5, rel=1e-15)


def test_undefined_paths_are_left_out():
    assert measures.losses(np.array([1.0, np.nan, -2.0]), "low").tolist() == [-1.0, 2.0]


@pytest.mark.parametrize(
    ("level", "n", "k"),
    [
        (0.95, 20, 19),
        (0.07, 100, 7),
        (0.55, 100, 55),
        (0.99, 1000, 990),
        (0.29, 100, 29),
        (0.95, 21, 20),
        (0.001, 5, 1),
    ],
)
def test_ranks_do_not_shift_with_float_rounding(level, n, k):
    # .07 * 100 = 7.000000000000001 and .29 * 100 = 28.999999999999996 in float64
    assert rank(level, n) == k


@given(st.integers(1, 999), st.integers(1, 10**12))
def test_rank_is_the_exact_ceiling(thousandths, n):
    assert rank(thousandths / 1000, n) == math.ceil(Fraction(thousandths, 1000) * n)


LOSSES = st.lists(st.floats(-1e5, 1e5).filter(lambda x: x == 0 or abs(x) > 2e-6), min_size=1, max_size=80)
LEVEL = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@given(LOSSES, LEVEL)
def test_cvar_of_a_sample_is_the_least_of_its_upper_bounds(values, level):
    # CVaR = min over v of v + mean((L - v)+) / (1 - a), reached at VaR
    loss = np.array(values)
    estimate = measures.cvar(loss, level).value
    bounds = [v + np.maximum(loss - v, 0.0).mean() / (1.0 - level) for v in loss]
    assert estimate == pytest.approx(min(bounds), rel=1e-9, abs=1e-6)
    assert estimate >= measures.var(loss, level)


@given(LOSSES, LEVEL)
def test_histogram_agrees_with_the_sample_to_the_stated_error(values, level):
    loss = np.array(values)
    bins = bins_of(loss)
    b = bins.index_of_rank(rank(level, loss.size))
    width, var, cvar = bins.high[b] - bins.low[b], measures.var(loss, level), measures.cvar(loss, level)
    truncated = 2.0**-30 * np.abs(loss).max()
    assert bins.low[b] - truncated <= var <= bins.high[b] + truncated
    assert abs(measures.bins_quantile(bins, level) - var) <= width + truncated
    share = bins.n[b] / (loss.size * (1.0 - level))
    assert abs(measures.bins_cvar(bins, level).value - cvar.value) <= width * share + 2 * truncated / (1.0 - level)


@given(LOSSES, LEVEL)
def test_groups_of_single_values_give_the_sample_back(values, level):
    loss = np.array(values)
    expected = measures.cvar(loss, level)
    estimate = measures.bins_cvar(bins_from_sample(loss), level)
    assert measures.bins_quantile(bins_from_sample(loss), level) == measures.var(loss, level)
    assert estimate.value == pytest.approx(expected.value, rel=1e-12, abs=1e-9)
    if loss.size > 1:
        assert estimate.stderr == pytest.approx(expected.stderr, rel=1e-6, abs=1e-6)


def test_histogram_of_many_paths(seed):
    loss = np.random.default_rng(seed).normal(60.0, 60.0, 200_000)
    bins = bins_of(loss)
    for level in (0.95, 0.99):
        estimate, expected = measures.bins_cvar(bins, level), measures.cvar(loss, level)
        assert estimate.value == pytest.approx(expected.value, rel=1e-5)
        # the bin of VaR is .125 wide and the mean excess about 20
        assert estimate.stderr == pytest.approx(expected.stderr, rel=0.125 / 20)
    assert measures.bins_central(bins, 4) == pytest.approx(np.mean((loss - loss.mean()) ** 4), rel=1e-6)


def test_an_overflow_has_no_cvar():
    bins = bins_of([1.0] * 90 + [5e6] * 10)
    assert measures.bins_cvar(bins, 0.5).value == math.inf
    assert measures.bins_quantile(bins, 0.95) == math.inf
    assert measures.bins_quantile(bins, 0.5) == 1.0


def test_influences_sum_to_nothing():
    loss = np.random.default_rng(5).normal(size=5000)
    for moves in (
        measures.mean_influence(loss),
        measures.var_influence(loss, 0.95),
        measures.cvar_influence(loss, 0.95),
    ):
        assert abs(moves.mean()) < 1e-12


def test_single_errors_follow_from_influences():
    loss = np.random.default_rng(5).standard_t(5, 20_000)
    cvar = measures.cvar_influence(loss, 0.99).std(ddof=1) / math.sqrt(loss.size)
    assert cvar == pytest.approx(measures.cvar(loss, 0.99).stderr, rel=1e-12)
    var = measures.var_influence(loss, 0.95).std(ddof=1) / math.sqrt(loss.size)
    exact = math.sqrt(0.95 * 0.05 / loss.size) / stats.t.pdf(stats.t.ppf(0.95, 5), 5)
    assert var == pytest.approx(exact, rel=0.15)


def test_var_on_an_atom_does_not_move():
    loss = np.concatenate([np.zeros(900), np.arange(1.0, 101.0)])
    assert not measures.var_influence(loss, 0.5).any()


PLANS = 400  # replicates; each ratio below has a relative error of about 1 / sqrt(2 * 400) = 3.5 %


@pytest.mark.parametrize("measure", ["mean", "var", "cvar"])
def test_paired_errors_are_those_of_replicates(measure, seed):
    """Spread of the difference of two plans in the same worlds against its stated error.

    The ratio of both is 1 within 20 % unless something 5 standard errors away happens (false alarm 1e-6 each); a VaR's
    error rests on a density estimate that adds its own bias, about 5 % here.
    """
    rng = np.random.default_rng([seed, 7])
    paired = {
        "mean": measures.paired_mean,
        "var": lambda x, y: measures.paired_var(x, y, 0.95, "low"),
        "cvar": lambda x, y: measures.paired_cvar(x, y, 0.95, "low"),
    }[measure]
    estimates = []
    for _ in range(PLANS):
        world = rng.normal(-60.0, 60.0, 6000)
        other = 0.9 * world + rng.normal(10.0, 12.0, 6000)
        other[:5] = np.nan
        estimates.append(paired(world, other))
    values, errors = np.array(estimates).T
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.2)
    assert errors.mean() < 0.5 * math.hypot(*(_alone(measure, sd) for sd in (60.0, math.hypot(54.0, 12.0))))


def _alone(measure, sd):
    """Standard error of a normal law's measure at 95 % from 6,000 paths: what ignoring the pairing would say."""
    z = stats.norm.ppf(0.95)
    tail = stats.norm.pdf(z) - 0.05 * z  # E (Z - z)+
    second = (1 + z * z) * 0.05 - z * stats.norm.pdf(z)  # E (Z - z)+^2
    unit = {
        "mean": 1.0,
        "var": math.sqrt(0.95 * 0.05) / stats.norm.pdf(z),
        "cvar": math.sqrt(second - tail**2) / 0.05,
    }[measure]
    return sd * unit / math.sqrt(6000)


def test_a_difference_has_the_sign_of_the_first():
    npv = np.random.default_rng(1).normal(-60.0, 60.0, 5000)
    assert measures.paired_mean(npv, npv - 1.0).value == pytest.approx(1.0)
    assert measures.paired_var(npv, npv - 1.0, 0.95, "low").value == pytest.approx(-1.0)
    assert measures.paired_cvar(npv, npv - 1.0, 0.95, "low").value == pytest.approx(-1.0)
    assert measures.paired_cvar(npv, npv - 1.0, 0.95, "high").stderr == pytest.approx(0.0, abs=1e-9)
