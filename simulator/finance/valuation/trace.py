"""Copy monthly series of a block into a trace, each into the row that `finance/series.py` gives its name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.plan.plans import Terms
from simulator.finance.series import PLAN_ROWS, WORLD_ROWS
from simulator.finance.workspace import Lanes, Ledger, Monthly, Works, World
from simulator.numerics.jit import inner


@inner
def copy_series(scale: float, series: Monthly, trace: Monthly, first: int, width: int) -> None:
    """Copy one (months, lanes) series into its row of the trace; scale 0 stands for a series that nobody filled."""
    for m in range(series.shape[0]):
        for lane in range(width):
            trace[m, first + lane] = scale * series[m, lane] if scale != 0.0 else 0.0


@inner
def trace_world(base: NDArray[np.float64], world: World, trace: NDArray[np.float64], first: int, width: int) -> None:
    """Copy the world's months into `trace` (series, months, paths), from path `first` on.

    `base` (months,) is ad revenue before noise.
    """
    copy_series(1.0, world.monthly[at.PRICE], trace[WORLD_ROWS.price], first, width)
    copy_series(1.0, world.monthly[at.TRAILING], trace[WORLD_ROWS.p12], first, width)
    copy_series(1.0, world.monthly[at.VALUE], trace[WORLD_ROWS.value], first, width)
    copy_series(1.0, world.funding[1:], trace[WORLD_ROWS.funding], first, width)
    copy_series(1.0, world.monthly[at.EFFICIENCY], trace[WORLD_ROWS.efficiency], first, width)
    copy_series(1.0, world.events[at.JUMP], trace[WORLD_ROWS.jump], first, width)
    copy_series(1.0, world.events[at.REGIME], trace[WORLD_ROWS.regime], first, width)
    copy_series(1.0, world.events[at.PARADIGM_LOSS], trace[WORLD_ROWS.paradigm_loss], first, width)
    copy_series(1.0, world.events[at.GENERATION_WORTH], trace[WORLD_ROWS.generation_worth], first, width)
    for m in range(base.size):
        for lane in range(width):
            trace[WORLD_ROWS.ads, m, first + lane] = base[m] * world.monthly[at.NOISE, m, lane]


@inner
def trace_plan(
    terms: Terms,
    lets: bool,
    scale: float,
    spent: Monthly,
    works: Works,
    ledger: Ledger,
    breach_month: Lanes,
    cumulative: Lanes,
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Copy a plan's months into `trace` (series, months, paths), from path `first` on; `cumulative` is scratch.

    `scale` times `spent` is capex less sales. The planes of a lever that the plan does not use still hold another
    plan's months: their rows are zero.
    """
    own, joint = terms.own, terms.own if terms.with_jv else 0.0
    cloud, leases = 1.0 if terms.with_cloud else 0.0, 1.0 if lets else 0.0
    committed = 1.0 if terms.with_jv or terms.with_cloud else 0.0
    copy_series(1.0, ledger[at.CASH_FLOW], trace[PLAN_ROWS.cash_flow], first, width)
    copy_series(1.0, ledger[at.EBITDA], trace[PLAN_ROWS.ebitda], first, width)
    copy_series(1.0, ledger[at.CASH], trace[PLAN_ROWS.cash], first, width)
    copy_series(1.0, ledger[at.REVOLVER], trace[PLAN_ROWS.revolver], first, width)
    copy_series(1.0, ledger[at.NOTES], trace[PLAN_ROWS.notes], first, width)
    copy_series(1.0, ledger[at.INTEREST], trace[PLAN_ROWS.interest], first, width)
    copy_series(1.0, ledger[at.CFADS], trace[PLAN_ROWS.cfads], first, width)
    copy_series(1.0, ledger[at.EFFECTIVE], trace[PLAN_ROWS.work], first, width)
    copy_series(own, works[at.SERVICE], trace[PLAN_ROWS.in_service], first, width)
    copy_series(1.0, ledger[at.BOOK], trace[PLAN_ROWS.book], first, width)
    copy_series(own, works[at.ASSET], trace[PLAN_ROWS.asset_value], first, width)
    copy_series(own, works[at.IDLE], trace[PLAN_ROWS.idle], first, width)
    copy_series(own, works[at.STRANDED_KEPT], trace[PLAN_ROWS.stranded], first, width)
    copy_series(own, works[at.CAPEX_KEPT], trace[PLAN_ROWS.capex], first, width)
    copy_series(joint, works[at.PARTNER], trace[PLAN_ROWS.partner], first, width)
    copy_series(joint, works[at.RENT], trace[PLAN_ROWS.rent], first, width)
    copy_series(joint, works[at.GUARANTEE], trace[PLAN_ROWS.guarantee], first, width)
    copy_series(cloud, ledger[at.CLOUD], trace[PLAN_ROWS.cloud], first, width)
    copy_series(leases, ledger[at.LEASE], trace[PLAN_ROWS.lease], first, width)
    copy_series(1.0, ledger[at.EQUITY], trace[PLAN_ROWS.equity], first, width)
    copy_series(1.0, ledger[at.PROFIT], trace[PLAN_ROWS.profit], first, width)
    copy_series(committed, ledger[at.OWED], trace[PLAN_ROWS.owed], first, width)
    copy_series(1.0, ledger[at.DRAWN_INTEREST], trace[PLAN_ROWS.drawn_interest], first, width)
    cumulative[:] = 0.0
    for m in range(trace.shape[1]):
        for lane in range(width):
            path = first + lane
            cumulative[lane] += ledger[at.CASH_FLOW, m, lane]
            trace[PLAN_ROWS.cumulative, m, path] = cumulative[lane]
            trace[PLAN_ROWS.breached, m, path] = 1.0 if m >= breach_month[lane] else 0.0
            trace[PLAN_ROWS.sale, m, path] = trace[PLAN_ROWS.capex, m, path] - scale * spent[m, lane]
