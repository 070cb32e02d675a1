"""Collects a model's marginals and random streams while it is frozen."""

from __future__ import annotations

from pathlib import Path

from simulator.config.fields.numbers import AnyNumber
from simulator.config.laws import is_fixed, law_of
from simulator.drivers import laws
from simulator.drivers.laws import Law
from simulator.drivers.marginals import Marginals
from simulator.sampling.draws import Layout

NO_ROW = 0  # row of what takes no scores; never read for its value


class Builder:
    """Laws are kept in the order in which they come; a fixed number takes no scores."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout()
        self._folder = folder
        self._laws: list[Law] = []

    def law(self, given: AnyNumber) -> Law:
        """The law that a config number stands for."""
        law: Law = law_of(given, self._folder)
        return law

    def marginal(self, law: Law | AnyNumber) -> int:
        """The index under which compiled code finds a law."""
        self._laws.append(law if isinstance(law, Law) else self.law(law))
        return len(self._laws) - 1

    def scores(self, name: str, count: int, *sampled: Law | AnyNumber) -> int:
        """First row of `count` scores; none where everything they would sample is a fixed number."""
        drawn = [law if isinstance(law, Law) else self.law(law) for law in sampled]
        if drawn and all(is_fixed(law) for law in drawn):
            return NO_ROW
        return self.layout.add(name, count)

    def sampled(self, name: str, given: AnyNumber) -> tuple[int, int]:
        """Marginal and row of a quantity drawn once per path."""
        law = self.law(given)
        return self.marginal(law), self.scores(name, 1, law)

    def marginals(self) -> Marginals:
        """All marginals, in the order of their indices."""
        return laws.freeze(self._laws)


def event_slots(gap: Law, years: float, age: float = 0.0) -> int:
    """Scores that a list of events takes: one more than can happen, so that the list is seen to end.

    Where the first gap has already lasted `age`, a count is so much likelier than without that knowledge.
    """
    if is_fixed(gap):
        return laws.slots(gap, years) + 2
    return laws.slots(gap, years + age, laws.NEGLIGIBLE * float(gap.sf(age))) + 1
