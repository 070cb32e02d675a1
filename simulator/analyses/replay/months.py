"""The months of a plan on a path: what the trace keeps, and what follows from it.

Flows are USD bn a month, spending positive where its name says so; levels stand at the month's end.
"""

from __future__ import annotations

import numpy as np

from simulator.analyses.replay.covenant_tests import Tests
from simulator.analyses.replay.replayed_path import Floats, Path
from simulator.finance import workspace as at
from simulator.finance.series import EVENT_SERIES

WORLD_UNITS = {
    "price": "USD/W-year",
    "p12": "USD/W-year",
    "ads": "USD bn",
    "value": "",
    "funding": "per year",
    "efficiency": "",
    "generation": "",
}
PLAN_UNITS = {  # the others are USD bn
    "work": "MW",
    "in_service": "MW",
    "behind": "MW",
    **dict.fromkeys(("breached", "obsolete", "dscr", "fccr", "icr", "leverage", "headroom_dscr", "headroom_fccr"), ""),
    "headroom_leverage": "",
}


def of_world(path: Path) -> dict[str, Floats]:
    """The world's series (months,): the trace's without its events, and the generations that have come."""
    levels = {name: series for name, series in path.series.items() if name not in EVENT_SERIES}
    return {**levels, "generation": path.world.monthly[at.GENERATION]}


def of_plan(path: Path, plan: str, seen: Tests) -> dict[str, Floats]:
    """A plan's series (months,): the trace's, the parts of EBITDA, tax, the age of the fleet, ratios and headroom."""
    books = path.plans[plan]
    own, s = path.model.plans.own_share[path.number(plan)], books.series
    cost = own * books.works[at.RUNNING]
    behind = own * behind_mw(path, plan)
    parts = {
        "ads_income": s["ebitda"] - s["lease"] + s["cloud"] + cost,
        "operating_cost": cost,
        "tax": s["ebitda"] - s["rent"] - s["cfads"],
        "behind": behind,
        "obsolete": np.divide(
            behind, s["in_service"], out=np.full_like(behind, np.nan), where=s["in_service"] > 1e-9
        ),
    }  # fmt: skip
    spare = {f"headroom_{covenant.name}": covenant.headroom for covenant in seen.covenants}
    return {**s, **parts, **seen.ratios, **spare}


def held_vintages(path: Path, plan: str, m: int) -> list[tuple[int, int]]:
    """(site, month in which its chips were bought) of the sites in service in month m."""
    books, found = path.plans[plan], []
    for k in range(books.service.size):
        if books.service[k] <= m < books.left[k]:
            bought = books.vintages[k]
            found.append((k, int(bought[np.searchsorted(bought, m, side="right") - 1])))
    return found


def behind_mw(path: Path, plan: str) -> Floats:
    """MW in service, of all owners, whose chips are of an older generation than the newest, by month."""
    generation, mw = path.world.monthly[at.GENERATION], path.model.grid.mw
    months = range(path.model.months)
    return np.array(
        [sum(mw[k] for k, u in held_vintages(path, plan, m) if generation[u] < generation[m]) for m in months],
        dtype=np.float64,
    )
