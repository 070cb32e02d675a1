"""Funding cost: compiled draws against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.drivers import funding, reverting
from tests.drawing import draw_funding
from tests.statistical import assert_correlation, assert_covariance, assert_mean, assert_variance

LANES = 60_000
STILL_SPREAD: dict[str, Any] = {"spread_sigma": 0.0, "spread_load": 0.0}
STILL_RATE: dict[str, Any] = {"rate_sigma": 0.0, "rate_load": 0.0}


@pytest.mark.parametrize("load", [0.0, 0.0075])
def test_rate_follows_vasicek(seed, load):
    start = 0.03
    drawn = draw_funding(seed, f"rate {load}", LANES, rate0=start, rate_load=load, **STILL_SPREAD)
    rate = drawn.funding - 0.0091
    for month in (1, 12, 60):
        mean, variance = funding.rate_moments(month / 12, start, 0.0447, load, 0.20, 0.0075)
        assert_mean(rate[month], mean)
        assert_variance(rate[month], variance)
    for earlier, later in ((6, 12), (12, 60)):
        covariance = reverting.covariance(earlier / 12, later / 12, 0.20, 0.0075, load)
        assert_covariance(rate[earlier], rate[later], covariance)
    if load > 0.0:
        assert_correlation(rate[60], drawn.rates, load * (1.0 - np.exp(-1.0)) / np.sqrt(variance))


@pytest.mark.parametrize("load", [0.0, 0.25])
def test_spread_is_the_exponential_of_a_mean_reverting_process(seed, load):
    start = 0.02
    drawn = draw_funding(seed, f"spread {load}", LANES, spread0=start, spread_load=load, **STILL_RATE)
    spread = drawn.funding - 0.0447
    for month in (1, 12, 60):
        mean, variance = funding.spread_moments(month / 12, start, 0.0091, load, 0.39, 0.28)
        assert_mean(spread[month], mean)
        assert_variance(spread[month], variance)
    log_spread = np.log(spread)
    assert_covariance(log_spread[12], log_spread[48], reverting.covariance(1.0, 4.0, 0.39, 0.28, load))


def test_rate_and_spread_are_independent_but_for_their_factors(seed):
    drawn = draw_funding(seed, "both", LANES, rate_load=0.0075, spread_load=0.25)
    rate, spread = (
        funding.rate_moments(5.0, 0.0447, 0.0447, 0.0075, 0.20, 0.0075),
        funding.spread_moments(5.0, 0.0091, 0.0091, 0.25, 0.39, 0.28),
    )
    assert_mean(drawn.funding[60], rate[0] + spread[0])
    assert_variance(drawn.funding[60], rate[1] + spread[1])


def test_long_run_moments():
    mean, variance = funding.rate_moments(200.0, 0.0, 0.0447, 0.0075, 0.20, 0.0075)
    assert mean == pytest.approx(0.0447)
    assert variance == pytest.approx(0.0075**2 / 0.4 + 0.0075**2)


def test_opening_and_mean():
    drawn = draw_funding(0, "rows", 5)
    np.testing.assert_array_equal(drawn.funding[0], 0.0447 + 0.0091)
    np.testing.assert_allclose(drawn.mean, drawn.funding[1:].mean(axis=0), rtol=1e-14)
