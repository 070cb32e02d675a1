"""The world: one joint realisation of the drivers on every path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.marginals import Array, factors, quantile

ROLLING = 12  # months of the rolling mean price
NORMAL = 1  # the middle regime
WORST = 1.0 - 1e-12  # share of value that a shift can take


@dataclass
class World:
    """Arrays are (months, paths), (sites, paths) or (paths,)."""

    value: Array  # of a unit bought before month 0, relative
    work: Array  # wear and paradigm shifts on what a unit can do
    effic: Array  # work per W of the frontier
    arrived: Array  # generations so far
    worst: Array  # largest paradigm loss
    build_end: Array  # months
    energised: Array  # months
    behind_meter: Array  # 1 where power is behind the meter
    boom: Array  # exp(x), noise of ad revenue
    eps: Array
    margin: Array
    price: Array
    p12: Array
    rs: Array  # rate + spread at the month's end
    opening_rs: Array
    cost: Array  # multiplier on shell and compute
    operating_cost: Array  # USD per W-year
    resale: Array
    longrun: Array  # price to which the jump model reverts (paths,)
    lift: Array  # of the regimes' levels by the factor (paths,)
    regime: Array  # 0: glut, 1: normal, 2: shortage
    noise: Array  # ln price over the regime's level
    events: dict[str, Array]  # jumps, regimes, losses to shifts and what generations leave, by month (months, paths)
    contracts: Array = None  # USD per W-year of a term locked in the month, (tenors, months, paths)


def draw_world(model: Any, z: Array) -> World:
    """Every driver, from the scores of one block."""
    factor = dict(zip(("silicon", "grid", "arpu", "price", "rates", "spread"), factors(model, z), strict=True))
    build_end, energised, behind_meter = _grid(model, z, factor["grid"])
    value, work, effic, arrived, worst, events = _silicon(model, z, factor["silicon"])
    boom, shocks = _noise(model, z, factor["arpu"])
    price, longrun, lift, regime, noise = _price(model, z, factor["price"], shocks)
    events |= {"jump": _jumps(model, z), "regime": regime if model.price.model == 1 else np.full(price.shape, -1)}
    p12 = np.array([price[max(0, m - ROLLING + 1) : m + 1].mean(axis=0) for m in range(model.months)])
    rs, opening_rs = _funding(model, z, factor["rates"], factor["spread"])
    arpu, programme = model.arpu, model.programme
    elasticity = arpu.elasticity_loading * factor["arpu"] + arpu.elasticity_residual * z[arpu.elasticity_row]
    return World(
        value, work, effic, arrived, worst, build_end, energised, behind_meter, boom,
        quantile(model.marginals, arpu.elasticity_marginal, elasticity),
        quantile(model.marginals, arpu.margin_marginal, z[arpu.margin_row]), price, p12, rs, opening_rs,
        quantile(model.marginals, programme.cost_multiplier_marginal, z[programme.cost_multiplier_row]),
        quantile(model.marginals, programme.operating_cost_marginal, z[programme.operating_cost_row]),
        quantile(model.marginals, programme.resale_marginal, z[programme.resale_row]),
        longrun, lift, regime, noise, events,
    )  # fmt: skip


def event_rows(z: Array, first: int, count: int) -> Array:
    """Scores of `count` events, (count, paths); 0 where a constant has no rows of its own."""
    scores = z[first : first + count]
    return np.vstack([scores, np.zeros((count - len(scores), z.shape[1]))])


def _silicon(model: Any, z: Array, factor: Array) -> tuple[Array, Array, Array, Array, Array, dict[str, Array]]:
    """Value, ability and efficiency indices, generations so far, the worst paradigm shift, and events by month."""
    s, tables = model.silicon, model.marginals
    gaps = quantile(tables, s.gap_marginal, event_rows(z, s.gap_row, s.gap_slots))
    gaps[0] = quantile(tables, s.gap_first_marginal, z[s.gap_row]) - s.age
    arrival = np.cumsum(gaps, axis=0)
    own_g, other = event_rows(z, s.performance_row, s.gap_slots), event_rows(z, s.efficiency_row, s.gap_slots)
    own_h = s.correlation_partial * own_g + np.sqrt(1.0 - s.correlation_partial**2) * other
    g = quantile(tables, s.performance_marginal, s.factor_share_loading * factor + s.factor_share_residual * own_g)
    h = quantile(tables, s.efficiency_marginal, s.factor_share_loading * factor + s.factor_share_residual * own_h)
    shift = np.cumsum(
        quantile(tables, s.paradigm_rate_marginal, event_rows(z, s.paradigm_rate_row, s.paradigm_rate_slots)), axis=0
    )
    loss = np.minimum(
        quantile(tables, s.paradigm_loss_marginal, event_rows(z, s.paradigm_loss_row, s.paradigm_rate_slots)), WORST
    )
    value, work, effic, count, lost, worth = [], [], [], [], [], []
    for m in range(model.months):
        t = (m + 1) / 12.0
        here = 12.0 * arrival <= m + 1  # an event acts in the month whose end is the first not before it
        left = np.prod(np.where(12.0 * shift <= m + 1, 1.0 - loss, 1.0), axis=0) * np.exp(-s.wear * t)
        left = left * (1.0 - min(s.shock_loss, WORST) if m + 1 >= s.shock_month else 1.0)  # the one that is certain
        sudden = min(s.shock_loss, WORST) if m + 1 == s.shock_month else 0.0
        lost.append(1.0 - (1.0 - sudden) * np.prod(np.where(_falls_in(m, shift), 1.0 - loss, 1.0), axis=0))
        worth.append(np.exp(-s.beta * np.where(_falls_in(m, arrival), g, 0.0).sum(axis=0)))
        value.append(left * np.exp(-s.beta * np.where(here, g, 0.0).sum(axis=0)))
        work.append(left)
        effic.append(np.exp(np.where(here, h, 0.0).sum(axis=0)))
        count.append(here.sum(axis=0).astype(float))
    certain = min(s.shock_loss, WORST) if s.shock_month <= model.months else 0.0
    worst = np.where(12.0 * shift <= model.months, loss, 0.0).max(axis=0, initial=certain)
    events = {"paradigm_loss": np.array(lost), "generation_worth": np.array(worth)}
    return np.array(value), np.array(work), np.array(effic), np.array(count), worst, events


def _falls_in(m: int, years: Array) -> Array:
    """True where an event at `years` acts in month m: in (m, m + 1] of its months, in month 0 if it is before."""
    return (12.0 * years <= m + 1) & ((12.0 * years > m) | (m == 0))


def _grid(model: Any, z: Array, factor: Array) -> tuple[Array, Array, Array]:
    """Month-times at which construction ends and power is on, and where it is behind the meter; (sites, paths)."""
    grid, tables = model.grid, model.marginals
    built, powers, behind = [], [], []
    for i in range(len(grid.mw)):
        own = z[grid.site_row[i] : grid.site_row[i] + 5]
        end = grid.start[i] + quantile(tables, grid.build_marginal[i], own[1])
        if grid.near_term_flag[i]:
            energised = grid.planned[i] + quantile(tables, grid.slip_marginal, own[4])
            end = np.minimum(end, energised)
            failed = np.zeros(z.shape[1], dtype=bool)
        else:
            score = (
                grid.national_share_loading * factor
                + grid.regional_share_loading * z[grid.region_row[i]]
                + grid.queue_residual * own[0]
                + grid.score_shift
            )
            queued = grid.requested[i] + quantile(tables, grid.queue_marginal[i], score)
            other = max(0.0, grid.requested[i]) + quantile(tables, grid.behind_meter_marginal, own[3])
            failed = own[2] < grid.fail_probability_threshold
            energised = np.maximum(end, np.where(failed, other, queued))
        built.append(end)
        powers.append(energised)
        behind.append(failed.astype(float))
    return np.array(built), np.array(powers), np.array(behind)


def _noise(model: Any, z: Array, factor: Array) -> tuple[Array, Array]:
    """exp(x) of ad revenue and the shocks that drove it, both (months, paths)."""
    arpu = model.arpu
    shocks = z[arpu.noise_row : arpu.noise_row + model.months]
    x = _reverting(np.zeros(z.shape[1]), arpu.factor_level * factor, arpu.noise_phi, arpu.noise_sd * shocks)
    return np.exp(x), shocks


def _reverting(start: Array, mean: Array, phi: float, pushes: Array) -> Array:
    """Discrete mean reversion from `start` (before the first month), (months, paths)."""
    path, now = [], start
    for push in pushes:
        now = mean + (now - mean) * phi + push
        path.append(now)
    return np.array(path)


def _price(model: Any, z: Array, factor: Array, arpu_shocks: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Price of the frontier vintage, USD per W-year, (months, paths), and what it is made of."""
    p, tables, n = model.price, model.marginals, z.shape[1]
    pushes = p.sd * (
        p.arpu_correlation * arpu_shocks + p.arpu_correlation_residual * z[p.noise_row : p.noise_row + model.months]
    )
    lift = np.exp(p.factor_level * factor)
    if p.model == 1:
        regime = _regimes(model, z)
        noise = _reverting(np.full(n, p.shock), np.zeros(n), p.phi, pushes)
        return p.regime_levels[regime] * lift * np.exp(noise), np.full(n, np.nan), lift, regime, noise
    longrun = quantile(tables, p.longrun_marginal, z[p.longrun_row]) * lift
    y = _reverting(np.log(p.spot0 / longrun) + p.shock, np.zeros(n), p.phi, pushes)
    times, sizes = _jump_list(model, z)
    for m in range(model.months):
        age = (m + 1) / 12.0 - times
        y[m] += np.where(12.0 * times <= m + 1, sizes * np.exp(-p.kappa * np.maximum(age, 0.0)), 0.0).sum(axis=0)
    return longrun * np.exp(y), longrun, lift, np.zeros_like(y), y


def _jump_list(model: Any, z: Array) -> tuple[Array, Array]:
    """Years at which jumps come and their sizes, (jumps, paths)."""
    p, tables = model.price, model.marginals
    times = np.cumsum(quantile(tables, p.jump_rate_marginal, event_rows(z, p.jump_rate_row, p.jump_rate_slots)), axis=0)
    return times, quantile(tables, p.jump_size_marginal, event_rows(z, p.jump_size_row, p.jump_rate_slots))


def _jumps(model: Any, z: Array) -> Array:
    """Jumps of ln price, each decayed to its month's end and summed by month, (months, paths)."""
    if model.price.model == 1:
        return np.zeros((model.months, z.shape[1]))
    times, sizes = _jump_list(model, z)
    age = [np.maximum((m + 1) / 12.0 - times, 0.0) for m in range(model.months)]
    left = [sizes * np.exp(-model.price.kappa * age[m]) for m in range(model.months)]
    return np.array([np.where(_falls_in(m, times), left[m], 0.0).sum(axis=0) for m in range(model.months)])


def _regimes(model: Any, z: Array) -> Array:
    """The regime each path is in, (months, paths)."""
    p, n = model.price, z.shape[1]
    state = np.full(n, p.regime_start, dtype=int)
    until = np.zeros(n)  # years
    states = np.full((model.months, n), p.regime_start, dtype=int)
    for k in range(p.regime_stays_slots):
        stays = np.array(
            [quantile(model.marginals, p.regime_stays_marginal[j], z[p.regime_stays_row + k]) for j in range(3)]
        )
        until = until + np.choose(state, stays)
        outer = np.where(z[p.regime_turn_row + k] < 0.0, 0, 2)
        state = np.where(state == NORMAL, outer, NORMAL)
        for m in range(model.months):
            states[m] = np.where(12.0 * until <= m + 1, state, states[m])
    return states


def _funding(model: Any, z: Array, rates: Array, spread: Array) -> tuple[Array, Array]:
    """Rate plus spread at each month's end and at its beginning, (months, paths)."""
    f, n, months = model.funding, z.shape[1], model.months
    mean = f.rate_mean + f.rate_factor_level * rates
    r = _reverting(np.full(n, f.rate0), mean, f.rate_phi, f.rate_sd * z[f.rate_row : f.rate_row + months])
    log_mean = f.spread_mean_log + f.spread_factor_level * spread
    pushes = f.spread_sd * z[f.spread_row : f.spread_row + months]
    rs = r + np.exp(_reverting(np.full(n, np.log(f.spread0)), log_mean, f.spread_phi, pushes))
    return rs, np.vstack([np.full(n, f.rate0 + f.spread0), rs[:-1]])


def world_figures(model: Any, world: World, sites: Sequence[str]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Figures of the world and, for amounts and delays, the size of what entered."""
    planned, mw = model.grid.planned[:, None], model.grid.mw[:, None]
    delay = np.maximum(world.energised - planned, 0.0)
    figures = {
        "generations": world.arrived[-1],
        "paradigm_worst": world.worst,
        "delay_mean": (delay * mw).sum(axis=0) / mw.sum(),
        "latest_site": world.energised.max(axis=0),
        "eps": world.eps,
        "price_mean": world.price.mean(axis=0),
        "price_min": world.price.min(axis=0),
    }
    for month in (12, 36, 60):
        missing = np.full(world.eps.shape, np.nan)
        figures[f"price_m{month}"] = world.price[month - 1] if month <= model.months else missing
    figures["funding_mean"] = world.rs.mean(axis=0)
    figures |= {f"delay_{name}": row for name, row in zip(sites, delay, strict=True)}
    scales = {name: np.abs(row) for name, row in figures.items() if name.startswith("price")}
    scales |= {"delay_mean": figures["latest_site"]}  # a delay is a difference of dates
    scales |= {f"delay_{name}": row for name, row in zip(sites, world.energised, strict=True)}
    return figures, scales
