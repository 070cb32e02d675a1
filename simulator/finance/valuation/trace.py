"""Copy monthly series of a block into a trace, each into the row that `finance/series.py` gives its name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.finance import workspace as at
from simulator.finance.charges import Charges
from simulator.finance.plan.plans import Plan
from simulator.finance.series import PLAN_ROWS, WORLD_ROWS
from simulator.finance.workspace import Lanes, Ledger, Monthly, SiteFlows, World
from simulator.numerics.jit import inner

__all__ = ["trace_world"]


@inner
def _copy_series(scale: float, series: Monthly, trace: Monthly, first: int, width: int) -> None:
    """Copy one (months, lanes) series into its row of the trace; scale 0 stands for a series that nobody filled."""
    for m in range(series.shape[0]):
        for lane in range(width):
            trace[m, first + lane] = scale * series[m, lane] if scale != 0.0 else 0.0


@inner
def trace_world(base: NDArray[np.float64], world: World, trace: NDArray[np.float64], first: int, width: int) -> None:
    """Copy the world's months into `trace` (series, months, paths), from path `first` on.

    `base` (months,) is ad revenue before noise.
    """
    _copy_series(1.0, world.monthly[at.PRICE], trace[WORLD_ROWS.price], first, width)
    _copy_series(1.0, world.monthly[at.TRAILING_PRICE], trace[WORLD_ROWS.p12], first, width)
    _copy_series(1.0, world.monthly[at.VALUE_INDEX], trace[WORLD_ROWS.value], first, width)
    _copy_series(1.0, world.funding[1:], trace[WORLD_ROWS.funding], first, width)
    _copy_series(1.0, world.monthly[at.EFFICIENCY], trace[WORLD_ROWS.efficiency], first, width)
    _copy_series(1.0, world.events[at.JUMP], trace[WORLD_ROWS.jump], first, width)
    _copy_series(1.0, world.events[at.REGIME], trace[WORLD_ROWS.regime], first, width)
    _copy_series(1.0, world.events[at.PARADIGM_LOSS], trace[WORLD_ROWS.paradigm_loss], first, width)
    _copy_series(1.0, world.events[at.GENERATION_WORTH], trace[WORLD_ROWS.generation_worth], first, width)
    for m in range(base.size):
        for lane in range(width):
            trace[WORLD_ROWS.ads, m, first + lane] = base[m] * world.monthly[at.AD_NOISE, m, lane]


@inner
def trace_plan(
    plan: Plan,
    leases: bool,
    charges: Charges,
    flows: SiteFlows,
    ledger: Ledger,
    breach_month: Lanes,
    cumulative: Lanes,
    trace: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Copy a plan's months into `trace` (series, months, paths), from path `first` on; `cumulative` is scratch.

    The planes of a lever that the plan does not use still hold another plan's months: their rows are zero.
    """
    own_share, scale, net_capex = plan.own_share, charges.scale, charges.net_capex
    jv_share, cloud = own_share if plan.jv.on else 0.0, 1.0 if plan.cloud.on else 0.0
    leased, committed = 1.0 if leases else 0.0, 1.0 if plan.jv.on or plan.cloud.on else 0.0
    _copy_series(1.0, ledger[at.CASH_FLOW], trace[PLAN_ROWS.cash_flow], first, width)
    _copy_series(1.0, ledger[at.EBITDA], trace[PLAN_ROWS.ebitda], first, width)
    _copy_series(1.0, ledger[at.CASH], trace[PLAN_ROWS.cash], first, width)
    _copy_series(1.0, ledger[at.REVOLVER], trace[PLAN_ROWS.revolver], first, width)
    _copy_series(1.0, ledger[at.NOTES], trace[PLAN_ROWS.notes], first, width)
    _copy_series(1.0, ledger[at.INTEREST], trace[PLAN_ROWS.interest], first, width)
    _copy_series(1.0, ledger[at.CFADS], trace[PLAN_ROWS.cfads], first, width)
    _copy_series(1.0, ledger[at.EFFECTIVE_MW], trace[PLAN_ROWS.work], first, width)
    _copy_series(own_share, flows[at.SERVICE_MW], trace[PLAN_ROWS.in_service], first, width)
    _copy_series(1.0, ledger[at.PLAN_INVESTED_CAPITAL], trace[PLAN_ROWS.book], first, width)
    _copy_series(own_share, flows[at.ASSET_VALUE], trace[PLAN_ROWS.asset_value], first, width)
    _copy_series(own_share, flows[at.IDLE], trace[PLAN_ROWS.idle], first, width)
    _copy_series(own_share, flows[at.TRACED_STRANDED], trace[PLAN_ROWS.stranded], first, width)
    _copy_series(own_share, flows[at.TRACED_CAPEX], trace[PLAN_ROWS.capex], first, width)
    _copy_series(jv_share, flows[at.PARTNER_FUNDING], trace[PLAN_ROWS.partner], first, width)
    _copy_series(jv_share, flows[at.RENT], trace[PLAN_ROWS.rent], first, width)
    _copy_series(jv_share, flows[at.GUARANTEE], trace[PLAN_ROWS.guarantee], first, width)
    _copy_series(cloud, ledger[at.CLOUD_COST], trace[PLAN_ROWS.cloud], first, width)
    _copy_series(leased, ledger[at.LEASE_INCOME], trace[PLAN_ROWS.lease], first, width)
    _copy_series(1.0, ledger[at.EQUITY_SOLD], trace[PLAN_ROWS.equity], first, width)
    _copy_series(1.0, ledger[at.PROFIT], trace[PLAN_ROWS.profit], first, width)
    _copy_series(committed, ledger[at.COMMITMENTS], trace[PLAN_ROWS.owed], first, width)
    _copy_series(1.0, ledger[at.DRAWN_INTEREST], trace[PLAN_ROWS.drawn_interest], first, width)
    cumulative[:] = 0.0
    for m in range(trace.shape[1]):
        for lane in range(width):
            path = first + lane
            cumulative[lane] += ledger[at.CASH_FLOW, m, lane]
            trace[PLAN_ROWS.cumulative, m, path] = cumulative[lane]
            trace[PLAN_ROWS.breached, m, path] = 1.0 if m >= breach_month[lane] else 0.0
            trace[PLAN_ROWS.sale, m, path] = trace[PLAN_ROWS.capex, m, path] - scale * net_capex[m, lane]
