"""Contract prices: tables against closed forms, closed forms against what the simulated price does afterwards.

False alarms: the statistical tests make 30 comparisons at 5.2 standard errors, below 1e-5 a run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.drivers.contracts import Curves, lock_contract
from simulator.drivers.forwards import REACH, JumpLaw, RegimeLaw
from simulator.drivers.laws import named
from simulator.drivers.price import GLUT, NORMAL, REGIME, SHORTAGE
from tests.drawing import draw_price
from tests.statistical import assert_mean

LANES = 60_000
TERMS = (1, 12, 36, 120)
LEVEL = (1.0, 12.0, 140.0)  # far enough apart (noise has sd .10) for a price to tell its regime
REGIMES = RegimeLaw((1.5, 2.0, 1.5), LEVEL, 3.0, 0.25)
OF_REGIMES: dict[str, Any] = {"kind": REGIME, "kappa": 3.0, "sigma": 0.25, "level": LEVEL}
JUMPS = named("normal", mean=-0.05, sd=0.30)
WILD: dict[str, JumpLaw] = {
    "default": JumpLaw.from_law(1.0, 0.45, 0.5, JUMPS),
    "slow": JumpLaw.from_law(0.3, 0.45, 0.5, JUMPS),
    "fast": JumpLaw.from_law(50.0, 2.0, 0.0, JUMPS),
    "wild": JumpLaw.from_law(0.05, 1.5, 3.0, JUMPS),
    "a random walk": JumpLaw.from_law(1e-9, 0.45, 0.5, JUMPS),
}


def read(curves: Curves, k: int, y: Any, state: int = 0) -> Any:
    """Contract over scale of the k-th term, by the compiled look-up."""
    y = np.asarray(y, dtype=np.float64)
    out = np.empty(y.size)
    lock_contract(curves.numbers[k], curves.low, curves.last, y, np.full(y.size, float(state)), np.ones(y.size), out)
    return out


# Tables


@pytest.mark.parametrize("name", WILD)
def test_tables_hold_the_closed_form_over_all_that_y_reaches(name):
    law, start = WILD[name], (np.log(40 / 12) - 2.0, np.log(40 / 12) + 2.0)
    curves = law.curves(TERMS, start, 10.0)
    away = REACH * float(np.sqrt(law.log_variance(10.0)))
    y = np.linspace(max(start[0] - away, -39.0), min(start[1] + away, 39.0), 20_001)
    for k, months in enumerate(TERMS):
        np.testing.assert_allclose(read(curves, k, y), law.contract(months, np.exp(y), 1.0), rtol=3e-12)


def test_tables_of_regimes_hold_the_closed_form():
    curves = REGIMES.curves(TERMS, [-0.7], 10.0)
    u = np.linspace(-0.7 - 0.8, 0.8, 4_001)
    for k, months in enumerate(TERMS):
        for state in (GLUT, NORMAL, SHORTAGE):
            np.testing.assert_allclose(read(curves, k, u, state), REGIMES.contract(months, state, u), rtol=3e-12)


def test_beyond_its_table_a_contract_rises_with_the_price_and_never_faster():
    law = WILD["default"]
    curves = law.curves((12,), [0.0], 10.0)
    y = np.array([-700.0, -50.0, -10.0, 10.0, 50.0, 700.0])
    ln = np.log(read(curves, 0, y))
    slope = np.diff(ln) / np.diff(y)
    assert np.all((slope > 0.0) & (slope < 1.0))
    edge = curves.low + (curves.last + 1) / 16
    assert read(curves, 0, [edge + 0.5])[0] == pytest.approx(float(law.contract(12, np.exp(edge + 0.5), 1.0)), rel=0.01)
    assert np.isnan(read(curves, 0, [np.nan])).all()


def test_jumps_without_a_mean_are_refused():
    endless = JumpLaw.from_law(1.0, 0.45, 0.5, named("lognormal", median=0.1, sigma=2.0))
    with pytest.raises(ValueError, match="given jumps so large that no price can be expected, wanted a bounded law"):
        endless.curves((12,), [0.0], 10.0)
    assert endless.curves((), [0.0], 10.0).numbers.size == 0


# Draws


def test_contract_discounts_at_the_scarcity_price():
    """Case 14, by the compiled driver: a price that stands at 40 when the term is locked."""
    still: dict[str, Any] = {"sigma": 1e-12, "spot0": 12.0 * (40 / 12) ** np.exp(1 / 12), "months": 1}
    drawn = draw_price(0, "case 14", 4, jump_slots=0, tenors=(12, 36), **still)
    np.testing.assert_allclose(drawn.price[0], 40.0, rtol=1e-9)
    curves = WILD["default"].curves((12, 36), [1.2], 10.0)
    one_year, three_years = (12.0 * read(curves, k, [np.log(40 / 12)])[0] / 40.0 for k in (0, 1))
    assert one_year == pytest.approx(0.674, abs=0.002)
    assert three_years == pytest.approx(0.478, abs=0.002)
    calm = JumpLaw.from_law(1.0, 1e-12, 0.0, JUMPS)
    np.testing.assert_allclose(drawn.contracts[:, 0, 0], [calm.contract(n, 40.0, 12.0) for n in (12, 36)], rtol=1e-9)


def test_drawn_contracts_are_those_of_price_and_long_run(seed):
    drawn = draw_price(seed, "locked", 2_000, load=0.25, tenors=TERMS)
    longrun = 12.0 * np.exp(0.25 * drawn.factor)
    for k, months in enumerate(TERMS):
        np.testing.assert_allclose(drawn.contracts[k], drawn.law.contract(months, drawn.price, longrun), rtol=1e-11)
    law = named("lognormal", median=12.0, sigma=0.5)
    smooth = draw_price(seed, "smooth", 2_000, longrun=law, load=0.25, tenors=TERMS, jump_slots=0, sigma=0.0)
    left = np.exp(-1 / 12)  # without noise the first price tells the long-run price
    longrun = np.exp((np.log(smooth.price[0]) - left * np.log(40.0)) / (1.0 - left))
    for k, months in enumerate(TERMS):
        np.testing.assert_allclose(smooth.contracts[k], smooth.law.contract(months, smooth.price, longrun), rtol=1e-11)


def test_drawn_contracts_of_regimes(seed):
    drawn = draw_price(seed, "locked regimes", 2_000, **OF_REGIMES, load=0.25, tenors=TERMS)
    scale = np.exp(0.25 * drawn.factor)
    away = np.log(drawn.price / scale / np.array(LEVEL)[:, None, None])
    state = np.abs(away).argmin(axis=0)
    for k, months in enumerate(TERMS):
        for regime in (GLUT, NORMAL, SHORTAGE):
            here = state == regime
            wanted = (scale * REGIMES.contract(months, regime, away[regime]))[here]
            assert here.any()
            np.testing.assert_allclose(drawn.contracts[k][here], wanted, rtol=1e-11)


def test_no_term_costs_nothing_and_changes_nothing(seed):
    for kind in ({}, OF_REGIMES):
        without, among = (draw_price(seed, "bits", 300, tenors=tenors, **kind) for tenors in ((), (12, 36)))
        assert without.contracts.shape == (0, 60, 300)
        np.testing.assert_array_equal(without.price, among.price)
        np.testing.assert_array_equal(without.trailing, among.trailing)


def test_contracts_cost_what_is_expected_before_they_are_locked(seed):
    """E[contract locked in month m] is the mean of today's forward curve over its term, whatever happens until m."""
    jumps = draw_price(seed, "tower", LANES, months=36, tenors=(12, 36))
    regimes = draw_price(seed, "tower of regimes", LANES, months=36, **OF_REGIMES, tenors=(12,))
    for month in (1, 12, 36):
        for k, months in enumerate((12, 36)):
            t = (month + np.arange(months) + 0.5) / 12
            assert_mean(jumps.contracts[k, month - 1], jumps.law.expected(t, 40.0, 12.0).mean())
        t = (month + np.arange(12) + 0.5) / 12
        assert_mean(regimes.contracts[0, month - 1], REGIMES.expected(t, SHORTAGE).mean())


@pytest.mark.parametrize("kind", ["jump", "regime"])
def test_the_simulated_price_averages_to_the_contract(seed, kind):
    """The driver with its clock at half months passes mid-months; from a lock on it earns the contract on average.

    Not only on average over all locks: also over those at high, and at low prices.
    """
    law: Any
    if kind == "jump":
        half: dict[str, Any] = {"kappa": 0.5, "sigma": 0.45 / np.sqrt(2), "jump_rate": 0.25}
        law = WILD["default"]
    else:
        half = {"kind": REGIME, "kappa": 1.5, "sigma": 0.25 / np.sqrt(2), "stays": (3.0, 4.0, 3.0), "level": LEVEL}
        law = REGIMES
    drawn = draw_price(seed, f"half months {kind}", LANES, months=72, **half)
    for at, months in ((0, 12), (0, 36), (24, 12)):  # locked today, or a year on
        earned = drawn.price[at : at + 2 * months : 2].mean(axis=0)
        spot = drawn.price[at - 1] if at else np.full(LANES, 40.0)
        if kind == "jump":
            contract = law.contract(months, spot, 12.0)
        elif at:
            away = np.log(spot / np.array(LEVEL)[:, None])
            state = np.abs(away).argmin(axis=0)
            priced = np.array([law.contract(months, regime, away[regime]) for regime in range(3)])
            contract = np.take_along_axis(priced, state[None], axis=0)[0]
        else:
            contract = np.full(LANES, law.contract(months, SHORTAGE))
        assert_mean(earned - contract, 0.0, "earned less contract")
        if at:
            high = spot > np.median(spot)
            assert_mean((earned - contract)[high], 0.0, "locked at a high price")
            assert_mean((earned - contract)[~high], 0.0, "locked at a low price")


# Shocks


def test_a_shock_fades_like_any_distance(seed):
    quiet, shocked = (draw_price(seed, "shock", 500, shock=shock, tenors=(12,)) for shock in (0.0, -0.7))
    t = np.arange(1, 61)[:, None] / 12
    np.testing.assert_allclose(np.log(shocked.price / quiet.price), np.tile(-0.7 * np.exp(-t), 500), rtol=1e-9)
    assert np.all(shocked.contracts < quiet.contracts)


def test_the_forward_curve_after_a_shock(seed):
    drawn = draw_price(seed, "shocked curve", LANES, months=12, shock=-0.7)
    for month in (1, 12):
        assert_mean(drawn.price[month - 1], drawn.law.expected(month / 12, 40.0 * np.exp(-0.7), 12.0))


def test_a_shock_of_regimes_falls_on_their_noise(seed):
    quiet, shocked = (draw_price(seed, "regime shock", 500, shock=shock, **OF_REGIMES) for shock in (0.0, -0.7))
    t = np.arange(1, 61)[:, None] / 12
    np.testing.assert_allclose(np.log(shocked.price / quiet.price), np.tile(-0.7 * np.exp(-3.0 * t), 500), atol=1e-12)
