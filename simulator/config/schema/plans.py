"""Plans: what the company does about the programme."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from simulator.config.fields.numbers import Positive, Share, Title
from simulator.config.fields.ranges import Table
from simulator.config.schema.levers import (
    Cloud,
    Covenants,
    Disposal,
    Equity,
    InternalOrLease,
    Jv,
    LeaseExcess,
    Liquidity,
)

__all__: list[str] = []  # used in this folder only

Chips = Literal["committed", "deferred"]
Refresh = Literal["book", "economic", "none"]


AMOUNT = "<amount>"  # mark of a number where true and false may stand as well


def _ladder_shape(value: Any) -> str:
    return "<switch>" if isinstance(value, bool) else AMOUNT


Ladder = Annotated[
    Annotated[bool, Tag("<switch>")] | Annotated[Positive, Tag(AMOUNT)],
    Discriminator(_ladder_shape),
]


class Levers(Table):
    """The levers of a plan, in any consistent combination."""

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
    own_share: Share = Field(default=1.0, description="share of every site that is owned, the rest rented; 1: all")
    liquidity: Liquidity = Field(default=Liquidity(), description="cash and the revolver")
    covenants: Covenants = Field(default=Covenants(), description="what lenders test")
    cloud: Cloud = Field(default=Cloud(), description="capacity rented from a cloud")
    jv: Jv = Field(default=Jv(), description="a joint venture that owns sites and leases them to the company")
    lease_excess: LeaseExcess = Field(default=LeaseExcess(), description="spare capacity let to others")
    internal_or_lease: InternalOrLease = Field(
        default=InternalOrLease(), description="a part of a site let for a year where that pays more than using it"
    )
    disposal: Disposal = Field(default=Disposal(), description="a pool of assets held for sale")
    equity: Equity = Field(default=Equity(), description="shares sold when the revolver is full")


class Plan(Levers):
    """One capital strategy."""

    title: Title = Field(default="", description="name in reports; empty: the id")
