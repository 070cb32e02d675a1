"""The model: every number a path needs, frozen into one tree that compiled code reads.

Leaves are float64, int64 or C-contiguous writeable arrays, so that every config has one compiled signature.
"""

from __future__ import annotations

from typing import NamedTuple

from simulator.drivers.arpu import Arpu
from simulator.drivers.dependence import Dependence
from simulator.drivers.funding import Funding
from simulator.drivers.grid import Grid
from simulator.drivers.marginals import Marginals
from simulator.drivers.price import Price
from simulator.drivers.silicon import Silicon
from simulator.finance.plan.plans import Plans
from simulator.finance.programme import Finance, Programme
from simulator.sampling.draws import Draws


class Model(NamedTuple):
    """One simulation: T months, a programme of sites and the plans that pay for it."""

    months: int
    draws: Draws
    marginals: Marginals
    dependence: Dependence
    silicon: Silicon
    grid: Grid
    arpu: Arpu
    price: Price
    funding: Funding
    programme: Programme
    finance: Finance
    plans: Plans
