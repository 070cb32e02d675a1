"""Break-even values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.risk.break_even import JUMP, break_even
from simulator.risk.metric_spec import MeasureSpec

NPV = Metric("npv", "amount", "USD bn", "low", False, "Value")
COST = Metric("cost", "amount", "USD bn", "high", False, "Cost")
MEAN = MeasureSpec("mean")
N = 10_000


def worlds(seed, n=N):
    return np.random.default_rng([seed, 31]).standard_normal((2, n))


def linear(seed, n=N):
    """Plan one is worth 2 v + x, the other 6 + x + y: they change places at 3, where one takes the lead."""
    x, y = worlds(seed, n)
    return lambda value: (2.0 * value + x, 6.0 + x + y)


def test_a_linear_difference_has_the_root_and_the_interval_of_algebra(seed):
    result = break_even(linear(seed), NPV, MEAN, 0.0, 10.0)
    (root,) = result["roots"]
    y = worlds(seed)[1]
    exact, half = 3.0 + y.mean() / 2.0, 1.959964 * y.std(ddof=1) / np.sqrt(N) / 2.0
    assert root["value"] == pytest.approx(exact, abs=half / 20)
    assert root["high"] - root["low"] == pytest.approx(2 * half, rel=1e-3)
    assert result["leaders"] == [1, 0]
    assert root["note"] is None


def test_intervals_of_roots_hold_the_truth():
    """400 replicates of 2,000 paths: 95 % of intervals hold 3. Outside 360 .. 396 with probability below 1e-4."""
    held = 0
    for seed in range(400):
        (root,) = break_even(linear(seed, 2000), NPV, MEAN, 0.0, 10.0)["roots"]
        held += root["low"] <= 3.0 <= root["high"]
    assert 360 <= held <= 396


def test_where_less_is_better_the_other_leads(seed):
    assert break_even(linear(seed), COST, MEAN, 0.0, 10.0)["leaders"] == [0, 1]


def test_tail_risk_leads_where_it_is_less(seed):
    """CVaR of (v) x + 1 against that of x: equal where (v - 1) CVaR(x) = 1."""
    x = worlds(seed)[0]
    result = break_even(lambda v: (v * x + 1.0, x), NPV, MeasureSpec("cvar", 0.95), 0.5, 4.0)
    from simulator.risk.measures import cvar

    (root,) = result["roots"]
    assert root["value"] == pytest.approx(1.0 + 1.0 / cvar(-x, 0.95).value, rel=1e-3)
    assert result["leaders"] == [0, 1]


def test_plans_may_change_places_twice(seed):
    x, y = worlds(seed)
    result = break_even(lambda v: ((v - 2.2) * (v - 7.1) + x, x + 0.1 * y), NPV, MEAN, 0.0, 10.0)
    assert [root["value"] for root in result["roots"]] == pytest.approx([2.2, 7.1], abs=0.01)
    assert result["leaders"] == [0, 1, 0]
    values = [point["value"] for point in result["points"]]
    assert values == sorted(values)
    assert len(values) == len(set(values)) < 30


def test_never_is_an_answer(seed):
    x, y = worlds(seed)
    result = break_even(lambda v: (x + 20.0 + v, x + y), NPV, MEAN, 0.0, 10.0)
    assert (result["roots"], result["leaders"]) == ([], [0])
    assert len(result["points"]) == 5


def test_equal_plans_never_differ(seed):
    x = worlds(seed)[0]
    result = break_even(lambda v: (x + v, x + v), NPV, MEAN, 0.0, 1.0)
    assert (result["roots"], result["leaders"]) == ([], [None])


def test_a_tie_at_a_value_tried_is_found():
    result = break_even(lambda v: (np.full(9, v), np.full(9, 5.0)), NPV, MEAN, 0.0, 10.0)
    assert result["roots"][0]["value"] == pytest.approx(5.0)
    assert result["leaders"] == [1, 0]


def test_a_jump_has_a_place_and_no_interval(seed):
    x = worlds(seed)[0]
    result = break_even(lambda v: (x + (1.0 if v > 3.3 else -1.0), x), NPV, MEAN, 0.0, 10.0)
    (root,) = result["roots"]
    assert root["value"] == pytest.approx(3.3, abs=1e-4)
    assert (root["low"], root["high"], root["note"]) == (None, None, JUMP)


def test_an_interval_that_leaves_the_range_is_cut():
    rng = np.random.default_rng(4)
    x = rng.standard_normal(200)
    result = break_even(lambda v: (x - x.mean() + 0.02 * (v - 0.4), 0.0 * x), NPV, MEAN, 0.0, 1.0)
    (root,) = result["roots"]
    assert root["value"] == pytest.approx(0.4, abs=0.1)
    assert root["low"] is root["high"] is None
    assert root["note"] == "the interval reaches beyond the values tried"


def test_too_few_tail_paths_and_undefined_figures_are_refused(seed):
    with pytest.raises(ConfigError, match=r"--paths: given 200, too few tail paths for cvar"):
        break_even(linear(seed, 200), NPV, MeasureSpec("cvar", 0.95), 0.0, 1.0)
    nothing = np.full(50, np.nan)
    with pytest.raises(ConfigError, match="undefined on every path"):
        break_even(lambda v: (nothing, nothing), NPV, MEAN, 0.0, 1.0)
