"""Compute price."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Price(NamedTuple):
    """Frozen numbers of the driver; prices are USD per W-year of the frontier vintage."""

    kind: int  # 0: mean reversion with jumps; 1: three regimes
    spot0: float  # price at month 0
    longrun: int  # marginal of the long-run price
    load: float  # ln sensitivity of the long-run price (kind 1: of all levels) to F.price
    kappa: float  # mean reversion per year
    phi: float  # monthly persistence of ln price (kind 1: of the noise around the level)
    sd: float  # monthly innovation
    common: float  # correlation of the monthly shocks with those of ARPU
    own: float  # sqrt(1 - common^2)
    jump_slots: int  # most jumps a path can hold (0: none)
    jump_gap: int  # marginal of the years between jumps (exponential)
    jump_size: int  # marginal of a jump of ln price
    level: NDArray[np.float64]  # (3,) price in glut, normal, shortage
    stay: NDArray[np.int64]  # (3,) marginals of the years in each regime (exponential)
    state0: int  # regime at month 0
    regime_slots: int  # most regime changes a path can hold (0 unless kind 1)
    z_noise: int
    z_longrun: int
    z_jump_gap: int
    z_jump_size: int
    z_stay: int
    z_turn: int
