"""The drivers and their dependence: what makes one world differ from another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.config.schema.laws import Beta, Gamma, LogNormal, Normal
from simulator.config.schema.numbers import (
    Amount,
    Correlation1,
    Growth,
    Lifetime,
    Loading,
    Number,
    Positive,
    Reversion,
    Sampled,
    Share,
    Volatility,
)
from simulator.config.schema.ranges import Range, Table

Step = Annotated[Sampled, Range(-10.0, 10.0)]
Duration = Annotated[Sampled, Range(0.0, 1e6)]


class Silicon(Table):
    """Silicon obsolescence: a renewal process of chip generations, wear, and rare paradigm shifts."""

    gap: Annotated[Sampled, Range(0.0, 100.0)] = Field(
        default=Gamma(law="gamma", shape=12.0, mean=2.0),
        description="years between generations (law); four gaps P100 to B200, Epoch AI: 14-35 months, CV .29",
    )
    age: Annotated[Number, Range(0.0, 50.0)] = Field(
        default=1.0, description="years since today's generation arrived; B200 to July 2026, rounded"
    )
    performance: Step = Field(
        default=Normal(law="normal", mean=0.57, sd=0.20),
        description="ln performance per USD gained a generation (law); V100 to B200 at list prices, Epoch AI",
    )
    efficiency: Step = Field(
        default=Normal(law="normal", mean=0.55, sd=0.18),
        description="ln performance per W gained a generation (law); .28 a year since 2016, Epoch AI",
    )
    factor_share: Share = Field(
        default=0.3, description="share of a step's variance that comes from the silicon factor; judgement"
    )
    correlation: Correlation1 = Field(
        default=0.6, description="correlation of the two steps of one generation; judgement"
    )
    beta: Annotated[Number, Range(0.0, 5.0)] = Field(
        default=0.7, description="pass-through of frontier gains into an old vintage's value; rents fell .20 a year"
    )
    wear: Annotated[Number, Range(0.0, 5.0)] = Field(
        default=0.03, description="failure and wear per year; judgement (Llama 3: about .09 of GPUs a year)"
    )
    paradigm_rate: Annotated[Number, Range(0.0, 12.0)] = Field(
        default=0.05, description="paradigm shifts per year; judgement, no direct data: stress it, never calibrate it"
    )
    paradigm_loss: Annotated[Sampled, Range(0.0, 1.0)] = Field(
        default=Beta(law="beta", a=2.0, b=3.0),
        description="share of older vintages' value and work that a shift takes (law); judgement",
    )

    shock_loss: Share = Field(
        default=0.0, description="share that one certain paradigm shift takes; 0: none, for scenarios"
    )
    shock_month: Lifetime = Field(default=1.0, description="month at whose end it comes; 1: the first")


class Grid(Table):
    """Grid interconnection and construction delay."""

    queue: Duration = Field(
        default=LogNormal(law="lognormal", median=36.0, sigma=0.45),
        description="months from request to power for a large load (law); judgement from utility and broker reports",
    )
    build: Duration = Field(
        default=LogNormal(law="lognormal", median=15.0, sigma=0.20),
        description="months of construction on an energised site (law); 12-18 in trade reports. Bare land: 23.4, .646",
    )
    behind_meter: Duration = Field(
        default=LogNormal(law="lognormal", median=24.0, sigma=0.25),
        description="months to behind-the-meter power after a failed request (law); judgement",
    )
    behind_meter_cost: Amount = Field(
        default=0.5, description="extra operating cost of behind-the-meter power, USD per W-year; judgement"
    )
    slip: Duration = Field(
        default=Gamma(law="gamma", shape=2.0, mean=2 * 52 / 30.4375, zero=0.3),
        description="months a near-term site slips (law); 13 milestones due Dec 2025 to mid 2026, Epoch AI",
    )
    fail_probability: Share = Field(
        default=0.05, description="probability that a request for power fails; judgement for a funded campus"
    )
    national_share: Share = Field(
        default=0.05, description="share of the queue score's variance that is national; LBNL queue data, n 1,221"
    )
    regional_share: Share = Field(
        default=0.33, description="share that is regional, permanent (.23) and yearly (.10) parts; LBNL queue data"
    )
    near_term: Annotated[Number, Range(0.0, 1200.0)] = Field(
        default=12.0, description="a site planned within this many months follows `slip`, not the queue"
    )

    score_shift: Annotated[Number, Range(-10.0, 10.0)] = Field(
        default=0.0, description="added to every queue score, standard deviations; 0: none, for scenarios"
    )


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
    jump_size: Step = Field(
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


class Funding(Table):
    """Funding cost: the 10-year Treasury rate (Vasicek) and the issuer's credit spread (log-OU)."""

    rate0: Annotated[Number, Range(-0.1, 1.0)] = Field(default=0.0447, description="10-year rate at month 0; June 2026")
    rate_mean: Annotated[Number, Range(-0.1, 1.0)] = Field(default=0.0447, description="long-run 10-year rate")
    rate_kappa: Reversion = Field(default=0.20, description="mean reversion per year; fitted .16-.28 on monthly yields")
    rate_sigma: Annotated[Number, Range(0.0, 1.0)] = Field(
        default=0.0075, description="volatility per sqrt(year); fitted .0068-.0082 on monthly yields"
    )
    rate_factor_level: Annotated[Number, Range(-1.0, 1.0)] = Field(
        default=0.0075, description="sensitivity of the long-run rate to the rates factor; judgement"
    )
    spread0: Annotated[Number, Range(0.0, 1.0, above=True)] = Field(default=0.0091, description="spread at month 0")
    spread_mean: Annotated[Number, Range(0.0, 1.0, above=True)] = Field(
        default=0.0091, description="long-run spread; Baa less Aaa 1990-2018"
    )
    spread_kappa: Reversion = Field(default=0.39, description="mean reversion of ln spread per year; the same data")
    spread_sigma: Volatility = Field(default=0.28, description="volatility of ln spread per sqrt(year); the same data")
    spread_factor_level: Loading = Field(
        default=0.25, description="sensitivity of the ln long-run spread to the spread factor; judgement"
    )


class Drivers(Table):
    """The five drivers."""

    silicon: Silicon = Silicon()
    grid: Grid = Grid()
    arpu: Arpu = Arpu()
    price: Price = Price()
    funding: Funding = Funding()
