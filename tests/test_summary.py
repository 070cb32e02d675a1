"""summary.json: its shape, its verdicts, months that never come, figures without a tally."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simulator.finance.metrics import Metric, plan_metrics, world_metrics
from simulator.results.columns import Event, all_columns, tally_columns
from simulator.results.digest import run_digest
from simulator.results.tallies import Tallies
from simulator.risk import figures as risk_figures
from simulator.risk import intervals, measures
from simulator.risk.distribution import distribution_of_sample
from simulator.risk.summarise import RunFacts, metric_summary, summarise
from simulator.risk.summary import StopSummary

MONTHS, PATHS = 120, 20_000
NPV = Metric("npv", "amount", "USD bn", "low", False, "Net present value")
IRR = Metric("irr", "rate", "per year", "low", True, "Return")
BREACH = Metric("breach", "event", "", "high", False, "Breach")
MONTH = Metric("breach_month", "month", "month", "high", False, "Month of breach")
COVER = Metric("dscr_min", "ratio", "", "low", True, "Cover")
PLAN = (NPV, IRR, BREACH, MONTH, COVER)
EPS = Metric("eps", "ratio", "", "low", False, "Elasticity")
COLUMNS = all_columns((EPS,), PLAN, ["own", "lease"])
EVENTS = (Event("npv", "<", 0.0), Event("breach", ">", 0.5), Event("dscr_min", "<", 1.2))
FACTS = RunFacts("d" * 64, PATHS, 7, "philox", StopSummary("paths", PATHS, PATHS), [], 2.0)


def figures(paths=PATHS, breaches=0.3):
    rng = np.random.default_rng(4)
    out = rng.normal(-60.0, 60.0, (len(COLUMNS), paths))
    for own in (1, 6):
        out[own + 1] = np.where(rng.random(paths) < 0.1, np.nan, rng.normal(0.02, 0.05, paths))
        breach = rng.random(paths) < breaches
        out[own + 2] = breach
        out[own + 3] = np.where(breach, rng.integers(47, MONTHS, paths), MONTHS)
        out[own + 4] = np.where(rng.random(paths) < 0.2, np.nan, rng.normal(1.5, 0.3, paths))
    out[10] = np.nan
    return out


def summarised(out, **options):
    tallies = Tallies(tally_columns(COLUMNS, ["npv", "breach", "breach_month", "dscr_min"]), np.zeros(9), EVENTS)
    tallies.record(0, out)
    rows = {column.name: out[column.row] for column in COLUMNS}
    return summarise(FACTS, tallies, COLUMNS, months=MONTHS, sample=rows.__getitem__, **options).to_dict()


OUT = figures()
SUMMARY = summarised(OUT)
OWN = SUMMARY["plans"]["own"]


def test_shape_of_the_whole():
    assert list(SUMMARY["plans"]) == ["own", "lease"]
    assert list(OWN) == [metric.name for metric in PLAN]
    assert list(SUMMARY["world"]) == ["eps"]
    assert SUMMARY["timing"] == {"simulate_s": 2.0, "paths_per_s": 10_000.0}
    assert SUMMARY["stop"] == {"rule": "paths", "asked": PATHS, "reached": PATHS}
    assert SUMMARY["confidence"] == 0.95
    assert {"digest", "paths", "seed", "sampler", "resumed_at", "conventions"} < set(SUMMARY)
    assert json.loads(json.dumps(SUMMARY, allow_nan=False)) == SUMMARY


def test_shape_of_a_metric():
    npv = OWN["npv"]
    assert (npv["unit"], npv["kind"], npv["bad"], npv["n"], npv["undefined"]) == ("USD bn", "amount", "low", PATHS, 0.0)
    assert list(npv["quantiles"]) == ["0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"]
    assert list(npv["var"]) == list(npv["cvar"]) == ["0.95", "0.99"]
    assert list(npv["probability"]) == ["npv < 0"]
    assert list(npv["var"]["0.95"]) == ["value", "low", "high"]
    assert npv["lowest"] == {"value": OUT[1].min(), "path": int(OUT[1].argmin())}


def test_figures_are_those_of_the_sample():
    npv, loss = OWN["npv"], -OUT[1]
    assert npv["mean"] == pytest.approx(OUT[1].mean(), rel=1e-12)
    assert npv["stderr"] == pytest.approx(OUT[1].std(ddof=1) / np.sqrt(PATHS), rel=1e-12)
    assert npv["var"]["0.95"]["value"] == pytest.approx(measures.var(loss, 0.95), rel=1e-3)
    assert npv["cvar"]["0.95"]["value"] == pytest.approx(measures.cvar(loss, 0.95).value, rel=1e-4)
    assert npv["quantiles"]["0.05"]["value"] == pytest.approx(measures.quantile(OUT[1], 0.05), rel=1e-3)
    assert npv["probability"]["npv < 0"]["value"] == (OUT[1] < 0).mean()
    for figure in (npv["sd"], *npv["quantiles"].values(), *npv["var"].values(), *npv["cvar"].values()):
        assert figure["low"] < figure["value"] < figure["high"]


def test_var_and_cvar_are_for_amounts_only():
    for name in ("irr", "breach", "breach_month", "dscr_min"):
        assert OWN[name]["var"] == OWN[name]["cvar"] == {}


def test_few_tail_paths_are_flagged_and_too_few_give_no_figure():
    assert OWN["npv"]["cvar"]["0.99"]["note"] == OWN["npv"]["var"]["0.99"]["note"] == intervals.FEW
    npv = summarised(figures(1500))["plans"]["own"]["npv"]
    nothing = {"value": None, "low": None, "high": None, "note": "too few tail paths"}
    assert npv["cvar"]["0.99"] == npv["var"]["0.99"] == npv["quantiles"]["0.01"] == nothing
    assert npv["cvar"]["0.95"]["note"] == intervals.FEW
    assert npv["cvar"]["0.95"]["value"] is not None
    assert "note" not in npv["quantiles"]["0.5"]


def test_levels_and_quantiles_may_be_chosen():
    npv = summarised(OUT, levels=(0.9,), quantiles=(0.1,))["plans"]["own"]["npv"]
    assert (list(npv["var"]), list(npv["quantiles"])) == (["0.9"], ["0.1"])


def test_an_event_has_an_exact_interval_and_no_quantiles():
    breach = OWN["breach"]
    assert breach["probability"]["breach"]["value"] == breach["mean"] == OUT[3].mean()
    assert list(breach["probability"]) == ["breach"]
    assert breach["quantiles"] == {}
    never = summarised(figures(breaches=0.0))["plans"]["own"]["breach"]["probability"]["breach"]
    assert never["value"] == never["low"] == 0.0
    assert 3.5 < never["high"] * PATHS < 3.7


def test_a_month_that_never_comes_ranks_after_the_horizon():
    month = OWN["breach_month"]
    assert month["mean"] is month["stderr"] is None
    assert month["note"] == "no mean: the month never comes on some paths"
    assert month["quantiles"]["0.5"] == {"value": None, "low": None, "high": None, "note": "never"}
    early = month["quantiles"]["0.05"]
    assert early["value"] == measures.quantile(OUT[4], 0.05) == int(early["value"])
    assert early["low"] <= early["value"] <= early["high"] < MONTHS
    assert month["probability"]["never"]["value"] == (OUT[4] == MONTHS).mean()


def test_an_interval_may_reach_beyond_the_horizon():
    out = figures()
    out[4] = np.where(np.arange(PATHS) < PATHS / 2 + 10, 60.0, MONTHS)
    figure = summarised(out)["plans"]["own"]["breach_month"]["quantiles"]["0.5"]
    assert figure == {"value": 60.0, "low": 60.0, "high": None, "note": risk_figures.REACHES_NEVER}


def test_a_month_that_always_comes_has_a_mean():
    out = figures(breaches=1.0)
    month = summarised(out)["plans"]["own"]["breach_month"]
    assert month["mean"] == pytest.approx(out[4].mean())
    assert "never" not in month["probability"]


def test_undefined_is_counted_apart():
    cover, x = OWN["dscr_min"], OUT[5]
    assert cover["undefined"] == np.isnan(x).mean() > 0.1
    assert cover["n"] == (~np.isnan(x)).sum()
    assert cover["mean"] == pytest.approx(np.nanmean(x))
    assert cover["probability"]["dscr_min < 1.2"]["value"] == (x < 1.2).sum() / cover["n"]


def test_what_is_undefined_everywhere_has_no_figures():
    cover = SUMMARY["plans"]["lease"]["dscr_min"]
    assert (cover["n"], cover["undefined"], cover["mean"], cover["lowest"]) == (0, 1.0, None, None)
    for figure in (cover["sd"], cover["quantiles"]["0.5"], cover["probability"]["dscr_min < 1.2"]):
        assert figure == {"value": None, "low": None, "high": None, "note": intervals.NOWHERE}


def test_a_figure_without_a_tally_is_measured_on_the_sample():
    irr, x = OWN["irr"], OUT[2]
    assert irr["n"] == (~np.isnan(x)).sum()
    assert irr["mean"] == pytest.approx(np.nanmean(x), rel=1e-12)
    assert irr["sd"]["value"] == pytest.approx(np.nanstd(x, ddof=1), rel=1e-12)
    assert irr["quantiles"]["0.05"]["value"] == measures.quantile(x[~np.isnan(x)], 0.05)
    assert irr["lowest"]["path"] == np.nanargmin(x)


def test_without_a_sample_it_is_left_out():
    tallies = Tallies(tally_columns(COLUMNS, ["npv"]), np.zeros(3))
    tallies.record(0, OUT)
    summary = summarise(FACTS, tallies, COLUMNS, months=MONTHS)
    assert list(summary.plans["own"]) == ["npv"]


def test_values_beyond_the_histogram_are_not_guessed():
    out = figures()
    out[1, :2000] = -5e6
    npv = summarised(out)["plans"]["own"]["npv"]
    for figure in (npv["var"]["0.95"], npv["cvar"]["0.95"], npv["quantiles"]["0.05"]):
        assert figure == {"value": None, "low": None, "high": None, "note": intervals.BEYOND}
    assert npv["quantiles"]["0.5"]["value"] is not None
    assert npv["sd"]["note"] == intervals.BEYOND
    assert npv["mean"] == pytest.approx(out[1].mean())


@pytest.mark.parametrize("paths", [0, 1])
def test_next_to_no_paths(paths):
    entry = metric_summary(distribution_of_sample(COVER, np.ones(paths)), MONTHS, (0.95,), (0.5,)).to_dict()
    json.dumps(entry, allow_nan=False)
    assert entry["mean"] == (1.0 if paths else None)
    assert entry["note"]


def test_every_metric_of_the_model_can_be_summarised():
    columns = all_columns(world_metrics(["a"]), plan_metrics([2026]), ["own"])
    out = np.tile(np.arange(2000.0) % MONTHS, (len(columns), 1))
    for column in columns:
        if column.metric.kind == "event":
            out[column.row] %= 2
    tallies = Tallies(columns, np.zeros(len(columns)))
    tallies.record(0, out)
    json.dumps(summarise(FACTS, tallies, columns, months=MONTHS).to_dict(), allow_nan=False)


def test_a_run_digest_covers_tallies_and_sample():
    tallies = Tallies(tally_columns(COLUMNS, ["npv"]), np.zeros(3))
    tallies.record(0, OUT)
    first = run_digest(tallies, "a")
    assert first != run_digest(tallies, "b")
    tallies.record(PATHS // 1024 * 1024 + 1024, np.ascontiguousarray(OUT[:, :1024]))
    assert first != run_digest(tallies, "a")
