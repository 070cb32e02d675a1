"""The config as a checked, versioned document.

Every key's description carries its unit and where its default comes from; "judgement" marks a prior. The defaults
are the reference programme's numbers, so a config needs only its sites and one plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator

from simulator.config.drivers import Drivers
from simulator.config.drivers.dependence import Dependence
from simulator.config.fields.numbers import Slug, Title
from simulator.config.fields.ranges import MOST_PATHS, MOST_SEED, Range, Table
from simulator.config.schema.plans import Levers, Plan
from simulator.config.schema.programme import Note, Programme, Site

TALLY = (
    "npv",
    "apv",
    "payback",
    "peak_funding",
    "peak_month",
    "min_cash",
    "shortfall",
    "shortfall_depth",
    "dscr_min",
    "dscr_reserve_min",
    "fccr_min",
    "icr_min",
    "leverage_max",
    "breach",
    "breach_month",
    "uncured",
    "refinancing_gap",
    "duration_gap",
    "idle_capital",
    "idle_sponsor",
    "stranded_peak",
    "roic",
    "lease_income",
    "cloud_cost",
    "guarantee",
    "equity_sold",
)
EVENTS = ("npv < 0", "shortfall", "dscr_min < 1.2", "fccr_min < 1.2", "breach", "uncured")


Level = Annotated[float, Range(0.5, 0.9999)]


class Metrics(Table):
    """The metrics counted over all paths. Every other figure is in the stored sample."""

    tally: Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=200)] = Field(
        default=TALLY, description="plan metrics with a histogram, moments and worst paths"
    )
    events: Annotated[tuple[str, ...], Field(strict=False, max_length=50)] = Field(
        default=EVENTS,
        description='events that are counted: an event metric, "metric < number" or "breach before 2030-06"',
    )
    levels: Annotated[tuple[Level, ...], Field(strict=False, min_length=1, max_length=10)] = Field(
        default=(0.95, 0.99), description="levels of VaR and CVaR"
    )


class Config(Table):
    """One simulation."""

    version: Literal[1] = Field(default=1, alias="schema", description="version of this format")
    name: Slug = Field(default="programme", description="names the run folder")
    title: Title = Field(default="", description="headline of reports; empty: the name")
    start: str = Field(
        default="2026-07",
        pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$",
        description="month 0, from which quarters and fiscal years follow",
    )
    months: Annotated[int, Range(12, 600, whole=True)] = Field(default=120, description="horizon, months")
    seed: Annotated[int, Range(0, MOST_SEED, whole=True)] = Field(default=1, description="key of the random numbers")
    paths: Annotated[int, Range(1, MOST_PATHS, whole=True)] = Field(default=1_000_000, description="worlds to simulate")
    drivers: Drivers = Field(default=Drivers(), description="the uncertain world")
    dependence: Dependence = Field(default=Dependence(), description="how the drivers move together")
    programme: Programme = Field(default=Programme(), description="costs, lives and the company's figures")
    sites: Annotated[tuple[Site, ...], Field(strict=False, min_length=1, max_length=200)] = Field(
        description="what is built"
    )
    notes: Annotated[tuple[Note, ...], Field(strict=False, max_length=200)] = Field(
        default=(), description="the ladder of notes that plans issue"
    )
    plan_defaults: Levers = Field(default=Levers(), description="what every plan starts from")
    plans: Annotated[dict[Slug, Plan], Field(min_length=1, max_length=50)] = Field(
        description="capital strategies, each valued in every world"
    )
    metrics: Metrics = Field(default=Metrics(), description="what is counted over all paths")
    stress: Annotated[tuple[Slug, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="stress sets that these numbers contain; written by a run with --stress"
    )

    _tree: dict[str, Any] = PrivateAttr(default_factory=dict)  # what was written, overrides applied
    _folder: Path = PrivateAttr(default_factory=Path)  # CSV files are relative to it
    _source: Any = PrivateAttr(default=None)  # where each key was written: loader.Source
    _text: str | None = PrivateAttr(default=None)  # the file as it was read; None of a config that is none
    _overrides: tuple[str, ...] = PrivateAttr(default=())  # KEY=VALUE given with the file

    @field_validator("paths", mode="before")
    @classmethod
    def _accept_whole_floats(cls, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, for editors."""
    return Config.model_json_schema(by_alias=True)


__all__ = [
    "MOST_PATHS",
    "MOST_SEED",
    "Config",
    "Levers",
    "Metrics",
    "Note",
    "Plan",
    "Programme",
    "Site",
    "json_schema",
]
