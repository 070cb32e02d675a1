"""Reverse stress tests: boxes, triggers and likely points where the answer is known, and on a run."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import simulator
from simulator.analyses.explain.held_drivers import HeldDriver
from simulator.analyses.explain.inputs import InputColumn
from simulator.analyses.reverse.likely_point import find_likely_point, normal_scores
from simulator.errors import ConfigError
from simulator.results.store import open_run
from simulator.risk.boxes import find_box
from simulator.risk.quantile_functions import normal_quantile
from simulator.risk.triggers import find_trigger
from tests.smoke import SMOKE
from tests.test_cli import call
from tests.test_shapley import inside


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reverse") / "run"
    simulator.run(SMOKE, folder, paths=4096, threads=1, draw=False)
    return folder


@pytest.fixture(scope="module")
def result(run):
    return simulator.reverse(run, "npv < -9", paths=512, threads=1)


def uniform_worlds(n=40_000, seed=1):
    u = np.random.default_rng(seed).random((3, n))
    return dict(zip("abc", u, strict=True))


def test_a_box_that_is_there_is_found_and_counted_on_other_worlds():
    """The event is a < .3 and b > .6, in nine of ten worlds there and one of a hundred elsewhere."""
    drivers = uniform_worlds()
    within = (drivers["a"] < 0.3) & (drivers["b"] > 0.6)
    happens = (np.random.default_rng(2).random(within.size) < np.where(within, 0.9, 0.01)).astype(float)
    box = find_box(drivers, happens)
    assert set(box.bounds) == {"a", "b"}
    assert box.bounds["a"][0] is None
    assert box.bounds["b"][1] is None
    assert box.bounds["a"][1] <= 0.31
    assert box.bounds["b"][0] >= 0.59
    assert box.density.value > 0.85
    assert box.coverage.value > 0.45
    assert box.frequency.low < 0.1168 < box.frequency.high


def test_density_of_a_box_of_chance_is_that_of_all_worlds():
    """Ten events that no driver brings about: counted on fresh worlds the box is no better than chance."""
    held = 0
    for seed in range(10):
        happens = (np.random.default_rng([3, seed]).random(4000) < 0.3).astype(float)
        box = find_box(uniform_worlds(4000, seed), happens)
        held += box is None or inside(box.density, 0.3)
    assert held >= 8


def test_the_best_trigger_is_the_series_that_shows_the_event_and_its_threshold():
    rng = np.random.default_rng(4)
    price, other = rng.normal(10, 3, 20_000), rng.standard_normal(20_000)
    happens = (price + rng.standard_normal(price.size) < 7).astype(float)
    trigger = find_trigger({"other": other, "price": price}, happens)
    assert (trigger.name, trigger.below) == ("price", True)
    share = 0.5 * math.erfc(3 / math.sqrt(20))  # of the event: the best threshold is where it is as likely as ever
    best = 7.0 - normal_quantile(share)
    assert trigger.threshold == pytest.approx(best, abs=0.4)
    assert trigger.hits.value > 0.85
    assert trigger.false_alarms.value < 0.15
    above = find_trigger({"price": -price}, happens)
    assert not above.below
    assert above.threshold == pytest.approx(-best, abs=0.4)


def test_there_is_no_trigger_of_what_always_or_never_happens():
    assert find_trigger({"x": np.arange(10.0)}, np.ones(10)) is None
    assert find_trigger({"x": np.arange(10.0)}, np.zeros(10)) is None


def test_normal_scores_are_normal_and_leave_the_order():
    x = np.random.default_rng(5).exponential(size=5000)
    scores = normal_scores(x)
    assert np.array_equal(np.argsort(scores), np.argsort(x))
    assert abs(scores.mean()) < 1e-10
    assert scores.std() == pytest.approx(1.0, abs=0.01)
    assert np.unique(normal_scores(np.array([1.0, 1.0, 2.0]))).size == 2


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_the_likely_point_of_an_event_beyond_a_plane_is_its_design_point(rho):
    """Event a'u + noise > c: the point is c R a / (a'Ra), at distance c / sqrt(a'Ra), whatever the noise."""
    correlation, a, c = np.array([[1.0, rho], [rho, 1.0]]), np.array([2.0, 1.0]), 4.0
    rng, n = np.random.default_rng(6), 200_000
    u = np.linalg.cholesky(correlation) @ rng.standard_normal((2, n))
    happens = (a @ u + rng.standard_normal(n) > c).astype(float)
    noise = rng.standard_normal((2, 4000))
    drivers = [
        HeldDriver(InputColumn(str(k), str(k), "", ""), lambda model, score, k=k: {**model, k: score}, float)
        for k in range(2)
    ]

    def count(model, offset):
        return int((a[0] * model[0] + a[1] * model[1] + noise[offset] > c).sum()), noise.shape[1]

    point = find_likely_point({}, drivers, {"0": u[0], "1": u[1]}, happens, count)
    spread = math.sqrt(a @ correlation @ a)
    truth = dict(zip("01", c * correlation @ a / spread**2, strict=True))
    assert point["distance"] == pytest.approx(c / spread, abs=0.05)
    assert {entry["name"]: entry["score"] for entry in point["drivers"]} == pytest.approx(truth, abs=0.08)
    assert 0.45 < point["probability"]["value"] < 0.55


def test_an_event_out_of_reach_has_no_point():
    driver = HeldDriver(InputColumn("0", "0", "", ""), lambda model, score: model, float)
    u = np.random.default_rng(7).standard_normal(1000)
    point = find_likely_point({}, [driver], {"0": u}, (u > 1).astype(float), lambda model, offset: (1, 100))
    assert point["distance"] is None


def test_the_point_of_a_run_is_one_at_which_the_event_is_as_likely_as_not(run, result):
    point = result["point"]
    assert 0.0 < point["distance"] <= 5.0
    assert point["probability"]["low"] - 0.03 <= 0.5 <= point["probability"]["high"] + 0.03
    npv = open_run(run).sample("own.npv")["own.npv"]
    assert result["probability"]["value"] == (npv < -9).mean()


def test_scenarios_add_up_to_the_event_and_levers_halve_it(result):
    total = sum(scenario["probability"]["value"] for scenario in result["scenarios"])
    assert total == pytest.approx(result["probability"]["value"], rel=1e-9)
    assert len(result["scenarios"]) <= 3
    for change in result["levers"]["changes"]:
        assert change["value"] is None or change["probability"] <= result["levers"]["base"] / 2
    relative = [change["relative"] for change in result["levers"]["changes"] if change["value"] is not None]
    assert relative == sorted(relative)


def test_a_halving_number_is_what_the_config_with_it_gives(run):
    """The DSCR that the notes demand, lowered as far as the answer says, in a run of its own."""
    answer = simulator.reverse(run, "breach", paths=512, threads=1)
    change = next(c for c in answer["levers"]["changes"] if c["key"] == "plans.own.covenants.dscr")
    assert change["value"] < change["now"]
    other = run.with_name("halved")
    simulator.run(SMOKE, other, paths=512, threads=1, draw=False, overrides=[f"{change['key']}={change['value']!r}"])
    assert open_run(other).sample("own.breach")["own.breach"].mean() == change["probability"]


def test_triggers_come_a_year_before_the_event(run):
    answer = simulator.reverse(run, "breach", paths=128, threads=1)
    assert answer["triggers"]
    assert max(trigger["month"] for trigger in answer["triggers"]) <= answer["event_month"] - 12
    assert all(trigger["date"].startswith("20") for trigger in answer["triggers"])


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("npv", "--event: given npv, wanted an event"),
        ("npw < 0", "given npw < 0, did you mean npv?"),
        ("npv < -1e9", "has 0 of the 4,096 paths"),
    ],
)
def test_what_is_no_event_is_refused(run, event, says):
    with pytest.raises(ConfigError) as caught:
        simulator.reverse(run, event, paths=64, threads=1)
    assert says in "\n".join(caught.value.mistakes)


def test_the_command_prints_and_keeps_the_answer(run):
    done = call("reverse", run, "--event", "npv < -9", "--paths", 128, "--threads", 1, "--quiet")
    assert done.exit_code == 0, done.stderr
    for title in ("REVERSE STRESS: npv < -9", "Most likely point", "Scenarios", "Box:", "Smallest change"):
        assert title in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 90
    assert json.loads((run / "reverse.json").read_text())["event"] == "npv < -9"
    assert open_run(run).finished
    assert call("report", run).exit_code == 0
    page = (run / "report.html").read_text()
    assert "Reverse stress: npv &lt; -9" in page
    assert "The smallest change of one number of the plan" in page
