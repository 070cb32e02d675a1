"""Config numbers turned into laws."""

from __future__ import annotations

from pathlib import Path

from simulator.config.columns import read_column
from simulator.config.schema.laws import Column, Percentiles
from simulator.config.schema.numbers import AnyNumber
from simulator.config.schema.ranges import Swing
from simulator.drivers import laws


def law_of(given: AnyNumber, folder: Path) -> laws.Law:
    """The law that a config number stands for; ValueError `given .., wanted ..` where it is none."""
    if isinstance(given, (int, float)):
        return laws.constant(float(given))
    if isinstance(given, Swing):
        return laws.constant(given.value)
    if isinstance(given, Column):
        return laws.empirical(read_column(folder, given.csv, given.column))
    if isinstance(given, Percentiles):
        return laws.percentiles(given.p10, given.p50, given.p90, given.low, given.high)
    numbers = given.model_dump(exclude={"law", "zero"}, exclude_none=True)
    cut = {}
    if given.law not in ("beta", "uniform", "triangular", "pert"):
        cut = {end: numbers.pop(end) for end in ("low", "high") if end in numbers}
    law = laws.named(given.law, **numbers)
    if cut:
        law = laws.truncated(law, **cut)
    return laws.zero_inflated(law, given.zero) if given.zero else law


def is_fixed(law: laws.Law) -> bool:
    """Whether a law has only one value: such a number takes no scores."""
    return float(law.sd) == 0.0


def still(law: laws.Law, age: float) -> laws.Law:
    """The law of something that has lasted `age` and is not over; what is fixed is over by then at the earliest."""
    if age <= 0.0:
        return law
    return laws.constant(max(float(law.mean), age)) if is_fixed(law) else laws.given_over(law, age)
