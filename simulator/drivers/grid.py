"""Grid interconnection and construction delay: when a site is built and when it has power.

Power comes D months after the request, D a marginal whose score mixes a national factor, the region and the site:
q = sqrt(.05) F.grid + sqrt(.33) region + sqrt(.62) own. With probability .05 the request fails; power then comes from
behind the meter, later and at an extra cost. Construction ends at B; the site is energised at E = max(B, power).
A site planned within the next months has a date instead of a queue: E = planned + slip, and B is cut at E.

Sources: LBNL Queued Up (2024 edition) for the variance split; Epoch AI Frontier Data Centers (2026) for construction.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.drivers.marginals import Marginals, sample


class Grid(NamedTuple):
    """Frozen numbers of the driver; arrays have one entry per site. Times are months from the programme's start."""

    mw: NDArray[np.float64]  # IT load, MW
    start: NDArray[np.float64]  # construction start
    requested: NDArray[np.float64]  # date of the request for power
    planned: NDArray[np.float64]  # planned energisation (whole months)
    near: NDArray[np.int64]  # 1: planned within the near-term window, follows the slippage law
    queue: NDArray[np.int64]  # marginal of the queue time, months (conditional where requested < 0)
    build: NDArray[np.int64]  # marginal of the construction time, months (conditional where start < 0)
    behind_meter: int  # marginal of the months behind-the-meter power takes
    slip: int  # marginal of a near-term site's slip, months
    fail_z: float  # the request fails where its score is below this: Phi^-1(.05); -inf if it cannot fail
    national: float  # weight of F.grid in the queue score: sqrt(.05)
    regional: float  # weight of the region's score: sqrt(.33)
    own: float  # weight of the site's own score: sqrt(.62)
    z_region: NDArray[np.int64]  # row of the site's region score
    z_site: NDArray[np.int64]  # first of the site's five rows: queue, build, fail, behind the meter, slip


@njit
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
        row = p.z_site[site]
        sample(marginals, p.build[site], z[row + 1], built[site])
        if p.near[site] == 1:
            sample(marginals, p.slip, z[row + 4], energised[site])
            _near_term(p.planned[site], p.start[site], energised[site], built[site], behind[site])
        else:
            _queue_score(p, factor, z[p.z_region[site]], z[row], scratch[0])
            sample(marginals, p.queue[site], scratch[0], energised[site])
            sample(marginals, p.behind_meter, z[row + 3], scratch[1])
            _large_load(
                p.requested[site], p.start[site], p.fail_z, z[row + 2], scratch[1],
                energised[site], built[site], behind[site],
            )  # fmt: skip


@njit
def _queue_score(
    p: Grid,
    factor: NDArray[np.float64],
    region: NDArray[np.float64],
    own: NDArray[np.float64],
    score: NDArray[np.float64],
) -> None:
    for lane in range(score.size):
        score[lane] = p.national * factor[lane] + p.regional * region[lane] + p.own * own[lane]


@njit
def _near_term(
    planned: float,
    start: float,
    energised: NDArray[np.float64],
    built: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    """E = planned + slip (the slip stands in `energised`), B = min(start + build, E)."""
    for lane in range(energised.size):
        energised[lane] += planned
        built[lane] = min(start + built[lane], energised[lane])
        behind[lane] = 0.0


@njit
def _large_load(
    requested: float,
    start: float,
    fail_z: float,
    fail: NDArray[np.float64],
    instead: NDArray[np.float64],
    energised: NDArray[np.float64],
    built: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    """E = max(B, power), where power comes from the queue (its time stands in `energised`) or from behind the meter."""
    known = max(0.0, requested)
    for lane in range(energised.size):
        failed = fail[lane] < fail_z
        power = known + instead[lane] if failed else requested + energised[lane]
        built[lane] += start
        energised[lane] = max(built[lane], power)
        behind[lane] = 1.0 if failed else 0.0
