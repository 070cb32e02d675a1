"""Lists of events in continuous time, put on the monthly grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import Marginals, sample
from simulator.numerics.jit import inner

__all__: list[str] = []  # used in this folder only


@inner
def month_of(months: float) -> int:
    """The m whose month (m, m + 1] holds an event `months` after the start; events before month 0 act in month 0."""
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
    """True if some lane's event falls inside the horizon."""
    count = 0
    for lane in range(time.size):
        count += 12.0 * time[lane] <= months
    return count > 0


@inner
def record(series: NDArray[np.float64], trace: NDArray[np.float64]) -> None:
    """Copy a (months, lanes) series for a trace before it is overwritten."""
    for m in range(series.shape[0]):
        for lane in range(series.shape[1]):
            trace[m, lane] = series[m, lane]
