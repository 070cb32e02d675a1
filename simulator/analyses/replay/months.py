"""Monthly series of a replayed path: those of the trace, and those derived from them.

Flows are USD bn a month, spending positive where its name says so; levels stand at the month's end.
"""

from __future__ import annotations

import numpy as np

from simulator.analyses.replay.covenant_tests import CovenantTests
from simulator.analyses.replay.replayed_path import FloatArray, ReplayedPath
from simulator.finance import workspace as at
from simulator.finance.series import EVENT_SERIES

__all__: list[str] = []  # used in this folder only

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


def world_months(path: ReplayedPath) -> dict[str, FloatArray]:
    """Return the world's series (months,): the trace's without its events, and the generations that have arrived."""
    levels = {name: series for name, series in path.series.items() if name not in EVENT_SERIES}
    return {**levels, "generation": path.world.monthly[at.GENERATION]}


def plan_months(path: ReplayedPath, plan: str, tests: CovenantTests) -> dict[str, FloatArray]:
    """Return a plan's series (months,): the trace's, parts of EBITDA, tax, obsolete MW, ratios and headroom."""
    replay = path.plans[plan]
    own_share, s = path.model.plans.own_share[path.plan_index(plan)], replay.series
    cost = own_share * replay.site_flows[at.RUNNING_COST]
    obsolete = own_share * _obsolete_mw(path, plan)
    parts = {
        "ads_income": s["ebitda"] - s["lease"] + s["cloud"] + cost,
        "operating_cost": cost,
        "tax": s["ebitda"] - s["rent"] - s["cfads"],
        "behind": obsolete,
        "obsolete": np.divide(
            obsolete, s["in_service"], out=np.full_like(obsolete, np.nan), where=s["in_service"] > 1e-9
        ),
    }  # fmt: skip
    headroom = {f"headroom_{covenant.name}": covenant.headroom for covenant in tests.covenants}
    return {**s, **parts, **tests.ratios, **headroom}


def vintages_in_service(path: ReplayedPath, plan: str, m: int) -> list[tuple[int, int]]:
    """Return (site, month in which its chips were bought) of the sites in service in month m."""
    replay, vintages = path.plans[plan], []
    for k in range(replay.service_month.size):
        if replay.service_month[k] <= m < replay.exit_month[k]:
            bought = replay.vintages[k]
            vintages.append((k, int(bought[np.searchsorted(bought, m, side="right") - 1])))
    return vintages


def _obsolete_mw(path: ReplayedPath, plan: str) -> FloatArray:
    """Return by month the MW in service, of all owners, whose chips are older than the newest generation."""
    generation, mw = path.world.monthly[at.GENERATION], path.model.grid.mw
    months = range(path.model.months)
    return np.array(
        [sum(mw[k] for k, u in vintages_in_service(path, plan, m) if generation[u] < generation[m]) for m in months],
        dtype=np.float64,
    )
