"""Config numbers turned into laws."""

from __future__ import annotations

from pathlib import Path

from simulator.config.columns import read_column
from simulator.config.fields.laws import Column, Percentiles
from simulator.config.fields.numbers import AnyNumber
from simulator.config.fields.ranges import Swing
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


def condition_on_elapsed(law: laws.Law, elapsed: float) -> laws.Law:
    """The law of a whole duration of which `elapsed` has passed; a fixed duration ends no earlier than now."""
    if elapsed <= 0.0:
        return law
    return laws.constant(max(float(law.mean), elapsed)) if is_fixed(law) else laws.condition_on_exceeding(law, elapsed)
