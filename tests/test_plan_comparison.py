"""Differences to the first plan and regret over every path: against NumPy, and the same bits in any order."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.finance.metrics import Metric
from simulator.results.columns import all_columns
from simulator.results.plan_comparison import TIE
from simulator.results.tallies import Tallies
from simulator.results.tally_kernel import BLOCK
from simulator.risk import intervals, measures
from simulator.risk.summarise import comparison_summary
from tests.test_tallies import WORLD, digest

METRICS = (
    Metric("npv", "amount", "USD bn", "low", False, "Value"),
    Metric("depth", "amount", "USD bn", "high", False, "Shortfall"),
    Metric("cover", "ratio", "", "low", True, "Cover"),
    Metric("breach_month", "month", "month", "high", False, "Month"),
)
PLANS = ("own", "lease", "deferred")
COLUMNS = all_columns(WORLD, METRICS, PLANS)
ROW = {column.name: column.row for column in COLUMNS}


def figures(paths=5 * BLOCK + 77):
    """Plans that share a world: deferred is lease plus at most 1, and the same on a third of the paths."""
    rng = np.random.default_rng(11)
    out = rng.normal(-60.0, 60.0, (len(COLUMNS), paths))
    out[ROW["lease.npv"]] = out[ROW["own.npv"]] + rng.normal(20.0, 30.0, paths)
    out[ROW["deferred.npv"]] = out[ROW["lease.npv"]] + np.maximum(rng.random(paths) * 1.5 - 0.5, 0.0)
    for plan in PLANS:
        out[ROW[f"{plan}.depth"]] = np.maximum(rng.normal(-1.0, 2.0, paths), 0.0)
        out[ROW[f"{plan}.cover"]][rng.random(paths) < 0.2] = np.nan
    return out


OUT = figures()


def recorded(out, cuts=(), order=None):
    tallies = Tallies(COLUMNS, np.arange(len(COLUMNS)) - 50.0)
    edges = [0, *(BLOCK * cut for cut in sorted(set(cuts))), out.shape[1]]
    pieces = [(a, b) for a, b in itertools.pairwise(edges) if a < b]
    for k in order or range(len(pieces)):
        tallies.record(pieces[k][0], np.ascontiguousarray(out[:, slice(*pieces[k])]))
    return tallies


WHOLE = recorded(OUT)


@pytest.mark.parametrize("plan", PLANS[1:])
@pytest.mark.parametrize("metric", ["npv", "depth", "cover"])
def test_differences_are_those_of_numpy(plan, metric):
    matches = [row for row in WHOLE.comparison.differences(plan) if row.metric.name == metric]
    (difference,) = matches
    d = OUT[ROW[f"{plan}.{metric}"]] - OUT[ROW[f"own.{metric}"]]
    d = d[~np.isnan(d)]
    good = d if metric != "depth" else -d
    assert difference.moments.n == d.size
    assert difference.moments.mean == pytest.approx(math.fsum(d) / d.size, rel=1e-12)
    assert difference.moments.stderr == pytest.approx(d.std(ddof=1) / math.sqrt(d.size), rel=1e-11)
    assert (difference.better, difference.ties) == ((good >= TIE).sum(), (abs(d) < TIE).sum())


def test_months_are_not_compared_and_the_first_plan_has_no_difference():
    assert {difference.metric.name for difference in WHOLE.comparison.differences("lease")} == {"npv", "depth", "cover"}
    assert WHOLE.comparison.differences("own") == []


@pytest.mark.parametrize("plan", PLANS)
def test_regret_is_what_the_best_plan_has_beyond(plan):
    npv = np.array([OUT[ROW[f"{difference}.npv"]] for difference in PLANS])
    regret = npv.max(axis=0) - OUT[ROW[f"{plan}.npv"]]
    tally = WHOLE.comparison.regret(plan)
    assert tally is not None
    assert tally.moments.mean == pytest.approx(regret.mean(), rel=1e-12)
    assert tally.highest is not None
    assert tally.highest.path == regret.argmax()
    said = comparison_summary(WHOLE).to_dict()["regret"][plan]
    assert said["best"]["value"] == (regret < TIE).mean()
    assert said["quantiles"]["0.95"]["value"] == pytest.approx(measures.quantile(regret, 0.95), rel=1e-3, abs=1e-6)


def test_where_less_is_better_the_best_plan_has_the_least():
    metric = (Metric("npv", "amount", "", "high", False, "A cost"),)
    tallies = Tallies(all_columns((), metric, ["a", "b"]), [0.0, 0.0])
    tallies.record(0, np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 2.0]]))
    regrets = [tallies.comparison.regret(plan) for plan in ("a", "b")]
    assert [regret.moments.mean * 3 for regret in regrets if regret] == pytest.approx([2.0, 4.0])
    (difference,) = tallies.comparison.differences("b")
    assert (difference.better, difference.ties, difference.moments.n) == (1, 1, 3)


@settings(max_examples=10)
@given(st.permutations(range(4)))
def test_any_order_gives_the_same_digest(order):
    assert digest(recorded(OUT, (1, 2, 4), order)) == digest(WHOLE)


def test_merged_and_saved_parts_are_the_whole(tmp_path):
    parts = [recorded(OUT[:, :BLOCK]), Tallies(COLUMNS, np.arange(len(COLUMNS)) - 50.0)]
    parts[1].record(BLOCK, np.ascontiguousarray(OUT[:, BLOCK:]))
    parts[1].merge(parts[0])
    assert digest(parts[1]) == digest(WHOLE)
    np.savez(tmp_path / "state.npz", **parts[1].to_arrays())
    back = Tallies(COLUMNS, np.arange(len(COLUMNS)) - 50.0)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as arrays:
        back.from_arrays(arrays)
    assert digest(back) == digest(WHOLE)
    assert comparison_summary(back) == comparison_summary(WHOLE)


def test_the_digest_sees_which_plan_won():
    """Swapping two paths of one plan alone leaves every distribution as it was, but not the pairs."""
    other = OUT.copy()
    row, (i, j) = ROW["lease.npv"], (3, 4)
    other[row, [i, j]] = other[row, [j, i]]
    assert recorded(other).column("lease.npv").moments.mean == WHOLE.column("lease.npv").moments.mean
    assert digest(recorded(other)) != digest(WHOLE)


def test_weights_count_a_path_so_many_times():
    weights = np.random.default_rng(2).integers(1, 4, BLOCK)
    weighted, repeated = (Tallies(COLUMNS, np.zeros(len(COLUMNS))) for _ in range(2))
    weighted.record(0, np.ascontiguousarray(OUT[:, :BLOCK]), weights)
    repeated.record(0, np.repeat(OUT[:, :BLOCK], weights, axis=1))
    for difference, other in zip(*(t.comparison.differences("lease") for t in (weighted, repeated)), strict=True):
        assert (difference.better, difference.ties) == (other.better, other.ties)
        assert difference.moments == pytest.approx(other.moments, rel=1e-9)


def test_what_the_summary_says_of_a_difference():
    said = comparison_summary(WHOLE).to_dict()
    assert (said["first"], list(said["differences"]), list(said["regret"])) == ("own", list(PLANS[1:]), list(PLANS))
    d = OUT[ROW["lease.npv"]] - OUT[ROW["own.npv"]]
    npv = said["differences"]["lease"]["npv"]
    assert (npv["low"], npv["high"]) == pytest.approx(
        intervals.mean_interval(d.mean(), d.std(ddof=1) / d.size**0.5, d.size)
    )
    assert npv["beats"]["low"] < npv["beats"]["value"] == (d >= TIE).mean() < npv["beats"]["high"]
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_a_single_plan_is_compared_with_nothing():
    columns = all_columns(WORLD, METRICS, ["own"])
    tallies = Tallies(columns, np.zeros(len(columns)))
    tallies.record(0, np.ascontiguousarray(OUT[: len(columns)]))
    assert comparison_summary(tallies) is None
    assert not [name for name in tallies.to_arrays() if name.startswith("plan-")]


def test_without_npv_there_is_no_regret():
    columns = tuple(column for column in COLUMNS if column.metric.name != "npv")
    tallies = Tallies(columns, np.zeros(len(columns)))
    tallies.record(0, OUT)
    assert tallies.comparison.regret("own") is None
    assert comparison_summary(tallies).regret == {}
