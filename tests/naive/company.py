"""The company under a plan: revenue, tax, notes, cash and revolver, month by month."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.naive.marginals import Array
from tests.naive.sites import Works
from tests.naive.world import World

ROLLOVER = 120  # months of the bullet that refinances a note


@dataclass(eq=False)
class Note:
    """One tranche and the bullets that follow it."""

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
    """One bullet that replaced another: what the lender looks at, at the end of `month`."""

    month: int
    amount: float
    rate: Array  # of the new bullet
    service: Array  # a year of all other notes


@dataclass
class Books:
    """The company's accounts."""

    monthly: dict[str, Array]  # (months, paths)
    notes: list[Note]
    refinancings: list[Refinancing]
    shield: Array  # present value of tax on note interest, each at its own rate


def plan_notes(plans: Any, plan: int) -> list[Note]:
    """The ladder of a plan."""
    rows = range(plans.tranche_from[plan], plans.tranche_from[plan + 1])
    return [
        Note(
            float(plans.tranche_amount[k]),
            int(plans.tranche_issue[k]),
            int(plans.tranche_maturity[k]),
            float(plans.tranche_rate[k]),
            bool(plans.tranche_floating[k]),
            float(plans.tranche_margin[k]),
            float(plans.tranche_term[k]),
            bool(plans.tranche_refinance[k]),
            bool(plans.tranche_amortising[k]),
        )
        for k in rows
    ]


class Ladder:
    """All notes of a plan on every path."""

    def __init__(self, model: Any, world: World, plan: int) -> None:
        self.world, self.tax = world, model.finance.tax
        self.notes = plan_notes(model.plans, plan)
        self.refinancings: list[Refinancing] = []
        self.shield = np.zeros_like(world.eps)

    def step(self, m: int) -> dict[str, Array]:
        """Issues, interest, repayments and refinancings of month m, and what stands at its end."""
        nothing = np.zeros_like(self.world.eps)
        issued, interest, repaid, amortised = nothing, nothing, nothing, nothing
        paid = []  # interest and principal of the month by note
        for note in self.notes:
            if note.issue == m:
                note.balance, note.term = note.amount, note.first_term
                note.rate = nothing + note.coupon + (self.world.opening_rs[m] if note.floating else 0.0)
                issued = issued + note.amount
            due = note.balance * note.rate / 12.0 if note.balance else nothing
            interest = interest + due
            if note.balance:
                self.shield = self.shield + self.tax * due * (1.0 + note.rate) ** (-(m + 1) / 12.0)
            part = 0.0
            if note.amortising and note.issue <= m <= note.maturity:
                part = note.amount / (note.maturity - note.issue + 1)
                amortised = amortised + part
            elif note.maturity == m and not note.refinanced and note.balance:
                repaid = repaid + note.amount
                note.balance = 0.0
            paid.append((due, part))
        self._refinance(m, paid)
        self._amortise(m)
        service = sum((note.balance / note.term for note in self._bullets()), 0.0)
        return {
            "issues": issued,
            "interest": interest,
            "repayments": repaid + amortised,
            "amortised": amortised,
            "notes": nothing + sum(note.balance for note in self.notes),
            "bullet_service": nothing + service,
        }

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
            self.refinancings.append(Refinancing(m, note.balance, note.rate, service))


def run_company(model: Any, world: World, plan: int, works: Works) -> Books:
    """Accounts of a plan over the horizon."""
    plans, finance, arpu = model.plans, model.finance, model.arpu
    tax, monthly = finance.tax, works.monthly
    ladder = Ladder(model, world, plan)
    learned = np.zeros_like(world.eps)  # L, adoption of effective compute
    cash = np.full(world.eps.shape, plans.opening_cash[plan])
    revolver = np.zeros_like(cash)
    rows: dict[str, list[Array]] = {}
    for m in range(model.months):
        ratio = (arpu.fleet[m] + monthly["W"][m]) / arpu.fleet[m]
        learned = learned + arpu.lag * (np.log(ratio) - learned)
        ads = arpu.base[m] * world.boom[m]
        increment = world.margin * ads * np.expm1(world.eps * learned)
        ebitda = increment - monthly["operating_cost"][m]
        gain, dep = monthly["gain"][m], monthly["dep"][m]
        outlay = monthly["capex"][m] - monthly["sale"][m]
        notes = ladder.step(m)
        drawn = revolver * (world.opening_rs[m] + plans.revolver_margin[plan]) / 12.0
        levered = tax * (ebitda - dep + gain - notes["interest"] - drawn)
        unlevered = tax * (ebitda - dep + gain)
        base = finance.base_cash_flow + world.margin * (1.0 - tax) * arpu.base[m] * (world.boom[m] - 1.0)
        income = (1.0 - tax) * plans.cash_rate[plan] / 12.0 * cash
        penalty = plans.penalty[plan] if m == plans.penalty_month[plan] else 0.0
        cash = cash + base + income + ebitda - levered - outlay - notes["interest"] - drawn - penalty
        cash = cash + notes["issues"] - notes["repayments"]
        wanted = np.maximum(plans.cash_floor[plan] - cash, -revolver)  # negative: repay
        draw = np.minimum(wanted, plans.revolver[plan] - revolver)
        cash, revolver = cash + draw, revolver + draw
        row = notes | {
            "increment": increment,
            "ebitda": ebitda,
            "cf": ebitda - unlevered - outlay,
            "profit": (1.0 - tax) * (ebitda - dep + gain - notes["interest"] - drawn),
            "operating_profit": (1.0 - tax) * (ebitda - dep + gain),
            "cfads": ebitda - levered,
            "ads": ads,
            "cash": cash,
            "revolver": revolver,
            "revolver_interest": drawn,
            "debt": notes["notes"] + revolver,
            "shortfall": np.maximum(plans.cash_floor[plan] - cash, 0.0),
            "turnover": abs(base) + abs(income) + abs(ebitda) + abs(levered) + monthly["capex"][m]
            + monthly["sale"][m] + notes["interest"] + drawn + notes["issues"] + notes["repayments"] + penalty,
        }  # fmt: skip
        for name, values in row.items():
            rows.setdefault(name, []).append(values)
    series = {name: np.array(values) for name, values in rows.items()}
    series["cash_flow"], series["cumulative"] = series["cf"], np.cumsum(series["cf"], axis=0)
    return Books(series, ladder.notes, ladder.refinancings, ladder.shield)
