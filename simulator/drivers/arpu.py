"""Ad-ARPU elasticity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Arpu(NamedTuple):
    """Frozen numbers of the driver. Monthly tables have one entry per month."""

    base: NDArray[np.float64]  # (T,) ad revenue of the month without the programme and without noise, USD bn
    fleet: NDArray[np.float64]  # (T,) C0, effective compute without the programme, MW-equivalents
    level: float  # sensitivity of the noise's mean to F.arpu
    phi: float  # monthly persistence of the noise: exp(-kappa / 12)
    sd: float  # monthly innovation of the noise
    epsilon: int  # marginal of the elasticity
    load: float  # weight of F.arpu in the elasticity's score: sqrt(.3)
    own: float  # weight of its own score: sqrt(.7)
    lag: float  # monthly adoption: 1 - exp(-1 / lag months)
    margin: int  # marginal of the margin on incremental ads
    z_noise: int
    z_epsilon: int
    z_margin: int
