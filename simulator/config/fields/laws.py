"""Distributions as a config may write them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from simulator.config.fields.ranges import Range, Table

__all__: list[str] = []  # used in this folder only

Above0 = Annotated[float, Range(0.0, above=True)]


class Named(Table):
    """Keys that every named law may have."""

    zero: Annotated[float, Range(0.0, 1.0)] = Field(default=0.0, description="probability of an atom at 0")


class Cut(Named):
    """A named law that may be cut to [low, high]; the atom at 0 is added after the cut."""

    low: float | None = Field(default=None, description="truncated below at this value")
    high: float | None = Field(default=None, description="truncated above at this value")


class Normal(Cut):
    """Normal law."""

    law: Literal["normal"]
    mean: float = Field(description="mean")
    sd: Above0 = Field(description="standard deviation")


class LogNormal(Cut):
    """Lognormal law."""

    law: Literal["lognormal"]
    median: Above0 = Field(description="median")
    sigma: Annotated[float, Range(0.0, 5.0, above=True)] = Field(description="standard deviation of the logarithm")


class Gamma(Cut):
    """Gamma law by shape and mean."""

    law: Literal["gamma"]
    shape: Annotated[float, Range(0.05, 1e4)] = Field(description="shape: the coefficient of variation to the power -2")
    mean: Above0 = Field(description="mean")


class Weibull(Cut):
    """Weibull law."""

    law: Literal["weibull"]
    shape: Annotated[float, Range(0.1, 1e3)] = Field(description="shape")
    scale: Above0 = Field(description="scale")


class Exponential(Cut):
    """Exponential law."""

    law: Literal["exponential"]
    mean: Above0 = Field(description="mean")


class Beta(Named):
    """Beta law on [low, high]."""

    law: Literal["beta"]
    a: Annotated[float, Range(0.05, 1e4)] = Field(description="first shape")
    b: Annotated[float, Range(0.05, 1e4)] = Field(description="second shape")
    low: float = Field(default=0.0, description="lower end")
    high: float = Field(default=1.0, description="upper end")


class Uniform(Named):
    """Uniform law on [low, high]."""

    law: Literal["uniform"]
    low: float = Field(description="lower end")
    high: float = Field(description="upper end")


class Triangular(Named):
    """Triangular law on [low, high] with its peak at `mode`."""

    law: Literal["triangular"]
    low: float = Field(description="lower end")
    mode: float = Field(description="most likely value")
    high: float = Field(description="upper end")


class Pert(Named):
    """PERT law: a beta on [low, high] with mean (low + 4 mode + high) / 6."""

    law: Literal["pert"]
    low: float = Field(description="lower end")
    mode: float = Field(description="most likely value")
    high: float = Field(description="upper end")


class Percentiles(Table):
    """A metalog law through three percentiles; `low` and `high` bound it."""

    p10: float = Field(description="10th percentile")
    p50: float = Field(description="median")
    p90: float = Field(description="90th percentile")
    low: float | None = Field(default=None, description="lower bound")
    high: float | None = Field(default=None, description="upper bound")


class Column(Table):
    """The empirical law of a column of numbers in a CSV file with a header row."""

    csv: str = Field(min_length=1, max_length=4096, description="file, relative to the folder of the config")
    column: str = Field(min_length=1, max_length=200, description="name in the header row")


NamedLaw: TypeAlias = Normal | LogNormal | Gamma | Weibull | Exponential | Beta | Uniform | Triangular | Pert
LAWS = ("normal", "lognormal", "gamma", "weibull", "exponential", "beta", "uniform", "triangular", "pert")
