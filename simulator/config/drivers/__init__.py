"""The drivers in a config, one module each: a table of keys with defaults and sources, and `freeze(config, builder)`.

`freeze` gives the NamedTuple of `simulator.drivers` that compiled code reads. Its fields are named after the keys:
`simulator/drivers/__init__.py` lists the suffixes.
"""

from __future__ import annotations

from simulator.config.drivers.arpu import Arpu
from simulator.config.drivers.funding import Funding
from simulator.config.drivers.grid import Grid
from simulator.config.drivers.price import Price
from simulator.config.drivers.silicon import Silicon
from simulator.config.fields.ranges import Table


class Drivers(Table):
    """The five drivers."""

    silicon: Silicon = Silicon()
    grid: Grid = Grid()
    arpu: Arpu = Arpu()
    price: Price = Price()
    funding: Funding = Funding()
