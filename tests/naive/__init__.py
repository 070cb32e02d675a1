"""The naive twin: the whole model once more, written to be read and not to be fast.

It shares no formula with the simulator and compiles nothing: frozen numbers (a `Model`, read by attribute) and
standard scores Z (rows, paths) go in, every figure of every path comes out. Time runs in a plain loop over months,
each site carries its state (delivered? in service? which vintage? what is the book?), arrays run over paths only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.naive.company import run_company
from tests.naive.contracts import contract_prices
from tests.naive.marginals import Array
from tests.naive.operations import run_operations
from tests.naive.summary import plan_figures
from tests.naive.world import World, draw_world, world_figures


def simulate(
    model: Any, z: Array, sites: Sequence[str] = (), years: Sequence[int] = (), contracts: Array = None
) -> dict[str, Any]:
    """Simulate every path of Z.

    `sites` (ids) and `years` (fiscal years) only name `delay_<site>` and `eps_fy<year>`; without them the places
    0, 1, .. are used. `contracts` (tenors, months, paths) are contract prices to be used instead of the twin's own,
    which agree with the kernel's to the error of its polynomial only. Returns

    - "world": figure -> (paths,);  "world_flows": its scale, (paths,)
    - "plans": for each plan, figure -> (paths,), undefined = NaN, never = the number of months
    - "flows": for each plan, amount -> (paths,), the sum of absolute flows that entered it
    - "series": series of the world -> (months, paths);  "plan_series": for each plan, the same
    - "contracts": the twin's own contract prices, (tenors, months, paths).
    """
    sites = sites or [str(i) for i in range(len(model.grid.mw))]
    years = years or range(model.finance.fiscal_years)
    world = draw_world(model, z)
    quoted = contract_prices(model, world)
    world.contracts = quoted if contracts is None else contracts
    figures, scales = world_figures(model, world, sites)
    result: dict[str, Any] = {"world": figures, "world_flows": scales, "series": _series(model, world)}
    result |= {"contracts": quoted, "plans": [], "flows": [], "plan_series": []}
    for plan in range(len(model.plans.order)):
        operations = run_operations(model, world, plan, z)
        books = run_company(model, world, plan, operations)
        figures, scales = plan_figures(model, world, plan, operations, books, years)
        result["plans"].append(figures)
        result["flows"].append(scales)
        result["plan_series"].append(operations.monthly | books.monthly)
    return result


def _series(model: Any, world: World) -> dict[str, Array]:
    """The world month by month."""
    return {
        "price": world.price,
        "p12": world.p12,
        "value": world.value,
        "work": world.work,
        "effic": world.effic,
        "exp_x": world.boom,
        "ads": model.arpu.revenue0_by_month[:, None] * world.boom,
        "rs": world.rs,
        "opening_rs": world.opening_rs,
        "generations": world.arrived,
    } | world.events
