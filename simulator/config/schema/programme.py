"""The programme: what is built, what it costs, and the notes that pay for it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulator.config.fields.laws import Pert
from simulator.config.fields.numbers import (
    BIG,
    Date,
    Growth,
    Lifetime,
    Months,
    Number,
    Positive,
    Rate,
    Sampled,
    Share,
    Slug,
    Title,
)
from simulator.config.fields.ranges import Range, Table

__all__: list[str] = []  # used in this folder only


class Programme(Table):
    """Costs, lives and the company's own figures."""

    shell_cost: Positive = Field(
        default=11.74, description="shell, USD per W of IT load; 31 % of 37.88, Epoch AI's cost model"
    )
    compute_cost: Positive = Field(
        default=26.14, description="compute, USD per W of IT load; 69 % of 37.88, Epoch AI's cost model"
    )
    cost_multiplier: Annotated[Sampled, Range(0.0, 100.0, above=True)] = Field(
        default=Pert(law="pert", low=0.92, mode=1.0, high=1.4),
        description="multiplier of both costs (number or law); judgement",
    )
    delivery_months: Annotated[Number, Range(1.0, 120.0, whole=True)] = Field(
        default=6.0, description="months over which compute is paid and delivered; judgement"
    )
    operating_cost: Annotated[Sampled, Range(0.0, 1e6)] = Field(
        default=0.902, description="operating cost at full service, USD/W-y (number or law); Epoch AI's cost model"
    )
    idle_share: Share = Field(default=0.2, description="share of it from completed delivery to service; judgement")
    cost_growth: Growth = Field(
        default=0.025, description="ln growth a year of operating cost, refit and behind-the-meter cost; judgement"
    )
    compute_life: Lifetime = Field(
        default=66.0, description="book life of compute, months; 5.5 y in the issuer's accounts"
    )
    shell_life: Lifetime = Field(default=240.0, description="book life of shell, months; usual practice, 20 y")
    training: Months = Field(default=4.0, description="months from service to the end of training; runs of 89-100 days")
    deployment: Months = Field(default=2.0, description="months from training to work; judgement")
    internal_use: Share = Field(
        default=0.65,
        description="share of a working site that the company uses itself; 65 % reported, the rest is spare",
    )
    resale: Annotated[Sampled, Range(0.0, 1.0)] = Field(
        default=0.85, description="proceeds of a sale over V x cost (number or law); 90-day liquidation factor"
    )
    shell_price: Positive = Field(
        default=12.0, description="compute price at which shell keeps its book value at the horizon, USD/W-y"
    )
    cancellation_fee: Share = Field(
        default=0.1, description="fee for deferring chips by 6 months or more, share of compute cost; judgement"
    )
    tax: Share = Field(default=0.15, description="tax rate; 13 % normalised in 2025, rounded up")
    wacc: Rate = Field(default=0.085, description="discount rate of npv, per year; judgement")
    wacc_basis: Literal["fixed", "over_rate"] = Field(
        default="fixed",
        description="fixed: wacc is the whole rate; over_rate: a margin over the expected 10-year rate, so that rates "
        "move npv",
    )
    unlevered_cost: Rate = Field(default=0.088, description="discount rate of apv, per year; judgement")
    shares: Positive = Field(default=2.56, description="diluted shares, bn; 2025 accounts: 2.57")
    base_cash_flow: Annotated[Number, Range(-BIG, BIG)] = Field(
        default=22.0, description="free cash flow of the base business, USD bn a year; judgement"
    )
    ebitda_share: Share = Field(
        default=0.5, description="EBITDA of the base business over ad revenue, for leverage; 2025 accounts"
    )
    covenant_lead: Months = Field(
        default=18.0, description="months from the last planned date to the first covenant test; judgement"
    )


class TrainingModel(Table):
    """The training run that blocks a site after service: 6 x parameters x tokens FLOP."""

    parameters: Annotated[Number, Range(0.0, 1e18, above=True)] = Field(description="parameters of the model")
    tokens: Annotated[Number, Range(0.0, 1e20, above=True)] = Field(description="training tokens")
    chips: Annotated[Number, Range(0.0, 1e9, above=True)] = Field(description="chips that train it")
    peak_flops: Annotated[Number, Range(0.0, 1e24, above=True)] = Field(description="peak FLOP per second and chip")
    mfu: Annotated[Number, Range(0.0, 1.0, above=True)] = Field(description="model FLOP utilisation, share")
    goodput: Annotated[Number, Range(0.0, 1.0, above=True)] = Field(
        default=1.0, description="share of the time in which training makes progress"
    )


class Site(Table):
    """One site. Dates are months from the start of the programme, negative before it."""

    id: Slug = Field(description="an id: its name in columns and figures")
    title: Title = Field(default="", description="name in reports; empty: the id")
    region: Slug = Field(description="id of the region; its sites share a queue shock")
    mw: Annotated[Number, Range(0.0, 1e6, above=True)] = Field(description="IT load, MW")
    start: Date = Field(description="month in which construction starts")
    requested: Date = Field(description="month of the request for power")
    planned: Annotated[Number, Range(1.0, 1200.0, whole=True)] = Field(description="planned month of energisation")
    queue: Annotated[Sampled | None, Range(0.0, 1e6)] = Field(
        default=None, description="months from request to power here (law); default drivers.grid.queue"
    )
    build: Annotated[Sampled | None, Range(0.0, 1e6)] = Field(
        default=None, description="months of construction here (law); default drivers.grid.build"
    )
    model: TrainingModel | None = Field(
        default=None, description="what trains here: replaces programme.training by its duration"
    )


class Note(Table):
    """One note of the ladder: a coupon, or a margin over the 10-year rate plus spread at issue."""

    amount: Positive = Field(description="principal, USD bn")
    coupon: Rate | None = Field(default=None, description="fixed coupon per year")
    margin: Annotated[Number, Range(-0.5, 1.0)] | None = Field(
        default=None, description="margin over rate plus spread, fixed at issue, per year"
    )
    issue: Months = Field(default=0.0, description="month of issue")
    maturity: Lifetime = Field(description="month of repayment; may lie beyond the horizon")
    term: Annotated[Number, Range(0.0, 100.0, above=True)] | None = Field(
        default=None, description="years from issue to maturity in DSCR; default (maturity - issue) / 12"
    )
    kind: Literal["bullet", "amortising"] = Field(default="bullet", description="repayment at maturity or monthly")
    refinance: bool = Field(default=True, description="a 10-year bullet replaces it at maturity")
    refinance_margin: Annotated[Number, Range(-0.5, 1.0)] = Field(
        default=0.0, description="own margin of that bullet over rate plus spread, per year"
    )
