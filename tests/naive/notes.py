"""The notes of a plan: issues, interest, repayment, refinancing, and what a sweep has prepaid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.naive.marginals import Array
from tests.naive.world import World

ROLLOVER = 120  # months of the bullet that refinances a note


@dataclass(eq=False)
class Note:
    """One tranche and the bullets that follow it, as scheduled."""

    amount: float
    issue: int
    maturity: int
    coupon: float
    floating: bool
    margin: float
    first_term: float  # years, at issue
    refinanced: bool
    amortising: bool
    balance: float = 0.0  # the same on every path
    term: float = 0.0  # of the bullet that stands now
    rate: Array = field(default_factory=lambda: np.zeros(0))  # in force


@dataclass
class Refinancing:
    """One bullet that replaced another: what the lender looks at when `month` closes, after its sweep."""

    month: int
    amount: Array
    rate: Array  # of the new bullet
    service: Array  # a year of all other notes


def plan_notes(plans: Any, plan: int) -> list[Note]:
    """The ladder of a plan."""
    rows = range(plans.notes.first_tranche[plan], plans.notes.end_tranche[plan])
    tranches = plans.notes.tranches
    return [
        Note(
            float(tranches.amount[k]),
            int(tranches.issue[k]),
            int(tranches.maturity[k]),
            float(tranches.rate[k]),
            bool(tranches.floating[k]),
            float(tranches.refinance_margin[k]),
            float(tranches.term[k]),
            bool(tranches.refinance[k]),
            bool(tranches.kind[k]),
        )
        for k in rows
    ]


class Ladder:
    """All notes of a plan on every path; `left` is the share of the schedule that no sweep has prepaid."""

    def __init__(self, model: Any, world: World, plan: int) -> None:
        self.world, self.tax = world, model.finance.tax
        self.notes = plan_notes(model.plans, plan)
        self.refinancings: list[Refinancing] = []
        self.rolled: list[Refinancing] = []  # of the month, as scheduled
        self.shield = np.zeros_like(world.eps)
        self.left = np.ones_like(world.eps)

    def scheduled(self) -> float:
        """Balance of all notes without prepayment."""
        return sum(note.balance for note in self.notes)

    def outstanding(self) -> Array:
        """Balance of all notes."""
        return self.left * self.scheduled()

    def bullet_service(self) -> Array:
        """A year's share of each bullet's principal."""
        return self.left * sum((note.balance / note.term for note in self._bullets()), 0.0)

    def sweep(self, cash: Array) -> Array:
        """Close the month: prepay all notes pro rata with so much cash; returns what was paid."""
        paid = np.minimum(cash, self.outstanding())
        if self.scheduled():
            self.left = self.left - paid / self.scheduled()
        for event in self.rolled:
            event.amount, event.service = self.left * event.amount, self.left * event.service
        self.refinancings += self.rolled
        self.rolled = []
        return paid

    def step(self, m: int) -> dict[str, Array]:
        """Issues, interest, repayments and refinancings of month m."""
        nothing = np.zeros_like(self.world.eps)
        issued, interest, repaid, amortised = self._issue(m), nothing, nothing, nothing
        paid = []  # interest and principal of the month by note, as scheduled
        for note in self.notes:
            due = note.balance * note.rate / 12.0 if note.balance else nothing
            interest = interest + self.left * due
            if note.balance:
                self.shield = self.shield + self.tax * self.left * due * (1.0 + note.rate) ** (-(m + 1) / 12.0)
            part = 0.0
            if note.amortising and note.issue <= m <= note.maturity:
                part = note.amount / (note.maturity - note.issue + 1)
                amortised = amortised + self.left * part
            elif note.maturity == m and not note.refinanced and note.balance:
                repaid = repaid + self.left * note.amount
                note.balance = 0.0
            paid.append((due, part))
        self._refinance(m, paid)
        self._amortise(m)
        return {
            "issues": nothing + issued,
            "interest": interest,
            "repayments": repaid + amortised,
            "amortised": amortised,
        }

    def _issue(self, m: int) -> float:
        """Notes issued in month m; they are whole, so the share left of all rises."""
        new = [note for note in self.notes if note.issue == m]
        amount, before = sum(note.amount for note in new), self.scheduled()
        for note in new:
            note.balance, note.term = note.amount, note.first_term
            note.rate = np.zeros_like(self.left) + note.coupon + (self.world.opening_rs[m] if note.floating else 0.0)
        if new:
            self.left = (self.left * before + amount) / (before + amount)
        return amount

    def _bullets(self) -> list[Note]:
        return [note for note in self.notes if note.balance and not note.amortising]

    def _amortise(self, m: int) -> None:
        """Reduce amortising balances at the month's end, to nothing at maturity."""
        for note in self.notes:
            if note.amortising and note.issue <= m <= note.maturity:
                count = note.maturity - note.issue + 1
                note.balance = note.amount * (note.maturity - m) / count

    def _refinance(self, m: int, paid: list[tuple[Array, float]]) -> None:
        """Replace what matures at the end of month m by a bullet of ten years at the closing curve."""
        rolling = [note for note in self._bullets() if note.maturity == m and note.refinanced]
        for note in rolling:
            note.rate, note.term, note.maturity = self.world.rs[m] + note.margin, ROLLOVER / 12.0, m + ROLLOVER
        for note in rolling:
            service = np.zeros_like(self.world.eps)
            for other, (interest, principal) in zip(self.notes, paid, strict=True):
                if other is not note:
                    service = service + 12.0 * (interest + principal)
                if other is not note and other in self._bullets():  # as they stand when the month closes
                    service = service + other.balance / other.term
            self.rolled.append(Refinancing(m, note.balance + 0.0 * service, note.rate, service))
