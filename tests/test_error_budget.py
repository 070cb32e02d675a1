"""The error budget of a figure: its parts against runs of the config with the numbers that were drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analyses.explain import error_budget
from simulator.analyses.explain.attribution import SampleSize
from simulator.analyses.explain.subject import Subject
from simulator.config import freeze, load
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import figure, only_plan
from simulator.risk.metric_spec import parse_measure, parse_metric
from tests.smoke import SMOKE

SIZE = SampleSize(1, 512, 1, True)


@pytest.fixture(scope="module")
def frozen():
    return freeze(load(SMOKE, ["programme.wacc={value=0.085, low=0.06, high=0.12}"]))


def subject_of(frozen, measure="mean"):
    spec = parse_metric("npv", frozen.world, frozen.plan)
    with Stop() as stop:
        values = figure(only_plan(frozen.model, 0), spec.row, 1, 4096, stop)
    return Subject(frozen.plans[0], spec, parse_measure(measure, spec.metric), values)


def judged(monkeypatch, *keys):
    """Leave these numbers alone to be drawn."""
    everything = error_budget._judged
    monkeypatch.setattr(error_budget, "_judged", lambda f, p: [i for i in everything(f, p) if i.key in keys])


def test_parts_are_the_deviation_of_worlds_and_the_error_of_the_mean(frozen, monkeypatch):
    judged(monkeypatch)
    subject = subject_of(frozen)
    budget = error_budget.budget_errors(frozen, subject, SIZE)
    assert budget["path_randomness"] == pytest.approx(subject.values.std(ddof=1))
    assert budget["sampling"] == pytest.approx(subject.values.std(ddof=1) / math.sqrt(4096))
    assert (budget["parameters"], budget["numbers"], budget["sets"]) == (None, 0, 0)


def test_one_parameter_spreads_the_figure_as_runs_with_its_values_do(frozen, monkeypatch):
    judged(monkeypatch, "programme.wacc")
    subject = subject_of(frozen)
    budget = error_budget.budget_errors(frozen, subject, SIZE)
    waccs = error_budget._draw(0.06, 0.085, 0.12, (np.arange(400) + 0.5) / 400)
    means = []
    with Stop() as stop:
        for wacc in waccs[::20]:
            model = only_plan(frozen.with_input("programme.wacc", float(wacc)).model, 0)
            means.append(figure(model, subject.spec.row, 1, 512, stop).mean())
    assert (budget["numbers"], budget["sets"]) == (1, error_budget.SETS)
    assert budget["parameters"]["value"] == pytest.approx(np.std(means, ddof=1), rel=0.15)
    assert budget["parameters"]["low"] < budget["parameters"]["value"] < budget["parameters"]["high"]
    assert budget["range"] == sorted(budget["range"])


def test_a_parameter_that_changes_nothing_adds_nothing(frozen, monkeypatch):
    judged(monkeypatch, "drivers.funding.rate_mean")
    budget = error_budget.budget_errors(frozen, subject_of(frozen), SIZE)
    assert budget["numbers"] == 1
    assert budget["parameters"]["value"] == 0.0


def test_draws_stay_between_low_and_high_and_months_are_whole():
    ranks = (np.arange(1000) + 0.5) / 1000
    values = error_budget._draw(4.0, 6.0, 9.0, ranks)
    assert set(values) <= set(range(4, 10))
    values = error_budget._draw(0.0, 0.3, 0.6, ranks)
    assert values.min() >= 0.0
    assert values.max() <= 0.6
    assert values.mean() == pytest.approx(0.3, abs=1e-3)


def test_paths_of_a_set_leave_two_hundred_in_the_tail():
    frozen = freeze(load(SMOKE))
    spec = parse_metric("npv", frozen.world, frozen.plan)
    for text, paths, wanted in (
        ("mean", 9000, 4096),
        ("cvar95", 9000, 4096),
        ("cvar99", 50_000, 20_000),
        ("cvar99", 8192, 8192),
    ):
        assert error_budget._inner_paths(parse_measure(text, spec.metric), paths) == wanted
