"""Ad revenue in a config: its keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from simulator.config.builder import Builder
from simulator.config.calendar import quarters, years_at_month_ends
from simulator.config.drivers.scores import factor_weights
from simulator.config.fields.laws import LogNormal
from simulator.config.fields.numbers import Growth, Loading, Number, Positive, Reversion, Sampled, Share, Volatility
from simulator.config.fields.ranges import Range, Table, number
from simulator.drivers import reverting
from simulator.drivers.arpu import Arpu as FrozenArpu

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only


class Arpu(Table):
    """Ad revenue and how it answers to compute."""

    revenue0: Positive = Field(default=212.0, description="ad revenue a year at month 0, USD bn; 201 in 2025, grown")
    arpu_growth: Growth = Field(default=0.05, description="ln growth of ARPU a year without the programme; judgement")
    people_growth: Growth = Field(default=0.03, description="ln growth of people a year; judgement (7 % in 2025)")
    season: Annotated[tuple[Positive, Positive, Positive, Positive], Field(strict=False)] = Field(
        default=(0.95, 0.99, 0.98, 1.08), description="quarters 1-4 over the year's mean, growth taken out; 2022-25"
    )
    noise_kappa: Reversion = Field(default=1.4, description="mean reversion of the revenue noise per year")
    noise_sigma: Volatility = Field(
        default=0.08, description="volatility of the revenue noise per sqrt(year); yearly log growth has sd .05"
    )
    factor_level: Loading = Field(
        default=0.03, description="sensitivity of the noise's mean to the ARPU factor; judgement"
    )
    elasticity: Annotated[Sampled, Range(-1.0, 2.0)] = Field(
        default=LogNormal(law="lognormal", median=0.05, sigma=0.7, high=0.30, zero=0.10),
        description="elasticity of ad revenue to effective compute (law); a prior, not identified by public data",
    )
    elasticity_factor_share: Share = Field(
        default=0.3, description="share of the elasticity score's variance that comes from the ARPU factor; judgement"
    )
    lag: Annotated[Number, Range(0.0, 600.0, above=True)] = Field(
        default=9.0, description="adoption lag, months: mean of an exponential kernel; judgement"
    )
    fleet0: Positive = Field(default=2000.0, description="effective compute without the programme, MW-equivalents")
    fleet_growth: Growth = Field(
        default=0.14, description="ln growth of it per year from base capex: half of chip progress; judgement"
    )
    margin: Annotated[Sampled, Range(0.0, 1.0)] = Field(
        default=0.80, description="contribution margin on incremental ads (number or law); judgement"
    )


def freeze(config: Config, builder: Builder) -> FrozenArpu:
    """The driver's frozen numbers: revenue without the programme, its noise and its response to compute."""
    a = config.drivers.arpu
    t = years_at_month_ends(config.months)
    season = np.array([number(share) for share in a.season])[quarters(config.start, config.months)]
    trend = np.exp((number(a.arpu_growth) + number(a.people_growth)) * t)
    phi, sd = reverting.monthly(number(a.noise_kappa), number(a.noise_sigma))
    loading, residual = factor_weights(number(a.elasticity_factor_share))
    elasticity, elasticity_row = builder.add_sampled("drivers.arpu.eps", a.elasticity)
    margin, margin_row = builder.add_sampled("drivers.arpu.margin", a.margin)
    return FrozenArpu(
        revenue0_by_month=number(a.revenue0) / 12.0 * trend * season,
        fleet0_by_month=number(a.fleet0) * np.exp(number(a.fleet_growth) * t),
        factor_level=number(a.factor_level),
        noise_phi=phi,
        noise_sd=sd,
        elasticity_marginal=elasticity,
        elasticity_loading=loading,
        elasticity_residual=residual,
        lag_share=-math.expm1(-1.0 / number(a.lag)),
        margin_marginal=margin,
        noise_row=builder.add_scores("drivers.arpu.noise", config.months),
        elasticity_row=elasticity_row,
        margin_row=margin_row,
    )
