"""The world of one path in plain numba: scalar code, the C library's exp and log."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from simulator.drivers.marginals import (
    CONSTANT,
    INTERVALS,
    LOG_TABLE,
    LOGNORMAL,
    NORMAL,
    SCORE_LIMIT,
    UNIFORM,
)
from simulator.drivers.silicon import WORST_LOSS
from simulator.numerics.special_functions import phi_inv

njit = numba.njit(nogil=True, error_model="numpy")  # no disk cache: it does not see a change in another file


class World(NamedTuple):
    """Series of one path, (months,), and (sites,) for the last three."""

    value: np.ndarray
    work: np.ndarray
    efficiency: np.ndarray
    noise: np.ndarray
    price: np.ndarray
    trailing: np.ndarray
    funding: np.ndarray  # (months + 1,)
    energised: np.ndarray
    built: np.ndarray
    behind: np.ndarray


class Scalars(NamedTuple):
    """Numbers that hold for all of a path."""

    epsilon: float
    margin: float
    cost: float
    operating_cost: float
    resale: float


def empty_world(months: int, sites: int) -> World:
    """Arrays of one path, used again for the next."""
    sizes = [months] * 6 + [months + 1] + [sites] * 3
    return World(*(np.zeros(size) for size in sizes))


@njit
def normal(rng):
    """A standard normal: of numba's own generator where `rng` is None (decided when compiled)."""
    if rng is None:
        return np.random.standard_normal()
    return rng.standard_normal()


@njit
def exponential(rng):
    """A standard exponential, likewise."""
    if rng is None:
        return np.random.standard_exponential()
    return rng.standard_exponential()


@njit
def phi(z):
    return 0.5 * math.erfc(-z * math.sqrt(0.5))


@njit
def cubic(numbers, first, place, intervals):
    k = min(int(place), intervals - 1)
    t = place - k
    j = first + 4 * k
    return numbers[j] + t * (numbers[j + 1] + t * (numbers[j + 2] + t * numbers[j + 3]))


@njit
def quantile(m, i, z):
    """Value of marginal i at score z."""
    atom = m.atom[i]
    if atom > 0.0:
        if z < m.atom_z[i]:
            return m.atom_value[i]
        z = -phi_inv(phi(-z) / (1.0 - atom)) if z > 0.0 else phi_inv((phi(z) - atom) / (1.0 - atom))
    kind, a, b = m.kind[i], m.a[i], m.b[i]
    if kind == CONSTANT:
        return a
    if kind == NORMAL:
        return a + b * z
    if kind == LOGNORMAL:
        return math.exp(a + b * z)
    if kind == UNIFORM:
        return a + b * phi(z)
    place = (min(max(z, -SCORE_LIMIT), SCORE_LIMIT) + SCORE_LIMIT) * (INTERVALS / (2.0 * SCORE_LIMIT))
    x = cubic(m.numbers, m.first[i], place, INTERVALS)
    return math.exp(x) if kind == LOG_TABLE else x


@njit
def draw_factors(rng, model, factors):
    d = model.dependence
    g = np.empty(6)
    for i in range(6):
        g[i] = normal(rng)
    scale = 1.0
    if d.family:
        scale = quantile(model.marginals, d.nu_marginal, normal(rng))
    intervals = d.nu_table.size // 4
    for i in range(6):
        x = 0.0
        for j in range(i + 1):
            x += d.correlation_cholesky[i, j] * g[j]
        if d.family:
            place = min(math.asinh(abs(x * scale)) * d.nu_table_per_unit, float(intervals))
            score = cubic(d.nu_table, 0, place, intervals)
            x = score if x >= 0.0 else -score
        factors[i] = x


@njit
def month_of(years):
    return max(int(math.ceil(12.0 * years)) - 1, 0)


@njit
def draw_silicon(rng, model, factor, shift_rate, w, out):
    s, m, months = model.silicon, model.marginals, model.months
    w.value[:] = 0.0
    w.work[:] = 0.0
    w.efficiency[:] = 0.0
    time = quantile(m, s.gap_first_marginal, normal(rng)) - s.age
    rest = math.sqrt(1.0 - s.correlation_partial * s.correlation_partial)
    generations, worst = 0.0, 0.0
    while 12.0 * time <= months:
        e1, e2 = normal(rng), normal(rng)
        k = month_of(time)
        w.value[k] -= s.beta * quantile(
            m, s.performance_marginal, s.factor_share_loading * factor + s.factor_share_residual * e1
        )
        w.efficiency[k] += quantile(
            m,
            s.efficiency_marginal,
            s.factor_share_loading * factor + s.factor_share_residual * (s.correlation_partial * e1 + rest * e2),
        )
        generations += 1.0
        time += quantile(m, s.gap_marginal, normal(rng))
    time = exponential(rng) / shift_rate if shift_rate > 0.0 else np.inf
    while 12.0 * time <= months:
        loss = min(quantile(m, s.paradigm_loss_marginal, normal(rng)), WORST_LOSS)
        w.work[month_of(time)] += math.log(1.0 - loss)
        worst = max(worst, loss)
        time += exponential(rng) / shift_rate
    value, work, efficiency = 0.0, 0.0, 0.0
    for k in range(months):  # sums of logarithms become indices
        work += w.work[k] - s.wear / 12.0
        value += w.value[k]
        efficiency += w.efficiency[k]
        w.value[k] = math.exp(value + work)
        w.work[k] = math.exp(work)
        w.efficiency[k] = math.exp(efficiency)
    out[0] = generations
    out[1] = worst


@njit
def draw_sites(rng, model, factor, region_of, regions, w, out):
    g, m = model.grid, model.marginals
    for i in range(regions.size):
        regions[i] = normal(rng)
    delay, latest = 0.0, -np.inf
    for i in range(g.mw.size):
        built = g.start[i] + quantile(m, g.build_marginal[i], normal(rng))
        behind = 0.0
        if g.near_term_flag[i]:
            energised = g.planned[i] + quantile(m, g.slip_marginal, normal(rng))
            built = min(built, energised)
        else:
            if normal(rng) < g.fail_probability_threshold:
                behind = 1.0
                power = max(0.0, g.requested[i]) + quantile(m, g.behind_meter_marginal, normal(rng))
            else:
                own = normal(rng)
                score = (
                    g.national_share_loading * factor
                    + g.regional_share_loading * regions[region_of[i]]
                    + g.queue_residual * own
                )
                power = g.requested[i] + quantile(m, g.queue_marginal[i], score)
            energised = max(built, power)
        w.energised[i], w.built[i], w.behind[i] = energised, built, behind
        out[11 + i] = max(energised - g.planned[i], 0.0)
        delay += g.mw[i] * out[11 + i]
        latest = max(latest, energised)
    out[2] = delay / g.mw.sum()
    out[3] = latest


@njit
def draw_months(rng, model, factors, jump_rate, w, out):
    """Revenue noise, price, rate and spread, month by month."""
    a, p, f, m, months = model.arpu, model.price, model.funding, model.marginals, model.months
    longrun = quantile(m, p.longrun_marginal, normal(rng)) * math.exp(p.factor_level * factors[3])
    x, y, rate, spread = 0.0, math.log(p.spot0 / longrun), f.rate0, math.log(f.spread0)
    x_mean = a.factor_level * factors[2]
    rate_mean, spread_mean = (
        f.rate_mean + f.rate_factor_level * factors[4],
        f.spread_mean_log + f.spread_factor_level * factors[5],
    )
    w.funding[0] = f.rate0 + f.spread0
    jump = exponential(rng) / jump_rate if jump_rate > 0.0 else np.inf
    window, total, least, funding = 0.0, 0.0, np.inf, 0.0
    for k in range(months):
        z = normal(rng)
        x = x_mean + (x - x_mean) * a.noise_phi + a.noise_sd * z
        y = y * p.phi + p.sd * (p.arpu_correlation * z + p.arpu_correlation_residual * normal(rng))
        while 12.0 * jump <= k + 1.0:
            size = quantile(m, p.jump_size_marginal, normal(rng))
            y += size * math.exp(-p.kappa * ((k + 1.0) / 12.0 - jump))
            jump += exponential(rng) / jump_rate
        rate = rate_mean + (rate - rate_mean) * f.rate_phi + f.rate_sd * normal(rng)
        spread = spread_mean + (spread - spread_mean) * f.spread_phi + f.spread_sd * normal(rng)
        w.noise[k] = math.exp(x)
        w.price[k] = longrun * math.exp(y)
        w.funding[k + 1] = rate + math.exp(spread)
        window += w.price[k]
        if k >= 12:
            window -= w.price[k - 12]
        w.trailing[k] = window / min(k + 1, 12)
        total += w.price[k]
        least = min(least, w.price[k])
        funding += w.funding[k + 1]
    out[5] = total / months
    out[6] = least
    out[7] = w.price[11] if months >= 12 else np.nan
    out[8] = w.price[35] if months >= 36 else np.nan
    out[9] = w.price[59] if months >= 60 else np.nan
    out[10] = funding / months


@njit
def draw_world(rng, model, jump_rate, shift_rate, region_of, regions, factors, w, out):
    """Draw one world and fill its figures."""
    draw_factors(rng, model, factors)
    draw_silicon(rng, model, factors[0], shift_rate, w, out)
    draw_sites(rng, model, factors[1], region_of, regions, w, out)
    draw_months(rng, model, factors, jump_rate, w, out)
    a, p, m = model.arpu, model.programme, model.marginals
    scalars = Scalars(
        quantile(
            m,
            a.elasticity_marginal,
            a.elasticity_loading * factors[2] + a.elasticity_residual * normal(rng),
        ),
        quantile(m, a.margin_marginal, normal(rng)),
        quantile(m, p.cost_multiplier_marginal, normal(rng)),
        quantile(m, p.operating_cost_marginal, normal(rng)),
        quantile(m, p.resale_marginal, normal(rng)),
    )
    out[4] = scalars.epsilon
    return scalars
