"""Figures of an explanation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.risk import intervals
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


Floats = NDArray[np.float64]


def mean_dict(values: Floats) -> dict[str, Any]:
    """The mean of values (n,) with its interval."""
    mean = float(values.mean())
    if values.size < 2:
        return Figure(mean, None, None, intervals.ALONE).to_dict()
    error = float(values.std(ddof=1)) / float(np.sqrt(values.size))
    return Figure(mean, *intervals.mean_interval(mean, error, values.size)).to_dict()
