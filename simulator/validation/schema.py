"""A case file: a claim, its source, and how its figures are computed here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simulator.config.fields.numbers import Slug, Title
from simulator.config.fields.ranges import Range, Table

__all__: list[str] = []  # used in this folder only

_ROUNDING = 1e-9  # of the value: 0.35 less 0.30 is not .05 in binary


class Expected(Table):
    """The expected value of a figure with its tolerance, or a range."""

    value: float | None = Field(default=None, description="the number itself")
    tolerance: Annotated[float, Range(0.0)] | None = Field(default=None, description="how far off still agrees")
    low: float | None = Field(default=None, description="low end of a range")
    high: float | None = Field(default=None, description="high end of a range")

    @model_validator(mode="after")
    def _one_form(self) -> Expected:
        keys = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if keys not in ({"value", "tolerance"}, {"low", "high"}):
            text = f"given {', '.join(sorted(keys)) or 'nothing'}, wanted value and tolerance, or low and high"
            raise PydanticCustomError("mistake", "{text}", {"text": text})
        if self.low is not None and self.high is not None and self.low > self.high:
            text = f"given low = {self.low:g}, high = {self.high:g}, wanted low <= high"
            raise PydanticCustomError("mistake", "{text}", {"text": text})
        return self

    def agrees(self, x: float) -> bool:
        """True if a computed number lies within the tolerance; an undefined number does not."""
        if self.value is not None and self.tolerance is not None:
            return abs(x - self.value) <= self.tolerance + _ROUNDING * abs(self.value)
        return self.low is not None and self.high is not None and self.low <= x <= self.high


class Figure(Table):
    """One figure: how it is computed and, unless it is only a step, what it is held against."""

    id: Slug | None = Field(default=None, description="a name by which later figures take it as an input")
    title: Annotated[Title, Field(min_length=1)] = Field(description="what it is, in words")
    unit: Annotated[str, Field(max_length=20)] = Field(default="", description="its unit")
    digits: Annotated[int, Range(0, 12, whole=True)] = Field(default=2, description="digits after the point in print")
    compute: str | None = Field(default=None, description="a function by name: arithmetic")
    inputs: dict[str, Any] = Field(
        default={}, description="its arguments: numbers, lists, laws, ids of earlier figures, keys of the config"
    )
    metric: str | None = Field(default=None, description='simulated: "<plan>.<metric>" or "world.<metric>" by path')
    series: str | None = Field(default=None, description='simulated: "<plan>.<series>" or "world.<series>" by month')
    months: Annotated[tuple[int, int], Field(strict=False)] | None = Field(
        default=None, description="first and last month of the series that count"
    )
    read: Literal["mean", "sum", "later"] = Field(
        default="mean", description="of those months the mean, the sum, or the mean of (age months later) / (then)"
    )
    age: Annotated[int, Range(0, 600, whole=True)] = Field(default=0, description='months, for read = "later"')
    less: str | None = Field(default=None, description="a metric or series that is subtracted path by path")
    above: float | None = Field(default=None, description="count paths above this instead of averaging them")
    changes: Annotated[tuple[str, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="KEY=VALUE changes of the config for this figure"
    )
    headline: Expected | None = Field(default=None, description="the figure that is claimed")
    instead: Expected | None = Field(default=None, description="what is computed where the claim does not reproduce")

    @property
    def simulated(self) -> bool:
        """True if the figure needs a simulation."""
        return self.compute is None


class Case(Table):
    """A claim and the figures it is held against."""

    case: Annotated[int, Range(1, 9999, whole=True)] = Field(description="its number")
    title: Annotated[Title, Field(min_length=1)] = Field(description="its name")
    claim: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="what is claimed, in words")
    source: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="who claims it, where")
    note: Annotated[str, Field(max_length=4000)] = Field(default="", description="what a reader should know")
    reproduces: bool = Field(default=True, description="false: the claim is known not to reproduce")
    config: Any = Field(default=None, description="a config: a table, the name of one that ships, or a file")
    paths: Annotated[int, Range(2, 1_000_000, whole=True)] = Field(default=4096, description="paths that are simulated")
    figures: Annotated[tuple[Figure, ...], Field(strict=False, min_length=1, max_length=200)] = Field(
        description="what is computed"
    )
