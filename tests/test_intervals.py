"""Intervals and verdicts: exact cases by hand, and coverage on three known laws.

Coverage: 300 replicates a law, 26 intervals. A count is refused when its probability under the claim is below 1e-5
(each side), so all of them together raise a false alarm with probability below 6e-4. verification/ does it with 2,000.
"""

from __future__ import annotations

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
    assert intervals.ranks(0.5, n) == (low, high)


@given(N, SHARE)
def test_ranks_hold_the_quantile_and_no_tighter_ones_do(n, share):
    low, high = intervals.ranks(share, n)
    law = stats.binom(n, share)
    assert law.cdf(low - 1) <= 0.025 + 1e-12
    assert law.sf(high - 1) <= 0.025 + 1e-12
    assert law.cdf(low) >= 0.025 - 1e-12
    assert law.sf(high - 2) >= 0.025 - 1e-12


@pytest.mark.parametrize("n", [60, 1000, 10**6, 10**9])
def test_no_event_in_n_paths_says_up_to_three_point_seven_over_n(n):
    low, high = intervals.proportion(0, n)
    assert low == 0.0
    assert high == pytest.approx(1.0 - 0.025 ** (1.0 / n), rel=1e-6)
    assert 3.5 < high * n < 3.7
    assert intervals.proportion(n, n) == pytest.approx((1.0 - high, 1.0), rel=1e-9)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_proportions_invert_the_binomial_tails(n, share):
    events = round(share * n)
    low, high = intervals.proportion(events, n)
    assert 0.0 <= low <= events / n <= high <= 1.0
    if events > 0:
        assert stats.binom.sf(events - 1, n, low) == pytest.approx(0.025, rel=1e-6)
    if events < n:
        assert stats.binom.cdf(events, n, high) == pytest.approx(0.025, rel=1e-6)


def test_mean_of_few_values_uses_students_t():
    assert intervals.about(10.0, 2.0, 5) == pytest.approx((10.0 - 2.0 * 2.776445, 10.0 + 2.0 * 2.776445), rel=1e-6)
    assert intervals.about(0.0, 1.0, 10**6)[1] == pytest.approx(1.96, rel=1e-4)


def test_spread_of_a_normal_law():
    # m4 = 3 sd^4: s.e. of ln sd is 1 / sqrt(2 n)
    low, high = intervals.spread(2.0, 48.0, 5000)
    assert high / 2.0 == pytest.approx(math.exp(1.959964 / 100.0), rel=1e-6)
    assert low * high == pytest.approx(4.0)
    assert intervals.spread(0.0, 0.0, 10) == (0.0, 0.0)


def test_spread_of_the_tiniest_and_hugest_numbers():
    for sd in (1e-200, 1e150):
        low, high = intervals.spread(sd, 0.0, 10)
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
    assert intervals.verdict(level, n) == note


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
