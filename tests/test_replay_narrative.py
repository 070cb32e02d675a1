"""The narrative of a path against its figures, the naive twin and arithmetic: what is told is what happened."""

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
def freeze_case(config=LEVERS, *overrides):
    return freeze(load(config, overrides))


def replay_case(path, config=LEVERS, *overrides):
    frozen = freeze_case(config, *overrides)
    return replayed_path.replay_path(frozen.model, frozen.plans, SEED, path)


def figures(frozen, path):
    """A path's figures by owner."""
    columns = make_job(frozen).columns
    rows: dict[str, dict[str, float]] = {}
    for column in columns:
        rows.setdefault(column.scope, {})[column.metric.name] = float(path.figures[column.row])
    return {scope: SimpleNamespace(**row) for scope, row in rows.items()}


@pytest.mark.parametrize("path", range(0, MANY, 7))
def test_valuing_a_plan_alone_is_valuing_it_among_others(path):
    frozen, replayed = freeze_case(), replay_case(path)
    own = figures(frozen, replayed)
    for plan, books in replayed.plans.items():
        s = books.series
        assert own[plan].min_cash == s["cash"].min()
        assert own[plan].revolver_peak == s["revolver"].max()
        assert own[plan].stranded_peak == s["stranded"].max()
        np.testing.assert_array_equal(s["equity"].sum() > 0.0, own[plan].equity_sold > 0.0)


@pytest.mark.parametrize("path", [0, 3, 17])
def test_npv_is_the_discounted_cash_flow(path):
    frozen, replayed = freeze_case(FLAGSHIP), replay_case(path, FLAGSHIP)
    own = figures(frozen, replayed)
    for plan in ("own", "own_lease", "hybrid", "deferred"):
        books, npv = replayed.plans[plan], 0.0
        for m, flow in enumerate(books.series["cash_flow"]):
            npv += flow / (1.0 + number(frozen.config.programme.wacc)) ** ((m + 1) / 12)
        npv += books.end_value / (1.0 + number(frozen.config.programme.wacc)) ** (frozen.model.months / 12)
        assert own[plan].npv == pytest.approx(npv, rel=1e-10)
        low = np.cumsum(books.series["cash_flow"])
        assert own[plan].peak_funding == pytest.approx(-low.min())
        assert own[plan].peak_month == np.argmin(low)


@pytest.mark.parametrize("path", [1, 8])
def test_income_from_ads_is_what_adoption_makes_of_work(path):
    """EBITDA taken apart gives the increment that its equation says."""
    frozen, replayed = freeze_case(), replay_case(path)
    drivers = naive.draw_world(frozen.model, replayed.z[:, None])
    for plan in frozen.plans:
        rows = months.plan_months(replayed, plan, covenant_tests.evaluate_covenants(replayed, plan))
        adopted, expected = 0.0, []
        for m in range(frozen.model.months):
            lag, fleet = frozen.model.arpu.lag_share, frozen.model.arpu.fleet0_by_month[m]
            adopted += lag * (math.log(1.0 + rows["work"][m] / fleet) - adopted)
            lift = math.exp(drivers.eps[0] * adopted) - 1.0
            expected.append(drivers.margin[0] * frozen.model.arpu.revenue0_by_month[m] * drivers.boom[m, 0] * lift)
        np.testing.assert_allclose(rows["ads_income"], expected, atol=1e-9)
        assert rows["operating_cost"].min() >= 0.0
        assert rows["tax"] == pytest.approx(rows["ebitda"] - rows["rent"] - rows["cfads"])


@pytest.mark.parametrize("path", range(0, MANY, 5))
def test_the_worst_test_of_a_covenant_is_the_stored_one(path):
    frozen, replayed = freeze_case(), replay_case(path)
    for plan, own in figures(frozen, replayed).items():
        if plan == "world":
            continue
        tests = covenant_tests.evaluate_covenants(replayed, plan)
        for name, metric, worst in WORST:
            ratio, kept = tests.ratios[name], getattr(own, metric)
            assert np.isfinite(ratio).any() != math.isnan(kept)
            if not math.isnan(kept):
                assert worst(ratio) == pytest.approx(kept, rel=1e-10, abs=1e-10)
        failed = np.any(
            [covenant.failed for covenant in tests.covenants] or [np.zeros(frozen.model.months, bool)], axis=0
        )
        assert (np.argmax(failed) if failed.any() else frozen.model.months) == own.breach_month
        listed = [event.month for event in company_events.find_covenant_events(tests) if event.kind == "covenant"]
        assert (min(listed) if listed else frozen.model.months) == own.breach_month


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_events_of_the_world_are_its_figures(path):
    frozen, replayed = freeze_case(), replay_case(path)
    own, listed = figures(frozen, replayed)["world"], world_events.find_world_events(replayed, frozen.sites)
    by_kind = {kind: [event for event in listed if event.kind == kind] for kind in {event.kind for event in listed}}
    arrived = naive.draw_world(frozen.model, replayed.z[:, None]).arrived[:, 0]
    assert [event.month for event in by_kind["generation"]] == np.flatnonzero(np.diff(arrived, prepend=0.0)).tolist()
    assert sum(event.values["arrived"] for event in by_kind["generation"]) == own.generations
    gained = math.prod(event.values["per_watt"] for event in by_kind["generation"])
    assert gained == pytest.approx(replayed.series["efficiency"][-1])
    losses = [event.values["loss"] for event in by_kind.get("shift", ())]
    assert max(losses, default=0.0) >= own.paradigm_worst - 1e-9  # two in a month are told as one
    assert (len(losses) == 0) == (own.paradigm_worst == 0.0)
    for k, site in enumerate(frozen.sites):
        [event] = [event for event in by_kind["power"] if event.values["site"] == k]
        assert event.values["late"] == getattr(own, f"delay_{site}")
        assert event.month == max(math.ceil(event.values["energised"]) - 1, 0)
    assert max(event.values["energised"] for event in by_kind["power"]) == own.latest_site
    [low] = [event for event in by_kind["extreme"] if "price" in event.values]
    assert low.values["price"] == own.price_min


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_jumps_of_the_price_come_when_they_were_drawn(path):
    frozen, replayed = freeze_case(), replay_case(path)
    price, z = frozen.model.price, replayed.z
    gaps = [quantile(frozen.model.marginals, price.jump_rate_marginal, z[price.jump_rate_row + k][None])[0]
            for k in range(price.jump_rate_slots)]  # fmt: skip
    times = 12.0 * np.cumsum(gaps)
    drawn_in = sorted({max(math.ceil(time) - 1, 0) for time in times[times <= frozen.model.months]})
    assert [event.month for event in world_events.find_price_events(replayed)] == drawn_in


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_turns_of_the_regime_are_the_twins(path):
    frozen, replayed = (
        freeze_case(LEVERS, "drivers.price.model=regime"),
        replay_case(path, LEVERS, "drivers.price.model=regime"),
    )
    regime = naive.draw_world(frozen.model, replayed.z[:, None]).regime[:, 0]
    before = np.concatenate([[frozen.model.price.regime_start], regime[:-1]])
    turns = [(int(m), before[m], regime[m]) for m in np.flatnonzero(regime != before)]
    assert [(e.month, e.values["from"], e.values["to"]) for e in world_events.find_price_events(replayed)] == turns


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_events_of_a_plan_are_its_figures(path):
    frozen, replayed = freeze_case(), replay_case(path)
    for plan, own in figures(frozen, replayed).items():
        if plan == "world":
            continue
        tests = covenant_tests.evaluate_covenants(replayed, plan)
        listed = company_events.find_plan_events(replayed, plan, frozen.sites, tests)
        total = lambda kind, key, listed=listed: sum(e.values[key] for e in listed if e.kind == kind)  # noqa: E731
        assert total("shortfall", "months") == own.shortfall_months
        assert max([e.values["depth"] for e in listed if e.kind == "shortfall"], default=0.0) == own.shortfall_depth
        assert total("equity", "amount") == pytest.approx(own.equity_sold)
        assert total("guarantee", "amount") <= own.guarantee + NOTHING
        assert sum(e.kind == "exit" for e in listed) == own.exits
        assert [e.month for e in listed if e.kind == "peak"] in ([own.peak_month], [])
        assert ([e.month for e in listed if e.kind == "payback"] or [frozen.model.months]) == [own.payback]
        assert [e.values["cash"] for e in listed if e.kind == "low"] == [own.min_cash]
        sold = replayed.plans[plan].series["equity"]
        assert total("cure", "amount") <= sold[frozen.model.finance.test_months].sum() + NOTHING


def test_the_levers_are_seen_at_work():
    """The events above were there to be told: of every kind, over the paths that were looked at."""
    frozen, kinds = freeze_case(), set()
    for path in range(25):
        replayed = replay_case(path)
        for plan in frozen.plans:
            kinds |= {
                e.kind
                for e in company_events.find_plan_events(
                    replayed, plan, frozen.sites, covenant_tests.evaluate_covenants(replayed, plan)
                )
            }
    assert kinds >= {
        "idle", "refresh", "exit", "leapfrog", "issue", "refinancing", "repayment", "sweep", "revolver", "shortfall",
        "revolver_full", "equity", "cure", "covenant", "covenant_passed", "disposal", "guarantee", "penalty", "peak",
        "payback", "low", "stranded",
    }  # fmt: skip


@pytest.mark.parametrize("path", [0, 9, 31])
def test_the_fleet_falls_behind_when_a_generation_comes(path):
    frozen, replayed = freeze_case(), replay_case(path)
    arrived = replayed.world.monthly[at.GENERATION]
    for plan in frozen.plans:
        own = frozen.model.plans.own_share[replayed.plan_index(plan)]
        rows = months.plan_months(replayed, plan, covenant_tests.evaluate_covenants(replayed, plan))
        np.testing.assert_allclose(
            rows["in_service"],
            [
                own * sum(frozen.model.grid.mw[k] for k, _ in months.vintages_in_service(replayed, plan, m))
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
    assert list(events.find_spells(np.array([True, False, True, True, False, True]))) == [(0, 0), (2, 3), (5, 5)]
    assert list(events.find_spells(np.zeros(0, dtype=bool))) == []
    assert list(events.find_spells(np.ones(3, dtype=bool))) == [(0, 2)]


@pytest.mark.parametrize("path", range(0, MANY, 6))
def test_generations_shifts_and_wear_are_all_that_chips_lose(path):
    """With shifts so frequent that they share months with generations."""
    often = (LEVERS, "drivers.silicon.paradigm_rate=3")
    frozen, replayed = freeze_case(*often), replay_case(path, *often)
    silicon, listed = frozen.model.silicon, world_events.find_world_events(replayed, frozen.sites)
    arrived = [event.values for event in listed if event.kind == "generation"]
    kept = math.prod(1.0 - event.values["loss"] for event in listed if event.kind == "shift")
    kept *= math.prod(new["older_worth"] for new in arrived) * math.exp(-silicon.wear * frozen.model.months / 12.0)
    assert replayed.series["value"][-1] == pytest.approx(kept, rel=1e-9)
    assert all(new["per_usd"] ** -silicon.beta == pytest.approx(new["older_worth"]) for new in arrived)


@pytest.mark.parametrize("path", [0, 3, 17])
def test_interest_moves_by_what_a_refinancing_says(path):
    frozen, replayed = freeze_case(FLAGSHIP), replay_case(path, FLAGSHIP)
    listed = [e for e in company_events.find_note_events(replayed, "own") if e.kind == "refinancing"]
    interest = replayed.plans["own"].series["interest"]
    assert len(listed) == 3
    for event in listed:
        moved = event.values["amount"] * (event.values["rate"] - event.values["before"]) / 12.0
        assert interest[event.month + 1] - interest[event.month] == pytest.approx(moved, abs=1e-12)
    assert frozen.model.plans.notes.tranches.amount[0] == listed[0].values["amount"]
