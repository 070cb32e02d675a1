"""The story of a path: what `simulator replay --json` prints of it. Undefined numbers are null."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulator.analyses.replay import company_events, months, world_events
from simulator.analyses.replay.covenant_tests import tests
from simulator.analyses.replay.events import Event
from simulator.analyses.replay.percentile_rank import Standing, differences, entry_of
from simulator.analyses.replay.replayed_path import Floats, Path
from simulator.results.columns import WORLD, Column


class Names(NamedTuple):
    """What the numbers of a model are called."""

    columns: Sequence[Column]  # of its figures
    plans: Mapping[str, str]  # title by id
    sites: Sequence[str]  # titles
    start: str  # 2026-07


@np.errstate(all="ignore")  # what ended a run is told as well
def story(path: Path, names: Names, standing: Standing, shown: Sequence[str]) -> dict[str, Any]:
    """The world and the plans `shown` on a path: figures and where they stand, events, months."""
    kept = standing.kept[path.path]
    apart = [line for one in kept for line in differences(names.columns, one, path.figures)]
    return {
        "path": path.path,
        "stored_in": [one.file for one in kept],
        "differs": apart,
        "dates": [date(names.start, m) for m in range(path.model.months)],
        "sites": list(names.sites),
        "world": {
            "metrics": _figures(path, names, standing, WORLD),
            "events": _told(world_events.events(path, names.sites), names.start),
            "months": _listed(months.of_world(path)),
            "units": months.WORLD_UNITS,
        },
        "plans": {plan: _plan(path, names, standing, plan) for plan in shown},
    }


def date(start: str, month: int) -> str:
    """`2027-03` for month 8 of a programme that starts in 2026-07."""
    year, first = (int(part) for part in start.split("-"))
    index = first - 1 + month
    return f"{year + index // 12}-{index % 12 + 1:02}"


def _plan(path: Path, names: Names, standing: Standing, plan: str) -> dict[str, Any]:
    seen, k, plans = tests(path, plan), path.number(plan), path.model.plans
    rows = months.of_plan(path, plan, seen)
    return {
        "title": names.plans[plan],
        "covenants": {covenant.name: covenant.threshold for covenant in seen.covenants},
        "cash_floor": float(plans.liquidity.floor[k]),
        "terminal_value": _known(path.plans[plan].end_value),
        "metrics": _figures(path, names, standing, plan),
        "events": _told(company_events.events(path, plan, names.sites, seen), names.start),
        "months": _listed(rows),
        "units": {name: months.PLAN_UNITS.get(name, "USD bn") for name in rows},
    }


def _figures(path: Path, names: Names, standing: Standing, scope: str) -> dict[str, Any]:
    """Value, bad side and standing of every figure of an owner."""
    found = {}
    for column in (column for column in names.columns if column.scope == scope):
        metric, entry = column.metric, entry_of(standing.summary, column)
        rank = standing.ranks.get((path.path, column.name))
        middle = entry.get("probability", {}).get(metric.name) if metric.kind == "event" else None
        found[metric.name] = {
            "value": _known(path.figures[column.row]),
            "title": metric.title,
            "unit": metric.unit,
            "kind": metric.kind,
            "bad": metric.bad,
            "median": entry.get("quantiles", {}).get("0.5"),
            "probability": middle,
            **(rank.told() if rank else {"worse_than": None, "rank": None}),
        }
    return found


def _told(events: Iterable[Event], start: str) -> list[dict[str, Any]]:
    return [
        {**event._asdict(), "date": date(start, event.month), "values": {k: _known(x) for k, x in event.values.items()}}
        for event in events
    ]


def _listed(series: Mapping[str, Floats]) -> dict[str, list[float | None]]:
    return {name: [_known(x) for x in np.asarray(values)] for name, values in series.items()}


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
