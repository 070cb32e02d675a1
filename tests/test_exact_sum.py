"""Exact sums: the correctly rounded sum, the same bits in any order."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.results import exact_sum

# up to 1e300 so that neither the sum nor math.fsum overflows on the way
NUMBERS = st.lists(st.floats(-1e300, 1e300, allow_subnormal=True), max_size=60)


def total(numbers):
    limbs = exact_sum.zeros()
    exact_sum.add_all(limbs, np.array(numbers, dtype=np.float64))
    exact_sum.normalise(limbs)
    return limbs


@given(NUMBERS)
def test_sum_is_correctly_rounded(numbers):
    assert exact_sum.value(total(numbers)) == math.fsum(numbers)


@given(NUMBERS)
def test_sum_is_exact(numbers):
    assert exact_sum.exact(total(numbers)) == sum((Fraction(x) for x in numbers), Fraction(0))


@given(NUMBERS, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_limbs(numbers, random):
    shuffled = list(numbers)
    random.shuffle(shuffled)
    np.testing.assert_array_equal(total(shuffled), total(numbers))


@given(NUMBERS, st.integers(0, 60))
def test_merged_parts_are_the_whole(numbers, cut):
    parts = total(numbers[:cut])
    exact_sum.merge(parts, total(numbers[cut:]))
    np.testing.assert_array_equal(parts, total(numbers))


@given(NUMBERS)
def test_canonical_form_is_unique(numbers):
    limbs = total(numbers)
    assert (limbs[:-1] >= 0).all()
    assert (limbs[:-1] < 2**32).all()
    there_and_back = total([*numbers, *(-x for x in numbers)])
    assert not there_and_back.any()


@pytest.mark.parametrize(
    "numbers",
    [
        [5e-324],
        [-5e-324, 2.2250738585072014e-308],
        [1.7976931348623157e308, -1.7976931348623157e308, 1.0],
        [1e308, 1e-308, -1e308],
        [1.0, 2.0**-53, 2.0**-105],  # just above a tie: rounds up
        [1.0, 2.0**-53],  # a tie: to even
        [0.1] * 10,
        [-0.0],
        [],
    ],
)
def test_hard_cases(numbers):
    assert exact_sum.value(total(numbers)) == math.fsum(numbers)


def test_many_carries(seed):
    numbers = np.random.default_rng(seed).normal(size=100_000) * 1e10
    assert exact_sum.value(total(numbers)) == math.fsum(numbers)


def test_sum_beyond_the_range_is_not_hidden():
    with pytest.raises(OverflowError):
        exact_sum.value(total([1.7e308, 1.7e308]))
