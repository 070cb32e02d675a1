"""The log-linear histogram: every value in its bin, ranks kept, means to 2^-30."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.results import histogram
from simulator.results.histogram import BINS, OVER, UNDEFINED, ZERO, Bins

INSIDE = st.floats(2.0**-20, 2.0**20, exclude_max=True)
SIGNED = st.builds(lambda x, sign: sign * x, INSIDE, st.sampled_from([-1.0, 1.0]))


def tabulate(values, weights=None):
    values = np.array(values, dtype=np.float64)
    table = np.zeros((BINS, 2), dtype=np.int64)
    weights = np.ones(len(values), dtype=np.int64) if weights is None else np.array(weights, dtype=np.int64)
    buffer = histogram.empty_buffer(len(values))
    histogram.add(table, values, weights, buffer)
    histogram.flush(table, buffer)
    assert not any(array.any() for array in (buffer.words, buffer.groups, buffer.values))
    return table


def bin_of(x: float) -> int:
    """Number of the bin that contains `x`."""
    scratch = np.zeros((2, 1), dtype=np.int64)
    histogram.locate(np.array([x]), *scratch)
    return int(scratch[0, 0])


def edges(numbers):
    """Lower and upper edges of bins."""
    return histogram.bin_edges().low[numbers], histogram.bin_edges().high[numbers]


def bins_of(values, weights=None) -> Bins:
    table = tabulate(values, weights)
    numbers = histogram.nonempty_bins(table)
    return histogram.bins_from_counts(numbers, table[numbers, 0], table[numbers, 1])


@pytest.mark.parametrize("heaviest", [1, 3_000, 1 << 19, 1 << 40])
def test_flushed_counts_equal_those_added_bin_by_bin(heaviest):
    random = np.random.default_rng(heaviest)
    table, wanted = np.zeros((2, BINS, 2), dtype=np.int64)
    buffer, scratch = histogram.empty_buffer(700), np.zeros((2, 700), dtype=np.int64)
    for n in (700, 1, 699, 300, 0, 512):
        x = random.normal(0.0, 3.0, n) * 2.0 ** random.integers(-24, 24, n)
        x[random.uniform(size=n) < 0.1] = 1 - 2.0**-40  # the largest rest there is
        x[random.uniform(size=n) < 0.1] = np.nan
        weights = random.integers(0, heaviest, n, endpoint=True)
        histogram.add(table, x, weights, buffer)
        histogram.locate(x, *scratch)
        np.add.at(wanted[:, 0], scratch[0, :n], weights)
        np.add.at(wanted[:, 1], scratch[0, :n], weights * scratch[1, :n])
    histogram.flush(table, buffer)
    np.testing.assert_array_equal(table, wanted)
    assert not any(array.any() for array in (buffer.words, buffer.groups, buffer.values))


@given(SIGNED)
def test_a_value_lies_within_the_edges_of_its_narrow_bin(x):
    low, high = (float(edge[0]) for edge in edges(np.array([bin_of(x)])))
    assert low <= x <= high
    assert high - low <= abs(x) * 2.0**-10


@given(SIGNED, SIGNED)
def test_bins_keep_the_order(x, y):
    if x <= y:
        assert bin_of(x) <= bin_of(y)


@given(st.lists(SIGNED, min_size=1, max_size=50))
def test_means_are_good_to_2_to_the_minus_30(values):
    bins = bins_of(values)
    error = abs(math.fsum(bins.n * bins.mean) - math.fsum(values))
    assert error <= 2.0**-30 * math.fsum(map(abs, values)) * (1 + 1e-6)


@given(st.integers(-1023, 1023))
def test_small_whole_numbers_have_a_bin_of_their_own_without_width(k):
    bins = bins_of([k, k, k])
    assert (bins.low[0], bins.high[0], bins.mean[0], bins.n[0]) == (k, k, k, 3)


@pytest.mark.parametrize(
    ("x", "place"),
    [
        (0.0, ZERO),
        (-0.0, ZERO),
        (2.0**-20 - 2.0**-60, ZERO),
        (5e-324, ZERO),
        (2.0**-20, ZERO + 1),
        (-(2.0**-20), ZERO - 1),
        (np.nextafter(2.0**20, 0.0), OVER - 1),
        (2.0**20, OVER),
        (1e300, OVER),
        (-np.nextafter(2.0**20, 0.0), 1),
        (-(2.0**20), 0),
        (np.nan, UNDEFINED),
        (-np.nan, UNDEFINED),
    ],
)
def test_the_ends_of_the_range(x, place):
    assert bin_of(x) == place


def test_edges_by_hand():
    low, high = edges(np.array([0, 1, ZERO - 1, ZERO, ZERO + 1, OVER - 1, OVER]))
    tiny, huge, step = 2.0**-20, 2.0**20, 1 + 2.0**-10
    np.testing.assert_array_equal(low, [-np.inf, -huge, -tiny * step, -tiny, tiny, huge * (1 - 2.0**-11), huge])
    np.testing.assert_array_equal(high, [-huge, -huge * (1 - 2.0**-11), -tiny, tiny, tiny * step, huge, np.inf])


def test_overflowing_values_have_no_known_mean():
    bins = bins_of([-2e6, 1.0, 3e6, 1e7])
    np.testing.assert_array_equal(bins.mean, [-np.inf, 1.0, np.inf])
    np.testing.assert_array_equal(bins.n, [1, 1, 2])


@given(st.lists(st.tuples(SIGNED, st.integers(1, 5)), min_size=1, max_size=20))
def test_a_weight_is_so_many_equal_values(pairs):
    values, weights = zip(*pairs, strict=True)
    repeated = [x for x, w in pairs for _ in range(w)]
    np.testing.assert_array_equal(tabulate(values, weights), tabulate(repeated))


def test_negated_turns_everything_round():
    bins = bins_of([-3.0, 0.1, 0.1, 7.3]).negated
    np.testing.assert_array_equal(bins.n, [1, 2, 1])
    np.testing.assert_allclose(bins.mean, [-7.3, -0.1, 3.0], rtol=2.0**-30)
    assert (bins.low <= bins.mean).all()
    assert (bins.mean <= bins.high).all()


def test_a_sample_as_groups():
    bins = histogram.bins_from_sample(np.array([3.0, np.nan, -1.0, 3.0]))
    np.testing.assert_array_equal(bins.mean, [-1.0, 3.0])
    np.testing.assert_array_equal(bins.n, [1, 2])
