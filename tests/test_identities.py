"""Accounting identities of the kernel's own months, on every path and plan of a config that uses every lever.

Amounts are USD bn; a month's rounding may reach 1e-9, what all events count as nothing.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from simulator import kernel
from simulator.config import load
from simulator.config.freeze import Frozen, freeze
from simulator.engine.scenario_samples import only_plan
from simulator.finance.series import series_names
from tests.test_twin import LEVERS, SEED

PATHS = 256
NOTHING = 1e-9  # USD bn
CONSTANT_MARGIN = "drivers.arpu.margin=0.8"
PLANS = ("book", "economic", "late", "bare", "lease", "shells", "chips", "swept", "rented")


@cache
def simulated(*overrides: str) -> tuple[Frozen, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Figures (paths,) and series (months, paths) by `<plan>.<name>`."""
    frozen = freeze(load(LEVERS, (CONSTANT_MARGIN, *overrides)))
    model = frozen.model
    out = np.empty((kernel.figure_count(model), PATHS))
    trace = np.empty((kernel.series_count(model), model.months, PATHS))
    assert kernel.simulate(model, SEED, np.arange(PATHS), kernel.allocate_workspace(model), out, trace) == kernel.DONE
    names = [f"world.{metric.name}" for metric in frozen.world]
    names += [f"{plan}.{metric.name}" for plan in frozen.plans for metric in frozen.plan]
    series = dict(zip(series_names(frozen.plans), trace, strict=True))
    return frozen, dict(zip(names, out, strict=True)), series


def identity_terms(plan: str, *overrides: str) -> tuple[SimpleNamespace, SimpleNamespace, SimpleNamespace]:
    """A plan's frozen terms, figures and series."""
    frozen, figures, series = simulated(*overrides)
    model = only_plan(frozen.model, frozen.plans.index(plan))
    rows = {name.partition(".")[2]: values for name, values in series.items() if name.startswith(f"{plan}.")}
    kept = {name.partition(".")[2]: values for name, values in figures.items() if name.startswith(f"{plan}.")}
    noise = series["world.ads"] / model.arpu.revenue0_by_month[:, None]
    wobble = 0.8 * (1.0 - model.finance.tax) * model.arpu.revenue0_by_month[:, None] * (noise - 1.0)
    terms = {
        "base": model.finance.base_cash_flow_monthly + wobble,
        "tax": model.finance.tax,
        "shares": model.finance.shares,
    }
    terms |= {"own_share": model.plans.own_share[0], "jv": model.plans.jv}
    terms |= {name: values[0] for name, values in model.plans.liquidity._asdict().items()}
    terms["equity_limit"] = model.plans.equity.limit[0]
    return SimpleNamespace(**terms), SimpleNamespace(**kept), SimpleNamespace(**rows)


def test_every_plan_of_the_config_is_here() -> None:
    assert simulated()[0].plans == PLANS


def same(first: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(first, other, rtol=1e-10, atol=NOTHING)


def change(series: np.ndarray, before: float = 0.0) -> np.ndarray:
    """Month on month."""
    return np.diff(series, axis=0, prepend=np.full((1, series.shape[1]), before))


def other_cash(terms: SimpleNamespace, series: SimpleNamespace) -> np.ndarray:
    """The cash of the base business and of the treasury."""
    opening = np.vstack([np.full(PATHS, terms.opening_cash), series.cash[:-1]])
    penalty = np.zeros_like(opening)
    penalty[int(terms.penalty_month)] = terms.penalty
    return terms.base + (1.0 - terms.tax) * terms.cash_rate / 12.0 * opening - penalty


@pytest.mark.parametrize("plan", PLANS)
def test_cash_rolls_forward(plan: str) -> None:
    terms, _, s = identity_terms(plan)
    operating = s.cfads - s.interest - s.drawn_interest - s.guarantee
    invested = s.capex - s.sale - s.partner
    financed = change(s.notes) + change(s.revolver) + s.equity
    flows = other_cash(terms, s) + operating - invested + financed
    np.testing.assert_allclose(change(s.cash, terms.opening_cash), flows, rtol=0.0, atol=NOTHING)


@pytest.mark.parametrize("plan", PLANS)
def test_sources_are_uses(plan: str) -> None:
    terms, _, s = identity_terms(plan)
    flows = [s.cfads, s.sale, s.partner, s.equity, other_cash(terms, s), change(s.notes), change(s.revolver)]
    flows += [-s.capex, -s.interest, -s.drawn_interest, -s.guarantee]
    sources = terms.opening_cash + sum(np.maximum(flow, 0.0).sum(axis=0) for flow in flows)
    uses = s.cash[-1] + sum(np.maximum(-flow, 0.0).sum(axis=0) for flow in flows)
    np.testing.assert_allclose(sources, uses, rtol=1e-12, atol=100.0 * NOTHING)


@pytest.mark.parametrize("plan", PLANS)
def test_the_balance_sheet_balances(plan: str) -> None:
    """Cash and book less notes and revolver grow by profit, shares sold and what the base business brings."""
    terms, _, s = identity_terms(plan)
    worth = s.cash + s.book - s.notes - s.revolver
    earned = s.profit + s.equity + other_cash(terms, s)
    np.testing.assert_allclose(change(worth)[1:], earned[1:], rtol=0.0, atol=NOTHING)  # sunk book opens month 0


@pytest.mark.parametrize("plan", PLANS)
def test_cash_flow_and_profit_are_one_account(plan: str) -> None:
    """Unlevered flow = CFADS before the shield of interest, less what is invested, with what the partner pays."""
    terms, _, s = identity_terms(plan)
    unlevered = s.cfads - terms.tax * (s.interest + s.drawn_interest) - s.capex + s.sale + s.partner - s.guarantee
    np.testing.assert_allclose(s.cash_flow, unlevered, rtol=0.0, atol=NOTHING)
    taxed = s.profit / (1.0 - terms.tax)
    np.testing.assert_allclose(s.cfads, s.ebitda - s.rent - terms.tax * taxed, rtol=0.0, atol=NOTHING)


@pytest.mark.parametrize("plan", PLANS)
def test_balances_stay_within_their_limits(plan: str) -> None:
    terms, figures, s = identity_terms(plan)
    for name in ("book", "notes", "revolver", "stranded", "idle", "equity", "capex", "rent", "partner", "guarantee",
                 "cloud", "lease", "owed", "in_service", "work", "asset_value"):  # fmt: skip
        assert getattr(s, name).min() >= -NOTHING, name
    assert s.revolver.max() <= terms.revolver + NOTHING
    assert s.equity.sum(axis=0).max() <= terms.equity_limit + NOTHING
    below = s.cash < terms.floor - NOTHING
    assert (s.revolver[below] >= terms.revolver - NOTHING).all()
    sold = np.cumsum(s.equity, axis=0)
    assert (sold[below] >= terms.equity_limit - NOTHING).all()
    assert (below.sum(axis=0) == figures.shortfall_months).all()
    assert (s.in_service <= 600.0 * terms.own_share + NOTHING).all()


@pytest.mark.parametrize("plan", PLANS)
def test_figures_are_sums_and_extremes_of_the_months(plan: str) -> None:
    terms, f, s = identity_terms(plan)
    same(f.lease_income, s.lease.sum(axis=0))
    same(f.cloud_cost, s.cloud.sum(axis=0))
    same(f.equity_sold, s.equity.sum(axis=0))
    same(s.cumulative, np.cumsum(s.cash_flow, axis=0))
    same(f.peak_funding, np.maximum(-s.cumulative.min(axis=0), 0.0))
    same(f.min_cash, s.cash.min(axis=0))
    same(f.revolver_peak, s.revolver.max(axis=0))
    same(f.stranded_peak, s.stranded.max(axis=0))
    assert (f.guarantee >= s.guarantee.sum(axis=0) - NOTHING).all()
    assert ((f.breach == 1.0) == (s.breached[-1] == 1.0)).all()
    years = [name for name in vars(f) if name.startswith("eps_fy")]
    unsold = f.equity_sold == 0.0
    earned = sum(getattr(f, name) for name in years)
    same(earned[unsold], s.profit.sum(axis=0)[unsold] / terms.shares)


@pytest.mark.parametrize("plan", ["book", "economic", "bare"])
def test_plans_without_levers_have_none(plan: str) -> None:
    _, f, s = identity_terms(plan)
    for name in ("partner", "rent", "guarantee", "cloud", "lease", "equity", "owed"):
        assert not getattr(s, name).any(), name
    assert np.isnan(f.partner_npv).all()
    assert not f.exits.any()


ONE_RATE = (
    "programme.tax=0", "programme.wacc=0.07", "programme.unlevered_cost=0.07",
    "plans.shells.jv.rate=0.07", "plans.shells.jv.renewal_years=20",  # no date to leave at
    "plans.chips.jv.rate=0.07", "plans.chips.jv.renewal_years=20",
)  # fmt: skip


@pytest.mark.parametrize("plan", ["shells", "chips"])
def test_what_the_partner_gains_the_sponsor_loses(plan: str) -> None:
    """Without tax and at one rate a JV that nobody leaves moves value, and makes none."""
    _, alone, _ = identity_terms(plan, *ONE_RATE, "plans.shells.jv.on=false", "plans.chips.jv.on=false")
    terms, f, s = identity_terms(plan, *ONE_RATE)
    assert f.exits.max() == 0.0
    assert np.abs(f.partner_npv).max() > 0.01
    np.testing.assert_allclose(f.npv + f.partner_npv, alone.npv, rtol=1e-11, atol=NOTHING)
    assert terms.jv.share[0] > 0.0
    np.testing.assert_allclose(f.npv, f.apv, rtol=1e-11)  # one rate, and no tax to shield
    assert s.partner.sum() > 0.0


def test_the_levers_are_used() -> None:
    """The identities above were seen at work: exits, guarantees, injections, sweeps, defaults, both ends of a sale."""
    frozen, figures, series = simulated()
    assert 0.0 < (figures["shells.exits"] > 0.0).mean() < 1.0
    assert 0.0 < (figures["chips.exits"] > 0.0).mean() < 1.0
    assert (series["shells.guarantee"].sum(axis=0) > 0.0).any()
    test_months = frozen.model.finance.test_months
    for plan in ("shells", "swept"):
        injected = series[f"{plan}.equity"][test_months] > 0.0
        assert 0 < injected.any(axis=0).sum() < PATHS, plan
        assert 0.0 < figures[f"{plan}.uncured"].mean() < 1.0, plan
    scheduled, swept = series["book.notes"], series["swept.notes"]
    assert (swept < scheduled - NOTHING).any(axis=0).sum() > 0
    assert ((swept > 0.01) & (swept < scheduled - 0.01)).any(axis=0).sum() > 0
    assert 0.0 < (series["lease.sale"] > series["book.sale"] + NOTHING).any(axis=0).mean() < 1.0
