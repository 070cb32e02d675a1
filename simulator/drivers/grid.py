"""Grid interconnection and construction delay: the months in which a site is built and has power.

Power comes D months after the request, D a marginal whose score mixes a national factor, the region and the site:
q = sqrt(.05) F.grid + sqrt(.33) region + sqrt(.62) site. With probability .05 the request fails; power then comes from
behind the meter, later and at an extra cost. Construction ends at B; the site is energised at E = max(B, power).
A site planned within the next months has a date instead of a queue: E = planned + slip, and B is cut at E.

Sources: LBNL Queued Up (2024 edition) for the variance split; Epoch AI Frontier Data Centers (2026) for construction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import Marginals, sample
from simulator.numerics.jit import inner

__all__ = ["SITE_SCORES", "Grid", "draw", "lognormal_excess", "lognormal_tail"]

# Rows of a site's scores, counted from its `site_row`
QUEUE, BUILD, FAIL, BEHIND_METER, SLIP = range(5)
SITE_SCORES = 5


class Grid(NamedTuple):
    """Frozen numbers of the driver; arrays have one entry per site. Times are months from the programme's start."""

    mw: NDArray[np.float64]  # IT load, MW
    start: NDArray[np.float64]  # construction start
    requested: NDArray[np.float64]  # date of the request for power
    planned: NDArray[np.float64]  # planned energisation (whole months)
    near_term_flag: NDArray[np.int64]  # 1: planned within the near-term window, follows the slippage law
    queue_marginal: NDArray[np.int64]  # queue time, months (conditional where requested < 0)
    build_marginal: NDArray[np.int64]  # construction time, months (conditional where start < 0)
    behind_meter_marginal: int  # months to behind-the-meter power
    slip_marginal: int  # slip of a near-term site, months
    fail_probability_threshold: float  # the request fails where its score is below this; -inf if it cannot fail
    national_share_loading: float  # weight of F.grid in the queue score: sqrt(.05)
    regional_share_loading: float  # weight of the region's score: sqrt(.33)
    queue_residual: float  # weight of the site's own score: sqrt(.62)
    score_shift: float  # stress: added to every queue score, standard deviations
    region_row: NDArray[np.int64]  # row of the site's region score
    site_row: NDArray[np.int64]  # first of the site's five rows


@inner
def draw(
    p: Grid,
    marginals: Marginals,
    factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    energised: NDArray[np.float64],
    built: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    """Fill, by (site, lane), E and B in months from the start and whether power is behind the meter (0 or 1)."""
    for site in range(p.mw.size):
        row = p.site_row[site]
        sample(marginals, p.build_marginal[site], z[row + BUILD], built[site])
        if p.near_term_flag[site] == 1:
            sample(marginals, p.slip_marginal, z[row + SLIP], energised[site])
            _schedule_near_term(p.planned[site], p.start[site], energised[site], built[site], behind[site])
        else:
            _mix_queue_score(p, factor, z[p.region_row[site]], z[row + QUEUE], scratch[0])
            sample(marginals, p.queue_marginal[site], scratch[0], energised[site])
            sample(marginals, p.behind_meter_marginal, z[row + BEHIND_METER], scratch[1])
            _schedule_large_load(
                p.requested[site], p.start[site], p.fail_probability_threshold, z[row + FAIL], scratch[1],
                energised[site], built[site], behind[site],
            )  # fmt: skip


@inner
def _mix_queue_score(
    p: Grid,
    factor: NDArray[np.float64],
    region: NDArray[np.float64],
    site: NDArray[np.float64],
    score: NDArray[np.float64],
) -> None:
    """Fill the score of the queue time from the national factor, the region's score and the site's."""
    for lane in range(score.size):
        score[lane] = (
            p.national_share_loading * factor[lane]
            + p.regional_share_loading * region[lane]
            + p.queue_residual * site[lane]
            + p.score_shift
        )


@inner
def _schedule_near_term(
    planned: float,
    start: float,
    energised: NDArray[np.float64],
    built: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    """E = planned + slip (on entry `energised` holds the slip), B = min(start + build, E)."""
    for lane in range(energised.size):
        energised[lane] += planned
        built[lane] = min(start + built[lane], energised[lane])
        behind[lane] = 0.0


@inner
def _schedule_large_load(
    requested: float,
    start: float,
    threshold: float,
    fail: NDArray[np.float64],
    instead: NDArray[np.float64],
    energised: NDArray[np.float64],
    built: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    """Fill E = max(B, power): power from the queue, whose time `energised` holds on entry, or from behind the meter."""
    failure = max(0.0, requested)  # month in which the failure of the request is known
    for lane in range(energised.size):
        failed = fail[lane] < threshold
        power = failure + instead[lane] if failed else requested + energised[lane]
        built[lane] += start
        energised[lane] = max(built[lane], power)
        behind[lane] = 1.0 if failed else 0.0


# Closed forms. A law is given by its distribution function; months.

Distribution = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def lognormal_excess(strike: float, mu: float, sigma: float) -> float:
    """E[(D - K)+] for ln D ~ N(mu, sigma^2), in the unit of D: times a spend it is the idle capital of a phase.

    e^{mu + sigma^2 / 2} Phi(d) - K Phi(d - sigma), d = (mu + sigma^2 - ln K) / sigma: Black and Scholes 1973
    (doi:10.1086/260062), without discounting.
    """
    from scipy.special import ndtr

    d = (mu + sigma**2 - np.log(strike)) / sigma
    return float(np.exp(mu + 0.5 * sigma**2) * ndtr(d) - strike * ndtr(d - sigma))


def lognormal_tail(x: float, mu: float, sigma: float) -> float:
    """P(D > x) for ln D ~ N(mu, sigma^2)."""
    from scipy.special import ndtr

    return float(ndtr((mu - np.log(x)) / sigma))


def power_cdf(
    x: NDArray[np.float64], requested: float, queue: Distribution, fail: float, instead: Distribution
) -> NDArray[np.float64]:
    """P(power by month x): the queue's law from the request, with probability `fail` `instead` from max(0, request)."""
    return (1.0 - fail) * queue(x - requested) + fail * instead(x - max(0.0, requested))


def latest_cdf(x: NDArray[np.float64], laws: Sequence[Distribution]) -> NDArray[np.float64]:
    """P(max <= x) of independent times: the product of their distribution functions."""
    return np.asarray(np.prod([law(x) for law in laws], axis=0))


def mean_excess(law: Distribution, low: float, high: float) -> float:
    """E[(X - low)+] = int_low^high P(X > x) dx, where P(X > high) is negligible; trapezoids, error below 1e-5 of it."""
    x = np.linspace(low, high, 20_001)
    return float(np.trapezoid(1.0 - law(x), x))


def late_share_cdf(x: NDArray[np.float64], late: float, correlation: float) -> NDArray[np.float64]:
    """P(share of sites that are late <= x), many sites late with probability `late`, scores equally correlated.

    Phi((sqrt(1 - rho) Phi^-1(x) - Phi^-1(p)) / sqrt(rho)): Vasicek 2002, Loan portfolio value, Risk 15(12).
    """
    from scipy.special import ndtr, ndtri

    spread = np.sqrt(1.0 - correlation) * ndtri(x) - ndtri(late)
    return np.asarray(ndtr(spread / np.sqrt(correlation)))
