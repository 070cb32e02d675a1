"""Entropy pooling against closed forms, and views on a run against the run that has them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import simulator
from simulator.errors import ConfigError
from simulator.results.store import open_run
from simulator.risk.entropy_pooling import pool, weighted_cvar, weighted_mean
from tests.smoke import SMOKE
from tests.test_cli import call
from tests.test_shapley import inside

PAIRS = (
    "silicon_arpu", "grid_price", "grid_rates", "grid_spread", "arpu_price", "arpu_spread", "price_spread",
    "rates_spread",
)  # fmt: skip
NORMAL = ["dependence.family=gaussian", *(f"dependence.correlation.{pair}=0" for pair in PAIRS)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views") / "run"
    simulator.run(SMOKE, folder, paths=8192, threads=1, draw=False, overrides=NORMAL)
    return folder


def test_a_view_on_the_mean_of_a_normal_shifts_it_and_leaves_its_deviation():
    """The least change that moves the mean of N(0, 1) by d is the shift; it costs d^2 / 2."""
    z = np.random.default_rng(1).standard_normal(200_000)
    pooled = pool(z[None], np.array([0.5]))
    assert pooled.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert pooled.weights @ z == pytest.approx(0.5, abs=1e-8)
    assert pooled.weights @ (z - 0.5) ** 2 == pytest.approx(1.0, abs=0.02)
    assert pooled.relative_entropy == pytest.approx(0.125, abs=0.002)
    assert pooled.effective_paths == pytest.approx(200_000 * math.exp(-0.25), rel=0.02)


def test_without_a_change_weights_are_equal():
    x = np.random.default_rng(2).standard_normal((2, 5000))
    pooled = pool(x, x.mean(axis=1))
    assert pooled.weights == pytest.approx(np.full(5000, 1 / 5000), rel=1e-9)
    assert pooled.effective_paths == pytest.approx(5000)
    assert pooled.relative_entropy == pytest.approx(0.0, abs=1e-12)


def test_several_views_hold_together_to_1e8():
    x = np.random.default_rng(3).standard_normal((3, 20_000))
    views = np.stack([x[0], (x[1] <= 0.3).astype(float), x[0] * x[2]])
    targets = np.array([0.4, 0.5, 0.2])
    pooled = pool(views, targets)
    assert np.abs(views @ pooled.weights - targets).max() < 1e-8


@pytest.mark.parametrize(
    ("views", "targets"),
    [
        ([[0.0, 1.0, 2.0]], [2.5]),
        ([[0.0, 1.0, 2.0]], [2.0]),
        ([[1.0, 1.0, 1.0]], [1.0]),
        ([[0.0, 1.0, 2.0], [0.0, 2.0, 4.0]], [0.5, 3.0]),
    ],
)
def test_views_that_cannot_hold_have_no_weights(views, targets):
    assert pool(np.array(views), np.array(targets)) is None


def test_intervals_under_a_view_cover_as_often_as_they_say():
    """600 samples of a driver and a loss on it, the mean of the driver moved to .3: truth from the shifted normal.

    95 % has an error of .9 %; 91.5 % fails once in 10,000.
    """
    covered = {"mean": 0, "cvar": 0}
    k = math.exp(-0.5 * 1.6448536**2) / math.sqrt(2 * math.pi) / 0.05
    for seed in range(600):
        x, noise = np.random.default_rng(seed).standard_normal((2, 2000))
        loss = x + noise
        pooled = pool(x[None], np.array([0.3]))
        covered["mean"] += inside(weighted_mean(loss, pooled), 0.3)
        covered["cvar"] += inside(weighted_cvar(loss, 0.95, pooled), 0.3 + math.sqrt(2) * k)
    assert covered["mean"] / 600 > 0.915
    assert covered["cvar"] / 600 > 0.90  # the tail's edge is estimated too: a little short at 100 paths


def test_a_view_equals_the_run_that_has_it(run, tmp_path):
    """The price factor moved by .5 is `dependence.shift.price=.5`: figures within 4 joint standard errors."""
    other = tmp_path / "shifted"
    simulator.run(
        SMOKE, other, paths=8192, threads=1, draw=False, seed=99,
        overrides=[*NORMAL, "dependence.shift.price=0.5"],
    )  # fmt: skip
    answer = simulator.views(run, ["mean factor.price = 0.5"])
    summary = open_run(other).summary["plans"]
    for plan, figures in answer["plans"].items():
        for entry in figures:
            metric, after = summary[plan][entry["metric"].split(" ")[0]], entry["after"]
            truth, error = metric["mean"], metric["stderr"]
            if entry["measure"] != "mean":
                figure = (
                    metric["cvar"]["0.95"] if entry["measure"] == "cvar95" else metric["probability"][entry["metric"]]
                )
                truth, error = figure["value"], (figure["high"] - figure["low"]) / 3.92
            joint = math.hypot((after["high"] - after["low"]) / 3.92, error)
            assert abs(after["value"] - truth) <= 4 * joint + 1e-12, (plan, entry["metric"], entry["measure"])


@pytest.mark.parametrize(
    "view",
    [
        "mean world.price_m36 * 0.9", "median world.delay_mean + 1", "q90 world.price_mean = 20",
        "P(world.eps < 0.01) = 20 %", "P(factor.grid > 1) = 0.3", "mean input.cost_multiplier - 0.02",
        "mean own.npv = 0",
    ],
)  # fmt: skip
def test_views_of_every_form_hold(run, view):
    answer = simulator.views(run, [view])
    assert answer["views"][0]["error"] < 1e-8
    assert 300 <= answer["effective_paths"] <= answer["sample"] == 8192


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("avg world.eps = 1", "given avg world.eps = 1, wanted `mean COLUMN = X`"),
        ("mean world.epsilon = 1", "given world.epsilon, did you mean world.eps?"),
        ("mean world.eps = 5", "no weights of the sample's paths make it hold"),
        ("mean factor.price = 3", "effective paths of 8,192, wanted at least 300"),
        ("P(world.eps < 0.01) = 100 %", "wanted a probability between 0 and 1"),
        ("mean own.partner_npv = 1", "is undefined on 8,192 of 8,192 paths"),
        ("mean world.eps = nan", "wanted `mean COLUMN = X`"),
    ],
)
def test_views_that_cannot_be_held_are_refused(run, view, says):
    with pytest.raises(ConfigError) as caught:
        simulator.views(run, [view])
    assert says in "\n".join(caught.value.mistakes)


def test_views_that_contradict_each_other_are_refused(run):
    with pytest.raises(ConfigError, match="contradict each other"):
        simulator.views(run, ["median world.eps = 0.03", "q90 world.eps = 0.02"])


def test_the_command_prints_views_and_every_mistake(run):
    done = call("views", run, "--view", "mean world.price_m36 * 0.9", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert "UNDER VIEWS: 8,192 paths" in done.stdout
    assert "Plan own" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    answer = json.loads(call("views", run, "--view", "mean world.price_m36 * 0.9", "--quiet", "--json").stdout)
    assert answer["views"][0]["view"] == "mean world.price_m36 * 0.9"
    failed = call("views", run, "--view", "nonsense", "--view", "mean world.what = 1")
    assert failed.stderr.count("--view: ") == 2
    assert "wanted `mean COLUMN" in call("views", run).stderr
