"""The compute price in a config: its keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from simulator.config.builder import NO_ROW, Builder, event_slots
from simulator.config.calendar import years_at_month_ends
from simulator.config.drivers.scores import LEAST_RATE, poisson_events
from simulator.config.fields.laws import Normal
from simulator.config.fields.numbers import (
    Correlation1,
    Growth,
    Loading,
    Number,
    Positive,
    Reversion,
    Sampled,
    Volatility,
)
from simulator.config.fields.ranges import Range, Table, number
from simulator.drivers import laws, reverting
from simulator.drivers.contracts import Curves
from simulator.drivers.forwards import REACH, JumpLaw, RegimeLaw
from simulator.drivers.laws import NEGLIGIBLE
from simulator.drivers.price import JUMP, REGIME, REGIMES
from simulator.drivers.price import Price as FrozenPrice

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only


class Levels(Table):
    """One number per regime."""

    glut: Positive
    normal: Positive
    shortage: Positive


class Stays(Table):
    """Mean years in each regime."""

    glut: Annotated[Number, Range(0.05, 1000.0)]
    normal: Annotated[Number, Range(0.05, 1000.0)]
    shortage: Annotated[Number, Range(0.05, 1000.0)]


class Regime(Table):
    """The alternative price model: three regimes, outer ones return to normal, normal goes to either."""

    levels: Levels = Field(
        default=Levels(glut=7.0, normal=12.0, shortage=35.0), description="price in each regime, USD/W-y; judgement"
    )
    stays: Stays = Field(
        default=Stays(glut=1.5, normal=2.0, shortage=1.5), description="mean years in each regime; judgement"
    )
    start: Literal["glut", "normal", "shortage"] = Field(default="shortage", description="regime at month 0")
    kappa: Reversion = Field(default=3.0, description="mean reversion of ln noise around the level per year; judgement")
    sigma: Volatility = Field(default=0.25, description="volatility of that noise per sqrt(year); judgement")


class Price(Table):
    """Compute price of the frontier vintage, USD per W-year."""

    model: Literal["jump", "regime"] = Field(
        default="jump", description="jump: mean reversion with jumps; regime: three regimes"
    )
    spot0: Positive = Field(default=40.0, description="price at month 0, USD/W-y; leases reported in 2026: 40-50")
    longrun: Annotated[Sampled, Range(0.0, 1e6, above=True)] = Field(
        default=12.0, description="long-run price, USD/W-y (number or law); long contracts and full cost at 65-80 % use"
    )
    factor_level: Loading = Field(
        default=0.25, description="ln sensitivity of the long-run price to the price factor; judgement"
    )
    kappa: Reversion = Field(default=1.0, description="mean reversion per year; judgement, spans prices of 2023-26")
    sigma: Volatility = Field(
        default=0.45, description="volatility per sqrt(year); daily mean offers of H100, A100, H200: .46-.66, inflated"
    )
    jump_rate: Annotated[Number, Range(0.0, 24.0)] = Field(
        default=0.5, description="price jumps per year; cloud list price cuts and rises of 2025-26"
    )
    jump_size: Annotated[Sampled, Range(-10.0, 10.0)] = Field(
        default=Normal(law="normal", mean=-0.05, sd=0.30), description="jump of ln price (law); the same list prices"
    )
    arpu_correlation: Correlation1 = Field(
        default=0.3, description="correlation of the monthly shocks with those of ad revenue; judgement"
    )
    market0: Positive = Field(
        default=30000.0, description="lease market at month 0, MW: what is let weighs on the price by it; judgement"
    )
    market_growth: Growth = Field(default=0.2, description="ln growth of that market a year; judgement")
    shock: Annotated[Number, Range(-10.0, 10.0)] = Field(
        default=0.0, description="jump of ln price at month 0; 0: none, for scenarios"
    )
    regime: Regime = Field(default=Regime(), description="read where model = regime")


def freeze(config: Config, builder: Builder, tenors: Sequence[int]) -> FrozenPrice:
    """The driver's frozen numbers; `tenors` are the months of the contract terms that plans use.

    Of the two models, jump and regime, the one that is not chosen takes no scores.
    """
    p, years = config.drivers.price, config.months / 12.0
    regime = p.model == "regime"
    reversion = p.regime if regime else p
    phi, sd = reverting.monthly(number(reversion.kappa), number(reversion.sigma))
    correlation = number(p.arpu_correlation)
    stays = _by_regime(p.regime.stays)
    changes = event_slots(laws.named("exponential", mean=min(stays)), years) if regime else 0
    jumps, jump_gap = poisson_events(0.0 if regime else number(p.jump_rate), years)
    return FrozenPrice(
        model=REGIME if regime else JUMP,
        spot0=number(p.spot0),
        shock=number(p.shock),
        longrun_marginal=builder.add_marginal(p.longrun),
        factor_level=number(p.factor_level),
        kappa=number(reversion.kappa),
        phi=phi,
        sd=sd,
        arpu_correlation=correlation,
        arpu_correlation_residual=math.sqrt(1.0 - correlation * correlation),
        jump_rate_slots=jumps,
        jump_rate_marginal=builder.add_marginal(jump_gap),
        jump_size_marginal=builder.add_marginal(p.jump_size),
        regime_levels=np.array(_by_regime(p.regime.levels)),
        regime_stays_marginal=np.array(
            [builder.add_marginal(laws.named("exponential", mean=stay)) for stay in stays], dtype=np.int64
        ),
        regime_start=REGIMES.index(p.regime.start),
        regime_stays_slots=changes,
        tenors=np.array(tenors, dtype=np.int64),
        curves=contract_curves(config, builder, tenors),
        market0_by_month=number(p.market0) * np.exp(number(p.market_growth) * years_at_month_ends(config.months)),
        noise_row=builder.add_scores("drivers.price.noise", config.months),
        longrun_row=NO_ROW if regime else builder.add_scores("drivers.price.longrun", 1, p.longrun),
        jump_rate_row=builder.add_scores("drivers.price.jump.gap", jumps) if jumps else NO_ROW,
        jump_size_row=builder.add_scores("drivers.price.jump.size", jumps, p.jump_size) if jumps else NO_ROW,
        regime_stays_row=builder.add_scores("drivers.price.regime.stay", changes) if changes else NO_ROW,
        regime_turn_row=builder.add_scores("drivers.price.regime.turn", changes) if changes else NO_ROW,
    )


def contract_curves(config: Config, builder: Builder, tenors: Sequence[int]) -> Curves:
    """Contract prices, tabulated over every distance of ln price from its level that a path is likely to reach."""
    p, years = config.drivers.price, config.months / 12.0
    if p.model == "regime":
        noise = number(p.regime.kappa), number(p.regime.sigma)
        return RegimeLaw(_by_regime(p.regime.stays), _by_regime(p.regime.levels), *noise).curves(
            tenors, [number(p.shock)], years
        )
    rate = number(p.jump_rate)
    law = JumpLaw.from_law(
        number(p.kappa), number(p.sigma), rate if rate >= LEAST_RATE else 0.0, builder.build_law(p.jump_size)
    )
    longrun, shift = builder.build_law(p.longrun), number(config.dependence.shift.price)
    systematic = (REACH + abs(shift)) * abs(number(p.factor_level))
    bounds = (float(longrun.ppf(NEGLIGIBLE)), float(longrun.isf(NEGLIGIBLE)))
    start = [math.log(number(p.spot0) / max(bound, NEGLIGIBLE)) + number(p.shock) for bound in bounds]
    return law.curves(tenors, [min(start) - systematic, max(start) + systematic], years)


def _by_regime(table: Levels | Stays) -> tuple[float, ...]:
    """The numbers of a table in the order REGIMES."""
    return tuple(number(getattr(table, name)) for name in REGIMES)
