"""The programme: what is built, when it is paid and what it is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Programme(NamedTuple):
    """Frozen numbers shared by all sites and plans. Money is USD bn, capacity MW, time months.

    Fields are named as their config keys, with the suffixes of `simulator.drivers`: _marginal, _row, _by_month.
    """

    shell_cost_per_mw: float  # cost of shell, USD bn per MW (11.74 USD/W = .01174)
    compute_cost_per_mw: float  # cost of compute, USD bn per MW
    cost_multiplier_marginal: int  # marginal of the cost multiplier on both
    delivery_months: int  # months over which compute is paid and delivered
    operating_cost_marginal: int  # marginal of the operating cost, USD per W-year
    idle_share: float  # share of it from completed delivery to service
    behind_meter_cost: float  # extra cost of behind-the-meter power, USD per W-year
    cost_growth_by_month: NDArray[np.float64]  # (T,) growth of operating cost, refit and behind-the-meter cost
    compute_life: int  # book life of compute and refit, months
    shell_life: int  # book life of shell, months
    work_delay: NDArray[np.int64]  # (sites,) months from service to work: training and deployment
    resale_marginal: int  # marginal of the resale factor on V x cost
    shell_price: float  # price at which shell keeps its book value at the horizon, USD per W-year
    cancellation_fee: float  # cancellation fee of deferred chips, share of compute cost
    cost_multiplier_row: int
    operating_cost_row: int
    resale_row: int
    internal_use: float  # share of a site that works for the company itself; the rest is spare
    default_rate_row: NDArray[np.int64]  # (sites,) row of a site's first tenant, one a contract (-1: no plan leases)
    capital_recovery: float  # level yearly payment on 1 of compute over its book life at the WACC
    disposal_probability_row: int  # whether the disposal closes (-1: no plan sells)
    disposal_months_row: int  # when
    disposal_ratio_row: int  # at what price


class Finance(NamedTuple):
    """Frozen numbers of the company; `_discount` are discount factors at the rate of the key."""

    tax: float  # on income, consolidated
    wacc_discount: NDArray[np.float64]  # (T,) discount factors at the WACC
    unlevered_cost_discount: NDArray[np.float64]  # (T,) at the unlevered cost of capital
    shares: float  # bn
    base_cash_flow_monthly: float  # free cash flow of the base business, USD bn a month
    ebitda_share: float  # EBITDA of the base business as a share of ad revenue (.50)
    fiscal_year: NDArray[np.int64]  # (T,) index of the month's fiscal year, from 0
    fiscal_years: int  # how many fiscal years the horizon touches
    test_months: NDArray[np.int64]  # covenant test months
    january: NDArray[np.int64]  # (T,) 1 in January
