"""Lists of events in continuous time, put on the monthly grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import Marginals, sample
from simulator.numerics.jit import inner


@inner
def month_of(months: float) -> int:
    """Month (m, m + 1] in which an event `months` after the start falls, as m; what lies before month 0 acts in it."""
    return max(int(math.ceil(months)) - 1, 0)


@inner
def next_times(
    marginals: Marginals, gap: int, z: NDArray[np.float64], time: NDArray[np.float64], scratch: NDArray[np.float64]
) -> None:
    """Advance the event times `time` (years, by lane) by a gap drawn from the scores z."""
    sample(marginals, gap, z, scratch)
    for lane in range(time.size):
        time[lane] += scratch[lane]


@inner
def any_before(time: NDArray[np.float64], months: int) -> bool:
    """Whether some lane's event falls inside the horizon."""
    found = 0
    for lane in range(time.size):
        found += 12.0 * time[lane] <= months
    return found > 0
