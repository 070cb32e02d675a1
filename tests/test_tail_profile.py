"""Profiles of a tail and stories in it, on worlds whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.risk.stories import find_stories
from simulator.risk.tail_profile import profile_drivers, tail_of_event, tail_of_losses

Q95, BEYOND = 1.6448536269514722, math.exp(-0.5 * 1.6448536269514722**2) / math.sqrt(2 * math.pi) / 0.05


def normal_worlds(rho, n, seed):
    """A loss, a driver with that correlation, and one that has nothing to do with it."""
    z = np.random.default_rng(seed).standard_normal((3, n))
    return z[0], {"near": rho * z[0] + math.sqrt(1 - rho * rho) * z[1], "idle": z[2]}


def test_the_shift_of_a_normal_driver_is_its_correlation_times_the_tail_mean():
    loss, drivers = normal_worlds(0.6, 100_000, 1)
    near, idle = profile_drivers(drivers, tail_of_losses(loss, 0.95))
    assert (near.name, idle.name) == ("near", "idle")
    assert near.shift.low <= 0.6 * BEYOND <= near.shift.high
    assert idle.shift.low <= 0.0 <= idle.shift.high
    assert near.shift.high - near.shift.low < 0.06


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
def test_intervals_of_shifts_cover_as_often_as_they_say(rho):
    """1,000 repetitions, 100 paths in the tail: 95 % has an error of .7 %; 92 to 98 % fails once in 10,000."""
    covered = 0
    for seed in range(1000):
        loss, drivers = normal_worlds(rho, 2000, seed)
        entries = profile_drivers({"near": drivers["near"]}, tail_of_losses(loss, 0.95))
        covered += entries[0].shift.low <= rho * BEYOND <= entries[0].shift.high
    assert 0.92 < covered / 1000 < 0.98


def test_a_value_that_many_worlds_share_is_a_share_with_its_exact_interval():
    rng = np.random.default_rng(4)
    elasticity = np.where(rng.random(50_000) < 0.1, 0.0, rng.lognormal(-3.0, 0.5, 50_000))
    entry = profile_drivers({"eps": elasticity}, tail_of_losses(-elasticity, 0.98))[0]
    assert entry.atom == 0.0
    assert entry.atom_inside.value == 1.0
    assert entry.atom_overall.low < 0.1 < entry.atom_overall.high
    assert profile_drivers({"count": np.floor(elasticity * 50)}, tail_of_losses(-elasticity, 0.98))[0].atom is None


def test_the_tail_of_losses_is_the_documented_number_of_the_worst_and_of_equal_ones_the_first():
    loss = np.array([3.0, 1.0, 3.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert tail_of_losses(loss, 0.8).paths.tolist() == [0, 2]
    assert tail_of_losses(np.arange(1000.0), 0.95).paths.tolist() == list(range(950, 1000))
    assert tail_of_losses(np.arange(101.0), 0.95).paths.size == 6
    assert tail_of_event(np.array([0.0, 1.0, 0.0, 1.0])).paths.tolist() == [1, 3]


def test_drivers_that_do_not_vary_or_are_undefined_are_left_out():
    loss = np.arange(1000.0)
    drivers = {"flat": np.ones(1000), "gone": np.full(1000, np.nan), "loss": loss}
    assert [entry.name for entry in profile_drivers(drivers, tail_of_losses(loss, 0.9))] == ["loss"]


def blobs(centres, paths, seed=1):
    rng = np.random.default_rng(seed)
    return np.concatenate([centre + rng.standard_normal((paths, 3)) for centre in np.array(centres, dtype=float)])


def test_stories_that_are_there_are_found_whatever_their_number():
    for count, centres in ((2, [[0, 0, 0], [8, 0, 0]]), (3, [[0, 0, 0], [8, 0, 0], [0, 9, 2]])):
        stories = find_stories(blobs(centres, 150))
        assert len(stories) == count
        assert sorted(tuple(np.unique(story.rows // 150)) for story in stories) == [(k,) for k in range(count)]
        assert all(story.representative in story.rows for story in stories)


def test_one_cloud_is_one_story():
    """A normal cloud, whatever its shape; ten seeds, so that a rule that cuts one in ten would be seen."""
    for seed in range(10):
        cloud = blobs([[0, 0, 0]], 300, seed) * np.array([3.0, 1.0, 0.2])
        assert len(find_stories(cloud)) == 1


def test_stories_are_the_same_each_time_and_the_largest_comes_first():
    features = np.concatenate([blobs([[0, 0, 0]], 200), blobs([[9, 0, 0]], 60, 2)])
    first, second = find_stories(features), find_stories(features)
    assert [story.rows.size for story in first] == [200, 60]
    assert all(np.array_equal(a.rows, b.rows) for a, b in zip(first, second, strict=True))
