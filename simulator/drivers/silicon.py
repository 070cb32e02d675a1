"""Silicon obsolescence: the worth of an old vintage of accelerators, and the work that it does.

Frontier generations arrive by a renewal process. Generation k raises ln performance per USD by g_k and ln performance
per W by h_k. Paradigm shifts arrive by a Poisson process, each taking a share J of what older vintages are worth and
can do. With A = exp(sum g), H = sum h, a vintage delivered at u is worth, per unit of its cost,

    V(t; u) = exp(-wear (t - u)) [A(t) / A(u)]^-beta prod(1 - J)

and does exp(H(u)) exp(-wear (t - u)) prod(1 - J) of internal work per MW: old chips compute as before but are worth
less. Both are ratios of month-end indices, so a world needs three series: `value`, `work`, `efficiency`.

Sources: Epoch AI, Data on Machine Learning Hardware (2026), for gaps and steps; resale anchor SpotWire (2026).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.events import any_before, month_of, next_times, record
from simulator.drivers.marginals import Marginals, sample
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp

__all__ = ["Indices", "Silicon", "arrivals", "draw", "expected_survival", "gain_power"]


class Silicon(NamedTuple):
    """Frozen numbers of the driver; the package's docstring explains the suffixes of names."""

    gap_slots: int  # most generations a path can hold (P(more) < 1e-12)
    gap_first_marginal: int  # the first whole gap, years, given that today's generation is `age` old
    gap_marginal: int  # a gap between generations, years
    age: float  # age of today's generation, years
    performance_marginal: int  # a step of ln performance per USD
    efficiency_marginal: int  # a step of ln performance per W
    factor_share_loading: float  # weight of the systematic factor in both step scores: sqrt(.3)
    factor_share_residual: float  # weight of the step's own score: sqrt(.7)
    correlation_partial: float  # correlation of the two steps' own scores: 3/7
    beta: float  # pass-through of frontier gains into the value of old vintages
    wear: float  # failure and wear per year
    paradigm_rate_slots: int  # most paradigm shifts a path can hold (0: the rate is 0)
    paradigm_rate_marginal: int  # years between shifts (exponential)
    paradigm_loss_marginal: int  # share of older vintages' value that a shift takes
    shock_loss: float  # stress: share that one certain shift takes (0: none)
    shock_month: int  # the month whose end it comes at, counted from 1
    gap_row: int
    performance_row: int
    efficiency_row: int
    paradigm_rate_row: int
    paradigm_loss_row: int


class Indices(NamedTuple):
    """Month-end series of the driver, (months, lanes)."""

    value: NDArray[np.float64]  # V of a vintage bought before month 0, per unit of its cost
    work: NDArray[np.float64]  # work that such a vintage still does
    efficiency: NDArray[np.float64]  # exp(H): work per MW of the newest generation
    generation: NDArray[np.float64]  # generations that have arrived


WORST_LOSS = 1.0 - 1e-12  # largest loss in one shift: V stays positive, so ratios of V are defined


@inner
def draw(
    p: Silicon,
    marginals: Marginals,
    factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    index: Indices,
    generations: NDArray[np.float64],
    worst: NDArray[np.float64],
    tracing: bool,
    generation_worth: NDArray[np.float64],
    paradigm_loss: NDArray[np.float64],
) -> bool:
    """Fill the month-end indices and, by lane, the arrivals and the largest loss of value in one shift.

    With `tracing` fill by (month, lane) what the month's generations leave of older chips' value, and the share that
    its shifts take. False if a path has more events than slots.
    """
    value, work, efficiency, generation = index
    value[:] = 1.0
    work[:] = 1.0
    efficiency[:] = 1.0
    generation[:] = 0.0
    fits = _draw_generations(p, marginals, factor, z, scratch, value, efficiency, generation)
    if tracing:
        record(value, generation_worth)
    fits &= _draw_shifts(p, marginals, z, scratch, value, work, worst)
    if p.shock_loss > 0.0 and p.shock_month <= value.shape[0]:
        _apply_shock(min(p.shock_loss, WORST_LOSS), value[p.shock_month - 1], work[p.shock_month - 1], worst)
    if tracing:
        _record_loss(work, paradigm_loss)
    _accumulate(exp(-p.wear / 12.0), value, work, efficiency, generation)
    last = generation[value.shape[0] - 1]
    for lane in range(last.size):
        generations[lane] = last[lane]
    return fits


@inner
def _record_loss(survival: NDArray[np.float64], loss: NDArray[np.float64]) -> None:
    """Fill 1 - survival by (month, lane)."""
    for m in range(survival.shape[0]):
        for lane in range(survival.shape[1]):
            loss[m, lane] = 1.0 - survival[m, lane]


@inner
def _apply_shock(
    share: float, value: NDArray[np.float64], work: NDArray[np.float64], worst: NDArray[np.float64]
) -> None:
    """Apply the certain shift of a stress to its month."""
    for lane in range(worst.size):
        value[lane] *= 1.0 - share
        work[lane] *= 1.0 - share
        worst[lane] = max(worst[lane], share)


@inner
def _draw_generations(
    p: Silicon,
    marginals: Marginals,
    factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    value: NDArray[np.float64],
    efficiency: NDArray[np.float64],
    generation: NDArray[np.float64],
) -> bool:
    """Multiply each generation's A^-beta and exp(h) into the month of its arrival, and count it there."""
    months = value.shape[0]
    time, gap, score, decay, gain = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    loading, residual = p.factor_share_loading, p.factor_share_residual
    time[:] = -p.age
    for k in range(p.gap_slots):
        next_times(marginals, p.gap_first_marginal if k == 0 else p.gap_marginal, z[p.gap_row + k], time, gap)
        if not any_before(time, months):
            return True
        performance_score, efficiency_score = z[p.performance_row + k], z[p.efficiency_row + k]
        _step_scores(loading, residual, 1.0, factor, performance_score, efficiency_score, score)
        sample(marginals, p.performance_marginal, score, decay)
        _step_scores(loading, residual, p.correlation_partial, factor, performance_score, efficiency_score, score)
        sample(marginals, p.efficiency_marginal, score, gain)
        for lane in range(time.size):
            decay[lane] = exp(-p.beta * decay[lane])
            gain[lane] = exp(gain[lane])
        for lane in range(time.size):
            if 12.0 * time[lane] <= months:
                m = month_of(12.0 * time[lane])
                value[m, lane] *= decay[lane]
                efficiency[m, lane] *= gain[lane]
                generation[m, lane] += 1.0
    return not any_before(time, months)


@inner
def _step_scores(
    loading: float,
    residual: float,
    correlation: float,
    factor: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    score: NDArray[np.float64],
) -> None:
    """Fill loading F + residual e, where e = correlation first + sqrt(1 - correlation^2) second."""
    rest = np.sqrt(1.0 - correlation * correlation)
    for lane in range(score.size):
        score[lane] = loading * factor[lane] + residual * (correlation * first[lane] + rest * second[lane])


@inner
def _draw_shifts(
    p: Silicon,
    marginals: Marginals,
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    value: NDArray[np.float64],
    work: NDArray[np.float64],
    worst: NDArray[np.float64],
) -> bool:
    """Multiply each paradigm shift's 1 - J into its month."""
    months = value.shape[0]
    time, gap, loss = scratch[0], scratch[1], scratch[2]
    time[:] = 0.0
    worst[:] = 0.0
    for k in range(p.paradigm_rate_slots):
        next_times(marginals, p.paradigm_rate_marginal, z[p.paradigm_rate_row + k], time, gap)
        if not any_before(time, months):
            return True
        sample(marginals, p.paradigm_loss_marginal, z[p.paradigm_loss_row + k], loss)
        for lane in range(time.size):
            if 12.0 * time[lane] <= months:
                m = month_of(12.0 * time[lane])
                share = min(loss[lane], WORST_LOSS)
                value[m, lane] *= 1.0 - share
                work[m, lane] *= 1.0 - share
                worst[lane] = max(worst[lane], share)
    return p.paradigm_rate_slots == 0 or not any_before(time, months)


@inner
def _accumulate(
    wear: float,
    value: NDArray[np.float64],
    work: NDArray[np.float64],
    efficiency: NDArray[np.float64],
    generation: NDArray[np.float64],
) -> None:
    """Turn monthly factors into month-end indices: running products with each month's wear, and a running count."""
    months, lanes = value.shape
    for lane in range(lanes):
        value[0, lane] *= wear
        work[0, lane] *= wear
    for m in range(1, months):
        for lane in range(lanes):
            value[m, lane] *= value[m - 1, lane] * wear
            work[m, lane] *= work[m - 1, lane] * wear
            efficiency[m, lane] *= efficiency[m - 1, lane]
            generation[m, lane] += generation[m - 1, lane]


# Closed forms. Steps of ln A are N(mean, sd^2) with a share `share` of their variance from one common factor.


def arrivals(t: float, shape: float, mean: float, age: float | None) -> NDArray[np.float64]:
    """P(n generations within t years), n = 0, 1, ..., for gaps Gamma(shape >= 1) of the given mean in years.

    Today's generation is `age` years old, or of unknown age (None: bought at a random date, so that the time to the
    next one has density S(u) / mean; Cox 1962, Renewal Theory, ch. 5). P(T_k <= t) = int_0^t f_1(u) F_{k-1}(t - u) du
    with F_k the law of k gaps, Gamma(k shape): by Gauss-Legendre, accurate to 1e-10.
    """
    from scipy.stats import gamma

    scale = mean / shape
    node, weight = np.polynomial.legendre.leggauss(200)
    u, du = 0.5 * t * (node + 1.0), 0.5 * t * weight
    if age is None:
        first = gamma.sf(u, shape, scale=scale) / mean * du
    else:
        first = gamma.pdf(age + u, shape, scale=scale) / gamma.sf(age, shape, scale=scale) * du
    at_least = [1.0, float(first.sum())]
    while at_least[-1] > 1e-15:
        at_least.append(float(first @ gamma.cdf(t - u, (len(at_least) - 1) * shape, scale=scale)))
    return -np.diff(np.array([*at_least, 0.0]))


def log_gain_moments(arrived: NDArray[np.float64], mean: float, sd: float, share: float) -> tuple[float, float]:
    """Mean and variance of ln A when n generations have come with probability arrived[n].

    E = m E[n]; Var = m^2 Var[n] + s^2 ((1 - share) E[n] + share E[n^2]). For a Poisson n of mean l t that is
    l t (m^2 + s^2) + share s^2 (l t)^2.
    """
    n = np.arange(arrived.size)
    first, second = float(arrived @ n), float(arrived @ n**2)
    return mean * first, mean**2 * (second - first**2) + sd**2 * ((1.0 - share) * first + share * second)


def gain_power(arrived: NDArray[np.float64], beta: float, mean: float, sd: float, share: float) -> float:
    """E[A^-beta] = sum_n arrived[n] exp(-beta n m + beta^2 s^2 ((1 - share) n + share n^2) / 2)."""
    n = np.arange(arrived.size)
    return float(arrived @ np.exp(-beta * n * mean + 0.5 * (beta * sd) ** 2 * ((1.0 - share) * n + share * n**2)))


def expected_survival(t: float, rate: float, loss: float) -> float:
    """E[prod(1 - J)] over t years of paradigm shifts at `rate` a year that take `loss` on average: e^{-rate t loss}."""
    return float(np.exp(-rate * t * loss))


def half_life(beta: float, mean: float, gap: float, wear: float, rate: float, loss: float) -> float:
    """Years in which V halves, steps and shifts at their means: ln 2 / (beta m / gap + wear + rate E[J])."""
    return float(np.log(2.0) / (beta * mean / gap + wear + rate * loss))
