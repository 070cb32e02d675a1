"""Funding cost: the 10-year rate and the credit spread."""

from __future__ import annotations

from typing import NamedTuple


class Funding(NamedTuple):
    """Frozen numbers of the driver; rates are per year."""

    rate0: float  # 10-year rate at month 0
    rate_mean: float  # long-run rate
    rate_load: float  # sensitivity of the long-run rate to F.rates
    rate_phi: float  # monthly persistence
    rate_sd: float  # monthly innovation
    spread0: float  # spread at month 0
    spread_log_mean: float  # ln of the long-run spread
    spread_load: float  # sensitivity of that ln to F.spread
    spread_phi: float
    spread_sd: float
    z_rate: int
    z_spread: int
