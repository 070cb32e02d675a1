"""Drivers of a config as the numbers that compiled code reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.config.builder import NO_ROW, Builder, event_slots
from simulator.config.calendar import quarters
from simulator.config.laws import still
from simulator.config.levers import tenors
from simulator.config.schema import Config
from simulator.config.schema.ranges import number
from simulator.drivers import laws, reverting
from simulator.drivers.arpu import Arpu
from simulator.drivers.contracts import Curves
from simulator.drivers.forwards import REACH, JumpLaw, RegimeLaw
from simulator.drivers.funding import Funding
from simulator.drivers.grid import Grid
from simulator.drivers.price import JUMP, REGIME, Price
from simulator.drivers.silicon import Silicon

REGIMES = ("glut", "normal", "shortage")
NEVER = 1e-12  # events a year: none in as many worlds as there will ever be
TAIL = 1e-12  # probability beyond which a law is not followed
SITE_SCORES = 5  # queue, build, failure, behind the meter, slip


def split(share: float) -> tuple[float, float]:
    """Weights of the systematic and of the own score whose squares are `share` and the rest."""
    return math.sqrt(share), math.sqrt(1.0 - share)


def times(months: int) -> NDArray[np.float64]:
    """Years at the ends of the months, (T,)."""
    return np.arange(1.0, months + 1.0) / 12.0


def poisson(rate: float, years: float) -> tuple[int, laws.Law]:
    """Slots and gaps of events at a rate a year; no slots for what never comes."""
    if rate < NEVER:
        return 0, laws.constant(1.0 / NEVER)
    gap = laws.named("exponential", mean=1.0 / rate)
    return event_slots(gap, years), gap


def silicon(config: Config, b: Builder) -> Silicon:
    """Generations and paradigm shifts."""
    s = config.drivers.silicon
    years, age = config.months / 12.0, number(s.age)
    gap = b.law(s.gap)
    first = still(gap, age)
    slots = event_slots(gap, years, age)
    load, own = split(number(s.factor_share))
    shared = number(s.factor_share)
    partner = (number(s.correlation) - shared) / (1.0 - shared) if shared < 1.0 else 0.0
    shifts, shift = poisson(number(s.paradigm_rate), years)
    loss = b.law(s.paradigm_loss)
    return Silicon(
        slots=slots,
        gap_first=b.marginal(first),
        gap=b.marginal(gap),
        age=age,
        performance=b.marginal(s.performance),
        efficiency=b.marginal(s.efficiency),
        load=load,
        own=own,
        partner=partner,
        beta=number(s.beta),
        wear=number(s.wear),
        paradigm_slots=shifts,
        paradigm_gap=b.marginal(shift),
        loss=b.marginal(loss),
        shock_loss=number(s.shock_loss),
        shock_month=int(number(s.shock_month)),
        z_gap=b.scores("drivers.silicon.gap", slots, first, gap),
        z_performance=b.scores("drivers.silicon.performance", slots, s.performance, s.efficiency),
        z_efficiency=b.scores("drivers.silicon.efficiency", slots, s.efficiency),
        z_paradigm_gap=b.scores("drivers.silicon.paradigm.gap", shifts) if shifts else NO_ROW,
        z_loss=b.scores("drivers.silicon.paradigm.loss", shifts, loss) if shifts else NO_ROW,
    )


def grid(config: Config, b: Builder) -> Grid:
    """Queues, construction and slips of the sites."""
    g = config.drivers.grid
    planned, start, requested = (
        np.array([number(getattr(site, key)) for site in config.sites]) for key in ("planned", "start", "requested")
    )
    near = (planned <= number(g.near_term)).astype(np.int64)
    queue = [b.law(site.queue if site.queue is not None else g.queue) for site in config.sites]
    build = [b.law(site.build if site.build is not None else g.build) for site in config.sites]
    waiting = [law if near[i] else still(law, -requested[i]) for i, law in enumerate(queue)]
    building = [still(law, -start[i]) for i, law in enumerate(build)]
    national, regional = number(g.national_share), number(g.regional_share)
    regions = {name: b.scores(f"regions.{name}", 1) for name in dict.fromkeys(site.region for site in config.sites)}
    return Grid(
        mw=np.array([number(site.mw) for site in config.sites]),
        start=start,
        requested=requested,
        planned=planned,
        near=near,
        queue=np.array([b.marginal(law) for law in waiting], dtype=np.int64),
        build=np.array([b.marginal(law) for law in building], dtype=np.int64),
        behind_meter=b.marginal(g.behind_meter),
        slip=b.marginal(g.slip),
        fail_z=threshold(number(g.fail_probability)),
        national=math.sqrt(national),
        regional=math.sqrt(regional),
        own=math.sqrt(max(1.0 - national - regional, 0.0)),
        score_shift=number(g.score_shift),
        z_region=np.array([regions[site.region] for site in config.sites], dtype=np.int64),
        z_site=np.array([b.scores(f"sites.{site.id}", SITE_SCORES) for site in config.sites], dtype=np.int64),
    )


def threshold(probability: float) -> float:
    """Phi^-1: the standard score below which something of this probability happens."""
    if probability <= 0.0:
        return -math.inf
    return math.inf if probability >= 1.0 else float(laws.named("normal", mean=0.0, sd=1.0).ppf(probability))


def arpu(config: Config, b: Builder) -> Arpu:
    """Ad revenue without the programme, its noise and its answer to compute."""
    a = config.drivers.arpu
    t = times(config.months)
    season = np.array([number(share) for share in a.season])[quarters(config.start, config.months)]
    trend = np.exp((number(a.arpu_growth) + number(a.people_growth)) * t)
    phi, sd = reverting.monthly(number(a.noise_kappa), number(a.noise_sigma))
    load, own = split(number(a.elasticity_factor_share))
    epsilon, z_epsilon = b.sampled("drivers.arpu.eps", a.elasticity)
    margin, z_margin = b.sampled("drivers.arpu.margin", a.margin)
    return Arpu(
        base=number(a.revenue0) / 12.0 * trend * season,
        fleet=number(a.fleet0) * np.exp(number(a.fleet_growth) * t),
        level=number(a.factor_level),
        phi=phi,
        sd=sd,
        epsilon=epsilon,
        load=load,
        own=own,
        lag=-math.expm1(-1.0 / number(a.lag)),
        margin=margin,
        z_noise=b.scores("drivers.arpu.noise", config.months),
        z_epsilon=z_epsilon,
        z_margin=z_margin,
    )


def price(config: Config, b: Builder) -> Price:
    """Compute price: mean reversion with jumps, or regimes. What the other model needs takes no scores."""
    p = config.drivers.price
    regime = p.model == "regime"
    reversion = p.regime if regime else p
    phi, sd = reverting.monthly(number(reversion.kappa), number(reversion.sigma))
    common = number(p.arpu_correlation)
    stays = {name: number(getattr(p.regime.stays, name)) for name in REGIMES}
    changes = event_slots(laws.named("exponential", mean=min(stays.values())), config.months / 12.0) if regime else 0
    jumps, gap = poisson(0.0 if regime else number(p.jump_rate), config.months / 12.0)
    terms = tenors(config)
    return Price(
        kind=REGIME if regime else JUMP,
        spot0=number(p.spot0),
        shock=number(p.shock),
        longrun=b.marginal(p.longrun),
        load=number(p.factor_level),
        kappa=number(reversion.kappa),
        phi=phi,
        sd=sd,
        common=common,
        own=math.sqrt(1.0 - common * common),
        jump_slots=jumps,
        jump_gap=b.marginal(gap),
        jump_size=b.marginal(p.jump_size),
        level=np.array([number(getattr(p.regime.levels, name)) for name in REGIMES]),
        stay=np.array([b.marginal(laws.named("exponential", mean=stays[name])) for name in REGIMES], dtype=np.int64),
        state0=REGIMES.index(p.regime.start),
        regime_slots=changes,
        tenors=np.array(terms, dtype=np.int64),
        curves=contract_curves(config, b, terms),
        market=number(p.market0) * np.exp(number(p.market_growth) * times(config.months)),
        z_noise=b.scores("drivers.price.noise", config.months),
        z_longrun=NO_ROW if regime else b.scores("drivers.price.longrun", 1, p.longrun),
        z_jump_gap=b.scores("drivers.price.jump.gap", jumps) if jumps else NO_ROW,
        z_jump_size=b.scores("drivers.price.jump.size", jumps, p.jump_size) if jumps else NO_ROW,
        z_stay=b.scores("drivers.price.regime.stay", changes) if changes else NO_ROW,
        z_turn=b.scores("drivers.price.regime.turn", changes) if changes else NO_ROW,
    )


def contract_curves(config: Config, b: Builder, terms: Sequence[int]) -> Curves:
    """Contract prices for every distance of the price from its level that a path is at all likely to see."""
    p, years = config.drivers.price, config.months / 12.0
    if p.model == "regime":
        stays, levels = (
            tuple(number(getattr(group, name)) for name in REGIMES) for group in (p.regime.stays, p.regime.levels)
        )
        law = RegimeLaw(stays, levels, number(p.regime.kappa), number(p.regime.sigma))
        return law.curves(terms, [number(p.shock)], years)
    rate = number(p.jump_rate)
    jumps = JumpLaw.of(number(p.kappa), number(p.sigma), rate if rate >= NEVER else 0.0, b.law(p.jump_size))
    longrun, shift = b.law(p.longrun), number(config.dependence.shift.price)
    systematic = (REACH + abs(shift)) * abs(number(p.factor_level))
    ends = (float(longrun.ppf(TAIL)), float(longrun.isf(TAIL)))
    start = [math.log(number(p.spot0) / max(end, TAIL)) + number(p.shock) for end in ends]
    return jumps.curves(terms, [min(start) - systematic, max(start) + systematic], years)


def funding(config: Config, b: Builder) -> Funding:
    """Rate and spread."""
    f = config.drivers.funding
    rate_phi, rate_sd = reverting.monthly(number(f.rate_kappa), number(f.rate_sigma))
    spread_phi, spread_sd = reverting.monthly(number(f.spread_kappa), number(f.spread_sigma))
    return Funding(
        rate0=number(f.rate0),
        rate_mean=number(f.rate_mean),
        rate_load=number(f.rate_factor_level),
        rate_phi=rate_phi,
        rate_sd=rate_sd,
        spread0=number(f.spread0),
        spread_log_mean=math.log(number(f.spread_mean)),
        spread_load=number(f.spread_factor_level),
        spread_phi=spread_phi,
        spread_sd=spread_sd,
        z_rate=b.scores("drivers.funding.rate", config.months),
        z_spread=b.scores("drivers.funding.spread", config.months),
    )
