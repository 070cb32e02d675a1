"""Tables of levers: what a plan can do beyond its notes, chips and refresh. Every one is off by default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.config.fields.laws import Normal
from simulator.config.fields.numbers import BIG, Amount, Lifetime, Months, Number, Positive, Rate, Sampled, Share, Slug
from simulator.config.fields.ranges import Range, Table

__all__: list[str] = []  # used in this folder only

Years = Annotated[Number, Range(1.0, 100.0, whole=True)]


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
    """The covenants that lenders test at quarter-ends. A covenant at 0 is off."""

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
    cures: Annotated[Number, Range(0.0, 1000.0, whole=True)] = Field(
        default=2.0, description="breaches that injected equity may cure, where equity is on; usual in project finance"
    )
    consequence: Literal["default", "sweep"] = Field(
        default="default", description="of an uncured breach: it is recorded, or cash above the floor prepays the notes"
    )


class Cloud(Table):
    """Capacity rented from a cloud where own_share is below 1."""

    term: Lifetime = Field(default=36.0, description="months of a rented term; terms of reported contracts: 1-5 years")


class Jv(Table):
    """A joint venture that owns sites and leases them to the company."""

    on: bool = Field(default=False, description="whether the plan uses it")
    share: Share = Field(default=0.8, description="the partner's share; Hyperion's partner, 2025")
    rate: Annotated[Number, Range(0.0001, 1.0)] = Field(
        default=0.0658, description="return the rent pays the partner, per year; coupon of Hyperion's bonds"
    )
    lease_years: Years = Field(default=20.0, description="years over which the rent repays it; judgement")
    renewal_years: Years = Field(
        default=4.0, description="years between dates at which the company may leave; Hyperion's lease terms"
    )
    guarantee: Share = Field(
        default=0.8, description="cap of the residual-value guarantee, share of the partner's base; judgement"
    )
    assets: Literal["shell", "all"] = Field(
        default="shell", description="what the venture owns: shell, or chips as well"
    )
    sites: Annotated[tuple[Slug, ...], Field(strict=False, max_length=200)] = Field(
        default=(), description="ids of the sites it takes; empty: all"
    )
    exit_block: Months = Field(
        default=36.0, description="months after a swap of chips in which the company does not leave; judgement"
    )


class LeaseExcess(Table):
    """Spare capacity let to others."""

    on: bool = Field(default=False, description="whether the plan uses it")
    occupancy: Share = Field(default=0.9, description="share of the spare capacity that is let; judgement")
    contract_share: Share = Field(
        default=0.5, description="share of let capacity under contract, the rest at spot; judgement"
    )
    term: Lifetime = Field(default=36.0, description="months of a contract; terms of reported leases: 1-5 years")
    default_rate: Annotated[Number, Range(0.0, 12.0)] = Field(
        default=0.03, description="defaults of a tenant a year; judgement"
    )
    cost_ratio: Share = Field(
        default=0.105, description="share of rent lost to selling and service; implied by a published EPS of 2.97"
    )
    crowding: Share = Field(
        default=0.15, description="of itself, what let spare capacity takes from the company's own work; judgement"
    )
    own_supply: bool = Field(default=True, description="whether what is let lowers the price that it fetches")
    previous_generation: bool = Field(
        default=False, description="whether whole sites of an older generation are let as well"
    )


class InternalOrLease(Table):
    """Each January, a part of a site is let for a year where that pays more than using it."""

    on: bool = Field(default=False, description="whether the plan uses it")
    share: Share = Field(default=0.5, description="of a site, the part that may be let; judgement")


class Disposal(Table):
    """A pool of assets held for sale."""

    on: bool = Field(default=False, description="whether the plan uses it")
    carrying: Amount = Field(default=2.04, description="carrying value, USD bn; 10-Q of June 2025")
    probability: Share = Field(default=0.9, description="probability that the sale closes; judgement")
    months: Lifetime = Field(default=12.0, description="months within which it closes; the issuer's statement, 2025")
    ratio: Annotated[Sampled, Range(0.0, 100.0)] = Field(
        default=Normal(law="normal", mean=1.0, sd=0.1), description="price over carrying value (law); judgement"
    )
    site: Annotated[str, Field(max_length=40)] = Field(
        default="", description="id of the site where the pool stands; empty: none of them"
    )


class Equity(Table):
    """Shares sold when the revolver is full."""

    on: bool = Field(default=False, description="whether the plan uses it")
    limit: Amount = Field(default=20.0, description="most that is raised, USD bn; judgement")
    price: Positive = Field(default=650.0, description="price of a share, USD; judgement, near prices of 2025-26")
    discount: Annotated[Number, Range(0.0, 0.99)] = Field(
        default=0.05, description="discount at which shares are sold; judgement"
    )
    base_eps: Annotated[Number, Range(-1e6, 1e6)] = Field(
        default=37.1, description="earnings of the base business, USD a share and year; 2.97 is 8 % of it in 2028"
    )
