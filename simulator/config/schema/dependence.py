"""How the systematic factors of the drivers move together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.config.schema.numbers import Correlation1, Number
from simulator.config.schema.ranges import Range, Table


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


Moved = Annotated[Number, Range(-10.0, 10.0)]


class Shift(Table):
    """Added to the systematic factors, standard deviations; 0: none, for scenarios."""

    silicon: Moved = Field(default=0.0, description="positive: faster obsolescence")
    grid: Moved = Field(default=0.0, description="positive: longer queues")
    arpu: Moved = Field(default=0.0, description="positive: higher revenue and elasticity")
    price: Moved = Field(default=0.0, description="positive: higher prices")
    rates: Moved = Field(default=0.0, description="positive: higher rates")
    spread: Moved = Field(default=0.0, description="positive: wider spreads")


class Dependence(Table):
    """How the systematic factors of the drivers move together."""

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
