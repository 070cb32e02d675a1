"""Plans: what the company does about the programme, one entry a plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inline, inner
from simulator.numerics.special_functions import exp, log

COMMITTED, DEFERRED = range(2)
NO_REFRESH, BOOK, ECONOMIC = range(3)


class Plans(NamedTuple):
    """Frozen levers, arrays of one entry per plan; an absent lever is its neutral number."""

    chips: NDArray[np.int64]  # COMMITTED or DEFERRED
    refresh: NDArray[np.int64]  # NO_REFRESH, BOOK or ECONOMIC
    refit: NDArray[np.float64]  # refit cost at a swap, share of shell
    opening_cash: NDArray[np.float64]  # before notes, USD bn
    other_debt: NDArray[np.float64]  # USD bn
    cash_floor: NDArray[np.float64]  # liquidity the revolver defends, USD bn
    revolver: NDArray[np.float64]  # limit, USD bn
    revolver_margin: NDArray[np.float64]  # over r + s
    cash_rate: NDArray[np.float64]  # earned on cash, per year
    penalty: NDArray[np.float64]  # one-off cash penalty, USD bn (0: none)
    penalty_month: NDArray[np.int64]
    covenant_dscr: NDArray[np.float64]  # minimum DSCR (0: no such covenant)
    covenant_fccr: NDArray[np.float64]  # minimum FCCR where the plan has no notes (0: none)
    covenant_leverage: NDArray[np.float64]  # maximum leverage (0: none)
    covenant_cash: NDArray[np.float64]  # minimum cash (0: none)
    tranche_from: NDArray[np.int64]  # (P + 1,) tranches of plan p: tranche_from[p] .. tranche_from[p + 1] - 1
    tranche_amount: NDArray[np.float64]  # USD bn
    tranche_issue: NDArray[np.int64]  # month of issue
    tranche_maturity: NDArray[np.int64]  # month of repayment (may lie beyond the horizon)
    tranche_rate: NDArray[np.float64]  # coupon, or margin over r + s where floating
    tranche_floating: NDArray[np.int64]  # 1: the rate is fixed at issue as opening r + s + margin
    tranche_margin: NDArray[np.float64]  # own margin over r + s at refinancing
    tranche_term: NDArray[np.float64]  # years from issue to maturity
    tranche_refinance: NDArray[np.int64]  # 1: a 10-year bullet replaces it at maturity
    tranche_amortising: NDArray[np.int64]  # 1: equal monthly principal from issue to maturity
    note_coupon: NDArray[np.float64]  # weighted coupon of the plan's notes (0 without notes)
    note_duration: NDArray[np.float64]  # their Macaulay duration at issue, years
    note_maturity: NDArray[np.float64]  # their weighted term at issue, years
    works: NDArray[np.int64]  # number of the physical variant: plans whose sites behave alike share one
    order: NDArray[np.int64]  # plan numbers, those of a variant together and, where it can be, those with like notes
    notes_again: NDArray[np.int64]  # 1: the plan before it in `order` bears the same interest
    works_term: NDArray[np.int64]  # months of a let contract in the variant (0: none of its plans lets)
    own: NDArray[np.float64]  # share of every site that is owned; the rest is rented from a cloud
    cloud_term: NDArray[np.int64]  # months of a rented term
    cloud_tenor: NDArray[np.int64]  # its place in Price.tenors
    let: NDArray[np.float64]  # MW let per MW working: spare share x occupancy (0: lets nothing)
    occupancy: NDArray[np.float64]
    contract: NDArray[np.float64]  # share of let MW under contract
    let_term: NDArray[np.int64]  # months of a let contract
    let_tenor: NDArray[np.int64]  # its place in Price.tenors
    default: NDArray[np.int64]  # marginal of the years to a tenant's default (-1: never)
    let_cost: NDArray[np.float64]  # share of rent lost to selling and service
    crowding: NDArray[np.float64]  # of itself, what let spare capacity costs in W
    own_supply: NDArray[np.int64]  # 1: what is let lowers the price it fetches
    previous: NDArray[np.int64]  # 1: whole sites of an older generation are let
    option: NDArray[np.float64]  # share of a site that may be let for a year instead of used (0: none)
    jv_share: NDArray[np.float64]  # the partner's share of what the JV owns (0: no JV)
    jv_rate: NDArray[np.float64]  # per year
    jv_lease: NDArray[np.int64]  # months
    jv_renewal: NDArray[np.int64]  # months between dates at which the sponsor may leave
    jv_guarantee: NDArray[np.float64]  # cap of the residual-value guarantee, share of the partner's base
    jv_chips: NDArray[np.int64]  # 1: the JV owns compute as well
    jv_block: NDArray[np.int64]  # months after a swap in which the sponsor does not leave
    jv_sites: NDArray[np.int64]  # (P, sites) 1: the JV takes the site
    jv_discount: NDArray[np.float64]  # (P, T) discount factors at rate x (1 - tax)
    equity_limit: NDArray[np.float64]  # shares sold at most, USD bn (0: none)
    equity_price: NDArray[np.float64]  # proceeds of a share, USD
    base_eps: NDArray[np.float64]  # earnings of the base business, USD a share and year, that new shares dilute
    cures: NDArray[np.int64]  # covenant breaches that injected equity may cure
    sweep: NDArray[np.int64]  # 1: an uncured breach sweeps cash above the floor into the notes
    disposal: NDArray[np.float64]  # carrying value of the pool held for sale, USD bn (0: none)
    disposal_z: NDArray[np.float64]  # the sale closes where the score lies below this
    disposal_when: NDArray[np.int64]  # marginal of the month-time at which it closes
    disposal_ratio: NDArray[np.int64]  # marginal of price over carrying value
    disposal_end: NDArray[np.int64]  # month in which an unsold pool returns to use


class Tranches(NamedTuple):
    """The notes of one plan, arrays of one entry a tranche."""

    amount: NDArray[np.float64]
    issue: NDArray[np.int64]
    maturity: NDArray[np.int64]
    rate: NDArray[np.float64]
    floating: NDArray[np.int64]
    margin: NDArray[np.float64]
    term: NDArray[np.float64]
    refinance: NDArray[np.int64]
    amortising: NDArray[np.int64]


class Plan(NamedTuple):
    """One entry of Plans: the numbers of one plan."""

    chips: int
    refresh: int
    refit: float
    opening_cash: float
    other_debt: float
    cash_floor: float
    revolver: float
    revolver_margin: float
    cash_rate: float
    penalty: float
    penalty_month: int
    covenant_dscr: float
    covenant_fccr: float
    covenant_leverage: float
    covenant_cash: float
    note_coupon: float
    note_duration: float
    note_maturity: float
    works_term: int
    notes_again: bool
    own: float
    cloud_term: int
    cloud_tenor: int
    let: float
    occupancy: float
    contract: float
    let_term: int
    let_tenor: int
    default: int
    let_cost: float
    crowding: float
    own_supply: int
    previous: int
    option: float
    jv_share: float
    jv_rate: float
    jv_lease: int
    jv_renewal: int
    jv_guarantee: float
    jv_chips: int
    jv_block: int
    equity_limit: float
    equity_price: float
    base_eps: float
    cures: int
    sweep: int
    disposal: float
    disposal_z: float
    disposal_when: int
    disposal_ratio: int
    disposal_end: int
    jv_sites: NDArray[np.int64]  # (sites,)
    jv_discount: NDArray[np.float64]  # (T,)
    notes: Tranches


@inline
def plan_of(plans: Plans, k: int) -> Plan:
    """Plan number `k`."""
    first, end = plans.tranche_from[k], plans.tranche_from[k + 1]
    notes = Tranches(
        plans.tranche_amount[first:end], plans.tranche_issue[first:end], plans.tranche_maturity[first:end],
        plans.tranche_rate[first:end], plans.tranche_floating[first:end], plans.tranche_margin[first:end],
        plans.tranche_term[first:end], plans.tranche_refinance[first:end], plans.tranche_amortising[first:end],
    )  # fmt: skip
    return Plan(
        plans.chips[k], plans.refresh[k], plans.refit[k], plans.opening_cash[k], plans.other_debt[k],
        plans.cash_floor[k], plans.revolver[k], plans.revolver_margin[k], plans.cash_rate[k], plans.penalty[k],
        plans.penalty_month[k], plans.covenant_dscr[k], plans.covenant_fccr[k], plans.covenant_leverage[k],
        plans.covenant_cash[k], plans.note_coupon[k], plans.note_duration[k], plans.note_maturity[k],
        plans.works_term[k], plans.notes_again[k] == 1, plans.own[k], plans.cloud_term[k], plans.cloud_tenor[k],
        plans.let[k], plans.occupancy[k], plans.contract[k], plans.let_term[k], plans.let_tenor[k], plans.default[k],
        plans.let_cost[k], plans.crowding[k], plans.own_supply[k], plans.previous[k], plans.option[k],
        plans.jv_share[k], plans.jv_rate[k], plans.jv_lease[k], plans.jv_renewal[k], plans.jv_guarantee[k],
        plans.jv_chips[k], plans.jv_block[k], plans.equity_limit[k], plans.equity_price[k], plans.base_eps[k],
        plans.cures[k], plans.sweep[k], plans.disposal[k], plans.disposal_z[k], plans.disposal_when[k],
        plans.disposal_ratio[k], plans.disposal_end[k], plans.jv_sites[k], plans.jv_discount[k], notes,
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
    notes = plan.notes.amount.size > 0
    return Terms(
        plan.opening_cash, plan.other_debt, plan.cash_floor, plan.revolver,
        plan.revolver_margin, plan.cash_rate, plan.penalty, plan.penalty_month,
        plan.covenant_dscr, 0.0 if notes else plan.covenant_fccr, plan.covenant_leverage,
        plan.covenant_cash, plan.refit, plan.own, plan.jv_share > 0.0,
        plan.own < 1.0, plan.equity_limit, plan.equity_price, plan.base_eps,
        plan.cures, plan.sweep == 1,
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
    return Joint(
        plan.jv_share, plan.jv_rate, plan.jv_lease, plan.jv_renewal, plan.jv_guarantee, plan.jv_chips == 1,
        plan.jv_block, decay,
    )  # fmt: skip


@inner
def fill_decay(rate: float, decay: NDArray[np.float64]) -> None:
    """What 1 in n months is worth now at a yearly `rate`, for every n."""
    monthly = log(1.0 + rate) / 12.0
    for n in range(decay.size):
        decay[n] = exp(-monthly * n)
