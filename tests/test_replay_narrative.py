"""The story of a path against its figures, the naive twin and arithmetic: what is told is what happened."""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.analyses.replay import company_events, covenant_tests, events, months, replayed_path, world_events
from simulator.config import freeze, load
from simulator.config.fields.ranges import number
from simulator.engine.simulation import make_job
from simulator.finance import workspace as at
from tests import naive
from tests.naive.marginals import quantile
from tests.smoke import FLAGSHIP
from tests.test_twin import LEVERS, SEED

WORST = (
    ("dscr", "dscr_min", np.nanmin),
    ("fccr", "fccr_min", np.nanmin),
    ("icr", "icr_min", np.nanmin),
    ("leverage", "leverage_max", np.nanmax),
)
NOTHING = 1e-9  # USD bn
MANY = 60  # paths of a config with every lever


@cache
def frozen(config=LEVERS, *overrides):
    return freeze(load(config, overrides))


def drawn(path, config=LEVERS, *overrides):
    of = frozen(config, *overrides)
    return replayed_path.draw(of.model, of.plans, SEED, path)


def figures(of, path):
    """A path's figures by owner."""
    columns = make_job(of).columns
    rows: dict[str, dict[str, float]] = {}
    for column in columns:
        rows.setdefault(column.scope, {})[column.metric.name] = float(path.figures[column.row])
    return {scope: SimpleNamespace(**row) for scope, row in rows.items()}


@pytest.mark.parametrize("path", range(0, MANY, 7))
def test_valuing_a_plan_alone_is_valuing_it_among_others(path):
    of, one = frozen(), drawn(path)
    own = figures(of, one)
    for plan, books in one.plans.items():
        s = books.series
        assert own[plan].min_cash == s["cash"].min()
        assert own[plan].revolver_peak == s["revolver"].max()
        assert own[plan].stranded_peak == s["stranded"].max()
        np.testing.assert_array_equal(s["equity"].sum() > 0.0, own[plan].equity_sold > 0.0)


@pytest.mark.parametrize("path", [0, 3, 17])
def test_npv_is_the_discounted_cash_flow(path):
    of, one = frozen(FLAGSHIP), drawn(path, FLAGSHIP)
    own = figures(of, one)
    for plan in ("own", "own_lease", "hybrid", "deferred"):
        books, npv = one.plans[plan], 0.0
        for m, flow in enumerate(books.series["cash_flow"]):
            npv += flow / (1.0 + number(of.config.programme.wacc)) ** ((m + 1) / 12)
        npv += books.end_value / (1.0 + number(of.config.programme.wacc)) ** (of.model.months / 12)
        assert own[plan].npv == pytest.approx(npv, rel=1e-10)
        low = np.cumsum(books.series["cash_flow"])
        assert own[plan].peak_funding == pytest.approx(-low.min())
        assert own[plan].peak_month == np.argmin(low)


@pytest.mark.parametrize("path", [1, 8])
def test_income_from_ads_is_what_adoption_makes_of_work(path):
    """EBITDA taken apart gives the increment that its equation says."""
    of, one = frozen(), drawn(path)
    drivers = naive.draw_world(of.model, one.z[:, None])
    for plan in of.plans:
        rows = months.of_plan(one, plan, covenant_tests.tests(one, plan))
        adopted, expected = 0.0, []
        for m in range(of.model.months):
            lag, fleet = of.model.arpu.lag_share, of.model.arpu.fleet0_by_month[m]
            adopted += lag * (math.log(1.0 + rows["work"][m] / fleet) - adopted)
            lift = math.exp(drivers.eps[0] * adopted) - 1.0
            expected.append(drivers.margin[0] * of.model.arpu.revenue0_by_month[m] * drivers.boom[m, 0] * lift)
        np.testing.assert_allclose(rows["ads_income"], expected, atol=1e-9)
        assert rows["operating_cost"].min() >= 0.0
        assert rows["tax"] == pytest.approx(rows["ebitda"] - rows["rent"] - rows["cfads"])


@pytest.mark.parametrize("path", range(0, MANY, 5))
def test_the_worst_test_of_a_covenant_is_the_stored_one(path):
    of, one = frozen(), drawn(path)
    for plan, own in figures(of, one).items():
        if plan == "world":
            continue
        seen = covenant_tests.tests(one, plan)
        for name, metric, worst in WORST:
            ratio, kept = seen.ratios[name], getattr(own, metric)
            assert np.isfinite(ratio).any() != math.isnan(kept)
            if not math.isnan(kept):
                assert worst(ratio) == pytest.approx(kept, rel=1e-10, abs=1e-10)
        failed = np.any([covenant.failed for covenant in seen.covenants] or [np.zeros(of.model.months, bool)], axis=0)
        assert (np.argmax(failed) if failed.any() else of.model.months) == own.breach_month
        told = [event.month for event in company_events.covenants(seen) if event.kind == "covenant"]
        assert (min(told) if told else of.model.months) == own.breach_month


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_events_of_the_world_are_its_figures(path):
    of, one = frozen(), drawn(path)
    own, told = figures(of, one)["world"], world_events.events(one, of.sites)
    of_kind = {kind: [event for event in told if event.kind == kind] for kind in {event.kind for event in told}}
    arrived = naive.draw_world(of.model, one.z[:, None]).arrived[:, 0]
    assert [event.month for event in of_kind["generation"]] == np.flatnonzero(np.diff(arrived, prepend=0.0)).tolist()
    assert sum(event.values["arrived"] for event in of_kind["generation"]) == own.generations
    gained = math.prod(event.values["per_watt"] for event in of_kind["generation"])
    assert gained == pytest.approx(one.series["efficiency"][-1])
    losses = [event.values["loss"] for event in of_kind.get("shift", ())]
    assert max(losses, default=0.0) >= own.paradigm_worst - 1e-9  # two in a month are told as one
    assert (len(losses) == 0) == (own.paradigm_worst == 0.0)
    for k, site in enumerate(of.sites):
        [event] = [event for event in of_kind["power"] if event.values["site"] == k]
        assert event.values["late"] == getattr(own, f"delay_{site}")
        assert event.month == max(math.ceil(event.values["energised"]) - 1, 0)
    assert max(event.values["energised"] for event in of_kind["power"]) == own.latest_site
    [low] = [event for event in of_kind["extreme"] if "price" in event.values]
    assert low.values["price"] == own.price_min


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_jumps_of_the_price_come_when_they_were_drawn(path):
    of, one = frozen(), drawn(path)
    price, z = of.model.price, one.z
    gaps = [quantile(of.model.marginals, price.jump_rate_marginal, z[price.jump_rate_row + k][None])[0]
            for k in range(price.jump_rate_slots)]  # fmt: skip
    times = 12.0 * np.cumsum(gaps)
    drawn_in = sorted({max(math.ceil(time) - 1, 0) for time in times[times <= of.model.months]})
    assert [event.month for event in world_events.prices(one)] == drawn_in


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_turns_of_the_regime_are_the_twins(path):
    of, one = frozen(LEVERS, "drivers.price.model=regime"), drawn(path, LEVERS, "drivers.price.model=regime")
    regime = naive.draw_world(of.model, one.z[:, None]).regime[:, 0]
    before = np.concatenate([[of.model.price.regime_start], regime[:-1]])
    turns = [(int(m), before[m], regime[m]) for m in np.flatnonzero(regime != before)]
    assert [(e.month, e.values["from"], e.values["to"]) for e in world_events.prices(one)] == turns


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_events_of_a_plan_are_its_figures(path):
    of, one = frozen(), drawn(path)
    for plan, own in figures(of, one).items():
        if plan == "world":
            continue
        seen = covenant_tests.tests(one, plan)
        told = company_events.events(one, plan, of.sites, seen)
        total = lambda kind, key, told=told: sum(e.values[key] for e in told if e.kind == kind)  # noqa: E731
        assert total("shortfall", "months") == own.shortfall_months
        assert max([e.values["depth"] for e in told if e.kind == "shortfall"], default=0.0) == own.shortfall_depth
        assert total("equity", "amount") == pytest.approx(own.equity_sold)
        assert total("guarantee", "amount") <= own.guarantee + NOTHING
        assert sum(e.kind == "exit" for e in told) == own.exits
        assert [e.month for e in told if e.kind == "peak"] in ([own.peak_month], [])
        assert ([e.month for e in told if e.kind == "payback"] or [of.model.months]) == [own.payback]
        assert [e.values["cash"] for e in told if e.kind == "low"] == [own.min_cash]
        sold = one.plans[plan].series["equity"]
        assert total("cure", "amount") <= sold[of.model.finance.test_months].sum() + NOTHING


def test_the_levers_are_seen_at_work():
    """The events above were there to be told: of every kind, over the paths that were looked at."""
    of, kinds = frozen(), set()
    for path in range(25):
        one = drawn(path)
        for plan in of.plans:
            kinds |= {e.kind for e in company_events.events(one, plan, of.sites, covenant_tests.tests(one, plan))}
    assert kinds >= {
        "idle", "refresh", "exit", "leapfrog", "issue", "refinancing", "repayment", "sweep", "revolver", "shortfall",
        "revolver_full", "equity", "cure", "covenant", "covenant_passed", "disposal", "guarantee", "penalty", "peak",
        "payback", "low", "stranded",
    }  # fmt: skip


@pytest.mark.parametrize("path", [0, 9, 31])
def test_the_fleet_falls_behind_when_a_generation_comes(path):
    of, one = frozen(), drawn(path)
    arrived = one.world.monthly[at.GENERATION]
    for plan in of.plans:
        own = of.model.plans.own_share[one.number(plan)]
        rows = months.of_plan(one, plan, covenant_tests.tests(one, plan))
        np.testing.assert_allclose(
            rows["in_service"],
            [
                own * sum(of.model.grid.mw[k] for k, _ in months.held_vintages(one, plan, m))
                for m in range(arrived.size)
            ],
            atol=1e-6,
        )
        assert (rows["behind"] <= rows["in_service"] + 1e-6).all()
        assert not rows["behind"][arrived == 0].any()
        rises = np.flatnonzero(np.diff(rows["behind"], prepend=0.0) > 1e-6)
        late = [m for m in rises if m not in np.flatnonzero(np.diff(arrived, prepend=0.0))]
        for m in late:  # else only where old chips, delivered before there was power, enter service
            assert rows["in_service"][m] > rows["in_service"][m - 1]


def test_spells_are_unbroken():
    assert list(events.spells(np.array([True, False, True, True, False, True]))) == [(0, 0), (2, 3), (5, 5)]
    assert list(events.spells(np.zeros(0, dtype=bool))) == []
    assert list(events.spells(np.ones(3, dtype=bool))) == [(0, 2)]


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_generations_shifts_and_wear_are_all_that_chips_lose(path):
    """With shifts so frequent that they share months with generations."""
    often = (LEVERS, "drivers.silicon.paradigm_rate=3")
    of, one = frozen(*often), drawn(path, *often)
    silicon, told = of.model.silicon, world_events.events(one, of.sites)
    arrived = [event.values for event in told if event.kind == "generation"]
    kept = math.prod(1.0 - event.values["loss"] for event in told if event.kind == "shift")
    kept *= math.prod(new["older_worth"] for new in arrived) * math.exp(-silicon.wear * of.model.months / 12.0)
    assert one.series["value"][-1] == pytest.approx(kept, rel=1e-9)
    assert all(new["per_usd"] ** -silicon.beta == pytest.approx(new["older_worth"]) for new in arrived)


@pytest.mark.parametrize("path", [0, 3, 17])
def test_interest_moves_by_what_a_refinancing_says(path):
    of, one = frozen(FLAGSHIP), drawn(path, FLAGSHIP)
    told = [e for e in company_events.notes(one, "own") if e.kind == "refinancing"]
    interest = one.plans["own"].series["interest"]
    assert len(told) == 3
    for event in told:
        moved = event.values["amount"] * (event.values["rate"] - event.values["before"]) / 12.0
        assert interest[event.month + 1] - interest[event.month] == pytest.approx(moved, abs=1e-12)
    assert of.model.plans.notes.tranches.amount[0] == told[0].values["amount"]
