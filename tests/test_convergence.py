"""Convergence: rows over doubling subsets, the same however a run came about, and warnings where they belong."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.engine.convergence_tracker import FIRST, ConvergenceTracker
from simulator.finance.metrics import Metric
from simulator.report import convergence_section
from simulator.report.canvas import drawing_style, png
from simulator.report.text_tables import convergence_sentences
from simulator.results.columns import Column
from simulator.results.tallies import Tallies
from simulator.risk import convergence
from simulator.risk import figures as risk_figures
from simulator.risk.convergence_rows import ConvergenceRow, ConvergenceWarning
from simulator.risk.distribution import distribution_of_tally
from simulator.risk.precision import precision_target
from simulator.risk.precision_forecast import forecast_precision
from tests.resumable import run, same, small_tasks, stopped
from verification.convergence import LAWS, follow, warned

LEVELS = (0.95, 0.99)
PATHS = 77_824  # 2^16 and a last subset of 12,288
AMOUNTS = (
    Column("own", Metric("npv", "amount", "USD bn", "low", False, "NPV"), 0),
    Column("own", Metric("cost", "amount", "USD bn", "high", True, "Cost"), 1),
)
OTHERS = (
    Column("own", Metric("breach", "event", "", "high", False, "Breach"), 2),
    Column("world", Metric("price", "amount", "USD", "low", False, "Price"), 3),
)
LAW = {law.name: law for law in LAWS}
ENDS = ("value", "low", "high")


def figures(rng, paths):
    out = rng.normal(-60.0, 60.0, (4, paths))
    out[1] = np.where(rng.random(paths) < 0.1, np.nan, rng.lognormal(3.0, 0.5, paths))
    out[2] = rng.random(paths) < 0.3
    return out


OUT = figures(np.random.default_rng(3), PATHS)


def recorded(out, tracker=None, chunk=PATHS):
    """Tallies of figures recorded in chunks, looked at where it is time to."""
    tallies = Tallies((*AMOUNTS, *OTHERS), np.array([-50.0, 20.0, 0.0, 0.0]))
    while tallies.paths < out.shape[1]:
        until = min(tallies.paths + chunk, out.shape[1], tracker.next_paths if tracker else PATHS)
        tallies.record(tallies.paths, np.ascontiguousarray(out[:, tallies.paths : until]))
        if tracker:
            tracker.update(tallies)
    return tallies


@pytest.fixture(scope="module")
def rows():
    tracker = ConvergenceTracker(LEVELS)
    return dicts(tracker.final_rows(recorded(OUT, tracker)))


def dicts(rows):
    return [row.to_dict() for row in rows]


def measured(x, bad):
    """A twin: moments by NumPy, VaR and CVaR by sorting."""
    x = x[~np.isnan(x)]
    loss = np.sort(-x if bad == "low" else x)
    figures = {"mean": (x.mean(), x.std(ddof=1) / math.sqrt(x.size))}
    for level in LEVELS:
        at = loss[math.ceil(round(level * x.size, 6)) - 1]
        excess = np.maximum(loss - at, 0.0)
        error = excess.std(ddof=1) / (1 - level) / math.sqrt(x.size)
        figures[f"var{100 * level:g}"] = (at, None)
        figures[f"cvar{100 * level:g}"] = (at + excess.mean() / (1 - level), error)
    return figures


def test_rows_are_of_every_amount_of_a_plan_at_powers_of_two_and_at_the_end(rows):
    kinds = {(row["metric"], row["measure"]) for row in rows}
    assert kinds == {
        (name, measure) for name in ("npv", "cost") for measure in ("mean", "var95", "cvar95", "var99", "cvar99")
    }
    ends = [(row["paths"], row["subset_paths"]) for row in rows if (row["metric"], row["measure"]) == ("npv", "mean")]
    assert ends == [(16_384, 16_384), (32_768, 16_384), (65_536, 32_768), (PATHS, 12_288)]
    assert len(rows) == 4 * len(kinds)


def test_subsets_have_the_figures_of_their_own_paths(rows):
    """Means to 1e-12, quantiles to a bin of the histogram (2^-10), CVaR likewise and its error to 1 %."""
    for row in rows:
        column = next(column for column in AMOUNTS if column.metric.name == row["metric"])
        for part, first in (("subset", row["paths"] - row["subset_paths"]), ("cumulative", 0)):
            value, error = measured(OUT[column.row, first : row["paths"]], column.metric.bad)[row["measure"]]
            figure = row[part]
            if row["measure"] == "mean":
                assert figure["value"] == pytest.approx(value, rel=1e-12)
                assert (figure["high"] - figure["low"]) / 2 == pytest.approx(1.96 * error, rel=2e-4)
            elif figure["value"] is not None:
                assert figure["value"] == pytest.approx(value, rel=2**-10)
                assert figure["low"] <= figure["value"] <= figure["high"]
            if row["measure"].startswith("cvar") and figure["value"] is not None:
                assert (figure["high"] - figure["low"]) / 2 == pytest.approx(1.96 * error, rel=0.01)


def test_a_difference_of_tallies_is_the_tally_of_the_other_paths():
    """Bins, counts and sums to the last bit."""
    whole, before = recorded(OUT), recorded(OUT[:, :32_768])
    alone = Tallies((*AMOUNTS, *OTHERS), np.array([-50.0, 20.0, 0.0, 0.0]))
    alone.record(32_768, np.ascontiguousarray(OUT[:, 32_768:]))
    for column in AMOUNTS:
        minus, own = whole.counts(column.name).minus(before.counts(column.name)), alone.counts(column.name)
        assert (minus.n, minus.undefined) == (own.n, own.undefined)
        for name in ("numbers", "counts", "rests"):
            np.testing.assert_array_equal(getattr(minus, name), getattr(own, name))
        assert minus.moments() == own.moments()


def test_lumping_the_mild_values_together_changes_no_figure():
    tallies = recorded(OUT)
    for column in AMOUNTS:
        distribution = distribution_of_tally(tallies.column(column.name))
        result = convergence.amount_figures(tallies.counts(column.name), column.metric, LEVELS)
        assert result["mean"] == risk_figures.mean(distribution.moments)
        for level in LEVELS:
            assert result[f"var{100 * level:g}"] == risk_figures.var(distribution, level)
            assert result[f"cvar{100 * level:g}"] == risk_figures.cvar(distribution, level)


@pytest.mark.parametrize("cut", [9_216, 16_384, 20_480, 65_536, 70_656])
def test_a_state_goes_on_to_the_same_rows(rows, cut):
    first, second = ConvergenceTracker(LEVELS), ConvergenceTracker(LEVELS)
    recorded(OUT[:, :cut], first)
    second.from_arrays(first.to_arrays(), cut)
    tallies = recorded(OUT[:, :cut])
    while tallies.paths < PATHS:
        until = min(second.next_paths, PATHS)
        tallies.record(tallies.paths, np.ascontiguousarray(OUT[:, tallies.paths : until]))
        second.update(tallies)
    assert dicts(second.final_rows(tallies)) == rows


def test_a_state_of_an_older_version_is_followed_from_the_next_power_on():
    tracker, tallies = ConvergenceTracker(LEVELS), recorded(OUT[:, :20_480])
    tracker.from_arrays({}, 20_480)
    assert tracker.next_paths == 32_768
    for until in (32_768, 65_536, PATHS):
        tallies.record(tallies.paths, np.ascontiguousarray(OUT[:, tallies.paths : until]))
        tracker.update(tallies)
    assert sorted({row.paths for row in tracker.final_rows(tallies)}) == [65_536, PATHS]


def test_a_run_has_the_same_rows_on_any_threads_and_however_often_it_was_cut_off(tmp_path):
    """One thread, stopped, gone on with, finished with a short block and a short subset, then extended."""
    whole = run(tmp_path / "whole", 3 * FIRST, threads=2, checkpoint=60.0)
    with small_tasks(9_216):
        stopped(tmp_path / "cut", 2 * FIRST + 9_000, 2, checkpoint=60.0)
        first = run(tmp_path / "cut", resume=True, checkpoint=60.0).summary["convergence"]
        longer = run(tmp_path / "cut", 3 * FIRST, resume=True, checkpoint=60.0)
    same(longer, whole)  # summary.json but for its times
    rows = whole.summary["convergence"]
    ends = [row["paths"] for row in first if (row["plan"], row["metric"], row["measure"]) == ("jv", "npv", "mean")]
    assert ends == [FIRST, 2 * FIRST, 2 * FIRST + 9_000]
    assert [row for row in first if row["paths"] <= 2 * FIRST] == [row for row in rows if row["paths"] <= 2 * FIRST]
    last = next(row for row in rows[::-1] if (row["plan"], row["metric"], row["measure"]) == ("own", "npv", "cvar95"))
    assert last["cumulative"] == whole.summary["plans"]["own"]["npv"]["cvar"]["0.95"]


def test_short_runs_have_no_rows(tmp_path):
    assert run(tmp_path / "run", 4_096).summary["convergence"] == []


@pytest.mark.parametrize("name", ["normal", "lognormal"])
def test_well_behaved_laws_raise_no_alarm(seed, name):
    """Ten runs of 5 of the 325 figures among which one run in a hundred has an alarm: a false one once in 600 times."""
    rng = np.random.default_rng(seed)
    assert not any(warned(LAW[name].draw(rng, 150_000)) for _ in range(10))


@pytest.mark.parametrize("name", ["Pareto 1.5", "clusters"])
def test_intervals_that_do_not_shrink_are_warned_about(seed, name):
    """Power is 99 % and 90 % at least: fewer than three of eight has a probability below 1e-4."""
    rng = np.random.default_rng(seed)
    assert sum(bool(warned(LAW[name].draw(rng, 200_000))) for _ in range(8)) >= 3


def test_a_var_that_is_no_wider_than_its_bins_says_so():
    values = np.random.default_rng(5).uniform(900.0, 901.0, 140_000)
    rows, tallies = follow(values)
    result = convergence.convergence_warnings(rows, tallies, LEVELS)
    assert {warning.reason for warning in result if warning.measure.startswith("var")} == {"bins"}
    assert not [warning for warning in result if warning.measure == "mean"]


def test_few_paths_that_carry_a_mean_are_told():
    values = np.zeros(140_000)
    values[[70, 40_000, 100_000, 120_000]] = 7.0
    rows, tallies = follow(values)
    result = {warning.measure: warning for warning in convergence.convergence_warnings(rows, tallies, LEVELS)}
    assert result["mean"].reason == "few"
    assert "rests on about 4 paths" in result["mean"].text


def test_the_tail_index_of_a_pareto_law_is_found():
    """Hill's estimator has the standard error alpha / sqrt(1000): five of them."""
    counts = Tallies((AMOUNTS[1]._replace(row=0),), (0.0,))
    counts.record(0, (1.0 + np.random.default_rng(8).pareto(3.0, 200_000))[None])
    index = convergence.tail_index(counts.counts("own.cost").bins(), 200)
    assert index == pytest.approx(3.0, abs=5 * 3.0 / math.sqrt(200) + 0.3)


def test_half_widths_fall_as_the_root_of_the_paths(rows):
    half = [
        (row["cumulative"]["high"] - row["cumulative"]["low"]) * math.sqrt(row["paths"])
        for row in rows
        if (row["metric"], row["measure"]) == ("npv", "mean")
    ]
    assert all(b == pytest.approx(a, rel=0.02) for a, b in pairwise(half))


def test_the_report_has_a_table_a_plan_and_two_charts_and_says_what_fails_to_shrink(rows):
    plans = {"own": "Own everything", "lease": "A plan with a rather long title, let"}
    table = [ConvergenceRow.from_dict({**row, "plan": plan}) for plan in plans for row in rows]
    warning = ConvergenceWarning("own", "npv", "cvar99", "few", "its interval rests on 4 paths")
    summary = SimpleNamespace(convergence=table, warnings=[warning, replace(warning, measure="mean")])
    forecast = SimpleNamespace(summary=summary, plans=plans)
    tables = list(convergence_section.convergence_tables(forecast))
    assert [len(table.rows) for table in tables] == [4, 4]
    assert tables[0].head[1:] == tuple(
        f"{name}, {part}" for name in ("mean", "VaR 95 %", "CVaR 95 %") for part in ("all so far", "subset alone")
    )
    with drawing_style():
        pictures = list(convergence_section.draw_convergence(forecast))
        assert [picture.slug for picture in pictures] == ["convergence", "half_widths"]
        assert all(png(picture.figure) for picture in pictures)
    assert "These do not" in convergence_section.introduction(forecast)
    assert convergence_sentences(forecast.summary, 5) == [
        "own CVaR 99 % of NPV, own mean of NPV: its interval rests on 4 paths"
    ]
    summary.warnings = []
    assert "judged from 131,072 paths on" in convergence_section.introduction(forecast)
    nothing = SimpleNamespace(convergence=(), warnings=())
    assert not list(convergence_section.convergence_tables(SimpleNamespace(summary=nothing, plans=plans)))


def test_what_is_undefined_or_beyond_the_histogram_is_followed_without_a_figure():
    """A column undefined on every path, one that is always 0, one beyond 2^20: JSON, no warning, no forecast."""
    columns = tuple(
        Column("own", Metric(name, "amount", "USD bn", "high", True, name), k) for k, name in enumerate("xyz")
    )
    out = np.array([np.full(140_000, np.nan), np.zeros(140_000), 1e8 * np.random.default_rng(1).random(140_000)])
    tracker, tallies = ConvergenceTracker(LEVELS), Tallies(columns, (0.0, 0.0, 0.0))
    while tallies.paths < 131_072:
        tallies.record(tallies.paths, np.ascontiguousarray(out[:, tallies.paths : tracker.next_paths]))
        tracker.update(tallies)
    assert json.dumps(dicts(tracker.rows), allow_nan=False)
    assert convergence.convergence_warnings(tracker.rows, tallies, LEVELS) == []
    for text, known in (("x.mean:1%", False), ("y.mean:1%", True), ("y.var95:1", True), ("z.mean:1%", False)):
        forecast = forecast_precision(tallies, precision_target(f"own.{text}", columns, ()), 60)
        assert (forecast is not None and forecast.half_width(10**6).expected == 0.0) == known
