"""Drivers drawn alone: frozen numbers from plain parameters, scores from NumPy, compiled `draw`, arrays back.

Defaults are those of the flagship with every loading on a systematic factor at 0, so that closed forms hold; a test
names what it changes. Shapes: (months, lanes), (sites, lanes) or (lanes,).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drivers import arpu, funding, grid, price, reverting, silicon
from simulator.drivers.forwards import JumpLaw, RegimeLaw
from simulator.drivers.laws import Law, constant, freeze, named
from simulator.numerics.jit import njit

Array = NDArray[np.float64]


@cache
def called(draw: Callable[..., Any]) -> Callable[..., Any]:
    """An entry from Python for a function that only compiled code calls."""
    return njit(getattr(draw, "py_func", draw))


class Block:
    """Collects laws and rows of scores of one driver, then gives tables and scores."""

    def __init__(self, seed: int, name: str, lanes: int) -> None:
        self.laws: list[Law] = []
        self.rows = 0
        self.lanes = lanes
        self.random = np.random.default_rng([seed, zlib.crc32(name.encode())])

    def law(self, law: Law | float) -> int:
        """Index of a marginal."""
        self.laws.append(law if isinstance(law, Law) else constant(float(law)))
        return len(self.laws) - 1

    def row(self, count: int = 1) -> int:
        """First of `count` rows of scores."""
        self.rows += count
        return self.rows - count

    def scores(self) -> Array:
        return self.random.standard_normal((self.rows, self.lanes))

    def factor(self) -> Array:
        return self.random.standard_normal(self.lanes)

    def scratch(self) -> Array:
        return np.zeros((8, self.lanes))


def draw_silicon(seed: int, name: str, lanes: int, months: int = 120, **changes: Any) -> SimpleNamespace:
    """Indices, arrivals and worst loss; `gap_first` is the law of the whole first gap."""
    n = SimpleNamespace(
        **{
            "slots": 12, "gap": named("gamma", shape=12, mean=2.0), "gap_first": None, "age": 0.0,
            "performance": named("normal", mean=0.57, sd=0.20), "efficiency": named("normal", mean=0.55, sd=0.18),
            "share": 0.0, "partner": 0.0, "beta": 0.7, "wear": 0.03, "shift_slots": 11,
            "shift_gap": named("exponential", mean=20.0), "loss": named("beta", a=2, b=3), "shock_loss": 0.0,
            "shock_month": 1,
        } | changes
    )  # fmt: skip
    block = Block(seed, name, lanes)
    p = silicon.Silicon(
        gap_slots=n.slots, gap_first_marginal=block.law(n.gap_first or n.gap), gap_marginal=block.law(n.gap),
        age=float(n.age), performance_marginal=block.law(n.performance), efficiency_marginal=block.law(n.efficiency),
        factor_share_loading=float(np.sqrt(n.share)), factor_share_residual=float(np.sqrt(1.0 - n.share)),
        correlation_partial=float(n.partner), beta=float(n.beta), wear=float(n.wear),
        paradigm_rate_slots=n.shift_slots, paradigm_rate_marginal=block.law(n.shift_gap),
        paradigm_loss_marginal=block.law(n.loss), shock_loss=n.shock_loss, shock_month=n.shock_month,
        gap_row=block.row(n.slots), performance_row=block.row(n.slots), efficiency_row=block.row(n.slots),
        paradigm_rate_row=block.row(n.shift_slots), paradigm_loss_row=block.row(n.shift_slots),
    )  # fmt: skip
    factor = block.factor()
    value, work, efficiency, generation = (np.empty((months, lanes)) for _ in range(4))
    generations, worst = np.empty(lanes), np.empty(lanes)
    worth, lost = np.empty((months, lanes)), np.empty((months, lanes))
    fits = called(silicon.draw)(
        p, freeze(block.laws), factor, block.scores(), block.scratch(),
        silicon.Indices(value, work, efficiency, generation), generations, worst, True, worth, lost,
    )  # fmt: skip
    return SimpleNamespace(
        fits=fits, factor=factor, value=value, work=work, efficiency=efficiency, generation=generation,
        generations=generations, worst=worst, generation_worth=worth, paradigm_loss=lost,
    )  # fmt: skip


SITE: dict[str, Any] = {
    "region": "a", "start": 0.0, "requested": 0.0, "planned": 24.0, "near": 0, "build": 1e-9,
    "queue": named("lognormal", median=36.0, sigma=0.45),
}  # fmt: skip


def draw_grid(
    seed: int, name: str, lanes: int, sites: Sequence[dict[str, Any]], national: float = 0.0, regional: float = 0.0,
    fail: float = 0.0, instead: Law | float = 24.0, slip: Law | float = 0.0, score_shift: float = 0.0,
) -> SimpleNamespace:  # fmt: skip
    """Energisation E, build end B and failure by site; `sites` override SITE; shares of variance, not weights."""
    from scipy.special import ndtri

    block, sites = Block(seed, name, lanes), [SITE | site for site in sites]
    region = {site["region"]: 0 for site in sites}
    for key in region:
        region[key] = block.row()

    def column(key: str) -> Array:
        return np.array([float(site[key]) for site in sites])

    p = grid.Grid(
        mw=np.ones(len(sites)), start=column("start"), requested=column("requested"), planned=column("planned"),
        near_term_flag=np.array([site["near"] for site in sites], dtype=np.int64),
        queue_marginal=np.array([block.law(site["queue"]) for site in sites], dtype=np.int64),
        build_marginal=np.array([block.law(site["build"]) for site in sites], dtype=np.int64),
        behind_meter_marginal=block.law(instead), slip_marginal=block.law(slip),
        fail_probability_threshold=float(ndtri(fail)), national_share_loading=float(np.sqrt(national)),
        regional_share_loading=float(np.sqrt(regional)), queue_residual=float(np.sqrt(1.0 - national - regional)),
        score_shift=score_shift, region_row=np.array([region[site["region"]] for site in sites], dtype=np.int64),
        site_row=np.array([block.row(5) for _ in sites], dtype=np.int64),
    )  # fmt: skip
    factor = block.factor()
    energised, built, behind = (np.empty((len(sites), lanes)) for _ in range(3))
    called(grid.draw)(p, freeze(block.laws), factor, block.scores(), block.scratch(), energised, built, behind)
    return SimpleNamespace(factor=factor, energised=energised, built=built, behind=behind)


def draw_arpu(seed: int, name: str, lanes: int, months: int = 60, **changes: Any) -> SimpleNamespace:
    """Noise exp(x), elasticity and margin."""
    n = SimpleNamespace(
        **{"kappa": 1.4, "sigma": 0.08, "level": 0.0, "epsilon": 0.05, "share": 0.0, "margin": 0.8} | changes
    )
    block = Block(seed, name, lanes)
    phi, sd = reverting.monthly(n.kappa, n.sigma)
    p = arpu.Arpu(
        revenue0_by_month=np.ones(months), fleet0_by_month=np.ones(months), factor_level=float(n.level),
        noise_phi=phi, noise_sd=sd, elasticity_marginal=block.law(n.epsilon),
        elasticity_loading=float(np.sqrt(n.share)), elasticity_residual=float(np.sqrt(1.0 - n.share)), lag_share=1.0,
        margin_marginal=block.law(n.margin), noise_row=block.row(months), elasticity_row=block.row(),
        margin_row=block.row(),
    )  # fmt: skip
    factor = block.factor()
    noise, epsilon, margin = np.empty((months, lanes)), np.empty(lanes), np.empty(lanes)
    called(arpu.draw)(p, freeze(block.laws), factor, block.scores(), block.scratch(), noise, epsilon, margin)
    return SimpleNamespace(factor=factor, noise=noise, epsilon=epsilon, margin=margin)


def draw_price(seed: int, name: str, lanes: int, months: int = 60, **changes: Any) -> SimpleNamespace:
    """Prices of a month, of the last twelve and of contracts; the frozen numbers `p` with their `tables` and closed
    form `law`; and the scores shared with ARPU.
    """
    n = SimpleNamespace(
        **{
            "kind": price.JUMP, "spot0": 40.0, "longrun": 12.0, "load": 0.0, "kappa": 1.0, "sigma": 0.45,
            "common": 0.0, "jump_slots": 27, "jump_rate": 0.5, "jump_size": named("normal", mean=-0.05, sd=0.30),
            "level": (7.0, 12.0, 35.0), "stays": (1.5, 2.0, 1.5), "state0": price.SHORTAGE, "regime_slots": 45,
            "shock": 0.0, "tenors": (),
        } | changes
    )  # fmt: skip
    block = Block(seed, name, lanes)
    phi, sd = reverting.monthly(n.kappa, n.sigma)
    jumps, regimes = (n.jump_slots, 0) if n.kind == price.JUMP else (0, n.regime_slots)
    law: JumpLaw | RegimeLaw
    if n.kind == price.JUMP:
        law = JumpLaw.from_law(n.kappa, n.sigma, n.jump_rate if jumps else 0.0, block.laws[block.law(n.jump_size)])
        ends = block.laws[block.law(n.longrun)].at(np.array([-8.0, 8.0]))
        start = np.log(n.spot0 / ends) + n.shock + 8.0 * n.load * np.array([1.0, -1.0])
    else:
        law, start = RegimeLaw(n.stays, n.level, n.kappa, n.sigma), np.array([n.shock])
    p = price.Price(
        model=n.kind, spot0=float(n.spot0), shock=float(n.shock), longrun_marginal=block.law(n.longrun),
        factor_level=float(n.load), kappa=float(n.kappa), phi=phi, sd=sd, arpu_correlation=float(n.common),
        arpu_correlation_residual=float(np.sqrt(1.0 - n.common**2)), jump_rate_slots=jumps,
        jump_rate_marginal=block.law(named("exponential", mean=1.0 / n.jump_rate)),
        jump_size_marginal=block.law(n.jump_size), regime_levels=np.array(n.level), regime_start=n.state0,
        regime_stays_slots=regimes, tenors=np.array(n.tenors, dtype=np.int64),
        curves=law.curves(n.tenors, start, months / 12.0), market0_by_month=np.ones(months),
        regime_stays_marginal=np.array([block.law(named("exponential", mean=t)) for t in n.stays], dtype=np.int64),
        noise_row=block.row(months), longrun_row=block.row(), jump_rate_row=block.row(jumps),
        jump_size_row=block.row(jumps), regime_stays_row=block.row(regimes), regime_turn_row=block.row(regimes),
    )  # fmt: skip
    factor, shared = block.factor(), block.random.standard_normal((months, lanes))
    now, trailing, tables = np.empty((months, lanes)), np.empty((months, lanes)), freeze(block.laws)
    contracts = np.empty((len(n.tenors), months, lanes))
    jump, regime = np.empty((months, lanes)), np.empty((months, lanes))
    fits = called(price.draw)(
        p, tables, factor, shared, block.scores(), block.scratch(), now, trailing, contracts, True, jump, regime
    )
    return SimpleNamespace(
        p=p, tables=tables, law=law, fits=fits, factor=factor, shared=shared, price=now, trailing=trailing,
        contracts=contracts, jump=jump, regime=regime,
    )  # fmt: skip


def draw_funding(seed: int, name: str, lanes: int, months: int = 60, **changes: Any) -> SimpleNamespace:
    """r + s by month, row 0 the opening, and its mean."""
    n = SimpleNamespace(
        **{
            "rate0": 0.0447, "rate_mean": 0.0447, "rate_load": 0.0, "rate_kappa": 0.20, "rate_sigma": 0.0075,
            "spread0": 0.0091, "spread_mean": 0.0091, "spread_load": 0.0, "spread_kappa": 0.39, "spread_sigma": 0.28,
        } | changes
    )  # fmt: skip
    block = Block(seed, name, lanes)
    rate_phi, rate_sd = reverting.monthly(n.rate_kappa, n.rate_sigma)
    spread_phi, spread_sd = reverting.monthly(n.spread_kappa, n.spread_sigma)
    p = funding.Funding(
        rate0=n.rate0, rate_mean=n.rate_mean, rate_factor_level=n.rate_load, rate_phi=rate_phi, rate_sd=rate_sd,
        spread0=n.spread0, spread_mean_log=float(np.log(n.spread_mean)), spread_factor_level=n.spread_load,
        spread_phi=spread_phi, spread_sd=spread_sd, rate_row=block.row(months), spread_row=block.row(months),
    )  # fmt: skip
    rates, spreads = block.factor(), block.factor()
    total, mean = np.empty((months + 1, lanes)), np.empty(lanes)
    called(funding.draw)(p, rates, spreads, block.scores(), block.scratch(), total, mean)
    return SimpleNamespace(rates=rates, spreads=spreads, funding=total, mean=mean)
