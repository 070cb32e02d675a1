"""Paired comparisons: closed forms of a bivariate normal pair, wins and regret by hand, half-widths that shrink."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from simulator.finance.metrics import Metric
from simulator.risk import dominance, intervals
from simulator.risk.comparison_summary import ComparisonSummary
from simulator.risk.frontier import DOMINATED, DOUBTFUL, EFFICIENT, PERHAPS, efficient_set
from simulator.risk.intervals import ATOM
from simulator.risk.paired_comparison import (
    ComparisonTerms,
    compare_pair,
    compare_plans,
    difference_verdict,
    replace_by_all_paths,
    sample_regret,
)

NPV = Metric("npv", "amount", "USD bn", "low", False, "Value")
DEPTH = Metric("depth", "amount", "USD bn", "high", False, "Depth")
COVER = Metric("cover", "ratio", "", "low", True, "Cover")
BREACH = Metric("breach", "event", "", "high", False, "Breach")
MONTH = Metric("payback", "month", "month", "high", False, "Payback")
TERMS = ComparisonTerms(NPV)
# A ~ N(-60, 60), B ~ N(-50, 45), correlation .9: A - B ~ N(-10, sd), B is better in both mean and tail
SD = math.sqrt(60.0**2 + 45.0**2 - 2 * 0.9 * 60 * 45)


def plans(n, *seed):
    rng = np.random.default_rng([*seed, 41])
    x, y = rng.standard_normal((2, n))
    return -60.0 + 60.0 * x, -50.0 + 45.0 * (0.9 * x + math.sqrt(1 - 0.81) * y)


def truths():
    """The figures of a pair of these plans in closed form."""
    z = stats.norm.ppf(0.95)
    return {
        "mean": -10.0,
        "q": -10.0 - 15.0 * z,
        "var": 10.0 + 15.0 * z,
        "cvar": 10.0 + 15.0 * stats.norm.pdf(z) / 0.05,
        "beats": stats.norm.cdf(-10.0 / SD),
    }


def figures(pair):
    return {
        "mean": pair["mean"],
        "q": pair["quantiles"]["0.05"],
        "var": pair["var"]["0.95"],
        "cvar": pair["cvar"]["0.95"],
        "beats": pair["beats"],
    }


def test_intervals_hold_the_closed_forms_of_a_normal_pair(seed):
    """300 replicates of 4,000 paths, each figure to be held in 95 %: fewer than 267 have probability below 1e-4."""
    true, held = truths(), dict.fromkeys(truths(), 0)
    terms = ComparisonTerms(NPV, levels=(0.95,), quantiles=(0.05,))
    for k in range(300):
        first, other = plans(4000, seed, k)
        for name, figure in figures(compare_pair("a", "b", first, other, terms)).items():
            held[name] += figure["low"] <= true[name] <= figure["high"]
    assert min(held.values()) >= 267, held


def half_widths(n, seed):
    """Half the width of every interval of a comparison of n paths."""
    first, other = plans(n, seed)
    pair = compare_pair("a", "b", first, other, TERMS)
    widths = {name: (figure["high"] - figure["low"]) / 2 for name, figure in figures(pair).items()}
    regret = sample_regret({"a": first, "b": other}, TERMS)["a"]
    widths["regret"] = (regret["high"] - regret["low"]) / 2
    curve = dominance.gaps(first, other, "second")
    at = int(np.argmin(np.abs(curve.share - 0.25)))
    return widths | {"dominance": dominance.sidak_bound(curve.gap.size) * curve.stderr[at]}


# half-widths are uncertain themselves, most at the least N: each band is five standard deviations of its slope, found
# over 25 seeds (a false alarm of 1e-6); VaR and quantiles rest on a density from n^(2/3) paths
SLOPES = {"mean": 0.02, "beats": 0.01, "regret": 0.02, "cvar": 0.07, "dominance": 0.05, "q": 0.12, "var": 0.12}


def test_half_widths_shrink_as_one_over_root_n(seed):
    """Over N = 2^12 .. 2^17 the logarithm of each half-width falls by half that of N: slope -.5."""
    sizes = 2 ** np.arange(12, 18)
    rows = [half_widths(int(n), seed) for n in sizes]
    for name, band in SLOPES.items():
        slope = np.polyfit(np.log2(sizes), np.log2([row[name] for row in rows]), 1)[0]
        assert slope == pytest.approx(-0.5, abs=band), name


def test_wins_ties_and_regret_counted_by_hand():
    first = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
    other = np.array([1.0, 2.0 + 1e-9, 5.0, 3.0, 1.0, 2.0])
    pair = compare_pair("a", "b", first, other, ComparisonTerms(NPV, levels=(), quantiles=()))
    assert (pair["n"], pair["beats"]["value"], pair["ties"]["value"]) == (5, 0.4, 0.4)
    assert pair["mean"]["value"] == pytest.approx(0.6)
    low = compare_pair("a", "b", first, other, ComparisonTerms(DEPTH, levels=(), quantiles=()))
    assert (low["beats"]["value"], low["ties"]["value"]) == (0.2, 0.4)
    known = sample_regret({"a": first, "b": other}, TERMS)
    assert known["a"]["value"] == pytest.approx(2.0 / 5)
    assert known["b"]["value"] == pytest.approx(5.0 / 5)
    assert (known["a"]["best"]["value"], known["b"]["best"]["value"]) == (0.8, 0.6)
    high = sample_regret({"a": first, "b": other}, ComparisonTerms(DEPTH))
    assert high["a"]["value"] == pytest.approx(5.0 / 5)


def test_the_signs_of_a_difference():
    first, other = plans(5000, 1)
    pair, back = compare_pair("a", "b", first, other, TERMS), compare_pair("b", "a", other, first, TERMS)
    for name, figure in figures(pair).items():
        if name != "beats":
            assert figure["value"] == pytest.approx(-figures(back)[name]["value"])
    assert pair["cvar"]["0.95"]["value"] > 0 > pair["mean"]["value"]
    assert pair["beats"]["value"] + back["beats"]["value"] + pair["ties"]["value"] == pytest.approx(1.0)
    assert (
        pair["dominance"]["first"]["over"] == compare_pair("b", "a", other, first, TERMS)["dominance"]["first"]["under"]
    )


def test_thin_tails_have_no_figure_and_few_paths_a_flag():
    pair = compare_pair("a", "b", *plans(4000, 1), TERMS)
    assert pair["cvar"]["0.99"] == {"value": None, "low": None, "high": None, "note": intervals.TOO_FEW}
    assert pair["cvar"]["0.95"]["note"] == intervals.FEW
    assert pair["quantiles"]["0.5"].keys() == {"value", "low", "high"}


@pytest.mark.parametrize(
    ("metric", "parts"),
    [(COVER, {"mean", "quantiles"}), (BREACH, {"mean"}), (MONTH, set()), (NPV, {"mean", "quantiles", "var", "cvar"})],
)
def test_each_kind_has_the_measures_that_mean_something(metric, parts):
    rng = np.random.default_rng(3)
    first, other = (rng.random((2, 2000)) < 0.3).astype(float) if metric is BREACH else rng.normal(size=(2, 2000))
    pair = compare_pair("a", "b", first, other, ComparisonTerms(metric))
    assert {name for name in ("quantiles", "var", "cvar") if pair[name]} == parts - {"mean"}
    assert (pair["mean"]["value"] is not None) == ("mean" in parts)
    assert bool(pair["dominance"]) == (metric is NPV)
    assert json.loads(json.dumps(pair, allow_nan=False)) == pair


def test_an_atom_has_no_interval():
    zeros = np.concatenate([np.zeros(1800), np.arange(200.0)])
    pair = compare_pair("a", "b", np.where(zeros > 0, zeros, 2.0), zeros, ComparisonTerms(DEPTH))
    assert pair["quantiles"]["0.5"] == {"value": 2.0, "low": None, "high": None, "note": ATOM}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_next_to_no_paths(n):
    comparison = compare_plans({"a": np.ones(n), "b": np.zeros(n)}, TERMS, [("a", "b")])
    json.dumps(comparison, allow_nan=False)
    assert comparison["frontier"] == {}


def test_what_a_run_counted_replaces_the_sample_only_where_it_is_the_same_thing():
    values = dict(zip("abc", (*plans(1000, 1), plans(1000, 2)[0]), strict=True))
    whole = {
        "value": 1.5,
        "low": 1.0,
        "high": 2.0,
        "n": 10**6,
        "beats": {"value": 0.5, "low": 0, "high": 1},
        "ties": 0.1,
    }
    difference = {"unit": "USD bn", "bad": "low", "stderr": 0.1, **whole}
    regret = {"unit": "USD bn", "n": 10**6, "low": 0, "high": 1, "stderr": 0.1, "quantiles": {}, "best": {"value": 0.5}}
    block = ComparisonSummary.from_dict(
        {
            "first": "a",
            "differences": {"b": {"npv": difference}, "c": {"npv": difference}},
            "regret": {plan: {**regret, "value": k} for k, plan in enumerate("abc")},
        }
    )
    comparison = compare_plans(values, TERMS, [("a", "b"), ("b", "c")])
    assert comparison["pairs"][0]["ties"]["n"] == 1000
    replace_by_all_paths(comparison, block, "npv", list(values))
    assert (comparison["pairs"][0]["mean"]["value"], comparison["pairs"][0]["beats"]["n"]) == (1.5, 10**6)
    assert comparison["pairs"][0]["ties"] == pytest.approx(
        {"value": 0.1, "low": 0.0994, "high": 0.1006, "n": 10**6}, abs=1e-4
    )
    assert comparison["pairs"][1]["mean"]["n"] == comparison["pairs"][1]["n"] == 1000
    assert comparison["regret"]["b"]["value"] == 1
    partly = compare_plans({k: values[k] for k in "ab"}, TERMS, [("a", "b")])
    replace_by_all_paths(partly, block, "npv", ["a", "b"])
    assert partly["regret"]["b"]["n"] == 1000


def test_the_efficient_set_of_known_plans():
    """b beats a in mean and tail by far; c has less mean and less risk; d is b but for noise: too close to tell."""
    a, b = plans(20_000, 1)
    noise = 3.0 * np.random.default_rng(42).standard_normal((2, 20_000))
    values = {"a": a, "b": b + noise[0], "c": 0.2 * b - 55.0, "d": b + noise[1]}
    ranked = efficient_set(values, "low", 0.95)["plans"]
    assert ranked["a"]["standing"] == DOMINATED
    assert set(ranked["a"]["by"]) == {"b", "d"}
    assert ranked["c"]["standing"] == EFFICIENT
    assert ranked["b"]["standing"] in (DOUBTFUL, PERHAPS)
    assert ranked["d"]["standing"] in (DOUBTFUL, PERHAPS)
    mirrored = efficient_set({plan: -x for plan, x in values.items()}, "high", 0.95)["plans"]
    assert {plan: entry["standing"] for plan, entry in mirrored.items()} == {
        p: entry["standing"] for p, entry in ranked.items()
    }


def test_equal_plans_are_both_efficient():
    x = plans(2000, 1)[0]
    ranked = efficient_set({"a": x, "b": x.copy()}, "low", 0.95)["plans"]
    assert [entry["standing"] for entry in ranked.values()] == [EFFICIENT, EFFICIENT]


def test_sure_statements_of_the_efficient_set_are_rarely_wrong(seed):
    """Two plans of equal mean and CVaR: neither is better in both, yet `dominated` is said in at most 5 % of 300
    replicates. More than 30 have probability below 1e-4."""
    wrong = 0
    for k in range(300):
        rng = np.random.default_rng([seed, k, 43])
        x, y, z = rng.standard_normal((3, 2000))
        ranked = efficient_set({"a": 3 * x + y, "b": 3 * x + z}, "low", 0.95)["plans"]
        wrong += any(entry["standing"] == DOMINATED for entry in ranked.values())
    assert wrong <= 30


def test_a_verdict_needs_an_interval_that_leaves_0_out():
    assert (
        difference_verdict({"low": 0.1, "high": 0.3}, "low")
        == difference_verdict({"low": -0.3, "high": -0.1}, "high")
        == "better"
    )
    assert difference_verdict({"low": 0.1, "high": 0.3}, "high") == "worse"
    assert difference_verdict({"low": -0.1, "high": 0.3}, "low") == "not told apart"
    assert difference_verdict({"low": None, "high": None}, "low") == "no verdict"
    assert difference_verdict({"low": 0.0, "high": 0.0}, "low") == "the same"


def test_events_that_differ_on_no_path_are_compared_with_an_interval():
    breach = (np.random.default_rng(5).random(2000) < 0.3).astype(float)
    pair = compare_pair("a", "b", breach, breach, ComparisonTerms(BREACH))
    assert pair["mean"]["low"] == -pair["mean"]["high"] == pytest.approx(-3.8415 / 2003.8415, rel=1e-4)
    assert (pair["ties"]["value"], pair["ties"]["high"]) == (1.0, 1.0)
    assert pair["ties"]["low"] < 1.0


def test_thin_tails_flag_the_efficient_set():
    first, other = plans(5000, 1)
    ranked = efficient_set({"a": first, "b": other}, "low", 0.95)["plans"]["a"]
    assert ranked["cvar"]["note"] == intervals.FEW
    assert "note" not in ranked["mean"]
