"""Funding cost in a config: its keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from simulator.config.builder import Builder
from simulator.config.fields.numbers import Loading, Number, Reversion, Volatility
from simulator.config.fields.ranges import Range, Table, number
from simulator.drivers import reverting
from simulator.drivers.funding import Funding as FrozenFunding

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only


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


def freeze(config: Config, builder: Builder) -> FrozenFunding:
    """The driver's frozen numbers."""
    f = config.drivers.funding
    rate_phi, rate_sd = reverting.monthly(number(f.rate_kappa), number(f.rate_sigma))
    spread_phi, spread_sd = reverting.monthly(number(f.spread_kappa), number(f.spread_sigma))
    return FrozenFunding(
        rate0=number(f.rate0),
        rate_mean=number(f.rate_mean),
        rate_factor_level=number(f.rate_factor_level),
        rate_phi=rate_phi,
        rate_sd=rate_sd,
        spread0=number(f.spread0),
        spread_mean_log=math.log(number(f.spread_mean)),
        spread_factor_level=number(f.spread_factor_level),
        spread_phi=spread_phi,
        spread_sd=spread_sd,
        rate_row=builder.add_scores("drivers.funding.rate", config.months),
        spread_row=builder.add_scores("drivers.funding.spread", config.months),
    )
