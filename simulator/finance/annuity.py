"""The level payment that repays a loan or recovers a cost."""

from __future__ import annotations

import math


def capital_recovery(rate: float, years: float) -> float:
    """Return the level yearly payment that repays 1 over `years` at `rate`: r / (1 - (1 + r)^-n), 1 / n at rate 0."""
    if rate == 0.0:
        return 1.0 / years
    return -rate / math.expm1(-years * math.log1p(rate))
