"""Intervals and verdicts: exact cases by hand, and coverage on three known laws.

Coverage: 300 replicates a law, 26 intervals. A count is refused when its probability under the claim is below 1e-5
(each side), so all of them together raise a false alarm with probability below 6e-4. verification/ does it with 2,000.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulator.risk import intervals
from verification import coverage

N = st.integers(60, 10**9)
SHARE = st.sampled_from([0.01, 0.05, 0.5, 0.95, 0.99, 0.999])


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [(5, 0, 6), (6, 1, 6), (8, 1, 8), (10, 2, 9), (20, 6, 15), (100, 40, 61)],  # as in tables for the median
)
def test_ranks_about_the_median(n, low, high):
    assert intervals.interval_ranks(0.5, n) == (low, high)


@given(N, SHARE)
def test_ranks_hold_the_quantile_and_no_tighter_ones_do(n, share):
    low, high = intervals.interval_ranks(share, n)
    law = stats.binom(n, share)
    assert law.cdf(low - 1) <= 0.025 + 1e-12
    assert law.sf(high - 1) <= 0.025 + 1e-12
    assert law.cdf(low) >= 0.025 - 1e-12
    assert law.sf(high - 2) >= 0.025 - 1e-12


@pytest.mark.parametrize("n", [60, 1000, 10**6, 10**9])
def test_no_event_in_n_paths_says_up_to_three_point_seven_over_n(n):
    low, high = intervals.proportion_interval(0, n)
    assert low == 0.0
    assert high == pytest.approx(1.0 - 0.025 ** (1.0 / n), rel=1e-6)
    assert 3.5 < high * n < 3.7
    assert intervals.proportion_interval(n, n) == pytest.approx((1.0 - high, 1.0), rel=1e-9)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_proportions_invert_the_binomial_tails(n, share):
    events = round(share * n)
    low, high = intervals.proportion_interval(events, n)
    assert 0.0 <= low <= events / n <= high <= 1.0
    if events > 0:
        assert stats.binom.sf(events - 1, n, low) == pytest.approx(0.025, rel=1e-6)
    if events < n:
        assert stats.binom.cdf(events, n, high) == pytest.approx(0.025, rel=1e-6)


def test_mean_of_few_values_uses_students_t():
    assert intervals.mean_interval(10.0, 2.0, 5) == pytest.approx(
        (10.0 - 2.0 * 2.776445, 10.0 + 2.0 * 2.776445), rel=1e-6
    )
    assert intervals.mean_interval(0.0, 1.0, 10**6)[1] == pytest.approx(1.96, rel=1e-4)


def test_spread_of_a_normal_law():
    # m4 = 3 sd^4: s.e. of ln sd is 1 / sqrt(2 n)
    low, high = intervals.sd_interval(2.0, 48.0, 5000)
    assert high / 2.0 == pytest.approx(math.exp(1.959964 / 100.0), rel=1e-6)
    assert low * high == pytest.approx(4.0)
    assert intervals.sd_interval(0.0, 0.0, 10) == (0.0, 0.0)


def test_spread_of_the_tiniest_and_hugest_numbers():
    for sd in (1e-200, 1e150):
        low, high = intervals.sd_interval(sd, 0.0, 10)
        assert low <= sd <= high


@pytest.mark.parametrize(
    ("level", "n", "tail", "note"),
    [
        (0.95, 999, 49, intervals.TOO_FEW),
        (0.95, 1000, 50, intervals.FEW),
        (0.05, 1000, 50, intervals.FEW),
        (0.95, 5999, 299, intervals.FEW),
        (0.95, 6000, 300, None),
        (0.99, 30_000, 300, None),
        (0.5, 99, 49, intervals.TOO_FEW),
    ],
)
def test_verdicts(level, n, tail, note):
    assert intervals.tail_paths(level, n) == tail
    assert intervals.reservation(level, n) == note


@pytest.mark.parametrize("law", coverage.LAWS, ids=lambda law: law.name)
def test_intervals_hold_the_truth_as_often_as_claimed(law, seed):
    failed = [cell for cell in coverage.study(law, 300, seed) if not cell.passed]
    assert not failed


def test_truths_of_the_three_laws_are_those_of_a_large_sample():
    rng = np.random.default_rng(8)
    for law in coverage.LAWS:
        figures = coverage.intervals_of(law, coverage.draw(law, 2_000_000, rng))
        for measure, truth in law.truth().items():
            figure = figures[measure]
            assert figure.low is not None
            assert figure.high is not None
            width = figure.high - figure.low
            assert figure.low - width < truth < figure.high + width, (law.name, measure)


def held(n, p, q):
    """P(the interval of paired proportions holds p - q), exactly: over all counts of the two discordant cells."""
    total = 0.0
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            low, high = paired(gained, lost, n)
            if low - 1e-12 <= p - q <= high + 1e-12:
                total += stats.multinomial.pmf([gained, lost, n - gained - lost], n, [p, q, 1.0 - p - q])
    return total


paired = functools.cache(intervals.paired_proportion_interval)
RARE, COMMON = (0.0, 0.003, 0.01, 0.03), (0.08, 0.2, 0.35, 0.45)


@pytest.mark.parametrize("n", [10, 20, 40])
def test_paired_proportions_hold_the_truth(n):
    """By enumeration, so without chance: never below 92 %, 95 % and more on average, and where paths rarely differ."""
    coverage = {(p, q): held(n, p, q) for p in (*RARE, *COMMON) for q in (*RARE, *COMMON)}
    rare = [coverage[p, q] for p in RARE for q in RARE]
    assert min(coverage.values()) > 0.92
    assert np.mean(list(coverage.values())) > 0.95
    assert min(rare) > 0.95


def test_paired_proportions_have_a_width_without_any_path_that_differs():
    for n in (1, 10, 20_000):
        low, high = intervals.paired_proportion_interval(0, 0, n)
        assert -low == pytest.approx(high) == pytest.approx(3.841459 / (n + 3.841459))


def test_paired_proportions_mirror_and_become_normal():
    for gained, lost, n in ((3, 0, 10), (10, 0, 10), (9, 1, 10), (5, 5, 10), (1, 0, 20_000)):
        low, high = intervals.paired_proportion_interval(gained, lost, n)
        assert intervals.paired_proportion_interval(lost, gained, n) == pytest.approx((-high, -low), abs=1e-12)
        assert -1.0 <= low <= (gained - lost) / n <= high <= 1.0
    low, high = intervals.paired_proportion_interval(30_000, 20_000, 10**6)
    half = 1.959964 * np.sqrt((50_000 - 10_000**2 / 10**6) / 10**12)
    assert (low, high) == pytest.approx((0.01 - half, 0.01 + half), rel=1e-3)


def test_unpaired_proportions_match_the_published_example():
    # 56 of 70 less 48 of 80: .0524 to .3339 (Newcombe 1998, table II, method 10)
    assert intervals.unpaired_proportion_interval(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    low, high = intervals.unpaired_proportion_interval(0, 10, 0, 10)
    assert -low == pytest.approx(high) == pytest.approx(0.27753, abs=1e-5)
