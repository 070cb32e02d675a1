"""Grid interconnection and construction delay."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
