"""The arithmetic that a case file may name: the functions in FUNCTIONS, with their arguments by name.

A parameter's annotation says what a file must hold: a number, a list of numbers, or a law (a number or a distribution
as in a config). `model` is not an input: it is the frozen config of the case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simulator.drivers import contracts, grid, laws, price, silicon
from simulator.drivers.laws import Law
from simulator.drivers.marginals import quantile, sample
from simulator.finance.financing import note_ladder
from simulator.finance.training import MONTH_DAYS, TrainingRun
from simulator.model import Model
from simulator.validation import economics

__all__ = ["FUNCTIONS"]

Numbers: TypeAlias = list[float]
_SCORES = np.linspace(-8.0, 8.0, 64_001)  # scores at which a marginal's table is read

# Sums


def total(terms: Numbers) -> float:
    """The terms added."""
    return math.fsum(terms)


def product(factors: Numbers) -> float:
    """The factors multiplied."""
    return math.prod(factors)


def difference(of: float, less: float) -> float:
    """`of` - `less`."""
    return of - less


def ratio(of: float, to: float) -> float:
    """`of` / `to`."""
    return of / to


def median_months(days: Numbers) -> float:
    """Median of durations in days, months."""
    return float(np.median(days)) / MONTH_DAYS


def share_longer(days: Numbers, months: float) -> float:
    """Share of durations in days that are longer than `months`."""
    return float(np.mean(np.asarray(days) > months * MONTH_DAYS))


# Capacity and prices


def lease_revenue(mw: float, watt_year: float) -> float:
    """USD bn a year for `mw` let at `watt_year` USD per W-year."""
    return mw * watt_year / 1e3


def owned_cost(
    shell_cost: float,
    shell_life: float,
    compute_cost: float,
    compute_life: float,
    operating_cost: float,
    rate: float,
    use: float = 1.0,
) -> float:
    """Full cost of owned capacity, USD per W-year of use; costs in USD per W, lives in months as in a config."""
    assets = [(shell_cost, shell_life / 12.0), (compute_cost, compute_life / 12.0)]
    return economics.owned_cost(assets, operating_cost, rate, use)


def capacity(capex: float, spent_in: float, cost_per_watt: float, comes_in: float) -> float:
    """GW of IT load that capex (USD bn) of one year brings in another: all of it a year later."""
    return economics.capacity_added({int(spent_in): capex}, cost_per_watt).get(int(comes_in), 0.0)


# Notes


def notes_coupon(amounts: Numbers, coupons: Numbers, years: Numbers) -> float:
    """Weighted coupon of a ladder of notes, per year."""
    return note_ladder.ladder(amounts, coupons, years)[0]


def notes_macaulay(amounts: Numbers, coupons: Numbers, years: Numbers) -> float:
    """Weighted Macaulay duration at par, each note at its own yield, years."""
    return note_ladder.ladder(amounts, coupons, years)[1]


def notes_maturity(amounts: Numbers, coupons: Numbers, years: Numbers) -> float:
    """Weighted maturity, years."""
    return note_ladder.ladder(amounts, coupons, years)[2]


def notes_modified(amounts: Numbers, coupons: Numbers, years: Numbers) -> float:
    """Weighted modified duration at par, years."""
    parts = [a * note_ladder.modified(c, y) for a, c, y in zip(amounts, coupons, years, strict=True)]
    return sum(parts) / sum(amounts)


def notes_interest(amounts: Numbers, coupons: Numbers) -> float:
    """Interest a year, USD bn."""
    return sum(a * c for a, c in zip(amounts, coupons, strict=True))


# Training


def training_flop(parameters: float, tokens: float) -> float:
    """FLOP of a training run: 6 N D."""
    return TrainingRun(parameters, tokens, 1.0, 1.0, 1.0).flop


def training_days(
    parameters: float, tokens: float, chips: float, peak_flops: float, mfu: float, goodput: float = 1.0
) -> float:
    """Days of a training run."""
    return TrainingRun(parameters, tokens, chips, peak_flops, mfu, goodput).days


def training_exponent(parameters: float, tokens_per_parameter: float) -> float:
    """Exponent with which FLOP grow with N at fixed D / N: d ln C / d ln N between N and 2 N."""
    once, twice = (training_flop(n, n * tokens_per_parameter) for n in (parameters, 2.0 * parameters))
    return math.log2(twice / once)


# Delays


def lognormal_median(mu: float) -> float:
    """Median of exp(N(mu, .))."""
    return math.exp(mu)


def law_median(law: Law) -> float:
    """Median of a law, as compiled code samples it."""
    return quantile(laws.freeze([law]), 0, 0.0)


def law_excess(law: Law, strike: float) -> float:
    """E[(X - strike)+] of a law as compiled code samples it: its table integrated over the scores."""
    density = np.exp(-0.5 * _SCORES**2) / math.sqrt(2.0 * math.pi)
    return float(np.trapezoid(np.maximum(_table(law) - strike, 0.0) * density, _SCORES))


def law_tail(law: Law, x: float) -> float:
    """P(X > x) of a law as compiled code samples it."""
    return float(ndtr(-np.interp(x, _table(law), _SCORES)))


def _table(law: Law) -> NDArray[np.float64]:
    values = np.empty_like(_SCORES)
    sample(laws.freeze([law]), 0, _SCORES, values)
    return values


# Drivers


def vintage_value(
    age: float,
    gap: Law,
    performance: Law,
    factor_share: float,
    beta: float,
    wear: float,
    paradigm_rate: float,
    paradigm_loss: Law,
) -> float:
    """E[V] of a vintage bought at a random date, `age` years later; `gap` is a gamma law, `performance` normal."""
    mean, sd = float(gap.mean), float(gap.sd)
    arrived = silicon.arrivals(age, (mean / sd) ** 2, mean, None)
    progress = silicon.gain_power(arrived, beta, float(performance.mean), float(performance.sd), factor_share)
    return math.exp(-wear * age) * progress * silicon.expected_survival(age, paradigm_rate, float(paradigm_loss.mean))


def contract_discount(model: Model, months: float, spot: float) -> float:
    """Contract price of a term over the spot price at which it is locked, at the config's long-run price."""
    longrun = quantile(model.marginals, model.price.longrun_marginal, 0.0)
    return float(price.jump_law(model.price, model.marginals).contract(int(months), spot, longrun)) / spot


def locked_discount(model: Model, months: float, spot: float) -> float:
    """The same as compiled code locks it, for a term that a plan of the config uses."""
    p = model.price
    if p.model != price.JUMP or months not in p.tenors:
        raise ValueError(f"terms in use are {', '.join(map(str, p.tenors)) or 'none'}; model jump only")
    longrun = np.full(1, quantile(model.marginals, p.longrun_marginal, 0.0))
    out, curve = np.empty(1), p.curves
    row = curve.numbers[int(np.flatnonzero(p.tenors == months)[0])]
    contracts.lock_contract(row, curve.low, curve.last, np.log(spot / longrun), np.zeros(1), longrun, out)
    return float(out[0]) / spot


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        total, product, difference, ratio, median_months, share_longer, lease_revenue, owned_cost, capacity,
        economics.midpoint_change, notes_coupon, notes_macaulay, notes_maturity, notes_modified, notes_interest,
        training_flop, training_days, training_exponent, lognormal_median, law_median, law_excess, law_tail,
        vintage_value, contract_discount, locked_discount, economics.price_per_watt_year, economics.price_per_gpu_hour,
        economics.fleet_power, economics.leasable, economics.compute_growth, economics.break_even_elasticity,
        economics.par_forward, economics.straight_line_life, economics.earnings_per_share,
        economics.partner_cash, grid.lognormal_excess, grid.lognormal_tail,
    )
}  # fmt: skip
