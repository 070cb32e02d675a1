"""Grid delay in a config: its keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from simulator.config.builder import Builder
from simulator.config.drivers.scores import score_threshold
from simulator.config.fields.laws import Gamma, LogNormal
from simulator.config.fields.numbers import Amount, Number, Sampled, Share
from simulator.config.fields.ranges import Range, Table, number
from simulator.config.laws import condition_on_elapsed
from simulator.drivers.grid import SITE_SCORES
from simulator.drivers.grid import Grid as FrozenGrid

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only

Duration = Annotated[Sampled, Range(0.0, 1e6)]  # months


class Grid(Table):
    """Grid interconnection and construction delay."""

    queue: Duration = Field(
        default=LogNormal(law="lognormal", median=36.0, sigma=0.45),
        description="months from request to power for a large load (law); judgement from utility and broker reports",
    )
    build: Duration = Field(
        default=LogNormal(law="lognormal", median=15.0, sigma=0.20),
        description="months of construction on an energised site (law); 12-18 in trade reports. Bare land: 23.4, .646",
    )
    behind_meter: Duration = Field(
        default=LogNormal(law="lognormal", median=24.0, sigma=0.25),
        description="months to behind-the-meter power after a failed request (law); judgement",
    )
    behind_meter_cost: Amount = Field(
        default=0.5, description="extra operating cost of behind-the-meter power, USD per W-year; judgement"
    )
    slip: Duration = Field(
        default=Gamma(law="gamma", shape=2.0, mean=2 * 52 / 30.4375, zero=0.3),
        description="months a near-term site slips (law); 13 milestones due Dec 2025 to mid 2026, Epoch AI",
    )
    fail_probability: Share = Field(
        default=0.05, description="probability that a request for power fails; judgement for a funded campus"
    )
    national_share: Share = Field(
        default=0.05, description="share of the queue score's variance that is national; LBNL queue data, n 1,221"
    )
    regional_share: Share = Field(
        default=0.33, description="share that is regional, permanent (.23) and yearly (.10) parts; LBNL queue data"
    )
    near_term: Annotated[Number, Range(0.0, 1200.0)] = Field(
        default=12.0, description="a site planned within this many months follows `slip`, not the queue"
    )

    score_shift: Annotated[Number, Range(-10.0, 10.0)] = Field(
        default=0.0, description="added to every queue score, standard deviations; 0: none, for scenarios"
    )


def freeze(config: Config, builder: Builder) -> FrozenGrid:
    """The driver's frozen numbers, site by site in config order."""
    g = config.drivers.grid
    planned, start, requested = (
        np.array([number(getattr(site, key)) for site in config.sites]) for key in ("planned", "start", "requested")
    )
    near_term = (planned <= number(g.near_term)).astype(np.int64)
    queues = [builder.build_law(g.queue if site.queue is None else site.queue) for site in config.sites]
    builds = [builder.build_law(g.build if site.build is None else site.build) for site in config.sites]
    queues = [law if near_term[i] else condition_on_elapsed(law, -requested[i]) for i, law in enumerate(queues)]
    builds = [condition_on_elapsed(law, -start[i]) for i, law in enumerate(builds)]
    national, regional = number(g.national_share), number(g.regional_share)
    regions = {
        name: builder.add_scores(f"regions.{name}", 1) for name in dict.fromkeys(site.region for site in config.sites)
    }
    return FrozenGrid(
        mw=np.array([number(site.mw) for site in config.sites]),
        start=start,
        requested=requested,
        planned=planned,
        near_term_flag=near_term,
        queue_marginal=np.array([builder.add_marginal(law) for law in queues], dtype=np.int64),
        build_marginal=np.array([builder.add_marginal(law) for law in builds], dtype=np.int64),
        behind_meter_marginal=builder.add_marginal(g.behind_meter),
        slip_marginal=builder.add_marginal(g.slip),
        fail_probability_threshold=score_threshold(number(g.fail_probability)),
        national_share_loading=math.sqrt(national),
        regional_share_loading=math.sqrt(regional),
        queue_residual=math.sqrt(max(1.0 - national - regional, 0.0)),
        score_shift=number(g.score_shift),
        region_row=np.array([regions[site.region] for site in config.sites], dtype=np.int64),
        site_row=np.array(
            [builder.add_scores(f"sites.{site.id}", SITE_SCORES) for site in config.sites], dtype=np.int64
        ),
    )
