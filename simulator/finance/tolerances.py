"""Amounts below which a figure counts as nothing: rounding leaves less of a sum that should be zero."""

from __future__ import annotations

MONEY_TOLERANCE_USD_BN = 1e-9  # also: a lane that is clamped to its floor misses it by a rounding error
CAPACITY_TOLERANCE_MW = 1e-6
MONTHLY_RATE_TOLERANCE = 1e-12
