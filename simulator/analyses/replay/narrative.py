"""The narrative of a path, which `simulator replay --json` prints. Undefined numbers are null."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulator.analyses.replay import company_events, months, world_events
from simulator.analyses.replay.covenant_tests import evaluate_covenants
from simulator.analyses.replay.events import Event
from simulator.analyses.replay.percentile_rank import PercentileRanks, find_differences, summary_entry
from simulator.analyses.replay.replayed_path import FloatArray, ReplayedPath
from simulator.results.columns import WORLD, Column

__all__: list[str] = []  # used in this folder only


class ModelNames(NamedTuple):
    """Names of a model's numbers, for people."""

    columns: Sequence[Column]  # of its figures
    plans: Mapping[str, str]  # title by id
    sites: Sequence[str]  # titles
    start: str  # 2026-07


@np.errstate(all="ignore")  # a path whose numbers overflow is described as well
def narrate(path: ReplayedPath, names: ModelNames, ranks: PercentileRanks, plans: Sequence[str]) -> dict[str, Any]:
    """Return figures with their ranks, events and months of the world and of some plans on a path."""
    stored = ranks.stored[path.path]
    differing = [line for figures in stored for line in find_differences(names.columns, figures, path.figures)]
    return {
        "path": path.path,
        "stored_in": [figures.file for figures in stored],
        "differs": differing,
        "dates": [_date(names.start, m) for m in range(path.model.months)],
        "sites": list(names.sites),
        "world": {
            "metrics": _figures(path, names, ranks, WORLD),
            "events": _events_to_dicts(world_events.find_world_events(path, names.sites), names.start),
            "months": _series_to_lists(months.world_months(path)),
            "units": months.WORLD_UNITS,
        },
        "plans": {plan: _plan(path, names, ranks, plan) for plan in plans},
    }


def _date(start: str, month: int) -> str:
    """Return `2027-03` for month 8 of a programme that starts in 2026-07."""
    year, first = (int(part) for part in start.split("-"))
    index = first - 1 + month
    return f"{year + index // 12}-{index % 12 + 1:02}"


def _plan(path: ReplayedPath, names: ModelNames, ranks: PercentileRanks, plan: str) -> dict[str, Any]:
    tests, k, levers = evaluate_covenants(path, plan), path.plan_index(plan), path.model.plans
    rows = months.plan_months(path, plan, tests)
    return {
        "title": names.plans[plan],
        "covenants": {covenant.name: covenant.threshold for covenant in tests.covenants},
        "cash_floor": float(levers.liquidity.floor[k]),
        "terminal_value": _number_or_none(path.plans[plan].end_value),
        "metrics": _figures(path, names, ranks, plan),
        "events": _events_to_dicts(company_events.find_plan_events(path, plan, names.sites, tests), names.start),
        "months": _series_to_lists(rows),
        "units": {name: months.PLAN_UNITS.get(name, "USD bn") for name in rows},
    }


def _figures(path: ReplayedPath, names: ModelNames, ranks: PercentileRanks, scope: str) -> dict[str, Any]:
    """Return value, bad side and rank of every figure of a scope (the world, or a plan)."""
    figures = {}
    for column in (column for column in names.columns if column.scope == scope):
        metric, entry = column.metric, summary_entry(ranks.summary, column)
        rank = ranks.by_figure.get((path.path, column.name))
        probability = entry.get("probability", {}).get(metric.name) if metric.kind == "event" else None
        figures[metric.name] = {
            "value": _number_or_none(path.figures[column.row]),
            "title": metric.title,
            "unit": metric.unit,
            "kind": metric.kind,
            "bad": metric.bad,
            "median": entry.get("quantiles", {}).get("0.5"),
            "probability": probability,
            **(rank.to_dict() if rank else {"worse_than": None, "rank": None}),
        }
    return figures


def _events_to_dicts(events: Iterable[Event], start: str) -> list[dict[str, Any]]:
    return [
        {
            **event._asdict(),
            "date": _date(start, event.month),
            "values": {k: _number_or_none(x) for k, x in event.values.items()},
        }
        for event in events
    ]


def _series_to_lists(series: Mapping[str, FloatArray]) -> dict[str, list[float | None]]:
    return {name: [_number_or_none(x) for x in np.asarray(values)] for name, values in series.items()}


def _number_or_none(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
