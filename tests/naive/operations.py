"""A plan before finance: revenue, leasing, cloud and sites together, up to EBITDA and the unlevered cash flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.naive.disposal import run_pool
from tests.naive.leasing import Cloud, Leasing
from tests.naive.marginals import Array
from tests.naive.sites import SiteFlows, run_sites
from tests.naive.world import World


@dataclass
class Operations:
    """Amounts in USD bn."""

    monthly: dict[str, Array]  # (months, paths)
    site_flows: SiteFlows
    terminal: Array  # proceeds at the horizon after tax
    terminal_flows: Array
    write_offs: Array
    write_off_flows: Array
    owed_after_tax: Array  # guarantee at the horizon


def run_operations(model: Any, world: World, plan: int, z: Array) -> Operations:
    """Operations of a plan over the horizon."""
    arpu, tax = model.arpu, model.finance.tax
    site_flows, pool = run_sites(model, world, plan), run_pool(model, world, plan, z)
    leasing, cloud = Leasing(model, world, plan, site_flows, z), Cloud(model, world, plan)
    learned = np.zeros_like(world.eps)  # L, adoption of effective compute
    effective = np.zeros_like(world.eps)
    rows: dict[str, list[Array]] = {}
    for m in range(model.months):
        let, rented = leasing.step(m, learned, effective), cloud.step(m)
        effective = let["W"] + rented["W"]
        ratio = (arpu.fleet0_by_month[m] + effective) / arpu.fleet0_by_month[m]
        learned = learned + arpu.lag_share * (np.log(ratio) - learned)
        ads = arpu.revenue0_by_month[m] * world.boom[m]
        increment = world.margin * ads * np.expm1(world.eps * learned)
        ebitda = increment + let["lease"] - rented["cloud"] - site_flows.monthly["operating_cost"][m]
        tested = m in model.finance.test_months
        row = {
            "W": effective, "ads": ads, "increment": increment, "lease": let["lease"], "let_mw": let["let_mw"],
            "impact": let["impact"], "cloud": rented["cloud"], "ebitda": ebitda,
            "owed": site_flows.monthly["rent_owed"][m] + cloud.owed(m) if tested else np.zeros_like(ebitda),
        }  # fmt: skip
        for name, values in row.items():
            rows.setdefault(name, []).append(values)
    monthly = site_flows.monthly | {name: np.array(values) for name, values in rows.items()}
    for name, values in pool.monthly.items():
        monthly[name] = monthly[name] + values
    monthly["taxable"] = monthly["ebitda"] - monthly["dep"] + monthly["gain"]  # before rent, guarantee and interest
    monthly["project"] = monthly["ebitda"] - tax * monthly["taxable"] - monthly["capex"] + monthly["sale"]
    monthly["with_partner"] = monthly["partner"] - (1.0 - tax) * (monthly["rent"] + monthly["guarantee"])
    monthly["cf"] = monthly["cash_flow"] = monthly["project"] + monthly["with_partner"]
    monthly["cumulative"] = np.cumsum(monthly["cf"], axis=0)
    return Operations(
        monthly,
        site_flows,
        site_flows.terminal + pool.terminal,
        site_flows.terminal_flows + pool.flows,
        site_flows.write_offs + pool.write_offs,
        site_flows.write_off_flows + pool.flows,
        (1.0 - tax) * site_flows.owed,
    )
