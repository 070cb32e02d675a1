"""The price of a contract: what the model expects compute to rent for over a term, given what is known at lock.

Constant for the term, in USD per W-year of the frontier vintage: the mean of the expected price at the term's
mid-months. Written as integrals by plain quadrature, to some 1e-12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.special import ndtr

from tests.naive.marginals import CONSTANT, EDGE, EMPIRICAL, Array, quantile
from tests.naive.world import World

NODE, WEIGHT = np.polynomial.legendre.leggauss(20)
STEP = 1.0 / 16.0  # of scores: the laws' tables are smooth between their nodes


def contract_prices(model: Any, world: World) -> Array:
    """Price of each distinct tenor locked in each month, (tenors, months, paths)."""
    quote = _regime_price if model.price.model == 1 else _jump_price
    return np.array([
        [quote(model, world, m, int(tenor)) for m in range(model.months)] for tenor in model.price.tenors
    ])  # fmt: skip


def _mid_months(tenor: int) -> list[float]:
    """Years from lock to the middle of each month of the term."""
    return [(j + 0.5) / 12.0 for j in range(tenor)]


def _jump_price(model: Any, world: World, m: int, tenor: int) -> Array:
    """E[P_t] = longrun exp(y e^{-kappa t} + Var of the diffusion / 2 + rate int_0^t (E exp(J e^{-kappa u}) - 1) du)."""
    p = model.price
    y = np.log(world.price[m] / world.longrun)
    expected = 0.0
    for t in _mid_months(tenor):
        lift = 0.5 * _diffusion(p, t) + _jump_lift(model, t)
        expected = expected + world.longrun * np.exp(y * np.exp(-p.kappa * t) + lift)
    return expected / tenor


def _diffusion(p: Any, t: float) -> float:
    """Variance after t years of the mean-reverting noise whose monthly innovation has the standard deviation sd."""
    if p.kappa == 0.0:
        return float(p.sd**2 * 12.0 * t)
    return float(p.sd**2 * np.expm1(-2.0 * p.kappa * t) / np.expm1(-2.0 * p.kappa / 12.0))


_LIFTS: dict[tuple[Any, ...], float] = {}


def _jump_lift(model: Any, t: float) -> float:
    """The part of ln E[P_t] from the jumps of the next t years."""
    p = model.price
    if p.jump_rate_slots == 0:
        return 0.0
    value, weight = _jump_sizes(model)
    key = (p.kappa, t, float(quantile(model.marginals, p.jump_rate_marginal, np.zeros(1))[0]), value.tobytes())
    if key not in _LIFTS:
        rate = np.log(2.0) / key[2]  # gaps are exponential: their median is ln 2 / rate
        total = 0.0
        for node, part in zip(0.5 * t * (NODE + 1.0), 0.5 * t * WEIGHT, strict=True):
            total += part * (weight @ np.expm1(value * np.exp(-p.kappa * node)))
        _LIFTS[key] = rate * total
    return _LIFTS[key]


def _jump_sizes(model: Any) -> tuple[Array, Array]:
    """Sizes of jumps and their probabilities, as sampled: a quadrature that is exact for what is smooth by table."""
    tables, i = model.marginals, model.price.jump_size_marginal
    if tables.kind[i] == CONSTANT:
        return np.array([tables.a[i]]), np.ones(1)
    if tables.kind[i] == EMPIRICAL:
        return _order_statistics(tables, i)
    edges = np.arange(-EDGE - 1.0, EDGE + 1.0, STEP)
    atom_z = tables.atom_z[i]
    if tables.atom[i] > 0.0:
        edges = np.sort(np.append(edges[edges > atom_z], [atom_z]))
    z = (edges[:-1, None] + np.diff(edges)[:, None] * 0.5 * (NODE + 1.0)).ravel()
    weight = (np.diff(edges)[:, None] * 0.5 * WEIGHT).ravel() * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    value = quantile(tables, i, z)
    if tables.atom[i] > 0.0:
        value, weight = np.append(value, tables.atom_value[i]), np.append(weight, ndtr(atom_z))
    return value, weight / weight.sum()


def _order_statistics(tables: Any, i: int) -> tuple[Array, Array]:
    """The same of an empirical law without an atom: linear between order statistics, flat beyond."""
    if tables.atom[i] > 0.0:
        raise NotImplementedError("an empirical law of jumps with an atom")
    numbers = tables.numbers[tables.first[i] : tables.first[i] + tables.count[i]]
    knots = (np.arange(len(numbers)) + 0.5) / len(numbers)
    low, high = tables.a[i], tables.a[i] + tables.b[i]
    edges = np.concatenate([[low], knots[(knots > low) & (knots < high)], [high]])
    p = (edges[:-1, None] + np.diff(edges)[:, None] * 0.5 * (NODE + 1.0)).ravel()
    weight = (np.diff(edges)[:, None] * 0.5 * WEIGHT).ravel()
    return np.interp(p, knots, numbers), weight / weight.sum()


def _regime_price(model: Any, world: World, m: int, tenor: int) -> Array:
    """E[P_t] = [row of exp(Q t) of today's regime] . level x factor x E[exp(u_t) | u today]."""
    p = model.price
    leave = [np.log(2.0) / float(quantile(model.marginals, stay, np.zeros(1))[0]) for stay in p.regime_stays_marginal]
    generator = np.array([[-leave[0], leave[0], 0.0],
                          [leave[1] / 2.0, -leave[1], leave[1] / 2.0],
                          [0.0, leave[2], -leave[2]]])  # fmt: skip
    kappa = -12.0 * np.log(p.phi)
    expected = 0.0
    for t in _mid_months(tenor):
        level = (expm(generator * t) @ p.regime_levels)[world.regime[m]]
        variance = p.sd**2 * (-np.expm1(-2.0 * kappa * t)) / (1.0 - p.phi**2) if kappa > 0.0 else p.sd**2 * 12.0 * t
        expected = expected + level * world.lift * np.exp(world.noise[m] * p.phi ** (12.0 * t) + 0.5 * variance)
    return expected / tenor
