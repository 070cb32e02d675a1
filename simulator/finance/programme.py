"""The programme: what is built, when it is paid and what it is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Programme(NamedTuple):
    """Frozen numbers shared by all sites and plans. Money is USD bn, capacity MW, time months."""

    shell_per_mw: float  # cost of shell, USD bn per MW (11.74 USD/W = .01174)
    compute_per_mw: float  # cost of compute, USD bn per MW
    cost: int  # marginal of the cost multiplier on both
    delivery: int  # months over which compute is paid and delivered
    operating_cost: int  # marginal of the operating cost, USD per W-year
    idle_share: float  # share of it from completed delivery to service
    behind_meter: float  # extra cost of behind-the-meter power, USD per W-year
    growth: NDArray[np.float64]  # (T,) growth of operating cost, refit and behind-the-meter cost
    compute_life: int  # book life of compute and refit, months
    shell_life: int  # book life of shell, months
    work_delay: NDArray[np.int64]  # (sites,) months from service to work: training and deployment
    resale: int  # marginal of the resale factor on V x cost
    shell_price: float  # price at which shell keeps its book value at the horizon, USD per W-year
    fee: float  # cancellation fee of deferred chips, share of compute cost
    z_cost: int
    z_operating_cost: int
    z_resale: int
    use: float  # share of a site that flows for the company itself; the rest is spare
    z_default: NDArray[np.int64]  # (sites,) first row of a site's default scores, one a contract (-1: no plan lets)
    recovery: float  # level yearly payment on 1 of compute over its book life at the WACC
    z_close: int  # scores of the disposal: whether, when and at what price it closes (-1: no plan sells)
    z_when: int
    z_ratio: int


class Finance(NamedTuple):
    """Frozen numbers of the company."""

    tax: float  # on income, consolidated
    discount: NDArray[np.float64]  # (T,) discount factors at the WACC
    discount_unlevered: NDArray[np.float64]  # (T,) at the unlevered cost of capital
    shares: float  # bn
    base_cash_flow: float  # free cash flow of the base business, USD bn a month
    leverage_share: float  # EBITDA of the base business as a share of ad revenue (.50)
    fiscal_year: NDArray[np.int64]  # (T,) index of the month's fiscal year, from 0
    fiscal_years: int  # how many fiscal years the horizon touches
    test_months: NDArray[np.int64]  # covenant test months
    january: NDArray[np.int64]  # (T,) 1 in January
