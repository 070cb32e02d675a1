"""Numbers as a config may write them, and the ranges they must keep.

A number is written `1.5` or, with a swing for the tornado, `{ value = 1.5, low = 1, high = 2 }`. A number that is
sampled may also be a distribution: a named law, three percentiles or a column of a CSV file.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Discriminator, Field, Tag

from simulator.config.fields.laws import Column, NamedLaw, Percentiles
from simulator.config.fields.ranges import Range, Swing

__all__ = ["AnyNumber", "Sampled", "Slug", "Title"]

SLUG = r"^[a-z][a-z0-9_]{0,39}$"
FOLDER = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"  # one name, no path


def sampled_shape(value: Any) -> str:
    """Return the tag of the form of a number that may be sampled; brackets tell tags from keys."""
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    if not isinstance(value, dict):
        return "<number>"
    forms = {"law": "<law>", "p10": "<percentiles>", "p50": "<percentiles>", "p90": "<percentiles>"}
    forms |= {"csv": "<column>", "column": "<column>", "value": "<swing>"}
    return next((form for key, form in forms.items() if key in value), "<unknown>")


def _fixed_shape(value: Any) -> str:
    """Return the tag of the form of a number that is not sampled."""
    form = sampled_shape(value)
    return "<law refused>" if form in ("<law>", "<percentiles>", "<column>") else form


Number = Annotated[
    Annotated[float, Tag("<number>")] | Annotated[Swing, Tag("<swing>")],
    Discriminator(_fixed_shape),
]
Sampled = Annotated[
    Annotated[float, Tag("<number>")]
    | Annotated[Swing, Tag("<swing>")]
    | Annotated[Annotated[NamedLaw, Field(discriminator="law")], Tag("<law>")]
    | Annotated[Percentiles, Tag("<percentiles>")]
    | Annotated[Column, Tag("<column>")],
    Discriminator(sampled_shape),
]
AnyNumber: TypeAlias = float | Swing | NamedLaw | Percentiles | Column

BIG = 1e9  # larger than any amount, price or capacity of a programme on Earth

Positive = Annotated[Number, Range(0.0, BIG, above=True)]
Amount = Annotated[Number, Range(0.0, BIG)]
Share = Annotated[Number, Range(0.0, 1.0)]
Rate = Annotated[Number, Range(0.0, 1.0)]  # per year
Growth = Annotated[Number, Range(-1.0, 1.0)]  # per year, continuous
Reversion = Annotated[Number, Range(0.0, 100.0, above=True)]  # per year
Volatility = Annotated[Number, Range(0.0, 5.0)]  # per sqrt(year)
Correlation1 = Annotated[Number, Range(-1.0, 1.0)]
Loading = Annotated[Number, Range(-5.0, 5.0)]
Date = Annotated[Number, Range(-1200.0, 1200.0)]  # months from the programme's start
Months = Annotated[Number, Range(0.0, 1200.0, whole=True)]
Lifetime = Annotated[Number, Range(1.0, 1200.0, whole=True)]
Slug = Annotated[str, Field(pattern=SLUG)]
Title = Annotated[str, Field(max_length=200)]
