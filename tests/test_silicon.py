"""Silicon obsolescence: compiled draws against closed forms."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, gamma, poisson

from simulator.drivers import silicon
from simulator.drivers.laws import condition_on_exceeding, named
from tests.drawing import draw_silicon
from tests.statistical import (
    assert_correlation,
    assert_mean,
    assert_share,
    assert_variance,
    evidence,
)

LANES = 60_000
NO_SHIFTS: dict[str, Any] = {"shift_slots": 0, "wear": 0.0}
POISSON: dict[str, Any] = {"gap": named("exponential", mean=2.0), "slots": 40} | NO_SHIFTS
GAMMA: dict[str, Any] = {
    "age": 1.0,
    "gap_first": condition_on_exceeding(named("gamma", shape=12, mean=2.0), 1.0),
} | NO_SHIFTS


# Closed forms among themselves


@pytest.mark.parametrize("age", [None, 0.0, 3.0])
def test_exponential_gaps_make_a_poisson_process_whatever_the_age(age):
    arrived = silicon.arrivals(10.0, 1.0, 2.0, age)
    np.testing.assert_allclose(arrived, poisson.pmf(np.arange(arrived.size), 5.0), atol=1e-10)


def test_gamma_gaps_from_an_arrival_add_up_to_a_gamma():
    arrived = silicon.arrivals(10.0, 12.0, 2.0, 0.0)
    k = np.arange(1, arrived.size)
    np.testing.assert_allclose(1.0 - np.cumsum(arrived)[:-1], gamma.cdf(10.0, 12.0 * k, scale=1 / 6), atol=1e-10)


def test_elementary_renewal_theorem():
    n = np.arange(200)
    for t in (30.0, 60.0):
        arrived = silicon.arrivals(t, 12.0, 2.0, None)
        mean = arrived @ n[: arrived.size]
        assert mean == pytest.approx(t / 2.0, abs=1e-8)  # exact at every t when the age is unknown
    variance = [silicon.log_gain_moments(silicon.arrivals(t, 12.0, 2.0, None), 1.0, 0.0, 0.0)[1] for t in (30.0, 60.0)]
    assert (variance[1] - variance[0]) / 30.0 == pytest.approx((1 / 12) / 2.0, rel=1e-6)  # CV^2 / mean


def test_loaded_poisson_moments():
    m, s, share, lt = 0.57, 0.20, 0.3, 5.0
    arrived = silicon.arrivals(10.0, 1.0, 2.0, 0.0)
    mean, variance = silicon.log_gain_moments(arrived, m, s, share)
    assert mean == pytest.approx(lt * m)
    assert variance == pytest.approx(lt * (m**2 + s**2) + share * s**2 * lt**2)
    power = silicon.gain_power(arrived, 0.7, m, s, 0.0)
    assert power == pytest.approx(np.exp(lt * (np.exp(-0.7 * m + 0.5 * 0.49 * s**2) - 1.0)))


def test_half_life_of_the_defaults():
    assert silicon.half_life(0.7, 0.57, 2.0, 0.03, 0.05, 0.4) == pytest.approx(2.78, abs=0.005)


# Draws


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_compound_poisson_moments(seed, share):
    drawn = draw_silicon(seed, f"compound {share}", LANES, beta=1.0, share=share, **POISSON)
    for year in (1, 4, 10):
        log_gain = -np.log(drawn.value[12 * year - 1])
        arrived = silicon.arrivals(float(year), 1.0, 2.0, 0.0)
        mean, variance = silicon.log_gain_moments(arrived, 0.57, 0.20, share)
        assert_mean(log_gain, mean)
        assert_variance(log_gain, variance)
        assert_mean(np.exp(-0.7 * log_gain), silicon.gain_power(arrived, 0.7, 0.57, 0.20, share))
    assert drawn.fits


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_renewal_moments(seed, share):
    drawn = draw_silicon(seed, f"renewal {share}", LANES, share=share, **GAMMA)
    for year in (1, 4, 10):
        arrived = silicon.arrivals(float(year), 12.0, 2.0, 1.0)
        mean, variance = silicon.log_gain_moments(arrived, 0.57, 0.20, share)
        log_value = np.log(drawn.value[12 * year - 1])
        assert_mean(log_value, -0.7 * mean)
        assert_variance(log_value, 0.49 * variance)
        assert_mean(drawn.value[12 * year - 1], silicon.gain_power(arrived, 0.7, 0.57, 0.20, share))
    for n in (3, 4, 5, 6):
        assert_share(drawn.generations == n, arrived[n], f"{n} generations")


def test_first_gap_is_conditional_on_the_age_of_todays_generation(seed):
    drawn = draw_silicon(seed, "first gap", LANES, months=48, **GAMMA)
    alone = gamma.sf(1.0, 12, scale=1 / 6)
    for month in (6, 12, 18, 24):
        waiting = drawn.efficiency[month - 1] == 1.0
        assert_share(waiting, gamma.sf(1.0 + month / 12, 12, scale=1 / 6) / alone, f"no arrival in {month} months")


def test_paradigm_shifts_form_a_compound_poisson_process(seed):
    drawn = draw_silicon(seed, "shifts", LANES, slots=1, gap=1000.0, wear=0.0)
    assert_share(drawn.worst == 0.0, np.exp(-0.5), "no shift")
    for year in (1, 4, 10):
        assert_mean(drawn.value[12 * year - 1], silicon.expected_survival(year, 0.05, 0.4))
        assert_mean(drawn.value[12 * year - 1] ** 2, np.exp(-0.05 * year * (1.0 - 0.4)))  # E[(1 - J)^2] = .4
    for loss in (0.3, 0.6, 0.9):  # largest of a Poisson number of losses
        assert_share(drawn.worst <= loss, np.exp(-0.5 * beta.sf(loss, 2, 3)), f"worst loss up to {loss}")
    np.testing.assert_array_equal(drawn.value, drawn.work)


def test_steps_share_a_factor_and_correlate(seed):
    settings: dict[str, Any] = {
        "slots": 1,
        "gap": 0.5,
        "months": 11,
        "share": 0.3,
        "partner": 3 / 7,
        "beta": 1.0,
    } | NO_SHIFTS
    drawn = draw_silicon(seed, "one step", LANES, **settings)
    g, h = -np.log(drawn.value[-1]), np.log(drawn.efficiency[-1])
    assert_mean(g, 0.57)
    assert_variance(g, 0.20**2)
    assert_mean(h, 0.55)
    assert_variance(h, 0.18**2)
    assert_correlation(g, h, 0.6)
    assert_correlation(g, drawn.factor, np.sqrt(0.3))
    assert_correlation(h, drawn.factor, np.sqrt(0.3))


def test_mean_log_value_falls_by_ln_2_in_a_half_life(seed):
    drawn = draw_silicon(seed, "half-life", LANES, gap=named("exponential", mean=2.0), slots=40, loss=0.4)
    months = np.array([12, 60, 120])
    for m in months:  # ln(1 - J) is not -J: the half-life counts shifts at their mean loss
        per_year = np.log(2.0) / silicon.half_life(0.7, 0.57, 2.0, 0.03, 0.05, -np.log(0.6))
        assert_mean(np.log(drawn.value[m - 1]), -per_year * m / 12.0)


# Exact


def test_known_gaps_give_a_staircase_with_wear():
    drawn = draw_silicon(0, "staircase", 4, months=24, gap=0.5, slots=6, performance=np.log(2.0), efficiency=0.1,
                         beta=0.5, shift_gap=0.75, shift_slots=4, loss=0.25)  # fmt: skip
    t = np.arange(1, 25)
    steps, shifts = t // 6, t // 9  # an event at a month's end acts in that month
    worn = np.exp(-0.03 * t / 12) * 0.75**shifts
    np.testing.assert_allclose(drawn.work, np.tile(worn, (4, 1)).T, rtol=1e-13)
    np.testing.assert_allclose(drawn.value, np.tile(worn * 2.0 ** (-0.5 * steps), (4, 1)).T, rtol=1e-13)
    np.testing.assert_allclose(drawn.efficiency, np.tile(np.exp(0.1 * steps), (4, 1)).T, rtol=1e-13)
    np.testing.assert_array_equal(drawn.generation, np.tile(steps, (4, 1)).T)
    np.testing.assert_array_equal(drawn.generations, 4.0)
    np.testing.assert_array_equal(drawn.worst, 0.25)


def test_deterministic_half_life():
    half = silicon.half_life(0.7, 0.0285, 0.1, 0.03, 0.0, 0.0)
    drawn = draw_silicon(0, "smooth", 1, gap=0.1, slots=120, performance=0.0285, shift_slots=0)
    crossing = np.interp(-0.5, -drawn.value[:, 0], np.arange(1, 121) / 12)
    assert crossing == pytest.approx(half, abs=0.1)


def test_value_of_a_vintage_is_a_ratio_that_forgets_what_came_before_it(seed):
    drawn = draw_silicon(seed, "ratio", LANES, **POISSON)
    before, ratio = np.log(drawn.value[47]), np.log(drawn.value[83] / drawn.value[47])
    assert_correlation(before, ratio, 0.0)  # independent increments
    assert_mean(np.exp(ratio), silicon.gain_power(silicon.arrivals(3.0, 1.0, 2.0, 0.0), 0.7, 0.57, 0.20, 0.0))


def test_a_total_loss_leaves_a_trace():
    drawn = draw_silicon(0, "total loss", 3, months=24, slots=1, gap=50.0, shift_gap=1.0, shift_slots=3, loss=1.0)
    assert np.all(drawn.value[-1] > 0.0)
    np.testing.assert_allclose(drawn.value[12] / drawn.value[10], 1e-12, rtol=1e-2)


def test_generations_are_counted_where_chips_get_better(seed):
    drawn = draw_silicon(seed, "counted", 2_000, efficiency=0.1, **GAMMA)
    np.testing.assert_allclose(np.exp(0.1 * drawn.generation), drawn.efficiency, rtol=1e-13)
    np.testing.assert_array_equal(drawn.generation[-1], drawn.generations)
    arrived = silicon.arrivals(4.0, 12.0, 2.0, 1.0)
    many = draw_silicon(seed, "counted, many", LANES, months=60, **GAMMA)
    for n in (1, 2, 3):
        assert_share(many.generation[47] == n, arrived[n], f"{n} generations in four years")


@pytest.mark.parametrize(("loss", "left"), [(0.4, 0.6), (1.0, 1e-12)])
def test_a_certain_shift_takes_its_share_of_older_vintages(seed, loss, left):
    calm, shocked = (
        draw_silicon(seed, "certain", 2_000, months=24, shock_loss=share, shock_month=9) for share in (0.0, loss)
    )
    kept = np.where(np.arange(1, 25) >= 9, left, 1.0)[:, None]
    np.testing.assert_allclose(shocked.value, calm.value * kept, rtol=1e-3 if loss == 1.0 else 1e-13)
    np.testing.assert_allclose(shocked.work, calm.work * kept, rtol=1e-3 if loss == 1.0 else 1e-13)
    np.testing.assert_array_equal(shocked.efficiency, calm.efficiency)
    np.testing.assert_array_equal(shocked.worst, np.maximum(calm.worst, min(loss, silicon.WORST_LOSS)))
    assert (calm.worst > loss).any() or loss == 1.0


def test_a_certain_shift_after_the_horizon_never_comes(seed):
    calm, later = (draw_silicon(seed, "later", 100, months=24, shock_loss=share, shock_month=25) for share in (0, 0.4))
    np.testing.assert_array_equal(later.value, calm.value)
    np.testing.assert_array_equal(later.worst, calm.worst)


@pytest.mark.parametrize("short", [{"slots": 3, "shift_slots": 0}, {"slots": 30, "shift_slots": 2, "shift_gap": 1.0}])
def test_too_few_slots_are_noticed(short):
    assert not draw_silicon(0, "slots", 8, gap=0.5, **short).fits
    assert draw_silicon(0, "slots", 8, months=12, gap=0.5, **short).fits


# Case 12: the model's mean V against the resale anchor

RATES = {"beta": 0.7, "mean": 0.57, "sd": 0.20, "share": 0.3}


def expected_value(age: float) -> float:
    """Mean V of a vintage bought at a random date."""
    arrived = silicon.arrivals(age, 12.0, 2.0, None)
    return float(np.exp(-0.03 * age) * silicon.gain_power(arrived, **RATES) * silicon.expected_survival(age, 0.05, 0.4))


def test_mean_value_at_ages_1_to_4(seed):
    stated = [0.80, 0.62, 0.49, 0.39]
    assert [expected_value(age) for age in (1, 2, 3, 4)] == pytest.approx(stated, abs=0.006)
    drawn = draw_silicon(seed, "mean value", LANES, share=0.3, **(GAMMA | {"wear": 0.03, "shift_slots": 11}))
    for age, text in zip((1, 2, 3, 4), stated, strict=True):
        bought = slice(23, 23 + 48)  # four years of purchases, two mean gaps
        value = drawn.value[bought.start + 12 * age : bought.stop + 12 * age] / drawn.value[bought]
        assert value.mean() == pytest.approx(text, abs=0.01)


def test_mean_value_agrees_with_the_resale_anchor():
    with evidence("gpu_residual_value_anchor.csv").open() as file:
        anchor = {int(row["age_years"]): float(row["value_factor"]) for row in csv.DictReader(file)}
    assert [anchor[age] for age in (1, 2, 3, 4)] == [0.78, 0.60, 0.46, 0.35]
    assert [expected_value(age) for age in (1, 2, 3, 4)] == pytest.approx([anchor[a] for a in (1, 2, 3, 4)], abs=0.05)
