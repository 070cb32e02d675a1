"""The arrays that a plan's valuation fills, and the tables of each plan that are the same in all lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers.marginals import Marginals
from simulator.finance import workspace as at
from simulator.finance.financing.debt import fill_note_schedule
from simulator.finance.financing.waterfall_state import WATERFALL_ROWS
from simulator.finance.operations.cloud import POWER_ROWS
from simulator.finance.operations.early_terminations import (
    EarlyTerminations,
    allocate_early_terminations,
    clear_early_terminations,
)
from simulator.finance.operations.switching_options import OPTION_ROWS
from simulator.finance.operations.tenant_default import (
    TenantDefaults,
    allocate_tenant_defaults,
    fill_survival_thresholds,
)
from simulator.finance.plan.jv import fill_discount_factors
from simulator.finance.plan.notes import SCHEDULE_ROWS, schedule_from_rows, slice_tranches
from simulator.finance.plan.plans import Plans
from simulator.finance.programme import Programme
from simulator.finance.sites.build import SiteHistory
from simulator.finance.sites.site_state import SITE_ROWS
from simulator.finance.valuation.returns import IRR_ROWS
from simulator.finance.workspace import Lanes, Ledger, Monthly, Rows, SiteFlows, Sums, Totals, aligned_zeros
from simulator.numerics.jit import inner

__all__ = ["PlanWorkspace", "allocate_plan_workspace", "fill_plan_tables"]


class PlanTables(NamedTuple):
    """Numbers of every plan that are the same in all lanes, filled once for many blocks."""

    schedule: NDArray[np.float64]  # (plans, SCHEDULE_ROWS, months) of notes
    jv_factors: NDArray[np.float64]  # (plans, n) discount factors of n months at the JV's rate
    survival: NDArray[np.float64]  # (plans, n) survival thresholds, one a month of the term; of TenantDefaults.alike


class PlanWorkspace(NamedTuple):
    """Everything a plan's valuation writes into, reused from plan to plan and block to block."""

    flows: SiteFlows
    totals: Totals
    history: SiteHistory
    defaults: TenantDefaults
    terminations: EarlyTerminations
    ledger: Ledger
    revenue: Monthly  # (tests, lanes) see fill_yearly_revenue
    tables: PlanTables
    rows: Rows
    sums: Sums
    end_value: Lanes  # after tax, at the horizon
    scratch: NDArray[np.float64]


def allocate_plan_workspace(p: Programme, plans: Plans, tests: int, sites: int, lanes: int) -> PlanWorkspace:
    """Empty arrays for a block of `lanes` paths."""
    months, count = p.cost_growth_by_month.size, plans.order.size
    factors = months + 1 + max(int(plans.jv.lease_months.max(initial=0)), p.compute_life)
    term = min(int(plans.lease_excess.term.max(initial=1)), months)
    depth = max(SITE_ROWS, IRR_ROWS, WATERFALL_ROWS, POWER_ROWS, OPTION_ROWS + sites)
    return PlanWorkspace(
        aligned_zeros(at.SITE_FLOW_PLANES, months, lanes),
        aligned_zeros(at.TOTAL_ROWS, lanes),
        SiteHistory(
            aligned_zeros(sites, lanes), aligned_zeros(sites, lanes), aligned_zeros(sites, months + 2, lanes)
        ),
        allocate_tenant_defaults(plans, sites, months, lanes),
        allocate_early_terminations(months, lanes),
        aligned_zeros(at.LEDGER_PLANES, months, lanes),
        aligned_zeros(max(tests, 1), lanes),
        PlanTables(
            np.zeros((count, SCHEDULE_ROWS, months)), np.zeros((count, factors)), np.zeros((count, term))
        ),
        aligned_zeros(at.SCRATCH_ROWS, lanes),
        aligned_zeros(at.SUM_ROWS, lanes),
        aligned_zeros(lanes),
        aligned_zeros(depth, lanes),
    )  # fmt: skip


@inner
def fill_plan_tables(marginals: Marginals, plans: Plans, w: PlanWorkspace) -> None:
    """Fill what of every plan is the same in all lanes, and zero what its readers leave zero."""
    w.flows[at.FIRST_SELF_CLEARING : at.FIRST_JV] = 0.0
    clear_early_terminations(w.terminations)
    notes, lease = plans.notes, plans.lease_excess
    for k in range(plans.order.size):
        first, end = notes.first_tranche[k], notes.end_tranche[k]
        fill_note_schedule(slice_tranches(notes.tranches, first, end), schedule_from_rows(w.tables.schedule[k]))
        fill_discount_factors(plans.jv.rate[k], w.tables.jv_factors[k])
        if w.defaults.alike[k] == k:
            thresholds = w.tables.survival[k, : lease.term[k]]
            fill_survival_thresholds(marginals, lease.default_rate_marginal[k], w.rows, thresholds)
