"""Plans: what the company does about the programme."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.plan.cloud import Cloud, select_cloud
from simulator.finance.plan.covenants import Covenants, select_covenants
from simulator.finance.plan.disposal import Disposal, select_disposal
from simulator.finance.plan.equity import Equity, select_equity
from simulator.finance.plan.jv import ALL, Jv, select_jv
from simulator.finance.plan.leases import (
    InternalOrLease,
    LeaseExcess,
    select_internal_or_lease,
    select_lease_excess,
)
from simulator.finance.plan.lever import Floats, Ints
from simulator.finance.plan.liquidity import Liquidity, select_liquidity
from simulator.finance.plan.notes import Notes, select_notes
from simulator.finance.plan.variant import Variant, select_variant
from simulator.numerics.jit import inline


class Plans(NamedTuple):
    """Frozen levers of all plans: arrays of one entry a plan, in config order."""

    order: Ints  # plan numbers as they are valued: those of a variant together, like notes behind one another
    own_share: Floats  # share of every site that is owned; the rest is rented from a cloud
    variant: Variant[Floats, Ints]
    notes: Notes[Floats, Ints]
    liquidity: Liquidity[Floats, Ints]
    covenants: Covenants[Floats, Ints]
    cloud: Cloud[Ints]
    jv: Jv[Floats, Ints]
    lease_excess: LeaseExcess[Floats, Ints]
    internal_or_lease: InternalOrLease[Floats, Ints]
    disposal: Disposal[Floats, Ints]
    equity: Equity[Floats, Ints]


class Plan(NamedTuple):
    """The levers of one plan."""

    own_share: float
    variant: Variant[float, int]
    notes: Notes[float, int]
    liquidity: Liquidity[float, int]
    covenants: Covenants[float, int]
    cloud: Cloud[int]
    jv: Jv[float, int]
    lease_excess: LeaseExcess[float, int]
    internal_or_lease: InternalOrLease[float, int]
    disposal: Disposal[float, int]
    equity: Equity[float, int]


@inline
def select_plan(plans: Plans, k: int) -> Plan:
    """Plan number `k`."""
    return Plan(
        plans.own_share[k], select_variant(plans.variant, k), select_notes(plans.notes, k),
        select_liquidity(plans.liquidity, k), select_covenants(plans.covenants, k), select_cloud(plans.cloud, k),
        select_jv(plans.jv, k), select_lease_excess(plans.lease_excess, k),
        select_internal_or_lease(plans.internal_or_lease, k), select_disposal(plans.disposal, k),
        select_equity(plans.equity, k),
    )  # fmt: skip


class Terms(NamedTuple):
    """The numbers of one plan's liquidity, equity and covenants, as in Plans."""

    opening_cash: float
    other_debt: float
    cash_floor: float
    revolver: float
    revolver_margin: float
    cash_rate: float
    penalty: float
    penalty_month: int
    covenant_dscr: float
    covenant_fccr: float  # 0 where the plan has notes
    covenant_leverage: float
    covenant_cash: float
    refit: float
    own: float
    with_jv: bool
    with_cloud: bool
    equity_limit: float
    equity_price: float
    base_eps: float
    cures: int
    sweep: bool


@inline
def terms_of(plan: Plan) -> Terms:
    """The terms of a plan."""
    liquidity, covenants, equity = plan.liquidity, plan.covenants, plan.equity
    return Terms(
        liquidity.opening_cash, liquidity.other_debt, liquidity.floor, liquidity.revolver,
        liquidity.revolver_margin, liquidity.cash_rate, liquidity.penalty, liquidity.penalty_month,
        covenants.dscr, covenants.fccr, covenants.leverage,
        covenants.cash, plan.variant.refit, plan.own_share, plan.jv.on == 1,
        plan.cloud.on == 1, equity.limit, equity.price_net, equity.base_eps,
        covenants.cures, covenants.sweep == 1,
    )  # fmt: skip


class Joint(NamedTuple):
    """The numbers of one plan's joint venture, as in Plans."""

    share: float
    rate: float
    lease: int
    renewal: int
    guarantee: float
    chips: bool
    block: int
    decay: NDArray[np.float64]  # [n]: what 1 in n months is worth now at the rate


@inline
def joint_of(plan: Plan, decay: NDArray[np.float64]) -> Joint:
    """The joint venture of a plan."""
    jv = plan.jv
    return Joint(
        jv.share, jv.rate, jv.lease_months, jv.renewal_months, jv.guarantee, jv.assets == ALL, jv.exit_block, decay
    )
