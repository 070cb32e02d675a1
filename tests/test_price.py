"""Compute price: compiled draws against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ks_2samp

from simulator.drivers import price, reverting
from simulator.drivers.forwards import JumpLaw, RegimeLaw
from simulator.drivers.laws import named
from simulator.drivers.price import GLUT, NORMAL, REGIME, SHORTAGE
from tests.drawing import draw_price
from tests.statistical import (
    assert_correlation,
    assert_covariance,
    assert_excess_kurtosis,
    assert_mean,
    assert_share,
    assert_variance,
)

LANES = 60_000
STAYS, LEVEL = (1.5, 2.0, 1.5), (7.0, 12.0, 35.0)
REGIMES = RegimeLaw(STAYS, LEVEL, 3.0, 0.25)


@pytest.fixture(scope="module")
def drawn(seed):
    return draw_price(seed, "jumps", LANES)


@pytest.fixture(scope="module")
def law(drawn):
    return price.jump_law(drawn.p, drawn.tables)


# Closed forms among themselves


def test_frozen_numbers_give_their_law_back(law):
    assert (law.kappa, law.sigma) == pytest.approx((1.0, 0.45), rel=1e-12)
    assert law.rate == pytest.approx(0.5, rel=1e-5)
    for n, moment in ((1, -0.05), (2, 0.0925), (4, 0.05**4 + 6 * 0.0025 * 0.09 + 3 * 0.0081)):
        assert law.weight @ law.size**n == pytest.approx(moment, rel=1e-9)


def test_forward_curve_of_normal_jumps_by_quadrature(law):
    def lift(u):
        c = np.exp(-u)
        return np.expm1(-0.05 * c + 0.5 * (0.30 * c) ** 2)

    for t in (0.1, 1.0, 5.0):
        ln = np.log(40 / 12) * np.exp(-t) + 0.45**2 * -np.expm1(-2 * t) / 4 + law.rate * quad(lift, 0.0, t)[0]
        assert law.expected(t, 40.0, 12.0) == pytest.approx(12.0 * np.exp(ln), rel=1e-9)


def test_forward_curve_is_flat_at_the_long_run_price_but_for_convexity():
    calm = JumpLaw(1.0, 0.45, 0.0, np.zeros(1), np.ones(1))
    t = np.array([0.5, 2.0, 8.0])
    np.testing.assert_allclose(calm.expected(t, 12.0, 12.0), 12.0 * np.exp(0.45**2 * -np.expm1(-2 * t) / 4), rtol=1e-12)


def test_forward_curve_broadcasts(law):
    t, spot = np.array([0.25, 1.0, 3.0]), np.array([10.0, 40.0])
    curve = law.expected(t, spot[:, None], 12.0)
    assert curve.shape == (2, 3)
    assert curve[1, 2] == law.expected(3.0, 40.0, 12.0)


def test_contract_discounts_at_the_scarcity_price(law):
    """Case 14; observed were .69 and .46 of spot."""
    one_year, three_years = law.contract(12, 40.0, 12.0), law.contract(36, 40.0, 12.0)
    assert one_year / 40.0 == pytest.approx(0.674, abs=0.002)
    assert three_years / 40.0 == pytest.approx(0.478, abs=0.002)


def test_contract_over_long_run_depends_on_spot_over_long_run_alone(law):
    spot = np.array([5.0, 12.0, 40.0])
    np.testing.assert_allclose(law.contract(36, 2.0 * spot, 24.0), 2.0 * law.contract(36, spot, 12.0), rtol=1e-14)


# Draws of the jump model


def test_log_price_moments(drawn, law):
    y, start = np.log(drawn.price / 12.0), float(np.log(40 / 12))
    for month in (1, 12, 60):
        assert_mean(y[month - 1], law.log_mean(month / 12, start))
        assert_variance(y[month - 1], law.log_variance(month / 12))
        assert_excess_kurtosis(y[month - 1], law.log_excess_kurtosis(month / 12))
    for earlier, later in ((6, 12), (24, 60)):
        decay = np.exp(-(later - earlier) / 12)
        assert_covariance(y[earlier - 1], y[later - 1], decay * law.log_variance(earlier / 12))
    assert drawn.fits


def test_forward_curve(drawn, law):
    for month in (1, 6, 12, 36, 60):
        assert_mean(drawn.price[month - 1], law.expected(month / 12, 40.0, 12.0), f"price of month {month}")


def test_kurtosis_of_jumps_that_do_not_fade(seed):
    still = draw_price(seed, "kurtosis", LANES, months=24, kappa=0.0, jump_rate=0.5)
    y = np.log(still.price / 40.0)
    m, s, v = -0.05, 0.30, 0.45**2 + 0.5 * (0.05**2 + 0.30**2)
    fourth = m**4 + 6.0 * m**2 * s**2 + 3.0 * s**4
    for month in (6, 24):
        t = month / 12
        assert_mean(y[month - 1], 0.5 * m * t)
        assert_variance(y[month - 1], v * t)
        assert_excess_kurtosis(y[month - 1], 0.5 * fourth * t / (v * t) ** 2)


def test_a_jump_fades_within_its_month(seed):
    """If a month takes e^-1 off a jump, the day of the jump matters."""
    fast: dict[str, Any] = {"kappa": 12.0, "sigma": 0.0, "jump_rate": 2.0, "spot0": 12.0}
    drawn = draw_price(
        seed, "fast", LANES, months=12, jump_slots=30, jump_size=named("normal", mean=0.3, sd=0.1), **fast
    )
    law = price.jump_law(drawn.p, drawn.tables)
    for month in (1, 12):
        assert_mean(np.log(drawn.price[month - 1] / 12.0), law.log_mean(month / 12, 0.0))
        assert_variance(np.log(drawn.price[month - 1] / 12.0), law.log_variance(month / 12))
        assert_mean(drawn.price[month - 1], law.expected(month / 12, 12.0, 12.0))


def test_the_monthly_step_is_exact(seed, drawn):
    """The same process with time counted four times as finely has the same law at the same date."""
    fine: dict[str, Any] = {"kappa": 0.25, "sigma": 0.225, "jump_rate": 0.125}
    finer = draw_price(seed, "quarter steps", LANES, months=48, **fine)
    for month in (3, 12):
        assert ks_2samp(drawn.price[month - 1], finer.price[4 * month - 1]).pvalue > 2e-7


def test_without_jumps(seed):
    calm = draw_price(seed, "calm", LANES, months=12, jump_slots=0)
    assert calm.fits
    assert_variance(np.log(calm.price[11]), 0.45**2 * -np.expm1(-2.0) / 2.0)
    assert price.jump_law(calm.p, calm.tables).rate == 0.0


def test_uncertain_long_run_price_moves_with_the_factor(seed):
    law = named("lognormal", median=12.0, sigma=0.1)
    drawn = draw_price(seed, "long run", LANES, jump_slots=0, sigma=0.0, longrun=law, load=0.25)
    end = np.log(drawn.price[59])
    away = 1.0 - np.exp(-5.0)
    assert_mean(end, np.log(12.0) + np.log(40 / 12) * np.exp(-5.0))
    assert_variance(end, away**2 * (0.25**2 + 0.1**2))
    assert_correlation(end, drawn.factor, 0.25 / np.hypot(0.25, 0.1))


def test_monthly_shocks_correlate_with_those_of_ad_revenue(seed):
    drawn = draw_price(seed, "common", LANES, months=2, jump_slots=0, common=0.3)
    y = np.log(drawn.price / 12.0)
    phi, sd = reverting.monthly(1.0, 0.45)
    shock = (y[1] - phi * y[0]) / sd
    assert_correlation(shock, drawn.shared[1], 0.3)
    assert_correlation(shock, drawn.shared[0], 0.0)
    assert_mean(shock**2, 1.0)


# Exact


def test_a_jump_fades_from_the_day_it_happens():
    still: dict[str, Any] = {"jump_slots": 4, "sigma": 0.0, "spot0": 12.0, "months": 24, "jump_size": 0.5}
    drawn = draw_price(0, "one jump", 1, jump_rate=1.0, **still)
    y = np.log(drawn.price[:, 0] / 12.0)
    jumped = np.diff(y, prepend=0.0) > 1e-9
    assert jumped.any()
    quiet = ~jumped[1:]
    np.testing.assert_allclose(y[1:][quiet], (y[:-1] * np.exp(-1 / 12))[quiet], rtol=1e-10, atol=1e-14)
    rise = (y - np.exp(-1 / 12) * np.concatenate([[0.0], y[:-1]]))[jumped]
    assert np.all((rise >= 0.5 * np.exp(-1 / 12)) & (rise <= 1.5))


@pytest.mark.parametrize("short", [{"jump_slots": 1, "jump_rate": 5.0}, {"kind": REGIME, "regime_slots": 1}])
def test_too_few_slots_are_noticed(short):
    assert not draw_price(0, "short", 64, months=120, **short).fits


def test_trailing_mean(drawn):
    for month in (0, 5, 11, 12, 40):
        window = drawn.price[max(0, month - 11) : month + 1]
        np.testing.assert_allclose(drawn.trailing[month], window.mean(axis=0), rtol=1e-12)


# Regimes


def test_shares_settle_where_flows_balance():
    shares = REGIMES.stationary()
    np.testing.assert_allclose(shares @ REGIMES.rates(), 0.0, atol=1e-15)
    np.testing.assert_allclose(shares, [3 / 14, 8 / 14, 3 / 14])
    np.testing.assert_allclose(REGIMES.shares(100.0), np.tile(shares, (3, 1)), atol=1e-12)


def test_a_regime_lasts_its_mean_stay():
    """Leaving rate 1 / stay: the share still in the first regime, returns excluded, decays as exp(-t / stay)."""
    for start, stay in enumerate(STAYS):
        short = 1e-6
        assert (1.0 - REGIMES.shares(short)[start, start]) / short == pytest.approx(1.0 / stay, rel=1e-4)


@pytest.mark.parametrize("start", [NORMAL, SHORTAGE])
def test_regimes_visited(seed, start):
    drawn = draw_price(seed, f"regimes {start}", LANES, months=120, kind=REGIME, kappa=3.0, sigma=0.0, state0=start)
    assert drawn.fits
    for month in (6, 24, 120):
        shares = REGIMES.shares(month / 12)[start]
        for state in (GLUT, NORMAL, SHORTAGE):
            assert_share(drawn.price[month - 1] == LEVEL[state], shares[state], f"state {state}")


def test_stays_are_exponential(seed):
    drawn = draw_price(seed, "stays", LANES, months=60, kind=REGIME, kappa=3.0, sigma=0.0, stays=(1.5, 1e3, 1.5))
    for month in (6, 18, 36):  # normal lasts for ever, so leaving shortage is for good
        assert_share(drawn.price[month - 1] == LEVEL[SHORTAGE], np.exp(-month / 12 / 1.5), "still short")


def test_regime_price(seed):
    drawn = draw_price(seed, "regime price", LANES, kind=REGIME, kappa=3.0, sigma=0.25)
    for month in (1, 12, 60):
        assert_mean(drawn.price[month - 1], REGIMES.expected(month / 12, SHORTAGE))


def test_all_levels_move_with_the_factor(seed):
    drawn = draw_price(seed, "levels", 1_000, kind=REGIME, kappa=3.0, sigma=0.0, load=0.25)
    scaled = drawn.price / np.exp(0.25 * drawn.factor)
    assert {round(float(level), 9) for level in np.unique(scaled.round(9))} == set(LEVEL)
