"""Collects a model's marginals and random streams while it is frozen."""

from __future__ import annotations

from pathlib import Path

from simulator.config.fields.numbers import AnyNumber
from simulator.config.laws import build_law, is_fixed
from simulator.drivers import laws
from simulator.drivers.laws import Law
from simulator.drivers.marginals import Marginals
from simulator.sampling.draws import Layout

__all__: list[str] = []  # used in this folder only

NO_ROW = 0  # row of what takes no scores; never read for its value


class Builder:
    """Laws are kept in the order in which they come; a fixed number takes no scores."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout()
        self._folder = folder
        self._laws: list[Law] = []

    def build_law(self, value: AnyNumber) -> Law:
        """Return the law of a config number."""
        law: Law = build_law(value, self._folder)
        return law

    def add_marginal(self, law: Law | AnyNumber) -> int:
        """Add a law and return its index, by which compiled code reads it."""
        self._laws.append(law if isinstance(law, Law) else self.build_law(law))
        return len(self._laws) - 1

    def add_scores(self, name: str, count: int, *sampled: Law | AnyNumber) -> int:
        """Add `count` scores and return their first row; none if all that they would sample are fixed numbers."""
        drawn = [law if isinstance(law, Law) else self.build_law(law) for law in sampled]
        if drawn and all(is_fixed(law) for law in drawn):
            return NO_ROW
        return self.layout.add(name, count)

    def add_sampled(self, name: str, value: AnyNumber) -> tuple[int, int]:
        """Add a quantity drawn once per path; return its marginal and its row."""
        law = self.build_law(value)
        return self.add_marginal(law), self.add_scores(name, 1, law)

    def freeze_marginals(self) -> Marginals:
        """Return all marginals, in the order of their indices."""
        return laws.freeze(self._laws)


def event_slots(gap: Law, years: float, age: float = 0.0) -> int:
    """Return the scores that a list of events takes: one more than can happen, so that its end is visible.

    If the first gap has already lasted `age`, counts are conditional on that, and their tail probability is scaled.
    """
    if is_fixed(gap):
        return laws.slots(gap, years) + 2
    return laws.slots(gap, years + age, laws.NEGLIGIBLE * float(gap.sf(age))) + 1
