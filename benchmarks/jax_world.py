"""The world of a batch of paths in JAX: whole arrays, event lists of fixed length, one scan over months."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import ndtr, ndtri

from benchmarks.flagship import exponential_rate
from simulator.drivers.marginals import (
    CONSTANT,
    INTERVALS,
    LOG_TABLE,
    LOGNORMAL,
    NORMAL,
    SCORE_LIMIT,
    UNIFORM,
    Marginals,
)
from simulator.drivers.silicon import WORST_LOSS
from simulator.model import Model

Array = Any


class World(NamedTuple):
    """Series (months, paths), sites (sites, paths), scalars (paths,)."""

    value: Array
    work: Array
    efficiency: Array
    noise: Array
    price: Array
    trailing: Array
    opening: Array  # (months + 1, paths) r + s
    energised: Array
    built: Array
    behind: Array
    epsilon: Array
    margin: Array
    cost: Array
    operating_cost: Array
    resale: Array


class Normals:
    """Standard normals from one key. float32 ones, widened, take half the random bits and a shorter polynomial."""

    def __init__(self, key: Array, narrow: bool) -> None:
        self._key, self._dtype = key, jnp.float32 if narrow else jnp.float64

    def __call__(self, *shape: int) -> Array:
        self._key, key = jax.random.split(self._key)
        return jax.random.normal(key, shape, self._dtype).astype(jnp.float64)

    def exponential(self, *shape: int) -> Array:
        """Standard exponentials."""
        self._key, key = jax.random.split(self._key)
        return jax.random.exponential(key, shape, jnp.float64)


def cubic(coefficients: np.ndarray, place: Array) -> Array:
    """Piecewise cubic; coefficients (4, intervals) by rising power."""
    k = jnp.clip(place.astype(jnp.int32), 0, coefficients.shape[1] - 1)
    t = place - k
    c = [jnp.asarray(row)[k] for row in coefficients]
    return c[0] + t * (c[1] + t * (c[2] + t * c[3]))


def quantile(m: Marginals, i: int, z: Array) -> Array:
    """Values of marginal i at the scores z."""
    atom = m.atom[i]
    if atom <= 0.0:
        return _base(m, i, z)
    low = ndtri(jnp.maximum(ndtr(z) - atom, 1e-300) / (1.0 - atom))
    above = jnp.where(z > 0.0, -ndtri(ndtr(-z) / (1.0 - atom)), low)
    return jnp.where(z < m.atom_z[i], m.atom_value[i], _base(m, i, above))


def _base(m: Marginals, i: int, z: Array) -> Array:
    kind, a, b = m.kind[i], m.a[i], m.b[i]
    if kind == CONSTANT:
        return jnp.full(z.shape, a)
    if kind == NORMAL:
        return a + b * z
    if kind == LOGNORMAL:
        return jnp.exp(a + b * z)
    if kind == UNIFORM:
        return a + b * ndtr(z)
    rows = m.numbers[m.first[i] : m.first[i] + m.count[i]].reshape(-1, 4).T
    place = jnp.clip((z + SCORE_LIMIT) * (INTERVALS / (2.0 * SCORE_LIMIT)), 0.0, float(INTERVALS))
    x = cubic(rows, place)
    return jnp.exp(x) if kind == LOG_TABLE else x


def _factors(model: Model, z: Array) -> Array:
    d = model.dependence
    g = [sum(d.correlation_cholesky[i, j] * z[j] for j in range(i + 1)) for i in range(6)]
    if not d.family:
        return g
    scale = quantile(model.marginals, d.nu_marginal, z[6])
    table = d.nu_table.reshape(-1, 4).T
    scores = [
        cubic(table, jnp.minimum(jnp.arcsinh(jnp.abs(x * scale)) * d.nu_table_per_unit, table.shape[1])) for x in g
    ]
    return [jnp.copysign(score, x) for score, x in zip(scores, g, strict=True)]


def _steps(times: Array, sizes: Array, months: int) -> Array:
    """(months, paths) sum of the sizes whose times (months) have passed; events are rows, unrolled into one loop."""
    end = jnp.arange(1.0, months + 1.0)[:, None]
    total = jnp.zeros((months, times.shape[1]))
    for time, size in zip(times, sizes, strict=True):
        total += jnp.where(time <= end, size, 0.0)
    return total


def _silicon(model: Model, factor: Array, normals: Normals, n: int) -> tuple[Array, Array, Array, Array, Array]:
    s, m, months = model.silicon, model.marginals, model.months
    z = normals(3, s.gap_slots, n)
    gaps = quantile(m, s.gap_marginal, z[0])
    gaps = gaps.at[0].set(quantile(m, s.gap_first_marginal, z[0, 0]) - s.age)
    time = 12.0 * _running(gaps)
    own = s.correlation_partial * z[1] + np.sqrt(1.0 - s.correlation_partial**2) * z[2]
    pace = quantile(m, s.performance_marginal, s.factor_share_loading * factor + s.factor_share_residual * z[1])
    gain = quantile(m, s.efficiency_marginal, s.factor_share_loading * factor + s.factor_share_residual * own)
    wear = -s.wear / 12.0 * jnp.arange(1.0, months + 1.0)[:, None]
    k = max(s.paradigm_rate_slots, 1)
    rate = exponential_rate(model, s.paradigm_rate_marginal) if s.paradigm_rate_slots else 1e-9
    shift = 12.0 * _running(normals.exponential(k, n) / rate)
    loss = jnp.minimum(quantile(m, s.paradigm_loss_marginal, normals(k, n)), WORST_LOSS)
    work = wear + _steps(shift, jnp.log1p(-loss), months)
    value = work - s.beta * _steps(time, pace, months)
    worst = jnp.max(jnp.where(shift <= months, loss, 0.0), axis=0)
    generations = jnp.sum(time <= months, axis=0).astype(jnp.float64)
    return jnp.exp(value), jnp.exp(work), jnp.exp(_steps(time, gain, months)), generations, worst


def _running(x: Array) -> Array:
    """Running sum over a short first axis, unrolled."""
    rows = [x[0]]
    for row in x[1:]:
        rows.append(rows[-1] + row)
    return jnp.stack(rows)


def _sites(model: Model, factor: Array, normals: Normals, n: int) -> tuple[Array, Array, Array]:
    g, m = model.grid, model.marginals
    regions = {row: normals(n) for row in np.unique(g.region_row[g.near_term_flag == 0])}
    rows = []
    for i in range(g.mw.size):
        z = normals(4, n)
        built = g.start[i] + quantile(m, g.build_marginal[i], z[0])
        if g.near_term_flag[i]:
            energised = g.planned[i] + quantile(m, g.slip_marginal, z[1])
            rows.append((energised, jnp.minimum(built, energised), jnp.zeros(n)))
            continue
        score = (
            g.national_share_loading * factor
            + g.regional_share_loading * regions[g.region_row[i]]
            + g.queue_residual * z[1]
        )
        failed = z[2] < g.fail_probability_threshold
        instead = max(0.0, g.requested[i]) + quantile(m, g.behind_meter_marginal, z[3])
        power = jnp.where(failed, instead, g.requested[i] + quantile(m, g.queue_marginal[i], score))
        rows.append((jnp.maximum(built, power), built, failed.astype(jnp.float64)))
    energised, built, behind = (jnp.stack(part) for part in zip(*rows, strict=True))
    return energised, built, behind


def _states(model: Model, factor: Array, normals: Normals, n: int) -> tuple[Array, ...]:
    """Revenue noise, price, P12, r + s and the lowest price: one scan over months."""
    a, p, f, m, months = model.arpu, model.price, model.funding, model.marginals, model.months
    longrun = quantile(m, p.longrun_marginal, normals(n)) * jnp.exp(p.factor_level * factor[3])
    jumps = jnp.zeros((months, n))
    if p.jump_rate_slots:
        time = 12.0 * _running(
            normals.exponential(p.jump_rate_slots, n) / exponential_rate(model, p.jump_rate_marginal)
        )
        size = quantile(m, p.jump_size_marginal, normals(p.jump_rate_slots, n))
        fade = p.kappa / 12.0
        grown = jnp.where(time <= months, size * jnp.exp(fade * jnp.minimum(time, months)), 0.0)
        jumps = _steps(time, grown, months) * jnp.exp(-fade * jnp.arange(1.0, months + 1.0))[:, None]
    x_mean, r_mean = a.factor_level * factor[2], f.rate_mean + f.rate_factor_level * factor[4]
    s_mean = f.spread_mean_log + f.spread_factor_level * factor[5]

    def month(state: Array, inputs: Array) -> tuple[Array, Array]:
        x, y, r, s, total, least = state
        z, jump = inputs
        x = x_mean + (x - x_mean) * a.noise_phi + a.noise_sd * z[0]
        y = y * p.phi + p.sd * (p.arpu_correlation * z[0] + p.arpu_correlation_residual * z[1])
        r = r_mean + (r - r_mean) * f.rate_phi + f.rate_sd * z[2]
        s = s_mean + (s - s_mean) * f.spread_phi + f.spread_sd * z[3]
        price = longrun * jnp.exp(y + jump)
        total, least = total + price, jnp.minimum(least, price)
        return (x, y, r, s, total, least), (jnp.exp(x), price, total, r + jnp.exp(s))

    start = (
        jnp.zeros(n), jnp.log(p.spot0 / longrun), jnp.full(n, f.rate0), jnp.full(n, np.log(f.spread0)), jnp.zeros(n),
        jnp.full(n, jnp.inf),
    )  # fmt: skip
    state, (noise, price, total, rs) = lax.scan(month, start, (normals(months, 4, n), jumps))
    short = total[:12] / jnp.arange(1.0, 13.0)[:, None]
    trailing = jnp.concatenate([short, (total[12:] - total[:-12]) / 12.0])
    opening = jnp.concatenate([jnp.full((1, n), f.rate0 + f.spread0), rs])
    return noise, price, trailing, opening, state[5], total[-1] / months


def draw_world(model: Model, key: Array, n: int, narrow: bool) -> tuple[World, list[Array]]:
    """A world in each column and its figures, in the kernel's row order."""
    normals = Normals(key, narrow)
    factor = _factors(model, normals(7, n))
    value, work, efficiency, generations, worst = _silicon(model, factor[0], normals, n)
    energised, built, behind = _sites(model, factor[1], normals, n)
    noise, price, trailing, opening, least, mean = _states(model, factor, normals, n)
    a, p, g, m, months = model.arpu, model.programme, model.grid, model.marginals, model.months
    z = normals(5, n)
    epsilon = quantile(
        m,
        a.elasticity_marginal,
        a.elasticity_loading * factor[2] + a.elasticity_residual * z[0],
    )
    scalars = [
        quantile(m, i, z[k])
        for k, i in enumerate(
            (a.margin_marginal, p.cost_multiplier_marginal, p.operating_cost_marginal, p.resale_marginal), 1
        )
    ]
    delays = [jnp.maximum(energised[i] - g.planned[i], 0.0) for i in range(g.mw.size)]
    at = [price[month - 1] if month <= months else jnp.full(n, jnp.nan) for month in (12, 36, 60)]
    funding = jnp.full(months, 1.0 / months) @ opening[1:]
    figures = [
        generations, worst, sum(mw * delay for mw, delay in zip(g.mw / g.mw.sum(), delays, strict=True)),
        jnp.max(energised, axis=0), epsilon, mean, least, *at, funding, *delays,
    ]  # fmt: skip
    world = World(value, work, efficiency, noise, price, trailing, opening, energised, built, behind, epsilon, *scalars)
    return world, figures
