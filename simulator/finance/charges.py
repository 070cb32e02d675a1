"""Depreciation and capex of a plan: the sites', or what a disposal has made of them."""

from __future__ import annotations

from typing import NamedTuple

from simulator.finance import workspace as at
from simulator.finance.plan.plans import Plan
from simulator.finance.workspace import Ledger, Monthly, SiteFlows
from simulator.numerics.jit import inline

__all__: list[str] = []  # used in this folder only


class Charges(NamedTuple):
    """A plan's depreciation and capex: `scale` times these planes (months, lanes)."""

    scale: float
    net_depreciation: Monthly  # depreciation less gains
    net_capex: Monthly  # capex less sales


@inline
def plan_charges(plan: Plan, flows: SiteFlows, ledger: Ledger) -> Charges:
    """Return a plan's charges: its share of the sites', or the ledger's where a disposal has changed them."""
    charges = Charges(plan.own_share, flows[at.NET_DEPRECIATION], flows[at.NET_CAPEX])
    if plan.disposal.on:
        charges = Charges(1.0, ledger[at.PLAN_NET_DEPRECIATION], ledger[at.PLAN_NET_CAPEX])
    return charges
