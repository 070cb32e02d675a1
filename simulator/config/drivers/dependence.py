"""Dependence in a config: the keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.config.builder import Builder
from simulator.config.fields.numbers import Correlation1, Number
from simulator.config.fields.ranges import Range, Table, number
from simulator.drivers.dependence import FACTORS, freeze_dependence, inverse_scale_law
from simulator.drivers.dependence import Dependence as FrozenDependence

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only


class Correlation(Table):
    """Correlations of the factors, pairs in the order silicon, grid, arpu, price, rates, spread. Absent: 0."""

    silicon_grid: Correlation1 = 0.0
    silicon_arpu: Correlation1 = 0.0
    silicon_price: Correlation1 = 0.0
    silicon_rates: Correlation1 = 0.0
    silicon_spread: Correlation1 = 0.0
    grid_arpu: Correlation1 = 0.0
    grid_price: Correlation1 = 0.0
    grid_rates: Correlation1 = 0.0
    grid_spread: Correlation1 = 0.0
    arpu_price: Correlation1 = 0.0
    arpu_rates: Correlation1 = 0.0
    arpu_spread: Correlation1 = 0.0
    price_rates: Correlation1 = 0.0
    price_spread: Correlation1 = 0.0
    rates_spread: Correlation1 = 0.0


FactorShift = Annotated[Number, Range(-10.0, 10.0)]


class Shift(Table):
    """Added to the systematic factors, standard deviations; 0: none, for scenarios."""

    silicon: FactorShift = Field(default=0.0, description="positive: faster obsolescence")
    grid: FactorShift = Field(default=0.0, description="positive: longer queues")
    arpu: FactorShift = Field(default=0.0, description="positive: higher revenue and elasticity")
    price: FactorShift = Field(default=0.0, description="positive: higher prices")
    rates: FactorShift = Field(default=0.0, description="positive: higher rates")
    spread: FactorShift = Field(default=0.0, description="positive: wider spreads")


class Dependence(Table):
    """The joint law of the systematic factors of the drivers."""

    family: Literal["t", "gaussian"] = Field(default="t", description="copula of the six factors")
    nu: Annotated[Number, Range(2.0, 1000.0, above=True)] = Field(
        default=6.0, description="degrees of freedom of the t copula; judgement"
    )
    correlation: Correlation = Field(
        default=Correlation(
            silicon_arpu=0.2,
            grid_price=0.3,
            grid_rates=0.1,
            grid_spread=0.1,
            arpu_price=0.3,
            arpu_spread=-0.3,
            price_spread=-0.3,
            rates_spread=-0.2,
        ),
        description="correlation matrix, all judgement: AI demand lifts ads and rents, scarce power lifts rents, "
        "recessions widen spreads. silicon_price is 0 because obsolescence cuts old vintages' rents already",
    )
    shift: Shift = Field(default=Shift(), description="added to the factors, standard deviations")


def freeze(config: Config, builder: Builder) -> FrozenDependence:
    """The frozen numbers: six factors from seven scores."""
    d = config.dependence
    pairs = {name: number(getattr(d.correlation, name)) for name in Correlation.model_fields}
    scale = builder.add_marginal(inverse_scale_law(number(d.nu)))
    row = builder.add_scores("dependence", len(FACTORS) + 1)
    shift = [number(getattr(d.shift, name)) for name in FACTORS]
    return freeze_dependence(correlation_matrix(pairs), d.family, number(d.nu), row, scale, shift)


def correlation_matrix(pairs: Mapping[str, float]) -> NDArray[np.float64]:
    """The matrix (6, 6) in the order of the factors; `pairs` are keyed `silicon_grid`."""
    matrix = np.eye(len(FACTORS))
    for name, value in pairs.items():
        first, second = (FACTORS.index(factor) for factor in name.split("_"))
        matrix[first, second] = matrix[second, first] = value
    return matrix
