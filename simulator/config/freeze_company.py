"""Programme and company of a config as the numbers that compiled code reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.config.builder import Builder
from simulator.config.calendar import fiscal_years, januaries, quarter_ends, years, years_at_month_ends
from simulator.config.fields.ranges import number
from simulator.config.freeze_plans import lever_scores
from simulator.config.schema import Config
from simulator.config.schema.programme import Site
from simulator.finance.annuity import capital_recovery
from simulator.finance.programme import Finance, Programme
from simulator.finance.training import TrainingRun

__all__: list[str] = []  # used in this folder only

PER_W = 1e-3  # USD per W is USD m per MW


def programme(config: Config, b: Builder) -> Programme:
    """Costs and lives."""
    p = config.programme
    cost, z_cost = b.add_sampled("programme.cost", p.cost_multiplier)
    operating_cost, z_operating_cost = b.add_sampled("programme.operating_cost", p.operating_cost)
    resale, z_resale = b.add_sampled("programme.resale", p.resale)
    z_default, z_close, z_when, z_ratio = lever_scores(config, b)
    return Programme(
        shell_per_mw=number(p.shell_cost) * PER_W,
        compute_per_mw=number(p.compute_cost) * PER_W,
        cost=cost,
        delivery=int(number(p.delivery_months)),
        operating_cost=operating_cost,
        idle_share=number(p.idle_share),
        behind_meter=number(config.drivers.grid.behind_meter_cost),
        growth=np.exp(number(p.cost_growth) * years_at_month_ends(config.months)),
        compute_life=int(number(p.compute_life)),
        shell_life=int(number(p.shell_life)),
        work_delay=np.array([_work_delay(site, config) for site in config.sites], dtype=np.int64),
        resale=resale,
        shell_price=number(p.shell_price),
        fee=number(p.cancellation_fee),
        z_cost=z_cost,
        z_operating_cost=z_operating_cost,
        z_resale=z_resale,
        use=number(p.internal_use),
        recovery=capital_recovery(number(p.wacc), number(p.compute_life) / 12.0),
        z_default=z_default,
        z_close=z_close,
        z_when=z_when,
        z_ratio=z_ratio,
    )


def _work_delay(site: Site, config: Config) -> int:
    """Months from service to work: training, of the site's own model where it names one, and deployment."""
    training = int(number(config.programme.training))
    if site.model is not None:
        run = site.model
        training = TrainingRun(**{key: number(getattr(run, key)) for key in type(run).model_fields}).months
    return training + int(number(config.programme.deployment))


def finance(config: Config) -> Finance:
    """The company's figures and its calendar."""
    p, t = config.programme, years_at_month_ends(config.months)
    touched = fiscal_years(config.start, config.months)
    return Finance(
        tax=number(p.tax),
        discount=(1.0 + number(p.wacc)) ** -t,
        discount_unlevered=(1.0 + number(p.unlevered_cost)) ** -t,
        shares=number(p.shares),
        base_cash_flow=number(p.base_cash_flow) / 12.0,
        leverage_share=number(p.ebitda_share),
        fiscal_year=np.array(years(config.start, config.months), dtype=np.int64) - touched[0],
        fiscal_years=len(touched),
        test_months=_test_months(config),
        january=np.array(januaries(config.start, config.months), dtype=np.int64),
    )


def _test_months(config: Config) -> NDArray[np.int64]:
    """Quarter-ends from the covenant lead after the last planned date on."""
    first = max(number(site.planned) for site in config.sites) + number(config.programme.covenant_lead)
    return np.array([m for m in quarter_ends(config.start, config.months) if m >= first], dtype=np.int64)
