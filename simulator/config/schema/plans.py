"""Plans: what the company does about the programme."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from simulator.config.schema.numbers import BIG, Amount, Months, Number, Positive, Rate, Share, Title
from simulator.config.schema.ranges import Range, Table

Chips = Literal["committed", "deferred"]
Refresh = Literal["book", "economic", "none"]


def _ladder_shape(given: Any) -> str:
    return "<switch>" if isinstance(given, bool) else "<amount>"


Ladder = Annotated[
    Annotated[bool, Tag("<switch>")] | Annotated[Positive, Tag("<amount>")],
    Discriminator(_ladder_shape),
]


class Liquidity(Table):
    """Cash and the revolver."""

    opening_cash: Annotated[Number, Range(-BIG, BIG)] = Field(
        default=51.6, description="cash and securities at month 0 before notes, USD bn; 81.6 at end 2025 less notes"
    )
    other_debt: Amount = Field(
        default=28.7, description="debt outside the plan, USD bn; 58.7 at end 2025 less 30 of notes"
    )
    floor: Annotated[Number, Range(-BIG, BIG)] = Field(
        default=20.0, description="liquidity the revolver defends, USD bn; judgement"
    )
    revolver: Amount = Field(default=20.0, description="limit of the revolver, USD bn; judgement")
    revolver_margin: Annotated[Number, Range(-0.5, 1.0)] = Field(
        default=0.011, description="its margin over rate plus spread, per year; judgement"
    )
    cash_rate: Rate = Field(default=0.04, description="earned on cash, per year, taxed; judgement")
    penalty: Amount = Field(default=0.0, description="one-off cash penalty, USD bn; 0: none")
    penalty_month: Months = Field(default=0.0, description="month in which it is paid")


class Covenants(Table):
    """What lenders test at quarter-ends. A covenant at 0 is off."""

    dscr: Annotated[Number, Range(0.0, 100.0)] = Field(
        default=1.20, description="lowest DSCR; usual in project finance"
    )
    fccr: Annotated[Number, Range(0.0, 100.0)] = Field(
        default=1.10, description="lowest FCCR where a plan has no notes; judgement"
    )
    leverage: Annotated[Number, Range(0.0, 1000.0)] = Field(
        default=3.5, description="highest consolidated debt over EBITDA; judgement"
    )
    cash: Amount = Field(default=20.0, description="lowest cash, USD bn; judgement")


class Levers(Table):
    """What a company can do about the programme; any consistent combination."""

    notes: Ladder = Field(
        default=True, description="true: all [[notes]]; false: none; a number: the ladder scaled to it, USD bn"
    )
    chips: Chips = Field(
        default="committed", description="compute is paid before the planned date, or deferred to follow power"
    )
    refresh: Refresh = Field(
        default="book", description="replace compute at book life, when it no longer pays its operating cost, or never"
    )
    refit: Share = Field(default=0.4, description="refit at a swap, share of shell cost; modular halls .1; judgement")
    liquidity: Liquidity = Field(default=Liquidity(), description="cash and the revolver")
    covenants: Covenants = Field(default=Covenants(), description="what lenders test")


class Plan(Levers):
    """One capital strategy."""

    title: Title = Field(default="", description="name in reports; empty: the id")
