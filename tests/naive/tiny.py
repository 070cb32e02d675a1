"""A model small enough to be worked out by hand: one site, every number a constant, no scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.naive.marginals import CONSTANT

Numbers = Mapping[str, float]


class Tables:
    """Collects constants as marginals."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def add(self, value: float) -> int:
        """Index of a marginal that is always `value`."""
        self.values.append(value)
        return len(self.values) - 1

    def freeze(self) -> SimpleNamespace:
        """The marginals of a model."""
        n = len(self.values)
        return SimpleNamespace(
            kind=np.full(n, CONSTANT),
            a=np.array(self.values),
            b=np.zeros(n),
            atom=np.zeros(n),
            atom_z=np.full(n, -np.inf),
            atom_value=np.zeros(n),
            first=np.zeros(n, dtype=int),
            count=np.zeros(n, dtype=int),
            numbers=np.zeros(0),
        )


SITE = {"mw": 100.0, "start": 0.0, "build": 12.0, "requested": 0.0, "queue": 18.0, "planned": 15.0, "slip": 0.0}
NOTE = {
    "amount": 10.0, "issue": 0, "maturity": 500, "rate": 0.06, "floating": 0, "refinance_margin": 0.0, "term": 5.0,
    "refinance": 1, "kind": 0,
}  # fmt: skip
PLAN = {
    "variant.chips": 0, "variant.refresh": 1, "variant.refit": 0.4, "liquidity.opening_cash": 50.0,
    "liquidity.other_debt": 5.0, "liquidity.floor": 0.0, "liquidity.revolver": 0.0, "liquidity.revolver_margin": 0.01,
    "liquidity.cash_rate": 0.0, "liquidity.penalty": 0.0, "liquidity.penalty_month": 0, "covenants.dscr": 0.0,
    "covenants.fccr": 0.0, "covenants.leverage": 0.0, "covenants.cash": 0.0, "own_share": 1.0, "cloud.term": 12,
    "cloud.term_tenor": 0, "lease_excess.leased_share": 0.0, "lease_excess.occupancy": 0.9,
    "lease_excess.contract_share": 0.0, "lease_excess.term": 12, "lease_excess.term_tenor": 0,
    "lease_excess.default_rate_marginal": -1, "lease_excess.cost_ratio": 0.0, "lease_excess.crowding": 0.0,
    "lease_excess.own_supply": 0, "lease_excess.previous_generation": 0, "internal_or_lease.share": 0.0,
    "jv.share": 0.0, "jv.rate": 0.0, "jv.lease_months": 240, "jv.renewal_months": 48, "jv.guarantee": 0.8,
    "jv.assets": 0, "jv.exit_block": 36, "equity.limit": 0.0, "equity.price_net": 600.0, "equity.base_eps": 0.0,
    "covenants.cures": 0, "covenants.sweep": 0, "disposal.carrying": 0.0, "disposal.probability_threshold": np.inf,
    "disposal.months_marginal": 0, "disposal.ratio_marginal": 0, "disposal.months": 12,
}  # fmt: skip
NUMBERS = {
    "months": 36, "arrival": 2.0, "step": np.log(2.0), "efficiency": 0.0, "wear": 0.0, "fail_z": -np.inf,
    "behind": 30.0, "price": 12.0, "opex": 0.9, "eps": 0.0, "multiplier": 1.0, "compute_life": 10,
    "shell_life": 40, "work_delay": 1, "tests": (), "base_cash_flow": 0.0, "wacc": 0.0, "near_term": 12.0,
    "recovery": 1.0, "use": 0.5, "market": 100.0, "tenors": (12,), "januaries": (), "default": 100.0,
    "disposal_when": 3.0, "disposal_ratio": 1.0,
}  # fmt: skip


def tiny_model(
    site: Numbers | None = None,
    notes: Sequence[Numbers] = (),
    plan: Numbers | None = None,
    **changes: Any,
) -> SimpleNamespace:
    """Shell costs 1 bn, compute 2 bn, tax is .15, r + s .05, ad revenue 10 a month, margin .8, resale .85.

    A new generation, worth exp(step) of the old, comes `arrival` years from now. `changes` override NUMBERS.
    """
    unknown = changes.keys() - NUMBERS.keys()
    if unknown:
        raise ValueError(f"given {sorted(unknown)}, wanted some of {sorted(NUMBERS)}")
    n = SimpleNamespace(**(NUMBERS | changes))
    tables, t = Tables(), (np.arange(n.months) + 1) / 12.0
    silicon, grid = _silicon(tables, n), _grid(tables, n, {**SITE, **(site or {})})
    return SimpleNamespace(
        months=n.months,
        dependence=SimpleNamespace(correlation_cholesky=np.eye(6), family=0, factor_row=0, shift=np.zeros(6)),
        silicon=silicon,
        grid=grid,
        arpu=SimpleNamespace(
            revenue0_by_month=np.full(n.months, 10.0), fleet0_by_month=np.full(n.months, 100.0), factor_level=0.0,
            noise_phi=1.0, noise_sd=0.0, elasticity_marginal=tables.add(n.eps), elasticity_loading=0.0,
            elasticity_residual=0.0, lag_share=1.0, margin_marginal=tables.add(0.8), noise_row=0, elasticity_row=0,
            margin_row=0,
        ),
        price=_price(tables, n),
        funding=SimpleNamespace(
            rate0=0.04, rate_mean=0.04, rate_factor_level=0.0, rate_phi=1.0, rate_sd=0.0, spread0=0.01,
            spread_mean_log=np.log(0.01), spread_factor_level=0.0, spread_phi=1.0, spread_sd=0.0, rate_row=0,
            spread_row=0,
        ),
        programme=SimpleNamespace(
            shell_cost_per_mw=0.01, compute_cost_per_mw=0.02, cost_multiplier_marginal=tables.add(n.multiplier),
            delivery_months=6, operating_cost_marginal=tables.add(n.opex), idle_share=0.2, behind_meter_cost=0.5,
            cost_growth_by_month=np.ones(n.months), compute_life=n.compute_life, shell_life=n.shell_life,
            work_delay=np.array([n.work_delay]), resale_marginal=tables.add(0.85), shell_price=12.0,
            cancellation_fee=0.1, cost_multiplier_row=0, operating_cost_row=0, resale_row=0,
            capital_recovery=n.recovery, internal_use=n.use, default_rate_row=np.array([0]),
            disposal_probability_row=0, disposal_months_row=0, disposal_ratio_row=0,
        ),
        finance=SimpleNamespace(
            tax=0.15, wacc_discount=(1.0 + n.wacc) ** -t, unlevered_cost_discount=np.ones(n.months), shares=2.5,
            base_cash_flow_monthly=n.base_cash_flow, ebitda_share=0.5, fiscal_year=np.arange(n.months) // 12,
            fiscal_years=-(-n.months // 12), test_months=np.array(n.tests, dtype=int),
            january=np.isin(np.arange(n.months), n.januaries).astype(int),
        ),
        plans=_plans(tables, n, [{**NOTE, **note} for note in notes], {**PLAN, **(plan or {})}),
        marginals=tables.freeze(),
    )  # fmt: skip


def _silicon(tables: Tables, n: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(
        gap_slots=2, gap_first_marginal=tables.add(n.arrival + 1.0), gap_marginal=tables.add(100.0), age=1.0,
        performance_marginal=tables.add(n.step), efficiency_marginal=tables.add(n.efficiency),
        factor_share_loading=0.0, factor_share_residual=1.0, correlation_partial=0.0, beta=1.0, wear=n.wear,
        paradigm_rate_slots=0, paradigm_rate_marginal=tables.add(20.0), paradigm_loss_marginal=tables.add(0.5),
        gap_row=0, performance_row=0, efficiency_row=0, paradigm_rate_row=0, paradigm_loss_row=0, shock_loss=0.0,
        shock_month=1,
    )  # fmt: skip


def _grid(tables: Tables, n: SimpleNamespace, site: Numbers) -> SimpleNamespace:
    return SimpleNamespace(
        **{name: np.array([site[name]]) for name in ("mw", "start", "requested", "planned")},
        near_term_flag=np.array([int(site["planned"] <= n.near_term)]), queue_marginal=[tables.add(site["queue"])],
        build_marginal=[tables.add(site["build"])], behind_meter_marginal=tables.add(n.behind),
        slip_marginal=tables.add(site["slip"]), fail_probability_threshold=n.fail_z, national_share_loading=0.0,
        regional_share_loading=0.0, queue_residual=1.0, score_shift=0.0, region_row=[0], site_row=[0],
    )  # fmt: skip


def _price(tables: Tables, n: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(
        model=0, spot0=n.price, longrun_marginal=tables.add(n.price), factor_level=0.0, kappa=1.0, phi=1.0, sd=0.0,
        arpu_correlation=0.0, arpu_correlation_residual=1.0, jump_rate_slots=0, jump_rate_marginal=tables.add(1.0),
        jump_size_marginal=tables.add(0.0), regime_levels=np.array([5.0, 10.0, 20.0]),
        regime_stays_marginal=[tables.add(years) for years in (0.5, 1.0, 0.25)], regime_start=2, regime_stays_slots=6,
        noise_row=0, longrun_row=0, jump_rate_row=0, jump_size_row=0, regime_stays_row=0, regime_turn_row=0,
        shock=0.0, tenors=np.array(n.tenors, dtype=int), market0_by_month=np.full(n.months, n.market),
    )  # fmt: skip


def _plans(tables: Tables, n: SimpleNamespace, notes: Sequence[Numbers], plan: Numbers) -> SimpleNamespace:
    """The levers of one plan, given by dotted name.

    The marginal of the years to a default is -1 for never; else the years stand in `n.default`. All sites are the JV's.
    """
    t = (np.arange(n.months) + 1) / 12.0
    plan = dict(plan)
    if plan["lease_excess.default_rate_marginal"] >= 0:
        plan["lease_excess.default_rate_marginal"] = tables.add(n.default)
    plan["disposal.months_marginal"] = tables.add(n.disposal_when)
    plan["disposal.ratio_marginal"] = tables.add(n.disposal_ratio)
    plans = SimpleNamespace(order=np.zeros(1, dtype=int))
    for name, value in plan.items():
        *levers, key = name.split(".")
        lever = plans
        for part in levers:
            lever = vars(lever).setdefault(part, SimpleNamespace())
        setattr(lever, key, np.array([value]))
    plans.jv.sites = np.array([[int(plan["jv.share"] > 0.0)]])
    plans.jv.discount = np.array([(1.0 + plan["jv.rate"] * (1.0 - 0.15)) ** -t])
    tranches = SimpleNamespace(**{name: np.array([note[name] for note in notes]) for name in NOTE})
    plans.notes = SimpleNamespace(
        on=np.array([int(len(notes) > 0)]), first_tranche=np.array([0]), end_tranche=np.array([len(notes)]),
        tranches=tranches,
    )  # fmt: skip
    return plans
