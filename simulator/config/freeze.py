"""From a checked config to the frozen numbers that a run is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.config import freeze_company, freeze_plans
from simulator.config.builder import Builder
from simulator.config.calendar import fiscal_years
from simulator.config.columns import read_column
from simulator.config.drivers import arpu, dependence, funding, grid, price, silicon
from simulator.config.kept_columns import columns_json
from simulator.config.levers import contract_tenors
from simulator.config.loader import reload
from simulator.config.schema import Config
from simulator.config.tornado_inputs import Input, columns_of, tornado_inputs
from simulator.finance.metrics import Metric, plan_metrics, world_metrics
from simulator.model import Model
from simulator.results.columns import Event
from simulator.risk.metric_spec import Calendar, parse_event

__all__: list[str] = []  # used in this folder only


@dataclass(frozen=True)
class Frozen:
    """A model and what its rows are called."""

    config: Config = field(repr=False)
    model: Model = field(repr=False)
    world: tuple[Metric, ...] = field(repr=False)  # figures of a world, in row order
    plan: tuple[Metric, ...] = field(repr=False)  # figures of each plan, in row order
    plans: tuple[str, ...]  # ids, in config order
    sites: tuple[str, ...]  # ids, in config order
    tally: tuple[str, ...]  # plan metrics counted over all paths
    events: tuple[Event, ...]
    levels: tuple[float, ...]  # of VaR and CVaR
    draw_names: dict[str, int] = field(repr=False)  # random stream by quantity

    @property
    def calendar(self) -> Calendar:
        """The dates of the programme."""
        return Calendar(self.config.start, self.config.months)

    def inputs(self, plan: str | None = None) -> tuple[Input, ...]:
        """The inputs of a tornado: sampled numbers, fixed at their p10 and p90, and numbers with a low and a high.

        Levers that no plan switches on are left out; with the id of a `plan`, those that it does not.
        """
        return tornado_inputs(self.config, plan)

    def with_input(self, key: str, value: float) -> Frozen:
        """The model with one number fixed: the same as `--set key=value`."""
        return self.with_overrides([f"{key}={float(value)!r}"])

    def with_overrides(self, overrides: Sequence[str]) -> Frozen:
        """The model of the config with more overrides, checked again; its file is not read again."""
        return freeze(reload(self.config, overrides))


def freeze(config: Config) -> Frozen:
    """Turn a config into numbers: the same config gives the same numbers and random streams."""
    builder = Builder(config._folder)
    model = Model(  # in this order: it lays out marginals and random streams
        months=config.months,
        dependence=dependence.freeze(config, builder),
        silicon=silicon.freeze(config, builder),
        grid=grid.freeze(config, builder),
        arpu=arpu.freeze(config, builder),
        price=price.freeze(config, builder, contract_tenors(config)),
        funding=funding.freeze(config, builder),
        programme=freeze_company.freeze_programme(config, builder),
        finance=freeze_company.freeze_finance(config),
        plans=freeze_plans.freeze_plans(config, builder),
        draws=builder.layout.freeze(),
        marginals=builder.freeze_marginals(),
    )
    sites = tuple(site.id for site in config.sites)
    calendar = Calendar(config.start, config.months)
    events = tuple(event for text in config.metrics.events if (event := parse_event(text, calendar)))
    return Frozen(
        config=config,
        model=model,
        world=world_metrics(sites),
        plan=plan_metrics(fiscal_years(config.start, config.months)),
        plans=tuple(config.plans),
        sites=sites,
        tally=config.metrics.tally,
        events=events,
        levels=config.metrics.levels,
        draw_names=builder.layout.names(),
    )


def config_hash(config: Config) -> str:
    """SHA-256 (hex) of the config in canonical JSON, defaults filled in, with the numbers of its CSV columns."""
    return _hash({"config": config.model_dump(mode="json", by_alias=True), "columns": _columns(config)})


def data_hashes(config: Config) -> dict[str, str]:
    """SHA-256 (hex) of the numbers of each CSV column that a config reads, by `file:column`."""
    return {name: _hash(numbers) for name, numbers in _columns(config).items()}


def columns_body(config: Config) -> dict[str, Any]:
    """Return the numbers of the CSV columns that a config reads, as a run keeps them; empty if there are none."""
    return columns_json({(c.csv, c.column): read_column(config._folder, c.csv, c.column) for c in columns_of(config)})


def _columns(config: Config) -> dict[str, tuple[float, ...]]:
    return {f"{c.csv}:{c.column}": read_column(config._folder, c.csv, c.column) for c in columns_of(config)}


def _hash(tree: object) -> str:
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
