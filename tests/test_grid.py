"""Grid interconnection and construction delay: compiled draws against closed forms."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import gamma, multivariate_normal

from simulator.drivers import grid
from simulator.drivers.laws import condition_on_exceeding, named, zero_inflated
from tests.drawing import draw_grid
from tests.statistical import assert_correlation, assert_covariance, assert_mean, assert_share, evidence

LANES = 60_000
LARGE_LOAD = (float(np.log(36.0)), 0.45)
QUEUE = named("lognormal", median=36.0, sigma=0.45)
BUILD = named("lognormal", median=15.0, sigma=0.20)
INSTEAD = named("lognormal", median=24.0, sigma=0.25)


# Case 11: laws of the sources


@pytest.mark.parametrize(("law", "excess", "tail"), [(LARGE_LOAD, 22.020, 0.93826), ((3.899, 0.534), 39.008, 0.97054)])
def test_expected_delay_beyond_18_months(law, excess, tail):
    assert grid.lognormal_excess(18.0, *law) == pytest.approx(excess, abs=5e-4)
    assert grid.lognormal_tail(18.0, *law) == pytest.approx(tail, abs=5e-6)


def test_build_from_bare_land():
    assert np.exp(3.153) == pytest.approx(23.4, abs=0.05)
    assert grid.lognormal_tail(18.0, 3.153, 0.646) == pytest.approx(0.658, abs=5e-4)


def test_generation_queue_law_fits_the_records():
    with evidence("lbnl_queue_durations.csv").open() as file:
        months = np.log(
            [
                float(row["months_to_cod"])
                for row in csv.DictReader(file)
                if row["status"] == "operational" and row["months_to_cod"] and row["mw"]
                if row["operational_date"] >= "2018" and float(row["mw"]) >= 20.0 and float(row["months_to_cod"]) > 0.0
            ]
        )
    assert months.mean() == pytest.approx(3.899, abs=0.01)
    assert months.std(ddof=1) == pytest.approx(0.534, abs=0.01)


# Closed forms among themselves


def test_mean_excess_of_a_lognormal_is_the_call_formula():
    assert grid.mean_excess(QUEUE.cdf, 18.0, 2000.0) == pytest.approx(
        grid.lognormal_excess(18.0, *LARGE_LOAD), rel=1e-4
    )


def test_late_share_has_the_moments_of_correlated_sites():
    p, rho = 0.3, 0.38
    x = np.linspace(0.0, 1.0, 200_001)[1:-1]
    above = 1.0 - grid.late_share_cdf(x, p, rho)
    both = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([ndtri(p), ndtri(p)])
    assert above.sum() * 5e-6 == pytest.approx(p, abs=1e-5)
    assert (2.0 * x * above).sum() * 5e-6 == pytest.approx(both, abs=1e-5)


# Draws


def test_queue_law(seed):
    delay = draw_grid(seed, "queue", LANES, [{}]).energised[0]
    for strike in (18.0, 36.0, 72.0):
        assert_mean(np.maximum(delay - strike, 0.0), grid.lognormal_excess(strike, *LARGE_LOAD))
        assert_share(delay > strike, grid.lognormal_tail(strike, *LARGE_LOAD))


def test_energised_when_built_and_powered_with_failures_behind_the_meter(seed):
    site = {"start": 6.0, "requested": 3.0, "build": BUILD}
    drawn = draw_grid(seed, "competing", LANES, [site], fail=0.05, instead=INSTEAD)
    energised, behind = drawn.energised[0], drawn.behind[0] == 1.0

    def power(x):
        return grid.power_cdf(x, 3.0, QUEUE.cdf, 0.05, INSTEAD.cdf)

    def law(x):
        return grid.latest_cdf(x, [lambda y: BUILD.cdf(y - 6.0), power])

    assert_share(behind, 0.05)
    for month in (18.0, 24.0, 36.0, 60.0):
        assert_share(energised <= month, law(np.array(month)))
    assert_mean(np.maximum(energised - 24.0, 0.0), grid.mean_excess(law, 24.0, 2000.0))
    for month in (24.0, 30.0):
        failed = grid.latest_cdf(np.array(month), [lambda y: BUILD.cdf(y - 6.0), lambda y: INSTEAD.cdf(y - 3.0)])
        assert_share((energised <= month) & behind, 0.05 * float(failed), "behind the meter in time")
    assert np.all(energised >= drawn.built[0])


def test_idle_capital_of_a_phase_built_at_a_known_date(seed):
    drawn = draw_grid(seed, "idle", LANES, [{"start": 6.0, "build": 12.0}])
    assert_mean(drawn.energised[0] - drawn.built[0], grid.lognormal_excess(18.0, *LARGE_LOAD))


def test_a_failed_request_made_long_ago_is_known_at_once(seed):
    drawn = draw_grid(seed, "known", 2_000, [{"requested": -24.0}, {"requested": 5.0}], fail=0.999, instead=24.0)
    failed = drawn.behind == 1.0
    assert np.all(drawn.energised[0][failed[0]] == 24.0)
    assert np.all(drawn.energised[1][failed[1]] == 29.0)


def test_the_latest_of_independent_sites_is_a_product_of_laws(seed):
    sites = [{"region": region, "requested": date} for region, date in (("a", 0.0), ("a", 12.0), ("b", -6.0))]
    latest = draw_grid(seed, "latest", LANES, sites).energised.max(axis=0)
    laws = [QUEUE.cdf, lambda x: QUEUE.cdf(x - 12.0), lambda x: QUEUE.cdf(x + 6.0)]
    for month in (36.0, 60.0, 90.0):
        assert_share(latest <= month, grid.latest_cdf(np.array(month), laws))


def test_sites_share_the_nation_and_the_region(seed):
    sites = [{"region": "a"}, {"region": "a"}, {"region": "b"}]
    drawn = draw_grid(seed, "copula", LANES, sites, national=0.05, regional=0.33)
    score = (np.log(drawn.energised) - LARGE_LOAD[0]) / LARGE_LOAD[1]
    assert_correlation(score[0], score[1], 0.38)
    assert_correlation(score[0], score[2], 0.05)
    assert_correlation(score[0], drawn.factor, np.sqrt(0.05))
    assert_mean(score[0] ** 2, 1.0, "the marginal law stays")


def test_late_sites_of_a_region_cluster(seed):
    drawn = draw_grid(seed, "late share", 30_000, [{}] * 12, national=0.05, regional=0.33)
    late = drawn.energised > 48.0
    p = grid.lognormal_tail(48.0, *LARGE_LOAD)
    x = np.linspace(0.0, 1.0, 20_001)[1:-1]
    both = float((2.0 * x * (1.0 - grid.late_share_cdf(x, p, 0.38))).sum() * 5e-5)  # E[share^2] of many sites
    assert_mean(late.mean(axis=0), p)
    assert_covariance(late[3].astype(float), late[8].astype(float), both - p * p)


def test_a_request_under_way_is_drawn_given_that_it_is_pending(seed):
    pending = condition_on_exceeding(QUEUE, 24.0)
    built = condition_on_exceeding(BUILD, 9.0)
    site = {"requested": -24.0, "queue": pending, "start": -9.0, "build": built}
    drawn = draw_grid(seed, "pending", LANES, [site])
    assert np.all(drawn.built > -1e-4)
    for month in (3.0, 12.0, 36.0):
        unbuilt = BUILD.sf(month + 9.0) / BUILD.sf(9.0)
        waiting = QUEUE.sf(month + 24.0) / QUEUE.sf(24.0)
        assert_share(drawn.built[0] > month, unbuilt, "construction")
        assert_share(drawn.energised[0] <= month, (1.0 - unbuilt) * (1.0 - waiting), "energised")


def test_a_shift_of_scores_lengthens_every_queue_alike(seed):
    """1.5 standard deviations of ln D: D x exp(1.5 x .45) = 1.96, where there is a queue."""
    sites = [{"region": "a"}, {"region": "b", "requested": 3.0}, {"near": 1, "planned": 3.0}]
    base, late = (
        draw_grid(seed, "crunch", 5_000, sites, national=0.05, regional=0.33, fail=0.05, slip=1.0, score_shift=shift)
        for shift in (0.0, 1.5)
    )
    queued = base.behind == 0.0
    for site, requested in ((0, 0.0), (1, 3.0)):
        before, after = (drawn.energised[site][queued[site]] - requested for drawn in (base, late))
        np.testing.assert_allclose(after, before * np.exp(1.5 * 0.45), rtol=1e-12)
    assert np.exp(1.5 * 0.45) == pytest.approx(1.96, abs=0.005)
    np.testing.assert_array_equal(late.energised[2], base.energised[2])
    np.testing.assert_array_equal(late.energised[~queued], base.energised[~queued])
    np.testing.assert_array_equal(late.behind, base.behind)


def test_near_term_sites_have_a_date_that_slips(seed):
    month = 52.0 / 30.4375
    slip = zero_inflated(named("gamma", shape=2, mean=2.0 * month), 0.3)
    site = {"near": 1, "planned": 3.0, "start": -12.0, "build": condition_on_exceeding(BUILD, 12.0)}
    drawn = draw_grid(seed, "slip", LANES, [site], fail=0.9, slip=slip)
    late = drawn.energised[0] - 3.0
    assert_share(late == 0.0, 0.3)
    assert_mean(late, 0.7 * 2.0 * month)
    assert_mean(late**2, 0.7 * 6.0 * month**2)
    assert_share(late > 6.0, 0.7 * gamma.sf(6.0, 2, scale=month))
    assert_share(drawn.built[0] == drawn.energised[0], 1.0 - _built_before(month), "built only just in time")
    assert np.all(drawn.built <= drawn.energised)
    assert not drawn.behind.any()


def _built_before(month: float) -> float:
    """P(construction ends before planned + slip), months 3 and a zero-inflated gamma, build given > 12 months old."""
    x = np.linspace(0.0, 60.0, 60_001)
    ready = 1.0 - BUILD.sf(12.0 + 3.0 + x) / BUILD.sf(12.0)
    slipped = np.trapezoid(ready * gamma.pdf(x, 2, scale=month), x)
    return float(0.3 * ready[0] + 0.7 * slipped)
