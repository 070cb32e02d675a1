"""The figures kept of every path: what they are called, their unit and which side is bad.

A figure that may be undefined is NaN on the paths where it is (null in files). A month that never comes is stored as
the number of months of the horizon, so that it ranks after every month that does come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["amount", "ratio", "rate", "years", "months", "month", "event", "count"]


class Metric(NamedTuple):
    """One figure of a path. VaR and CVaR exist for `amount` only; `event` is 0 or 1."""

    name: str
    kind: Kind
    unit: str
    bad: Literal["low", "high"]
    undefined: bool  # may be undefined on a path
    title: str


def _low(name: str, kind: Kind, unit: str, title: str, undefined: bool = False) -> Metric:
    return Metric(name, kind, unit, "low", undefined, title)


def _high(name: str, kind: Kind, unit: str, title: str, undefined: bool = False) -> Metric:
    return Metric(name, kind, unit, "high", undefined, title)


_WORLD = (
    _high("generations", "count", "", "Chip generations arriving within the horizon"),
    _high("paradigm_worst", "ratio", "", "Largest loss of value in a paradigm shift"),
    _high("delay_mean", "months", "months", "Energisation delay, MW-weighted"),
    _high("latest_site", "months", "months", "Energisation of the last site"),
    _low("eps", "ratio", "", "Elasticity of ad revenue to compute"),
    _low("price_mean", "amount", "USD/W-y", "Compute price, mean over the horizon"),
    _low("price_min", "amount", "USD/W-y", "Compute price, lowest month"),
    _low("price_m12", "amount", "USD/W-y", "Compute price in month 12", True),
    _low("price_m36", "amount", "USD/W-y", "Compute price in month 36", True),
    _low("price_m60", "amount", "USD/W-y", "Compute price in month 60", True),
    _high("funding_mean", "rate", "per year", "Funding cost r + s, mean over the horizon"),
)

_PLAN = (
    _low("npv", "amount", "USD bn", "Net present value at the WACC"),
    _low("apv", "amount", "USD bn", "Adjusted present value"),
    _low("irr", "rate", "per year", "Internal rate of return", True),
    _high("payback", "month", "month", "Payback month"),
    _high("peak_funding", "amount", "USD bn", "Peak funding need"),
    _high("peak_month", "month", "month", "Month of peak funding"),
    _low("min_cash", "amount", "USD bn", "Lowest cash balance"),
    _high("shortfall", "event", "", "Liquidity shortfall"),
    _high("shortfall_depth", "amount", "USD bn", "Deepest liquidity shortfall"),
    _high("shortfall_months", "count", "months", "Months with a liquidity shortfall"),
    _high("revolver_peak", "amount", "USD bn", "Largest revolver balance"),
    _low("dscr_min", "ratio", "", "Lowest DSCR at a test", True),
    _low("dscr_reserve_min", "ratio", "", "Lowest DSCR after refresh reserve", True),
    _low("fccr_min", "ratio", "", "Lowest FCCR at a test", True),
    _low("icr_min", "ratio", "", "Lowest interest cover at a test", True),
    _low("llcr", "ratio", "", "Loan-life cover at the first test", True),
    _high("leverage_max", "ratio", "", "Highest leverage at a test", True),
    _high("breach", "event", "", "Covenant breach"),
    _low("breach_month", "month", "month", "Month of the first covenant breach"),
    _low("breach_cured", "event", "", "First breach cured by the next two tests", True),
    _high("refinancing_gap", "amount", "USD bn", "Refinancing gap", True),
    _high("duration_gap", "years", "years", "Debt duration less asset duration", True),
    _high("wam_gap", "years", "years", "Debt maturity less asset maturity", True),
    _high("debt_at_end", "amount", "USD bn", "Debt outstanding at the asset's economic end", True),
    _low("asset_life", "years", "years", "Mean life of compute value", True),
    _high("idle_capital", "amount", "USD bn-years", "Idle capital"),
    _high("idle_cost", "amount", "USD bn", "Carrying cost of idle capital"),
    _high("stranded_peak", "amount", "USD bn", "Stranded value, worst month"),
    _high("stranded_retired", "amount", "USD bn", "Stranded value at retirement"),
    _high("write_offs", "amount", "USD bn", "Write-offs"),
    _low("roic", "rate", "per year", "Return on invested capital", True),
    _high("idle_sponsor", "amount", "USD bn-years", "Idle capital, sponsor's part"),
    _low("lease_income", "amount", "USD bn", "Income from letting over the horizon"),
    _high("cloud_cost", "amount", "USD bn", "Cost of rented capacity over the horizon"),
    _high("equity_sold", "amount", "USD bn", "Shares sold"),
    _high("uncured", "event", "", "Covenant breach left uncured"),
    _low("partner_npv", "amount", "USD bn", "Net present value of the JV partner", True),
    _low("partner_irr", "rate", "per year", "Internal rate of return of the JV partner", True),
    _high("guarantee", "amount", "USD bn", "Residual-value guarantee paid or owed"),
    _high("exits", "count", "sites", "Sites left by exit from the JV"),
)

# Rows of the figures: a name for each line of the tables above, in their order.
(
    GENERATIONS,
    PARADIGM_WORST,
    DELAY_MEAN,
    LATEST_SITE,
    EPS,
    PRICE_MEAN,
    PRICE_MIN,
    PRICE_M12,
    PRICE_M36,
    PRICE_M60,
    FUNDING_MEAN,
) = range(len(_WORLD))
(
    NPV,
    APV,
    IRR,
    PAYBACK,
    PEAK_FUNDING,
    PEAK_MONTH,
    MIN_CASH,
    SHORTFALL,
    SHORTFALL_DEPTH,
    SHORTFALL_MONTHS,
    REVOLVER_PEAK,
    DSCR_MIN,
    DSCR_RESERVE_MIN,
    FCCR_MIN,
    ICR_MIN,
    LLCR,
    LEVERAGE_MAX,
    BREACH,
    BREACH_MONTH,
    BREACH_CURED,
    REFINANCING_GAP,
    DURATION_GAP,
    WAM_GAP,
    DEBT_AT_END,
    ASSET_LIFE,
    IDLE_CAPITAL,
    IDLE_COST,
    STRANDED_PEAK,
    STRANDED_RETIRED,
    WRITE_OFFS,
    ROIC,
    IDLE_SPONSOR,
    LEASE_INCOME,
    CLOUD_COST,
    EQUITY_SOLD,
    UNCURED,
    PARTNER_NPV,
    PARTNER_IRR,
    GUARANTEE,
    EXITS,
    PLAN,  # rows before those of fiscal years
) = range(len(_PLAN) + 1)


def world_metrics(sites: Sequence[str]) -> tuple[Metric, ...]:
    """Figures of a world, in row order; `sites` are the site ids."""
    return _WORLD + tuple(_high(f"delay_{site}", "months", "months", f"Energisation delay of {site}") for site in sites)


def plan_metrics(fiscal_years: Sequence[int]) -> tuple[Metric, ...]:
    """Figures of a plan, in row order; `fiscal_years` are the years that the horizon touches."""
    return _PLAN + tuple(
        _low(f"eps_fy{year}", "amount", "USD/share", f"Effect on earnings per share, {year}") for year in fiscal_years
    )
