"""The inputs that the paths of a run were drawn with: systematic factors, uncertain numbers, and each month's noise.

They are functions of seed, path and the stored model, so they are drawn again rather than kept in the sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers import dependence
from simulator.drivers.dependence import FACTORS
from simulator.drivers.marginals import sample
from simulator.model import Model
from simulator.sampling.draws import Draws
from simulator.sampling.sampler import fill

__all__: list[str] = []  # used among analyses only

_CHUNK = 4096  # paths drawn at a time


class InputColumn(NamedTuple):
    """An input as a column: its name, its title in a sentence, its unit and the group of drivers it belongs to."""

    name: str
    title: str
    unit: str
    group: str


class UncertainNumber(NamedTuple):
    """A number drawn once a path: its stream, and where the model has its marginal and row."""

    stream: str
    column: InputColumn
    marginal: int
    row: int


_FACTORS = {  # title and group
    "silicon": ("Factor of silicon obsolescence", "silicon"),
    "grid": ("Factor of grid delay", "grid"),
    "arpu": ("Factor of ad revenue", "ads"),
    "price": ("Factor of the compute price", "price"),
    "rates": ("Factor of interest rates", "funding"),
    "spread": ("Factor of credit spreads", "funding"),
}
_NOISE = {
    "drivers.arpu.noise": InputColumn("noise.ads", "Sum of the months' shocks to ad revenue", "sd", "ads"),
    "drivers.price.noise": InputColumn("noise.price", "Sum of the months' shocks to the price", "sd", "price"),
    "drivers.funding.rate": InputColumn("noise.rate", "Sum of the months' shocks to the rate", "sd", "funding"),
    "drivers.funding.spread": InputColumn("noise.spread", "Sum of the months' shocks to the spread", "sd", "funding"),
}


_NUMBERS = (  # stream, column, and where the model has `<name>_marginal` and `<name>_row`
    (
        "drivers.arpu.eps",
        InputColumn("world.eps", "Elasticity of ad revenue to compute", "", "elasticity"),
        ("arpu", "elasticity"),
    ),
    (
        "programme.cost",
        InputColumn("input.cost_multiplier", "Cost multiplier of building", "", "costs"),
        ("programme", "cost_multiplier"),
    ),
    (
        "programme.operating_cost",
        InputColumn("input.operating_cost", "Operating cost", "USD/W-year", "costs"),
        ("programme", "operating_cost"),
    ),
    ("programme.resale", InputColumn("input.resale", "Resale value", "", "costs"), ("programme", "resale")),
    ("drivers.arpu.margin", InputColumn("input.margin", "Margin of ad revenue", "", "ads"), ("arpu", "margin")),
    (
        "drivers.price.longrun",
        InputColumn("input.longrun", "Long-run price of compute", "USD/W-year", "price"),
        ("price", "longrun"),
    ),
)


def uncertain_numbers(model: Model) -> list[UncertainNumber]:
    """The numbers drawn once a path, whether or not they are random in this model."""
    return [
        UncertainNumber(stream, column, getattr(node, f"{name}_marginal"), getattr(node, f"{name}_row"))
        for stream, column, (part, name) in _NUMBERS
        for node in (getattr(model, part),)
    ]


def _own_numbers(model: Model, streams: Mapping[str, int]) -> list[UncertainNumber]:
    """The random numbers that are no summary of the world already, as the elasticity is."""
    numbers = [number for number in uncertain_numbers(model) if number.stream in streams]
    return [number for number in numbers if number.column.name.startswith("input.")]


def factor_column(name: str) -> InputColumn:
    """Return the column of a systematic factor."""
    title, group = _FACTORS[name]
    return InputColumn(f"factor.{name}", title, "sd", group)


def input_columns(model: Model, streams: Mapping[str, int]) -> list[InputColumn]:
    """Return the inputs of a model that vary, in the order of `draw_inputs`; `streams` are its streams by name."""
    factors = [factor_column(name) for name in FACTORS]
    scalars = [number.column for number in _own_numbers(model, streams)]
    return [*factors, *scalars, *(column for stream, column in _NOISE.items() if stream in streams)]


def draw_inputs(model: Model, streams: Mapping[str, int], seed: int, paths: int) -> dict[str, NDArray[np.float64]]:
    """Return every input of paths 0 .. paths - 1, (paths,) by name, to the bits that the run was made with."""
    columns = input_columns(model, streams)
    scalars = _own_numbers(model, streams)
    wanted = {
        streams[name] for name in ("dependence", *(scalar.stream for scalar in scalars), *_NOISE) if name in streams
    }
    kept = np.isin(model.draws.stream, list(wanted))
    draws = Draws(model.draws.stream[kept], model.draws.row[kept], model.draws.groups[kept], model.draws.rows)
    rows = {int(stream): int(row) for stream, row in zip(model.draws.stream, model.draws.row, strict=True)}
    drawn = {column.name: np.empty(paths) for column in columns}
    for first in range(0, paths, _CHUNK):
        numbers = np.arange(first, min(first + _CHUNK, paths))
        z = np.zeros((model.draws.rows, numbers.size))
        fill(draws, seed, numbers, z)
        values = np.empty((len(columns), numbers.size))
        dependence.factors(model.dependence, model.marginals, z, values[: len(FACTORS)])
        for k, scalar in enumerate(scalars, len(FACTORS)):
            sample(model.marginals, scalar.marginal, z[scalar.row], values[k])
        noise = (rows[streams[name]] for name in _NOISE if name in streams)
        for k, row in enumerate(noise, len(FACTORS) + len(scalars)):
            values[k] = z[row : row + model.months].sum(axis=0) / math.sqrt(model.months)
        for column, part in zip(columns, values, strict=True):
            drawn[column.name][numbers] = part
    return drawn
