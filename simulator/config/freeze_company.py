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

_PER_W = 1e-3  # USD per W is USD m per MW


def freeze_programme(config: Config, b: Builder) -> Programme:
    """Freeze costs and lives."""
    p = config.programme
    cost, cost_row = b.add_sampled("programme.cost", p.cost_multiplier)
    operating_cost, operating_cost_row = b.add_sampled("programme.operating_cost", p.operating_cost)
    resale, resale_row = b.add_sampled("programme.resale", p.resale)
    default_row, (probability_row, months_row, ratio_row) = lever_scores(config, b)
    return Programme(
        shell_cost_per_mw=number(p.shell_cost) * _PER_W,
        compute_cost_per_mw=number(p.compute_cost) * _PER_W,
        cost_multiplier_marginal=cost,
        delivery_months=int(number(p.delivery_months)),
        operating_cost_marginal=operating_cost,
        idle_share=number(p.idle_share),
        behind_meter_cost=number(config.drivers.grid.behind_meter_cost),
        cost_growth_by_month=np.exp(number(p.cost_growth) * years_at_month_ends(config.months)),
        compute_life=int(number(p.compute_life)),
        shell_life=int(number(p.shell_life)),
        work_delay=np.array([_work_delay(site, config) for site in config.sites], dtype=np.int64),
        resale_marginal=resale,
        shell_price=number(p.shell_price),
        cancellation_fee=number(p.cancellation_fee),
        cost_multiplier_row=cost_row,
        operating_cost_row=operating_cost_row,
        resale_row=resale_row,
        internal_use=number(p.internal_use),
        capital_recovery=capital_recovery(_average_wacc(config), number(p.compute_life) / 12.0),
        default_rate_row=default_row,
        disposal_probability_row=probability_row,
        disposal_months_row=months_row,
        disposal_ratio_row=ratio_row,
    )


def _work_delay(site: Site, config: Config) -> int:
    """Months from service to work: training, of the site's own model where it names one, and deployment."""
    training = int(number(config.programme.training))
    if site.model is not None:
        run = site.model
        training = TrainingRun(**{key: number(getattr(run, key)) for key in type(run).model_fields}).months
    return training + int(number(config.programme.deployment))


def freeze_finance(config: Config) -> Finance:
    """Freeze the company's figures and its calendar."""
    p, t = config.programme, years_at_month_ends(config.months)
    touched = fiscal_years(config.start, config.months)
    return Finance(
        tax=number(p.tax),
        wacc_discount=_wacc_discount(config),
        unlevered_cost_discount=(1.0 + number(p.unlevered_cost)) ** -t,
        shares=number(p.shares),
        base_cash_flow_monthly=number(p.base_cash_flow) / 12.0,
        ebitda_share=number(p.ebitda_share),
        fiscal_year=np.array(years(config.start, config.months), dtype=np.int64) - touched[0],
        fiscal_years=len(touched),
        test_months=_test_months(config),
        january=np.array(januaries(config.start, config.months), dtype=np.int64),
    )


def _wacc_discount(config: Config) -> NDArray[np.float64]:
    """Discount factors at the WACC to the end of each month, (T,)."""
    p = config.programme
    if p.wacc_basis == "fixed":
        factors: NDArray[np.float64] = (1.0 + number(p.wacc)) ** -years_at_month_ends(config.months)
        return factors
    return np.asarray(np.exp(-np.cumsum(np.log1p(_wacc_by_month(config, config.months))) / 12.0))


def _average_wacc(config: Config) -> float:
    """The WACC per year; where it follows rates, the constant one with the same discount factor at compute's life."""
    p = config.programme
    if p.wacc_basis == "fixed":
        return number(p.wacc)
    return float(np.expm1(np.mean(np.log1p(_wacc_by_month(config, int(number(p.compute_life)))))))


def _wacc_by_month(config: Config, months: int) -> NDArray[np.float64]:
    """The margin over the expected 10-year rate per year, m + mean + (r_0 - mean) exp(-kappa t), (months,)."""
    f = config.drivers.funding
    gap = (number(f.rate0) - number(f.rate_mean)) * np.exp(-number(f.rate_kappa) * years_at_month_ends(months))
    return np.asarray(number(config.programme.wacc) + number(f.rate_mean) + gap)


def _test_months(config: Config) -> NDArray[np.int64]:
    """Quarter-ends from the covenant lead after the last planned date on."""
    first = max(number(site.planned) for site in config.sites) + number(config.programme.covenant_lead)
    return np.array([m for m in quarter_ends(config.start, config.months) if m >= first], dtype=np.int64)
