"""The sampler: scores are what their definition says, and depend on (seed, path, stream, index) alone.

False alarms: the statistical test makes 14 comparisons at 5.2 standard errors, below 1e-5 a run.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from simulator.sampling.draws import Draws, Layout
from simulator.sampling.normal import uniform
from simulator.sampling.sampler import fill
from tests.statistical import assert_correlation, assert_mean, assert_variance
from tests.test_philox import WORD, naive

NAMES = {"silicon.gap": 6, "arpu.noise": 5, "epsilon": 1}


def layout(names: dict[str, int]) -> tuple[Draws, dict[str, int]]:
    made = Layout()
    rows = {name: made.add(name, count) for name, count in names.items()}
    return made.freeze(), rows


def scores(draws: Draws, seed: int, first: int, lanes: int) -> NDArray[np.float64]:
    z = np.full((draws.rows, lanes), np.nan)
    fill(draws, seed, np.arange(first, first + lanes), z)
    return z


def box_muller(w0: int, w1: int) -> tuple[float, float]:
    u, v = (w0 + 0.5) / 2**32, (w1 + 0.5) / 2**32
    radius = math.sqrt(-2.0 * math.log(u))
    return radius * math.cos(2.0 * math.pi * v), radius * math.sin(2.0 * math.pi * v)


@pytest.mark.parametrize("seed", [0, 42, 2**32 + 7, -1])
def test_every_score_follows_its_definition(seed):
    draws, rows = layout(NAMES)
    first = 2**32 - 2
    z = scores(draws, seed, first, 4)
    key = [seed & WORD, (seed >> 32) & WORD]
    for name, count in NAMES.items():
        for k in range(4 * -(-count // 4)):
            for lane in range(4):
                path = first + lane
                counter = [path & WORD, path >> 32, k // 4, zlib.crc32(name.encode())]
                w = naive(counter, key)
                wanted = (*box_muller(w[0], w[1]), *box_muller(w[2], w[3]))[k % 4]
                assert z[rows[name] + k, lane] == pytest.approx(wanted, rel=1e-13, abs=1e-14)


def test_words_become_probabilities_inside_the_unit_interval():
    word = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)
    exact = (word.astype(np.float64) + 0.5) / 2**32
    np.testing.assert_array_equal([uniform(w) for w in word], exact)
    assert exact.min() > 0.0
    assert exact.max() < 1.0


@pytest.mark.parametrize("lanes", [1, 3, 64, 129])
def test_lane_count_and_alignment_change_no_bit(lanes):
    draws, _ = layout(NAMES)
    whole = scores(draws, 7, 1000, 300)
    for start in range(0, 300 - lanes, 97):
        np.testing.assert_array_equal(scores(draws, 7, 1000 + start, lanes), whole[:, start : start + lanes])


def test_a_quantity_keeps_its_scores_whatever_else_is_drawn():
    first, rows = layout(NAMES)
    other, moved = layout({"new": 9, "epsilon": 1, "arpu.noise": 50, "silicon.gap": 3})
    a, b = scores(first, 7, 0, 16), scores(other, 7, 0, 16)
    for name, count in (("epsilon", 1), ("arpu.noise", 5), ("silicon.gap", 3)):
        np.testing.assert_array_equal(a[rows[name] : rows[name] + count], b[moved[name] : moved[name] + count])


def test_seeds_and_streams_differ():
    draws, rows = layout(NAMES)
    a, b = scores(draws, 1, 0, 8), scores(draws, 2**32 + 1, 0, 8)
    assert not np.any(a == b)
    assert not np.any(a[rows["arpu.noise"]] == a[rows["epsilon"]])


def test_scores_are_standard_normal_and_uncorrelated(seed):
    draws, _ = layout({"one": 4, "two": 1})
    z = scores(draws, seed, 0, 200_000)
    for row in z[:5]:
        assert_mean(row, 0.0)
        assert_variance(row, 1.0)
    for i, j in ((0, 1), (1, 2), (2, 4)):
        assert_correlation(z[i], z[j], 0.0)
    assert_correlation(z[0] ** 2, z[1] ** 2, 0.0)
    assert kstest(z[:4].ravel(), "norm").pvalue > 1e-6
    assert np.abs(z).max() < math.sqrt(66.0 * math.log(2.0))
