"""The numbers of the model that a valuation reads beside the plans."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.arpu import Arpu
from simulator.drivers.grid import Grid
from simulator.drivers.marginals import Marginals
from simulator.finance.programme import Finance, Programme


class Company(NamedTuple):
    """The company: its sites, its ads, the market that it leases to and its programme."""

    marginals: Marginals
    grid: Grid
    arpu: Arpu
    market: NDArray[np.float64]  # (months,) MW that the market leases
    programme: Programme
    finance: Finance
