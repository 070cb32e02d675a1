"""Config numbers turned into laws."""

from __future__ import annotations

from pathlib import Path

from simulator.config.columns import read_column
from simulator.config.fields.laws import Column, Percentiles
from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import Swing
from simulator.drivers import laws

__all__ = ["build_law"]


def build_law(value: AnyNumber, folder: Path) -> laws.Law:
    """Return the law of a config number; ValueError `given .., wanted ..` where it has none."""
    if isinstance(value, (int, float)):
        return laws.constant(float(value))
    if isinstance(value, Swing):
        return laws.constant(value.value)
    if isinstance(value, Column):
        return laws.empirical(read_column(folder, value.csv, value.column))
    if isinstance(value, Percentiles):
        return laws.percentiles(value.p10, value.p50, value.p90, value.low, value.high)
    numbers = value.model_dump(exclude={"law", "zero"}, exclude_none=True)
    cut = {}
    if value.law not in ("beta", "uniform", "triangular", "pert"):
        cut = {end: numbers.pop(end) for end in ("low", "high") if end in numbers}
    law = laws.named(value.law, **numbers)
    if cut:
        law = laws.truncated(law, **cut)
    return laws.zero_inflated(law, value.zero) if value.zero else law


def is_fixed(law: laws.Law) -> bool:
    """True if a law has only one value; such a number takes no scores."""
    return float(law.sd) == 0.0


def condition_on_elapsed(law: laws.Law, elapsed: float) -> laws.Law:
    """Return the law of a whole duration of which `elapsed` has passed; a fixed duration ends no earlier than now."""
    if elapsed <= 0.0:
        return law
    return laws.constant(max(float(law.mean), elapsed)) if is_fixed(law) else laws.condition_on_exceeding(law, elapsed)
