"""Sobol indices, conditional-data importance and the value of information against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.risk.importance import given_data_importance, sobol_indices
from simulator.risk.information import information_values
from tests.test_shapley import independent, inside, pick_freeze


def test_indices_of_a_product_are_known():
    """Y = X1 + X2 X3, all normal: V = 2; first 1/2, 0, 0; total 1/2, 1/2, 1/2. Seed fixed, 6 intervals of 95 %."""
    indices = sobol_indices(pick_freeze(lambda x: x[0] + x[1] * x[2], independent, 3, seed=4))
    for (first, total), truth in zip(indices, ((0.5, 0.5), (0.0, 0.5), (0.0, 0.5)), strict=True):
        assert inside(first, truth[0])
        assert inside(total, truth[1])


def test_sobols_g_function_has_its_known_indices():
    a = np.array([0.0, 1.0, 4.5])

    def g(z):
        u = np.array([[0.5 * (1 + math.erf(v / math.sqrt(2))) for v in row] for row in z])
        return np.prod((np.abs(4 * u - 2) + a[:, None]) / (1 + a[:, None]), axis=0)

    parts = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + parts) - 1
    indices = sobol_indices(pick_freeze(g, independent, 3, seed=8))
    for k, (first, total) in enumerate(indices):
        assert inside(first, parts[k] / variance)
        assert inside(total, parts[k] * np.prod(np.delete(1 + parts, k)) / variance)


def test_given_data_importance_of_a_linear_model_is_its_share():
    """eta^2 of X1 in 2 X1 + X2 is .8, but for what classes of equal size lose: .4 % of it here."""
    z = np.random.default_rng(3).standard_normal((3, 30_000))
    y = 2 * z[0] + z[1]
    assert given_data_importance(z[0], y).eta.value == pytest.approx(0.8, abs=0.01)
    assert given_data_importance(z[1], y).eta.value == pytest.approx(0.2, abs=0.01)
    assert given_data_importance(z[0], y).delta.value > 2 * given_data_importance(z[1], y).delta.value


def test_delta_of_a_normal_pair_is_its_integral():
    """Half the mean distance of N(rho x, 1 - rho^2) from N(0, 1), integrated on a grid; classes lose a little."""
    rho, n = 0.7, 60_000
    z = np.random.default_rng(5).standard_normal((2, n))
    y = rho * z[0] + math.sqrt(1 - rho * rho) * z[1]
    grid = np.linspace(-6, 6, 1201)
    phi = np.exp(-grid * grid / 2) / math.sqrt(2 * math.pi)
    s = math.sqrt(1 - rho * rho)
    conditional = np.exp(-(((grid[None] - rho * grid[:, None]) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
    step = grid[1] - grid[0]
    truth = 0.5 * float((np.abs(conditional - phi).sum(axis=1) * phi).sum()) * step * step
    assert given_data_importance(z[0], y).delta.value == pytest.approx(truth, abs=0.015)


def test_a_driver_that_does_nothing_has_no_importance_but_by_chance():
    """200 drivers: 95 % intervals hold 0 in at least 88 % (fails once in 10,000)."""
    rng = np.random.default_rng(6)
    y = rng.standard_normal(2000)
    held = [given_data_importance(rng.standard_normal(2000), y) for _ in range(200)]
    for name in ("eta", "delta"):
        figures = [getattr(entry, name) for entry in held]
        assert np.mean([inside(figure, 0.0) for figure in figures]) > 0.88
        assert abs(np.mean([figure.value for figure in figures])) < 0.006


def test_the_worth_of_a_coin_is_half_the_stake():
    """Plan A pays 1 or -1 by a coin, plan B nothing: to know the coin is worth 1/2, to know the weather nothing."""
    rng = np.random.default_rng(7)
    n = 20_000
    coin, weather, noise = rng.choice([-1.0, 1.0], n), rng.standard_normal(n), rng.standard_normal(n)
    values = np.stack([coin + noise - noise.mean() - coin.mean() - 1e-3, np.zeros(n)])
    best, everything, worth = information_values({"weather": weather, "coin": coin}, values)
    assert (best, [entry.name for entry in worth]) == (1, ["coin", "weather"])
    assert inside(worth[0].worth, 0.5)
    assert worth[0].changed == pytest.approx(0.5, abs=0.02)
    assert worth[1].worth.low <= 0.0 < 0.02 > worth[1].worth.value
    assert everything.value > worth[0].worth.value


def test_the_worth_of_a_normal_driver_is_that_of_an_option():
    """Plan A is worth X ~ N(0, 1) beside a sure 0: E[max(X, 0)] = 1 / sqrt(2 pi)."""
    n = 40_000
    x, noise = np.random.default_rng(8).standard_normal((2, n))
    values = np.stack([x - x.mean() + 3 * (noise - noise.mean()), np.zeros(n)])
    _, _, worth = information_values({"x": x}, values)
    assert worth[0].worth.low - 0.02 <= 1 / math.sqrt(2 * math.pi) <= worth[0].worth.high + 0.02
    assert worth[0].worth.value < 1 / math.sqrt(2 * math.pi) + 0.03
