"""Tables, plain numbers with a swing, and the ranges that numbers must keep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.config.wording import quote

MOST_PATHS = 10**12  # of a run
MOST_SEED = 2**63 - 1


class Table(BaseModel):
    """A TOML table: strict, frozen, unknown keys refused, numbers finite."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Swing(Table):
    """A fixed number with the range over which the tornado swings it."""

    value: float = Field(description="the number itself")
    low: float = Field(description="low end of the swing")
    high: float = Field(description="high end of the swing")

    @model_validator(mode="after")
    def _ordered(self) -> Swing:
        if not self.low <= self.value <= self.high:
            value = f"low = {self.low:g}, value = {self.value:g}, high = {self.high:g}"
            raise PydanticCustomError("mistake", "{text}", {"text": f"given {value}, wanted low <= value <= high"})
        return self


def number(value: float | Swing) -> float:
    """Return the plain number of a value that is not sampled."""
    return value.value if isinstance(value, Swing) else float(value)


_FAR = 1e9  # an upper bound from here on is named only where a number exceeds it


@dataclass(frozen=True)
class Range:
    """The range of a number; it holds for value, low and high of a swing and for the support of a law."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # `low` itself is excluded
    whole: bool = False

    def __contains__(self, x: float) -> bool:
        inside = (self.low < x if self.above else self.low <= x) and x <= self.high
        return inside and (not self.whole or x == math.floor(x))

    def wanted(self, x: float) -> str:
        """Return the range in words, for a number outside it: `a number from 0 to 1`."""
        noun = "a whole number" if self.whole else "a number"
        if self.high >= _FAR and x > self.high:
            return f"{noun} of at most {self.high:g}"
        if self.above:
            return f"{noun} above {self.low:g}" + (f", at most {self.high:g}" if self.high < _FAR else "")
        return f"{noun} of at least {self.low:g}" if self.high >= _FAR else f"{noun} from {self.low:g} to {self.high:g}"

    def check(self, number: Any) -> Any:
        """Refuse a plain number or a swing outside the range; distributions are checked where their law is built."""
        for name, x in _parts(number):
            if x not in self:
                raise PydanticCustomError(
                    "mistake", "{text}", {"text": f"given {name}{quote(x)}, wanted {self.wanted(x)}"}
                )
        return number

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        json = handler(schema)
        for branch in json.get("oneOf", [json]):
            if branch.get("type") in ("number", "integer"):
                branch.update({"minimum": self.low} if self.low > -math.inf and not self.above else {})
                branch.update({"exclusiveMinimum": self.low} if self.above else {})
                branch.update({"maximum": self.high} if self.high < math.inf else {})
                branch.update({"multipleOf": 1} if self.whole else {})
        return json


def _parts(number: Any) -> Iterator[tuple[str, float]]:
    """Yield the plain numbers of a config number, each with the words that introduce it."""
    if isinstance(number, Swing):
        yield from (("value = ", number.value), ("low = ", number.low), ("high = ", number.high))
    elif isinstance(number, (int, float)):
        yield "", number
